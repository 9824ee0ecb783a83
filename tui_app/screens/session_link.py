"""The application's only contact with the engine: start, attach, command, and know whether it lives. Targets are TargetLink's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tui_app.screens.build_facts import BuildFacts
from tui_app.screens.link import Choice, Link, LinkError, Opened, SessionLine, TargetInfo, line_of
from tui_app.screens.target_link import TargetLink

if TYPE_CHECKING:
    from tui_app.engine.client import Control

__all__ = ["Choice", "Link", "LinkError", "Opened", "SessionLine", "SessionLink", "TargetInfo", "line_of"]


class SessionLink(TargetLink, BuildFacts):
    """The real link. Imports the engine's side when it is first asked, so that the first screen comes at once."""

    takes: ClassVar[bool] = True
    """Whether it takes control of a running session that nobody drives."""

    def __init__(self) -> None:
        super().__init__()
        self._control: Control | None = None
        self._session = ""
        self._recording: Path | None = None
        self.ask: Callable[[str], str] | None = None
        """Asks for a secret without echo, where a target's file names none."""

    def sessions(self) -> list[SessionLine]:
        """Every session of this user, newest first."""
        from tui_app.recording.sessions import list_sessions

        return [line_of(entry) for entry in list_sessions()]

    async def start(self, choice: Choice) -> Opened:
        """Launch an engine for the choice and take control of it."""
        from tui_app.engine.launch import LaunchError, launch
        from tui_app.engine.plan import PlanError
        from tui_app.order import secrets_for
        from tui_app.target.credentials import CredentialsError

        plan = self._plan(choice)
        try:
            secrets = await secrets_for(self._profile(choice.target), plan, self.ask, alone=True)
            launched = await launch(plan, secrets)
        except (LaunchError, PlanError, CredentialsError, OSError, ValueError) as error:
            raise LinkError(str(error)) from error
        status = await self._connect(launched.session, launched.control)
        return _opened(launched.session, launched.recording, status)

    def retain(self) -> str:
        """Hold to the limits on old sessions; what went, in words."""
        from tui_app.recording.retention import keep_within

        return keep_within()

    def pin(self, line: SessionLine, *, kept: bool) -> None:
        """Keep a session whatever the limits are, or let it go again."""
        from tui_app.engine.client import whoami
        from tui_app.recording.errors import RecordingError
        from tui_app.recording.retention import pin

        try:
            if line.entry is not None:
                pin(line.entry, whoami(), kept=kept)
        except RecordingError as error:
            raise LinkError(str(error)) from error

    async def attach(self, line: SessionLine) -> Opened:
        """Look at a session; a living one is commanded too, unless another is in control."""
        entry = line.entry
        await self.close()
        self._session, self._recording = line.session, line.path
        status: Mapping[str, Any] = {}
        if entry is not None and entry.alive and entry.control is not None:
            status = await self._connect(line.session, entry.control)
        return _opened(line.session, line.path, status)

    async def _connect(self, session: str, path: Path) -> Mapping[str, Any]:
        """Open the control channel, and take control where nobody has it; what the engine says, nothing where it does not answer."""
        from tui_app.engine.client import Control, ControlError

        await self.close()
        self._session = session
        try:
            self._control = await Control.connect(path)
            return await (self._control.ask("take", free=True) if self.takes else self._control.ask("status"))
        except ControlError:
            # The session can still be watched through its recording; commands then say what is missing.
            self._control = None
            return {}

    async def command(self, name: str, **facts: Any) -> Mapping[str, Any]:
        """Ask the engine: status, hold, resume, stop, take. Gives its answer."""
        from tui_app.engine.client import ControlError

        if self._control is None:
            raise LinkError("no engine takes commands from here")
        try:
            return await self._control.ask(name, **facts)
        except ControlError as error:
            raise LinkError(str(error)) from error

    async def sign_in(self, label: str, *, prompt: bool) -> str:
        """Give the engine new credentials of a user from a hidden prompt, or have it try again; '' or why it did not work."""
        from tui_app.attend import asked, hand_over
        from tui_app.engine.client import ControlError

        if self._control is None:
            raise LinkError("no engine takes commands from here")
        given = asked(label, self._mode(), self.ask) if prompt and self.ask is not None and label != "gateway" else {}
        try:
            return await hand_over(self._control, label, given)
        except ControlError as error:
            raise LinkError(str(error)) from error

    def _mode(self) -> str:
        """How the session in view signs its users in."""
        from tui_app.order import plan_of

        return plan_of(self._session).mode

    def alive(self) -> bool:
        """Whether the engine of the session in view runs."""
        from tui_app.recording.sessions import alive

        return bool(self._session) and alive(self._session, self._recording)

    async def close(self) -> None:
        """Let go of the control channel; the session goes on."""
        if self._control is not None:
            self._control.close()
            self._control = None


def _opened(session: str, recording: Path, status: Mapping[str, Any]) -> Opened:
    """A session in view, with what its engine says of who is in control."""
    viewer, since = int(status.get("viewer", 0)), int(status.get("rows", 0))
    return Opened(session, recording, bool(status.get("controller")), viewer=viewer, since=since)
