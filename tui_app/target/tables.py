"""The tables of a TOML target file, as written: strict types, unknown keys refused, nothing filled in.

`tui_app.target.profile` puts them together and works out the defaults that depend on where the target is.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import shlex
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from tui_app.logged import MARGIN_S, problem
from tui_app.target.address import BLANK, Environment, split
from tui_app.verdict.accepting import NEVER_ACCEPTED

Mode = Literal["register", "login", "e2e", "tokens", "command"]
MOST_USERS: Final = 100_000
"""Of one session: what an engine holds, times the workers of a large cluster."""
ACCEPT_DAYS: Final = 30
"""How long a known failure may be accepted (architecture, Command line contract)."""


class Table(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _address(value: str, schemes: tuple[str, ...]) -> str:
    text = value.strip().rstrip("/")
    shown = BLANK.sub("0", text)
    parts = split(shown)
    wanted = " or ".join(f"{scheme}://" for scheme in schemes)
    if parts is None or parts.scheme not in schemes:
        raise ValueError(
            f"this is not an address that Vigil can call. Write a whole one that starts with {wanted}, with a host and no spaces."
        )
    if re.search(r"\s", shown):
        raise ValueError("an address has no spaces. Remove them.")
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            "the address carries a user name or password, which would end up in every log. Remove it; see [credentials] for how to sign in."
        )
    if parts.query or parts.fragment:
        raise ValueError("the address carries a query or a fragment, where tokens tend to hide. Remove everything from the ? or # on.")
    return text


def _http(value: str) -> str:
    return _address(value, ("https", "http"))


def _ws(value: str) -> str:
    return _address(value, ("wss", "ws"))


def _variable(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,127}", value):
        raise ValueError(
            "this must be the name of an environment variable, never the secret itself. Put the secret there and its name here."
        )
    return value


def _env_reference(value: str) -> str:
    prefix, _, name = value.partition(":")
    if prefix != "env":
        raise ValueError('a connection string holds a password and has no place in a file. Put it in a variable and write "env:NAME" here.')
    return f"env:{_variable(name)}"


HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
TAKEN: Final = frozenset(
    {"authorization", "cookie", "host", "connection", "upgrade", "content-length", "content-type", "transfer-encoding"}
)
"""Headers that Vigil or HTTP itself fills in: another value would change what is measured."""


def _header_name(value: str) -> str:
    name = value.lower()
    if not HEADER_NAME.fullmatch(value):
        raise ValueError("this is no name of an HTTP header. Write it as the gateway wants it, as in X-Gateway-Token.")
    if name in TAKEN or name.startswith("sec-websocket-"):
        raise ValueError(
            f"{value} is filled in by Vigil itself. A gateway in front of the target needs a header of its own: remove this one."
        )
    if "test" in name or "e2e" in name:
        # Wire contract 3.6: such a header may switch the target's own authentication off, and every verdict would be about nothing.
        raise ValueError(f"{value} may switch authentication off on the target, and no verdict would mean anything. Remove it.")
    return value


def _header_source(value: str) -> str:
    kind, _, rest = value.partition(":")
    if kind == "env":
        return f"env:{_variable(rest)}"
    if kind == "command" and rest.strip():
        try:
            shlex.split(rest)
        except ValueError:
            raise ValueError(
                'the command has a quote that does not end. Write it as in "command:print-token --audience staging".'
            ) from None
        return value
    raise ValueError('a header\'s value may be a secret and has no place in a file. Write "env:NAME" or "command:PROGRAM ARGUMENTS".')


def _proxy(value: str) -> str:
    if value.startswith("env:"):
        return _env_reference(value)
    if (parts := split(value.strip())) is not None and (parts.username is not None or parts.password is not None):
        raise ValueError(
            'the proxy\'s address carries a user name or password. Put the whole address in a variable and write "env:NAME" here.'
        )
    return _address(value, ("http", "https"))


def _log_query(value: str) -> str:
    if wrong := problem(value):
        raise ValueError(wrong)
    return value


def _source(value: str) -> str:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        raise ValueError(f'"{value}" is no IP address. List addresses of this machine, such as "10.0.0.5".') from None
    if address.is_unspecified or address.is_multicast:
        raise ValueError(f"{value} is no address that a connect can come from.")
    return str(address)


def _iso(value: object) -> object:
    """A date that went through JSON, as in the plan of a recording; anything else is left to the strict check."""
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            return date.fromisoformat(value)
    return value


Day = Annotated[date, BeforeValidator(_iso)]
HttpUrl = Annotated[str, AfterValidator(_http)]
WsUrl = Annotated[str, AfterValidator(_ws)]
Variable = Annotated[str, AfterValidator(_variable)]
EnvReference = Annotated[str, AfterValidator(_env_reference)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
HeaderSource = Annotated[str, Field(max_length=4_096), AfterValidator(_header_source)]
"""[headers]: name = source, sent with every request and every upgrade, for a gateway in front of the target.

