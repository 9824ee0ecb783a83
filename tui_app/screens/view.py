"""What the screens look at: one session's state and recording, and how they came to see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tui_app.model import SECOND
from tui_app.recording.state import SessionState

if TYPE_CHECKING:
    from tui_app.recording.fold import Fold
    from tui_app.recording.reader import Reader
    from tui_app.screens.playback import Playback

Role = Literal["idle", "driving", "watching", "opened", "replay"]
"""idle: no session yet; driving: we may command it; watching: another may; opened: read from its file; replay: shown again in time."""

PHASES = {"1": "health", "2": "real-time", "3": "resilience", "4": "critical"}
"""Short names of the strategy's four phases. Phases are named, not numbered, so that digits mean screens."""


def now_utc() -> datetime:
    """The clock on the wall."""
    return datetime.now(UTC)


@dataclass(slots=True)
class View:
    """Shared by all screens of an application; replaced in part when another session is opened."""

    state: SessionState = field(default_factory=SessionState)
    reader: Reader | None = None
    fold: Fold | None = None
    role: Role = "idle"
    playback: Playback | None = None
    """Of a replay: where it is, and how fast it goes."""
    viewer: int = 0
    """By which number the recording names this terminal where it says who is in control; 0 without a connection to the engine."""
    since: int = 0
    """The row up to which that is known."""
    path: Path | None = None
    gone: str = ""
    """Not empty once the engine is lost: the sentence that says so."""
    caught_up: float = 1.0
    """How much of the recording the state stands for, 0 to 1; less than 1 only while a long one is being read."""
    rate_hz: int = 10
    """Draws a second aimed at."""
    rate_why: str = ""
    """Not empty where it is fewer than it should be: in words, what slows the drawing down."""
    mouse: str = ""
    """ON or OFF where the mouse is otherwise than this terminal would have it without being asked."""
    about: str = ""
    """How long the plan was expected to take, mm:ss."""
    docker: str = "unknown"
    clock: Callable[[], datetime] = now_utc
    version: int = 0
    """Changes whenever the session itself is another one, so that screens forget what they had built for it."""

    @property
    def running(self) -> bool:
        """A session is shown that has not ended and whose engine is there."""
        return bool(self.state.session) and self.role in ("driving", "watching") and not self.state.ended and not self.gone

    @property
    def rehearsal(self) -> bool:
        """The target is Vigil's own staging."""
        return self.state.environment == "rehearsal" or self.state.target == "rehearsal"

    @property
    def stand_in(self) -> bool:
        """What is shown must not be mistaken for a live staging."""
        return self.playback is not None or self.role == "replay" or self.rehearsal


def mmss(ns: int, tenths: bool = True) -> str:
    """Nanoseconds since the session began as mm:ss.s (hours once there are any)."""
    seconds = max(ns, 0) / SECOND
    hours, rest = divmod(int(seconds), 3600)
    minutes, whole = divmod(rest, 60)
    tail = f".{int(seconds * 10) % 10}" if tenths else ""
    return f"{hours}:{minutes:02d}:{whole:02d}{tail}" if hours else f"{minutes:02d}:{whole:02d}{tail}"


def number(value: float | None, none: str = "-") -> str:
    """A measured number for a column: thousands separated, one decimal under ten."""
    if value is None:
        return none
    return f"{value:.1f}" if 0 < abs(value) < 10 and value != int(value) else f"{value:,.0f}"
