"""Whom we validate: a target file (TOML, architecture: Command line), a built-in target, or a pasted address.

    profile = load("staging.toml")      # or "rehearsal", "docker", "staging"
    profile.blanks                      # what has to be filled in first: then everything is BLOCKED
    profile.limits.connect_s            # the strategy's numbers unless the file sets others

Every error is a `ProfileError` whose text says what is wrong, where, why, and what to do.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

import msgspec
from pydantic import Field, PrivateAttr, ValidationError

from tui_app.target.address import Environment, environment_of_host, host, is_loopback, siblings, split, websocket_of
from tui_app.target.builtin import BUILTIN, SERVICES, blanks_of, here, signs_in, users_of
from tui_app.target.problems import ProfileError, explain, one_of, suggestion
from tui_app.target.tables import (
    AcceptTable,
    ClusterTable,
    ConsentTable,
    CredentialsTable,
    HeaderName,
    HeaderSource,
    LimitsTable,
    LogsTable,
    Mode,
    NetworkTable,
    RunbookTable,
    ShareTable,
    Table,
    TargetTable,
    WatchTable,
)
from tui_app.target.tiers import TiersTable

__all__ = ["Credentials", "Limits", "Profile", "ProfileError", "Proposal", "builtin", "is_loopback", "load", "propose"]

MAX_BYTES: Final = 256 * 1024


class Limits(msgspec.Struct, frozen=True):
    """What holds for a session. Times end in `_s` (seconds) or `_ms`; the defaults are the strategy's success criteria."""

    connect_s: float = 2.0
    run_s: float = 30.0
    response_mean_s: float = 15.0
    ping_ms: float = 100.0
    recovery_s: float = 5.0
    first_event_s: float = 5.0
    ready_s: float = 10.0
    """How long whoever asks for readiness waits: as long as a platform's own deployment does."""
    connect_cold_s: float = 10.0
    """The first connect, which may find a target that has scaled to nothing."""
    event_gap_s: float = 30.0
    """Silence between two events of a run."""
    soak_block_s: float = 0.0
    """Into how long blocks a soak is cut to see a drift; 0: a 24th of it, between ten seconds and five minutes."""
    agent_runs: int = 60
    """Agent runs at most in a session: each may call a paid model."""
    sockets: int = 120
    """Sockets open at once at most: 50 users with two each, and some to spare."""
    connects_per_minute: int | None = 8
    """Below the platform's own limit of ten; None where nothing limits it."""
    minutes: float = 60.0
    sign_in_s: float = 300.0
    """How long a session that lost its credentials waits for new ones, before it ends with what it has."""
    concurrent_users: int = 50
    """Users at once that a load has to reach."""


ON_LOOPBACK: Final[dict[str, Any]] = {"agent_runs": 2_000, "sockets": 400, "connects_per_minute": None, "minutes": 240.0}
RUNS_EACH: Final = 20
"""Agent runs of each user that a loopback target has room for."""
CRITERIA: Final = ("connect_s", "run_s", "response_mean_s", "ping_ms", "recovery_s", "first_event_s")


class Credentials(msgspec.Struct, frozen=True):
    """How users are signed in, with every default worked out. Names of secrets only."""

    mode: Mode
    users: int
    accounts: str | None = None
    key_env: str | None = None
    tokens_env: str | None = None
    tokens: str | None = None
    command: tuple[str, ...] = ()