"env:NAME" is a variable's value; "command:PROGRAM ARGUMENTS" is what the program prints, and it is run again when that is a JWT that ends.
Names that Vigil or HTTP fills in, and names with "test" or "e2e" in them, are refused.
"""
SourceAddress = Annotated[str, AfterValidator(_source)]
ProxyAddress = Annotated[str, AfterValidator(_proxy)]
Text = Annotated[str, Field(min_length=1, max_length=200)]
Argument = Annotated[str, Field(max_length=4_096)]


class TargetTable(Table):
    """[target]: who is to be validated. `environment` is a claim that the guard checks."""

    name: Text
    environment: Environment
    backend: HttpUrl
    auth: HttpUrl
    frontend: HttpUrl | None = None
    websocket: WsUrl | None = None


class CredentialsTable(Table):
    """[credentials]: how Vigil comes by signed-in users (wire contract 3.1). Names of secrets only, never secrets.

    mode -- register (accounts of Vigil's own, made once and kept), login (the operator's), e2e (the platform's sign-in for
        end-to-end tests, with an operator's key), tokens (ready-made, which nobody can renew) or command (whose output is either)
    users -- how many
    accounts -- file (0600) of [[account]] email, password, for login; in mode e2e its e-mails are the users, passwords are not used
    key_env -- variable with the key of mode e2e
    tokens_env, tokens -- variable or file (0600) with access tokens: separated by spaces or lines, or JSON [{"access", "refresh"}]
    command -- program and arguments; prints JSON: [{"email", "password"}] or [{"access", "refresh"}]. Run again when its tokens end
    """

    mode: Mode | None = None
    users: Annotated[int, Field(ge=1, le=MOST_USERS)] | None = None
    accounts: Text | None = None
    key_env: Variable | None = None
    tokens_env: Variable | None = None
    tokens: Text | None = None
    command: Annotated[list[Argument], Field(min_length=1, max_length=64)] | None = None

    @model_validator(mode="after")
    def _belongs(self) -> CredentialsTable:
        belongs: dict[str, Mode] = {"key_env": "e2e", "tokens_env": "tokens", "tokens": "tokens", "command": "command"}
        for key, mode in belongs.items():
            given = getattr(self, key) is not None
            if given and self.mode is not None and self.mode != mode:
                raise ValueError(
                    f'{key} is read in mode "{mode}" only, but the mode is "{self.mode}". Set mode = "{mode}", or remove {key}.'
                )
        if self.mode == "command" and self.command is None:
            raise ValueError('mode "command" needs command: without it there is nobody to sign in as. Add command, or choose another mode.')
        if self.mode == "tokens" and self.tokens_env is None and self.tokens is None:
            raise ValueError(
                'mode "tokens" needs tokens_env: without it there is nobody to sign in as. '
                "Add tokens_env (a variable) or tokens (a file), or choose another mode."
            )
        if sum(getattr(self, key) is not None for key in belongs) > 1:
            raise ValueError("key_env, tokens_env, tokens and command exclude one another: each is a way of its own to sign in. Keep one.")
        if self.accounts is not None and (self.mode not in (None, "login", "e2e") or self.tokens_env or self.tokens or self.command):
            raise ValueError('accounts is read in the modes "login" and "e2e" only. Remove it, or change the mode.')
        return self


class NetworkTable(Table):
    """[network]: the way to the target, where the system's own settings do not fit it.

    proxy -- an HTTP proxy for all services and the WebSocket (by CONNECT), in place of HTTPS_PROXY and HTTP_PROXY, also for a target on
        this machine; with a password: "env:NAME" of a variable with the whole address. NO_PROXY excepts hosts from it
    ca -- PEM file of a private certificate authority, trusted beside the system's (SSL_CERT_FILE)
    source_addresses -- addresses of this machine to open sockets from, each at a pace of its own: a platform limits connects per address
    """

    proxy: ProxyAddress | None = None
    ca: Text | None = None
    source_addresses: Annotated[list[SourceAddress], Field(min_length=1, max_length=256)] | None = None


class ClusterTable(Table):
    """[cluster]: PEM files for a scheduler over TLS: the cluster's authority, our certificate, its key (unless in the same file)."""

    ca_file: Text | None = None
    cert_file: Text | None = None
    key_file: Text | None = None


class ShareTable(Table):
    """[share]: who else on this host may watch the sessions of this target.

    group -- a group of users who may read the recording while it is written; commands stay its owner's
    """

    group: Text | None = None


class LogsTable(Table):
    """[logs]: the operator's own logging of the target, for the line that a key copies and reports print (`tui_app.logged`).

    query -- a template in that logging's own language, with {trace} {request} {run} {thread} {session} {from} {to}
    margin_s -- how much before the first and after the last row of the evidence it asks for
    """

    query: Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(_log_query)] | None = None
    margin_s: Annotated[float, Field(ge=0, le=86_400)] = MARGIN_S


