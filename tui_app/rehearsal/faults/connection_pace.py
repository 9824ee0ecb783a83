"""Faults of pace: slow connects, slow answers, stalls, limits, and one user slowing all."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from tui_app.rehearsal.faults.registry import Fault, Listener, Proof, Reply, RunFacts

SKEW_S = 90.0


def _connect_slow(seconds: float, *, only_first: bool = False) -> dict[str, Listener]:
    return {"connect.wait": lambda was, *, first, **_: seconds if first or not only_first else was}


def _late() -> dict[str, Listener]:
    return {"message.wait": lambda was, **_: 0.12}


def _crowded() -> dict[str, Listener]:
    return {"message.wait": lambda was, *, users, **_: 0.04 * (users - 1)}


class _Stalls:
    """Nothing is taken up for four seconds in every two minutes; what comes meanwhile waits for the end of it."""

    EVERY_S = 120.0
    FOR_S = 4.0

    def __init__(self) -> None:
        self.began: float | None = None

    def wait(self, was: float, *, now: float, **_: Any) -> float:
        if self.began is None:
            self.began = now
        into = (now - self.began) % self.EVERY_S - self.EVERY_S / 2
        return was + self.FOR_S - into if 0 <= into < self.FOR_S else was


def _now_and_then(every: int, seconds: float) -> dict[str, Listener]:
    """One answer of so many, over all users, goes out that much later."""
    asked = Counter[str]()

    def wait(was: float, *, type: str, **_: Any) -> float:
        asked[type] += 1
        return seconds if asked[type] % every == 0 else was

    return {"answer.wait": wait}


def _before(wanted: str, seconds: float, *, runs: frozenset[int] = frozenset(range(5))) -> dict[str, Listener]:
    """Wait before this event of a run, in those of every five runs of a user."""

    def wait(was: float, *, run: RunFacts, type: str, **_: Any) -> float:
        return seconds if type == wanted and run.ordinal % 5 in runs else was

    return {"event.wait": wait}


def _now_and_then_long() -> dict[str, Listener]:
    """Runs of eleven seconds, and every tenth of forty, whoever asked for it."""
    seen: dict[str, int] = {}

    def wait(was: float, *, run: RunFacts, type: str, **_: Any) -> float:
        if type != "agent_completed":
            return was
        return 40.0 if seen.setdefault(run.run_id, len(seen)) % 10 == 5 else 11.0

    return {"event.wait": wait}


def _one_turn() -> dict[str, Listener]:
    """One turn for all sockets: whoever does not read holds it."""
    turn = asyncio.Lock()
    return {"send.turn": lambda was, **_: turn}


def _later(stamp: Any) -> Any:
    """A time stamp, number or ISO, that much later."""
    if isinstance(stamp, int | float):
        return stamp + SKEW_S
    try:
        return (datetime.fromisoformat(stamp) + timedelta(seconds=SKEW_S)).isoformat()
    except (TypeError, ValueError):
        return stamp


def _skewed() -> dict[str, Listener]:
    def out(frame: dict[str, Any], **_: Any) -> dict[str, Any]:
        data = frame.get("data")
        inner = {"data": {**data, "timestamp": _later(data["timestamp"])}} if isinstance(data, dict) and "timestamp" in data else {}
        outer = {"timestamp": _later(frame["timestamp"])} if "timestamp" in frame else {}
        return {**frame, **outer, **inner}

    return {"frame.out": out}


def _rhythm() -> dict[str, Listener]:
    """Every third sign-in fails."""
    asked = Counter[str]()

    def answer(reply: Reply, *, path: str, **_: Any) -> Reply:
        if path != "/auth/login":
            return reply
        asked[path] += 1
        body = {"detail": "The service cannot authenticate itself", "error": True}
        return Reply(503, body) if asked[path] % 3 == 0 else reply

    return {"rest.answer": answer}


def _message_limiter() -> dict[str, Listener]:
    """After thirty answers a user gets no other than that it is too much, on whatever socket."""
    answered = Counter[str]()

    def answer(frame: dict[str, Any], *, user_id: str, **_: Any) -> dict[str, Any]:
        answered[user_id] += 1
        if answered[user_id] <= 30:
            return frame
        return {"type": "error_message", "error_code": "RATE_LIMITED", "error_message": "Too many messages, retry after 1 s", "details": {}}

    return {"message.answer": answer}


def _scaled(scale: float, users: int = 2, delay_scale: float = 0.0, checks: tuple[str, ...] = (), **limits: float) -> Proof:
    """A proof alone on the machine, in which the fault's own times are so much shorter."""
    return Proof(checks=checks, users=users, delay_scale=delay_scale, options=("--wait-scale", f"{scale:g}"), limits=limits, alone=True)


