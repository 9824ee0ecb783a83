"""Which script shows which check's failure again, and why some have none."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec


class Family(msgspec.Struct, frozen=True):
    """A script's source in `scripts`, how many users it signs in, and what it does to its target."""

    name: str
    users: int
    does: str
    password: bool = False
    """Whether it needs a password, since a token alone would end a session of yours."""
    consent: bool = False
    repeats: bool = False
    """Whether its tries are the same thing again and again, so that more of them tell more."""
    shows: tuple[str, ...] = (".",)
    """Patterns of the findings' texts whose kind of failure it can show again."""


_RUNS = Family(
    "runs", 1, "up to 12 agent runs within 10 minutes, in threads of its own, which it archives", repeats=True,
    shows=(
        r"no (agent_|tool_)", r"tool_completed (for|does|carries|is stamped)", r"while a tool was still running", r"more than once",
        r"twice", r"more than one end", r"after the run had ended", r"before agent_started", r"carries (run|thread|user) ",
        r"is stamped .* earlier", r"numbered events are missing", r"number is not above", r"without an answer", r"not valid JSON while",
        r"no event ever followed", r"came again on a new connection", r"closed the connection in the middle of a run",
        r": error ", r"failed with an error",
    ),
)  # fmt: skip
_LEAK = Family(
    "leak",
    2,
    "12 agent runs in threads of its own, which it archives, and as many sockets as there were users",
    repeats=True,
    shows=(r"saw events of \S+ (run|request|thread)", r"saw events that name ", r"marker", r"which is none of ours"),
)
_KINDS = "none|malformed|truncated|wrong-signature|alg-none|wrong-issuer|wrong-audience|altered-subject|refresh-as-access|expired|revoked"
_BAD = Family(
    "bad_tokens", 1, "a handful of tokens that must be refused, a good one after each", consent=True,
    shows=(
        rf"accepts a token that is ({_KINDS})$", rf"quotes the token that it refuses \(({_KINDS})\)",
        rf"leaves a token that is ({_KINDS}) without an answer",
    ),
)  # fmt: skip
_DOORS = Family(
    "anonymous",
    1,
    "reads and a wish for a token without any, and a thread of its own, which it archives",
    consent=True,
    shows=(r"^/\S+ answers a caller without a token", r"^anybody is given a token"),
)
_CONNECTS = Family(
    "connects",
    1,
    "8 connections, two pings on each",
    repeats=True,
    shows=(r"^no connection", r"no welcome", r"not one frame", r"ping", r"pong", r"ends the socket", r"\bms\b"),
)
_KEPT = Family("kept", 1, "3 agent runs and 3 messages in threads of its own, which it archives", repeats=True)
_ROUTES = Family("routes", 1, "the same reads once more, of a thread in one of its own, which it archives")

FAMILIES: Final[Mapping[str, Family]] = MappingProxyType(
    {
        "five-events": _RUNS,
        "golden-path": msgspec.structs.replace(
            _RUNS, shows=(rf"agent run \(.*({'|'.join(_RUNS.shows)})", r"agent run \((no answer came|never started)")
        ),
        "isolation-frames": _LEAK,
        "isolation-rest": Family(
            "foreign_threads", 2, "a thread, and five tries of the other user to open or change it", consent=True,
            shows=(r" may (read|write|rename|archive) ", r"somebody else('s change reached| archived) a thread"),
        ),
        "token-matrix": _BAD, "anonymous-doors": _DOORS,
        "session-end": Family(
            "signed_out", 1, "a sign-in and its sign-out", password=True,
            shows=(r"takes a token that was signed out", r"signing out is refused"),
        ),
        "ping-latency": Family("pings", 1, "59 pings in 6 s"),
        "connect-latency": _CONNECTS, "ws-connect": _CONNECTS,
        "message-persisted": _KEPT, "history-agrees": _KEPT,
        "socket-survives": Family(
            "nonsense", 1, "five messages that mean nothing", consent=True, shows=(r"closes the connection", r"the connection is dead"),
        ),
        "answers-differ": Family("answers", 1, "up to 7 agent runs", shows=(r"alike",)),
        "health-services": _ROUTES, "health-tiers": _ROUTES,
        "critical-endpoints": msgspec.structs.replace(_ROUTES, shows=(r" answers \d|does not answer|was never answered",)),
        "contract": msgspec.structs.replace(
            _ROUTES, shows=(r"is documented and", r"answers without", r"^the contract (answers [345]|does not)"),
        ),
    }
)  # fmt: skip
"""The family of each check that has one."""

WHY_NOT: Final[tuple[tuple[tuple[str, ...], str], ...]] = (
    (("recovery-cut", "missed-events", "reconnects", "poor-line", "dead-link-noticed", "conversation", "state-after-reconnect",
      "slow-reader"),
     "it shows on a line that breaks in a certain way, and that takes Vigil's own fault proxy"),
    (("soak", "fifty-users", "latency-growth", "fairness"), "it shows under load or over hours, which a small script must not make"),
    (("latency-tail", "event-gaps", "response-time", "cold-start", "sign-in-rhythm", "token-lifetime", "server-clock", "idle", "rate-limit",
      "readiness"),
     "it is about time, and a claim on it needs more samples and a healthier client than a script can vouch for"),
    (("agent-answers", "ai-value", "not-canned", "tool-results", "context-bleed", "memory", "orchestration"),
     "it rests on what an answer says, and on a rubric that is longer than a script"),
    (("tier-postgres-message", "tier-redis-session", "tier-clickhouse-run", "tier-postgres-stays", "tier-redis-stays",
      "tier-clickhouse-stays", "tiers-persist", "instances", "signed-out-everywhere"),
     "it looks behind the target or at several of its instances"),
    (("test-header",), "the one request that shows it is sent by Vigil alone, and last"),
)  # fmt: skip
"""Checks without a script, and the reason."""
OTHERWISE: Final = "no script is written for this check yet; the rows of its findings hold everything that was sent and came back"


def why_not(check: str) -> str:
    """Why a check has no script."""
    return next((why for checks, why in WHY_NOT if check in checks), OTHERWISE)
