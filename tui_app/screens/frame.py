"""Frame: one row of the recording, opened: pretty, raw, timing, and which findings cite it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from tui_app.model import Row
from tui_app.recording.reader import Reader
from tui_app.recording.shards import LEAD
from tui_app.sanitize import sanitize
from tui_app.screens.actions import bindings_for
from tui_app.screens.base import SessionScreen
from tui_app.screens.frame_sections import citing_check, heading, same_socket, sections, utc
from tui_app.screens.masking import is_masked, masked, reveal
from tui_app.screens.others import Elsewhere, OtherEngines
from tui_app.screens.row_pane import RowTitle
from tui_app.screens.row_words import clock_time, describe
from tui_app.screens.safe import clean
from tui_app.screens.view import View
from widgets.frame_view import FrameView

COPIED = 2_000_000
"""Characters of a frame that are copied at most; what no clipboard takes goes into a file."""


def copied(lines: Sequence[str]) -> str:
    """The lines clean."""
    kept: list[str] = []
    room = COPIED
    for line in lines:
        kept.append(sanitize(line[:room]))
        room -= len(kept[-1]) + 1
        if room <= 0:
            return "\n".join([*kept, "(cut here)"])
    return "\n".join(kept)


class FrameScreen(SessionScreen):
    """Row `seq` of the recording, or the row of another engine that it is a copy of. n and p go along the same socket."""

    NAME = "frame"
    SMALLEST = (0, 0)
    BINDINGS = bindings_for("frame")
    DEFAULT_CSS = """
    FrameScreen #title { padding: 0 1; }
    FrameScreen FrameView { padding: 0 1; }
    """

    def __init__(self, view: View, seq: int, engine: int = LEAD) -> None:
        super().__init__(view)
        self.seq = seq
        self.engine = engine
        """Whose recording it is first looked for in."""
        self.row: Row | None = None
        self._shown: tuple[object, ...] = ()
        self.others = OtherEngines()
        self.elsewhere: Elsewhere | None = None
        """Set where the row is another engine's."""

    def on_unmount(self) -> None:
        self.others.close()

    def body(self) -> ComposeResult:
        yield RowTitle(id="title")
        yield FrameView(clean, id="frame")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(FrameView).text.focus()

    def tick(self) -> None:
        reader = self.reader
        title = self.query_one("#title", RowTitle)
        if self.row is None and reader is not None:
            self._take(reader)
        if self.row is None:
            where = "this recording" if self.engine == LEAD else f"the shard of engine {self.engine}"
            title.show([((f"row {self.seq:,} is not in {where}", "warn"),)])
            return
        held = is_masked(self.row, self.state)
        there = self.elsewhere
        title.update(masked(self.row) if held else self.row, self.state.started, self._told_as(), there.note if there else "")
        # What a row says never changes; who cites it may, while the session runs.
        cited = sum(len(check.findings) for check in self.state.checks.values())
        at = (there.engine, there.seq) if there else (1, self.seq)
        if (at, cited, held) != self._shown:
            same = bool(self._shown) and self._shown[0] == at
            self._shown = (at, cited, held)
            self.query_one(FrameView).show(sections(self.row, reader, self.state, there), keep_place=same)

    def _told_as(self) -> str:
        """The row's address in words, where there are several engines."""
        if self.elsewhere is not None:
            return self.elsewhere.name
        return f"engine {LEAD}, row {self.seq:,}" if self.state.engines else ""

    def _take(self, reader: Reader) -> None:
        """Show a row of the recording, or what it is a copy of; or of another engine's."""
        if self.engine != LEAD:
            self.elsewhere = self.others.at(self.engine, self.seq, reader, self.state)
            self.row = self.elsewhere.row if self.elsewhere is not None else None
        elif (row := reader.row(self.seq)) is not None:
            self.elsewhere = self.others.behind(row, reader)
            self.row = self.elsewhere.row if self.elsewhere is not None else row
        if self.row is not None:
            self.seq = self.row.seq

    def _step(self, forward: bool) -> None:
        reader = self.reader
        if reader is None or self.row is None:
            return
        if self.elsewhere is not None:
            there = self.others.beside(self.elsewhere, forward, reader, self.state)
            found = there.row if there is not None else None
            self.elsewhere = there or self.elsewhere
        else:
            where = same_socket(self.row)
            found = reader.first(where, self.seq) if forward else reader.last(where, self.seq - 1)
        if found is not None:
            self.row, self.seq = found, found.seq
        else:
            end = "last" if forward else "first"
            why = self.elsewhere.note if self.elsewhere is not None else ""
            self.app.notify(f"This is {why}." if why else f"This is the {end} frame on this socket.", markup=False, timeout=4 if why else 2)
            return
        self.tick()

    def action_next_row(self) -> None:
        self._step(True)

    def action_previous_row(self) -> None:
        self._step(False)

    def action_reveal(self) -> None:
        """Show what is held back, here and from now on; that is noted in the recording."""
        if self.row is not None:
            self.app.notify(reveal(self.row, self.state, self.reader), markup=False, timeout=4)
            self.tick()

    def chips(self) -> list[tuple[str, str]]:
        held = self.row is not None and is_masked(self.row, self.state)
        there = [(f"ENGINE {self.elsewhere.engine}", "badge")] if self.elsewhere is not None else []
        return [*super().chips(), *there, *([("MASKED, V shows", "warn")] if held else [])]

    def evidence_rows(self) -> list[int | Row]:
        """What a query of the target's logs is about."""
        return [self.row if self.row is not None else self.seq]

    def action_view(self) -> None:
        self.query_one(FrameView).action_section(1)

    def action_right(self) -> None:
        self.query_one(FrameView).action_section(1)

    def action_left(self) -> None:
        self.query_one(FrameView).action_section(-1)

    def action_up(self) -> None:
        self.query_one(FrameView).text.action_scroll_up()

    def action_down(self) -> None:
        self.query_one(FrameView).text.action_scroll_down()

    def action_page_up(self) -> None:
        self.query_one(FrameView).text.action_page_up()

    def action_page_down(self) -> None:
        self.query_one(FrameView).text.action_page_down()

    def action_first(self) -> None:
        self.query_one(FrameView).text.action_scroll_home()

    def action_last(self) -> None:
        self.query_one(FrameView).text.action_scroll_end()

    def action_open(self) -> None:
        """Why: the evidence of the check that cites this row."""
        check = citing_check(self.state, self.seq)
        if check:
            self.vigil.open_why(check)
        else:
            self.app.notify("No finding cites this row.", markup=False, timeout=2)

    def summary(self) -> str:
        """The row as text: what it is, when, and its contents."""
        row = self.row
        if row is None:
            return f"row {self.seq}"
        if is_masked(row, self.state):
            row = masked(row)
        name, place, _ = heading(row)
        _, text, _ = describe(row)
        shown = self.query_one(FrameView)
        current = shown.sections[shown.current] if shown.sections else None
        if current is not None and current.facts:
            body = "\n".join(f"{label:<18}{value}" for label, value, _ in current.facts)
        else:
            body = copied(current.lines) if current is not None else text
        when = f"{clock_time(row.t)} {utc(self.state.started, row.t)}"
        where = self._told_as() or f"row {row.seq}"
        return f"{name}  {place}  {where}  {when}  session {self.state.session}\n{body}"
