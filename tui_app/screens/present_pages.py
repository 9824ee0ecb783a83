"""The pages of the presentation: each takes a state and the room there is, and gives lines. Only one is shown at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from tui_app.gravity import gravest
from tui_app.recording.state import RunView, SessionState
from tui_app.screens import journeys, rows
from tui_app.screens.base import phase_marks
from tui_app.screens.plainly import harm, person
from tui_app.screens.safe import clean
from widgets.big import largest
from widgets.glyphs import TONES
from widgets.lines import BLANK, Line, clip, wrap
from widgets.matrix import COUNTED, legend, picture_lines, totals
from widgets.room import Filling, Lamps, Wide, filling_lines, lamp_lines, pair_lines, picture_size, wide_lines


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its name in the foot, what draws it, and whether there is anything on it yet."""

    name: str
    title: str
    draw: Callable[[SessionState, int, int], list[Line]]
    ready: Callable[[SessionState], bool]


GAP: Final = 5
"""Cells between two large words."""


# -- the verdict


def verdict_word(state: SessionState) -> tuple[str, str]:
    """The word in large letters, and its tone."""
    if state.ended:
        return (state.word, TONES.get(state.word, "dim")) if state.word else ("INTERRUPTED", "warn")
    return (state.word, TONES.get(state.word, "dim")) if state.word else ("RUNNING", "accent")


