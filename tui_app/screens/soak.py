"""Soak: the hours block by block, drift with its bound, reconnects, the client's own health, and what would decide it."""

from __future__ import annotations

from statistics import median
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Container

from tui_app.model import SECOND
from tui_app.recording.state import BlockView, SessionState
from tui_app.screens import courses, rows
from tui_app.screens.actions import bindings_for
from tui_app.screens.base import SessionScreen, titled
from tui_app.screens.farewell import headline
from tui_app.screens.load import empty_lines
from tui_app.screens.safe import clean
from tui_app.screens.view import View, mmss
from widgets.glyphs import glyphs
from widgets.hours import BlockCell, DriftRow, amount, drift_lines, strip_lines
from widgets.lines import Line, LineView, clip, line_text, line_width, spread, wrap
from widgets.series import milliseconds
from widgets.titles import subtitle, title

OWN_UNITS = {
    "rss_mb": ("memory", "MB"),
    "fds": ("open files", ""),
    "lag_ms": ("loop lag", "ms"),
    "tasks": ("tasks", ""),
    "cpu_s": ("cpu", "s"),
}
"""What is the client's own, as a person reads it, and its unit."""
EMPTY = (
    "No soak in this session.",
    "It goes on for hours: block by block it measures latency, rates and reconnects of the target, and its own client's memory, files and"
    " loop lag apart; it tells drift from noise, and says how small a drift it would have seen.",
    "To have one: d in Plan (1) makes it last (10 min, 30 min, 2 h), as `vigil run --duration 2h` does.",
)


