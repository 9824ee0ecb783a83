"""What the application can say of itself: its checks, its self-test, where it keeps what. Imported parts are loaded when asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tui_app.verdict.self_test import SelfTest


class BuildFacts:
    """The part of a `Link` that needs no engine and no target."""

    def left_out(self) -> tuple[str, ...]:
        """Checks from outside that could not join the catalogue."""
        from tui_app.checks.catalogue import left_out

        return left_out()

    def selftest(self) -> SelfTest | None:
        """The self-test's result: the release's, and what this user has tried since."""
        from tui_app.checks.proof import newest

        return newest()

    def standing(self) -> str:
        """The self-test in words: the release's, and where this user has run it, that one's."""
        from tui_app.checks.proof import local
        from tui_app.standing import sentence

        mine = local()
        if mine is None:
            return sentence()
        return f"self-test of your own: {mine.summary.text}" if mine.whole else f"{sentence()}; your own, in part: {mine.summary.text}"

    def faults(self) -> list[Mapping[str, Any]]:
        """The faults of the rehearsal, as `vigil faults --json` prints them."""
        from tui_app.rehearsal import list_faults

        return list(list_faults())

    def about(self) -> list[tuple[str, str]]:
        """Names and values for the About screen; an empty name is a gap."""
        from tui_app import __version__
        from tui_app.checks.catalogue import OWN, catalogue, origin
        from tui_app.checks.outside import folder
        from tui_app.checks.proof import seen_failing
        from tui_app.recording.errors import RecordingError
        from tui_app.recording.sessions import runtime_dir, sessions_dir, state_dir

        def place(find: Any) -> str:
            try:
                return str(find())
            except RecordingError as error:
                return str(error)

        checks = catalogue()
        outside = [check for check in checks if origin(check) != OWN]
        seen = seen_failing().by_check
        shown = sum(not seen.get(check.id, frozenset()).isdisjoint(check.catches) for check in checks)
        return [
            ("version", f"vigil {__version__}"),
            ("", ""),
            ("self-test", self.standing().removeprefix("self-test: ")),
            ("checks", f"{len(checks)}, {shown} of them seen to fail on a planted fault; F shows which"),
            ("from outside", ", ".join(f"{check.id} ({origin(check)})" for check in outside) or "none"),
            *(("", "") if not line else ("left out", line.removeprefix("left out: ")) for line in self.left_out()),
            ("", ""),
            ("state", place(state_dir)),
            ("recordings", place(sessions_dir)),
            ("control sockets", place(runtime_dir)),
            ("your checks", f"{folder()} (*.py, yours alone to write), or packages with entry points vigil.checks"),
        ]
