"""Plain text that outlives the screens: the verdict table printed on leaving, and the summary for a chat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui_app.recording.state import SessionState
from tui_app.screens.safe import clean
from tui_app.screens.view import mmss
from tui_app.verdict.table import verdict_table as table_of
from widgets.glyphs import ASCII, glyphs
from widgets.lines import fit


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


def verdict_table(state: SessionState, result: Mapping[str, Any] | None = None) -> str:
    """The verdict as plain text for the normal screen: `vigil run`'s own table, or what is known so far where there is no result yet."""
    if result is not None:
        return table_of(result, ascii_only=glyphs() is ASCII) + "\n"
    glyph = glyphs()
    lines = [headline(state), ""]
    for check in state.checks.values():
        word = f"{glyph.word(check.word)} {fit(check.word or 'waiting', 12)}"
        lines.append(f"  {word} {fit(check.suite, 3)} {fit(check.id, 20)} {clean(check.reason)}".rstrip())
    lines += ["", f"  {state.made} things created, {state.tidied} tidied, {state.left} left behind"]
    return "\n".join(lines) + "\n"
