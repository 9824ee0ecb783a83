"""Two running sessions as lines: a row a fact, a column a side, so that what differs stands out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tui_app import now
from tui_app.recording.state import SessionState
from tui_app.screens.rows import BADNESS, counts
from tui_app.screens.safe import clean
from tui_app.screens.view import mmss, number
from widgets.banner import PhaseMark
from widgets.glyphs import SHORT, TONES, glyphs
from widgets.lines import Line, Span, clip, fit, line_width

LABEL: Final = 16
SERIES: Final = ("connect", "ping", "first_event", "run", "http")
WORDS: Final = ("PASS", "FAIL", "INCONCLUSIVE", "BLOCKED", "SKIPPED")

Facts = tuple[str, SessionState, float, str, tuple[PhaseMark, ...]]
"""Name, state, events a second, its verdict in words, its phases."""


def pair_lines(one: Facts, other: Facts, width: int) -> list[Line]:
    """Who, how far, how fast, how well isolated, which verdict so far."""
    room = max((width - LABEL - 3) // 2, 12)

    def row(label: str, left: Line, right: Line) -> Line:
        left = clip(left, room)
        gap = " " * (room - line_width(left))
        return clip(((fit(label, LABEL), "dim"), *left, (f"{gap} {glyphs().upright} ", "dim"), *clip(right, room)), width)

    sides = (one, other)
    lines = [row("", *(((facts[0], "head"), (f"  {clean(facts[1].build)}", "dim")) for facts in sides))]
    lines.append(
        row("session", *(((f"{facts[1].session or 'being started'}  {mmss(facts[1].t, tenths=False)}", "plain"),) for facts in sides))
    )
    lines.append(row("verdict", *(_verdict(facts) for facts in sides)))
    lines.append(row("phases", *(_phases(facts[4], named=room >= 60) for facts in sides)))
    lines.append(row("checks", *(_counts(facts[1]) for facts in sides)))
    lines.append(row("now", *(((_now(facts[1], room), "accent"),) for facts in sides)))
    lines.append(row("agent runs", *(((_runs(facts[1]), "plain"),) for facts in sides)))
    lines.append(row("frames in /s", *(((number(facts[2]), "plain"),) for facts in sides)))
    lines.append(row("isolation", *(_isolation(facts[1]) for facts in sides)))
    for name in SERIES:
        if any(name in facts[1].series for facts in sides):
            lines.append(row(f"{name}, ms"[:LABEL], *(_series(facts[1], name) for facts in sides)))
    return lines


def _verdict(facts: Facts) -> Line:
    word = facts[1].word
    return ((f"{glyphs().word(word)} {facts[3] or 'no verdict yet'}", TONES.get(word, "dim")),)


def _phases(marks: Sequence[PhaseMark], *, named: bool) -> Line:
    spans: list[Span] = []
    for mark in marks:
        name = f"{mark.name} " if named else ""
        spans.append((f"{name}{glyphs().word(mark.word)} {mark.done}/{mark.total}  ", TONES.get(mark.word, "dim")))
    return tuple(spans)


def _counts(state: SessionState) -> Line:
    found = counts(state)
    spans: list[Span] = [(f"{found[word]} {SHORT[word]}  ", TONES[word]) for word in WORDS if found.get(word)]
    waiting = found.get("", 0) + found.get("RUNNING", 0)
    return (*spans, *(((f"{waiting} to come", "dim"),) if waiting else ()))


def _now(state: SessionState, width: int) -> str:
    return clean(now.sentence(state, "", width)) if state.session and not state.ended else ("ended" if state.ended else "")


def _runs(state: SessionState) -> str:
    wrong = sum(run.state == "wrong" for run in state.runs.values())
    return f"{state.runs_asked:,}" + (f", {wrong} wrong of the newest {len(state.runs)}" if wrong else "")


def _isolation(state: SessionState) -> Line:
    pairs = [cell for (source, observer), cell in state.cells.items() if source != observer]
    probes, leaks = sum(cell.probes for cell in pairs), sum(cell.leaks for cell in pairs)
    if not probes:
        return (("no probe yet", "dim"),)
    if leaks:
        return ((f"{glyphs().word('FAIL')} {leaks:,} leaks in {probes:,} probes", "bad"),)
    return ((f"no leak in {probes:,} probes", "good"),)


def _series(state: SessionState, name: str) -> Line:
    view = state.series.get(name)
    if view is None or not view.n:
        return (("-", "dim"),)
    slow = "  client slow" if view.tainted > 0.05 * view.n else ""
    over = view.limit_ms is not None and view.p95 is not None and view.p95 > view.limit_ms
    text = f"p50 {number(view.p50)}  p95 {number(view.p95)}"
    return ((text, "bad" if over else "plain"), (f"  n {view.n:,}", "dim"), (slow, "warn"))


def check_lines(one: SessionState, other: SessionState, width: int) -> list[Line]:
    """A line a check: how it reads on either side; what differs first, then what is worst, then as planned."""
    names = list(dict.fromkeys((*one.checks, *other.checks)))
    words = {name: tuple(side.checks[name].word if name in side.checks else "-" for side in (one, other)) for name in names}
    done = ("", "RUNNING", "-")

    def order(name: str) -> tuple[bool, int]:
        left, right = words[name]
        return left == right or left in done or right in done, min(BADNESS.get(left, 9), BADNESS.get(right, 9))

    lines: list[Line] = []
    for name in sorted(names, key=order):
        cells: list[Span] = []
        for word in words[name]:
            text = "not asked" if word == "-" else f"{glyphs().word(word)} {SHORT.get(word, word)}"
            cells.append((fit(text, 10), TONES.get(word, "dim")))
        bad = next((side.checks[name] for side in (one, other) if name in side.checks and side.checks[name].word == "FAIL"), None)
        shown = bad or one.checks.get(name) or other.checks[name]
        told = clean(shown.reason if shown.reason and shown.word not in ("PASS", "SKIPPED") else shown.title)
        lines.append(clip((*cells, (fit(name, 24) + " ", "plain"), (told, "bad" if bad is not None else "dim")), width))
    return lines or [(("both plans are being read", "dim"),)]
