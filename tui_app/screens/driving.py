"""What the application does with sessions: choose, plan, start, attach, open, hold, mark, rerun, copy, leave. It draws nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from textual.app import App

from tui_app.screens.ask import Answer, AskScreen
from tui_app.screens.plan_model import PlanModel
from tui_app.screens.safe import clean
from tui_app.screens.session_link import Choice, Link, LinkError, Opened, SessionLine, TargetInfo
from tui_app.screens.view import Role, View, mmss
from widgets.lines import Line, fit

NOT_PASSED = ("FAIL", "INCONCLUSIVE", "BLOCKED")
EXITS = {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 3, "BLOCKED": 3}
STOPPED_EXIT = 130


class DrivingApp(App[int]):
    """An application that drives sessions through a `Link`."""

    def __init__(self, view: View, link: Link | None) -> None:
        super().__init__()
        self.view = view
        self.link = link
        self.target: TargetInfo | None = None
        self.plan_model = PlanModel(())
        self.busy = ""
        """What is under way and not yet a session: shown on the plan screen."""
        self.started_here = False
        self.leaving = False
        """Stop was asked for on leaving: the application ends when the session has."""
        self._cost: tuple[Choice | None, Mapping[str, Any]] = (None, {})

    def go(self, name: str) -> None:
        """Show a screen by its registry name."""
        raise NotImplementedError

    def forget_screens(self) -> None:
        """Another session is in view: screens made for the last one go."""
        raise NotImplementedError

    def say(self, text: str, *, bad: bool = False) -> None:
        """A short word in the corner; never parsed as markup."""
        self.notify(clean(text), severity="error" if bad else "information", markup=False, timeout=6)

    # -- plan

    def choose_target(self, target: TargetInfo) -> None:
        """Plan for a target."""
        if self.link is None:
            return
        self.target = target
        if not self.plan_model.checks:
            self.plan_model = PlanModel.of(self.link.catalogue(), self.link.preset)
        self.plan_model.users = 5 if target.environment == "rehearsal" else 2
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

    def choice(self) -> Choice | None:
        """What the plan screen has chosen; None without a target."""
        if self.target is None:
            return None
        model = self.plan_model
        return Choice(self.target.key or self.target.name, model.chosen(), model.preset, model.users)

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

    def cost_text(self) -> str:
        """The footprint in a few words."""
        cost = self.cost()
        parts = []
        if "minutes" in cost:
            parts.append(f"about {_minutes(cost['minutes'])}")
        if "agent_runs" in cost:
            parts.append(f"{cost['agent_runs']} runs")
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
            self.confirm(choice, target)

    def confirm(self, choice: Choice, target: TargetInfo) -> None:
        """Run a choice, asking first where the target is not on this machine; Enter is no answer to that."""
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
        answers = [Answer("r", f"run on {name}", "run")]
        if missing:
            effects = ", ".join(missing)
            lines += ["", f"Nobody has agreed to: {effects}. Checks that need it read BLOCKED without."]
            answers = [Answer("r", f"run on {name} without {effects}", "run"), Answer("c", f"agree to {effects}, and run", "agree")]
        agreed = tuple(f"load:{choice.users}" if effect == "load" else effect for effect in missing)
        question = AskScreen(f"Run on {name}?", lines, answers, stay="back to the plan")
        self.ask(question, {"run": lambda: self.launch(choice), "agree": lambda: self.launch(replace(choice, consent=agreed))})

    def launch(self, choice: Choice) -> None:
        """Start an engine in a worker; the plan screen says so until there is a session."""
        self.busy = "starting the engine"
        self.run_worker(self._launch(choice), group="engine", exclusive=True, exit_on_error=False)

    async def _launch(self, choice: Choice) -> None:
        if self.link is None:
            return
        try:
            opened = await self.link.start(choice)
        except LinkError as error:
            self.busy = ""
            self.ask(AskScreen("The session could not start", [clean(str(error))], (), stay="back"))
            return
        self.started_here = True
        self.show_session(opened, "driving")

    # -- sessions

    def open_session(self, line: SessionLine) -> None:
        """Attach to a running session, or open the recording of one that has ended."""
        if line.problem:
            self.say(line.problem, bad=True)
            return
        self.run_worker(self._open_line(line), group="engine", exclusive=True, exit_on_error=False)

    async def _open_line(self, line: SessionLine) -> None:
        if self.link is None:
            return
        try:
            opened = await self.link.attach(line)
        except LinkError as error:
            self.say(str(error), bad=True)
            return
        self.show_session(opened, "opened" if not line.alive else "driving" if opened.commanding else "watching")

    def show_session(self, opened: Opened, role: Role) -> None:
        """Bring a recording into view, from its start."""
        from tui_app.recording.errors import RecordingError
        from tui_app.recording.fold import Fold
        from tui_app.recording.reader import Reader

        self.busy = ""
        try:
            reader = Reader(opened.recording)
        except RecordingError as error:
            self.say(str(error), bad=True)
            return
        view = self.view
        if view.reader is not None:
            view.reader.close()
        view.reader, view.fold, view.role, view.path, view.gone = reader, Fold(reader.header), role, opened.recording, ""
        view.state = view.fold.state
        minutes = self.cost().get("minutes") if role == "driving" and self.started_here else None
        view.about = mmss(int(float(minutes) * 60e9), tenths=False) if minutes else ""
        view.version += 1
        self.forget_screens()
        self.go("verdict" if role == "opened" else "live")

    def action_rerun(self) -> None:
        """A new session with the checks that did not pass."""
        state = self.view.state
        checks = tuple(check.id for check in state.checks.values() if check.word in NOT_PASSED)
        if self.view.running:
            self.say("the session is still running")
        elif not checks:
            self.say("nothing failed: there is nothing to rerun")
        elif self.link is not None:
            try:
                target = self.target or self.link.recorded(self.view.reader.header if self.view.reader else {})
            except LinkError as error:
                self.say(str(error), bad=True)
                return
            choice = Choice(target.key or target.name, checks, state.preset or "quick", max(len(state.users), 2), parent=state.session)
            self.confirm(choice, target)

    def action_hold(self) -> None:
        """Hold the engine or let it go on; asks, because every viewer is affected."""
        if not self.view.running or self.view.role != "driving":
            self.say("only the one who drives a running session can hold it")
            return
        name = "resume" if self.view.state.held else "hold"
        text = (
            "It sends again, its schedule shifted."
            if name == "resume"
            else "It sends nothing new until it is let go on. Every viewer is affected."
        )
        question = AskScreen(f"{name.capitalize()} the session?", [text], [Answer("H", name, name)], enter=name, stay="leave it as it is")
        self.ask(question, {name: lambda: self.command(name)})

    def action_take(self) -> None:
        """Take command of a session that another drives; asks, and the recording says who did it."""
        if not self.view.running or self.view.role != "watching":
            self.say("there is nothing to take over: no running session is driven by another")
            return
        text = "Whoever drives it now can then only watch. The recording says who took it."
        question = AskScreen("Take the session over?", [text], [Answer("T", "take over", "take")], stay="only watch")
        self.ask(question, {"take": lambda: self.command("take")})

    def command(self, name: str, **facts: Any) -> None:
        """Ask something of the engine, in a worker."""
        self.run_worker(self._command(name, facts), group=f"command-{name}", exit_on_error=False)

    async def _command(self, name: str, facts: Mapping[str, Any]) -> None:
        if self.link is None:
            return
        try:
            await self.link.command(name, **facts)
        except LinkError as error:
            self.leaving = False
            self.say(str(error), bad=True)
            return
        if name == "take":
            self.view.role = "driving"

    def action_mark(self) -> None:
        """Leave a mark at this moment, in the recording's annotations."""
        from tui_app.recording.errors import RecordingError

        reader, state = self.view.reader, self.view.state
        if reader is None:
            return
        try:
            reader.annotate("mark", f"mark at {mmss(state.t)}", state.seq)
            self.say(f"marked {mmss(state.t)}")
        except RecordingError as error:
            self.say(str(error), bad=True)

    def action_copy(self) -> None:
        """The summary of the screen in view, to the clipboard of the terminal (OSC 52)."""
        summary = getattr(self.screen, "summary", None)
        if summary is not None:
            self.copy_to_clipboard(summary())
            self.say("copied a summary")

    # -- leaving

    def action_leave(self) -> None:
        """Leave; with a session of ours under way, ask what becomes of it."""
        if isinstance(self.screen, AskScreen):
            return
        if not (self.view.running and self.view.role == "driving"):
            self.exit(self.exit_code())
            return
        answers = [
            Answer("d", "detach: the session goes on, `vigil attach` finds it", "detach"),
            Answer("s", "stop and tidy: no new sends, then runs are ended and threads archived", "stop"),
        ]
        question = AskScreen("The session is running", ["What becomes of it?"], answers, stay="stay and go on")
        self.ask(question, {"detach": lambda: self.exit(0), "stop": self.stop_and_leave})

    def stop_and_leave(self) -> None:
        """Stop, watch the tidying, leave when the session has ended."""
        self.leaving = True
        self.command("stop")
        self.say("stopping: no new sends, tidying")

    def exit_code(self) -> int:
        """0, unless a session that was started here has decided otherwise (architecture, 'Exit codes')."""
        view = self.view
        if not self.started_here or view.role != "driving":
            return 0
        result = view.reader.result() if view.reader is not None else None
        if result is not None and isinstance(result.get("exit"), int):
            return int(result["exit"])
        if view.gone or (view.state.ended and view.state.end_reason != "complete"):
            return STOPPED_EXIT
        return EXITS.get(view.state.word, 0) if view.state.ended else 0

    def ask(self, question: AskScreen, answers: Mapping[str, Any] | None = None) -> None:
        """Put a question; call what belongs to the answer."""

        def answered(value: str | None) -> None:
            act = (answers or {}).get(value or "")
            if act is not None:
                act()

        self.push_screen(question, answered)


