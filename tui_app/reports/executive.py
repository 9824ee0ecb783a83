"""One page for leadership: go or no-go, what was protected, what failed and what it means, what was not tested, what it cost."""

from __future__ import annotations

from collections.abc import Iterator

from tui_app.reports.facts import Facts
from tui_app.reports.templates import render
from tui_app.verdict.words import FAIL, PASS


def gate(facts: Facts) -> tuple[str, str]:
    """Go or no-go, and why: a rehearsal decides nothing; all that was required has to have passed."""
    result = facts.result
    if facts.rehearsal:
        return "NO DECISION", "this was the built-in rehearsal: it says whether Vigil works, and nothing about a staging"
    if facts.ended not in ("", "complete"):
        return "NO-GO", f"the session did not run to its end ({facts.ended})"
    word = result["verdict"]
    if word == PASS:
        open_ones = [journey.title for journey in facts.journeys if journey.why]
        return "GO", "all that was required passed" + (f"; not shown by this plan: {'; '.join(open_ones)}" if open_ones else "")
    if word == FAIL:
        return "NO-GO", "something required failed"
    return "NO-GO YET", f"nothing failed, and something required is {word}: see below what would decide it"


def write(facts: Facts) -> Iterator[str]:
    """The page, Markdown."""
    yield render("executive.md.j2", facts, gate=gate(facts))
