"""Ways to bend what a run tells: listeners at `event.route` that faults are made of. None changes a frame in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tui_app.rehearsal.faults.registry import Delivery, Listener, RunFacts

Frame = dict[str, Any]


def kind(frame: Frame | str) -> str:
    """The type of a frame; a text has none."""
    return "" if isinstance(frame, str) else str(frame.get("type"))


def with_data(frame: Frame, **changes: Any) -> Frame:
    """The frame with other values in its `data`."""
    return {**frame, "data": {**frame["data"], **changes}}


def route(each: Callable[[Frame, RunFacts], Sequence[Frame | str]]) -> dict[str, Listener]:
    """A listener that replaces each frame of a run by those that `each` gives, for all who get it."""

    def listen(deliveries: list[Delivery], *, run: RunFacts, frame: Frame, **_: Any) -> list[Delivery]:
        told = list(each(frame, run))
        return deliveries if told == [frame] else [(receiver, one) for one in told for receiver, _ in deliveries]

    return {"event.route": listen}


def dropping(*types: str) -> Callable[[], dict[str, Listener]]:
    """Frames of these types are never told."""
    return lambda: route(lambda frame, run: [] if frame["type"] in types else [frame])


def doubling(*types: str) -> Callable[[], dict[str, Listener]]:
    """Frames of these types are told twice."""
    return lambda: route(lambda frame, run: [frame, frame] if frame["type"] in types else [frame])


def changing(change: Callable[[Frame], Frame | str], *types: str) -> Callable[[], dict[str, Listener]]:
    """Frames of these types (or of all) are changed."""
    return lambda: route(lambda frame, run: [change(frame)] if not types or frame["type"] in types else [frame])


class Late:
    """Keeps the first frame of `early` that `wanted` takes until one of `late` has been told, in every run."""

    def __init__(self, early: str, late: str, wanted: Callable[[Frame], bool] = lambda frame: True) -> None:
        self.early, self.late, self.wanted = early, late, wanted
        self.kept: dict[str, Frame] = {}
        self.done: set[str] = set()

    def __call__(self, frame: Frame, run: RunFacts) -> list[Frame | str]:
        name = run.run_id
        if frame["type"] == self.early and name not in self.kept and name not in self.done and self.wanted(frame):
            self.kept[name] = frame
            return []
        if frame["type"] == self.late and name in self.kept:
            self.done.add(name)
            return [frame, self.kept.pop(name)]
        return [frame]


class PerRun:
    """Counts what is told of one type in each run, from 1."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], int] = {}

    def __call__(self, frame: Frame, run: RunFacts) -> int:
        key = (run.run_id, str(frame["type"]))
        self.counts[key] = self.counts.get(key, 0) + 1
        return self.counts[key]
