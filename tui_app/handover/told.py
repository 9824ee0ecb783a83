"""The hand-over as plain text, ready for a chat or a mail."""

from __future__ import annotations

from collections.abc import Iterator

from tui_app.handover.page import Entry, Page


def lines(page: Page) -> Iterator[str]:
    """The page, a line each."""
    yield f"{'REHEARSAL: ' if page.rehearsal else ''}Hand-over: {page.target}"
    yield from page.lead
    for section in page.sections:
        yield ""
        yield section.title.upper()
        for row in section.rows:
            yield "  " + ", ".join(f"{cell} {name.lower()}" if name in ("Pass", "Fail") else cell
                                   for name, cell in zip(section.columns, row, strict=True))  # fmt: skip
        for entry in section.entries:
            yield from _entry(entry)
        if section.rest:
            yield f"  {section.rest}"


def heading(entry: Entry) -> str:
    """A word and a name before the text."""
    named = " ".join(part for part in (entry.word, entry.name) if part)
    return f"{named}: " if named and entry.text and not entry.word.startswith("[") else f"{named} " if named and entry.text else named


def _entry(entry: Entry) -> Iterator[str]:
    if entry.command:
        yield f"     {entry.name}: {entry.command}"
        return
    yield f"  {heading(entry)}{entry.text}"
    for text in entry.more:
        yield f"    {text}"
