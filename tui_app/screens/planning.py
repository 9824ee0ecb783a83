"""What the application does before a session: choose a target, select, know the cost, ask, and only then start."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tui_app.screens.ask import Answer, AskScreen
from tui_app.screens.base import SessionScreen
from tui_app.screens.footprint import added_line, footprint_lines, minutes_text
from tui_app.screens.plan_model import PlanModel
from tui_app.screens.safe import clean
from tui_app.screens.session_link import Choice, Link, LinkError, TargetInfo
from tui_app.screens.theming import ThemingApp
from tui_app.screens.view import View
from widgets.banner import KeyBar
from widgets.lines import Line


class PlanningApp(ThemingApp):
    """An application that plans sessions through a `Link`."""

    def __init__(self, view: View, link: Link | None) -> None:
        super().__init__()
        self.view = view
        self.link = link
        self.target: TargetInfo | None = None
        self.plan_model = PlanModel(())
        self.busy = ""
        """What is under way and not yet a session: shown on the plan screen."""
        self._missing: tuple[Choice | None, frozenset[str]] = (None, frozenset())
        self._cost: tuple[Choice | None, Mapping[str, Any]] = (None, {})

    def action_doctor(self) -> None:
        """Whether this machine is fit, on top of the screen in view."""
        from tui_app.screens.doctor import DoctorScreen

        if not isinstance(self.screen, DoctorScreen):
            self.push_screen(DoctorScreen(self.view))

    def go(self, name: str) -> None:
        """Show a screen by its registry name."""
        raise NotImplementedError

    def launch(self, choice: Choice) -> None:
        """Start an engine for a choice."""
        raise NotImplementedError

    def say(self, text: str, *, bad: bool = False) -> None:
        """A short word at the foot, in the place of the key hints; where there is no such place, in the corner. Never parsed as markup."""
        bar = next(iter(self.screen.query(KeyBar)), None) if self.screen_stack else None
        if bar is not None:
            bar.say(clean(text), bad=bad)
            return
        self.notify(clean(text), severity="error" if bad else "information", markup=False, timeout=6)

    def ask(self, question: AskScreen, answers: Mapping[str, Any] | None = None) -> None:
        """Put a question; call what belongs to the answer."""

        def answered(value: str | None) -> None:
            act = (answers or {}).get(value or "")
            if act is not None:
                act()

        self.push_screen(question, answered)

    # -- plan

    def choose_target(self, target: TargetInfo) -> None:
        """Plan for a target."""
        if self.link is None:
            return
        before, self.target = self.target, target
        if not self.plan_model.checks or before is None or before.environment != target.environment:
            self.plan_model = PlanModel.of(self.link.catalogue(target.environment), self.link.preset, self.link.asked)
        self.plan_model.set_users(target.users or (5 if target.environment == "rehearsal" else 2))
        self.go("plan")

    def propose_target(self, target: TargetInfo) -> None:
        """Look whether the services of a target that was typed in answer, show that, and then plan for it."""
        self.run_worker(self._propose(target), group="propose", exclusive=True, exit_on_error=False)

    async def _propose(self, target: TargetInfo) -> None:
        if self.link is None:
            return
        checked = await self.link.check(target)
        lines: list[str | Line] = [f"environment {clean(checked.environment)}", "", *(clean(line) for line in checked.lines)]
        if checked.blanks:
            lines += ["", "Blanks to fill before it can run:", *(clean(blank) for blank in checked.blanks)]
        question = AskScreen(f"Proposed: {clean(checked.name)}", lines, [Answer("p", "plan for it", "plan")], stay="back")
        self.ask(question, {"plan": lambda: self.choose_target(checked)})

    def use_preset(self, name: str) -> None:
        """Select what a preset asks, and show the plan."""
        self.plan_model.set_preset(name)
        self.go("plan")
        if isinstance(self.screen, SessionScreen):
            self.screen.pulse()
        self.say(f"preset {name}: {len(self.plan_model.chosen())} of {len(self.plan_model.checks)} checks")

    def choice(self) -> Choice | None:
        """What the plan screen has chosen; None without a target."""
        if self.target is None:
            return None
        model = self.plan_model
        key = self.target.key or self.target.name
        return Choice(key, model.chosen(), model.preset, model.users, duration_s=model.duration_s, times=model.times)

    def cost(self) -> Mapping[str, Any]:
        """The footprint of the choice, worked out once per choice; empty where none can be."""
        choice = self.choice()
        if choice is None or self.link is None or not choice.checks or (self.target is not None and self.target.blanks):
            return {}
        if self._cost[0] != choice:
            try:
                self._cost = (choice, self.link.footprint(choice))
            except LinkError as error:
                self._cost = (choice, {})
                self.say(str(error), bad=True)
        return self._cost[1]

    def missing_consent(self) -> frozenset[str]:
        """Effects of the choice that nobody has agreed to on its target, worked out once per choice."""
        choice = self.choice()
        if choice is None or self.link is None or not choice.checks or self.target is None or self.target.blanks or self.target.loopback:
            return frozenset()
        if self._missing[0] != choice:
            try:
                self._missing = (choice, frozenset(self.link.unconsented(choice)))
            except LinkError:
                self._missing = (choice, frozenset())  # the footprint says what is wrong
        return self._missing[1]

    def left_out(self) -> tuple[str, ...]:
        """Checks from outside that could not join the catalogue, each with its reason."""
        return self.link.left_out() if self.link is not None and self.plan_model.checks else ()

    def cost_text(self) -> str:
        """The footprint in a few words."""
        cost = self.cost()
        parts = []
        if "minutes" in cost:
            parts.append(f"about {minutes_text(cost['minutes'])}")
        if "agent_runs" in cost:
            parts.append(f"{cost['agent_runs']:,} runs")
        return ", ".join(parts)

    def run_plan(self) -> None:
        """Start what is selected: at once on loopback; anywhere else after a question that Enter does not answer."""
        choice, target = self.choice(), self.target
        if choice is None or target is None:
            self.go("start")
        elif self.busy or (self.view.running and self.view.role == "driving"):
            self.say("a session is running; q leaves or stops it")
        elif target.blanks:
            self.ask(AskScreen(f"{clean(target.name)} cannot run yet", ["Blanks to fill:", *target.blanks], (), stay="back to the plan"))
        elif not choice.checks:
            self.say("nothing is selected: Space selects")
        else:
            self.confirm(choice, target, adding=True)

    def _instead(self, change: Callable[[PlanModel], None]) -> None:
        """Change the plan, and ask again with what it costs now."""
        change(self.plan_model)
        self.run_plan()

    def confirm(self, choice: Choice, target: TargetInfo, *, adding: bool = False) -> None:
        """Run a choice, asking first where the target is not on this machine; Enter is no answer to that.

        adding -- the choice is the plan's, so that load and soak can be added to it from the question
        """
        if target.loopback or self.link is None:
            self.launch(choice)
            return
        name = clean(target.name).upper()
        try:
            cost, missing = self.link.footprint(choice), self.link.unconsented(choice)
        except LinkError as error:
            self.ask(AskScreen("The plan cannot run", [clean(str(error))], (), stay="back to the plan"))
            return
        lines: list[str | Line] = [f"The target says: environment {clean(target.environment)}.", "", *footprint_lines(cost)]
        if adding:
            lines.append(added_line(self.plan_model, hint=True))
        answers = [Answer("r", f"run on {name}", "run")]
        if missing:
            effects = ", ".join(missing)
            lines += ["", f"Nobody has agreed to: {effects}. Checks that need it read BLOCKED without."]
            answers = [Answer("r", f"run on {name} without {effects}", "run"), Answer("c", f"agree to {effects}, and run", "agree")]
        agreed = tuple(f"load:{choice.users}" if effect == "load" else effect for effect in missing)
        acts: dict[str, Callable[[], None]] = {
            "run": lambda: self.launch(choice),
            "agree": lambda: self.launch(replace(choice, consent=agreed)),
            "load": lambda: self._instead(PlanModel.toggle_load),
            "soak": lambda: self._instead(PlanModel.next_duration),
        }
        if adding:
            answers += [Answer("L", "", "load"), Answer("d", "", "soak")]
        self.ask(AskScreen(f"Run on {name}?", lines, answers, stay="back to the plan"), acts)
