"""Event delivery: now and then one agent run, by a session of its own, within a budget of runs a day.

Silence says nothing of delivery, so it is asked for: the golden path of one user, as `vigil run --checks golden-path --users 1`
drives it, with its own recording. A run that did not pass its checks is read as down, one that decided nothing as unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tui_app.sanitize import sanitize
from tui_app.target.profile import Profile
from tui_app.watch.model import Poll, Word
from tui_app.watch.poller import Looked

SUBJECT: Final = "delivery"
CHECK: Final = "golden-path"
LOADED: Final = "fifty-users"
DAY_S: Final = 86_400.0
WORDS: Final[Mapping[str, Word]] = {"PASS": "up", "FAIL": "down"}


class Told(msgspec.Struct, frozen=True):
    """What one session came to. ms -- from the prompt to the run's end, where it ended; session -- its id."""

    word: Word
    why: str
    ms: float | None
    session: str


def read(result: Mapping[str, Any] | None, runs: list[tuple[str, float | None]], session: str) -> Told:
    """From a session's result and its runs (lamps, ms): up where the golden path passed, down where it failed, else unknown."""
    lamps, ms = runs[-1] if runs else ("", None)
    events = f"{lamps.count('s')} of 5 events" if lamps else "no run began"
    if result is None:
        return Told("unknown", "the session ended without a result", None, session)
    checks = {str(check["id"]): check for check in result["checks"]}
    words = [str(checks[name]["verdict"]) for name in ("sign-in", "ws-connect", CHECK) if name in checks]
    verdict = next((word for word in ("FAIL", "BLOCKED", "INCONCLUSIVE") if word in words), words[-1] if words else "BLOCKED")
    wrong = next((check for check in checks.values() if check["verdict"] == verdict and verdict != "PASS"), None)
    why = f"{events}" if wrong is None else f"{wrong['id']} {verdict}, {events}: {wrong.get('reason') or wrong.get('summary') or ''}"
    return Told(WORDS.get(verdict, "unknown"), sanitize(why.rstrip(": "), 240), ms, session)


async def once(profile: Profile, over: asyncio.Event, preset: str = "", load: int = 0) -> Told:
    """One session with one agent run, a whole one of `preset`, or the load of so many users.

    What goes wrong here is no exception: it reads unknown.
    """
    from tui_app.engine.launch import LaunchError, launch
    from tui_app.engine.plan import PlanError, select
    from tui_app.headless import follow_to_end
    from tui_app.order import make_plan, secrets_for
    from tui_app.recording.errors import RecordingError
    from tui_app.recording.reader import Reader
    from tui_app.target.consent import ConsentError
    from tui_app.target.credentials import CredentialsError
    from tui_app.target.problems import ProfileError

    began = None
    try:
        if load:
            plan = make_plan(profile, select(checks=LOADED), users=load, selected=(LOADED,))
        elif preset:
            plan = make_plan(profile, select(preset=preset), preset=preset)
        else:
            plan = make_plan(profile, select(checks=CHECK), users=1, selected=(CHECK,))
        began = await launch(plan, await secrets_for(profile, plan, alone=True))
        with Reader(began.recording) as reader:
            state, _lost = await follow_to_end(reader, began, over, lambda _reader, _fold: None)
            result = reader.result()
        if (preset or load) and result is not None:
            verdict = str(result["verdict"])
            wrong = [check for check in result["checks"] if check["verdict"] == verdict != "PASS"]
            more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
            which = f": {wrong[0]['id']}: {wrong[0]['reason']}{more}" if wrong else ""
            said = sanitize(f"{preset or f'{load} users'}: {verdict}{which}", 240)
            return Told(WORDS.get(verdict, "unknown"), said, None, began.session)
        runs = [(run.lamps, run.ms) for run in state.runs.values() if run.check == CHECK]
        return read(result, runs, began.session)
    except (PlanError, LaunchError, ProfileError, CredentialsError, ConsentError, RecordingError, OSError) as error:
        return Told("unknown", sanitize(f"no run: {error}", 240), None, began.session if began is not None else "")


def looked(told: Told, at: float, subject: str = SUBJECT) -> Looked:
    """As a poll of the subject `delivery`, or another; its path names the session, which `vigil replay` opens."""
    what = "one agent run" if subject == SUBJECT else "a session"
    path = f"{what}, session {told.session}" if told.session else what
    return Looked([Poll(at, subject, told.word, told.why, told.ms)], subject, path, 0, "", "" if told.word == "up" else told.why)


def due_in(runs_per_day: int, last: float | None, today: int, now: float) -> float:
    """Seconds until the next run: evenly over the day, none beyond the day's budget (UTC days); `last` is when the last one began."""
    if today >= runs_per_day:
        return DAY_S - now % DAY_S
    return max(0.0, (last + DAY_S / runs_per_day - now)) if last is not None else 0.0


def day_of(now: float) -> float:
    """When the UTC day of `now` began, epoch seconds."""
    return now - now % DAY_S


async def rest(over: asyncio.Event, seconds: float) -> None:
    """Wait, at most until the watch is over."""
    try:
        await asyncio.wait_for(over.wait(), max(seconds, 0.01))
    except TimeoutError:
        return
