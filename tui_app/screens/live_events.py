"""The newest frames on the live screen: what came in and went out at this moment, and how many there were."""

from __future__ import annotations

from collections import deque

from tui_app.recording.reader import Count
from tui_app.screens.frame_sections import Where
from tui_app.screens.masking import convicting, is_masked
from tui_app.screens.row_source import NoRows, RowSource
from tui_app.screens.view import View
from widgets.tail import Tail

FRAMES = Where("kind = 'frame'", ())
COUNTING = 0.005
"""Seconds a look may spend on counting frames; a long recording is counted over several looks."""
RATE_OVER = 2_000_000_000
"""The frames of so many ns make the rate."""


class LiveEvents(Tail):
    """WebSocket frames as they come, newest last."""

    def __init__(self, view: View, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(NoRows(), empty="Frames appear here as they arrive.", id=id, classes=classes)
        self.session = view
        self._version = -1
        self._count: Count | None = None
        self._past: deque[tuple[int, int]] = deque(maxlen=64)

    def pull(self) -> None:
        """Take what is new; called on the screen's tick."""
        session, reader = self.session, self.session.reader
        if reader is not None and (self._version != session.version or isinstance(self.view.source, NoRows)):
            self._version, self._count = session.version, None
            self._past.clear()
            self.change(RowSource(reader, FRAMES, lambda row: is_masked(row, session.state)))
        marks = convicting(session.state)
        if marks != self.marked:
            self.mark(marks)
            self.change(self.view.source)
        self.tick()
        self.border_subtitle = self._said()

    def _said(self) -> str:
        """How many frames, and while it runs how many a second."""
        reader, state = self.session.reader, self.session.state
        if reader is None:
            return ""
        self._count = reader.count(FRAMES, resume=self._count, budget=COUNTING)
        text = f"{self._count.n:,} frames" + (" and counting" if self._count.at_least else "")
        if not self.session.running or self._count.at_least:
            return text
        self._past.append((state.t, self._count.n))
        while len(self._past) > 2 and state.t - self._past[1][0] >= RATE_OVER:
            self._past.popleft()
        (since, before), span = self._past[0], state.t - self._past[0][0]
        return f"{(self._count.n - before) * 1e9 / span:,.0f} a second, {text}" if span >= RATE_OVER // 4 and since else text
