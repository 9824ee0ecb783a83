"""Faults of coming back: reconnects, and what became of the work meanwhile."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

from tui_app.rehearsal.faults.ends import Ending
from tui_app.rehearsal.faults.registry import Delivery, Fault, Listener, Proof, Receiver, RunFacts

QUICK = Proof(delay_scale=0.05)


def _no_reconnect() -> dict[str, Listener]:
    def close(was: Ending | None, *, stage: str, lost_ago: float | None, **_: Any) -> Ending | None:
        return Ending(1013, "Try again later") if stage == "accepted" and lost_ago is not None and lost_ago < 6.0 else was

    return {"connect.close": close}


def _manager_limit() -> dict[str, Listener]:
    def close(was: Ending | None, *, stage: str, ordinal: int, **_: Any) -> Ending | None:
        return Ending(1011, "The user has reached the maximum number of managers") if stage == "accepted" and ordinal > 8 else was

    return {"connect.close": close}


def _limiter_for_ever() -> dict[str, Listener]:
    def close(was: Ending | None, *, stage: str, ordinal: int, **_: Any) -> Ending | None:
        return Ending(1008, "Rate limit exceeded - retry after 1s") if stage == "accepted" and ordinal > 8 else was

    return {"connect.close": close}


def _storm() -> dict[str, Listener]:
    """Counts the upgrades of each token, refused ones too."""
    asked = Counter[str]()

    def status(was: int, *, token: str, **_: Any) -> int:
        asked[token] += 1
        return 429 if asked[token] > 8 else was

    return {"connect.status": status}


def _run_lost() -> dict[str, Listener]:
    return {"run.survives": lambda was, **_: False}


class _Replay:
    """Keeps a user's last events and sends them again, unmarked, to the next socket."""

    def __init__(self) -> None:
        self.kept: dict[str, deque[dict[str, Any]]] = {}

    def seen(self, deliveries: list[Delivery], *, run: RunFacts, frame: dict[str, Any], **_: Any) -> list[Delivery]:
        self.kept.setdefault(run.user_id, deque(maxlen=50)).append(frame)
        return deliveries

    def opened(self, frames: list[dict[str, Any]], *, user_id: str, **_: Any) -> list[dict[str, Any]]:
        return [*frames, *self.kept.pop(user_id, ())]


def _replay() -> dict[str, Listener]:
    replay = _Replay()
    return {"event.route": replay.seen, "socket.opened": replay.opened}


class _Forgotten:
    """What could be told to a socket that looked open is kept nowhere."""

    def __init__(self) -> None:
        self.told: dict[str, Receiver] = {}

    def route(self, deliveries: list[Delivery], *, run: RunFacts, **_: Any) -> list[Delivery]:
        if deliveries:
            self.told[run.run_id] = deliveries[0][0]
        return deliveries

    def stored(self, message: dict[str, Any] | None, *, run_id: str = "", **_: Any) -> dict[str, Any] | None:
        told = self.told.get(run_id)
        delivered = message is not None and message.get("role") == "assistant" and told is not None and told.open
        return None if delivered else message


def _forgotten() -> dict[str, Listener]:
    forgotten = _Forgotten()
    return {"event.route": forgotten.route, "message.stored": forgotten.stored}


class _LastSocket:
    """The answers of a user go to the socket that asked before, as long as that one looks open."""

    def __init__(self) -> None:
        self.last: dict[str, Receiver] = {}
        self.instead: dict[str, Receiver | None] = {}

    def route(self, deliveries: list[Delivery], *, run: RunFacts, **_: Any) -> list[Delivery]:
        asking = deliveries[0][0] if deliveries else None
        if asking is None:
            return deliveries
        if run.run_id not in self.instead:
            before = self.last.get(run.user_id)
            self.instead[run.run_id] = before if before is not None and before is not asking and before.open else None
            if self.instead[run.run_id] is None:
                self.last[run.user_id] = asking
        dead = self.instead[run.run_id]
        return deliveries if dead is None else [(dead if to is asking else to, frame) for to, frame in deliveries]


def _thread_forgotten() -> dict[str, Listener]:
    """A thread belongs to the socket on which it was first used."""
    first: dict[str, float] = {}

    def known(thread: dict[str, Any] | None, *, opened: float, **_: Any) -> dict[str, Any] | None:
        return thread if thread is None or first.setdefault(thread["id"], opened) == opened else None

    return {"thread.known": known}


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="delivered-is-forgotten",
        behaviour="What was sent to a connection that only looked alive counts as read and is kept nowhere: the answer is lost for good.",
        caught_by=("missed-events",),
        listeners=_forgotten,
        source=("D2", "FM-23"),
        proof=Proof(delay_scale=0.05, limits={"run_s": 4.0}),
    ),
    Fault(
        id="answers-to-the-dead-socket",
        behaviour="While a dead connection of a user still looks open, answers go there, and the new one stays silent.",
        caught_by=("recovery-cut",),
        listeners=lambda: {"event.route": _LastSocket().route},
        source=("D4",),
        proof=Proof(users=5, delay_scale=0.05, limits={"run_s": 3.0}),
    ),
    Fault(
        id="no-reconnect-for-6s",
        behaviour="For six seconds after a lost connection nobody is let in again: a blink of the network is an outage.",
        caught_by=("recovery-cut",),
        listeners=_no_reconnect,
        source=("D1",),
        proof=Proof(users=5, delay_scale=0.05, options=("--wait-scale", "0.3"), limits={"recovery_s": 1.0}, alone=True),
    ),
    Fault(
        id="manager-limit",
        behaviour="Every reconnect uses something up, and after a few of them the user is let in no more.",
        caught_by=("reconnects",),
        listeners=_manager_limit,
        source=("FM-52",),
        proof=QUICK,
    ),
    Fault(
        id="limiter-never-lifts",
        behaviour="A limit on reconnects tells users to come back in a second, and never lets them in again.",
        caught_by=("reconnects",),
        listeners=_limiter_for_ever,
        source=("D8",),
        proof=QUICK,
    ),
    Fault(
        id="storm-limiter-429",
        behaviour="After a few reconnects the front answers that it is too much, asks for a second's patience, and never lets in again.",
        caught_by=("reconnects",),
        listeners=_storm,
        source=("D8",),
        proof=QUICK,
    ),
    Fault(
        id="run-lost-with-socket",
        behaviour="Work in flight dies with the connection: no event of it comes later, and the history never holds the answer.",
        caught_by=("missed-events",),
        listeners=_run_lost,
        source=("D2", "FM-23"),
        proof=Proof(delay_scale=0.05, limits={"run_s": 3.0}),
    ),
    Fault(
        id="replay-unflagged",
        behaviour="After a reconnect old events are sent again as if they were new, so users see the same work twice.",
        caught_by=("missed-events",),
        listeners=_replay,
        source=("D3", "FM-22"),
        proof=QUICK,
    ),
    Fault(
        id="thread-forgotten",
        behaviour="After a reconnect the conversation that was open is unknown, and the user has to begin anew.",
        caught_by=("state-after-reconnect",),
        listeners=_thread_forgotten,
        source=("D9",),
        proof=QUICK,
    ),
)
