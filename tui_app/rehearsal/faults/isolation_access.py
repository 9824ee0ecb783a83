"""Faults that let a user read, change, follow or stop what belongs to another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tui_app.rehearsal.faults.registry import Delivery, Fault, Listener, Receiver, RunFacts


def _may(thing: str, action: str) -> Callable[[], dict[str, Listener]]:
    """Nobody is kept from doing this one thing."""

    def denied(keep_out: bool, *, thing: str, action: str, **_: Any) -> bool:
        return False if (thing, action) == wanted else keep_out

    wanted = (thing, action)
    return lambda: {"access.denied": denied}


def _everybodys(wanted: str) -> Callable[[], dict[str, Listener]]:
    def owner(whose: str | None, *, what: str, **_: Any) -> str | None:
        return None if what == wanted else whose

    return lambda: {"list.owner": owner}


class _Guessers:
    """Remembers who was refused a thread, and gives them its events all the same."""

    def __init__(self) -> None:
        self.named: dict[str, set[str]] = {}

    def denied(self, keep_out: bool, *, thing: str, action: str, id: str, user_id: str, **_: Any) -> bool:
        if (thing, action) == ("thread", "run"):
            self.named.setdefault(id, set()).add(user_id)
        return keep_out

    def route(
        self, deliveries: list[Delivery], *, run: RunFacts, frame: dict[str, Any], others: Callable[[], list[Receiver]], **_: Any
    ) -> list[Delivery]:
        guessers = self.named.get(run.thread_id)
        if not guessers:
            return deliveries
        return [*deliveries, *((socket, frame) for socket in others() if socket.user_id in guessers)]


def _guess_thread() -> dict[str, Listener]:
    guessers = _Guessers()
    return {"access.denied": guessers.denied, "event.route": guessers.route}


def _name_owner() -> dict[str, Listener]:
    def text(said: str, *, owner: str, **_: Any) -> str:
        return f"{said} (it belongs to user {owner})"

    return {"denial.text": text}


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="read-others-thread",
        behaviour="Whoever knows a thread's id may open it over REST, title and all, whosever it is.",
        caught_by=("isolation-rest",),
        listeners=_may("thread", "read"),
        source=("C5", "FM-27"),
    ),
    Fault(
        id="read-others-messages",
        behaviour="Whoever knows a thread's id may read all of its messages over REST, whosever they are.",
        caught_by=("isolation-rest",),
        listeners=_may("thread", "read messages"),
        source=("C5", "FM-27"),
    ),
    Fault(
        id="rename-others-thread",
        behaviour="Whoever knows a thread's id may give it another title, and its owner finds it renamed.",
        caught_by=("isolation-rest",),
        listeners=_may("thread", "rename"),
        source=("C5", "FM-27"),
    ),
    Fault(
        id="archive-others-thread",
        behaviour="Whoever knows a thread's id may archive it, and it is gone from its owner's list.",
        caught_by=("isolation-rest",),
        listeners=_may("thread", "archive"),
        source=("C5", "FM-27"),
    ),
    Fault(
        id="write-others-thread",
        behaviour="Whoever knows a thread's id may write messages into it over REST, in its owner's name.",
        caught_by=("isolation-rest",),
        listeners=_may("thread", "write"),
        source=("C5", "FM-27"),
    ),
    Fault(
        id="list-others-threads",
        behaviour="The list of threads holds everybody's, so each user reads the titles of all others.",
        caught_by=("isolation-lists",),
        listeners=_everybodys("threads"),
        source=("C5", "FM-27"),
    ),
    Fault(
        id="chat-messages-of-anybody",
        behaviour="Chat messages are given to whoever names the thread they belong to, without a look at whose they are.",
        caught_by=("isolation-lists",),
        listeners=_everybodys("chat"),
        source=("FM-27", "C5"),
    ),
    Fault(
        id="run-in-others-thread",
        behaviour="Over the WebSocket a user may have the agent work in a thread of somebody else, who finds question and answer there.",
        caught_by=("isolation-active",),
        listeners=_may("thread", "run"),
        source=("C2", "C5"),
    ),
    Fault(
        id="guess-thread-events",
        behaviour="Whoever once sent a thread's id over the WebSocket is refused, but gets the events of its runs from then on.",
        caught_by=("isolation-active",),
        listeners=_guess_thread,
        source=("C2", "FM-26"),
    ),
    Fault(
        id="subscribe-others-run",
        behaviour="A user may subscribe to a run of somebody else and watch its thoughts and results.",
        caught_by=("isolation-active",),
        listeners=_may("run", "subscribe"),
        source=("C6",),
    ),
    Fault(
        id="follow-others-thread",
        behaviour="A user may subscribe to a thread of somebody else and gets whatever is asked and answered there.",
        caught_by=("isolation-active",),
        listeners=_may("thread", "subscribe"),
        source=("C6",),
    ),
    Fault(
        id="stop-others-run",
        behaviour="A user may stop a run of somebody else, who waits for an answer in vain.",
        caught_by=("isolation-active",),
        listeners=_may("run", "stop"),
        source=("C7",),
    ),
    Fault(
        id="error-names-owner",
        behaviour="A refusal tells whoever was refused the identity of the user whom the thing belongs to.",
        caught_by=("isolation-errors",),
        listeners=_name_owner,
        source=("C15",),
    ),
)
