"""Self-test: the faults that were planted, the checks that had to catch them, and the words by which they did."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal

from tui_app.screens.actions import bindings_for
from tui_app.screens.base import titled
from tui_app.screens.moving import Moving
from tui_app.screens.safe import clean
from tui_app.screens.searching import SearchingScreen
from tui_app.screens.selftest_model import CAUGHT, MISSED, NOT_RUN, Row, SelfTestModel
from tui_app.screens.view import View
from widgets.banner import Banner
from widgets.glyphs import glyphs
from widgets.lines import BLANK, Line, LineView, clip, fit, spread, wrap

TONES = {CAUGHT: "good", MISSED: "bad", NOT_RUN: "dim"}
WORDS = {CAUGHT: "PASS", MISSED: "FAIL", NOT_RUN: ""}
NAME = 30
"""Columns of an id."""


class SelftestScreen(Moving, SearchingScreen):
    """Faults against checks, a line each; Enter opens a line. `search` is what is searched for from the start, such as a check."""

    NAME = "selftest"
    SMALLEST = (0, 0)
    BINDINGS = bindings_for("selftest")
    CSS = """
    SelftestScreen #head { height: 3; padding: 0 1; }
    SelftestScreen #matrix { border: none; }
    SelftestScreen #about { display: none; }
    SelftestScreen.-wide #matrix { border: round $pane-border; width: 56%; }
    SelftestScreen.-wide #about { display: block; }
    """

    def __init__(self, view: View, search: str = "") -> None:
        super().__init__(view)
        self.first_search = search
        self.model = SelfTestModel(None, (), ())
        self.cursor = 0
        self.opened: set[str] = set()

    def body(self) -> ComposeResult:
        yield LineView(id="head", bar=True)
        with Horizontal():
            yield titled(LineView(id="matrix", classes="pane"), "Planted faults")
            yield titled(LineView(id="about", classes="pane"), "About the line under the cursor")
        yield from self.field()

    def on_mount(self) -> None:
        super().on_mount()
        link = self.vigil.link
        if link is not None:
            self.model = SelfTestModel(link.selftest(), link.faults(), link.catalogue("rehearsal"))
        if self.first_search:
            self.start_with(self.first_search)

    @property
    def wide(self) -> bool:
        """What a line is about stands beside the lines."""
        return self.size.width >= 140

    @property
    def subject(self) -> str:
        """The row under the cursor."""
        rows = self.model.rows()
        return rows[min(self.cursor, len(rows) - 1)].id if rows else ""

    def banner(self) -> Banner:
        """Of Vigil itself, not of a session."""
        return Banner(target="SELF-TEST", verdict_text="can these checks fail?", utc=f"{self.view.clock():%H:%M:%S} UTC",
                      note="Faults planted into the rehearsal, and which checks caught them.", chips=tuple(self.chips()))  # fmt: skip

    def chips(self) -> list[tuple[str, str]]:
        rows = self.model.rows()
        return [(f"SEARCH {clean(self.model.query)}: {len(rows)}", "warn")] if self.model.query else []

    def searched(self) -> None:
        self.cursor = 0
        super().searched()

    def tick(self) -> None:
        self.model.query = self.query_text
        rows = self.model.rows()
        self.cursor = max(0, min(self.cursor, len(rows) - 1))
        self.query_one("#head", LineView).draw(lambda width, _height: (self._head(width), None))
        matrix = self.query_one("#matrix", LineView)
        matrix.border_title = "Checks" if self.model.by_check else "Planted faults"
        matrix.draw(lambda width, _height: self._matrix(rows, width))
        about = self.query_one("#about", LineView)
        about.draw(lambda width, _height: (about_lines(rows[self.cursor], self.model.by_check, width) if rows else [], None))

    def _head(self, width: int) -> list[Line]:
        """The sentence that a report would print, false alarms, and how to read the lines."""
        result, found = self.model.result, self.model.counts()
        said = self.vigil.link.standing() if self.vigil.link is not None else ""
        if result is None:
            return [((clean(said) or "no self-test has been run", "warn"),), (("`vigil selftest` runs it: minutes.", "plain"),), BLANK]
        summary = result.summary
        wrong = summary.false_alarms or summary.caught < summary.faults
        alarms = [name for one in result.healthy for name in one.fails]
        healthy = f"{len(result.healthy)} healthy sessions ({_ways(result.healthy)})" if result.healthy else "no healthy sessions were run"
        told = f"{healthy}: {len(alarms)} false alarms" if result.healthy else healthy
        told += f": {', '.join(dict.fromkeys(map(clean, alarms)))}" if alarms else ""
        what = "checks" if self.model.by_check else "faults"
        parts = [(f"{glyphs().word(WORDS[state])} {count} {state}   ", TONES[state]) for state, count in found.items() if count]
        right: Line = ((f"{what}, {clean(result.date)}, {result.seconds / 60:.0f} min", "dim"),)
        return [
            clip(((clean(said or summary.text), "bad" if wrong else "good"),), width),
            clip(((told, "bad" if alarms else "plain"),), width),
            spread(tuple(parts), right, width),
        ]

    def _matrix(self, rows: list[Row], width: int) -> tuple[list[Line], int | None]:
        lines: list[Line] = []
        at: int | None = None
        for index, row in enumerate(rows):
            if index == self.cursor:
                at = len(lines)
            lines.append(row_line(row, width))
            if row.id in self.opened and not self.wide:
                lines += [((("    ", "plain"), *line)) for line in about_lines(row, self.model.by_check, width - 4)[1:]] + [BLANK]
        if not rows:
            lines = [(("nothing matches; Esc clears the search", "dim"),)]
        return lines, at

    # -- moving

    def _move(self, by: int) -> None:
        self.cursor = max(0, min(len(self.model.rows()) - 1, self.cursor + by))
        self.tick()

    def action_left(self) -> None:
        self.opened.discard(self.subject)
        self.tick()

    def action_right(self) -> None:
        self.opened.add(self.subject)
        self.tick()

    def action_open(self) -> None:
        """Open the line, or close it."""
        self.opened ^= {self.subject}
        self.tick()

    def action_other_side(self) -> None:
        """Faults and who catches them, or checks and what they catch."""
        self.model.by_check = not self.model.by_check
        self.cursor = 0
        self.opened.clear()
        self.tick()

    def action_sort(self) -> None:
        """What was missed first, or in the catalogue's order."""
        self.model.worst_first = not self.model.worst_first
        self.tick()
        self.vigil.say("what was missed first" if self.model.worst_first else "in the catalogue's order")

    def summary(self) -> str:
        """The sentence, and what was missed."""
        said = self.vigil.link.standing() if self.vigil.link is not None else ""
        missed = [row for row in self.model.rows() if row.state == MISSED]
        return "\n".join([said, *(f"missed: {row.id} ({', '.join(name for name, _ in row.others)})" for row in missed)])


