"""A recorded session in its own time again: where the replay is, how fast it goes, and the state at any moment of it.

A fold only goes forward. Every so many rows its state is kept, so that going back starts from the last one before; what is
then still to be folded is folded within the budget of each look, as for any long recording.
"""

from __future__ import annotations

import math
import pickle
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from tui_app.model import SECOND
from tui_app.recording.fold import Fold
from tui_app.recording.sessions import alive
from tui_app.recording.upto import ReaderUpTo

if TYPE_CHECKING:
    from tui_app.screens.view import View

SPEEDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, math.inf)
"""How many of the session's seconds go by in one; the last is as fast as it can be read."""
LONGEST_STEP_S: Final = 1.0
"""A terminal that was suspended does not find the session over when it comes back."""
KEPT: Final = 40
"""States kept of one recording."""
KEEP_EVERY: Final = 20_000
"""Rows between two of them, at least."""
PARTS_AT_MAX: Final = 40
"""As fast as it can be read: a part of the recording at a time, so that something is seen of it."""
LOOK_EVERY_S: Final = 1.0
"""Between two looks how long a recording is that may still be written."""


def parse_speed(text: str) -> float:
    """A speed as it is typed: 0.25 to 64, with or without an x, or max. Raises ValueError."""
    if text == "max":
        return math.inf
    speed = float(text.removesuffix("x"))
    if not SPEEDS[0] <= speed <= SPEEDS[-2]:
        raise ValueError(f"{text} is not between {SPEEDS[0]} and {SPEEDS[-2]:g}")
    return speed


def speed_text(speed: float) -> str:
    """A speed as a chip has it: 2x, max."""
    return "max" if math.isinf(speed) else f"{speed:g}x"


class Playback:
    """Moves `reader.upto` along. Positions and lengths are ns since the session began."""

    def __init__(self, reader: ReaderUpTo, speed: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.reader = reader
        self.speed = speed
        self.paused = False
        self.position = 0
        self.total = reader.whole_end()
        self._clock = clock
        self._at = clock()
        self._looked = self._at
        self._kept: list[tuple[int, bytes]] = []
        self._every = max(KEEP_EVERY, reader.whole_head() // KEPT)

    @property
    def at_end(self) -> bool:
        """All that is recorded has been shown."""
        return self.position >= self.total

    @property
    def over(self) -> bool:
        """At the end of a recording that nobody writes any more: what is open there stays open."""
        return self.at_end and not alive(self.reader.header.get("session", ""), self.reader.path)

    @property
    def date(self) -> str:
        """The day of the session, as 12 Nov."""
        began = self._began()
        return f"{began.day} {began:%b}" if began is not None else "an unknown day"

    def told(self) -> str:
        """Of when it is, and how far it went: for a line above what is left on the terminal."""
        seconds = (self.position / SECOND, self.total / SECOND)
        return f"REPLAY of {self.date}, session {self.reader.header.get('session', '?')}: as of {seconds[0]:.1f} of {seconds[1]:.1f} s"

    def _began(self) -> datetime | None:
        try:
            began = datetime.fromisoformat(self.reader.header.get("started", ""))
        except ValueError:
            return None
        return began if began.tzinfo else began.replace(tzinfo=UTC)

    def wall(self) -> datetime:
        """What the clock on the wall showed at this moment of the session, UTC."""
        began = self._began() or datetime.fromtimestamp(0, UTC)
        return (began + timedelta(microseconds=self.position / 1_000)).astimezone(UTC)

    # -- as time goes by

    def advance(self, caught_up: bool) -> None:
        """Go on by the time since the last call. What is not folded yet holds it up, so that nothing is skipped unseen."""
        now = self._clock()
        step = min(now - self._at, LONGEST_STEP_S)
        self._at = now
        if now - self._looked >= LOOK_EVERY_S:
            self._looked = now
            self.total = max(self.total, self.reader.whole_end())
        if self.paused or self.at_end or not caught_up:
            return
        if math.isinf(self.speed):
            head = self.reader.whole_head()
            upto = min(self.reader.upto + max(2_000, head // PARTS_AT_MAX), head)
            self.position = self.total if upto == head else max(self.position, self.reader.time_of(upto))
            self.reader.move(max(upto, self.reader.upto))
        else:
            self.position = min(self.position + round(step * self.speed * SECOND), self.total)
            self._show()

    def _show(self) -> None:
        upto = self.reader.whole_head() if self.at_end else self.reader.seq_at(self.position)
        self.reader.move(upto)

    def keep(self, fold: Fold) -> None:
        """Keep the state as of now, if the last one kept is long ago."""
        seq = fold.state.seq
        if seq - (self._kept[-1][0] if self._kept else 0) >= self._every and seq <= self.reader.upto:
            self._kept.append((seq, pickle.dumps(fold)))

    # -- what a person does

    def toggle(self) -> None:
        """Pause, or go on; at the end, begin again."""
        self._at = self._clock()
        self.paused = not self.paused and not self.at_end

    def faster(self, by: int) -> None:
        """One speed up (1) or down (-1)."""
        nearest = min(range(len(SPEEDS)), key=lambda index: abs(math.log2(min(SPEEDS[index], 128.0) / min(self.speed, 128.0))))
        self.speed = SPEEDS[min(max(nearest + by, 0), len(SPEEDS) - 1)]

    def seek(self, view: View, t: int) -> None:
        """Go to a time; what is not folded is folded from the last state that was kept before it."""
        self.total = max(self.total, self.reader.whole_end())
        self.position = min(max(t, 0), self.total)
        self._at = self._clock()
        before, folded = self.reader.upto, view.state.seq
        self._show()
        kept = [one for one in self._kept if one[0] <= self.reader.upto]
        if self.reader.upto >= before and not (kept and kept[-1][0] > folded):
            return
        view.fold = pickle.loads(kept[-1][1]) if kept else Fold(self.reader.header)  # our own state, never from a file
        view.state, view.gone = view.fold.state, ""
        view.version += 1