class SoakScreen(SessionScreen):
    """The strip of blocks, the drifts, and the block under the cursor."""

    NAME = "soak"
    BINDINGS = bindings_for("soak")
    CSS: ClassVar[str] = """
    SoakScreen #now { height: 1; padding: 0 1; }
    SoakScreen #strip { height: 7; padding: 0; }
    SoakScreen.-roomy #strip { height: 8; }
    SoakScreen #lower { height: 1fr; layout: vertical; }
    SoakScreen.-wide #lower { layout: horizontal; }
    SoakScreen #drift { height: 1fr; padding: 0; }
    SoakScreen #about { height: 3; padding: 0 1; }
    SoakScreen #block { display: none; height: auto; }
    SoakScreen.-wide #block { width: 62; height: 1fr; }
    SoakScreen.-roomy #block { display: block; }
    SoakScreen.-wide .pane { padding: 0 1; }
    SoakScreen.-empty #strip, SoakScreen.-empty #lower, SoakScreen.-empty #about { display: none; }
    SoakScreen #empty { display: none; height: 1fr; }
    SoakScreen.-empty #empty { display: block; padding: 1 2; }
    """

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.picked: int | None = None
        """Which block is under the cursor; None: the last one that is over."""
        self.series = ""

    def body(self) -> ComposeResult:
        yield LineView(id="now", bar=True)
        yield titled(LineView(id="strip", classes="pane"), "Hours")
        yield LineView(id="about", bar=True)
        with Container(id="lower"):
            yield titled(LineView(id="drift", classes="pane"), "Drift per hour; detectable: the least that so many blocks would have shown")
            yield titled(LineView(id="block", classes="pane"), "Block")
        yield LineView(id="empty", classes="pane")

    def tick(self) -> None:
        state = self.state
        blocks = courses.blocks_of(state)
        self.set_class(not blocks, "-empty")
        self.set_class(self.size.height >= 32, "-roomy")
        self.query_one("#now", LineView).draw(lambda width, _height: ([self._now(width)], None))
        if not blocks:
            self.query_one("#empty", LineView).draw(lambda width, _height: (empty_lines(EMPTY, width), None))
            return
        roomy = self.has_class("-roomy")
        at, series, own = self._at(blocks), self._series(blocks), _own_shown(blocks) if roomy else ""
        cells = block_cells(state, series, own)
        of = max(blocks[-1].of, len(blocks))
        strip = self.query_one("#strip", LineView)
        subtitle(strip, line_text(reconnect_line(state)).replace("[", "("))
        strip.draw(lambda width, _height: (strip_lines(cells, of, width, at, series_words(series), own_words(own)), None))
        block = blocks[at]
        usual = courses.usual_medians(blocks)
        self.query_one("#about", LineView).draw(lambda width, _height: (self._about(block, usual, width), None))
        pane = self.query_one("#block", LineView)
        title(pane, f"Block {block.number} of {block.of}")
        lines = block_lines(block, usual)
        pane.styles.height = "1fr" if self.has_class("-wide") else len(lines) + 2
        pane.draw(lambda width, _height: ([part for line in lines for part in folded(line, width)], None))
        drifts = drift_rows(state)
        view = self.query_one("#drift", LineView)
        view.draw(
            lambda width, _height: (drift_lines(drifts, width) if drifts else [(("too few blocks yet to tell a drift", "dim"),)], None)
        )

    def _at(self, blocks: list[BlockView]) -> int:
        return len(blocks) - 1 if self.picked is None else min(self.picked, len(blocks) - 1)

    def _series(self, blocks: list[BlockView]) -> str:
        names = series_names(blocks)
        return self.series if self.series in names else names[0] if names else ""

    def _now(self, width: int) -> Line:
        if not self.state.blocks:
            hours = f"asked to go on for {mmss(int(self.state.duration_s * SECOND), tenths=False)}" if self.state.duration_s else ""
            return (("now  ", "dim"), ("no block is over yet" if hours else "no soak has begun", "plain"), (f"   {hours}", "dim"))
        left = courses.soak_left_ns(self.state)
        right: Line = ((f"{mmss(left, tenths=False)} left", "dim"),) if left is not None else ()
        return spread((("now  ", "dim"), (courses.soak_sentence(self.state, drift=False), "plain")), right, width)

    def _about(self, block: BlockView, usual: dict[str, float], width: int) -> list[Line]:
        text, tone = courses.soak_decides(self.state)
        return [clip(block_line(block, usual), width), *(((part, tone),) for part in wrap(text, width, 2))]

    def applies(self, action_id: str) -> bool:
        """Without a course there is nothing to open or to choose between."""
        return (action_id not in ("open", "band", "series") or bool(self.state.blocks)) and super().applies(action_id)

    def summary(self) -> str:
        """The strip, the drifts and the reconnects, as text."""
        blocks = courses.blocks_of(self.state)
        if not blocks:
            return f"{headline(self.state)}\nno soak in this session"
        series, own = self._series(blocks), _own_shown(blocks)
        cells = block_cells(self.state, series, own)
        strip = strip_lines(cells, max(blocks[-1].of, len(blocks)), 92, -1, series_words(series), own_words(own))
        table = drift_lines(drift_rows(self.state), 92)
        lines = [courses.soak_sentence(self.state), *(line_text(line).rstrip() for line in (*strip, *table))]
        lines.append("reconnects: " + line_text(reconnect_line(self.state)))
        return "\n".join([headline(self.state), *lines, courses.soak_decides(self.state)[0]])

    def _move(self, by: int) -> None:
        blocks = courses.blocks_of(self.state)
        if blocks:
            at = max(0, min(self._at(blocks) + by, len(blocks) - 1))
            self.picked = None if at == len(blocks) - 1 else at
            self.tick()

    def action_left(self) -> None:
        self._move(-1)

    def action_right(self) -> None:
        self._move(1)

    def action_first(self) -> None:
        self._move(-10_000)

    def action_last(self) -> None:
        self._move(10_000)

    def action_up(self) -> None:
        self.query_one("#drift", LineView).scroll_relative(y=-1, animate=False, force=True)

    def action_down(self) -> None:
        self.query_one("#drift", LineView).scroll_relative(y=1, animate=False, force=True)

    def action_page_up(self) -> None:
        self._move(-10)

    def action_page_down(self) -> None:
        self._move(10)

    def action_series(self) -> None:
        """The next series along the strip."""
        names = series_names(courses.blocks_of(self.state))
        if names:
            current = self._series(courses.blocks_of(self.state))
            self.series = names[(names.index(current) + 1) % len(names)]
            self.tick()
        else:
            self.vigil.say("there was no soak in this session: d on the plan adds one")

    def action_open(self) -> None:
        """The row behind the block under the cursor."""
        blocks = courses.blocks_of(self.state)
        if blocks:
            self.vigil.open_frame(blocks[self._at(blocks)].seq)


def series_names(blocks: list[BlockView]) -> list[str]:
    """Every series that a block has, pings and runs first, parts last."""
    found = dict.fromkeys(name for block in blocks for name in block.series)
    first = ("ping", "run", "first_event")
    return sorted(found, key=lambda name: (name in rows.OF, first.index(name) if name in first else len(first)))


def series_words(name: str) -> str:
    """A series as a person reads it."""
    return rows.long_name(name) if len(rows.long_name(name)) < 17 else rows.series_name(name)


def own_words(name: str) -> str:
    return f"own {OWN_UNITS[name][0]}" if name else ""


def _own_shown(blocks: list[BlockView]) -> str:
    """Which of the client's own numbers stands in the strip: its memory where it is known."""
    return next((name for name in OWN_UNITS if any(name in block.own for block in blocks)), "")


