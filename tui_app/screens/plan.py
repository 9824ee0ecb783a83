"""Plan: what will be asked, what it proves, what it costs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tui_app.checks.suites import PHASES, SUITES
from tui_app.screens import attached
from tui_app.screens.actions import bindings_for, by_id
from tui_app.screens.base import titled
from tui_app.screens.footprint import added_line, effect_words, footprint_wrapped
from tui_app.screens.plan_model import Node, PlanModel, proven
from tui_app.screens.safe import clean
from tui_app.screens.searching import SearchingScreen
from tui_app.screens.view import View
from widgets.banner import Banner
from widgets.glyphs import MARK_ALL, MARK_NONE
from widgets.lines import BLANK, Line, LineView, fit, spread, wrap
from widgets.plan_tree import PlanTree

UNFOLDED_FROM = 30
"""On a terminal of so many rows the suites are unfolded from the start."""
ROOM_BESIDE = 14
"""Rows of the pane beside the titles of a phase's checks."""
NO_TARGET = "No target is chosen yet: t chooses one, and its checks appear here."


class PlanScreen(SearchingScreen):
    """The tree of phases, suites and checks; beside it, what the row under the cursor is about."""

    NAME = "plan"
    SMALLEST = (0, 0)
    BINDINGS = bindings_for("plan")
    CSS = """
    PlanScreen #tree { width: 43; }
    PlanScreen #detail { width: 1fr; }
    PlanScreen #cost { height: 2; padding: 0 1; dock: bottom; margin-bottom: 1; }
    PlanScreen #footprint { display: none; }
    PlanScreen.-tiny #tree { width: 1fr; }
    PlanScreen.-tiny #detail { display: none; }
    PlanScreen.-normal #tree { width: 52; }
    PlanScreen.-normal.-tall #footprint { display: block; height: auto; max-height: 12; }
    PlanScreen #footprint.-away { display: none !important; }
    PlanScreen.-wide #tree { width: 66; }
    PlanScreen.-wide #footprint { display: block; height: auto; max-height: 14; }
    """

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.model = PlanModel(())

    def body(self) -> ComposeResult:
        with Horizontal():
            yield titled(PlanTree(id="tree", classes="pane"), "Plan")
            with Vertical():
                yield titled(LineView(id="detail", classes="pane"), "What it proves")
                yield titled(LineView(id="footprint", classes="pane"), "What it costs")
        yield LineView(id="cost", bar=True)
        yield from self.field()

    def tick(self) -> None:
        model = self.vigil.plan_model
        self.set_class(self.size.height >= UNFOLDED_FROM, "-tall")
        if model is not self.model:
            self.model = model
            if self.size.height >= UNFOLDED_FROM:
                model.unfold_all()
        model.search(self.query_text)
        model.missing = self.vigil.missing_consent()
        tree = self.query_one("#tree", PlanTree)
        if model.checks:
            tree.update(model.rows(), model.cursor)
        else:
            lines = partial(attached.session_lines, self.view) if self.attached else no_target
            tree.draw(lambda width, height: (lines(width, height), None))
        tree.border_title = "The session in view" if self.attached else "Plan"
        node = model.node
        detail = self.query_one("#detail", LineView)
        detail.border_title = "What it proves" if node is None or node.kind == "check" else "What is in it"
        left_out = self.vigil.left_out()
        if self.attached:
            detail.border_title = "What to do next"
            detail.draw(lambda width, _height: (attached.next_lines(self.view, width), None))
        else:
            detail.draw(lambda width, height: (detail_lines(model, node, width, left_out, height), None))
        cost_lines = footprint_wrapped(self.vigil.cost(), self.query_one("#detail").size.width - 1)
        footprint = self.query_one("#footprint", LineView)
        footprint.set_class(self.attached, "-away")
        footprint.styles.height = max(len(cost_lines), 1) + 2
        footprint.show(cost_lines or [(("worked out once the plan can run", "dim"),)])
        target = self.vigil.target
        name = clean(target.name).upper() if target else "no target"
        cost = self.vigil.cost_text()
        left: Line = (
            (f"{len(model.chosen())} of {len(model.checks)} checks", "strong"),
            (f"   {model.users} users" + (f"   {cost}" if cost else ""), "plain"),
        )
        status = self.vigil.busy
        right: Line = (
            ((status, "warn"),)
            if status
            else (("r", "key"), (f" run on {name}", "plain"))
            if target
            else (("t", "key"), (" choose a target", "plain"))
        )
        times: Line = (
            (f"each check {model.times} times " if model.times > 1 else "each check once ", "warn" if model.times > 1 else "dim"),
        )
        more: Line = (*times, ("[", "dim"), ("x", "key"), ("]", "dim"))
        below = added_line(model)
        if self.attached:
            left = right = below = more = BLANK
        self.query_one("#cost", LineView).draw(lambda width, _height: ([spread(left, right, width), spread(below, more, width)], None))

    @property
    def subject(self) -> str:
        """The check under the cursor, '' where there is none."""
        return self.model.node.key if self.model.node is not None and self.model.node.kind == "check" else ""

    @property
    def attached(self) -> bool:
        """There is a session in view, and nothing was planned here."""
        return not self.vigil.plan_model.checks and bool(self.state.session)

    def applies(self, action_id: str) -> bool:
        """Where nothing is planned, no key that changes a plan is offered."""
        changes = by_id(action_id).group == "Plan" or action_id in ("fold-all", "unfold-all", "search")
        return (not self.attached or not changes or action_id == "target") and super().applies(action_id)

    def banner(self) -> Banner:
        """Of the plan, not of the session that may be under way, unless that is all there is."""
        if self.attached:
            return super().banner()
        target = self.vigil.target
        return Banner(
            target=clean(target.name).upper() if target else "no target",
            verdict_text=f"{self.vigil.plan_model.preset}, {self.vigil.plan_model.users} users",
            utc=f"{self.view.clock():%H:%M:%S} UTC",
            stand_in=target is not None and target.environment == "rehearsal",
            note="Choose what is asked; nothing is sent before you run it.",
            chips=tuple(self.chips()),
        )

    def chips(self) -> list[tuple[str, str]]:
        target = self.vigil.target
        found = [("BLANKS TO FILL", "warn")] if target is not None and target.blanks else []
        if self.model.query:
            found.append((f"SEARCH {clean(self.model.query)}: {len(self.model.listed())} of {len(self.model.checks)}", "warn"))
        left_out = len(self.vigil.left_out())
        if left_out:
            found.append((f"{left_out} CHECK{'S' if left_out > 1 else ''} FROM OUTSIDE LEFT OUT", "warn"))
        return [*found, ("A SESSION IS RUNNING: 2 shows it", "badge")] if self.view.running and not self.attached else found

    def action_up(self) -> None:
        self._do(lambda model: model.move(-1))

    def action_down(self) -> None:
        self._do(lambda model: model.move(1))

    def action_left(self) -> None:
        self._do(PlanModel.fold)

    def action_right(self) -> None:
        self._do(PlanModel.unfold)

    def action_page_up(self) -> None:
        self._do(lambda model: model.move(-10))

    def action_page_down(self) -> None:
        self._do(lambda model: model.move(10))

    def action_first(self) -> None:
        self._do(lambda model: model.move(-1000))

    def action_last(self) -> None:
        self._do(lambda model: model.move(1000))

    def action_select(self) -> None:
        self._do(PlanModel.toggle)

    def action_users(self) -> None:
        self._do(PlanModel.next_users)

    def action_preset(self) -> None:
        self._do(PlanModel.next_preset)

    def action_load_users(self) -> None:
        """Fifty users and the load that they ask for, or without."""
        self._do(PlanModel.toggle_load)

    def action_duration(self) -> None:
        """A soak of the next length, around to none."""
        self._do(PlanModel.next_duration)

    def action_times(self) -> None:
        """Each check once, or again and again."""
        self._do(PlanModel.next_times)

    def action_target(self) -> None:
        self.vigil.go("start")

    def action_back(self) -> None:
        if not self.clear_search():
            self.vigil.go("start")

    def action_fold_all(self) -> None:
        self._do(PlanModel.fold_all)

    def action_unfold_all(self) -> None:
        self._do(PlanModel.unfold_all)

    def action_run(self) -> None:
        """Straight away on loopback; anywhere else it asks, and the question is not answered by Enter."""
        self.vigil.run_plan()

    def action_begin(self) -> None:
        """Enter, Enter from the first screen starts the rehearsal and nothing else, whatever target stands first."""
        target = self.vigil.target
        if target is None or target.key == "rehearsal":
            self.vigil.run_plan()
        else:
            self.vigil.say(f"r runs the plan on {clean(target.name).upper()}; Enter starts the rehearsal only")

    def _do(self, change: Any) -> None:
        change(self.model)
        self.pulse()


