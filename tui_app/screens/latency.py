"""Latency: every series, its numbers and its limit; Enter opens the chart of one."""

from __future__ import annotations

from textual.app import ComposeResult

from tui_app.model import SECOND
from tui_app.recording.state import SeriesView
from tui_app.screens import rows
from tui_app.screens.actions import bindings_for
from tui_app.screens.base import SessionScreen, titled
from tui_app.screens.farewell import headline
from tui_app.screens.view import View
from widgets.chart import distribution, over_time
from widgets.glyphs import glyphs
from widgets.lines import Line, LineView, clip, line_text
from widgets.series import COLUMNS, SeriesTable, milliseconds, series_lines

CHART_ROWS = 8
"""Fewer rows than these are no chart."""
CHART_EVERY = 5
"""Every so many ticks a chart is drawn again: twice a second at most."""


class LatencyScreen(SessionScreen):
    """The table of series; with room, the chart of the one under the cursor."""

    NAME = "latency"
    BINDINGS = bindings_for("latency")
    CSS = """
    LatencyScreen #series { height: auto; max-height: 60%; }
    LatencyScreen #about { height: auto; padding: 0 1; min-height: 3; }
    LatencyScreen #chart { height: 1fr; display: none; }
    LatencyScreen.-tall #chart { display: block; }
    """

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self._ticks = 0

    def body(self) -> ComposeResult:
        yield titled(SeriesTable(id="series", picking=True, classes="pane"), "Latency, ms: bars start at zero, newest at the right")
        yield LineView(id="about", bar=True)
        yield titled(LineView(id="chart", classes="pane"), "Over time")

    def tick(self) -> None:
        table = self.query_one("#series", SeriesTable)
        shown = rows.series_rows(self.state)
        table.styles.height = len(shown) + 3
        table.update(shown)
        self.set_class(self.size.height - len(shown) - 9 >= CHART_ROWS, "-tall")
        series = self.picked
        self.query_one("#about", LineView).draw(lambda width, _height: (about_lines(series, width), None))
        if self._ticks % CHART_EVERY == 0 and series is not None:
            self._chart(series)
        self._ticks += 1

    @property
    def picked(self) -> SeriesView | None:
        """The series under the cursor."""
        found = list(self.state.series.values())
        index = self.query_one("#series", SeriesTable).picked
        return found[min(index, len(found) - 1)] if found else None

    def _chart(self, series: SeriesView) -> None:
        chart = self.query_one("#chart", LineView)
        if not chart.display:
            return
        chart.border_title = f"{rows.series_name(series.name)} over time, ms".replace("[", "(")
        points, limit = points_of(series), series.limit_ms
        chart.draw(lambda width, height: (over_time(points, limit, width, height), None))

    def summary(self) -> str:
        table = series_lines(rows.series_rows(self.state), 92, [name for name, _ in COLUMNS])
        return "\n".join([headline(self.state), "latency, ms", *(line_text(line).rstrip() for line in table)])

    def _move(self, by: int) -> None:
        self.query_one("#series", SeriesTable).move(by)
        self._ticks = 0
        self.tick()

    def action_up(self) -> None:
        self._move(-1)

    def action_down(self) -> None:
        self._move(1)

    def action_left(self) -> None:
        self._move(-1)

    def action_right(self) -> None:
        self._move(1)

    def action_page_up(self) -> None:
        self._move(-10)

    def action_page_down(self) -> None:
        self._move(10)

    def action_first(self) -> None:
        self._move(-1000)

    def action_last(self) -> None:
        self._move(1000)

    def action_open(self) -> None:
        """The chart of the series under the cursor."""
        if self.picked is not None:
            self.app.push_screen(ChartScreen(self.view, self.picked.name))


class ChartScreen(SessionScreen):
    """One series: its values over time, or their distribution, with the limit."""

    NAME = "chart"
    BINDINGS = bindings_for("chart")
    CSS = """
    ChartScreen #about { height: auto; padding: 0 1; min-height: 3; }
    ChartScreen #chart { height: 1fr; }
    ChartScreen #spread { height: 1fr; display: none; }
    ChartScreen.-wide #spread { display: block; }
    """

    def __init__(self, view: View, name: str) -> None:
        super().__init__(view)
        self.series = name
        self.spread = False
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
            alone = self.spread and not side.display
            chart.border_title = "How often each value occurs" if alone else "Over time, ms"
            if alone:
                chart.draw(lambda width, height: (distribution(values, limit, width, height), None))
            else:
                chart.draw(lambda width, height: (over_time(points, limit, width, height), None))
            if side.display:
                side.draw(lambda width, height: (distribution(values, limit, width, height), None))
        self._ticks += 1

    def action_distribution(self) -> None:
        """The values over time, or how often each occurs."""
        self.spread = not self.spread
        self._ticks = 0
        self.tick()


def points_of(series: SeriesView) -> list[tuple[float, float]]:
    """(seconds since the session began, ms) of the newest samples."""
    return [(t / SECOND, value) for t, value in series.recent]


def about_lines(series: SeriesView | None, width: int) -> list[Line]:
    """One series in words: n, percentiles once there are samples enough, limit, taint."""
    if series is None:
        return [(("no series yet", "dim"),)]
    over = rows.over_limit(series)
    limit = f"limit {milliseconds(series.limit_ms)} ms" if series.limit_ms is not None else "no limit of its own"
    known = (("p50", series.p50), ("p95", series.p95), ("p99", series.p99), ("max", series.max))
    numbers = "   ".join(f"{name} {milliseconds(value)}" for name, value in known if value is not None)
    first: Line = (
        (f"{rows.series_name(series.name)}  ", "head"),
        (f"n {series.n:,}   {numbers}   ", "plain"),
        (f"{glyphs().failed} p95 over its {limit}" if over else limit, "bad" if over else "dim"),
    )
    if series.tainted:
        taint = f"{series.tainted:,} of {series.n:,} samples fell into a hiccup of our own client; they stay in"
    else:
        taint = "no sample was tainted by our own client"
    wanted = "p50 and p95 from n = 20, p99 from n = 100" if series.n < 20 else "p99 from n = 100"
    last: Line = ((f"{wanted}: {series.n} so far", "dim"),) if series.n < 100 else ()
    return [clip(first, width), clip(((taint, "warn" if series.tainted else "dim"),), width), clip(last, width)]
