"""Live: the whole session at a glance."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tui_app.screens import rows
from tui_app.screens.actions import bindings_for
from tui_app.screens.base import SessionScreen, titled
from tui_app.screens.safe import clean
from widgets.glyphs import glyphs
from widgets.lines import Line, LineView, clip, fit, spread
from widgets.matrix import Matrix, sentence
from widgets.runs import RunList
from widgets.series import SeriesTable


class LiveScreen(SessionScreen):
    """Runs with their lamps, the isolation matrix, latency, and the newest finding."""

    NAME = "live"
    BINDINGS = bindings_for("live")
    CSS = """
    LiveScreen #now { height: 1; padding: 0 1; }
    LiveScreen #finding { height: 1; padding: 0 1; dock: bottom; margin-bottom: 1; }
    LiveScreen #left { width: 34; }
    LiveScreen #runs { padding: 0; }
    LiveScreen #right { width: 1fr; }
    LiveScreen #matrix { height: 1fr; padding: 0; }
    LiveScreen #series { height: auto; padding: 0; }
    LiveScreen #checks { display: none; }
    LiveScreen.-normal #left { width: 45%; }
    LiveScreen.-wide #left { width: 50%; }
    LiveScreen.-wide #checks { display: block; height: 1fr; }
    LiveScreen.-wide #runs { height: 1fr; }
    """

    def body(self) -> ComposeResult:
        yield LineView(id="now", bar=True)
        with Horizontal():
            with Vertical(id="left"):
                yield titled(RunList(id="runs", classes="pane"), "Agent runs")
                yield titled(LineView(id="checks", classes="pane"), "Checks at work")
            with Vertical(id="right"):
                yield titled(Matrix(id="matrix", classes="pane"), "Isolation: leaks of probes")
                yield titled(SeriesTable(id="series", classes="pane"), "Latency, ms")
        yield LineView(id="finding", bar=True)

    def tick(self) -> None:
        state = self.state
        width = max(self.size.width - 2, 1)
        now = self.query_one("#now", LineView)
        text = self.view.gone or rows.now_sentence(state)
        now.show([clip((("now  ", "dim"), (text, "bad" if self.view.gone else "plain")), width)])
        runs = self.query_one("#runs", RunList)
        runs.update(rows.run_rows(state))
        busy = sum(1 for run in state.runs.values() if run.state == "running")
        runs.border_subtitle = f"{state.runs_total} runs, {busy} under way"
        users, matrix = rows.cells(state)
        self.query_one("#matrix", Matrix).update(users, matrix)
        self.query_one("#matrix", Matrix).border_subtitle = sentence(users, matrix)[0]
        series = self.query_one("#series", SeriesTable)
        shown = rows.series_rows(state)
        series.styles.height = min(len(shown) + 3, max(self.size.height // 2, 5)) if shown else 3
        series.update(shown)
        self._checks()
        self.query_one("#finding", LineView).show([self._finding(width)])

    def _checks(self) -> None:
        view = self.query_one("#checks", LineView)
        if not view.display:
            return
        glyph = glyphs()
        width = view.size.width
        busy = [check for check in self.state.checks.values() if check.word == "RUNNING"]
        done = [check for check in self.state.checks.values() if check.word not in ("", "RUNNING")]
        lines: list[Line] = [
            clip(((f"{glyph.running} ", "accent"), (fit(check.id, 26), "plain"), (clean(check.title), "dim")), width) for check in busy
        ]
        steps = sorted(self.state.waiting.values(), key=lambda step: step.since)
        lines += [clip((("  " + rows.awaited(step, self.state.t), "dim"),), width) for step in steps[:6]]
        for check in reversed(done[-max(view.size.height - len(lines), 0) :] if view.size.height > len(lines) else []):
            lines.append(
                clip(
                    (
                        (f"{glyph.word(check.word)} ", {"PASS": "good", "FAIL": "bad"}.get(check.word, "warn")),
                        (fit(check.id, 26), "plain"),
                        (clean(check.reason), "dim"),
                    ),
                    width,
                )
            )
        view.show(lines)

    def _finding(self, width: int) -> Line:
        found = rows.newest_finding(self.state)
        if found is None:
            failing = [check for check in self.state.checks.values() if check.word in ("FAIL", "BLOCKED")]
            if not failing:
                return (("nothing found so far" if self.state.session else "", "dim"),)
            check = failing[-1]
            text, tone, mark = clean(check.reason), "bad" if check.word == "FAIL" else "warn", glyphs().word(check.word)
        else:
            check, finding = found
            grave = finding.severity in ("critical", "major")
            text, tone, mark = clean(finding.text), "bad" if grave else "dim", glyphs().failed if grave else glyphs().waiting
        return spread(((f"{mark} {check.id}: ", tone), (text, "plain")), (("Enter", "key"), (" why", "dim")), width)

    def action_open(self) -> None:
        """The evidence of the newest finding."""
        found = rows.newest_finding(self.state)
        failing = [check.id for check in self.state.checks.values() if check.word in ("FAIL", "BLOCKED", "INCONCLUSIVE")]
        if found is not None:
            self.vigil.open_why(found[0].id)
        elif failing:
            self.vigil.open_why(failing[-1])

    def action_up(self) -> None:
        self.query_one("#matrix", Matrix).scroll_relative(y=-1, animate=False, force=True)

    def action_down(self) -> None:
        self.query_one("#matrix", Matrix).scroll_relative(y=1, animate=False, force=True)

    def action_left(self) -> None:
        self.vigil.go("verdict")

    def action_right(self) -> None:
        self.vigil.go("events")

    def action_page_up(self) -> None:
        self.query_one("#series", SeriesTable).scroll_page_up(animate=False, force=True)

    def action_page_down(self) -> None:
        self.query_one("#series", SeriesTable).scroll_page_down(animate=False, force=True)

    def action_first(self) -> None:
        self.query_one("#matrix", Matrix).scroll_home(animate=False, force=True)

    def action_last(self) -> None:
        self.query_one("#matrix", Matrix).scroll_end(animate=False, force=True)
