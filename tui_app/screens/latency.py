"""Latency: every series, its numbers and its limit; Enter opens the chart of one."""

from __future__ import annotations

from textual.app import ComposeResult

from tui_app.model import SECOND
from tui_app.recording.state import SeriesView, SessionState
from tui_app.screens import rows
from tui_app.screens.actions import bindings_for
from tui_app.screens.base import SessionScreen, titled
from tui_app.screens.farewell import headline
from tui_app.screens.moving import Moving
from tui_app.screens.safe import clean
from tui_app.screens.view import View, mmss
from widgets.chart import distribution, over_time
from widgets.glyphs import glyphs
from widgets.lines import Line, LineView, clip, line_text
from widgets.recoveries import RecoveryRow, recovery_lines
from widgets.series import COLUMNS, SeriesTable, milliseconds, series_lines
from widgets.titles import title

CHART_ROWS = 6
"""Fewer rows than these, the frame among them, are no chart."""
UNFOLDED_FROM = 34
"""On a terminal of so many rows the parts of each series are shown from the start."""
TABLE_SHARE = 0.6
"""Of the rows there are, how many the table takes at most."""
BREAKDOWN = "Each recovery and its parts, ms: recovery counts from the fault's end"
CHART_EVERY = 5
"""Every so many ticks a chart is drawn again: twice a second at most."""


class LatencyScreen(Moving, SessionScreen):
    """The table of series; with room, the chart of the one under the cursor."""

    NAME = "latency"
    BINDINGS = bindings_for("latency")
    CSS = """
    LatencyScreen #series { height: auto; max-height: 60%; }
    LatencyScreen #about { height: 2; padding: 0 1; }
    LatencyScreen #chart { height: 1fr; display: none; }
    LatencyScreen.-tall #chart { display: block; }
    """

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self._ticks = 0
        self.unfolded: set[str] | None = None
        """Series whose parts are shown; None before the size was known."""

    def body(self) -> ComposeResult:
        yield titled(SeriesTable(id="series", picking=True, classes="pane"), "Latency, ms: bars start at zero, newest at the right")
        yield LineView(id="about", bar=True)
        yield titled(LineView(id="chart", classes="pane"), "Over time")

    def tick(self) -> None:
        if self.unfolded is None:
            self.unfolded = set(rows.PARTS) if self.size.height >= UNFOLDED_FROM else set()
        table = self.query_one("#series", SeriesTable)
        listed = self.listed()
        table.styles.height = max(len(listed), 1) + 3
        table.update([rows.series_row(item) for item in listed])
        shown = min(len(listed) + 3, int(self.size.height * TABLE_SHARE))
        self.set_class(self.size.height - shown - 5 >= CHART_ROWS, "-tall")
        series = self.picked
        self.query_one("#about", LineView).draw(lambda width, _height: (about_lines(series, width), None))
        if self._ticks % CHART_EVERY == 0 and series is not None:
            self._chart(series)
        self._ticks += 1

    def listed(self) -> list[rows.Listed]:
        """What the table lists."""
        return rows.series_list(self.state, self.unfolded or ())

    @property
    def at(self) -> rows.Listed | None:
        """What is under the cursor."""
        found = self.listed()
        index = self.query_one("#series", SeriesTable).picked
        return found[min(index, len(found) - 1)] if found else None

    @property
    def picked(self) -> SeriesView | None:
        """The series under the cursor."""
        return self.at.view if self.at is not None else None

    def _chart(self, series: SeriesView) -> None:
        chart = self.query_one("#chart", LineView)
        if not chart.display:
            return
        if is_recovery(series.name) and self.state.recoveries:
            title(chart, BREAKDOWN)
            shown = recovery_rows(self.state)
            chart.draw(lambda width, height: (recovery_lines(shown, width, height), None))
            return
        title(chart, f"{rows.long_name(series.name)} over time, ms".replace("[", "("))
        points, limit = points_of(series), series.limit_ms
        chart.draw(lambda width, height: (over_time(points, limit, width, height), None))

    def applies(self, action_id: str) -> bool:
        """Folding is offered where there are parts."""
        if action_id in ("fold-all", "unfold-all"):
            folded = any(item.folded for item in self.listed())
            return folded if action_id == "unfold-all" else not folded and any(item.head for item in self.listed())
        return super().applies(action_id)

    def summary(self) -> str:
        table = series_lines(
            [rows.series_row(item) for item in rows.series_list(self.state, rows.PARTS)], 92, [name for name, _ in COLUMNS]
        )
        return "\n".join([headline(self.state), "latency, ms", *(line_text(line).rstrip() for line in table)])

    def _move(self, by: int) -> None:
        self.query_one("#series", SeriesTable).move(by)
        self._ticks = 0
        self.tick()

    def action_left(self) -> None:
        """Fold the parts under the cursor's series; elsewhere, up."""
        self._fold(False)

    def action_right(self) -> None:
        """Unfold them; elsewhere, down."""
        self._fold(True)

    def action_fold_all(self) -> None:
        """Only the wholes."""
        self._unfold(set())

    def action_unfold_all(self) -> None:
        """Every part."""
        self._unfold(set(rows.PARTS))

    def _fold(self, open: bool) -> None:
        at = self.at
        if at is None or self.unfolded is None:
            return
        head = at.head or at.view.name
        if (head in self.unfolded) == open or not rows.PARTS.get(head):
            self._move(1 if open else -1)
            return
        self._unfold(self.unfolded | {head} if open else self.unfolded - {head}, head)

    def _unfold(self, heads: set[str], keep: str = "") -> None:
        """Show the parts of these; the cursor stays on its series, or goes to the whole that it is part of."""
        at = self.at
        keep = keep or (at.view.name if at is not None else "")
        keep = keep if rows.OF.get(keep) in (None, *heads) else rows.OF[keep]
        if heads == self.unfolded or not any(item.head or item.folded for item in self.listed()):
            self.vigil.say("no series here is folded any further" if heads else "every series here is one line already")
            return
        self.unfolded = heads
        table = self.query_one("#series", SeriesTable)
        table.picked = next((place for place, item in enumerate(self.listed()) if item.view.name == keep), 0)
        self._ticks = 0
        self.tick()

    def action_open(self) -> None:
        """The chart of the series under the cursor."""
        if self.picked is not None:
            self.app.push_screen(ChartScreen(self.view, self.picked.name))


