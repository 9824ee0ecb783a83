"""Plain text that outlives the screens: the verdict table printed on leaving, and the summary for a chat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui_app.recording.state import SessionState
from tui_app.screens.safe import clean
from tui_app.screens.view import mmss
from tui_app.verdict.table import CheckLine, CriterionLine, table
from tui_app.verdict.table import verdict_table as table_of
from widgets.glyphs import ASCII, glyphs


def headline(state: SessionState) -> str:
    """One line: the word, the target and build, how long it took."""
    glyph = glyphs()
    word = state.word or ("no verdict" if state.ended else "no verdict yet")
    so_far = "" if state.ended else " so far"
    build = f" {clean(state.build)}" if state.build else ""
    return f"{glyph.word(state.word)} {word}{so_far}   {clean(state.target).upper()}{build}   {mmss(state.t, tenths=False)}"


def summary(state: SessionState) -> str:
    """A few lines ready for a chat: the word, and every check that did not pass, with its reason."""
    glyph = glyphs()
    counts: dict[str, int] = {}
    for check in state.checks.values():
        counts[check.word] = counts.get(check.word, 0) + 1
    lines = [headline(state)]
    order = ("FAIL", "BLOCKED", "INCONCLUSIVE", "PASS", "SKIPPED")
    lines.append(", ".join(f"{counts[word]} {word}" for word in order if counts.get(word)) or "no check has finished")
    for word in order[:3]:
        for check in state.checks.values():
            if check.word == word:
                lines.append(f"{glyph.word(word)} {check.id}: {clean(check.reason)}")
    if state.session:
        lines.append(f"session {state.session}")
    return "\n".join(lines)


def verdict_table(state: SessionState, result: Mapping[str, Any] | None = None, width: int | None = None) -> str:
    """The verdict for the normal screen, as `vigil run` prints it; where there is no result yet, what is known so far, in the same form."""
    ascii_only = glyphs() is ASCII
    if result is not None:
        return table_of(result, width=width, ascii_only=ascii_only) + "\n"
    criteria = [
        CriterionLine(row.word, row.id, clean(row.title), clean(row.measured), clean(row.limit), row.n) for row in state.criteria.values()
    ]
    checks = [CheckLine(check.word, check.suite, check.id, clean(check.reason)) for check in state.checks.values()]
    head = [*headline(state).split("   "), f"session {state.session}"]
    foot = [f"{state.made} things created, {state.tidied} tidied, {state.left} left behind"]
    return table(head, criteria, checks, foot, width=width, ascii_only=ascii_only) + "\n"
