"""Doctor: whether machine and terminal are fit for a session, with the fix beside each finding; `vigil doctor` prints the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult

from tui_app.screens.actions import bindings_for
from tui_app.screens.base import SessionScreen, titled
from tui_app.screens.safe import clean
from tui_app.screens.session_link import LinkError
from widgets.banner import Banner
from widgets.lines import Line, LineView

if TYPE_CHECKING:
    from tui_app.doctor.examine import Examined


class DoctorScreen(SessionScreen):
    """Findings and settings, one below the other."""

    NAME = "doctor"
    BINDINGS = bindings_for("doctor")

    found: Examined | None = None
    waiting = "looking ..."

    def body(self) -> ComposeResult:
        yield titled(LineView(id="doctor", classes="pane"), "Is this machine fit?")

    def banner(self) -> Banner:
        """Of Vigil itself, not of a session."""
        return Banner(target="VIGIL", verdict_text="", utc=f"{self.view.clock():%H:%M:%S} UTC",
                      note=self.found.sentence if self.found is not None else self.waiting)  # fmt: skip

    def on_mount(self) -> None:
        super().on_mount()
        self._look("")

    def applies(self, action_id: str) -> bool:
        """The services of a target can be asked once one is chosen."""
        return self.vigil.target is not None if action_id == "ask-services" else super().applies(action_id)

    def tick(self) -> None:
        self.query_one("#doctor", LineView).draw(lambda width, _height: (self._lines(width), None))

    def _lines(self, width: int) -> list[Line]:
        if self.found is None:
            return [((self.waiting, "dim"),)]
        from tui_app.doctor.told import lines

        return lines(self.found, width)

    def action_ask_services(self) -> None:
        """One GET to each service of the chosen target."""
        target = self.vigil.target
        if target is None:
            self.vigil.say("no target is chosen: its services can be asked once one is, on the first screen")
            return
        self.waiting, self.found = f"asking the services of {target.name}, one GET each ...", None
        self.vigil.say(f"asking the services of {clean(target.name)}")
        self.pulse()
        self._look(target.key)

    def _look(self, target: str) -> None:
        self.run_worker(self._examine(target), group="doctor", exclusive=True, exit_on_error=False)

    async def _examine(self, target: str) -> None:
        if self.vigil.link is None:
            return
        try:
            self.found = await self.vigil.link.examine(target)
        except LinkError as error:
            self.vigil.say(str(error), bad=True)
        self.pulse()

    def summary(self) -> str:
        """The same, ready for a chat."""
        if self.found is None:
            return ""
        from tui_app.doctor.told import text

        return text(self.found, 100)

    def action_up(self) -> None:
        self.query_one("#doctor", LineView).scroll_relative(y=-1, animate=False, force=True)

    def action_down(self) -> None:
        self.query_one("#doctor", LineView).scroll_relative(y=1, animate=False, force=True)

    def action_left(self) -> None:
        self.action_page_up()

    def action_right(self) -> None:
        self.action_page_down()

    def action_page_up(self) -> None:
        self.query_one("#doctor", LineView).scroll_page_up(animate=False, force=True)

    def action_page_down(self) -> None:
        self.query_one("#doctor", LineView).scroll_page_down(animate=False, force=True)

    def action_first(self) -> None:
        self.query_one("#doctor", LineView).scroll_home(animate=False, force=True)

    def action_last(self) -> None:
        self.query_one("#doctor", LineView).scroll_end(animate=False, force=True)
