"""The two shapes that every part of Vigil exchanges: a `Row` of a recording, and an `Event` of the platform.

This module is the vocabulary and imports nothing of Vigil. `wire`, `monitors`, `recording` and `verdict` know
it and not each other.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

CRITICAL_EVENTS: Final = ("agent_started", "agent_thinking", "tool_executing", "tool_completed", "agent_completed")
"""The five events the platform's value rests on, in the order in which a run sends them (strategy, 'Success Criteria')."""

SECOND: Final = 1_000_000_000
"""Nanoseconds in a second: the unit of `Row.t`."""

EVERYBODY: Final = "*"
"""The observer of a `cell` row that stands for all pairs of its source: a crowd has no cell for each."""

# A row is *acting* (what happened: the only input of a judge) or *derived* (what a judge made of it; made anew by `rejudge`).
ACTING_KINDS: Final = frozenset(
    {
        "session", "target", "phase", "check", "step", "action", "user", "conn", "frame", "http",
        "lag", "clock", "created", "control", "client", "tier", "engine",
    }
)  # fmt: skip
DERIVED_KINDS: Final = frozenset(
    {"run", "cell", "attempt", "sample", "level", "block", "drift", "iteration", "finding", "verdict", "criterion", "result"}
)
BULK_KINDS: Final = frozenset({"frame", "http", "clock"})
"""Kinds whose number grows with traffic. Everything else is *state*: few rows, which a viewer folds from the start."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """One thing that happened, or one thing a judge said; immutable once written.

    `seq` is dense per engine from 1; `t` is nanoseconds of the engine's monotonic clock since the session began.
    `text` is a JSON object, except for `kind == "frame"`, where it is the frame as it travelled (secrets replaced).
    What each kind carries in `text` is listed in `docs` of `tui_app.recording.schema`.
    """

    seq: int
    t: int
    kind: str
    check: str = ""
    user: str = ""
    conn: int = 0
    dir: str = ""
    type: str = ""
    run: str = ""
    thread: str = ""
    ms: float | None = None
    flag: str = ""
    size: int = 0
    text: str = ""

    @property
    def body(self) -> dict[str, Any]:
        """`text` as a JSON object; an empty one where it is none (never raises: remote text may be anything)."""
        if not self.text:
            return {}
        try:
            decoded = msgspec.json.decode(self.text)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return {}
        return decoded if isinstance(decoded, dict) else {}


ID_KEYS: Final = frozenset(
    {
        "run_id", "thread_id", "user_id", "request_id", "message_id", "turn_id", "session_id", "conversation_id", "correlation_id",
        "tool_call_id", "call_id", "chat_id", "execution_id", "task_id", "connection_id", "agent_run_id", "parent_run_id", "owner_id",
        "runId", "threadId", "userId", "requestId", "messageId", "turnId", "sessionId", "conversationId", "correlationId", "toolCallId",
        "run_ids", "thread_ids", "user_ids", "request_ids", "message_ids", "id", "sub", "run", "thread",
    }
)  # fmt: skip
"""Keys whose value names a run, thread, user, request or message of somebody's, at whatever depth; so does any `*_id`."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One message of the platform, whatever envelope it came in (wire contract 6.1).

    `name` is the canonical name: one of `CRITICAL_EVENTS`, `welcome`, `handshake`, `pong`, `ping`, `heartbeat`,
    `heartbeat_ack`, `ack`, `error`, or else the type as sent. `at` is the server's own time stamp in epoch seconds.
    `replayed` marks what the platform itself flags as a replay; it is never fresh evidence. `sequence` is the event's number
    within its run, where the platform numbers them.
    """

    name: str
    envelope: str = ""
    run: str = ""
    thread: str = ""
    request: str = ""
    user: str = ""
    agent: str = ""
    tool: str = ""
    tool_call: str = ""
    text: str = ""
    result: Any = None
    code: str = ""
    at: float | None = None
    replayed: bool = False
    sequence: int | None = None
    message: Any = None
    """The message as decoded, whole."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Every id-like value of the message at any depth, each once, outermost first."""
        return identifiers(self.message) if self.message is not None else ()

    @property
    def critical(self) -> bool:
        """Whether this is one of the five critical events."""
        return self.name in CRITICAL_EVENTS


def identifiers(root: Any) -> tuple[str, ...]:
    """Every id-like value of a message at any depth, each once, outermost first."""
    found: list[str] = []
    queue: list[Any] = [root]
    for node in queue:  # grows while it is walked: breadth first without recursion, so that depth cannot hurt
        if type(node) is dict:
            for key, value in node.items():
                kind = type(value)
                if kind is str:
                    if value and (key in ID_KEYS or key[-3:] == "_id"):
                        found.append(value)
                elif kind is dict:
                    queue.append(value)
                elif kind is list:
                    if key in ID_KEYS:
                        found += [item for item in value if type(item) is str and item]
                    queue.append(value)
                elif kind is int and key in ID_KEYS:
                    found.append(str(value))
        else:
            queue += [item for item in node if type(item) is dict or type(item) is list]
    return tuple(dict.fromkeys(found))
