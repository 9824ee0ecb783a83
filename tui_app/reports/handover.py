"""One page for whoever takes over, Markdown: what is red and since when, what is open, what to do, who ran what."""

from __future__ import annotations

from collections.abc import Iterator

from tui_app.handover.page import page
from tui_app.reports.facts import Facts
from tui_app.reports.templates import render


def write(facts: Facts) -> Iterator[str]:
    """The page: of this recording, and of those on the same target that the state folder keeps. Raises RecordingError."""
    yield render("handover.md.j2", facts, page=page(facts))