def no_target(width: int, _height: int) -> list[Line]:
    """What there is to do before a target is chosen."""
    return [((part, "dim"),) for part in wrap(NO_TARGET, width)]


def detail_lines(model: PlanModel, node: Node | None, width: int, left_out: Sequence[str] = (), height: int = 0) -> list[Line]:
    """The right-hand pane for a row of the tree; `left_out` is what could not join the catalogue; with `height` to spare, more is told."""
    if node is None and model.query:
        return [(("Nothing matches; Esc clears the search.", "dim"),)]
    if node is None:
        text = "Of the line under the cursor: what it asks, what that proves, its effects, and on which planted fault it fails."
        return [((part, "dim"),) for part in wrap(text, width)]
    members = model.members(node)
    if node.kind == "check":
        return check_lines(members[0], width, model.missing)
    title = PHASES.get(node.key) if node.kind == "phase" else f"{node.key} {SUITES.get(node.key, '')}"
    lines: list[Line] = [((clean(title or node.key), "head"),), BLANK]
    if node.kind == "phase":
        lines += _suites(model, members, width, titles=len(members) + ROOM_BESIDE <= height)
    else:
        lines += _titles(model, members, width)
    effects = sorted({str(effect) for check in members for effect in check.get("effects", ())})
    lines += [BLANK, *_field("Effect", effect_words(effects) or "read", width)]
    unproven = sum(1 for check in members if not proven(check))
    if unproven:
        lines += _field("Unproven", f"{unproven} of {len(members)}: no seeded fault shows yet that they can fail", width)
    wanting = [found for check in members if (found := model.missing & set(check.get("effects", ())))]
    if wanting:
        lines += _unblock(f"{len(wanting)} of {len(members)} would read BLOCKED", frozenset[str]().union(*wanting), width)
    for text in left_out if node.kind == "phase" else ():
        lines += [BLANK, *[((part, "warn"),) for part in wrap(clean(text), width)]]
    return lines