class RunbookStep(Table):
    """[[runbook.step]]: a command of the operator's own tools for one of the strategy's steps.

    kind -- which step it belongs to;  when -- classes of failure that it is for (default: all);  effect -- read: Vigil may run it;
    change (default): it is shown and copied, never run;  command -- a list of arguments, never a line for a shell
    """

    kind: Literal["check-status", "logs", "recover", "redeploy", "escalate", "production", "contain"]
    command: Annotated[list[Annotated[str, Field(max_length=2_000)]], Field(min_length=1, max_length=64)]
    title: Text | None = None
    effect: Literal["read", "change"] = "change"
    when: list[Literal["both-down", "unreachable", "leak", "down", "tier", "sign-in", "events", "slow", "other"]] = Field(
        default_factory=list
    )


class RunbookTable(Table):
    """[runbook]: what the operator does when something fails. `values` fill {name} in commands; {session} and {target} are known."""

    values: dict[str, Annotated[str, Field(max_length=500)]] = Field(default_factory=dict)
    step: list[RunbookStep] = Field(default_factory=list)

    @model_validator(mode="after")
    def _known(self) -> RunbookTable:
        known = {*self.values, "session", "target"}
        for step in self.step:
            for argument in step.command:
                for name in re.findall(r"\{([a-z_][a-z0-9_]*)\}", argument):
                    if name not in known:
                        raise ValueError(f"{{{name}}} in {step.command[0]} stands for nothing. Add {name} to [runbook.values].")
        return self