CONNECTS: tuple[Fault, ...] = (
    Fault(
        id="connect-slow",
        behaviour="Every connect takes many seconds between the upgrade and the welcome, so users look at a spinner first.",
        caught_by=("connect-latency",),
        listeners=lambda: _connect_slow(8.0),
        source=("FM-09",),
        proof=_scaled(0.01, connect_s=0.04),
    ),
    Fault(
        id="cold-connect-slow",
        behaviour="Whoever comes first after a quiet time waits two and a half seconds for the welcome; all after that are let in at once.",
        caught_by=("cold-start",),
        listeners=lambda: _connect_slow(2.5, only_first=True),
        source=("E6", "FM-43"),
        proof=_scaled(0.05, connect_cold_s=0.1),
    ),
    Fault(
        id="sign-in-rhythm",
        behaviour="Every third sign-in fails with a server error, so users are let in or not by luck.",
        caught_by=("sign-in-rhythm",),
        listeners=_rhythm,
        source=("FM-35",),
        proof=Proof(delay_scale=0.0),
    ),
)

MESSAGES: tuple[Fault, ...] = (
    Fault(
        id="latency-120ms",
        behaviour="Every message waits for an eighth of a second before it is looked at: never broken, always sluggish.",
        caught_by=("ping-latency",),
        listeners=_late,
        source=("E1",),
        proof=Proof(delay_scale=0.0, alone=True),
    ),
    Fault(
        id="latency-with-users",
        behaviour="Each further user who is connected makes everybody's messages slower.",
        caught_by=("latency-growth",),
        listeners=_crowded,
        source=("FM-61", "E5"),
        proof=Proof(users=5, delay_scale=0.0, alone=True),
    ),
    Fault(
        id="long-stalls",
        behaviour="Every two minutes nothing is answered for four seconds; percentiles look fine, and users stare at a frozen chat.",
        caught_by=("latency-tail",),
        listeners=lambda: {"message.wait": _Stalls().wait},
        source=("E3",),
        proof=_scaled(0.04, ping_ms=5.0),
    ),
    Fault(
        id="tail-5s",
        behaviour="One message of forty is answered five seconds late while later ones pass it: p95 looks fine, and somebody always waits.",
        caught_by=("latency-tail",),
        listeners=lambda: _now_and_then(40, 5.0),
        source=("E2",),
        proof=_scaled(0.1, ping_ms=20.0),
    ),
    Fault(
        id="slow-reader-blocks",
        behaviour="One user on a poor network, who does not read what is sent, brings everybody else's chat to a halt.",
        caught_by=("slow-reader",),
        listeners=_one_turn,
        source=("D7",),
        proof=Proof(delay_scale=0.0, alone=True),
    ),
    Fault(
        id="message-limiter-never-lifts",
        behaviour="A limit on messages tells a user to come back in a second, and never lifts.",
        caught_by=("rate-limit",),
        listeners=_message_limiter,
        source=("D8",),
        proof=Proof(delay_scale=0.0),
    ),
    Fault(
        id="clock-skew-90s",
        behaviour="What the socket sends is stamped a minute and a half ahead of the other services, so histories come out of order.",
        caught_by=("server-clock",),
        listeners=_skewed,
        source=("E8", "FM-19"),
        proof=Proof(users=1, delay_scale=0.0),
    ),
)

RUNS: tuple[Fault, ...] = (
    Fault(
        id="mean-too-slow",
        behaviour="Two of five answers take most of a minute: the typical one looks fine, and the mean does not.",
        caught_by=("response-time",),
        listeners=lambda: _before("agent_completed", 50.0, runs=frozenset({2, 4})),
        source=("FM-60",),
        proof=_scaled(0.03, checks=("five-events",), response_mean_s=0.1),
    ),
    Fault(
        id="one-run-in-ten",
        behaviour="Answers take eleven seconds, and every tenth takes forty: the mean keeps its promise, and one user in ten has left.",
        caught_by=("response-time",),
        listeners=_now_and_then_long,
        source=("E7",),
        proof=_scaled(0.02, checks=("five-events",), response_mean_s=0.5, run_s=0.75),
    ),
    Fault(
        id="run-too-long",
        behaviour="Answers come, but only after more than half a minute, when users have left.",
        caught_by=("response-time",),
        listeners=lambda: _before("agent_completed", 31.0),
        source=("E7", "FM-60"),
        proof=_scaled(0.05, run_s=1.0),
    ),
    Fault(
        id="first-event-late",
        behaviour="After a question nothing stirs for many seconds, so users believe that it was lost and ask again.",
        caught_by=("event-gaps",),
        listeners=lambda: _before("agent_started", 8.0),
        source=("FM-14",),
        proof=_scaled(0.1, first_event_s=0.3),
    ),
    Fault(
        id="event-gap",
        behaviour="In the middle of an answer the stream stands still for half a minute, and looks as if the agent had died.",
        caught_by=("event-gaps",),
        listeners=lambda: _before("tool_completed", 33.0),
        source=("FM-60",),
        proof=_scaled(0.03, event_gap_s=0.5),
    ),
)

FAULTS: tuple[Fault, ...] = (*CONNECTS, *MESSAGES, *RUNS)
