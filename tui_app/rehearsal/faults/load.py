"""Faults that show only while many work at once: collapse, errors, dropped requests, starved pings."""

from __future__ import annotations

from typing import Any

from tui_app.rehearsal.faults.registry import Fault, Listener, Proof, Recited, Reply, RunFacts

CAUGHT = ("fifty-users",)


class _Every:
    """True for every so-manieth time that it is asked."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._asked = 0

    def __call__(self) -> bool:
        self._asked += 1
        return self._asked % self._number == 0


def _failing(every: int, crowd: int) -> Listener:
    turn = _Every(every)
    failed = {"error_code": "AGENT_EXECUTION_FAILED", "message": "The agent could not be executed", "status": "failed"}

    def script(lines: tuple[Recited, ...], *, run: RunFacts, busy: int, **_: Any) -> tuple[Recited, ...]:
        return (Recited(0.2, "agent_error", failed),) if busy >= crowd and turn() else lines

    return script


def _collapse() -> dict[str, Listener]:
    """With forty runs under way all of them crawl, and every second one that begins fails."""

    def wait(was: float, *, type: str, busy: int, **_: Any) -> float:
        return was + 1.0 if busy >= 40 and type in ("agent_thinking", "agent_completed") else was

    return {"event.wait": wait, "run.script": _failing(2, 40)}


def _errors() -> dict[str, Listener]:
    turn = _Every(2)

    def answer(reply: Reply, *, method: str, busy: int, **_: Any) -> Reply:
        if method != "GET" or busy < 20 or not turn():
            return reply
        return Reply(503, {"error": True, "error_code": "SERVICE_UNAVAILABLE", "message": "The service is overloaded"})

    return {"rest.answer": answer}


def _dropped() -> dict[str, Listener]:
    """Every fifth request for a run is never looked at while twenty others are under way."""
    turn = _Every(5)
    return {"message.taken": lambda was, *, type, busy, **_: was and not (type == "user_message" and busy >= 20 and turn())}


def _starved() -> dict[str, Listener]:
    return {"message.wait": lambda was, *, type, busy, **_: was + 2.0 if type == "ping" and busy >= 30 else was}


def _proof(*, alone: bool = False, **limits: float) -> Proof:
    """Eight users stand for fifty: what begins with forty of them begins with six."""
    return Proof(users=8, delay_scale=0.4, options=("--crowd-scale", "0.15"), limits={"concurrent_users": 8, **limits}, alone=alone)


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="collapse-at-40",
        behaviour="Up to forty users are served well; from there on everybody's runs crawl, and half of them fail.",
        caught_by=CAUGHT,
        listeners=_collapse,
        source=("E5",),
        proof=_proof(),
    ),
    Fault(
        id="tenth-run-lost-under-load",
        behaviour="Once a dozen users work at once, one run in ten ends in an error.",
        caught_by=CAUGHT,
        listeners=lambda: {"run.script": _failing(10, 12)},
        source=("E5",),
        proof=_proof(),
    ),
    Fault(
        id="errors-under-load",
        behaviour="With twenty runs under way, every second page that a user opens is answered with an error of the server.",
        caught_by=CAUGHT,
        listeners=_errors,
        source=("E5",),
        proof=_proof(),
    ),
    Fault(
        id="requests-dropped-under-load",
        behaviour="With twenty runs under way, one request in five is dropped without a word, and its user waits for ever.",
        caught_by=CAUGHT,
        listeners=_dropped,
        source=("FM-14",),
        proof=_proof(alone=True, run_s=1.5),
    ),
    Fault(
        id="pings-starve-under-load",
        behaviour="With thirty runs under way, everything else that a socket asks for waits for seconds.",
        caught_by=CAUGHT,
        listeners=_starved,
        source=("E5",),
        proof=_proof(alone=True),
    ),
)
