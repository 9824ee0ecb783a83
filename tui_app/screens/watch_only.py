"""A link that only watches: it opens any session, and starts, commands and writes nothing, whatever the screens ask of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from tui_app.screens.session_link import Choice, LinkError, Opened, SessionLine, SessionLink, TargetInfo

if TYPE_CHECKING:
    from tui_app.doctor.examine import Examined
    from tui_app.target.profile import Profile

REFUSED: Final = "this viewer is read-only: it starts, commands and records nothing"


class WatchOnly(SessionLink):
    """The real link without its hands."""

    takes = False

    def describe(self, key: str) -> TargetInfo:
        """Only what is built in: a viewer names no files of this machine."""
        from tui_app.target.builtin import BUILTIN

        if key not in BUILTIN:
            raise LinkError(REFUSED)
        return super().describe(key)

    async def check(self, info: TargetInfo) -> TargetInfo:
        """Nothing is sent."""
        return info

    async def examine(self, target: str) -> Examined:
        """Of this machine alone: a viewer sends nothing."""
        return await super().examine("")

    def profile(self, key: str) -> Profile:
        raise LinkError(REFUSED)

    async def start(self, choice: Choice) -> Opened:
        raise LinkError(REFUSED)

    def retain(self) -> str:
        """Nothing goes on account of a viewer."""
        return ""

    def pin(self, line: SessionLine, *, kept: bool) -> None:
        raise LinkError(REFUSED)

    async def attach(self, line: SessionLine) -> Opened:
        """Watch a session; its recording takes no remarks from here."""
        opened = await super().attach(line)
        return replace(opened, commanding=False, sealed=True)

    async def command(self, name: str, **facts: Any) -> Mapping[str, Any]:
        raise LinkError(REFUSED)

    async def sign_in(self, label: str, *, prompt: bool) -> str:
        raise LinkError(REFUSED)
