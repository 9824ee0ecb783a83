"""Journeys of customers as the screens tell of them: protected only where every check behind one has passed, else what is weakest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tui_app.gravity import gravest
from tui_app.recording.state import CheckView, SessionState
from tui_app.screens import rows
from tui_app.screens.plainly import harm
from tui_app.screens.rows import BADNESS
from tui_app.verdict.journeys import AT_RISK, JOURNEYS, OPEN, PROTECTED, JourneyReading, read_journeys
from tui_app.verdict.words import FAIL, INCONCLUSIVE, PASS, SKIPPED
from widgets.big import largest
from widgets.criteria import check_line
from widgets.glyphs import TONES, glyphs
from widgets.lines import BLANK, Line, Span, clip, fit, spread, wrap

WORD: Final = max(len(word) for word in (PROTECTED, AT_RISK, OPEN)) + 1


def readings(state: SessionState) -> list[JourneyReading]:
    """Every journey as the session's checks stand; none before there is a plan."""
    return read_journeys({check.id: check.word for check in state.checks.values()}) if state.checks else []


def checks_behind(reading: JourneyReading, state: SessionState) -> list[CheckView]:
    """The planned checks of a journey, the weakest first: failed, blocked, undecided, waiting, passed."""
    names = next(journey.checks for journey in JOURNEYS if journey.id == reading.id)
    return sorted((state.checks[name] for name in names if name in state.checks), key=lambda check: BADNESS.get(check.word, 4))


def weakest(reading: JourneyReading, state: SessionState) -> str:
    """The check whose evidence explains the journey best; '' where what keeps it open is not in the plan, so that there is none."""
    behind = checks_behind(reading, state)
    if not behind or (reading.unplanned and behind[0].word == PASS):
        return ""
    return behind[0].id


def counts(found: Sequence[JourneyReading]) -> str:
    """How many are protected, at risk, not shown: for one line."""
    parts = [f"{number} {word}" for word in (AT_RISK, OPEN) if (number := sum(1 for one in found if one.word == word))]
    return f"{sum(1 for one in found if one.word == PROTECTED)} of {len(found)} protected" + "".join(f", {part}" for part in parts)


def protected(state: SessionState) -> Span:
    """How many are protected, in as few words as say it, in their tone."""
    found = readings(state)
    safe = sum(1 for one in found if one.word == PROTECTED)
    tone = "bad" if any(one.word == AT_RISK for one in found) else "good" if safe == len(found) else "dim"
    return (f"{safe} of {len(found)} journeys protected" if found else "", tone)


def verdict_like(reading: JourneyReading) -> str:
    """The verdict's word whose sign and tone a journey has: of those that are not shown, one that the plan left out whole is quiet."""
    if reading.word in (PROTECTED, AT_RISK):
        return PASS if reading.word == PROTECTED else FAIL
    return INCONCLUSIVE if reading.undecided or reading.passed else SKIPPED


def folded_line(found: Sequence[JourneyReading], width: int, *, opened: bool) -> Line:
    """All journeys in one line; those at risk by their names."""
    risky = [one.title for one in found if one.word == AT_RISK]
    text = counts(found) + (f": {'; '.join(risky)}" if risky else "")
    mark = "-" if opened else "+"
    return clip(((f"{mark} ", "dim"), ("journeys  ", "strong"), (text, "bad" if risky else "dim")), width)


def journey_line(reading: JourneyReading, width: int) -> Line:
    """One journey: its word, what customers do, and how many of the checks behind it passed."""
    like = verdict_like(reading)
    tone = TONES.get(like, "dim")
    behind = len(reading.passed) + len(reading.failed) + len(reading.undecided) + len(reading.unplanned)
    left: Line = (
        (f"  {glyphs().word(like)} ", tone),
        (fit(reading.word, WORD), tone),
        (reading.title, "plain" if like != SKIPPED else "dim"),
    )
    return spread(left, ((f"{len(reading.passed)} of {behind} check{'s' if behind > 1 else ''}", "dim"),), width)


def sentence(reading: JourneyReading) -> str:
    """A journey in one sentence."""
    if reading.word == PROTECTED:
        return f"{reading.title}: protected, every check behind it passed ({', '.join(reading.passed)})."
    return f"{reading.title}: {reading.word}; {reading.why}."


def about_lines(reading: JourneyReading, state: SessionState, width: int) -> list[Line]:
    """A journey in full: its word, why, and each check behind it."""
    tone = TONES.get(verdict_like(reading), "dim")
    lines: list[Line] = [clip(((f"{reading.title}  ", "head"), (reading.word, tone)), width)]
    lines += [((part, "plain"),) for part in wrap(f"{reading.why}." if reading.why else "Every check behind it passed.", width)]
    return lines + [check_line(rows.check_row(check), width) for check in checks_behind(reading, state)]


def page(state: SessionState, width: int, height: int) -> list[Line]:
    """For a room: how many journeys are protected in large cells, then each with its sign, and what it means where one is at risk."""
    found = readings(state)
    if not found:
        return [BLANK, (("no journey is planned yet", "dim"),)]
    safe = sum(1 for one in found if one.word == PROTECTED)
    risky = [one for one in found if one.word == AT_RISK]
    tone = "bad" if risky else "good" if safe == len(found) else "accent"
    high = 5 if height < 26 else 10
    letters = largest(f"{safe} OF {len(found)}", width - 24, high)
    beside = wrap("journeys of customers are shown to be protected" + ("" if state.ended else " so far"), 20)
    above = max((len(letters) - len(beside)) // 2, 0)
    lines: list[Line] = []
    for index in range(max(len(letters), above + len(beside))):
        text = beside[index - above] if 0 <= index - above < len(beside) else ""
        lines.append(clip(((letters[index] if index < len(letters) else "", tone), ("   ", "plain"), (text, "plain")), width))
    lines.append(BLANK)
    harms = {one.id: _harm(one, state) for one in risky}
    spare = height - len(lines) - len(found)
    told = spare >= len(risky)
    airy = spare - (len(risky) if told else 0) >= len(found) - 1
    for index, one in enumerate(found):
        lines += [BLANK] if airy and index else []
        like = verdict_like(one)
        word = one.word if state.ended or one.word == AT_RISK or like == PASS else "not shown yet"
        mark: Line = ((f"{glyphs().word(like)} ", TONES.get(like, "dim")), (one.title, "strong" if one.word != OPEN else "dim"))
        lines.append(spread(mark, ((word, TONES.get(like, "dim")),), width))
        if told and one.id in harms:
            lines.append(clip((("  ", "plain"), (harms[one.id], "bad")), width))
    return lines[:height]


def _harm(reading: JourneyReading, state: SessionState) -> str:
    """What it means for customers that the gravest of its failed checks failed."""
    text = harm(gravest([state.checks[name] for name in reading.failed]))
    return f"{text[0].upper()}{text[1:]}"


def ready(state: SessionState) -> bool:
    """Whether any check behind a journey has come to its word."""
    return any(one.passed or one.failed for one in readings(state))
