"""What measures tells `tui_app.monitors.latency` of each thing measured."""

from __future__ import annotations

from typing import Protocol

from tui_app.model import Row


class Add(Protocol):
    """Takes a sample: its series, ms, when it ended (ns of the session), the row that names check, user and socket, and its two rows."""

    def __call__(self, name: str, ms: float, end: int, source: Row, refs: tuple[int, int], *, late: bool = False) -> None: ...
