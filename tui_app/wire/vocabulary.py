"""Words of the platform's protocol: message types, markers, close codes, subprotocols (wire contract 4-6).

Pure data and pure functions; the rehearsal staging shares this module and nothing else of `wire`.
"""

from __future__ import annotations

import re
from typing import Final, Literal

# -- opcodes of RFC 6455 section 5.2, as plain numbers for rows and sinks
OP_TEXT: Final = 0x1
OP_BINARY: Final = 0x2
OP_CLOSE: Final = 0x8
OP_PING: Final = 0x9
OP_PONG: Final = 0xA

# -- subprotocols that carry a token (wire contract 3.5)
SUBPROTOCOL: Final = "jwt-auth"
"""The item a server selects; the token item is never to be echoed."""
SUBPROTOCOL_TOKEN_PREFIX: Final = "jwt."
"""Followed by base64url of the whole JWT, without padding."""

# -- canonical event names that are no message type of the platform
WELCOME: Final = "welcome"
HANDSHAKE: Final = "handshake"
ERROR: Final = "error"
MALFORMED: Final = "malformed"
UNTYPED: Final = "untyped"

# -- what a client sends
PING: Final = "ping"
PONG: Final = "pong"
HEARTBEAT: Final = "heartbeat"
HEARTBEAT_ACK: Final = "heartbeat_ack"
ACK: Final = "ack"
USER_MESSAGE: Final = "user_message"
START_AGENT: Final = "start_agent"
STOP_AGENT: Final = "stop_agent"
HANDSHAKE_ACKNOWLEDGED: Final = "handshake_acknowledged"

# -- what a server sends besides the five critical events
WELCOME_TYPES: Final = frozenset({"connection_established", "connect"})
HANDSHAKE_COMPLETE: Final = "handshake_complete"
HANDSHAKE_TYPES: Final = frozenset({"handshake_response", HANDSHAKE_COMPLETE})
HEARTBEAT_TYPES: Final = frozenset({HEARTBEAT, "main_heartbeat", "factory_heartbeat", "isolated_heartbeat", "legacy_heartbeat"})
ERROR_TYPES: Final = frozenset(
    {"error", "error_message", "connection_error", "system_error", "authentication_error", "auth_failed", "agent_error", "streaming_error"}
)
WRAPPER_TYPES: Final = frozenset({"system_message", "agent_progress", "agent_response_complete"})
"""Types that say nothing themselves when they name an event inside (envelopes V1w and V9)."""
EVENT_BATCH: Final = "event_batch"
STREAM_COMPLETE: Final = "stream_complete"

CHANGING_TYPES: Final = frozenset(
    {
        "stop_agent", "cancel_agent", "pause_agent", "resume_agent", "stop_run", "cancel_run", "agent_stop", "agent_cancel",
        "delete_thread", "archive_thread", "rename_thread", "update_thread", "thread_update", "thread_delete", "thread_rename",
        "delete_message", "clear_history", "delete_run",
    }
)  # fmt: skip
"""Client messages that change, stop or delete something: each needs an id of ours."""
WRITING_TYPES: Final = frozenset(
    {"user_message", "chat", "chat_message", "message", "user_input", "start_agent", "agent_request", "execute_agent", "agent"}
)
"""Client messages that write into a thread: the thread, where they name one, must be ours."""

MARKER: Final = re.compile(r"VM-[0-9a-f]{6}-u\d+-[0-9a-f]{20}")
"""An unguessable text planted per user, run and channel: session (6), user label, random (20 hex digits = 80 bits)."""

CloseClass = Literal["normal", "client", "server", "infrastructure", "policy"]


def make_marker(session6: str, label: str, random_hex: str) -> str:
    """A marker from the session's first six hex digits, a user label (`u3`) and 20 hex digits of randomness.

    Raises `ValueError` if the parts do not make a text that `MARKER` finds again.
    """
    marker = f"VM-{session6}-{label}-{random_hex}"
    if MARKER.fullmatch(marker) is None:
        raise ValueError("a marker needs six hex digits, a user label such as u3, and twenty hex digits")
    return marker


def close_class(code: int) -> CloseClass:
    """Whom a close code speaks of (RFC 6455 section 7.4; wire contract 4.5).

    1000, 1001 and 1005 (a close frame without a code) are normal *codes*, which is not to say that the close was
    expected. 1008 and the private range 3000-4999 are policy. A code that may not travel counts as the server's.
    """
    if code in (1000, 1001, 1005):
        return "normal"
    if code in (1006, 1015):
        return "infrastructure"
    if code == 1008 or 3000 <= code <= 4999:
        return "policy"
    if code in (1002, 1003, 1007, 1009, 1010):
        return "client"
    return "server"
