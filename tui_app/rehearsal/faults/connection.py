"""Faults of connecting, staying connected, recovering and keeping pace."""

from __future__ import annotations

from typing import Any

from tui_app.rehearsal.faults.connection_line import FAULTS as LINE
from tui_app.rehearsal.faults.connection_pace import FAULTS as PACE
from tui_app.rehearsal.faults.connection_resume import FAULTS as RESUME
from tui_app.rehearsal.faults.ends import ABORT, Cut, Ending
from tui_app.rehearsal.faults.registry import Fault, Listener, Proof

HELD = Proof(delay_scale=0.0)


def _closed_when(stage: str, ending: Ending) -> dict[str, Listener]:
    def close(was: Ending | None, *, stage: str, **_: Any) -> Ending | None:
        return ending if stage == wanted else was

    wanted = stage
    return {"connect.close": close}


def _upgrade_500() -> dict[str, Listener]:
    return {"connect.status": lambda status, **_: 500}


def _on_request() -> dict[str, Listener]:
    def close(was: Ending | None, *, type: str, **_: Any) -> Ending | None:
        return Ending(1011, "Internal error") if type == "user_message" else was

    return {"message.close": close}


def _after_first_answer() -> dict[str, Listener]:
    def close(was: Ending | None, *, number: int, **_: Any) -> Ending | None:
        return Ending(1000, "main cleanup") if number == 2 else was

    return {"message.close": close}


def _lost_midway() -> dict[str, Listener]:
    def close(was: Ending | None, *, number: int, **_: Any) -> Ending | None:
        return Ending(ABORT) if number == 3 else was

    return {"message.close": close}


def _cut_at(cut: Cut) -> dict[str, Listener]:
    return {"socket.cut": lambda was, **_: cut}


def _half_open() -> dict[str, Listener]:
    """Deaf from the first silence on, user by user."""
    deaf: set[str] = set()

    def taken(was: bool, *, user_id: str, number: int, quiet: float, **_: Any) -> bool:
        if number == 1 and quiet < 1.0:
            deaf.discard(user_id)
        elif quiet >= 20.0:
            deaf.add(user_id)
        return was and user_id not in deaf

    return {"message.taken": taken}


def _ping_ignored() -> dict[str, Listener]:
    return {"message.answer": lambda frame, *, type, **_: None if type == "ping" else frame}


def _pong_of_another() -> dict[str, Listener]:
    def answer(frame: dict[str, Any], *, type: str, **_: Any) -> dict[str, Any]:
        return {**frame, "data": {**frame["data"], "id": "another"}} if type == "ping" else frame

    return {"message.answer": answer}


def _unknown_swallowed() -> dict[str, Listener]:
    return {"message.answer": lambda frame, *, type, **_: frame if type == "ping" else None}


CONNECT: tuple[Fault, ...] = (
    Fault(
        id="upgrade-500",
        behaviour="The WebSocket upgrade is answered with a server error, so nobody can open a chat.",
        caught_by=("ws-connect",),
        listeners=_upgrade_500,
        source=("FM-06",),
        proof=HELD,
    ),
    Fault(
        id="accept-then-close",
        behaviour="The socket opens and is closed as if all were well before a single word was said: the chat window stays empty.",
        caught_by=("ws-connect",),
        listeners=lambda: _closed_when("accepted", Ending(1000, "main cleanup")),
        source=("FM-01",),
        proof=HELD,
    ),
    Fault(
        id="close-1011-on-connect",
        behaviour="The socket opens and ends at once with an internal error, whoever signs in.",
        caught_by=("ws-connect",),
        listeners=lambda: _closed_when("accepted", Ending(1011, "Internal error")),
        source=("FM-02",),
        proof=HELD,
    ),
    Fault(
        id="close-1011-loop",
        behaviour="Every socket is welcomed and then ended with an internal error, so a browser reconnects for ever.",
        caught_by=("ws-connect",),
        listeners=lambda: _closed_when("welcomed", Ending(1011, "main mode error")),
        source=("D6", "FM-02"),
        proof=HELD,
    ),
    Fault(
        id="close-1000-after-answer",
        behaviour="After its first answer the platform says goodbye as if asked to, and the next message meets a dead socket.",
        caught_by=("ws-connect",),
        listeners=_after_first_answer,
        source=("FM-01", "FM-68"),
        proof=HELD,
    ),
    Fault(
        id="ping-ignored",
        behaviour="Application pings get no pong, so a client cannot tell a living chat from a dead one.",
        caught_by=("ws-connect",),
        listeners=_ping_ignored,
        source=("D5", "FM-54"),
        proof=HELD,
    ),
    Fault(
        id="pong-of-another",
        behaviour="A pong names another ping than the one it answers, so every client measures nonsense.",
        caught_by=("ws-connect",),
        listeners=_pong_of_another,
        source=("FM-54",),
        proof=HELD,
    ),
)

STAY: tuple[Fault, ...] = (
    Fault(
        id="close-1011-on-request",
        behaviour="A user is welcomed, asks the first question, and is thrown out with an internal error.",
        caught_by=("conversation",),
        listeners=_on_request,
        source=("FM-03",),
        proof=HELD,
    ),
    Fault(
        id="lost-midway",
        behaviour="Conversations are cut off in their middle again and again, without a word.",
        caught_by=("conversation",),
        listeners=_lost_midway,
        source=("FM-08",),
        proof=HELD,
    ),
    Fault(
        id="cut-at-age",
        behaviour="Every socket is cut at an age of five minutes, busy or not, so a longer conversation always breaks.",
        caught_by=("conversation",),
        listeners=lambda: _cut_at(Cut(300.0, Ending(ABORT))),
        source=("D10", "FM-53"),
        proof=Proof(delay_scale=0.0, options=("--wait-scale", "0.002"), alone=True),
    ),
    Fault(
        id="cut-when-idle",
        behaviour="A user who thinks for a minute finds the chat disconnected.",
        caught_by=("idle",),
        listeners=lambda: _cut_at(Cut(45.0, Ending(1001, "Going away"), idle=True)),
        source=("FM-53",),
        proof=Proof(delay_scale=0.0, options=("--wait-scale", "0.02"), alone=True),
    ),
    Fault(
        id="half-open",
        behaviour="After a silence the socket still looks open, and nothing that a user sends is heard any more.",
        caught_by=("idle",),
        listeners=_half_open,
        source=("D4",),
        proof=Proof(delay_scale=0.0, options=("--wait-scale", "0.05"), alone=True),
    ),
    Fault(
        id="unknown-type-swallowed",
        behaviour="A message of a type that the platform does not know is swallowed without a word, so its sender waits for ever.",
        caught_by=("collaboration",),
        listeners=_unknown_swallowed,
        source=("FM-15", "FM-58"),
        proof=HELD,
    ),
)

FAULTS: tuple[Fault, ...] = (*CONNECT, *STAY, *RESUME, *LINE, *PACE)
