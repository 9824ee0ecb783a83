"""Runbook: what failed, the strategy's steps for it, and the operator's own commands; what only reads can be run from here."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.worker import Worker

from tui_app.engine.client import whoami
from tui_app.recording.errors import RecordingError
from tui_app.runbook.carry import carry_out
from tui_app.runbook.failure import Shown, failure_of
from tui_app.runbook.protocol import Ticked, checklist, next_state, tick
from tui_app.runbook.steps import ReadStep, ShownStep, Step, shell, steps
from tui_app.runbook.told import changes, lines
from tui_app.screens.actions import bindings_for
from tui_app.screens.base import SessionScreen, titled
from tui_app.screens.moving import Moving
from tui_app.screens.safe import clean
from tui_app.screens.view import View
from tui_app.target.profile import Profile
from widgets.glyphs import glyphs
from widgets.lines import BLANK, Line, LineView, clip, fit, wrap

KEPT = 500
"""Lines of a command's output that stay to be read."""
NOTHING = "The session has no verdict yet: the runbook follows from what failed. It is here once the session has ended."


@dataclass(frozen=True, slots=True)
class Row:
    """A row that the cursor can be on."""

    kind: str
    check: str = ""
    command: ReadStep | ShownStep | None = None
    ticked: Ticked | None = None


def composes(command: ReadStep | ShownStep) -> bool:
    """Whether it is our own command for the incident bundle, which this screen carries out."""
    return isinstance(command, ShownStep) and command.arguments[:3] == ("vigil", "bundle", "--incident")


