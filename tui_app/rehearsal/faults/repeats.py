"""Faults that one try may miss, and that only repeating tells apart: now and then, from some moment on, when cold, on one instance.

All keep a run's thoughts to themselves, so that what differs is when they do it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final
from weakref import WeakSet

from tui_app.rehearsal.faults.registry import Delivery, Fault, Listener, Proof, Receiver, RunFacts
from tui_app.rehearsal.instances import current

ONE_IN: Final = 8
SOUND_RUNS: Final = 5
"""Runs that a process serves well before it breaks."""

Decides = Callable[[RunFacts, Receiver | None, int], bool]
"""Whether a run is one of those that are hit: the run, who hears of it first, the rehearsal's seed."""


def _silent(decide: Callable[[], Decides]) -> Callable[[], dict[str, Listener]]:
    """Runs that `decide` picks, once each, are told without a thought."""

    def listeners() -> dict[str, Listener]:
        picks = decide()
        hit: dict[str, bool] = {}

        def listen(deliveries: list[Delivery], *, run: RunFacts, frame: dict[str, Any], seed: int = 0, **_: Any) -> list[Delivery]:
            if run.run_id not in hit:
                hit[run.run_id] = picks(run, deliveries[0][0] if deliveries else None, seed)
            return [] if hit[run.run_id] and frame["type"] == "agent_thinking" else deliveries

        return {"event.route": listen}

    return listeners


def _now_and_then() -> Decides:
    dice: dict[int, random.Random] = {}
    return lambda run, receiver, seed: dice.setdefault(seed, random.Random(f"{seed} now and then")).random() * ONE_IN < 1


def _after_a_while() -> Decides:
    served: list[int] = [0]

    def picks(run: RunFacts, receiver: Receiver | None, seed: int) -> bool:
        served[0] += 1
        return served[0] > SOUND_RUNS

    return picks


def _first_on_a_socket() -> Decides:
    known: WeakSet[Any] = WeakSet()

    def picks(run: RunFacts, receiver: Receiver | None, seed: int) -> bool:
        if receiver is None or receiver in known:
            return False
        known.add(receiver)
        return True

    return picks


def _on_the_second() -> Decides:
    return lambda run, receiver, seed: current() == 2


FAULTS: tuple[Fault, ...] = (
    Fault(
        "runs-now-and-then-cut",
        "One run in eight is told without a thought, so now and then a user watches nothing happen, and nobody can show it again.",
        ("golden-path",), _silent(_now_and_then), probabilistic=True, source=("B21",), proof=Proof(iterations=12),
    ),
    Fault(
        "breaks-after-a-while",
        "A process serves its first runs well, and from then on tells no thought of any run until somebody starts it again.",
        ("golden-path",), _silent(_after_a_while), source=("B21",), proof=Proof(iterations=12),
    ),
    Fault(
        "first-run-cut",
        "The first run on every new connection is told without a thought, so whoever has just come waits in front of a silent screen.",
        ("five-events",), _silent(_first_on_a_socket), source=("B21",), proof=Proof(iterations=2),
    ),
    Fault(
        "second-instance-silent",
        "One of two instances tells no thought of its runs, so every other user watches nothing happen, and the rest sees no fault.",
        ("golden-path",), _silent(_on_the_second), source=("C10",), proof=Proof(options=("--instances", "2"), iterations=4),
    ),
)  # fmt: skip
