"""What a fault is, and how the services meet one without knowing it.

At a named place a service passes a value through `Seeded.apply(place, value, **facts)`; a seeded fault that listens there may
return another one. Nothing else of a service knows that faults exist. The places, their values and facts, stand in `places.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


class Receiver(Protocol):
    """A socket that frames can be delivered to."""

    user_id: str

    @property
    def open(self) -> bool: ...


class RunFacts(Protocol):
    """What a fault may know of a run."""

    run_id: str
    thread_id: str
    request_id: str
    user_id: str
    prompt: str
    ordinal: int

    @property
    def ids(self) -> dict[str, str]:
        """What every event of the run carries: run_id, thread_id, request_id, user_id."""


@dataclass(frozen=True)
class Reply:
    """An answer of a REST service on its way out. `body` is the decoded JSON; a listener changes a copy of it."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    """Added to those that the answer has."""


Delivery = tuple[Receiver, dict[str, Any] | str]
"""A frame for somebody; a text is sent as it is."""
Listener = Callable[..., Any]
Note = Callable[..., None]


@dataclass(frozen=True)
class Taken:
    """What becomes of something that a client sent: `answers` go out, then `message` is carried out (None: nothing is), then the
    socket closes with the code and reason of `close`."""

    message: dict[str, Any] | None
    answers: tuple[dict[str, Any], ...] = ()
    close: tuple[int, str] | None = None


@dataclass(frozen=True)
class Recited:
    """One event of a recited run: how long after the one before, in seconds, and what it says."""

    after: float
    type: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Proof:
    """The cheapest session in which the fault's check can FAIL, for `vigil selftest`.

    checks -- beside those of `caught_by` (with what they need), none by default
    options -- of the rehearsal, as on its command line
    limits -- of the target, in place of the strategy's, where the fault is one of time
    alone -- nothing runs beside this session: its fault is one of time
    duration_s -- of the session's soak, in seconds: compressed, where the fault is one of hours
    """

    checks: tuple[str, ...] = ()
    users: int = 2
    delay_scale: float = 0.05
    options: tuple[str, ...] = ()
    limits: Mapping[str, float] = field(default_factory=dict)
    iterations: int = 1
    alone: bool = False
    duration_s: float = 0.0

    @property
    def compressed(self) -> str:
        """What of the fault's time is not as in life, in words; '' where it takes as long as it would there."""
        options = dict(zip(self.options, self.options[1:], strict=False))
        scale, crowd = options.get("--wait-scale", ""), options.get("--crowd-scale", "")
        soak = f"a soak of {self.duration_s:g} s stands for hours" if self.duration_s else ""
        told = (soak, f"its times are scaled by {scale}" if scale else "", f"its numbers of users are scaled by {crowd}" if crowd else "")
        return "; ".join(part for part in told if part)


@dataclass(frozen=True)
class Fault:
    """One fault: what users would suffer, which checks must catch it, and how it listens (made anew for each process).

    source -- where the references describe it: 'B4' (validation methods 7) or 'FM-11' (wire contract 8)
    """

    id: str
    behaviour: str
    caught_by: tuple[str, ...]
    listeners: Callable[[], dict[str, Listener]]
    probabilistic: bool = False
    source: tuple[str, ...] = ()
    proof: Proof = Proof()


def _quiet(what: str, **facts: Any) -> None:
    """No log."""


class Seeded:
    """The faults of one process. With none seeded, `apply` returns every value as it is.

    `note(what, **facts)` is told of every value that a fault changed, with whose run or token it was: the truth that
    a self-test compares findings with.
    """

    def __init__(self, faults: Sequence[Fault] = (), note: Note = _quiet) -> None:
        self.ids = tuple(fault.id for fault in faults)
        self._note = note
        self.crowd: Callable[[], int] = lambda: 0
        """How many runs are under way, as the process's scale of crowds has them: a fact that faults of load go by."""
        self._places: dict[str, list[tuple[str, Listener]]] = {}
        for fault in faults:
            for place, listener in fault.listeners().items():
                self._places.setdefault(place, []).append((fault.id, listener))

    def listens(self, place: str) -> bool:
        """Whether any fault takes hold at a place: where it costs something to make the place's value."""
        return place in self._places

    def apply(self, place: str, value: Any, **facts: Any) -> Any:
        """`value` as the faults that listen at `place` leave it. A listener returns a new value and changes none in place."""
        for name, listener in self._places.get(place, ()):
            changed = listener(value, **facts)
            if changed is not value and changed != value:
                self._note("fault", fault=name, place=place, **_whose(facts))
            value = changed
        return value


def _whose(facts: Mapping[str, Any]) -> dict[str, str]:
    """The run and the user that the facts of a place name, if they do."""
    run, claims = facts.get("run"), facts.get("claims")
    whose = {
        "run_id": getattr(run, "run_id", ""),
        "request_id": getattr(run, "request_id", ""),
        "user_id": getattr(run, "user_id", "") or getattr(claims, "sub", ""),
    }
    for name in ("user_id", "run_id"):
        if isinstance(facts.get(name), str):
            whose[name] = facts[name]
    return {key: value for key, value in whose.items() if value}