class Profile(Table):
    """A target. The tables are as in the file; `limits` and `credentials` have the defaults worked out."""

    target: TargetTable
    credentials_table: CredentialsTable = Field(default_factory=CredentialsTable, alias="credentials")
    consent: ConsentTable = Field(default_factory=ConsentTable)
    limits_table: LimitsTable = Field(default_factory=LimitsTable, alias="limits")
    tiers: TiersTable = Field(default_factory=TiersTable)
    accept: list[AcceptTable] = Field(default_factory=list)
    headers: dict[HeaderName, HeaderSource] = Field(default_factory=dict)
    """[headers]: sent with every request and upgrade, for a gateway in front of the target: name = "env:VAR" or "command:..."."""
    network: NetworkTable = Field(default_factory=NetworkTable)
    cluster: ClusterTable = Field(default_factory=ClusterTable)
    share: ShareTable = Field(default_factory=ShareTable)
    runbook: RunbookTable = Field(default_factory=RunbookTable)
    logs: LogsTable | None = None
    watch: WatchTable = Field(default_factory=WatchTable)

    _source: str = PrivateAttr(default="")
    _folder: Path | None = PrivateAttr(default=None)

    @property
    def name(self) -> str:
        return self.target.name

    @property
    def environment(self) -> Environment:
        """What the file claims; `tui_app.target.guard` holds it against the evidence."""
        return self.target.environment

    @property
    def backend(self) -> str:
        return self.target.backend

    @property
    def auth(self) -> str:
        return self.target.auth

    @property
    def frontend(self) -> str | None:
        return self.target.frontend

    @property
    def websocket(self) -> str:
        """The whole WebSocket URL, path included; the backend's `/ws` where the file names none."""
        return self.target.websocket or websocket_of(self.target.backend)

    @property
    def source(self) -> str:
        """The file it was read from, or 'built-in NAME' or 'pasted address'."""
        return self._source

    @property
    def folder(self) -> Path | None:
        """Where the file's relative paths start; None for what is no file."""
        return self._folder

    @property
    def urls(self) -> dict[str, str]:
        """Service -> URL, for those that the target has."""
        found = {service: getattr(self, service) for service in SERVICES}
        return {service: url for service, url in found.items() if url}

    @property
    def hosts(self) -> tuple[str, ...]:
        """The host names of all services, each once."""
        return tuple(dict.fromkeys(host(url) for url in self.urls.values()))

    @property
    def loopback(self) -> bool:
        """Whether every service is on this machine. One that is not makes the whole target remote."""
        return here(self.urls)

    @property
    def blanks(self) -> tuple[str, ...]:
        """What must be filled in before anything can run, as `[target] backend: <hash>`; empty when all is there."""
        return blanks_of(self.urls)

    def for_users(self, users: int) -> Self:
        """The target with room for so many users where it is on this machine and its file sets no limit: elsewhere limits stay."""
        table = self.limits_table
        room = {"sockets": users + users // 10 + 20, "agent_runs": users * RUNS_EACH}
        grown = {name: value for name, value in room.items() if getattr(table, name) is None and value > getattr(self.limits, name)}
        if not (self.loopback and grown):
            return self
        return self.model_copy(update={"limits_table": table.model_copy(update=grown)})

    @property
    def limits(self) -> Limits:
        """The limits that hold: the file's, else the strategy's, else those of a loopback target."""
        values = dict(ON_LOOPBACK) if self.loopback else {}
        values.update(self.limits_table.model_dump(exclude_none=True))
        return Limits(**values)

    @property
    def changed_limits(self) -> dict[str, tuple[float, float]]:
        """Criteria whose limit the file changed: name -> (the strategy's, the file's). Reports show both."""
        strategy, holds = Limits(), self.limits
        pairs = {name: (getattr(strategy, name), getattr(holds, name)) for name in CRITERIA}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

    @property
    def credentials(self) -> Credentials:
        """How users sign in: `register` on loopback, `login` elsewhere, unless the file says or implies otherwise."""
        table = self.credentials_table
        implied: Mode | None = (
            "e2e" if table.key_env else "tokens" if table.tokens_env or table.tokens else "command" if table.command else None
        )
        return Credentials(
            mode=table.mode or implied or signs_in(self.loopback),
            users=table.users or users_of(self.environment),
            accounts=table.accounts,
            key_env=table.key_env,
            tokens_env=table.tokens_env,
            tokens=table.tokens,
            command=tuple(table.command or ()),
        )

    def filled(self, **urls: str) -> Profile:
        """The same target at other addresses: `backend`, `auth`, `frontend`, `websocket`. Raises ProfileError for a bad one."""
        document = self.model_dump(by_alias=True, exclude_none=True)
        unknown = [key for key in urls if key not in SERVICES]
        if unknown:
            raise ProfileError(self.source, [f"{unknown[0]} is no service of a target. Known: {one_of(SERVICES)}."])
        document["target"].update(urls)
        return _validated(document, self._source, self._folder)


class Proposal(msgspec.Struct, frozen=True):
    """What Vigil proposes for a pasted address. `guesses` lists, best first, where a service may be: probe before use."""

    profile: Profile
    guesses: Mapping[str, tuple[str, ...]]
    reasons: tuple[str, ...]


def builtin(name: str) -> Profile:
    """A built-in target by name. Its addresses have blanks until `filled`. Raises ProfileError for an unknown name."""
    if name not in BUILTIN:
        raise ProfileError(name, [_unknown_target(name)])
    return _validated(BUILTIN[name], f"built-in {name}")


def load(name_or_path: str | Path) -> Profile:
    """A target by the name of a built-in one, or from a TOML file. Raises ProfileError, and nothing else."""
    if isinstance(name_or_path, str) and name_or_path in BUILTIN:
        return builtin(name_or_path)
    path = Path(name_or_path).expanduser()
    source = str(name_or_path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ProfileError(source, [f"it is larger than {MAX_BYTES // 1024} KiB, which no target file is. Name the right file."])
        raw = path.read_bytes()
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        raise ProfileError(source, [_unknown_target(source)]) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ProfileError(source, [f"it cannot be read ({reason}). Name a TOML file that you may read."]) from None
    try:
        document = tomllib.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ProfileError(source, [f"it is not UTF-8 text (byte {error.start}), and TOML is. Save it as UTF-8."]) from None
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(source, [f"it is not valid TOML: {error}. Look there for a missing quote or bracket."]) from None
    consent = document.get("consent")
    if isinstance(consent, dict) and consent and "granted" not in consent:
        consent["granted"] = changed.date()
    for name, keys in (("network", ("ca",)), ("cluster", ("ca_file", "cert_file", "key_file"))):
        table = document.get(name)
        if not isinstance(table, dict):
            continue
        for key in keys:
            if isinstance(table.get(key), str) and table[key]:
                # Whole from here on: the plan of a recording knows no folder that it could start at.
                table[key] = str((path.parent / Path(table[key]).expanduser()).absolute())
    return _validated(document, source, path.parent, raw.decode("utf-8"))


def propose(backend_url: str) -> Proposal:
    """A target for a pasted backend (or WebSocket) address; the rest is guessed by pattern. Raises ProfileError for no address.

    The environment is what the host name says, `docker` on loopback, else `staging`: a claim that the guard still checks.
    """
    text = backend_url.strip()
    if "//" not in text:
        text = f"{'http' if is_loopback('//' + text) else 'https'}://{text}"
    parts = split(text)
    schemes = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
    if parts is None or parts.scheme not in schemes or parts.username is not None:
        raise ProfileError(
            "the pasted address",
            ["it is no address of a backend. Paste one as https://host or wss://host/ws, without user name or password."],
        )
    backend = f"{schemes[parts.scheme]}://{parts.netloc}"
    websocket = (
        f"{text.partition('?')[0].rstrip('/')}" if parts.scheme in ("ws", "wss") and parts.path.strip("/") else websocket_of(backend)
    )
    guesses = siblings(backend)
    local = is_loopback(backend)
    said = environment_of_host(parts.hostname or "")
    environment: Environment = said or ("docker" if local else "staging")
    reasons = [
        f"{environment}: "
        + ("it is this machine" if local else "its host name says so" if said else "nothing says what it is; the backend will be asked")
    ]
    target = {"name": parts.hostname or "pasted", "environment": environment, "backend": backend, "websocket": websocket}
    auth = guesses["auth"]
    target["auth"] = auth[0] if auth else f"{schemes[parts.scheme]}://<auth-host>"
    if guesses["frontend"]:
        target["frontend"] = guesses["frontend"][0]
    reasons += [f"{service}: {'guessed from the backend’s name' if guesses[service] else 'cannot be guessed'}" for service in guesses]
    return Proposal(_validated({"target": target}, "pasted address"), guesses, tuple(reasons))


def _validated(document: Mapping[str, Any], source: str, folder: Path | None = None, text: str = "") -> Profile:
    try:
        profile = Profile.model_validate(document)
    except ValidationError as error:
        raise ProfileError(source, explain(error, Profile, text)) from None
    profile._source = source
    profile._folder = folder
    return profile


def _unknown_target(name: str) -> str:
    near = suggestion(name, BUILTIN)
    hint = f' Did you mean "{near}"?' if near else ""
    return f"there is no such file, and no such built-in target.{hint} Give a TOML file, or one of the built-in {one_of(BUILTIN)}."
