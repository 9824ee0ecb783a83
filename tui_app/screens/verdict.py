"""Verdict: what may be claimed, against which limit, on how many samples, and what to do about it."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal

from tui_app.screens import rows
from tui_app.screens.actions import bindings_for
from tui_app.screens.base import SessionScreen, titled
from tui_app.screens.safe import clean
from tui_app.screens.view import mmss
from widgets.criteria import check_line, criteria_head, criterion_line
from widgets.glyphs import TONES, glyphs
from widgets.lines import BLANK, Line, LineView, clip, spread

BADGE = {"good": "goodbadge", "bad": "badbadge", "warn": "warnbadge"}
DOCKER = ("unknown", "restored", "failed")


class VerdictScreen(SessionScreen):
    """The word, the sixteen criteria, every check with its reason, the decision."""

    NAME = "verdict"
    BINDINGS = bindings_for("verdict")
    CSS = """
    VerdictScreen #word { height: 2; padding: 0 1; }
    VerdictScreen #decision { height: 2; padding: 0 1; dock: bottom; margin-bottom: 1; }
    VerdictScreen #board { border: none; border-top: solid $border; padding: 0 1; }
    VerdictScreen #checks { display: none; }
    VerdictScreen.-wide #board { border: round $border; width: 52%; }
    VerdictScreen.-wide #checks { display: block; }
    """

    def __init__(self, view: Any) -> None:
        super().__init__(view)
        self.picked = 0
        self.worst_first = True
        self._items: list[tuple[str, str]] = []

    def body(self) -> ComposeResult:
        yield LineView(id="word", bar=True)
        with Horizontal():
            yield titled(LineView(id="board", classes="pane"), "Criteria")
            yield titled(LineView(id="checks", classes="pane"), "Checks")
        yield LineView(id="decision", bar=True)

    @property
    def wide(self) -> bool:
        """Criteria and checks stand side by side."""
        return self.size.width >= 140

    def tick(self) -> None:
        state = self.state
        criteria, checks = rows.criterion_rows(state), rows.check_rows(state, self.worst_first)
        self._items = [("criterion", row.id) for row in criteria] + [("check", row.id) for row in checks]
        self.picked = max(0, min(self.picked, len(self._items) - 1))
        board, side = self.query_one("#board", LineView), self.query_one("#checks", LineView)
        width = max(board.size.width, 40)
        top: list[Line] = [criteria_head(width), *(criterion_line(row, width) for row in criteria)]
        if not criteria:
            top = [(("the criteria are read when the session ends", "dim"),)]
        offset = len(top) - len(criteria)
        in_checks = self.picked >= len(criteria)
        if self.wide:
            side_width = max(side.size.width, 40)
            board.show(top, None if in_checks or not criteria else self.picked + offset)
            side.show([check_line(row, side_width) for row in checks], self.picked - len(criteria) if in_checks and checks else None)
        else:
            below: list[Line] = [BLANK, (("       check", "dim"),), *(check_line(row, width) for row in checks)]
            board.show([*top, *below], None if not self._items else self.picked + offset + (2 if in_checks else 0))
        self._word()
        self._decision()

    def _word(self) -> None:
        state, glyph, width = self.state, glyphs(), max(self.size.width - 2, 1)
        tone = TONES.get(state.word, "dim")
        word = state.word or ("NO VERDICT" if state.ended else "NO VERDICT YET")
        so_far = "" if state.ended or not state.word else " so far"
        found = rows.counts(state)
        left: Line = ((f" {glyph.word(state.word)} {word}{so_far} ", BADGE.get(tone, "strong")), (f"  {self._sentence()}", "plain"))
        parts: list[tuple[str, str]] = []
        for name in ("PASS", "FAIL", "INCONCLUSIVE", "BLOCKED", "SKIPPED"):
            if found.get(name):
                parts.append((f"{found[name]} {name}  ", TONES[name]))
        waiting = found.get("", 0) + found.get("RUNNING", 0)
        if waiting:
            parts.append((f"{waiting} to come  ", "dim"))
        right: Line = ((f"{mmss(state.t, tenths=False)}  {clean(state.host)}", "dim"),)
        self.query_one("#word", LineView).show([clip(left, width), spread(tuple(parts), right, width)])

    def _sentence(self) -> str:
        """One sentence for the word: the gravest finding or reason, in the check's own words."""
        found = rows.newest_finding(self.state)
        bad = [check for check in self.state.checks.values() if check.word == self.state.word]
        if self.state.word == "FAIL" and found is not None and found[1].severity in ("critical", "major"):
            return clean(found[1].text)
        if self.state.word in ("FAIL", "BLOCKED", "INCONCLUSIVE") and bad:
            return f"{bad[0].id}: {clean(bad[0].reason)}"
        if self.state.word == "PASS":
            return "Everything required was measured and is within its limits." if self.state.ended else "Nothing against it so far."
        return ""

    def _decision(self) -> None:
        state, width = self.state, max(self.size.width - 2, 1)
        detail = self._detail()
        action = self.vigil.decision(state)
        first: Line = clip(detail, width) if detail else BLANK
        left = f"left behind: {state.left}   tidied: {state.tidied} of {state.made}"
        second = spread(((action, "strong"),), ((f"Docker: {self.view.docker} ", "plain"), ("d", "key"), (f"   {left}", "dim")), width)
        self.query_one("#decision", LineView).show([first, second])

    def _detail(self) -> Line:
        """What the row under the cursor says at full length."""
        if not self._items:
            return BLANK
        kind, name = self._items[self.picked]
        if kind == "criterion":
            criterion = self.state.criteria[name]
            reason = clean(criterion.reason) or "as measured"
            return ((f"{name}  ", "head"), (f"{criterion.word}: {reason}", "plain"))
        check = self.state.checks[name]
        text = clean(check.reason) or clean(check.title)
        decide = f"  To decide: {clean(check.to_decide)}" if check.to_decide else ""
        return ((f"{name}  ", "head"), (text + decide, "plain"))

    def _move(self, by: int) -> None:
        self.picked = max(0, min(len(self._items) - 1, self.picked + by))
        self.tick()

    def action_up(self) -> None:
        self._move(-1)

    def action_down(self) -> None:
        self._move(1)

    def action_left(self) -> None:
        self.picked = 0
        self.tick()

    def action_right(self) -> None:
        self.picked = len(self.state.criteria)
        self._move(0)

    def action_page_up(self) -> None:
        self._move(-10)

    def action_page_down(self) -> None:
        self._move(10)

    def action_first(self) -> None:
        self._move(-len(self._items))

    def action_last(self) -> None:
        self._move(len(self._items))

    def action_sort(self) -> None:
        self.worst_first = not self.worst_first
        self.tick()

    def action_open(self) -> None:
        """The evidence of the check under the cursor; on a criterion, of the check that decided it."""
        if not self._items:
            return
        kind, name = self._items[self.picked]
        if kind == "criterion":
            name = self.vigil.check_of(name, self.state)
        if name in self.state.checks:
            self.vigil.open_why(name)

    def action_docker(self) -> None:
        """Next word for the state of local Docker; the decision follows."""
        self.view.docker = DOCKER[(DOCKER.index(self.view.docker) + 1) % len(DOCKER)]
        self.tick()
