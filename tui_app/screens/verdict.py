"""Verdict: what may be claimed, against which limit, on how many samples, and what to do about it."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from functools import partial
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Horizontal

from tui_app.recording.errors import RecordingError
from tui_app.screens import journeys, rows
from tui_app.screens import verdict_model as board
from tui_app.screens.actions import bindings_for
from tui_app.screens.ask import Answer, AskScreen
from tui_app.screens.base import titled
from tui_app.screens.decision import decide
from tui_app.screens.last_green import BRIEF, ROOM, LastGreen, last_green
from tui_app.screens.safe import clean
from tui_app.screens.searching import SearchingScreen
from tui_app.screens.verdict_about import about, detail, sentence
from tui_app.screens.verdict_model import Item, VerdictModel
from tui_app.screens.view import View, mmss
from widgets.big import big
from widgets.criteria import GroupRow, check_line, criteria_head, criterion_line, folded_line, group_line
from widgets.glyphs import SHORT, TONES, glyphs
from widgets.lines import BLANK, Line, LineView, clip, spread

BADGE = {"good": "goodbadge", "bad": "badbadge", "warn": "warnbadge"}
JOURNEYS_TAKE = 10
"""Rows that the journeys take one by one, with their heads."""
DOCKER = ("unknown", "restored", "failed")


class VerdictScreen(SearchingScreen):
    """The word, the sixteen criteria, every check with its reason, the decision."""

    NAME = "verdict"
    BINDINGS = bindings_for("verdict")
    CSS = """
    VerdictScreen #word { height: 2; padding: 0 1; }
    VerdictScreen #big { height: 5; padding: 1 2; display: none; }
    VerdictScreen #detail { height: 3; padding: 0 1; dock: bottom; margin-bottom: 1; }
    VerdictScreen #board { border: none; }
    VerdictScreen #checks { display: none; }
    VerdictScreen.-wide #board { border: round $pane-border; width: 48%; }
    VerdictScreen.-wide #checks { display: block; }
    VerdictScreen #about { display: none; height: 8; }
    VerdictScreen.-tall #big, VerdictScreen.-tall #about { display: block; }
    VerdictScreen.-tall #detail { height: 1; }
    """

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.model = VerdictModel()
        self.at: tuple[str, str] = ("", "")
        """The place of the row under the cursor: it stays there whatever comes and goes around it."""
        self.picked = 0
        self.green: LastGreen | None = None
        """How everything read when it last passed; None until that is known, or where there is no recording."""
        self._green_of: Path | None = None
        self._criteria: list[Item] = []
        self._checks: list[Item] = []

    def body(self) -> ComposeResult:
        yield LineView(id="big", bar=True)
        yield LineView(id="word", bar=True)
        with Horizontal():
            yield titled(LineView(id="board", classes="pane"), "Criteria")
            yield titled(LineView(id="checks", classes="pane"), "Checks")
        yield titled(LineView(id="about", classes="pane"), "About the line under the cursor")
        yield LineView(id="detail", bar=True)
        yield from self.field()

    @property
    def wide(self) -> bool:
        """Criteria and checks stand side by side."""
        return self.size.width >= 140

    @property
    def items(self) -> list[Item]:
        """Every row that the cursor can be on."""
        return self._criteria + self._checks

    @property
    def item(self) -> Item | None:
        """The row under the cursor."""
        items = self.items
        return items[self.picked] if items else None

    @property
    def subject(self) -> str:
        """The check under the cursor, '' where there is none."""
        return self.item.key if self.item is not None and self.item.kind == "check" else ""

    def tick(self) -> None:
        if self.view.path is not None and self.view.path != self._green_of:
            self._green_of, self.green = self.view.path, None
            self.run_worker(self._look_for_green(self.view.path), group="green", exclusive=True, exit_on_error=False)
        self.set_class(self.size.height >= 34, "-tall")
        searched = self.model.query != self.query_text
        self.model.query = self.query_text
        self.model.room = self.query_one("#checks", LineView).size.height if self.wide else 0
        self._criteria, self._checks = self.model.criteria_items(self.state, room=self.wide), self.model.check_items(self.state)
        room = self.wide and self.query_one("#board", LineView).size.height > len(self._criteria) + JOURNEYS_TAKE
        self._criteria += self.model.journey_items(self.state, room=room)
        places = [item.place for item in self.items]
        if searched and self.model.query:
            # What was searched for stands under the cursor.
            self.picked = next((place for place, item in enumerate(self.items) if item.kind in ("criterion", "journey", "check")), 0)
            self.at = self.item.place if self.item is not None else ("", "")
        self.picked = places.index(self.at) if self.at in places else max(0, min(self.picked, len(places) - 1))
        self.query_one("#board", LineView).draw(self._board)
        self.query_one("#checks", LineView).draw(self._side)
        self.query_one("#big", LineView).draw(self._big)
        self.query_one("#word", LineView).draw(self._word)
        self.query_one("#about", LineView).draw(lambda width, height: (about(self.item, self.model, self.state, width)[:height], None))
        self.query_one("#detail", LineView).draw(self._foot)

    async def _look_for_green(self, path: Path) -> None:
        with contextlib.suppress(RecordingError, OSError):
            self.green = await asyncio.to_thread(last_green, path)
        if self.green is not None:
            self.query_one("#board", LineView).border_title = f"Criteria; {self.green.told}"
            self.pulse()

    def _since(self, name: str, word: str, width: int) -> str:
        """How a row read when all was well, where something was and there is room for that column."""
        if self.green is None or not self.green.session or self.size.width < ROOM:
            return ""
        return self.green.since(name, word, brief=width < BRIEF)

    def chips(self) -> list[tuple[str, str]]:
        found, known = self.model.found(self.state)
        search = [(f"SEARCH {clean(self.model.query)}: {found} of {known}", "warn")] if self.model.query else []
        return [*search, *super().chips()]

    def _board(self, width: int, _height: int) -> tuple[list[Line], int | None]:
        """The criteria; on a narrow terminal the checks below them."""
        green = self.green is not None and self.green.session and self.size.width >= ROOM
        column = ("was" if width < BRIEF else "last green") if green else ""
        lines: list[Line] = [criteria_head(width, then=column)] if self._criteria else []
        if not self.state.criteria:
            lines.append((("the criteria are read when the session ends", "dim"),))
        offset = len(lines)
        lines += [self._line(item, width) for item in self._criteria]
        at = offset + self.picked
        if not self.wide:
            if self._checks:
                lines += [BLANK, (("  checks", "dim"),)]
            at += 2 if self.picked >= len(self._criteria) else 0
            lines += [self._line(item, width) for item in self._checks]
        elif self.picked >= len(self._criteria):
            return lines, None
        if not self.items and self.model.query:
            return [(("nothing matches; Esc clears the search", "dim"),)], None
        return lines, at if self.items else None

    def _side(self, width: int, _height: int) -> tuple[list[Line], int | None]:
        cursor = self.picked - len(self._criteria)
        return [self._line(item, width) for item in self._checks], cursor if cursor >= 0 and self._checks else None

    def _line(self, item: Item, width: int) -> Line:
        state = self.state
        if item.kind == "criterion":
            one = state.criteria[item.key]
            return criterion_line(replace(rows.criterion_row(one), then=self._since(one.id, one.word, width)), width)
        if item.kind in ("met", "not asked"):
            word, said = ("PASS", "met") if item.kind == "met" else ("SKIPPED", "not in this plan")
            ids = [one.id for one in state.criteria.values() if (board.not_asked(one) if word == "SKIPPED" else one.word == word)]
            return folded_line(word, said, ids, bool(item.open), width)
        if item.kind == "journeys":
            return journeys.folded_line(journeys.readings(state), width, opened=bool(item.open))
        if item.kind == "journey":
            return journeys.journey_line(next(one for one in journeys.readings(state) if one.id == item.key), width)
        if item.kind == "check":
            check = state.checks[item.key]
            row = replace(rows.check_row(check, suite=item.level == 0), then=self._since(check.id, check.word, width))
            return check_line(row, width, 2 * item.level)
        inside = self.model.members(item, state)
        if item.kind == "passed":
            return folded_line("PASS", "passed", [check.id for check in inside], bool(item.open), width, 2 * item.level)
        return group_line(GroupRow(item.level, board.title(item), bool(item.open), board.counts(inside)), width)

    def _big(self, width: int, _height: int) -> tuple[list[Line], None]:
        """The word in large letters; beside it, in large letters too, that this is no live staging."""
        word = self.state.word or "NO VERDICT"
        stand_in = "REPLAY" if self.view.playback is not None else "REHEARSAL" if self.view.rehearsal else ""
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
        left: Line = ((f" {glyph.word(state.word)} {word}{so_far} ", BADGE.get(tone, "strong")), (f"  {sentence(state)}", "plain"))
        parts: list[tuple[str, str]] = []
        for name in ("PASS", "FAIL", "INCONCLUSIVE", "BLOCKED", "SKIPPED"):
            if found.get(name):
                parts.append((f"{found[name]} {name if width >= 100 else SHORT[name]}  ", TONES[name]))
        waiting = found.get("", 0) + found.get("RUNNING", 0)
        if waiting:
            parts.append((f"{waiting} to come  ", "dim"))
        asks = (" (d says)" if width >= 100 else " (d)") if self.view.docker == "unknown" else ""
        right: Line = ((f"left behind: {state.left}   {'local ' * (width >= 100)}Docker: {self.view.docker}{asks}", "dim"),)
        if width >= 130:
            right = ((f"{clean(state.host)}   {mmss(state.t, tenths=False)}   ", "dim"), *right)
        protected = journeys.protected(state)
        if not self.wide and sum(len(text) for text, _ in (*parts, *right, protected)) < width:
            parts.append(protected)  # the list of them may be below the fold
        return [clip(left, width), spread(tuple(parts), right, width)], None

    def _foot(self, width: int, height: int) -> tuple[list[Line], None]:
        """What the line under the cursor says at full length (where no pane says it), and the decision."""
        decision: Line = ((decide(self.state, self.view.docker), "strong"),)
        lines = [*detail(self.item, self.model, self.state, width, height - 1), decision] if height > 1 else [decision]
        return [clip(line, width) for line in lines], None

    # -- moving

    def _go(self, index: int) -> None:
        self.picked = max(0, min(len(self.items) - 1, index))
        self.at = self.item.place if self.item is not None else ("", "")
        self.tick()

    def action_up(self) -> None:
        self._go(self.picked - 1)

    def action_down(self) -> None:
        self._go(self.picked + 1)

    def action_left(self) -> None:
        """Fold the group, or go to the group that the row is in; from there to the criteria."""
        item = self.item
        if item is not None and item.open and not self.model.query:
            self._fold(item, False)
            return
        level = item.level if item is not None else 0
        above = [place for place, one in enumerate(self.items[: self.picked]) if one.kind in ("phase", "suite") and one.level < level]
        self._go(above[-1] if above else 0)

    def action_right(self) -> None:
        """Unfold the group, or go into it; from the criteria to the first check that did not pass."""
        item = self.item
        if item is not None and item.open is not None:
            self._fold(item, True) if not item.open else self._go(self.picked + 1)
        elif item is not None and item.kind == "criterion":
            checks = len(self._criteria)
            bad = (place for place, one in enumerate(self._checks) if one.kind == "check")
            self._go(checks + next(bad, 0))

    def _fold(self, item: Item, opened: bool) -> None:
        self.model.fold(item, opened)
        self.at = item.place
        self.tick()

    def action_fold(self) -> None:
        """Open or fold the group under the cursor."""
        if self.item is not None and self.item.open is not None:
            self._fold(self.item, not self.item.open)
        else:
            self.vigil.say("nothing is folded here: Space opens or folds a group")

    def action_fold_all(self) -> None:
        self.model.fold_all(self.state, False)
        self.tick()

    def action_unfold_all(self) -> None:
        self.model.fold_all(self.state, True)
        self.tick()

    def action_next_open(self) -> None:
        self._jump(1)

    def action_previous_open(self) -> None:
        self._jump(-1)

    def _jump(self, step: int) -> None:
        """To the next row, folded or not, that is neither passed nor left out; around the end."""
        wrong = [item.place for item in self.model.not_passed(self.state)]
        if not wrong:
            self.vigil.say("everything that has ended has passed")
            return
        here = self.at if self.at in wrong else None
        if here is None:
            # From a row that passed: to what stands after (before) it.
            order = [item.place for item in self.items]
            later = [place for place in wrong if place not in order[: self.picked + 1]] if step > 0 else [
                place for place in wrong if place in order[: self.picked]
            ]  # fmt: skip
            place = (later[0] if step > 0 else later[-1]) if later else wrong[0 if step > 0 else -1]
        else:
            place = wrong[(wrong.index(here) + step) % len(wrong)]
        if place[0] == "check":
            self.model.reveal(self.state.checks[place[1]])
        self.at = place
        self.tick()

    def action_page_up(self) -> None:
        self._go(self.picked - 10)

    def action_page_down(self) -> None:
        self._go(self.picked + 10)

    def action_first(self) -> None:
        self._go(0)

    def action_last(self) -> None:
        self._go(len(self.items))

    # -- acting

    def action_sort(self) -> None:
        """By phase and suite, or what is wrong first."""
        self.model.worst_first = not self.model.worst_first
        self.tick()

    @property
    def check_at(self) -> str:
        """The check under the cursor; '' where it is on something else."""
        return self.item.key if self.item is not None and self.item.key in self.state.checks else ""

    def action_open(self) -> None:
        """The evidence of what the cursor is on: a criterion has a page of its own, which leads on to its checks. A group unfolds."""
        if self.item is None:
            return
        if self.item.open is not None:
            self.action_fold()
        elif self.item.kind == "journey":
            self._open_journey(self.item.key)
        else:
            self.vigil.open_why(self.item.key)

    def _open_journey(self, key: str) -> None:
        """The evidence of the weakest check behind a journey; where that is not in the plan, there is none, and this is said."""
        reading = next(one for one in journeys.readings(self.state) if one.id == key)
        name = journeys.weakest(reading, self.state)
        if name:
            self.vigil.open_why(name)
        else:
            self.vigil.say(f"{', '.join(reading.unplanned)}: not in this plan, so there is no evidence; 1 plans anew")

    async def chat(self) -> str:
        """The session's report for a chat, a dozen lines; '' while it has no result of its own."""
        from tui_app.screens.writing import chat_lines

        path = self.view.path
        return await asyncio.to_thread(chat_lines, path) if self.state.ended and path is not None else ""

    def action_docker(self) -> None:
        """Ask how local Docker is; the decision follows."""
        answers = [Answer(word[0], word, word) for word in DOCKER]
        text = f"Now said to be {self.view.docker}. The decision follows from it and from this verdict."
        self.vigil.ask(
            AskScreen("How is local Docker?", [text], answers, stay="as it is"), {word: partial(self._docker, word) for word in DOCKER}
        )

    def _docker(self, word: str) -> None:
        self.view.docker = word
        self.tick()