def _minutes(value: Any) -> str:
    minutes = float(value)
    return f"{minutes:.0f} min" if minutes >= 1.5 else f"{max(minutes * 60, 1):.0f} s"


def footprint_lines(cost: Mapping[str, Any]) -> list[Line]:
    """A footprint as rows of name and number."""
    if not cost:
        return []
    limit = f", stops at {cost['agent_runs_limit']}" if cost.get("agent_runs_limit") else ""
    pace = f", at most {cost['connects_per_minute']} a minute" if cost.get("connects_per_minute") else ""
    made = cost.get("creates") or {}
    creates = ", ".join(f"{count} {clean(str(name))}" for name, count in made.items()) if isinstance(made, Mapping) else clean(str(made))
    rows = (
        ("agent runs", f"about {cost.get('agent_runs', 0)}{limit} (each may call a paid model)"),
        ("connections", f"about {cost.get('connects', 0)}{pace}, {cost.get('sockets', 0)} at once"),
        ("creates", f"{creates}; threads are archived"),
        ("bad tokens", f"{cost.get('bad_tokens', 0)}, a known-good one after each"),
        ("effects", ", ".join(clean(str(effect)) for effect in cost.get("effects", ())) or "read"),
        ("takes", f"about {_minutes(cost.get('minutes', 0))}"),
    )
    return [((fit(name, 13), "dim"), (text, "plain")) for name, text in rows]
