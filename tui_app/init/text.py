"""A target file as text: what was decided stands there, the rest stands beside it as a comment with its default."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

import msgspec

from tui_app.logged import MARGIN_S, PLACEHOLDERS
from tui_app.target.profile import ON_LOOPBACK, Limits
from tui_app.target.tables import ACCEPT_DAYS, Mode

LIMITS: Final = {
    "agent_runs": "agent runs at most in a session: each may call a paid model",
    "sockets": "sockets open at once",
    "connects_per_minute": "new sockets a minute; below the platform's own limit of ten",
    "minutes": "a session without its soak ends after so many minutes",
    "sign_in_s": "how long a session waits for new credentials, s",
    "concurrent_users": "users at once that a load has to reach",
    "connect_s": "criterion: a warm connect, DNS to welcome, s",
    "connect_cold_s": "the first connect, which may find a target scaled to nothing, s",
    "run_s": "criterion: an agent run from end to end, s",
    "response_mean_s": "criterion: the mean of agent responses, s",
    "ping_ms": "criterion: an application ping, ms",
    "first_event_s": "the first event of a run, s",
    "event_gap_s": "silence between two events of a run, s",
    "recovery_s": "criterion: from a fault's end to the first right event, s",
    "ready_s": "how long whoever asks for readiness waits, s",
    "soak_block_s": "a soak is cut into blocks of so many seconds; 0: a 24th of it",
}
"""Every key of [limits], with what it limits."""
MODES: Final[dict[Mode, str]] = {
    "register": "Vigil registers accounts of its own once and keeps them (0600)",
    "login": "your accounts, from a 0600 file or a hidden prompt",
    "e2e": "the platform's sign-in for end-to-end tests, with a key from a variable",
    "tokens": "ready access tokens from a variable or a 0600 file; nobody can renew them",
    "command": "a program of yours prints accounts or tokens; it is run again when they end",
}
ENVIRONMENTS: Final = {
    "rehearsal": "the staging that Vigil brings along",
    "docker": "a deployment on a developer's machine",
    "staging": "a shared deployment before production",
    "production": "real customers: Vigil refuses everything but reads, and these only when asked each time",
}


LOG_QUERY: Final = (
    """'resource.type="cloud_run_revision" AND (trace="{trace}" OR jsonPayload.run_id="{run}") """
    """AND timestamp>="{from}" AND timestamp<="{to}"'"""
)
"""An example of [logs] query, as TOML."""


class Answers(msgspec.Struct):
    """What is to stand in the file; None leaves the default, as a comment."""

    name: str
    environment: str
    backend: str
    auth: str
    websocket: str
    frontend: str | None = None
    mode: Mode | None = None
    users: int | None = None
    accounts: str | None = None
    key_env: str | None = None
    tokens_env: str | None = None
    tokens: str | None = None
    command: list[str] | None = None
    negative: bool | None = None
    fault: bool | None = None
    load_users: int | None = None
    by: str | None = None
    granted: date | None = None
    limits: dict[str, float] = {}

    @property
    def document(self) -> dict[str, Any]:
        """The same as the tables of a profile, for its validation."""
        tables: dict[str, dict[str, Any]] = {
            "target": {name: getattr(self, name) for name in ("name", "environment", "backend", "auth", "frontend", "websocket")},
            "credentials": {
                name: getattr(self, name) for name in ("mode", "users", "accounts", "key_env", "tokens_env", "tokens", "command")
            },
            "consent": {name: getattr(self, name) for name in ("negative", "fault", "load_users", "granted", "by")},
            "limits": dict(self.limits),
        }
        return {name: {key: value for key, value in table.items() if value is not None} for name, table in tables.items()}


def target_file(answers: Answers, *, path: str, today: date, local: bool) -> str:
    """The whole file.

    path -- as the operator will name it to `vigil run`;  today -- for what ends;  local -- whether the target is on this machine
    """
    return "\n".join(
        [
            "# Whom Vigil validates, as whom, and what it may cost. What a session would do, without doing it:",
            f"#   vigil run --target {path} --dry-run",
            "# A line that begins with # is not read: it shows a setting with its default, or an example. Remove the # to set it.",
            "# No secret belongs here: only names of variables, and of files that nobody else may read (chmod 600).",
            "",
            *_target(answers),
            *_credentials(answers, local),
            *_consent(answers, today, local),
            *_limits(answers, local),
            *_rest(today),
        ]
    )


def _target(answers: Answers) -> list[str]:
    return [
        "[target]",
        _line("name", answers.name, "how screens and reports call it"),
        _line("environment", answers.environment, "rehearsal, docker, staging or production: a claim, held against what the target says"),
        _line("backend", answers.backend, "https://host"),
        _line("auth", answers.auth, "the service that signs users in"),
        _line("frontend", answers.frontend, "optional", example="https://app.example"),
        _line("websocket", answers.websocket, "the backend's /ws where it is left out"),
        "",
    ]


def _credentials(answers: Answers, local: bool) -> list[str]:
    default = "register" if local else "login"
    return [
        "[credentials]",
        f"# How users sign in; {default} where nothing is said:",
        *(f"#   {name:9} {says}" for name, says in MODES.items()),
        _line("mode", answers.mode, "", example=default),
        _line("users", answers.users, "users side by side; isolation needs two", example=5 if answers.environment == "rehearsal" else 2),
        _line(
            "accounts",
            answers.accounts,
            "login: file (0600) of [[account]] email, password; relative to this file",
            example="accounts.toml",
        ),
        _line("key_env", answers.key_env, "e2e: the variable that holds the key", example="STAGING_E2E_KEY"),
        _line("tokens_env", answers.tokens_env, "tokens: the variable that holds them, separated by spaces", example="STAGING_TOKENS"),
        _line("tokens", answers.tokens, "tokens: or a file (0600) with them", example="tokens.txt"),
        _line("command", answers.command, "command: program and arguments", example=["vault", "read", "accounts"]),
        "",
    ]


