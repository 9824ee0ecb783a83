"""What the plan screen shows where nothing was planned here, for a session was attached or opened: whose it is, and what to do next."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tui_app.checks.suites import PHASES, SUITES
from tui_app.recording.state import CheckView, SessionState
from tui_app.screens.actions import by_id
from tui_app.screens.safe import clean
from tui_app.screens.verdict_model import counts
from tui_app.screens.view import View, mmss
from widgets.criteria import GroupRow, group_line
from widgets.glyphs import TONES
from widgets.lines import BLANK, Line, fit, wrap

LABEL = 10


def plan_of(view: View) -> dict[str, Any]:
    """The plan in the recording's header; empty where it cannot be read."""
    try:
        plan = json.loads(view.reader.header["plan"]) if view.reader is not None else {}
    except (ValueError, KeyError):
        return {}
    return plan if isinstance(plan, dict) else {}


def session_lines(view: View, width: int, height: int) -> list[Line]:
    """Whose session it is, on what, since when, how far it is, and who is in control; below, what it asks, where there is room."""
    lines: list[Line] = []
    for label, text, tone in _facts(view):
        for index, part in enumerate(wrap(text, max(width - LABEL, 8)) if text else []):
            lines.append(((fit(label if index == 0 else "", LABEL), "dim"), (part, tone)))
    for suites in (True, False):
        asked = _asked(view.state, width, suites=suites)
        if len(lines) + 2 + len(asked) <= height:
            return [*lines, BLANK, (("What it asks", "head"),), *asked]
    return lines


def _asked(state: SessionState, width: int, *, suites: bool) -> list[Line]:
    """The phases of the plan, with `suites` these too, and how many of their checks read what."""
    lines: list[Line] = []
    for phase in dict.fromkeys(check.phase for check in state.checks.values()):
        inside = [check for check in state.checks.values() if check.phase == phase]
        lines.append(_group(0, PHASES.get(phase, phase), inside, width))
        for suite in dict.fromkeys(check.suite for check in inside) if suites else ():
            members = [check for check in inside if check.suite == suite]
            lines.append(_group(1, f"{suite} {SUITES.get(suite, '')}".rstrip(), members, width))
    return lines


def _group(level: int, title: str, checks: list[CheckView], width: int) -> Line:
    """A group's line without the mark that it could be unfolded: nothing here can."""
    (mark, tone), *rest = group_line(GroupRow(level, title, False, counts(checks)), width + 2)
    return ((mark[2:], tone), *rest) if mark[2:] else tuple(rest)


def _facts(view: View) -> Iterator[tuple[str, str, str]]:
    state, plan = view.state, plan_of(view)
    yield "session", clean(state.session) + (f", a rerun of {clean(state.parent)}" if state.parent else ""), "strong"
    yield "run by", clean(state.host) or "unknown", "plain"
    yield "target", " ".join(filter(None, (clean(state.target), clean(state.build)))), "plain"
    yield "claims", f"environment {clean(state.environment)}" if state.environment else "", "plain"
    began, lasted = clean(state.started)[:19].replace("T", " "), mmss(state.t, tenths=False)
    yield "since", f"{began} UTC, {lasted} {'in all' if state.ended else 'so far'}", "plain"
    users = plan.get("users") if isinstance(plan.get("users"), int) else len(state.users)
    done = sum(1 for check in state.checks.values() if check.word not in ("", "RUNNING"))
    how = f"{len(state.checks)} checks with {users} users" + (f", preset {clean(state.preset)}" if state.preset else "")
    yield "plan", how + ("" if state.ended else f"; {done} decided"), "plain"
    word = state.word or ("none" if state.ended else "none yet")
    yield "verdict", word + ("" if state.ended or not state.word else " so far"), TONES.get(state.word, "plain")
    yield "control", _control(view), "plain"


def _control(view: View) -> str:
    if view.gone:
        return clean(view.gone)
    if view.playback is not None:
        return "a replay: nothing is sent"
    if not view.running:
        return f"it has ended ({clean(view.state.end_reason) or 'interrupted'}); this is its recording"
    if view.role == "driving":
        return "this terminal"
    return f"{clean(view.state.driver)}; this terminal watches" if view.state.driver else "nobody; this terminal watches"


def next_lines(view: View, width: int) -> list[Line]:
    """What can be done from here, a key each."""
    lines: list[Line] = [
        ((part, "dim"),) for part in wrap("It was not planned in this terminal; nothing needs planning to look at it.", width)
    ]
    lines.append(BLANK)
    for action, text in _choices(view):
        parts = wrap(text, max(width - 3, 8))
        for index, part in enumerate(parts):
            lines.append(((fit(by_id(action).key_text if index == 0 else "", 3), "key"), (part, "plain")))
    return lines


def _choices(view: View) -> Iterator[tuple[str, str]]:
    state, sealed = view.state, view.reader is not None and view.reader.sealed
    if view.running:
        yield "go-live", "what happens now"
    yield "go-verdict", "what is claimed so far, check by check" if not state.ended else "the verdict, check by check, with what proves it"
    yield "go-events", "every frame"
    if view.running and view.role == "watching" and not sealed:
        yield "take", "take it over (asks first)"
    if (
        not view.running
        and view.playback is None
        and any(check.word in ("FAIL", "INCONCLUSIVE", "BLOCKED") for check in state.checks.values())
    ):
        yield "rerun", "run what did not pass again, on the same target"
    yield "target", "plan a session of your own"
    yield "leave", "leave; the session goes on" if view.running and view.role != "driving" else "leave"
