"""What each screen is for, and what its glyphs and words mean: the first thing that `?` tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from widgets.glyphs import MARK_ALL, MARK_NONE, MARK_SOME, WORDS, glyphs
from widgets.lines import BLANK, Line, fit, wrap

Legend = list[tuple[str, str]]

PURPOSES: Final = {
    "start": (
        "Choose whom to validate, or which session to look at. The rehearsal is a small staging of Vigil's own on this machine: "
        "try everything there first, nothing leaves this machine. For a staging of yours, `vigil init` asks for its address and "
        "its users and writes a target file; choose that file here, or start with `vigil run --target FILE`."
    ),
    "plan": (
        "Choose what is asked before anything is sent. The left side is the catalogue: phases, their suites, their checks. The "
        "right side says what the line under the cursor proves, which effects it has on the target, and on which planted fault "
        "it was seen to fail."
    ),
    "live": (
        "The whole session at a glance while it runs: agent runs at the left, each with five lamps that light as its events "
        "arrive; at the right who saw whose data, and how fast the target answers. The line `now` says what is awaited and for "
        "how long."
    ),
    "events": (
        "Every frame and request of the session, newest at the end. `f` follows the newest, Space freezes the view, `/` keeps "
        "only what matches, Enter opens a row. Freezing or filtering never stops the session or the recording."
    ),
    "isolation": (
        "Whether customers can see each other's data. Each row is a user whose marked texts were sent, each column a user who "
        "must never see them. A pair passes with no leak in at least 10 probes; Enter on a pair shows what it rests on."
    ),
    "latency": (
        "How long things take: a row a series, in milliseconds. The bars start at zero, the newest at the right. A percentile "
        "is shown once there are samples enough for it: p50 and p95 from 20, p99 from 100. `taint` counts samples that our own "
        "client delayed."
    ),
    "verdict": (
        "What may be claimed: the session's word, the strategy's criteria with what was measured against which limit, and every "
        "check with its reason. Enter opens the evidence. The last line is the decision that follows, with what is known of "
        "local Docker."
    ),
    "handover": (
        "For whoever takes over: what is red and since when, what is undecided and why, what to do next, notes, what is accepted, "
        "what was left behind, and who ran what on this target. Enter opens a check's evidence; `y` copies the page, `w` writes it."
    ),
    "runbook": (
        "What to do about what failed: which kind of failure it is and what says so, then the strategy's steps in their order. A "
        "command that the target file calls a read runs from here and its output is shown; one that changes anything is copied "
        "for you, and never run. The manual protocol is ticked off line by line and kept with the session."
    ),
    "compare": (
        "This session beside another one: which checks read otherwise, which series are slower or faster, and what the platform "
        "says otherwise on the wire. A difference of latency is claimed only where its whole interval is beyond what matters. A "
        "session that still runs is read again as it grows. Enter opens what stands behind a line."
    ),
    "behind": (
        "What stands behind a difference, on both sides: the verdicts with their rows, or a series with its figures. Enter opens "
        "the row under the cursor in the recording that it is from."
    ),
    "sideframe": "One row of a recording that is compared, as it arrived: pretty, raw, its times, and the verdicts that cite it.",
    "pair": (
        "Two targets at the same time, with one plan: each has an engine, a recording and limits of its own. A row a fact, a column a "
        "side; below, every check as it reads on either. When both have ended, the comparison follows; Enter shows it before that."
    ),
    "load": (
        "What many users at once do to the target: a row a level of users, with its runs, its times and its errors, and the "
        "knee from which users slow each other down. Load stops itself where the target answers with errors."
    ),
    "soak": (
        "What hours do to the target: a row a block of time, with its rates and its times. Each series is tested for drift, and "
        "the screen says how small a drift it would have seen."
    ),
    "iterations": (
        "How often a repeated check fails, and what its failures have in common. One failure is a failure; many passes only "
        "bound how often it may fail."
    ),
    "engines": (
        "Who carries the session's users, where there are several: a row an engine, with what it receives, when it was last heard "
        "and how it fares. Users of an engine that is lost are INCONCLUSIVE, and the session goes on."
    ),
    "why": (
        "What a verdict rests on: what was expected, what was seen, the rows of the recording that show it, and what would "
        "decide it where it is open. Enter opens the row under the cursor."
    ),
    "frame": (
        "One row of the recording as it arrived: pretty, raw, its times, and the verdicts that cite it. Others' text is masked "
        "until it is revealed, which is recorded."
    ),
    "chart": "One series: its values over the session, or how often each value occurs, with the limit that it is judged by.",
    "present": (
        "The session for a room: one thing at a time, in large letters, and one sentence that says what is happening now. "
        "Names of hosts and people are hidden."
    ),
    "selftest": (
        "Why these checks can be believed: every planted fault, and which check caught it. A check that has never been seen to "
        "fail is called unproven."
    ),
    "about": "Which Vigil this is, what its last self-test showed, and where it keeps its recordings and settings.",
    "doctor": (
        "Whether this terminal, this machine and the way to the target are fit for a session, with the fix beside each finding, "
        "and where every setting came from. Nothing is sent unless `t` asks for it: then one GET to each service of the target."
    ),
    "watch": (
        "How a target is, for hours, without a session: each service and tier as a timeline, how long it was up of what was measured, "
        "and every change. What was not polled is a gap, never up. Enter opens the poll under the cursor."
    ),
    "help": "What the screen below is for, and every key that works there.",
}
"""Two or three sentences for a screen, by its name in the registry."""

MEANINGS: Final = {
    "PASS": "measured, and within its limit", "FAIL": "measured, and not within it", "INCONCLUSIVE": "measured, but not enough to decide",
    "BLOCKED": "something it needs is missing", "SKIPPED": "left out, or nothing a client can measure",
}  # fmt: skip


def _words() -> Legend:
    return [(f"{glyphs().word(word)} {word}", MEANINGS[word]) for word in WORDS] + [(f"{glyphs().running} running", "not decided yet")]


def _selection() -> Legend:
    return [
        (f"{MARK_ALL} {MARK_SOME} {MARK_NONE}", "selected, partly, not"),
        ("6/17", "so many selected of so many"),
        ("negative fault", "effects that take consent off this machine"),
        ("unproven", "no self-test has seen it fail yet"),
    ]


def _runs() -> Legend:
    glyph = glyphs()
    lamps = "started, thinking, tool executing, tool completed, completed"
    return [
        (glyph.seen * 5, f"the five events of a run: {lamps}"),
        (f"{glyph.seen} {glyph.unseen} {glyph.wrong}", "seen, not yet, missing or wrong"),
        *_pairs(),
        (f"{glyph.passed} {glyph.failed} {glyph.inconclusive} {glyph.blocked}", "passed, failed, undecided, blocked"),
    ]


def _pairs() -> Legend:
    glyph = glyphs()
    return [
        ("own", "the user saw its own texts, so its socket works"),
        ("0/15", "leaks of probes"),
        (f"{glyph.failed}2/15", "two leaks"),
        (glyph.waiting, "not measured, which is not 0"),
    ]


def _directions() -> Legend:
    arrow = glyphs().arrow
    back = "←" if arrow == "→" else "<"
    return [(f"{arrow} {back}", "sent by Vigil, received"), ("gap ms", "time since the row before"), ("run", "the agent run it belongs to")]


LEGENDS: Final[dict[str, Callable[[], Legend]]] = {
    "plan": _selection, "live": _runs, "isolation": _pairs, "verdict": _words, "why": _words, "events": _directions, "start": _words,
}  # fmt: skip


def purpose_lines(name: str, width: int) -> list[Line]:
    """What a screen is for, then its glyphs and words; nothing for a screen without a text."""
    text = PURPOSES.get(name, "")
    lines: list[Line] = [((part, "plain"),) for part in wrap(text, width)]
    legend = LEGENDS[name]() if name in LEGENDS else []
    if legend:
        lines.append(BLANK)
        for sign, meaning in legend:
            for index, part in enumerate(wrap(meaning, max(width - 18, 12))):
                lines.append(((fit(sign if index == 0 else "", 18), "strong"), (part, "plain")))
    return [*lines, BLANK] if lines else []


BLURBS: Final = {
    "rehearsal": "A small staging of Vigil's own, on this machine: a real server in a process of its own, to try everything on. "
    "Nothing leaves this machine.",
    "docker": "The platform in local Docker.",
    "staging": "The shared staging deployment. It is real: Vigil looks whether it answers, and asks before more.",
}
"""What a built-in target is, on the first screen."""
