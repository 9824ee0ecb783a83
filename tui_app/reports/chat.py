"""A dozen plain lines for a chat."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tui_app.reports.executive import gate
from tui_app.reports.facts import ORDER, Facts
from tui_app.reports.words import plain
from tui_app.verdict.journeys import PROTECTED
from tui_app.verdict.words import FAIL, glyph

LINES: Final = 5
"""Failures that are named; the rest is counted."""


_INERT: Final = str.maketrans({"<": "‹", ">": "›", "@": "＠", "&": "＆", "`": "'", "*": "∗", "|": "¦"})


def write(facts: Facts) -> Iterator[str]:
    """The lines, and nothing in them calls anybody by name, is a link, or is set in another type."""
    for line in _lines(facts):
        yield line.translate(_INERT).replace("://", ":\u200b//").replace("](", "] (")


def _lines(facts: Facts) -> Iterator[str]:
    """Word and target, counts, what failed and means, what is protected, the decision, where to look."""
    result = facts.result
    where = "REHEARSAL " if facts.rehearsal else ""
    yield f"{glyph(result['verdict'])} {result['verdict']} {where}{facts.target}, {result['started'][:19]}Z, {facts.took}\n"
    counts = {word: len(facts.by_word(word)) for word in ORDER}
    yield f"{gate(facts)[0]}. Checks: {', '.join(f'{count} {word}' for word, count in counts.items() if count) or 'none'}\n"
    named = [check for word in ORDER[:3] for check in facts.by_word(word)]
    for check in named[:LINES]:
        means = f". {facts.impact(check['id'])}" if check["verdict"] == FAIL else ""
        yield f"{glyph(check['verdict'])} {check['id']}: {plain(check['reason'], 160)}{means}\n"
    if len(named) > LINES:
        yield f"  and {len(named) - LINES} more\n"
    kept = [journey.title for journey in facts.journeys if journey.word == PROTECTED]
    yield f"Protected: {'; '.join(kept) or 'nothing shown'} ({len(kept)} of {len(facts.journeys)} journeys)\n"
    left = result["footprint"]["left_behind"]
    yield f"{result['footprint']['agent_runs']} agent runs, {len(left)} things left behind. {plain(result['decision']['action'], 300)}\n"
    parent = f", a rerun of {plain(result['parent'])}" if result["parent"] else ""
    yield f"Session {result['session']}{parent}\n"