def _consent(answers: Answers, today: date, local: bool) -> list[str]:
    why = (
        "This machine needs no consent." if local else "Nothing of this is done unless you agree; the checks that need it are then BLOCKED."
    )
    return [
        "[consent]",
        f"# What may be done to a target that is not this machine, for 30 days from `granted`. {why}",
        "# false declines: these checks are then SKIPPED.",
        _line("write", None, "threads and messages, archived at the end; starting a session is the agreement", example=True),
        _line("negative", answers.negative, "bad tokens, never five in a row, a good one after each", example=False),
        _line("fault", answers.fault, "cutting and disturbing Vigil's own connections", example=False),
        _line("load_users", answers.load_users, "users at once that a load may have; 0 declines", example=0),
        _line("granted", answers.granted, "when; consent ends 30 days after it", example=today),
        _line("by", answers.by, "who agreed", example="name"),
        "",
    ]


def _limits(answers: Answers, local: bool) -> list[str]:
    defaults = {**msgspec.to_builtins(Limits()), **(ON_LOOPBACK if local else {})}
    lines = ["[limits]", "# Caps of what Vigil spends, and the strategy's limits where your deployment has agreed on others."]
    for name, says in LIMITS.items():
        default = defaults[name]
        if default is None:
            lines.append(_line(name, answers.limits.get(name), f"{says}; no limit on this machine", example=60))
        elif name == "soak_block_s":
            lines.append(
                _line(name, answers.limits.get(name), f"{says.partition(';')[0]}; a 24th of the soak where nothing is said", example=60.0)
            )
        else:
            lines.append(_line(name, answers.limits.get(name), says, example=default))
    return [*lines, ""]


def _rest(today: date) -> list[str]:
    return [
        "[network]",
        "# The way to the target, where HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE do not fit it.",
        _line(
            "proxy",
            None,
            'an HTTP proxy; with a password "env:NAME" of a variable with its whole address',
            example="http://proxy.example:3128",
        ),
        _line("ca", None, "PEM file of a private authority, trusted beside the system's", example="staging-ca.pem"),
        _line(
            "source_addresses", None, "addresses of this machine to open sockets from, each at a pace of its own", example=["192.0.2.10"]
        ),
        "",
        "[headers]",
        '# For a gateway before the target, with every request: "env:NAME", or "command:PROGRAM ARGUMENTS" for what it prints.',
        _line("X-Gateway-Token", None, "", example="env:STAGING_GATEWAY_TOKEN"),
        "",
        "[logs]",
        "# A query of your own logging: Y copies it, filled for the evidence in view; reports print it. Ids and UTC of the rows stand for",
        f"# {' '.join(f'{{{name}}}' for name in PLACEHOLDERS)}; {{{{ }}}} are braces themselves.",
        "# query = " + LOG_QUERY,
        f"# margin_s = {MARGIN_S}                              # how much before and after the evidence is asked for, s",
        "",
        "[tiers]",
        "# Optional direct looks into the stores behind the API, read-only, from this machine. Each names a variable with a DSN.",
        _line("postgres", None, "postgresql://user:password@host:5432/database", example="env:STAGING_PG_DSN"),
        _line("redis", None, "redis://:password@host:6379/0", example="env:STAGING_REDIS_URL"),
        _line("clickhouse", None, "https://user:password@host:8443/?database=name", example="env:STAGING_CLICKHOUSE_URL"),
        "# [tiers.where]                # statements and keys, where your platform's names are others; the README lists them",
        '# message = "SELECT role, body AS content FROM message WHERE thread = {thread}"',
        "",
        "# Your own tools for `vigil runbook`: what only reads may run from there, anything else is shown and copied.",
        "[runbook.values]",
        '#   service = "backend"',
        "# [[runbook.step]]",
        '#   kind = "check-status"          # or logs, recover, redeploy, escalate, production, contain',
        '#   effect = "read"',
        '#   command = ["gcloud", "run", "services", "describe", "{service}", "--format", "yaml(status)"]',
        "",
        "# `vigil watch`: how often, how many agent runs a day (each may call a paid model), and whom it tells. No shell: the facts of",
        "# an alert are in the command's environment (VIGIL_WATCH_SUBJECT, _BEFORE, _NOW, _WHY, _AT, _TARGET) and as JSON on its input.",
        "[watch]",
        "# every_s = 30",
        "# runs_per_day = 24",
        "# alert_after = 2                 # polls in a row that must agree",
        '# command = ["notify-send", "staging has changed"]',
        '#   webhook_hosts = ["hooks.example"]   # where alerts may go',
        '#   webhook = "https://hooks.example/staging"',
        "",
        f"# A known failure, for {ACCEPT_DAYS} days at most, never one of isolation or authentication; `vigil run` prints the signature.",
        "# [[accept]]",
        '# check = "persistence-clickhouse"',
        '# signature = "..."',
        '# ticket = "NET-412"',
        f"# until = {today + timedelta(days=ACCEPT_DAYS)}",
        "",
    ]


def _line(key: str, value: object, says: str, *, example: object = None) -> str:
    """A setting that holds, or one that could, as a comment; what it means stands to its right."""
    text = f"{key} = {_toml(value)}" if value is not None else f"# {key} = {_toml(example)}"
    return f"{text:<46}  # {says}" if says else text


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # A JSON string is a TOML basic string (TOML 1.0, String), but for DEL, which TOML wants escaped.
        return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return f"[{', '.join(_toml(one) for one in value)}]"
    return str(value)
