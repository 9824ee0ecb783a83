"""The whole report as Markdown, for engineers."""

from __future__ import annotations

from collections.abc import Iterator

from tui_app.reports.executive import gate
from tui_app.reports.facts import Facts
from tui_app.reports.templates import render


def write(facts: Facts) -> Iterator[str]:
    """What failed first, then everything, with its evidence."""
    yield render("report.md.j2", facts, gate=gate(facts))
