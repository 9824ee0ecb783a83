"""What a generation decides: the subprotocol, how a connection begins and is kept alive, and the envelope of every frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from tui_app.rehearsal.frames import Frame

JWT_AUTH: Final = "jwt-auth"
OWN_KEYS: Final = frozenset({"type", "data", "timestamp", "critical", "attempt", "server_id", "correlation_id"})
"""What stands at the root of every g2 frame; anything else there is a flag of its own (`recovered`, say) and is kept."""


@dataclass(frozen=True)
class Offer:
    """The ids that a handshake hands out for the first request of its connection."""

    thread_id: str
    run_id: str
    request_id: str


class Line(Protocol):
    """What a generation may do with a connection."""

    user_id: str
    connection_id: str
    heard_at: float
    """When the client was last heard, in seconds of the loop's clock."""

    async def send(self, frame: Frame) -> None:
        """Deliver a frame; it is in g2's shape, or of a type that a generation leaves as it is."""

    async def receive(self, within: float) -> Mapping[str, Any] | None:
        """The client's next message while the connection begins; None once the time is over or the client has gone."""

    def welcome(self) -> Frame:
        """The welcome of this connection, in g2's shape."""

    def offer(self) -> Offer:
        """Set ids aside for the first request of this connection."""

    def completes(self) -> bool:
        """Whether the handshake is completed once the client has acknowledged it."""


class Generation(Protocol):
    """One generation of the platform's wire behaviour."""

    name: str

    def subprotocol(self, offered: Sequence[str]) -> str | None:
        """Which of the offered subprotocols is selected; None for none."""

    async def greet(self, line: Line) -> str:
        """Begin the connection: '' once it is welcomed, else the reason with which it is closed (code 1013)."""

    async def keep_alive(self, line: Line) -> None:
        """Sends what keeps an open connection alive; cancelled at its end."""

    def envelope(self, frame: Frame) -> Frame:
        """A frame of g2's shape as it travels here; the frame itself is not changed."""


def plain_name(offered: Sequence[str]) -> str | None:
    """Only the plain name is ever selected: the other item holds the credential, and an answer must not reflect that."""
    return JWT_AUTH if JWT_AUTH in offered else None


def is_event(frame: Frame) -> bool:
    """Whether this is an event of a run (envelope V2), or a batch of such."""
    return isinstance(frame.get("type"), str) and isinstance(frame.get("data"), dict) and "critical" in frame


def flags(frame: Frame) -> Frame:
    """What a frame says at its root beyond the shape that all have."""
    return {key: value for key, value in frame.items() if key not in OWN_KEYS}


def seconds(stamp: Any) -> Any:
    """A frame's time stamp as a float; what is none stays as it is."""
    at = _moment(stamp)
    return stamp if at is None else at.timestamp()


def aware(stamp: Any) -> Any:
    """A frame's time stamp as ISO 8601 with its zone; what is none stays as it is."""
    at = _moment(stamp)
    return stamp if at is None else at.isoformat()


def _moment(stamp: Any) -> datetime | None:
    try:
        if isinstance(stamp, str):
            at = datetime.fromisoformat(stamp)
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at
        if isinstance(stamp, int | float) and not isinstance(stamp, bool):
            return datetime.fromtimestamp(stamp, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def renamed(data: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The same facts under other names."""
    return {names.get(key, key): value for key, value in data.items()}
