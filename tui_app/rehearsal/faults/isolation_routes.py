"""Faults that deliver an event, or a part of one, to somebody whom it is not meant for."""

from __future__ import annotations

import base64
import gzip
import random
import re
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from tui_app.rehearsal.faults.registry import Delivery, Fault, Listener, Proof, Receiver, RunFacts
from tui_app.rehearsal.instances import current

Frame = dict[str, Any]
Others = Callable[[], Sequence[Receiver]]
Route = Callable[..., list[Delivery]]
QUOTED = re.compile(r"[0-9a-f]{16,}")
REMEMBERED = 12
MANY = 20
IN_TWO_HUNDRED = 0.005


def _routing(make: Callable[[], Route]) -> Callable[[], dict[str, Listener]]:
    return lambda: {"event.route": make()}


def _broadcast() -> Route:
    def route(deliveries: list[Delivery], *, frame: Frame, others: Others, **_: Any) -> list[Delivery]:
        return [*deliveries, *((socket, frame) for socket in others())]

    return route


def _newest_too() -> Route:
    def route(deliveries: list[Delivery], *, frame: Frame, others: Others, **_: Any) -> list[Delivery]:
        return [*deliveries, *((socket, frame) for socket in others()[-1:])]

    return route


def _crowded() -> Route:
    def route(deliveries: list[Delivery], *, frame: Frame, others: Others, **_: Any) -> list[Delivery]:
        there = others()
        if len(there) < MANY or frame.get("type") != "tool_completed":
            return deliveries
        return [*deliveries, (there[0], frame)]

    return route


def _second_instance() -> Route:
    def route(deliveries: list[Delivery], *, frame: Frame, others: Others, **_: Any) -> list[Delivery]:
        if current() < 2 or frame.get("type") != "tool_completed":
            return deliveries
        return [*deliveries, *((socket, frame) for socket in others()[-1:])]

    return route


def _at_random() -> Route:
    dice: dict[int, random.Random] = {}

    def route(deliveries: list[Delivery], *, frame: Frame, others: Others, seed: int = 0, **_: Any) -> list[Delivery]:
        rng = dice.setdefault(seed, random.Random(f"{seed} misroute"))
        there = others()
        if not there or rng.random() >= IN_TWO_HUNDRED:
            return deliveries
        return [*deliveries, (rng.choice(there), frame)]

    return route


def _reused_slot() -> Route:
    """What is sent to a socket that is gone reaches the one that was opened last."""

    def route(deliveries: list[Delivery], *, others: Others, **_: Any) -> list[Delivery]:
        heirs = others()[-1:]
        return [(receiver if receiver.open or not heirs else heirs[0], frame) for receiver, frame in deliveries]

    return route


class _Replay:
    """Keeps the newest events of everybody, and greets each new socket with those of others."""

    def __init__(self) -> None:
        self.newest: deque[tuple[str, Frame]] = deque(maxlen=REMEMBERED)

    def route(self, deliveries: list[Delivery], *, run: RunFacts, frame: Frame, **_: Any) -> list[Delivery]:
        self.newest.append((run.user_id, frame))
        return deliveries

    def opened(self, sent: list[Frame], *, user_id: str, **_: Any) -> list[Frame]:
        return [*sent, *(frame for owner, frame in self.newest if owner != user_id)]


def _replay() -> dict[str, Listener]:
    replay = _Replay()
    return {"event.route": replay.route, "socket.opened": replay.opened}


def _stranger() -> dict[str, Listener]:
    """A person whom nobody here knows: left over from another day."""

    def opened(sent: list[Frame], **_: Any) -> list[Frame]:
        person = {"user_id": "7c0d0b52-3a0e-4c7e-9d57-1f6f3a4f2b10", "status": "working"}
        return [*sent, {"type": "agent_progress", "data": person, "timestamp": 0}]

    return {"socket.opened": opened}


def _titles() -> dict[str, Listener]:
    def notice(deliveries: list[Delivery], *, others: Others, **_: Any) -> list[Delivery]:
        told = [{**frame, "data": {"title": frame["data"]["title"]}} for _, frame in deliveries[:1] if isinstance(frame, dict)]
        return [*deliveries, *((socket, frame) for frame in told for socket in others())]

    return {"notice.route": notice}


def _told(words: Callable[[RunFacts, str], str]) -> Callable[[], dict[str, Listener]]:
    """At a run's end, another user's newest socket is told `words(run, answer)` in an event that names nobody."""

    def make() -> Route:
        def route(deliveries: list[Delivery], *, run: RunFacts, frame: Frame, others: Others, **_: Any) -> list[Delivery]:
            there = others()
            if frame.get("type") != "agent_completed" or not there:
                return deliveries
            data = {"message": words(run, str(frame["data"].get("result", "")))}
            return [*deliveries, (there[-1], {"type": "agent_progress", "data": data, "timestamp": frame["timestamp"]})]

        return route

    return _routing(make)


def _form(encode: Callable[[str], str]) -> Callable[[], dict[str, Listener]]:
    return _told(lambda _, answer: encode(answer))


def _cut(answer: str) -> str:
    found = QUOTED.search(answer)
    return f"ref {found[0][:17]}" if found else "no ref"


def _nobody() -> Route:
    """Every second run of a user is carried out, and its events reach nobody."""
    counted: dict[str, int] = {}

    def route(deliveries: list[Delivery], *, run: RunFacts, **_: Any) -> list[Delivery]:
        number = counted.setdefault(run.run_id, len(counted) + 1)
        return [] if number % 2 == 0 else deliveries

    return route