class RunbookScreen(Moving, SessionScreen):
    """Reasons, steps with their commands, the manual protocol; below them what a command prints."""

    NAME = "runbook"
    BINDINGS = bindings_for("runbook")
    DEFAULT_CSS = """
    RunbookScreen #runbook { height: 1fr; }
    RunbookScreen #output { height: 9; display: none; }
    RunbookScreen.-output #output { display: block; }
    """

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.shown: Shown | None = None
        self.steps: list[Step] = []
        self.ticked: list[Ticked] = []
        self.picked = 0
        self.printed: list[str] = []
        self.running: Worker[None] | None = None
        self._for: tuple[str, str] = ("", "")

    def body(self) -> ComposeResult:
        yield titled(LineView(id="runbook", classes="pane"), "Runbook")
        yield titled(LineView(id="output", classes="pane"), "Output")

    def tick(self) -> None:
        reader = self.reader
        key = (self.state.session, self.view.docker)
        if reader is not None and self.state.ended and self._for != key and (result := reader.result()) is not None:
            self._for = key
            self.shown = failure_of(result, docker="" if self.view.docker == "unknown" else self.view.docker)
            profile = Profile.model_validate(json.loads(reader.header["plan"])["profile"])
            self.steps = steps(self.shown.failure, profile, self.state.session)
            self.ticked = checklist(reader.annotations())
        self._draw()

    @property
    def check_at(self) -> str:
        """The check under the cursor."""
        return self.rows[self.picked].check if self.rows else ""

    @property
    def rows(self) -> list[Row]:
        """Every row that the cursor can be on, in order."""
        if self.shown is None:
            return []
        found = [Row("reason", check=reason.check) for reason in self.shown.reasons]
        for step in self.steps:
            found += [Row("command", command=command) for command in step.commands]
            if step.kind == "manual":
                found += [Row("protocol", ticked=one) for one in self.ticked]
        return found

    def _draw(self) -> None:
        self.query_one("#runbook", LineView).draw(self._lines)
        self.set_class(bool(self.printed) or self.running is not None, "-output")
        self.query_one("#output", LineView).draw(
            lambda width, height: ([clip(((text, "plain"),), width) for text in self.printed[-height:]], None)
        )

    def _lines(self, width: int, _height: int) -> tuple[list[Line], int | None]:
        shown, glyph = self.shown, glyphs()
        if shown is None:
            return [((text, "dim"),) for text in wrap(NOTHING, width)], None
        told: list[Line] = [((shown.failure.title, "strong"),)]
        told += [((text, "plain"),) for text in wrap(shown.failure.means, width)]
        at: list[int] = []

        def selectable(line: Line) -> None:
            at.append(len(told))
            told.append(clip(line, width))

        for reason in shown.reasons:
            selectable(((f"{glyph.word(reason.word)} ", "bad"), (fit(reason.check, 22), "plain"), (clean(reason.text), "dim")))
        if shown.beside:
            told.append(clip(((f"beside it: {'; '.join(one.title.lower() for one in shown.beside)}", "dim"),), width))
        for number, step in enumerate(self.steps, 1):
            told += [BLANK, ((f"{number}. {step.title}", "head"),)]
            told += [((f"   {text}", "dim"),) for text in wrap(step.says, width - 3)]
            for command in step.commands:
                reads = isinstance(command, ReadStep)
                what = (
                    ("Enter runs it", "good")
                    if reads
                    else ("Enter writes", "key")
                    if composes(command)
                    else ("Enter copies", "warn" if changes(command.arguments) else "key")
                )
                selectable(((f"   {fit(what[0], 14)}", what[1]), (clean(shell(command.arguments)), "plain")))
            if not step.commands and step.kind in ("check-status", "logs", "recover", "redeploy"):
                told.append(clip(((f'   no command of yours: [[runbook.step]] kind = "{step.kind}" in the target file', "dim"),), width))
            if step.kind == "manual":
                for one in self.ticked:
                    mark, tone = {"": ("[ ]", "dim"), "well": ("[x]", "good"), "not well": ("[!]", "bad")}[one.state]
                    who = f"  {clean(one.who)} {one.at[11:16]}" if one.state else ""
                    selectable(((f"   {mark} ", tone), (one.text, "plain"), (who, "dim")))
        if not self.steps:
            told += [BLANK, (("There is nothing to do.", "dim"),)]
        self.picked = max(0, min(self.picked, len(at) - 1))
        return told, at[self.picked] if at else None

    def _move(self, by: int) -> None:
        self.picked = max(0, min(self.picked + by, len(self.rows) - 1))
        self._draw()

    def action_open(self) -> None:
        """A reason opens its evidence, a read runs, the incident bundle is written, any other command copied, a line ticked."""
        rows = self.rows
        if not rows:
            self.vigil.say("there is nothing to open yet")
            return
        row = rows[self.picked]
        if row.kind == "reason":
            self.vigil.open_why(row.check)
        elif row.ticked is not None:
            self._tick(row.ticked)
        elif isinstance(row.command, ReadStep):
            self._run(row.command)
        elif row.command is not None and composes(row.command):
            self.run_worker(self.vigil.action_incident(), group="incident", exclusive=True, exit_on_error=False)
        elif row.command is not None:
            self.vigil.say("copying: Vigil shows this command, and never runs it")
            self.run_worker(self.vigil._copy(shell(row.command.arguments), None), group="copy", exclusive=True, exit_on_error=False)

    def _run(self, step: ReadStep) -> None:
        if self.reader is None or self.reader.sealed:
            self.vigil.say("this viewer is read-only: it runs nothing")
            return
        if self.running is not None and not self.running.is_finished:
            self.running.cancel()
            self.vigil.say("stopped the command that ran")
            return
        self.printed = [f"$ {clean(shell(step.arguments))}"]
        self.vigil.say("running; Enter again stops it")
        self.running = self.run_worker(self._carry(step), group="runbook", exclusive=True, exit_on_error=False)
        self._draw()

    async def _carry(self, step: ReadStep) -> None:
        def tell(text: str) -> None:
            self.printed = [*self.printed[-KEPT:], clean(text)]
            self._draw()

        try:
            ended = await carry_out(step, tell)
            tell(ended.text)
        except asyncio.CancelledError:
            tell("stopped")
            raise

    def _tick(self, one: Ticked) -> None:
        if self.reader is None:
            return
        try:
            done = tick(self.reader, one.number, next_state(one.state), whoami())
        except RecordingError as error:
            self.vigil.say(f"not kept: {error}", bad=True)
            return
        self.ticked[one.number] = done
        self.vigil.say(f"{done.state or 'open again'}: kept with the session")
        self._draw()

    def summary(self) -> str:
        """The runbook as plain text."""
        return "\n".join(lines(self.shown, self.steps, self.ticked)) if self.shown is not None else NOTHING