class WatchTable(Table):
    """[watch]: how `vigil watch` looks at this target, and whom it tells.

    every_s -- seconds from poll to poll;  runs_per_day -- agent runs at most in a UTC day, each may call a paid model; 0: none
    load_every_h -- hours from one load of 50 users to the next; without it none ever begins, and off this machine it takes consent
    alert_after -- polls in a row that must agree;  command -- a list of arguments, never a line for a shell
    webhook -- an https address whose host is one of webhook_hosts
    """

    every_s: Annotated[float, Field(ge=1, le=86_400)] | None = None
    runs_per_day: Annotated[int, Field(ge=0, le=1_440)] = 24
    load_every_h: Annotated[float, Field(ge=1, le=168)] | None = None
    alert_after: Annotated[int, Field(ge=1, le=100)] | None = None
    command: Annotated[list[Annotated[str, Field(max_length=2_000)]], Field(min_length=1, max_length=64)] | None = None
    webhook: Annotated[str, Field(max_length=2_000)] | None = None
    webhook_hosts: list[Annotated[str, Field(min_length=1, max_length=253)]] = Field(default_factory=list)

    @model_validator(mode="after")
    def _allowed(self) -> WatchTable:
        if self.webhook is None:
            return self
        parts = split(self.webhook)
        if parts is None or parts.scheme != "https" or parts.username is not None:
            raise ValueError("webhook is no https address. Write a whole one that starts with https://, without user name or password.")
        if (parts.hostname or "").lower() not in {host.lower() for host in self.webhook_hosts}:
            raise ValueError(f"webhook_hosts does not allow {parts.hostname}. Add it there if alerts may go to it.")
        return self


class ConsentTable(Table):
    """[consent]: what may be done to a target that is not this machine. A missing key was never asked; `false` declines.

    `granted` and `by` say when and by whom; consent ends 30 days after it. A file that does not say when means its last change.
    """

    write: bool | None = None
    negative: bool | None = None
    fault: bool | None = None
    load_users: Annotated[int, Field(ge=0, le=1000)] | None = None
    granted: Day | None = None
    by: Text | None = None


class LimitsTable(Table):
    """[limits]: caps of what Vigil spends, and the strategy's limits where a deployment has agreed on others.

    soak_block_s -- into how long blocks a soak is cut; a 24th of it, between ten seconds and five minutes, where it is not given
    sign_in_s -- seconds that a session waits for new credentials once its own are refused, before it ends with what it has
    concurrent_users -- users at once that the deployment has to carry
    """

    connect_s: Annotated[float, Field(gt=0, le=600)] | None = None
    run_s: Annotated[float, Field(gt=0, le=3600)] | None = None
    response_mean_s: Annotated[float, Field(gt=0, le=3600)] | None = None
    ping_ms: Annotated[float, Field(gt=0, le=60_000)] | None = None
    recovery_s: Annotated[float, Field(gt=0, le=3600)] | None = None
    first_event_s: Annotated[float, Field(gt=0, le=3600)] | None = None
    ready_s: Annotated[float, Field(gt=0, le=600)] | None = None
    connect_cold_s: Annotated[float, Field(gt=0, le=600)] | None = None
    event_gap_s: Annotated[float, Field(gt=0, le=3600)] | None = None
    soak_block_s: Annotated[float, Field(gt=0, le=3600)] | None = None
    agent_runs: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    sockets: Annotated[int, Field(ge=1, le=2 * MOST_USERS)] | None = None
    connects_per_minute: Annotated[int, Field(ge=1, le=6_000)] | None = None
    minutes: Annotated[float, Field(gt=0, le=1_440)] | None = None
    sign_in_s: Annotated[float, Field(gt=0, le=86_400)] | None = None
    concurrent_users: Annotated[int, Field(ge=2, le=10_000)] | None = None


class AcceptTable(Table):
    """[[accept]]: a known failure, for 30 days at most, and never one of isolation or authentication."""

    check: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    signature: Text
    ticket: Text
    until: Day

    @model_validator(mode="after")
    def _sane(self) -> AcceptTable:
        if NEVER_ACCEPTED.search(self.check):
            raise ValueError(
                f'"{self.check}" guards isolation or authentication, where no failure is ever acceptable. '
                "Remove this [[accept]], and have it repaired."
            )
        latest = datetime.now(UTC).date() + timedelta(days=ACCEPT_DAYS)
        if self.until > latest:
            raise ValueError(
                f"until = {self.until} is more than {ACCEPT_DAYS} days ahead, and an acceptance without an end is forgotten. "
                f"Use {latest} at the latest."
            )
        return self

    def holds(self, today: date) -> bool:
        """Whether the acceptance has not ended on `today`; its last day counts."""
        return today <= self.until