def _suites(model: PlanModel, members: Sequence[Mapping[str, Any]], width: int, *, titles: bool) -> list[Line]:
    """The suites of a phase, and how much of each is selected; with `titles`, what each of their checks says."""
    lines: list[Line] = []
    for suite in dict.fromkeys(str(check["suite"]) for check in members):
        inside = [check for check in members if str(check["suite"]) == suite]
        count = sum(1 for check in inside if str(check["id"]) in model.selected)
        left: Line = ((f"{suite} {SUITES.get(suite, '')}", "strong" if titles else "plain"),)
        lines.append(spread(left, ((f"{count} of {len(inside)}", "dim"),), width))
        lines += [*_titles(model, inside, width), BLANK] if titles else []
    return lines


def _titles(model: PlanModel, checks: Sequence[Mapping[str, Any]], width: int) -> list[Line]:
    """Checks by their titles, each with its mark."""
    lines: list[Line] = []
    for check in checks:
        mark = MARK_ALL if str(check["id"]) in model.selected else MARK_NONE
        tones = ("accent", "plain") if mark == MARK_ALL else ("dim", "dim")
        for index, part in enumerate(wrap(clean(str(check["title"])), width - 4)):
            lines.append(((f"{mark} " if index == 0 else "    ", tones[0]), (part, tones[1])))
    return lines


def _unblock(what: str, missing: Collection[str], width: int) -> list[Line]:
    """What would be BLOCKED, and on lines of its own what would unblock it."""
    lines: list[Line] = [BLANK, *[((part, "warn"),) for part in wrap(f"{what}: nobody has agreed to {', '.join(sorted(missing))}.", width)]]
    return lines + [((part, "plain"),) for part in wrap("To unblock: r asks, or [consent] in the target file.", width)]


def check_lines(check: Mapping[str, Any], width: int, missing: Collection[str] = ()) -> list[Line]:
    """What a check is, from the catalogue."""
    lines: list[Line] = [((clean(str(check["id"])), "head"),)]
    lines += [((text, "plain"),) for text in wrap(clean(str(check.get("impact", ""))), width)]
    lines.append(BLANK)
    lines += [((text, "plain"),) for text in wrap(clean(str(check.get("proves", ""))), width)]
    lines.append(BLANK)
    for path in _strings(check.get("strategy")):
        lines += _field("From" if path == _strings(check.get("strategy"))[0] else "", path, width)
    lines += _field("Effect", effect_words(_strings(check.get("effects"))) + (", alone" if check.get("exclusive") else ""), width)
    lines += _field("Needs", ", ".join(_strings(check.get("needs"))) or "nothing more", width)
    if check.get("seconds"):
        lines += _field("Takes", f"about {float(check['seconds']):.0f} s", width)
    if not check.get("required", True):
        lines += _field("Counts", "not required: changes no verdict", width)
    catches = _strings(check.get("catches"))
    if proven(check):
        lines += _field("Fails on", f"{', '.join(catches)} (F shows the self-test)", width)
    else:
        named = f" on {', '.join(catches)}" if catches else ""
        said = f"no self-test has seen it fail{named}" if named else "no seeded fault shows yet that it can fail"
        lines += _field("Fails on", f"unproven: {said}", width)
    origin = str(check.get("origin", "vigil"))
    if origin != "vigil":
        lines += _field("Origin", origin, width)
    wanting = set(missing) & set(_strings(check.get("effects")))
    return lines + (_unblock("Would read BLOCKED", wanting, width) if wanting else [])


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    return [clean(str(item)) for item in value] if isinstance(value, Sequence) else []


def _field(name: str, text: str, width: int) -> list[Line]:
    parts = wrap(clean(text), max(width - 10, 8)) or [""]
    return [((fit(name if index == 0 else "", 10), "dim"), (part, "plain")) for index, part in enumerate(parts)]
