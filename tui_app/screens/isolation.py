"""Isolation: who saw whose markers, pair by pair and user by user."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical

from tui_app.recording.state import SessionState
from tui_app.screens import rows
from tui_app.screens.actions import bindings_for
from tui_app.screens.base import SessionScreen, titled
from tui_app.screens.farewell import headline
from tui_app.screens.newest import ATTEMPTS, Newest
from tui_app.screens.safe import clean
from tui_app.screens.view import View
from tui_app.screens.why import cell_subject
from tui_app.screens.why_facts import cell_claim
from widgets.glyphs import glyphs
from widgets.lines import Line, LineView, clip, line_width, spread
from widgets.matrix import COUNTED, Cell, Matrix, Place, sentence, unclean
from widgets.pairs import leaks_of
from widgets.stream import EventStream
from widgets.titles import title
from widgets.users import UserRow, user_lines

CHROME = 5
"""Rows that are not panes: banner, sentence, the pair under the cursor, key bar."""


def _sum(text: str, tone: str, width: int) -> Line:
    """The matrix in one sentence, and what a PASS needs where there is room to say it."""
    need = "   PASS needs 0 leaks, 10 probes a pair, 299 in all"
    line: Line = ((text, tone), (need, "dim"))
    return line if line_width(line) <= width else clip(((text, tone),), width)


class IsolationScreen(SessionScreen):
    """The matrix with a cursor, the users, the pairs that are not clean, and the attempts on others' things."""

    NAME = "isolation"
    BINDINGS = bindings_for("isolation")
    CSS = """
    IsolationScreen #sum { height: 1; padding: 0 1; }
    IsolationScreen #pair { height: 1; padding: 0 1; dock: bottom; margin-bottom: 1; }
    IsolationScreen #all { layout: vertical; height: 1fr; }
    IsolationScreen #upper { height: 1fr; }
    IsolationScreen #matrix { width: 1fr; }
    IsolationScreen #unclean { width: 32; display: none; }
    IsolationScreen #unclean.-needed { display: block; }
    IsolationScreen #side { height: auto; max-height: 50%; display: none; }
    IsolationScreen #users { height: auto; }
    IsolationScreen #leaks, IsolationScreen #attempts { display: none; }
    IsolationScreen.-both #side, IsolationScreen.-users #side { display: block; }
    IsolationScreen.-users.-one #side { max-height: 100%; height: 1fr; }
    IsolationScreen.-users.-one #upper { display: none; }
    IsolationScreen.-wide #all { layout: horizontal; }
    IsolationScreen.-wide #upper { width: 57%; height: 100%; }
    IsolationScreen.-wide #side { width: 43%; height: 100%; max-height: 100%; display: block; }
    IsolationScreen.-wide #users { max-height: 40%; }
    IsolationScreen.-wide #unclean { display: none; }
    IsolationScreen.-wide #leaks { display: block; height: auto; max-height: 30%; }
    IsolationScreen.-wide #attempts { display: block; height: 1fr; }
    """

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.in_users = False
        self.user = 0
        self.place: Place | None = None
        """Where the cursor was put; None: on the first pair that leaks, else on the first of all."""
        self.listed = 0

    def body(self) -> ComposeResult:
        yield LineView(id="sum", bar=True)
        with Container(id="all"):
            with Horizontal(id="upper"):
                yield titled(Matrix(large=True, id="matrix", classes="pane"), "Isolation: down from, across seen by")
                yield titled(LineView(id="unclean", classes="pane"), "Not clean")
            with Vertical(id="side"):
                yield titled(LineView(id="users", classes="pane"), "Users")
                yield titled(LineView(id="leaks", classes="pane"), "Leaks")
                attempts = Newest(
                    self.view,
                    ATTEMPTS,
                    "attempts",
                    empty="No user has tried to open another's thread yet.",
                    id="attempts",
                    classes="pane",
                )
                attempts.only = ("time", "text")
                yield titled(attempts, "Attempts on others' threads")
        yield LineView(id="pair", bar=True)

    @property
    def wide(self) -> bool:
        """Matrix and users stand side by side."""
        return self.size.width >= 140

    @property
    def both(self) -> bool:
        """Matrix and users are in view together."""
        return self.wide or self.size.height - CHROME >= 2 * (len(self.state.users) + 3)

    @property
    def pictured(self) -> bool:
        """There are too many users for a cell each: the cursor moves in the list of pairs."""
        return len(self.state.users) > COUNTED

    def at(self) -> Place | None:
        """The pair under the cursor, as indices of users."""
        users = list(self.state.users)
        if not users:
            return None
        if self.place is not None:
            return min(self.place[0], len(users) - 1), min(self.place[1], len(users) - 1)
        leaks = [cell for cell in self.state.cells.values() if cell.leaks and cell.source in users and cell.observer in users]
        if leaks:
            return users.index(leaks[0].source), users.index(leaks[0].observer)
        return 0, min(1, len(users) - 1)

    def pair(self) -> tuple[str, str] | None:
        """The labels of the pair that Enter opens."""
        if self.pictured:
            found = unclean(list(self.state.users), rows.cells(self.state)[1])
            return found[min(self.listed, len(found) - 1)][:2] if found else None
        at, users = self.at(), list(self.state.users)
        return (users[at[0]], users[at[1]]) if at is not None else None

    def tick(self) -> None:
        state = self.state
        users, matrix = rows.cells(state)
        text, tone = sentence(users, matrix)
        self.set_class(self.both, "-both")
        self.set_class(not self.both, "-one")
        self.set_class(self.in_users, "-users")
        self.query_one("#sum", LineView).draw(lambda width, _height: ([_sum(text, tone, width)], None))
        pane = self.query_one("#matrix", Matrix)
        pane.update(users, matrix, None if self.in_users or self.pictured else self.at())
        pane.set_class(self.both and not self.in_users and not self.pictured, "-current")
        found = unclean(users, matrix)
        picked = self.listed if self.pictured and not self.in_users and found else None
        listed = None if picked is None else min(picked, len(found) - 1)
        side = self.query_one("#unclean", LineView)
        side.set_class(self.pictured, "-needed")
        side.draw(lambda width, _height: (unclean_lines(found, width), listed))
        # With a cell for each pair, the pairs to be proven are in view already.
        told = found if self.pictured else [item for item in found if item[2].leaks or item[2].state == "leak"]
        leaks = self.query_one("#leaks", LineView)
        title(leaks, "Leaks, and pairs still to be proven" if self.pictured else "Leaks")
        leaks.draw(lambda width, _height: (unclean_lines(told, width, "no leak so far" if len(found) else "no leak"), listed))
        self._show_users()
        if self.wide:
            self.query_one("#attempts", Newest).pull()
        self.query_one("#pair", LineView).draw(lambda width, _height: ([self._under_cursor(width)], None))

    def _show_users(self) -> None:
        panel = self.query_one("#users", LineView)
        shown = user_rows(self.state)
        cursor = min(self.user, len(shown) - 1) + 1 if self.in_users and shown else None
        if not self.both:
            panel.styles.height = "1fr"
        else:
            panel.styles.height = min(len(shown) + 3, max(self.size.height // 2, 5))
        panel.set_class(self.both and self.in_users, "-current")
        panel.draw(lambda width, _height: (user_lines(shown, width), cursor))

    def _under_cursor(self, width: int) -> Line:
        """What the cursor is on, in words, and what Enter shows of it."""
        if self.in_users:
            labels = list(self.state.users)
            left = f"{clean(labels[min(self.user, len(labels) - 1)])}: its requests and frames" if labels else ""
            return spread(((left, "plain"),), (("Enter", "key"), (" its events", "dim")), width)
        pair = self.pair()
        if pair is None:
            return (("every pair is clean" if self.state.users else "users appear here as they sign in", "dim"),)
        cell = self.state.cells.get(pair)
        tone = "bad" if cell is not None and cell.leaks else "plain"
        return spread(((clean(cell_claim(*pair, cell)), tone),), (("Enter", "key"), (" why", "dim")), width)

    def chips(self) -> list[tuple[str, str]]:
        return [*super().chips(), *([("USERS", "badge")] if self.in_users and not self.both else [])]

    def summary(self) -> str:
        users, matrix = rows.cells(self.state)
        lines = [headline(self.state), f"isolation: {sentence(users, matrix)[0]}"]
        found = [(source, observer, cell) for source, observer, cell in unclean(users, matrix) if cell.leaks]
        return "\n".join(lines + [f"{observer} saw {source}: {leaks_of(cell.leaks, cell.probes)}" for source, observer, cell in found])

    def action_users_view(self) -> None:
        """The users, or the matrix again."""
        self.in_users = not self.in_users
        self.tick()
        self.call_after_refresh(self.pulse)

    def action_back(self) -> None:
        if self.in_users and self.frozen_at is None:
            self.action_users_view()
        else:
            super().action_back()

    def action_open(self) -> None:
        """Why the pair under the cursor reads as it does; of a user, the events."""
        if self.in_users:
            labels = list(self.state.users)
            if labels:
                self.vigil.open_events(f"user:{labels[min(self.user, len(labels) - 1)]}")
            return
        pair = self.pair()
        if pair is not None:
            self.vigil.open_why(cell_subject(*pair))
        else:
            self.vigil.say("every pair is clean" if self.state.users else "no users yet")

    def on_event_stream_opened(self, message: EventStream.Opened) -> None:
        self.vigil.open_frame(message.seq)

    def _move(self, down: int, across: int = 0) -> None:
        count = len(self.state.users)
        if not count:
            return
        if self.in_users:
            self.user = max(0, min(min(self.user, count - 1) + down, count - 1))
        elif self.pictured:
            self.listed = max(0, min(self.listed + down, len(unclean(list(self.state.users), rows.cells(self.state)[1])) - 1))
        else:
            row, column = self.at() or (0, 0)
            self.place = (max(0, min(row + down, count - 1)), max(0, min(column + across, count - 1)))
        self.tick()

    def action_up(self) -> None:
        self._move(-1)

    def action_down(self) -> None:
        self._move(1)

    def action_left(self) -> None:
        """A pair to the left; from the users back to the matrix."""
        if self.in_users:
            self.action_users_view()
        else:
            self._move(0, -1)

    def action_right(self) -> None:
        """A pair to the right; from the last one on to the users."""
        at = self.at()
        if not self.in_users and (self.pictured or at is None or at[1] >= len(self.state.users) - 1):
            self.action_users_view()
        elif not self.in_users:
            self._move(0, 1)

    def action_page_up(self) -> None:
        self._move(-10)

    def action_page_down(self) -> None:
        self._move(10)

    def action_first(self) -> None:
        self._move(-10_000, -10_000)

    def action_last(self) -> None:
        self._move(10_000, 10_000)


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


def unclean_lines(found: list[tuple[str, str, Cell]], width: int, none: str = "every pair is clean") -> list[Line]:
    """Pairs that leak, then those that are not measured to the end; `none` where there are none."""
    glyph = glyphs()
    if not found:
        return [((none, "plain" if "so far" in none else "good"),)]
    lines: list[Line] = []
    for source, observer, cell in found:
        if cell.leaks or cell.state == "leak":
            text, tone = f"{glyph.failed} {observer} saw {source}: {leaks_of(cell.leaks, cell.probes)}", "bad"
        elif source == observer:
            text, tone = f"{glyph.waiting} {source} did not see its own yet", "dim"
        elif cell.probes:
            text, tone = f"{glyph.running} {source} {glyph.arrow} {observer}: 0 of {cell.probes} so far", "accent"
        else:
            text, tone = f"{glyph.waiting} {source} {glyph.arrow} {observer}: not measured", "dim"
        lines.append(clip(((text, tone),), width))
    return lines
