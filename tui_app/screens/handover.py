"""Hand-over: what whoever takes over has to know, the same content as `vigil report --format handover`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual.app import ComposeResult

from tui_app.anew import result_of
from tui_app.handover.page import Entry, Page, Section, page_of
from tui_app.handover.told import lines
from tui_app.recording.errors import RecordingError
from tui_app.recording.reader import Reader
from tui_app.screens.actions import bindings_for
from tui_app.screens.base import SessionScreen, titled
from tui_app.screens.moving import Moving
from tui_app.screens.safe import clean
from tui_app.screens.view import View
from widgets.glyphs import glyphs
from widgets.lines import BLANK, Line, LineView, clip, fit, wrap

READING = "Reading this session and those before it on the same target."
NOTHING = "There is no session to hand over yet."
TONES = {"FAIL": "bad", "BLOCKED": "warn", "INCONCLUSIVE": "warn", "PASS": "good"}
RIGHT = ("Pass", "Fail", "Took")
SPARE = ("Build", "By")
"""Columns that give way on a narrow terminal, in this order."""
SHORT_ID = 7
"""Letters of a session's id where there is no room for all: enough to name it, and `Session` above them."""


class HandoverScreen(Moving, SessionScreen):
    """Sections of entries under one cursor: a check opens its evidence, a command is copied."""

    NAME = "handover"
    BINDINGS = bindings_for("handover")
    DEFAULT_CSS = "HandoverScreen #handover { height: 1fr; }"

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.page: Page | None = None
        self.why = ""
        self.picked = 0
        self._for: tuple[str, bool, int] | None = None

    def body(self) -> ComposeResult:
        yield titled(LineView(id="handover", classes="pane"), "Hand-over")

    def tick(self) -> None:
        reader = self.reader
        if reader is None:
            self.why = NOTHING
        else:
            key = (self.state.session, self.state.ended, len(reader.annotations()))
            if key != self._for:
                self._for = key
                self.run_worker(self._read(), group="handover", exclusive=True, exit_on_error=False)
        self._draw()

    async def _read(self) -> None:
        path = self.view.path
        if path is None:
            return
        try:
            self.page, self.why = await asyncio.to_thread(_page, path), ""
        except (RecordingError, ValueError, OSError) as error:
            self.page, self.why = None, clean(str(error))
        self._draw()

    @property
    def entries(self) -> list[Entry]:
        """What each row under the cursor stands for; of a table the session in its last column."""
        found: list[Entry] = []
        for section in self.page.sections if self.page is not None else ():
            found += [Entry(session=row[-1]) for row in section.rows]
            found += [*section.entries, *([Entry()] if section.rest else [])]
        return found

    @property
    def entry_at(self) -> Entry:
        """The one under the cursor; an empty one where there is none."""
        entries = self.entries
        return entries[self.picked] if self.picked < len(entries) else Entry()

    @property
    def check_at(self) -> str:
        """The check under the cursor."""
        return self.entry_at.check

    def _draw(self) -> None:
        if self.is_mounted:
            self.query_one("#handover", LineView).draw(self._lines)

    def _lines(self, width: int, _height: int) -> tuple[list[Line], int | None]:
        if self.page is None:
            return [((text, "dim"),) for text in wrap(self.why or READING, width)], None
        told: list[Line] = []
        for number, text in enumerate(self.page.lead):
            told += [((part, "strong" if number == 0 else "plain"),) for part in wrap(text, width)]
        at: list[int] = []
        for section in self.page.sections:
            told += [BLANK, ((section.title, "head"),)]
            _table(section, width, told, at)
            for entry in section.entries:
                at.append(len(told))
                told += _entry(entry, width)
            if section.rest:
                at.append(len(told))
                told += [((f"  {part}", "dim"),) for part in wrap(section.rest, width - 2)]
        self.picked = max(0, min(self.picked, len(at) - 1))
        return told, at[self.picked] if at else None

    def _move(self, by: int) -> None:
        self.picked = max(0, min(self.picked + by, len(self.entries) - 1))
        self._draw()
        view = self.query_one("#handover", LineView)
        if self.picked == 0:
            view.scroll_to(y=0, animate=False)
        elif self.picked == len(self.entries) - 1:
            view.scroll_end(animate=False)

    def action_open(self) -> None:
        """A check opens its evidence, another session opens, a command is copied; anything else is only told."""
        entry = self.entry_at
        if entry.session and entry.session != self.state.session:
            self._open_session(entry.session)
        elif entry.check in self.state.checks:
            self.vigil.open_why(entry.check)
        elif entry.command:
            self.vigil.say("copying: Vigil shows this command, and does not run it here")
            self.run_worker(self.vigil._copy(entry.command, None), group="copy", exclusive=True, exit_on_error=False)
        elif entry.session:
            self.vigil.go("verdict")
        else:
            self.vigil.say("there is nothing to open here: a check opens its evidence, a session opens, a command is copied")

    def _open_session(self, session: str) -> None:
        """Another session of the page, in place of this one."""
        link = self.vigil.link
        if link is None or self.view.running:
            self.vigil.say(f"session {session} opens once this one has ended" if link is not None else "no session can be opened here")
            return
        line = next((line for line in link.sessions() if line.session == session), None)
        if line is None:
            self.vigil.say(f"session {session} is not here any more", bad=True)
        else:
            self.vigil.open_session(line)

    def summary(self) -> str:
        """The page as plain text."""
        return "\n".join(lines(self.page)) if self.page is not None else self.why or READING


