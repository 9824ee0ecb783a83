"""Faults that only time brings to light: drift, drops at any age, and what the platform's own deadline takes along.

Their proofs are compressed: ten seconds stand for hours, and with `--wait-scale` a deadline of a minute comes within a second.
"""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

from tui_app.rehearsal.faults.ends import ABORT, Cut, Ending
from tui_app.rehearsal.faults.registry import Fault, Listener, Proof, Reply

BASE_S = 0.02
"""What a message waits at first: it takes something to grow a hundredth of each minute."""
MORE_A_MINUTE = 0.01
AGES_S = (41.0, 97.0, 23.0, 160.0, 64.0, 131.0, 78.0)
DEADLINE_S = 60.0
OUT_S = 6.0


class _Drift:
    """Every message waits, and each minute for a hundredth longer; its clock alone is compressed, not what it adds."""

    def __init__(self) -> None:
        self.began: float | None = None

    def wait(self, was: float, *, now: float, scale: float, **_: Any) -> float:
        if self.began is None:
            self.began = now
        minutes = (now - self.began) / 60
        return was + BASE_S * (1 + MORE_A_MINUTE * minutes) / scale


def _any_age() -> dict[str, Listener]:
    ages = itertools.cycle(AGES_S)
    return {"socket.cut": lambda was, **_: Cut(next(ages), Ending(ABORT))}


def _deadline(ending: Ending) -> dict[str, Listener]:
    return {"socket.cut": lambda was, **_: Cut(DEADLINE_S, ending)}


def _kept_out() -> dict[str, Listener]:
    def close(was: Ending | None, *, stage: str, lost_ago: float | None, **_: Any) -> Ending | None:
        return Ending(1013, "Try again later") if stage == "accepted" and lost_ago is not None and lost_ago < OUT_S else was

    return {**_deadline(Ending(ABORT)), "connect.close": close}


def _runs_lost() -> dict[str, Listener]:
    return {**_deadline(Ending(ABORT)), "run.survives": lambda was, **_: False}


def _errors() -> dict[str, Listener]:
    """Of the requests for a list of threads a share fails that grows with their number."""
    seen = Counter[str]()

    def answer(reply: Reply, *, method: str, path: str, **_: Any) -> Reply:
        if (method, path) != ("GET", "/api/threads"):
            return reply
        seen["asked"] += 1
        seen["owed"] += seen["asked"]
        if seen["owed"] < 150:
            return reply
        seen["owed"] -= 150
        return Reply(503, {"detail": "The service has run out of connections", "error": True})

    return {"rest.answer": answer}


def _proof(seconds: float, scale: float, *, delay_scale: float = 0.05, users: int = 3, **limits: float) -> Proof:
    """Seconds that stand for hours, in twenty blocks."""
    return Proof(
        users=users, delay_scale=delay_scale, options=("--wait-scale", f"{scale:g}"), duration_s=seconds, alone=True,
        limits={"soak_block_s": round(seconds / 20, 3), **limits},
    )  # fmt: skip


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="drift-1-percent-a-minute",
        behaviour="Each minute every message takes a hundredth longer than at first: after two hours twice as long and more.",
        caught_by=("soak",),
        listeners=lambda: {"message.wait": _Drift().wait},
        source=("E4",),
        proof=_proof(12.0, 12 / 7200),
    ),
    Fault(
        id="drops-at-any-age",
        behaviour="Every few minutes somebody's socket is gone without a word, at no age in particular, so nobody can rely on it.",
        caught_by=("soak",),
        listeners=_any_age,
        source=("FM-08", "D10"),
        proof=_proof(6.0, 0.02),
    ),
    Fault(
        id="cut-and-kept-out",
        behaviour="Every socket is cut at an age of a minute, and for six seconds after that its user is not let in again.",
        caught_by=("soak",),
        listeners=_kept_out,
        source=("D1", "D10"),
        proof=_proof(8.0, 0.02, recovery_s=0.1),
    ),
    Fault(
        id="cut-loses-runs",
        behaviour="Every socket is cut at an age of a minute, and whatever the agent was doing for its user is lost with it.",
        caught_by=("soak",),
        listeners=_runs_lost,
        source=("D2", "D10", "FM-23"),
        proof=_proof(8.0, 0.01, delay_scale=1.0, run_s=2.0),
    ),
    Fault(
        id="errors-rise",
        behaviour="The longer the platform runs the more requests fail, each hour a few more, until a restart makes all well again.",
        caught_by=("soak",),
        listeners=_errors,
        source=("E4",),
        proof=_proof(10.0, 1.0),
    ),
)
