"""The line 'now': what a session awaits at this moment, since when and of how long, in words; one sentence for every surface.

    sentence(state, lost="", width=0)
                                the whole line: 'tool-isolation u3,u4: awaiting tool_completed 7 of 30 s; 5 sockets, 2 runs'
    awaited(state)              what is awaited, most telling first: [Awaited(check, users, what, since, limit_ms)]
    spent(since, limit_ms, t)   '7 of 30 s'

It knows the folded state alone (nothing of the terminal), so live, a replay, plain text and a room say the same words.
Times are ns since the session began, limits ms. Every name that comes from a recording is cleaned here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tui_app.model import CRITICAL_EVENTS, SECOND
from tui_app.recording.state import RunView, SessionState, Waiting
from tui_app.sanitize import sanitize

NAMED: Final = 4
"""Users of one group that are named; of more, the rest is counted."""
SETTLED: Final = SECOND
"""What has been awaited for less gives way to what has been awaited for longer under a deadline."""
WINDOW: Final = 60 * SECOND
"""Connects are paced over so long."""

ENDS: Final = {
    "complete": "the plan is finished: 6 shows the verdict",
    "stopped": "stopped and tidied",
    "interrupted": "interrupted",
    "credentials": "ended: nobody signed in again",
    "engines": "ended: its other engines did not start",
}
INTENTS: Final = {
    "ping": "awaiting a pong",
    "answered": "awaiting a pong",
    "level-ping": "awaiting a pong",
    "recover": "awaiting recovery",
    "fault": "a connection is broken on purpose",
    "catch-up": "looking for what was missed",
    "broken": "a broken frame is sent on purpose",
    "odd-frame": "awaiting an answer to an odd frame",
    "attempt": "trying another's thread",
    "ramp": "bringing users on",
    "level": "users at work",
    "level-hold": "users at work",
    "soak": "going on, block by block",
    "silence": "keeping silent",
    "outlives": "awaiting the end of a token",
    "stop": "awaiting that a run stops",
    "stays-stopped": "watching that it stays stopped",
    "ready": "awaiting readiness",
    "bad-token": "showing a bad token",
    "good-token": "showing a good token",
    "swap": "awaiting the end of a disturbance",
}
"""What a step is after, by the intent in the recording; the rest are named as they are."""


@dataclass(frozen=True, slots=True)
class Awaited:
    """Steps of one check that await the same thing. `since` and `limit_ms` are of the one awaited longest; None: no deadline."""

    check: str
    users: tuple[str, ...]
    what: str
    since: int
    limit_ms: float | None
    steps: int = 1


def what_of(step: Waiting, run: RunView | None = None) -> str:
    """What a step awaits; of an agent run the next of its five events that has not come."""
    if step.intent != "agent-run":
        return INTENTS.get(step.intent) or f"at its step '{sanitize(step.intent, 40)}'"
    lamps = run.lamps if run is not None else ""
    come = lamps.rfind("s") + 1
    if run is not None and (come >= len(CRITICAL_EVENTS) or run.state != "running"):
        return "awaiting the end of a run"
    if not step.tools and come in (2, 3):
        come = 4
    return f"awaiting {CRITICAL_EVENTS[come]}"


def awaited(state: SessionState) -> list[Awaited]:
    """What is awaited, users of one check and one thing together: first what has long been awaited under a deadline."""
    runs = {run.request: run for run in state.runs.values() if run.request} if state.waiting else {}
    groups: dict[tuple[str, str], list[Waiting]] = {}
    for step in state.waiting.values():
        groups.setdefault((step.check, what_of(step, runs.get(step.request))), []).append(step)
    found = []
    for (check, what), steps in groups.items():
        oldest = min(steps, key=lambda step: step.since)
        users = tuple(sanitize(user, 20) for user in dict.fromkeys(step.user for step in sorted(steps, key=_place)) if user)
        found.append(Awaited(sanitize(check, 60), users, what, oldest.since, oldest.deadline_ms, len(steps)))
    return sorted(found, key=lambda one: (one.limit_ms is None or state.t - one.since < SETTLED, one.since))


def _place(step: Waiting) -> tuple[int, str]:
    return (len(step.user), step.user)


def spent(since: int, limit_ms: float | None, t: int) -> str:
    """For how long, of how long: '7 of 30 s', '7 s', '3 of 12 min' where it is that long."""
    seconds = max(t - since, 0) / SECOND
    limit = limit_ms / 1000 if limit_ms else None
    longest = limit if limit is not None else seconds
    if longest >= 600:
        return f"{seconds / 60:.0f} of {limit / 60:.0f} min" if limit is not None else f"{seconds / 60:.0f} min"
    if limit is None:
        return f"{seconds:.0f} s"
    return f"{seconds:.0f} of {limit:.0f} s" if limit >= 2 else f"{seconds:.1f} of {limit:g} s"


def phrase(one: Awaited, t: int) -> str:
    """One awaited thing: 'tool-isolation u3,u4: awaiting tool_completed 7 of 30 s'."""
    named = ",".join(one.users[:NAMED]) + (f" +{len(one.users) - NAMED}" if len(one.users) > NAMED else "")
    who = " ".join(part for part in (one.check, named) if part) or "the session"
    return f"{who}: {one.what} {spent(one.since, one.limit_ms, t)}"


def step_phrase(step: Waiting, state: SessionState) -> str:
    """The same of a single step, for lists of a check's steps."""
    run = next((run for run in state.runs.values() if run.request == step.request), None) if step.request else None
    return phrase(Awaited(sanitize(step.check, 60), (sanitize(step.user, 20),) if step.user else (), what_of(step, run), step.since,
                          step.deadline_ms), state.t)  # fmt: skip


