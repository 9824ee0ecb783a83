"""Live: the whole session at a glance."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tui_app import now
from tui_app.recording.engines import engines_sentence
from tui_app.screens import courses, rows
from tui_app.screens.actions import bindings_for
from tui_app.screens.base import SessionScreen, titled
from tui_app.screens.isolation import user_rows
from tui_app.screens.newest import FRAMES, Newest
from tui_app.screens.safe import clean
from widgets.glyphs import TONES, glyphs
from widgets.lines import Line, LineView, clip, fit, spread
from widgets.matrix import COUNTED, Matrix, totals
from widgets.runs import RunList
from widgets.series import SeriesTable
from widgets.stream import EventStream
from widgets.titles import subtitle
from widgets.users import user_lines

USERS_SHOWN = 8
SERIES_KEPT, SERIES_KEPT_ROOMY = 6, 8
USERS_KEPT = 5
"""Rooms kept free for users who have not signed in yet, so that nothing jumps when they do."""
STREAMING_FROM = (100, 32)
"""Width and height from which the newest frames stream on this screen."""


class LiveScreen(SessionScreen):
    """Runs with their lamps, the isolation matrix, latency, and the newest finding."""

    NAME = "live"
    BINDINGS = bindings_for("live")
    CSS = """
    LiveScreen #now { height: 1; padding: 0 1; }
    LiveScreen #course { height: 1; padding: 0 1; display: none; }
    LiveScreen.-course #course { display: block; }
    LiveScreen #engines { height: 1; padding: 0 1; display: none; }
    LiveScreen.-engines #engines { display: block; }
    LiveScreen #finding { height: 1; padding: 0 1; dock: bottom; margin-bottom: 1; }
    LiveScreen .pane { padding: 0; }
    LiveScreen #left { width: 34; }
    LiveScreen #right { width: 1fr; }
    LiveScreen #matrix { height: 1fr; }
    LiveScreen #series { height: auto; }
    LiveScreen #events { height: 1fr; }
    LiveScreen #checks, LiveScreen #users, LiveScreen #events { display: none; }
    LiveScreen.-streaming #events { display: block; }
    LiveScreen.-normal #left { width: 38; }
    LiveScreen.-wide #left { width: 50%; }
    LiveScreen.-wide .pane { padding: 0 1; }
    LiveScreen.-wide.-tall #checks { display: block; height: 1fr; }
    LiveScreen.-wide.-tall #users { display: block; height: auto; max-height: 40%; }
    LiveScreen.-wide.-tall #runs { height: 1fr; }
    """

    def body(self) -> ComposeResult:
        yield LineView(id="now", bar=True)
        yield LineView(id="course", bar=True)
        yield LineView(id="engines", bar=True)
        with Horizontal():
            with Vertical(id="left"):
                yield titled(RunList(id="runs", classes="pane"), "Agent runs")
                yield titled(LineView(id="checks", classes="pane"), "Checks at work")
            with Vertical(id="right"):
                yield titled(Matrix(id="matrix", classes="pane"), "Isolation: leaks of probes")
                yield titled(
                    Newest(self.view, FRAMES, "frames", empty="Frames appear here as they arrive.", id="events", classes="pane"), "Events"
                )
                yield titled(LineView(id="users", classes="pane"), "Users")
                yield titled(SeriesTable(id="series", classes="pane"), "Latency, ms")
        yield LineView(id="finding", bar=True)

    def tick(self) -> None:
        state = self.state
        self.set_class(self.size.height >= 36, "-tall")
        self.query_one("#now", LineView).draw(lambda width, _height: ([self._now(width)], None))
        going = courses.course_sentences(state)
        self.set_class(bool(going), "-course")
        if going:
            said, key = going[0]
            bad = said.startswith("load stopped") or "drift in" in said
            self.query_one("#course", LineView).draw(lambda width, _height: ([course_line(said, key, width, bad=bad)], None))
        said, lost = engines_sentence(state.engines, state.t)
        self.set_class(bool(said), "-engines")
        self.query_one("#engines", LineView).draw(lambda width, _height: ([course_line(clean(said), "0", width, bad=lost)], None))
        runs = self.query_one("#runs", RunList)
        runs.update(rows.run_rows(state))
        busy = sum(1 for run in state.runs.values() if run.state == "running")
        subtitle(runs, f"{state.runs_asked} run{'s' * (state.runs_asked != 1)}, {busy} under way")
        users, cells = rows.cells(state)
        matrix = self.query_one("#matrix", Matrix)
        matrix.update(users, cells)
        _, leaking, unmeasured, probes, _ = totals(users, cells)
        streaming = self.size.width >= STREAMING_FROM[0] and self.size.height >= STREAMING_FROM[1]
        self.set_class(streaming, "-streaming")
        most = max(self.size.height // 3, 8)
        # A picture of many users takes its header, its legend and a line between; counts take a header.
        needed = max(len(users), USERS_KEPT) + (3 if len(users) <= COUNTED else 6)
        matrix.styles.height = min(needed, most) if streaming else "1fr"
        if streaming:
            self.query_one("#events", Newest).pull()
        subtitle(matrix, f"{leaking:,} leaking, {unmeasured:,} to be proven, {probes:,} probes")
        panel = self.query_one("#users", LineView)
        people = user_rows(state)
        panel.styles.height = min(len(people), USERS_SHOWN) + 3
        panel.draw(lambda width, _height: (user_lines(people, width), None))
        series = self.query_one("#series", SeriesTable)
        shown = rows.series_rows(state)
        # As many rows as a session soon has are kept free from the start, so that nothing jumps when they come.
        series.styles.height = min(max(len(shown), SERIES_KEPT_ROOMY if streaming else SERIES_KEPT) + 3, max(self.size.height // 2, 5))
        series.update(shown)
        self.query_one("#checks", LineView).draw(self._checks)
        self.query_one("#finding", LineView).draw(lambda width, _height: ([self._finding(width)], None))

    def _now(self, width: int) -> Line:
        """The line 'now'."""
        gone, state = self.view.gone, self.state
        tone = "bad" if gone else "warn" if (state.held or state.stopping) and not state.ended else "plain"
        return clip((("now  ", "dim"), (now.sentence(state, gone, width - 5), tone)), width)

    def _checks(self, width: int, height: int) -> tuple[list[Line], None]:
        """What is running and awaited, then what ended last."""
        glyph, state = glyphs(), self.state
        lines: list[Line] = []
        for check in state.checks.values():
            if check.word == "RUNNING":
                lines.append(((f"{glyph.running} ", "accent"), (fit(check.id, 26), "plain"), (clean(check.title), "dim")))
                steps = [step for step in state.waiting.values() if step.check == check.id]
                lines += [((f"    {now.step_phrase(step, state)}", "dim"),) for step in sorted(steps, key=lambda step: step.since)[:3]]
        done = [check for check in state.checks.values() if check.word not in ("", "RUNNING")]
        done.sort(key=lambda check: check.ended or 0, reverse=True)
        for check in done[: max(height - len(lines), 0)]:
            tone = TONES.get(check.word, "dim")
            lines.append(
                (
                    (f"{glyph.word(check.word)} ", tone),
                    (fit(check.id, 26), "plain"),
                    (clean(check.reason), tone if check.word == "FAIL" else "dim"),
                )
            )
        return [clip(line, width) for line in lines], None

    def _finding(self, width: int) -> Line:
        found = rows.newest_finding(self.state)
        leaking = rows.leaking(self.state)
        if leaking and (found is None or found[1].severity not in ("critical", "major")):
            told = ((f"{glyphs().failed} isolation: ", "bad"), (f"{leaking}; the session fails", "plain"))
            return spread(told, (("4", "key"), (" who saw whose", "dim")), width)
        if found is None:
            failing = [check for check in self.state.checks.values() if check.word in ("FAIL", "BLOCKED")]
            if not failing:
                return (("nothing found wrong so far" if self.state.session else "", "dim"),)
            check = failing[-1]
            text, tone, mark = clean(check.reason), "bad" if check.word == "FAIL" else "warn", glyphs().word(check.word)
        else:
            check, finding = found
            grave = finding.severity in ("critical", "major")
            text, tone, mark = (
                rows.with_totals(check, clean(finding.text), self.state),
                "bad" if grave else "dim",
                glyphs().failed if grave else glyphs().waiting,
            )
        return spread(((f"{mark} {check.id}: ", tone), (text, "plain")), (("Enter", "key"), (" why", "dim")), width)

    def on_event_stream_opened(self, message: EventStream.Opened) -> None:
        self.vigil.open_frame(message.seq)

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


def course_line(text: str, key: str, width: int, *, bad: bool) -> Line:
    """A load or a soak in one line, and the key of its screen."""
    return spread(((text, "bad" if bad else "accent"),), (("[", "dim"), (key, "key"), ("]", "dim")), width)
