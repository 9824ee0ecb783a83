"""Faults between a tier and what is said of it: the services and health look well, and the store itself holds something else.

Whoever only asks the platform sees little or nothing of them; whoever looks into the store does.
"""

from __future__ import annotations

from typing import Any

from tui_app.rehearsal.faults.registry import Fault, Listener, Proof
from tui_app.rehearsal.faults.replies import Listeners

Message = dict[str, Any]
ONE_RUN = Proof(users=1)
CUT = 12


def _in_memory() -> dict[str, Listener]:
    """No message is stored; what was said is remembered by the process, and shown."""
    said: dict[str, list[Message]] = {}

    def keep(message: Message, **_: Any) -> None:
        said.setdefault(message["thread_id"], []).append(message)

    def show(found: list[Message], *, thread_id: str) -> list[Message]:
        return [*found, *said.get(thread_id, ())]

    return {"message.stored": keep, "history.shown": show}


def _kept_otherwise() -> dict[str, Listener]:
    """The store gets the beginning of each message, readers get the whole."""
    whole: dict[str, str] = {}

    def keep(message: Message, **_: Any) -> Message:
        whole[message["id"]] = message["content"]
        return {**message, "content": message["content"][:CUT]}

    def show(found: list[Message], **_: Any) -> list[Message]:
        return [{**one, "content": whole.get(one["id"], one["content"])} for one in found]

    return {"message.stored": keep, "history.shown": show}


def _first_session_for_all() -> dict[str, Listener]:
    """Whose session was stored first, everybody's is from then on."""
    first: list[str] = []

    def keep(session: dict[str, str], *, user_id: str) -> dict[str, str]:
        first.append(user_id)
        return {**session, "user_id": first[0]}

    return {"session.kept": keep}


def _without(what: str) -> Listeners:
    """One kind of thing never reaches its store."""

    def keeps(kept: bool, **facts: Any) -> bool:
        return kept and facts["what"] != what

    return lambda: {"tier.keeps": keeps}


def _every_second_run() -> dict[str, Listener]:
    runs: dict[str, int] = {}  # by thread, so that what a user does elsewhere at the same time changes nothing

    def keeps(kept: bool, *, what: str, thread_id: str = "", **_: Any) -> bool:
        if what != "run":
            return kept
        runs[thread_id] = runs.get(thread_id, 0) + 1
        return kept and runs[thread_id] % 2 == 1

    return {"tier.keeps": keeps}


def _out_of_reach() -> dict[str, Listener]:
    """The services cannot reach the analytics store; health, which has a connection of its own, can."""

    def serves(serving: bool, *, tier: str) -> bool:
        return serving and tier != "clickhouse"

    return {"tier.serves": serves}


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="message-only-in-memory",
        behaviour="What is written is shown from the memory of a process and never reaches the core store, so the next restart loses it.",
        caught_by=("tier-postgres-message",),
        listeners=_in_memory,
        source=("F4", "FM-47"),
        proof=ONE_RUN,
    ),
    Fault(
        id="message-kept-otherwise",
        behaviour="The core store has the beginning of each message while the whole is shown from memory, until that memory is gone.",
        caught_by=("tier-postgres-message",),
        listeners=_kept_otherwise,
        source=("F4",),
        proof=ONE_RUN,
    ),
    Fault(
        id="session-of-another-user",
        behaviour="The cache hands a user the session of somebody else, and with it the account that the page shows.",
        caught_by=("sign-in-triangle", "tier-redis-session"),
        listeners=_first_session_for_all,
        source=("FM-40",),
        proof=Proof(users=2),
    ),
    Fault(
        id="session-not-kept",
        behaviour="Sessions are known to one process and to no cache, so every restart signs everybody out.",
        caught_by=("tier-redis-session",),
        listeners=_without("session"),
        source=("FM-40",),
        proof=ONE_RUN,
    ),
    Fault(
        id="revocation-not-shared",
        behaviour="Signing out is known to the instance that was asked and to no other, so a stolen token lives on elsewhere.",
        caught_by=("tier-redis-session",),
        listeners=_without("revocation key"),
        source=("A6", "FM-40"),
        proof=ONE_RUN,
    ),
    Fault(
        id="analytics-rows-lost",
        behaviour="Every second run in a thread leaves no row in analytics, so what customers are billed and advised by is half of it.",
        caught_by=("tier-clickhouse-run",),
        listeners=_every_second_run,
        source=("A11", "F4"),
        proof=ONE_RUN,
    ),
    Fault(
        id="tier-connected-and-not",
        behaviour="Health calls the analytics store connected while no service reaches it, and nobody is called to mend it.",
        caught_by=("tier-clickhouse-run",),
        listeners=_out_of_reach,
        source=("FM-41", "A11"),
        proof=ONE_RUN,
    ),
)
