"""The newest rows of one kind, as they come: a pane for a screen that is about something else."""

from __future__ import annotations

from collections import deque

from tui_app.recording.reader import Count
from tui_app.screens.frame_sections import Where
from tui_app.screens.masking import convicting, is_masked
from tui_app.screens.row_source import NoRows, RowSource
from tui_app.screens.view import View
from widgets.tail import Tail
from widgets.titles import subtitle

FRAMES = Where("kind = 'frame'", ())
ATTEMPTS = Where("kind = 'attempt'", (), state_only=True)
COUNTING = 0.005
"""Seconds a look may spend on counting; a long recording is counted over several looks."""
RATE_OVER = 2_000_000_000
"""The rows of so many ns make the rate."""


class Newest(Tail):
    """Rows that match `where`, the newest last; `noun` is what its border counts."""

    def __init__(self, view: View, where: Where, noun: str, *, empty: str, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(NoRows(), empty=empty, id=id, classes=classes)
        self.session = view
        self.where = where
        self.noun = noun
        self._version = -1
        self._count: Count | None = None
        self._past: deque[tuple[int, int]] = deque(maxlen=64)

    def pull(self) -> None:
        """Take what is new; called on the screen's tick."""
        session, reader = self.session, self.session.reader
        if reader is not None and (self._version != session.version or isinstance(self.view.source, NoRows)):
            self._version, self._count = session.version, None
            self._past.clear()
            self.change(RowSource(reader, self.where, lambda row: is_masked(row, session.state)))
        marks = convicting(session.state)
        if marks != self.marked:
            self.mark(marks)
            self.change(self.view.source)
        self.tick()
        subtitle(self, self._said())

    def _said(self) -> str:
        """How many there are, and while they come how many a second."""
        reader, state = self.session.reader, self.session.state
        if reader is None:
            return ""
        self._count = reader.count(self.where, resume=self._count, budget=COUNTING)
        text = f"{self._count.n:,} {self.noun}" + (" and counting" if self._count.at_least else "")
        if not self.session.running or self._count.at_least:
            return text
        self._past.append((state.t, self._count.n))
        while len(self._past) > 2 and state.t - self._past[1][0] >= RATE_OVER:
            self._past.popleft()
        (since, before), span = self._past[0], state.t - self._past[0][0]
        rate = (self._count.n - before) * 1e9 / span if span >= RATE_OVER // 4 and since else 0.0
        return f"{rate:,.0f} a second, {text}" if rate >= 1 else text
