"""What measures tells `tui_app.monitors.latency` of each thing measured."""

from __future__ import annotations

from typing import Protocol


class Source(Protocol):
    """Whose a sample is: a row has it, and so has a run."""

    @property
    def check(self) -> str: ...
    @property
    def user(self) -> str: ...
    @property
    def conn(self) -> int: ...


class Add(Protocol):
    """Takes a sample: its series, ms, when it ended (ns of the session), what names check, user and socket, and its two rows."""

    def __call__(self, name: str, ms: float, end: int, source: Source, refs: tuple[int, int], *, late: bool = False) -> None: ...