def _page(path: object) -> Page:
    from pathlib import Path

    recording = Path(str(path))
    with Reader(recording) as reader:
        result, _ = result_of(reader)
    return page_of(recording, result)


def _entry(entry: Entry, width: int) -> list[Line]:
    """An entry in as many lines as it takes; what wraps hangs below its text."""
    if entry.command:
        tone = "good" if entry.name == "reads" else "warn" if entry.name == "changes" else "key"
        return [clip(((f"     {entry.name:8} ", tone), (clean(entry.command), "plain")), width)]
    word = f"{glyphs().word(entry.word)} " if entry.word in TONES else f"{entry.word} " if entry.word else ""
    if entry.word.startswith("["):
        word = f"   {word}"
    lead = f"{word}{entry.name}" + (": " if entry.name and entry.text else "")
    parts = wrap(f"{lead}{entry.text}", width - 2)
    first = parts[0] if parts else ""
    shown: list[Line] = [(("  ", "plain"), *_first(first, word, entry))]
    shown += [((f"    {part}", "plain"),) for text in parts[1:2] for part in wrap(" ".join(parts[1:]), width - 4)]
    for text in entry.more:
        shown += [((f"    {part}", "dim"),) for part in wrap(clean(text), width - 4)]
    return shown


def _first(first: str, word: str, entry: Entry) -> tuple[tuple[str, str], ...]:
    """The first line of an entry: its word in its colour, its name strong."""
    word = word if word.startswith(" ") and first.startswith(word) else word.lstrip()
    head = first[: len(word)]
    name = first[len(word) : len(word) + len(entry.name)]
    return (head, TONES.get(entry.word, "plain")), (name, "strong"), (first[len(word) + len(entry.name) :], "plain")


def _table(section: Section, width: int, told: list[Line], at: list[int]) -> None:
    """Rows under their header, as wide as their cells; columns that do not fit give way."""
    names = list(section.columns)
    keep = {name: max(len(name), *(len(row[place]) for row in section.rows)) for place, name in enumerate(names)} if section.rows else {}

    def room(but: str) -> int:
        return width - 2 - 2 * len(keep) - sum(size for name, size in keep.items() if name != but)

    if room("") < 0 and "Session" in keep:
        keep["Session"] = min(keep["Session"], SHORT_ID)
    for name in SPARE:
        if room("") < 0 and name in keep:
            keep[name] = room(name)
            if keep[name] < 8:
                del keep[name]

    def row_of(cells: Sequence[str]) -> str:
        shown = dict(zip(names, cells, strict=True))
        shown["Session"] = shown.get("Session", "")[: keep.get("Session")]
        return "  ".join(fit(clean(shown[name]), size, "right" if name in RIGHT else "left") for name, size in keep.items())

    if keep:
        told.append(clip(((f"  {row_of(names)}", "dim"),), width))
    for row in section.rows:
        at.append(len(told))
        told.append(clip(((f"  {row_of(row)}", "plain"),), width))