class ChartScreen(SessionScreen):
    """One series: its values over time, or their distribution, with the limit."""

    NAME = "chart"
    BINDINGS = bindings_for("chart")
    CSS = """
    ChartScreen #about { height: 2; padding: 0 1; }
    ChartScreen #chart { height: 1fr; padding: 0; }
    ChartScreen #spread { height: 1fr; display: none; }
    ChartScreen.-wide #spread { display: block; }
    """

    def __init__(self, view: View, name: str) -> None:
        super().__init__(view)
        self.series = name
        self.kind = 0
        self._ticks = 0

    def body(self) -> ComposeResult:
        yield LineView(id="about", bar=True)
        yield titled(LineView(id="chart", classes="pane"), "Over time, ms")
        yield titled(LineView(id="spread", classes="pane"), "How often each value occurs")

    def tick(self) -> None:
        series = self.state.series.get(self.series)
        self.query_one("#about", LineView).draw(lambda width, _height: (about_lines(series, width), None))
        if series is not None and self._ticks % CHART_EVERY == 0:
            points, limit = points_of(series), series.limit_ms
            values = [value for _, value in points]
            chart, side = self.query_one("#chart", LineView), self.query_one("#spread", LineView)
            kind = self.kinds[self.kind % len(self.kinds)]
            if kind == "spread" and side.display:
                kind = "time"
            title(chart, {"time": "Over time, ms", "spread": "How often each value occurs", "parts": BREAKDOWN}[kind])
            if kind == "parts":
                shown = recovery_rows(self.state)
                chart.draw(lambda width, height: (recovery_lines(shown, width, height), None))
            elif kind == "spread":
                chart.draw(lambda width, height: (distribution(values, limit, width, height), None))
            else:
                chart.draw(lambda width, height: (over_time(points, limit, width, height), None))
            if side.display:
                side.draw(lambda width, height: (distribution(values, limit, width, height), None))
        self._ticks += 1

    @property
    def kinds(self) -> tuple[str, ...]:
        """What can be shown: of a recovery, first of all what it is made of."""
        return ("parts", "time", "spread") if is_recovery(self.series) and self.state.recoveries else ("time", "spread")

    def action_distribution(self) -> None:
        """The values over time, how often each occurs, or of recoveries their parts."""
        self.kind += 1
        self._ticks = 0
        self.tick()


def is_recovery(name: str) -> bool:
    """Whether a series is recovery or a part of it."""
    return name == "recovery" or rows.OF.get(name) == "recovery"


def recovery_rows(state: SessionState) -> list[RecoveryRow]:
    """Every recovery that is kept, oldest first."""
    series = state.series.get("recovery")
    limit = series.limit_ms if series is not None else None
    return [
        RecoveryRow(
            mmss(one.t),
            clean(one.user),
            tuple(one.parts.get(name) for name in ("recovery_detect", "recovery_reconnect", "recovery_auth", "recovery_first")),
            one.ms,
            limit is not None and one.ms > limit,
        )
        for one in state.recoveries
    ]


def points_of(series: SeriesView) -> list[tuple[float, float]]:
    """(seconds since the session began, ms) of the newest samples."""
    return [(t / SECOND, value) for t, value in series.recent]


def about_lines(series: SeriesView | None, width: int) -> list[Line]:
    """One series in words: n, percentiles once there are samples enough, limit, taint."""
    if series is None:
        return [(("no series yet: the one under the cursor will have its chart below", "dim"),)]
    over = rows.over_limit(series)
    limit = f"limit {milliseconds(series.limit_ms)} ms" if series.limit_ms is not None else "no limit of its own"
    known = (("p50", series.p50), ("p95", series.p95), ("p99", series.p99), ("max", series.max))
    numbers = "   ".join(f"{name} {milliseconds(value)}" for name, value in known if value is not None)
    first: Line = (
        (f"{rows.long_name(series.name)}  ", "head"),
        (f"n {series.n:,}   {numbers}   ", "plain"),
        (f"{glyphs().failed} p95 over its {limit}" if over else limit, "bad" if over else "dim"),
    )
    if series.tainted:
        taint = f"{series.tainted:,} of {series.n:,} samples fell into a hiccup of our own client; they stay in"
    else:
        taint = "no sample was tainted by our own client"
    wanted = "p50 and p95 from n = 20, p99 from 100" if series.n < 20 else "p99 from n = 100"
    last: Line = ((f"; {wanted}", "dim"),) if series.n < 100 else ()
    return [clip(first, width), clip(((taint, "warn" if series.tainted else "dim"), *last), width)]
