"""What the application does with sessions: start, attach, open, hold, mark, rerun, copy, leave. It draws nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tui_app.screens.ask import Answer, AskScreen
from tui_app.screens.control import settle_control, take_text
from tui_app.screens.planning import PlanningApp
from tui_app.screens.reasons import READ_ONLY, why_not
from tui_app.screens.safe import clean
from tui_app.screens.session_link import Choice, Link, LinkError, Opened, SessionLine
from tui_app.screens.view import Role, View, mmss, now_utc

OPEN = ("INCONCLUSIVE", "BLOCKED")
EXITS = {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 3, "BLOCKED": 3}
STOPPED_EXIT = 130


class DrivingApp(PlanningApp):
    """An application that drives sessions through a `Link`."""

    def __init__(self, view: View, link: Link | None) -> None:
        super().__init__(view, link)
        self.started_here = False
        self.leaving = False
        """Stop was asked for on leaving: the application ends when the session has."""

    def forget_screens(self) -> None:
        """Another session is in view: screens made for the last one go."""
        raise NotImplementedError

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
        if gone := await asyncio.to_thread(self.link.retain):
            self.say(gone)

    # -- sessions

    def open_session(self, line: SessionLine) -> None:
        """Attach to a running session, or open the recording of one that has ended."""
        if line.problem:
            self.say(line.problem, bad=True)
            return
        self.say(f"opening session {line.session}")
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
        from tui_app.recording.upto import ReaderUpTo
        from tui_app.screens.playback import Playback

        self.busy = ""
        try:
            reader = ReaderUpTo(opened.recording) if role == "replay" else Reader(opened.recording, sealed=opened.sealed)
            playback = Playback(reader, opened.speed) if isinstance(reader, ReaderUpTo) else None
        except RecordingError as error:
            self.say(str(error), bad=True)
            return
        view = self.view
        if view.reader is not None:
            view.reader.close()
        view.reader, view.fold, view.role, view.path, view.gone = reader, Fold(reader.header), role, opened.recording, ""
        view.state = view.fold.state
        view.viewer, view.since = opened.viewer, opened.since
        view.playback = playback
        view.clock = playback.wall if playback is not None else now_utc
        minutes = self.cost().get("minutes") if role == "driving" and self.started_here else None
        view.about = mmss(int(float(minutes) * 60e9), tenths=False) if minutes else ""
        view.version += 1
        self.forget_screens()
        self.go("verdict" if role == "opened" else "live")

    def action_rerun(self) -> None:
        """A new session with what failed (where nothing did, with what is still open), on the target that it failed on."""
        state = self.view.state
        failed = tuple(check.id for check in state.checks.values() if check.word == "FAIL")
        checks = failed or tuple(check.id for check in state.checks.values() if check.word in OPEN)
        if why := why_not(self.view, "rerun"):
            self.say(why)
        elif self.link is not None:
            try:
                target = self.link.recorded(self.view.reader.header if self.view.reader else {})
            except LinkError as error:
                self.say(str(error), bad=True)
                return
            if self.target is not None and self.target.same_as(target):
                target = self.target  # its file is known, and with it what its relative paths mean
            key, users = target.key or target.name, max(len(state.users), 2)
            choice = Choice(key, checks, state.preset or "quick", users, parent=state.session, duration_s=state.duration_s)
            self.confirm(choice, target)

    def action_hold(self) -> None:
        """Hold the engine or let it go on; asks, because every viewer is affected."""
        if why := why_not(self.view, "hold"):
            self.say(why)
            return
        if self.view.state.asks:
            self.ask_to_sign_in()
            return
        name = "resume" if self.view.state.held else "hold"
        text = (
            "It sends again, its schedule shifted."
            if name == "resume"
            else "It sends nothing new until it is let go on. Every viewer is affected."
        )
        question = AskScreen(f"{name.capitalize()} the session?", [text], [Answer("H", name, name)], enter=name, stay="leave it as it is")
        self.ask(question, {name: lambda: self.command(name)})

    def ask_to_sign_in(self) -> None:
        """The session waits for credentials: ask for them at a hidden prompt, or have the old ones tried again."""
        state = self.view.state
        answers = [Answer("s", "sign in: the terminal asks, without echo", "sign-in"), Answer("t", "try again as before", "again")]
        who = ", ".join(map(clean, state.needs))
        self.ask(
            AskScreen(f"{who}: sign in again", [clean(state.asks)], answers, stay="let it wait"),
            {"sign-in": lambda: self.sign_in(prompt=True), "again": lambda: self.sign_in(prompt=False)},
        )

    def sign_in(self, *, prompt: bool) -> None:
        """Hand the engine what its session waits for, in a worker."""
        self.say("signing in again")
        self.run_worker(self._sign_in(prompt), group="sign-in", exclusive=True, exit_on_error=False)

    async def _sign_in(self, prompt: bool) -> None:
        if self.link is None:
            return
        try:
            for label in self.view.state.needs:
                self.say(await self.link.sign_in(label, prompt=prompt) or f"{label} is signed in again")
        except LinkError as error:
            self.say(str(error), bad=True)

    def action_take(self) -> None:
        """Take command of a session that another drives; asks, and the recording says who did it."""
        if why := why_not(self.view, "take") or ("" if getattr(self.link, "takes", True) else f"{READ_ONLY}: it cannot take control"):
            self.say(why)
            return
        if not self.view.viewer:
            self.say("it takes no commands from here: its engine listens to its owner alone")
            return
        question = AskScreen("Take the session over?", take_text(self.view), [Answer("T", "take over", "take")], stay="only watch")
        self.ask(question, {"take": lambda: self.command("take")})

    def command(self, name: str, **facts: Any) -> None:
        """Ask something of the engine, in a worker; what it answers takes a moment, so that it was asked is said."""
        self.say(
            {"hold": "asking the engine to hold", "resume": "asking the engine to go on", "take": "taking over"}.get(
                name, f"asking for {name}"
            )
        )
        self.run_worker(self._command(name, facts), group=f"command-{name}", exit_on_error=False)

    async def _command(self, name: str, facts: Mapping[str, Any]) -> None:
        if self.link is None:
            return
        try:
            told = await self.link.command(name, **facts)
        except LinkError as error:
            self.leaving = False
            self.say(str(error), bad=True)
            return
        if name == "take":
            self.view.role = "driving"
            self.view.viewer, self.view.since = int(told.get("viewer", 0)), int(told.get("rows", 0))

    def look_for_control(self) -> None:
        """Say it at once when another has taken control."""
        lost = settle_control(self.view)
        if lost:
            self.leaving = False
            self.say(lost, bad=True)

    def action_mark(self) -> None:
        """Mark this moment, or the row under a cursor, in the recording's annotations; with a note where one is typed."""
        from tui_app.screens.noting import NoteScreen, leave_mark

        reader, state = self.view.reader, self.view.state
        if reader is None:
            self.say("there is no session to mark")
            return
        if why := why_not(self.view, "mark"):
            self.say(why)
            return
        row = reader.row(getattr(self.screen, "marked_row", 0)) or reader.row(state.seq)
        seq, t = (row.seq, row.t) if row is not None else (state.seq, state.t)

        def left(text: str | None) -> None:
            if text is not None:
                said, kept = leave_mark(reader, seq, t, text)
                self.say(said, bad=not kept)

        self.push_screen(NoteScreen(t), left)

    def action_copy(self) -> None:
        """The summary of the screen in view, ready for a chat: to the clipboard, or where it can be had from; and says which."""
        summary = getattr(self.screen, "summary", None)
        if summary is not None:
            self.say("copying")
            self._clipboard = summary()
            # A report for a chat reads the whole recording: the summary that is at hand stands in where there is none.
            chat = getattr(self.screen, "chat", None)
            self.run_worker(self._copy(self._clipboard, chat), group="copy", exclusive=True, exit_on_error=False)

    async def _copy(self, text: str, chat: Callable[[], Awaitable[str]] | None) -> None:
        from tui_app.screens.clipboard import copy, safe

        self._clipboard = text = (await chat() if chat is not None else "") or text
        if self.is_web:
            self.copy_to_clipboard(safe(text))
            self.say("sent to the browser's clipboard")
            return
        said, well = await copy(text, self._driver.write if self._driver is not None and not self.is_headless else None)
        self.say(said, bad=not well)

    def action_whole(self) -> None:
        """What is cut short on the screen in view, in full; the same key goes back."""
        from tui_app.screens.whole import WholeScreen, in_full

        if isinstance(self.screen, WholeScreen):
            self.pop_screen()
        elif texts := in_full(self.screen):
            self.push_screen(WholeScreen(texts))
        else:
            self.say("nothing is cut short here")

    def action_palette(self) -> None:
        self.action_command_palette()

    def action_command_palette(self) -> None:
        """Every action by name; the toolkit's own key for it comes here too."""
        from tui_app.screens.command_palette import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(placeholder="what to do"))

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
        checks = self.view.state.checks.values()
        undecided = sum(check.word in ("", "RUNNING") for check in checks)
        lost = f"{undecided} of its {len(checks)} checks have no verdict yet; stopped now, they get none. What becomes of it?"
        question = AskScreen("The session is running", [lost], answers, stay="stay and go on")
        self.ask(question, {"detach": lambda: self.exit(0), "stop": self.stop_and_leave})

    def stop_and_leave(self) -> None:
        """Stop, watch the tidying, leave when the session has ended."""
        self.leaving = True
        self.command("stop")
        self.say("stopping: no new sends, tidying")

    def exit_code(self) -> int:
        """0, unless a session that was started here has decided otherwise: then its own exit code."""
        view = self.view
        if not self.started_here or view.role != "driving":
            return 0
        result = view.reader.result() if view.reader is not None else None
        if result is not None and isinstance(result.get("exit"), int):
            return int(result["exit"])
        if view.gone or (view.state.ended and view.state.end_reason != "complete"):
            return STOPPED_EXIT
        return EXITS.get(view.state.word, 0) if view.state.ended else 0
