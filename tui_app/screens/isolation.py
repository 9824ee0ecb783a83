"""Isolation: who saw whose markers, pair by pair and user by user."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal

from tui_app.recording.state import SessionState
from tui_app.screens import rows
from tui_app.screens.actions import bindings_for
from tui_app.screens.base import SessionScreen, titled
from tui_app.screens.farewell import headline
from tui_app.screens.safe import clean
from tui_app.screens.view import View
from widgets.glyphs import glyphs
from widgets.lines import Line, LineView, clip, line_width
from widgets.matrix import COUNTED, Cell, Matrix, sentence, unclean
from widgets.users import UserRow, user_lines

CHROME = 4
"""Rows that are not panes: banner, sentence, key bar."""


def _sum(text: str, tone: str, width: int) -> Line:
    """The matrix in one sentence, and what a PASS needs where there is room to say it."""
    need = "   PASS needs 0 leaks, 10 probes a pair, 299 in all"
    line: Line = ((text, tone), (need, "dim"))
    return line if line_width(line) <= width else clip(((text, tone),), width)


class IsolationScreen(SessionScreen):
    """The matrix, the users, and, past eight users, the pairs that are not clean."""

    NAME = "isolation"
    BINDINGS = bindings_for("isolation")
    CSS = """
    IsolationScreen #sum { height: 1; padding: 0 1; }
    IsolationScreen #upper { height: 1fr; }
    IsolationScreen #matrix { width: 1fr; }
    IsolationScreen #unclean { width: 32; display: none; }
    IsolationScreen #unclean.-needed { display: block; }
    IsolationScreen #users { height: auto; max-height: 50%; }
    IsolationScreen #users { display: none; }
    IsolationScreen.-both #users, IsolationScreen.-users #users { display: block; }
    IsolationScreen.-users #users { max-height: 100%; height: 1fr; }
    IsolationScreen.-users #upper { display: none; }
    IsolationScreen.-wide #unclean { width: 48; }
    """

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.showing_users = False

    def body(self) -> ComposeResult:
        yield LineView(id="sum", bar=True)
        with Horizontal(id="upper"):
            yield titled(Matrix(id="matrix", classes="pane"), "Leaks of probes: down from, across seen by")
            yield titled(LineView(id="unclean", classes="pane"), "Not clean")
        yield titled(LineView(id="users", classes="pane"), "Users")

    def tick(self) -> None:
        state = self.state
        users, matrix = rows.cells(state)
        text, tone = sentence(users, matrix)
        self.query_one("#sum", LineView).draw(lambda width, _height: ([_sum(text, tone, width)], None))
        self.query_one("#matrix", Matrix).update(users, matrix)
        found = unclean(users, matrix)
        side = self.query_one("#unclean", LineView)
        side.set_class(len(users) > COUNTED or (self.size.width >= 140 and bool(found)), "-needed")
        side.draw(lambda width, _height: (unclean_lines(found, width), None))
        panel = self.query_one("#users", LineView)
        shown = user_rows(state)
        self.set_class(self.size.height - CHROME >= 2 * (len(users) + 3), "-both")
        panel.styles.height = "1fr" if self.showing_users else min(len(shown) + 3, max(self.size.height // 2, 5))
        panel.draw(lambda width, _height: (user_lines(shown, width), None))

    def chips(self) -> list[tuple[str, str]]:
        return [*super().chips(), *([("USERS", "badge")] if self.showing_users else [])]

    def summary(self) -> str:
        users, matrix = rows.cells(self.state)
        lines = [headline(self.state), f"isolation: {sentence(users, matrix)[0]}"]
        found = [(source, observer, cell) for source, observer, cell in unclean(users, matrix) if cell.leaks]
        return "\n".join(lines + [f"{observer} saw {source}: {cell.leaks} of {cell.probes}" for source, observer, cell in found])

    def action_users_view(self) -> None:
        """The users alone, or the matrix again."""
        self.showing_users = not self.showing_users
        self.set_class(self.showing_users, "-users")
        self.call_after_refresh(self.pulse)

    def action_open(self) -> None:
        """The evidence of the first leaking pair: its check, or the frame that shows it."""
        leaks = [cell for cell in self.state.cells.values() if cell.leaks and cell.source != cell.observer]
        named = [
            check.id
            for check in self.state.checks.values()
            if check.word == "FAIL" and any(finding.seq or finding.evidence for finding in check.findings) and check.suite == "2.3"
        ]
        if named:
            self.vigil.open_why(named[0])
        elif leaks:
            self.vigil.open_frame(leaks[0].seq)
        else:
            self.vigil.say("no leak to show")

    def _scrolled(self) -> LineView:
        return self.query_one("#users", LineView) if self.showing_users else self.query_one("#matrix", Matrix)

    def action_up(self) -> None:
        self._scrolled().scroll_relative(y=-1, animate=False, force=True)

    def action_down(self) -> None:
        self._scrolled().scroll_relative(y=1, animate=False, force=True)

    def action_left(self) -> None:
        if self.showing_users:
            self.action_users_view()

    def action_right(self) -> None:
        if not self.showing_users:
            self.action_users_view()

    def action_page_up(self) -> None:
        self._scrolled().scroll_page_up(animate=False, force=True)

    def action_page_down(self) -> None:
        self._scrolled().scroll_page_down(animate=False, force=True)

    def action_first(self) -> None:
        self._scrolled().scroll_home(animate=False, force=True)

    def action_last(self) -> None:
        self._scrolled().scroll_end(animate=False, force=True)


def user_rows(state: SessionState) -> list[UserRow]:
    """The users as the panel takes them."""
    subjects = rows.short_ids(user.sub for user in state.users.values() if user.sub)
    return [
        UserRow(
            clean(user.label),
            clean(" ".join(part for part in (subjects.get(user.sub, user.sub), user.name) if part)),
            user.sockets,
            user.sockets_total,
            user.own_seen,
            user.foreign_seen,
            user.denied,
            user.allowed,
        )
        for user in state.users.values()
    ]


def unclean_lines(found: list[tuple[str, str, Cell]], width: int) -> list[Line]:
    """Pairs that leak, then those that are not measured to the end."""
    glyph = glyphs()
    if not found:
        return [(("every pair is clean", "good"),)]
    lines: list[Line] = []
    for source, observer, cell in found:
        if cell.leaks or cell.state == "leak":
            text, tone = f"{glyph.failed} {observer} saw {source}: {cell.leaks} of {cell.probes}", "bad"
        elif source == observer:
            text, tone = f"{glyph.waiting} {source} did not see its own yet", "dim"
        elif cell.probes:
            text, tone = f"{glyph.running} {source} {glyph.arrow} {observer}: 0 of {cell.probes} so far", "accent"
        else:
            text, tone = f"{glyph.waiting} {source} {glyph.arrow} {observer}: not measured", "dim"
        lines.append(clip(((text, tone),), width))
    return lines