def row_line(row: Row, width: int) -> Line:
    """One fault or check: state, id, sessions, the other side of the matrix."""
    tone, glyph = TONES[row.state], glyphs()
    others: list[tuple[str, str]] = []
    for name, state in row.others:
        others.append((f"{glyph.word(WORDS[state])} ", TONES[state]))
        others.append((f"{clean(name)}  ", "plain" if state == CAUGHT else TONES[state]))
    room = min(NAME, max(width // 2 - 14, 16))
    left: Line = ((f"{glyph.word(WORDS[row.state])} {row.state:8}", tone), (fit(clean(row.id), room) + " ", "plain"))
    count: Line = ((fit(row.sessions, 4, "right") + "  ", "dim"),) if row.runs else (("      ", "plain"),)
    return clip((*left, *count, *(others or [("nothing names it", "dim")])), width)


def about_lines(row: Row, by_check: bool, width: int) -> list[Line]:
    """A row in full: what users would suffer, who has to catch it, and the words by which it was caught or why it was missed."""
    lines: list[Line] = [((clean(row.id), "head"), ("   now and then, not every time" if row.probabilistic else "", "dim"))]
    lines += [((part, "plain"),) for part in wrap(clean(row.about), width)]
    if not row.others:
        said = "Unproven: it names no fault that could make it fail." if by_check else "No check names it."
        return [*lines, ((said, "warn"),)]
    for name, state in row.others:
        word = f"{'fault' if by_check else 'check'} {clean(name)}"
        lines.append(((f"{glyphs().word(WORDS[state])} {state:8}", TONES[state]), (word, "plain")))
    for run in row.runs:
        said = clean(str(run.witness)) if run.caught else clean(run.why) or f"{clean(run.check)} read {run.word or 'nothing'}"
        head = f"session {run.seed}, {run.seconds:.1f} s, {clean(run.check)} {run.word}: " if run.check else f"session {run.seed}: "
        for number, part in enumerate(wrap(head + said, width)):
            lines.append(((part, ("dim" if run.caught else "bad") if number == 0 else "dim"),))
    return lines


def _ways(healthy: object) -> str:
    """Generations and jitters of the healthy sessions, in words."""
    assert isinstance(healthy, tuple)
    generations = ", ".join(dict.fromkeys(clean(one.generation) for one in healthy))
    jitters = sorted({one.jitter_ms for one in healthy})
    return f"{generations}; jitter {jitters[0]:g} to {jitters[-1]:g} ms" if len(jitters) > 1 else generations
