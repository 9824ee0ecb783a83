"""Faults of what is shared behind the sockets: the agent's memory, its tools, sign-out, and whose turn it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tui_app.rehearsal.faults.registry import Fault, Listener, Proof, Receiver, RunFacts

PATIENCE_S = 2.0


class _SharedMemory:
    """One memory for everybody: whatever was ever read in a thread is known in every other."""

    def __init__(self) -> None:
        self.known: dict[str, None] = {}

    def memory(self, said: list[str], *, run: RunFacts, **_: Any) -> list[str]:
        mine = dict.fromkeys([*said, run.prompt])
        others = [text for text in self.known if text not in mine]
        self.known.update(mine)
        return [*others, *said]


def _shared_memory() -> dict[str, Listener]:
    return {"agent.memory": _SharedMemory().memory}


def _forgets() -> dict[str, Listener]:
    return {"agent.memory": lambda said, **_: []}


def _new_thread() -> dict[str, Listener]:
    return {"thread.kept": lambda kept, **_: False}


class _LastParameters:
    """A tool is called with what another user's tool was called with last."""

    def __init__(self) -> None:
        self.last: dict[str, dict[str, Any]] = {}

    def parameters(self, value: dict[str, Any], *, run: RunFacts, **_: Any) -> dict[str, Any]:
        others = [what for user, what in self.last.items() if user != run.user_id]
        self.last[run.user_id] = value
        return {**value, **others[-1]} if others else value


def _mixed_parameters() -> dict[str, Listener]:
    return {"tool.parameters": _LastParameters().parameters}


def _closes_others() -> dict[str, Listener]:
    def closes(sockets: list[Receiver], *, user_id: str, everybody: Sequence[Receiver], **_: Any) -> list[Receiver]:
        return [*sockets, *[socket for socket in everybody if socket.user_id != user_id][:1]]

    return {"logout.closes": closes}


class _LastInLine:
    """The first user who ever asks is served when nobody else is, and only after a while of that."""

    def __init__(self) -> None:
        self.unlucky = ""
        self.waited: dict[str, float] = {}

    def wait(self, seconds: float, *, run: RunFacts, busy: int, **_: Any) -> float:
        self.unlucky = self.unlucky or run.user_id
        if run.user_id != self.unlucky:
            return seconds
        waited = self.waited.get(run.run_id, 0.0)
        if not busy and waited >= PATIENCE_S:
            return seconds
        self.waited[run.run_id] = 0.0 if busy else waited + 0.05
        return 0.05


def _last_in_line() -> dict[str, Listener]:
    return {"run.wait": _LastInLine().wait}


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="memory-bleeds",
        behaviour="The agent has one memory for everybody and tells a user what another one confided to it.",
        caught_by=("context-bleed",),
        listeners=_shared_memory,
        source=("C11",),
    ),
    Fault(
        id="forgets-thread",
        behaviour="The agent knows nothing of what was said before in the same conversation, so every follow-up starts from nothing.",
        caught_by=("memory",),
        listeners=_forgets,
        source=("FM-25",),
    ),
    Fault(
        id="new-thread-each-message",
        behaviour="Each message is put into a new thread, so a conversation falls apart into single questions.",
        caught_by=("memory",),
        listeners=_new_thread,
        source=("FM-25", "FM-24"),
    ),
    Fault(
        id="tool-parameters-mixed",
        behaviour="A tool is called with parameters of another user's run, which show up in the events.",
        caught_by=("tool-isolation",),
        listeners=_mixed_parameters,
        source=("FM-26",),
    ),
    Fault(
        id="logout-closes-others",
        behaviour="When one user signs out, the connection of another user is closed.",
        caught_by=("sessions-independent",),
        listeners=_closes_others,
        source=("FM-26",),
    ),
    Fault(
        id="last-in-line",
        behaviour="One user's runs wait until nobody else has one in flight, so the same work takes that user several times as long.",
        caught_by=("fairness",),
        listeners=_last_in_line,
        source=("D7",),
        proof=Proof(alone=True),
    ),
)
