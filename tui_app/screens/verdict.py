"""Verdict: what may be claimed, against which limit, on how many samples, and what to do about it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal

from tui_app.screens import rows
from tui_app.screens.actions import bindings_for
from tui_app.screens.base import SessionScreen, titled
from tui_app.screens.decision import checks_of, decide
from tui_app.screens.safe import clean
from tui_app.screens.view import View, mmss
from widgets.big import big
from widgets.criteria import CheckRow, check_line, criteria_head, criterion_line
from widgets.glyphs import SHORT, TONES, glyphs
from widgets.lines import BLANK, Line, LineView, clip, spread, wrap

BADGE = {"good": "goodbadge", "bad": "badbadge", "warn": "warnbadge"}
DOCKER = ("unknown", "restored", "failed")


class VerdictScreen(SessionScreen):
    """The word, the sixteen criteria, every check with its reason, the decision."""

    NAME = "verdict"
    BINDINGS = bindings_for("verdict")
    CSS = """
    VerdictScreen #word { height: 2; padding: 0 1; }
    VerdictScreen #big { height: 5; padding: 1 2; display: none; }
    VerdictScreen #detail { height: 2; padding: 0 1; dock: bottom; margin-bottom: 1; }
    VerdictScreen #board { border: none; }
    VerdictScreen #checks { display: none; }
    VerdictScreen.-wide #board { border: round $pane-border; width: 52%; }
    VerdictScreen.-wide #checks { display: block; }
    VerdictScreen #about { display: none; height: 10; }
    VerdictScreen.-tall #big, VerdictScreen.-tall #about { display: block; }
    VerdictScreen.-tall #detail { height: 1; }
    """

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.picked = 0
        self.worst_first = True
        self._items: list[tuple[str, str]] = []

    def body(self) -> ComposeResult:
        yield LineView(id="big", bar=True)
        yield LineView(id="word", bar=True)
        with Horizontal():
            yield titled(LineView(id="board", classes="pane"), "Criteria")
            yield titled(LineView(id="checks", classes="pane"), "Checks")
        yield titled(LineView(id="about", classes="pane"), "About the line under the cursor")
        yield LineView(id="detail", bar=True)

    @property
    def wide(self) -> bool:
        """Criteria and checks stand side by side."""
        return self.size.width >= 140

    def tick(self) -> None:
        state = self.state
        self.set_class(self.size.height >= 34, "-tall")
        criteria, checks = rows.criterion_rows(state), rows.check_rows(state, self.worst_first)
        self._items = [("criterion", row.id) for row in criteria] + [("check", row.id) for row in checks]
        self.picked = max(0, min(self.picked, len(self._items) - 1))
        in_checks = self.picked >= len(criteria)
        offset = 1 if criteria else 2

        def board(width: int, _height: int) -> tuple[list[Line], int | None]:
            lines: list[Line] = [criteria_head(width), *(criterion_line(row, width) for row in criteria)]
            if not criteria:
                lines.append((("the criteria are read when the session ends", "dim"),))
            if self.wide:
                return lines, None if in_checks else self.picked + offset
            lines += [BLANK, (("       check", "dim"),), *(check_line(row, width) for row in checks)]
            return lines, self.picked + offset + (2 if in_checks else 0) if self._items else None

        def side(width: int, _height: int) -> tuple[list[Line], int | None]:
            return [check_line(row, width) for row in checks], self.picked - len(criteria) if in_checks and checks else None

        self.query_one("#board", LineView).draw(board)
        self.query_one("#checks", LineView).draw(side)
        self.query_one("#big", LineView).draw(self._big)
        self.query_one("#word", LineView).draw(self._word)
        self.query_one("#about", LineView).draw(lambda width, height: (self._about(width)[:height], None))
        self.query_one("#detail", LineView).draw(self._foot)

    def _big(self, width: int, _height: int) -> tuple[list[Line], None]:
        """The word in large letters; beside it, in large letters too, that this is no live staging."""
        word = self.state.word or "NO VERDICT"
        stand_in = "REPLAY" if self.view.role == "replay" else "REHEARSAL" if self.view.rehearsal else ""
        left, right = big(word), big(stand_in) if stand_in else [""] * len(big(word))
        tone = TONES.get(self.state.word, "dim")
        lines = [spread(((text, tone),), ((also, "dim"),), width) for text, also in zip(left, right, strict=True)]
        return lines, None

    def _word(self, width: int, _height: int) -> tuple[list[Line], None]:
        state, glyph = self.state, glyphs()
        tone = TONES.get(state.word, "dim")
        word = state.word or ("NO VERDICT" if state.ended else "NO VERDICT YET")
        so_far = "" if state.ended or not state.word else " so far"
        found = rows.counts(state)
        left: Line = ((f" {glyph.word(state.word)} {word}{so_far} ", BADGE.get(tone, "strong")), (f"  {self._sentence()}", "plain"))
        parts: list[tuple[str, str]] = []
        for name in ("PASS", "FAIL", "INCONCLUSIVE", "BLOCKED", "SKIPPED"):
            if found.get(name):
                parts.append((f"{found[name]} {name if width >= 100 else SHORT[name]}  ", TONES[name]))
        waiting = found.get("", 0) + found.get("RUNNING", 0)
        if waiting:
            parts.append((f"{waiting} to come  ", "dim"))
        right: Line = ((f"left behind: {state.left}   Docker: {self.view.docker}", "dim"),)
        if width >= 130:
            right = ((f"{clean(state.host)}   {mmss(state.t, tenths=False)}   ", "dim"), *right)
        return [clip(left, width), spread(tuple(parts), right, width)], None

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

    def _foot(self, width: int, height: int) -> tuple[list[Line], None]:
        """The line under the cursor at full length (where no pane says it), and the decision."""
        decision: Line = ((decide(self.state, self.view.docker), "strong"),)
        return [clip(line, width) for line in ([self._detail(), decision] if height > 1 else [decision])], None

    def _detail(self) -> Line:
        """What the row under the cursor says at full length."""
        if not self._items:
            return BLANK
        kind, name = self._items[self.picked]
        if kind == "criterion":
            criterion = self.state.criteria[name]
            return ((f"{name}  ", "head"), (clean(criterion.reason) or "read from its checks as measured", "plain"))
        check = self.state.checks[name]
        text = clean(check.reason) or clean(check.title)
        decide = f"  To decide: {clean(check.to_decide)}" if check.to_decide else ""
        return ((f"{name}  ", "head"), (text + decide, "plain"))

    def _about(self, width: int) -> list[Line]:
        """The row under the cursor in full: what it is, why it reads so, and what it rests on."""
        if not self._items:
            return []
        kind, name = self._items[self.picked]
        glyph = glyphs()
        if kind == "criterion":
            c = self.state.criteria[name]
            lines: list[Line] = [((f"{c.id}  ", "head"), (clean(c.title), "strong"))]
            lines += [((text, "plain"),) for text in wrap(clean(c.reason) or "as measured", width)]
            lines.append(((f"limit {clean(c.limit)}   measured {clean(c.measured) or '-'}", "dim"),))
            for check in checks_of(name, self.state):
                row = CheckRow(check.id, check.suite, clean(check.title), check.word, clean(check.reason))
                lines.append(check_line(row, width))
            return lines
        check = self.state.checks[name]
        lines = [((f"{check.id}  ", "head"), (clean(check.title), "strong"))]
        lines += [((text, "dim"),) for text in wrap(clean(check.impact), width)]
        lines += [((text, "plain"),) for text in wrap(clean(check.reason), width)]
        if check.to_decide:
            lines += [((text, "warn"),) for text in wrap(f"To decide: {clean(check.to_decide)}", width)]
        for finding in check.findings:
            tone = "bad" if finding.severity in ("critical", "major") else "dim"
            mark = glyph.failed if tone == "bad" else glyph.waiting
            lines.append(clip(((f"{mark} {finding.severity}: ", tone), (clean(finding.text), "plain")), width))
        return lines

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
        """The evidence of what the cursor is on: a criterion has a page of its own, which leads on to its checks."""
        if self._items:
            self.vigil.open_why(self._items[self.picked][1])

    def action_docker(self) -> None:
        """Next word for the state of local Docker; the decision follows."""
        self.view.docker = DOCKER[(DOCKER.index(self.view.docker) + 1) % len(DOCKER)]
        self.tick()