def next_connect(state: SessionState) -> float:
    """Seconds until the pace of connects lets the next one begin; 0 where it may begin at once."""
    pace = state.pace
    if not pace.per_minute or len(pace.begun) < pace.sources:
        return 0.0
    waits = [max(WINDOW - (state.t - begun[0]), 0) / SECOND if len(begun) >= pace.per_minute else 0.0 for begun in pace.begun.values()]
    return min(waits, default=0.0)


def _around(state: SessionState) -> str:
    """What is open besides: sockets and runs."""
    runs = sum(1 for run in state.runs.values() if run.state == "running")
    return f"{_many(state.sockets, 'socket')}, {_many(runs, 'run')}"


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _ago(since: int, t: int) -> str:
    """mm:ss since the session began, and how long ago that is."""
    minutes, seconds = divmod(since // SECOND, 60)
    return f"since {minutes:02d}:{seconds:02d}, {spent(since, None, t)}"


def _idle(state: SessionState) -> str:
    """Nothing is awaited: what the session does instead."""
    running = [check.id for check in state.checks.values() if check.word == "RUNNING"]
    wait = next_connect(state)
    if running and wait:
        return f"{', '.join(running[:2])}: waits for a connect, {state.pace.per_minute} a minute, the next in {wait:.0f} s"
    if running and state.pace.sockets and state.sockets >= state.pace.sockets:
        return f"{', '.join(running[:2])}: waits for a free socket, {state.sockets} of {state.pace.sockets} are open"
    if running:
        more = f" +{len(running) - 3}" if len(running) > 3 else ""
        return f"{', '.join(running[:3])}{more}: acting, nothing is awaited"
    left = [check for check in state.checks.values() if not check.word]
    if state.checks and not left:
        return "every check is done: the verdict is put together"
    return f"between checks: {len(state.checks) - len(left)} of {len(state.checks)} done" if state.checks else "between checks"


def sentence(state: SessionState, lost: str = "", width: int = 0) -> str:
    """The whole line for a state; `lost` is what to say instead where the engine has gone.

    With `width`, what matters least is left out until it fits so many characters: how many more are awaited, then what is open.
    """
    parts = _parts(state, lost)
    while width and len(parts) > 1 and len("; ".join(parts)) > width:
        parts.pop()
    return "; ".join(parts)


def _parts(state: SessionState, lost: str) -> list[str]:
    """What there is to say, what matters most first."""
    t = state.t
    if lost:
        return [lost]
    if not state.session:
        return ["no session yet: 1 plans one"]
    if state.ended:
        return [ENDS.get(state.end_reason, sanitize(state.end_reason, 200) or "ended")]
    if state.tidying_since is not None:
        done = f"{state.tidied:,} of {_many(state.made, 'thing')} put away" if state.made else "nothing was made"
        return [f"tidying {spent(state.tidying_since, None, t)}: {done}", _around(state)]
    if state.asks:
        needs = ", ".join(sanitize(one, 40) for one in state.needs)
        return [f"held {_ago(state.held_since, t)}: {needs} must sign in again, H asks"]
    found = awaited(state)
    first = [phrase(found[0], t)] if found else []
    if state.stopping:
        by = f" by {sanitize(state.stopped_by, 40)}" if state.stopped_by else ""
        return [f"stopping{by} {_ago(state.stopping_since, t)}: no new sends", *first]
    if state.held:
        by = f" by {sanitize(state.held_by, 40)}" if state.held_by else ""
        return [f"held{by} {_ago(state.held_since, t)}: nothing new is sent until H lets it go on", *first]
    if not found:
        return [_idle(state), _around(state)]
    wait = next_connect(state)
    more = sum(one.steps for one in found) - found[0].steps
    paced = [f"the next connect in {wait:.0f} s"] if wait else []
    return [*first, *paced, _around(state), *([f"{more} more awaited"] if more else [])]