def block_cells(state: SessionState, series: str, own: str = "") -> list[BlockCell]:
    """The strip's cells: blocks that are over, the one under way, and those to come."""
    blocks = courses.blocks_of(state)
    usual = courses.usual_medians(blocks)
    cells = []
    for block in blocks:
        kind = "excluded" if block.state == "excluded" else "slow" if courses.slow_series(block, usual) else "fine"
        value = block.series.get(series, (0, None, None))[1]
        cells.append(BlockCell(block.number, kind, block.seconds, block.planned, block.unexpected, value, block.own.get(own)))
    last = blocks[-1] if blocks else None
    if last is not None and not state.ended:
        cells += [
            BlockCell(number, "running" if number == last.number + 1 else "waiting") for number in range(last.number + 1, last.of + 1)
        ]
    return cells


def block_line(block: BlockView, usual: dict[str, float]) -> Line:
    """One block in a line: when, its medians, what was slow or why it is left out."""
    slow = courses.slow_series(block, usual)
    span = f"{mmss(block.began, tenths=False)} to {mmss(block.began + int(block.seconds * SECOND), tenths=False)}"
    medians = ", ".join(
        f"{series_words(name)} {milliseconds(block.series[name][1])}"
        for name in series_names([block])
        if name not in rows.OF and block.series[name][1] is not None
    )
    first: Line = ((f"block {block.number}, {span}: ", "dim"),)
    if block.state == "excluded":
        return (*first, (f"excluded: {clean(block.why) or 'no reason given'}", "warn"))
    tail: Line = ((f"   slow: {', '.join(map(series_words, slow))}", "warn"),) if slow else ()
    return (*first, (f"{medians} ms" if medians else "nothing measured", "plain"), *tail)


def block_lines(block: BlockView, usual: dict[str, float]) -> list[Line]:
    """The block under the cursor in full: each series, the rates, and the client's own health apart."""
    slow = courses.slow_series(block, usual)
    lines: list[Line] = [((f"{'series, ms':<18}{'n':>7}{'median':>10}{'p95':>10}{'usual':>10}", "dim"),)]
    for name in series_names([block]):
        count, middle, high = block.series[name]
        text = f"{series_words(name):<18}{count:>7,}{milliseconds(middle):>10}{milliseconds(high):>10}{milliseconds(usual.get(name)):>10}"
        lines.append(((text, "warn" if name in slow else "plain"), ("  slow" if name in slow else "", "warn")))
    if block.rates:
        said = ", ".join(f"{clean(name).replace('_', ' ')} {amount(value)}" for name, value in block.rates.items())
        lines.append((("a minute: ", "dim"), (said, "plain")))
    if block.recovered:
        said = ", ".join(milliseconds(one) for one in block.recovered[:12])
        lines.append((("recovered in, ms: ", "dim"), (said, "plain")))
    if block.own:
        said = ", ".join(_own(name, value) for name, value in block.own.items())
        lines.append((("our own client: ", "dim"), (said, "plain")))
    return lines


def folded(line: Line, width: int) -> list[Line]:
    """A line of a name and words, the words on as many lines as they take."""
    if line_width(line) <= width or len(line) != 2 or not line[0][0].endswith(": "):
        return [clip(line, width)]
    (name, tone), (text, shade) = line
    parts = wrap(text, max(width - len(name), 8))
    return [((name if index == 0 else " " * len(name), tone), (part, shade)) for index, part in enumerate(parts)]


def _own(name: str, value: float) -> str:
    words, unit = OWN_UNITS.get(name, (clean(name).replace("_", " "), ""))
    return f"{words} {amount(value)}{f' {unit}' if unit else ''}"


def reconnect_line(state: SessionState) -> Line:
    """Reconnects of the whole soak: planned and unexpected, and how long recovering took."""
    glyph = glyphs()
    planned = sum(block.planned for block in state.blocks.values())
    dropped = sum(block.unexpected for block in state.blocks.values())
    times = [one for block in state.blocks.values() for one in block.recovered]
    took = f"; recovered in {milliseconds(median(times))} ms, {milliseconds(max(times))} at most" if times else ""
    return (
        (f"{glyph.planned} {planned} planned", "plain"),
        (", ", "dim"),
        (f"{glyph.failed} {dropped} unexpected" if dropped else "none unexpected", "bad" if dropped else "plain"),
        (took, "plain"),
    )


def drift_rows(state: SessionState) -> list[DriftRow]:
    """Every drift, the target's first, what is wrong before the rest."""
    found = []
    for drift in state.drifts.values():
        words, unit = OWN_UNITS.get(drift.what, ("", drift.unit))
        own = bool(words) or drift.what.startswith("own ")
        name = f"own {words}" if words else series_words(drift.what)
        bounds = (drift.low, drift.high, drift.detectable, drift.limit)
        found.append(DriftRow(name, clean(drift.unit or unit), drift.word, drift.slope, *bounds, clean(drift.reason), own))
    return sorted(found, key=lambda row: row.word != "FAIL")
