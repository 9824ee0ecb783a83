"""The whole report as one HTML file: no scripts, no addresses outside of it, charts as inline SVG, light and dark, fit to print."""

from __future__ import annotations

from collections.abc import Iterator

from tui_app.reports import charts
from tui_app.reports.executive import gate
from tui_app.reports.facts import Facts
from tui_app.reports.templates import render


def write(facts: Facts) -> Iterator[str]:
    """The page; every piece of text in it is escaped by the template engine."""
    yield render("report.html.j2", facts, gate=gate(facts), charts=charts)