def _in_turn() -> Route:
    """With two sockets of one user, events go now to the one, now to the other."""
    turn = [0]

    def route(deliveries: list[Delivery], *, frame: Frame, siblings: Others, **_: Any) -> list[Delivery]:
        mine = siblings()
        turn[0] += 1
        return [(mine[0], frame)] if mine and turn[0] % 2 and frame.get("type") != "agent_completed" else deliveries

    return route


def _some_copies() -> Route:
    def route(deliveries: list[Delivery], *, frame: Frame, siblings: Others, **_: Any) -> list[Delivery]:
        if frame.get("type") not in ("agent_started", "tool_executing"):
            return deliveries
        return [*deliveries, *((socket, frame) for socket in siblings())]

    return route


def _leak(id: str, behaviour: str, make: Callable[[], dict[str, Listener]], *source: str, **more: Any) -> Fault:
    return Fault(id=id, behaviour=behaviour, caught_by=("isolation-frames",), listeners=make, source=source, **more)


FAULTS: tuple[Fault, ...] = (
    _leak("broadcast-events", "Every event of every run is delivered to all who are connected.", _routing(_broadcast), "C1", "FM-26"),
    _leak(
        "newest-gets-all",
        "Whoever connected last gets a copy of the events of everybody else's runs.",
        _routing(_newest_too),
        "C1",
        "FM-26",
    ),
    _leak(
        "leak-under-load",
        "With more than twenty users connected, results of tools are delivered to another user as well.",
        _routing(_crowded),
        "C9",
        proof=Proof(users=22),
    ),
    _leak(
        "leak-on-second-instance",
        "Whoever is served by the second instance of the backend has results of their tools delivered to another user as well.",
        _routing(_second_instance),
        "C10",
        proof=Proof(options=("--instances", "2")),
    ),
    _leak(
        "misroute-at-random",
        "One event in two hundred, whichever it is, is delivered to another connected user as well.",
        _routing(_at_random),
        "C12",
        probabilistic=True,
        proof=Proof(users=5, iterations=2),
    ),
    _leak("stranger-event", "Whoever connects is sent an event of a person who has nothing to do with them.", _stranger, "FM-26"),
    _leak("leak-title", "When a thread is renamed, its new title is shown to all who are connected.", _titles, "C8"),
    _leak("leak-run-id", "Other users are told the id of a run that is none of theirs.", _told(lambda run, _: f"run {run.run_id}"), "C15"),
    _leak(
        "leak-thread-id",
        "Other users are told the id of a thread that is none of theirs.",
        _told(lambda run, _: f"in {run.thread_id}"),
        "C15",
    ),
    _leak("leak-user-id", "Other users are told the id of who has just been served.", _told(lambda run, _: f"for {run.user_id}"), "C15"),
    _leak(
        "leak-request-id",
        "Other users are told the id of a request that is none of theirs.",
        _told(lambda run, _: f"after {run.request_id}"),
        "C15",
    ),
    _leak(
        "leak-base64", "Another user gets a run's answer, in base64.", _form(lambda text: base64.b64encode(text.encode()).decode()), "C13"
    ),
    _leak(
        "leak-gzip",
        "Another user gets a run's answer, compressed and in base64.",
        _form(lambda text: base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()),
        "C13",
    ),
    _leak("leak-hex", "Another user gets a run's answer, as hexadecimal digits.", _form(lambda text: text.encode().hex()), "C13"),
    _leak("leak-reversed", "Another user gets a run's answer, from its end to its beginning.", _form(lambda text: text[::-1]), "C13"),
    _leak(
        "leak-percent",
        "Another user gets a run's answer, escaped as in an address.",
        _form(lambda text: "".join(f"%{byte:02X}" for byte in text.encode())),
        "C13",
    ),
    _leak(
        "leak-escaped",
        "Another user gets a run's answer, escaped as in JSON.",
        _form(lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text)),
        "C13",
    ),
    _leak("leak-partly", "Another user gets a few digits of a reference out of a run's answer.", _form(_cut), "C13"),
    Fault(
        id="replay-others",
        behaviour="Whoever connects is first sent the newest events of other users' runs.",
        caught_by=("isolation-windows",),
        listeners=_replay,
        source=("C3",),
    ),
    Fault(
        id="late-event-to-next",
        behaviour="When a connection is lost in mid-run, the rest of the run's events reach the user who connected last.",
        caught_by=("isolation-windows",),
        listeners=_routing(_reused_slot),
        source=("C4",),
    ),
    Fault(
        id="events-reach-nobody",
        behaviour="Every second run works and its answer is stored, but no event of it is ever delivered.",
        caught_by=("run-reaches-asker",),
        listeners=_routing(_nobody),
        source=("FM-23",),
        proof=Proof(limits={"run_s": 3.0}),
    ),
    Fault(
        id="second-socket-takes",
        behaviour="A user with two windows open gets the events of a run now in the one, now in the other, and the whole in neither.",
        caught_by=("two-sockets",),
        listeners=_routing(_in_turn),
        source=("C14",),
    ),
    Fault(
        id="second-socket-partly",
        behaviour="A user's second window shows that a run began and what tool it uses, and never how it ends.",
        caught_by=("two-sockets",),
        listeners=_routing(_some_copies),
        source=("C14",),
    ),
)
