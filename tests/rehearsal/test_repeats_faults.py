"""Faults that only repeating tells apart: which runs each of them hits, and that it takes their thoughts and nothing else."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tui_app.model import CRITICAL_EVENTS
from tui_app.rehearsal.faults import FAULTS, repeats
from tui_app.rehearsal.faults.registry import Seeded


class Session:
    """A socket."""


def thoughtful(faults: Seeded, number: int, socket: Session, seed: int = 1) -> bool:
    """Tell one run; whether its thoughts came. Everything else has to."""
    told = []
    for name in CRITICAL_EVENTS:
        frame = {"type": name}
        run = SimpleNamespace(run_id=f"r{number}")
        told += [what["type"] for _, what in faults.apply("event.route", [(socket, frame)], run=run, frame=frame, seed=seed)]
    assert [name for name in CRITICAL_EVENTS if name != "agent_thinking"] == [name for name in told if name != "agent_thinking"]
    return "agent_thinking" in told


def runs(fault: str, count: int, seed: int = 1) -> list[bool]:
    faults, socket = Seeded([FAULTS[fault]]), Session()
    return [thoughtful(faults, number, socket, seed) for number in range(count)]


def test_now_and_then_is_one_in_eight_and_the_same_for_one_seed() -> None:
    hit = runs("runs-now-and-then-cut", 800).count(False)
    assert 70 < hit < 130
    assert runs("runs-now-and-then-cut", 50, 2) == runs("runs-now-and-then-cut", 50, 2) != runs("runs-now-and-then-cut", 50, 3)


def test_after_a_while_nothing_is_well_any_more() -> None:
    assert runs("breaks-after-a-while", 20) == [True] * repeats.SOUND_RUNS + [False] * (20 - repeats.SOUND_RUNS)


def test_the_first_run_of_each_connection_is_hit_and_no_other() -> None:
    faults = Seeded([FAULTS["first-run-cut"]])
    one, two = Session(), Session()
    said = [thoughtful(faults, number, socket) for number, socket in enumerate((one, one, two, one, two))]
    assert said == [False, True, False, True, True]


@pytest.mark.parametrize(("instance", "well"), [(1, True), (2, False)])
def test_one_instance_is_hit_and_the_other_is_not(instance: int, well: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "current", lambda: instance)
    assert runs("second-instance-silent", 3) == [well] * 3
