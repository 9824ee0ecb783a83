"""Why one time of a repeated check reads as it does: its own rows, and the nearest time that went the other way, to open beside it."""

from __future__ import annotations

from tui_app.recording.reader import Reader
from tui_app.recording.state import IterationView, SessionState
from tui_app.screens.frame_sections import Where
from tui_app.screens.safe import clean
from tui_app.screens.tries import neighbour
from tui_app.screens.view import mmss
from tui_app.screens.why_facts import WITNESSES, moment, rows_of
from tui_app.verdict.times import ordinal
from widgets.evidence import Evidence


def of_time(subject: str, state: SessionState, reader: Reader | None) -> Evidence | None:
    """`subject` is `check#number`; None where there was no such time."""
    name, _, number = subject.rpartition("#")
    view, check = state.iterations.get(name), state.checks.get(name)
    one = next((time for time in view.times if str(time.number) == number), None) if view is not None else None
    if view is None or one is None:
        return None
    guilty = cited(one) if one.word == "FAIL" else set()
    rows = rows_of(shown(one, name, reader), guilty, reader, state)
    took = f", took {one.ms / 1000:.2f} s" if one.ms is not None else ""
    facts = [("Expected", clean(check.proves), "")] if check is not None and check.proves else []
    facts.append(("Seen", clean(one.reason), "bad" if one.word == "FAIL" else ""))
    facts.append(("Time", f"the {ordinal(one.number)}{f' of {view.of}' if view.of else ''}, began at {mmss(one.began)}{took}", ""))
    where = [f"instance {clean(one.instance)}"] if one.instance else []
    where += [f"at fault there: {clean(one.guilty)}"] if one.guilty and one.guilty != one.instance else []
    where += [f"build {clean(one.build)}"] if one.build else []
    where += [] if one.cold is None else ["on a connection's first use" if one.cold else "on connections that had been used before"]
    if where:
        facts.append(("Where", ", ".join(where), ""))
    if one.signature:
        alike = sum(time.signature == one.signature for time in view.times)
        facts.append(("Signature", f"{clean(one.signature)} ({alike} of {view.words.get('FAIL', 0)} failures)", ""))
    other = "PASS" if one.word == "FAIL" else "FAIL"
    near = [time for step in (-1, 1) if (time := neighbour(view, one.number, step, other)) is not None]
    behind = [(time.word, f"{name}#{time.number}", f"at {mmss(time.began)}: {clean(time.reason)}") for time in near]
    if check is not None:
        behind.append((check.word, name, clean(check.reason)))
    return Evidence(
        word=one.word,
        name=f"{clean(name)}, the {ordinal(one.number)} time",
        when=moment(one.began, state),
        title=clean(check.title) if check is not None else "",
        claim=clean(one.reason),
        facts=facts,
        witnesses=rows,
        more=max(one.last - one.first - len(rows), 0) if reader is not None else 0,
        rows_title="rows of this time",
        behind=behind,
        behind_title="beside it",
    )


def shown(one: IterationView, check: str, reader: Reader | None) -> list[int]:
    """The rows that are cited, and of the others of this time as many as there is room for, in order."""
    if reader is None:
        return []
    where = Where("\"check\" = ? AND kind IN ('frame', 'http', 'step', 'conn')", (check,))
    rows = [row.seq for row in reader.window(one.first, 0, WITNESSES, where) if one.first <= row.seq <= one.last]
    seqs = cited(one)
    return sorted({*seqs, *rows[: max(WITNESSES - len(seqs), 0)]})


def cited(one: IterationView) -> set[int]:
    """The rows that its judge named; those that begin and end it only say which rows are its own."""
    return set(one.evidence) - {one.first, one.last}