def verdict_page(state: SessionState, width: int, height: int) -> list[Line]:
    """The verdict so far, what it rests on, and four phases that fill."""
    word, tone = verdict_word(state)
    fillings = [Filling(mark.name, mark.word, mark.done, mark.total) for mark in phase_marks(state)]
    high = 5 if height < 24 else 10 if height < 38 else 15
    letters, beside = largest(word, width, high), [""]
    if not state.ended and state.word:
        letters, beside = _so_far(word, width, high)
    lines = [*[BLANK] * ((high - len(letters)) // 2), *_beside(letters, tone, beside, width)]
    lines += [BLANK] * (high + 1 - len(lines))
    said = ("So far: " if not state.ended and state.word and beside == [""] else "") + _rests_on(state)
    texts = wrap(said, width - 4, 2)
    lines += [((text.center(width).rstrip(), "plain"),) for text in texts] + [BLANK] * (2 - len(texts))
    lines += [BLANK] * ((height - len(lines) - 4 * len(fillings)) // 4)
    return lines + filling_lines(fillings, width, min(height - len(lines), 5 * len(fillings) - 1))


def _so_far(word: str, width: int, height: int) -> tuple[list[str], list[str]]:
    """The word and its "so far" in large letters side by side: what is so far must not be read as what is."""
    for room in (height, height * 2 // 3, height // 2):
        letters = largest(word, width, room)
        beside = largest("SO FAR", width - len(letters[0]) - GAP, len(letters) // 2 + 1)
        if len(letters) > 1 and len(beside) > 1:
            return letters, beside
    return largest(word, width, height), [""]


def _beside(letters: Sequence[str], tone: str, beside: Sequence[str], width: int) -> list[Line]:
    gap = GAP if beside[0] else 0
    left = max((width - len(letters[0]) - gap - len(beside[0])) // 2, 0)
    small = [*[""] * (len(letters) - len(beside)), *beside]
    return [((" " * left, "plain"), (row, tone), (" " * gap, "plain"), (part, "dim")) for row, part in zip(letters, small, strict=True)]


def _rests_on(state: SessionState) -> str:
    """What the word rests on, in a sentence."""
    failed = [check for check in state.checks.values() if check.word == "FAIL" and check.required]
    done = sum(1 for check in state.checks.values() if check.word not in ("", "RUNNING"))
    if failed:
        worst = gravest(failed)
        text = harm(worst)
        return f"{text[0].upper()}{text[1:]}: {clean(worst.reason)}"
    if state.word == "FAIL" and not state.ended:
        return f"What belongs to one user reached another: {rows.leaking(state)}"
    if not done:
        return "nothing is decided yet"
    return f"{done} of {len(state.checks)} checks are decided, and none failed"


# -- the runs of this moment


def newest_runs(state: SessionState) -> list[RunView]:
    """A run of each user, in the users' order, so that every user keeps a row: the newest that went wrong, else the newest."""
    newest: dict[str, RunView] = {}
    for run in state.runs.values():
        if run.state == "wrong" or newest.get(run.user) is None or newest[run.user].state != "wrong":
            newest[run.user] = run
    order = [*state.users, *(user for user in newest if user not in state.users)]
    return [newest[user] for user in order if user in newest]


def runs_page(state: SessionState, width: int, height: int) -> list[Line]:
    """Five lamps a user: what the agent has told of the run so far."""
    found = []
    for run in newest_runs(state):
        took = rows.seconds(run.ms) if run.ms is not None else rows.seconds(max(state.t - run.t, 0) / 1e6) if run.state == "running" else ""
        found.append(Lamps(person(run.user), run.lamps, run.state, took if run.state != "wrong" else "wrong"))
    busy = sum(1 for run in state.runs.values() if run.state == "running")
    wrong = sum(1 for run in state.runs.values() if run.state == "wrong")
    said = f"{state.runs_asked:,} times the agent was asked, {busy} under way" + (f", {wrong} went wrong" if wrong else ", none went wrong")
    lines = lamp_lines(found, width, height - 2)
    return [clip(((said, "bad" if wrong else "plain"),), width), BLANK, *lines]


# -- isolation


def isolation_page(state: SessionState, width: int, height: int) -> list[Line]:
    """Who saw what of whom, as a picture, and the one number that matters."""
    users, cells = rows.cells(state)
    pairs, leaking, unmeasured, probes, leaks = totals(users, cells)
    if not pairs:
        return [BLANK, (("isolation needs two users", "dim"),)]
    said = [f"{leaks:,} of {probes:,} tries" if leaks else f"in {probes:,} tries"]
    said.append(f"{leaking} of {pairs} pairs leak" if leaking else f"{pairs - unmeasured:,} of {pairs:,} pairs proven")
    tone = "bad" if leaks else "good" if not unmeasured else "accent"
    number = largest(str(leaks), width // 3, 10 if height >= 26 else 5)
    word = largest("LEAK" if leaks == 1 else "LEAKS", width // 3, 5)
    panel = [*number, "", *word, "", *said]
    names = [person(user) for user in users]
    side = max(len(row) for row in panel) + 4
    label = max(max((len(name) for name in names), default=4) + 2, 9)
    if len(users) > COUNTED:
        picture = [*picture_lines(users, cells, width - side, height - 2), BLANK, legend(width - side)]
    else:
        size = picture_size(len(users), width - side, height, label)
        renamed = {(person(source), person(observer)): cell for (source, observer), cell in cells.items()}
        picture = pair_lines(names, renamed, size, label) if size else picture_lines(users, cells, width - side, height)
    across = max((sum(len(text) for text, _ in line) for line in picture), default=0)
    gap = max((width - across - side) // 2, 2) if width - across - side > 8 else 2
    above = max((len(picture) - len(panel)) // 2, 0)
    coloured = len(number) + 1 + len(word)
    lines: list[Line] = []
    for index in range(max(len(picture), above + len(panel))):
        line = picture[index] if index < len(picture) else BLANK
        text = panel[index - above] if 0 <= index - above < len(panel) else ""
        space = across + gap - sum(len(part) for part, _ in line)
        lines.append(clip((*line, (" " * space, "plain"), (text, tone if index - above < coloured else "plain")), width))
    return lines


# -- speed


NAMES: Final = {
    "connect": "Connecting",
    "ping": "A message there and back",
    "run": "An answer of the agent",
    "recovery": "Recovery after a cut",
}


def speed_page(state: SessionState, width: int, height: int) -> list[Line]:
    """Wide columns of what is timed, with how much of its limit each uses."""
    known = [name for name in NAMES if name in state.series and state.series[name].n]
    room = max((height + 1) // 4, 1)
    while len(known) > max(room, 3):
        known.pop(0)
    if len(known) > room:
        known = known[-room:]
    return wide_lines([_wide(state, name) for name in known], width, height)


def _wide(state: SessionState, name: str) -> Wide:
    series = state.series[name]
    worst = series.p95 if series.p95 is not None else series.max
    said = f"95 of 100 within {rows.seconds(series.p95)}" if series.p95 is not None else f"at most {rows.seconds(series.max)}"
    over = bool(series.limit_ms and worst is not None and worst > series.limit_ms)
    if series.limit_ms and worst is not None:
        part = 100 * worst / series.limit_ms
        used = "over it" if over else f"{part:.0f} % of it" if part >= 1 else "under 1 % of it"
        said += f", limit {rows.seconds(series.limit_ms)}: {used}"
    return Wide(NAMES[name], said, tuple(value for _, value in series.recent), series.limit_ms, over)


PAGES: Final = (
    Page("verdict", "The verdict", verdict_page, lambda state: True),
    Page("runs", "The agent at work", runs_page, lambda state: bool(state.runs)),
    Page("isolation", "Who sees whose data", isolation_page, lambda state: any(c.probes for c in state.cells.values())),
    Page("speed", "How fast it is", speed_page, lambda state: any(state.series[name].n for name in NAMES if name in state.series)),
    Page("journeys", "What customers come for", journeys.page, journeys.ready),
)
