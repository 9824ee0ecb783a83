"""About: which Vigil this is, which self-test it stands on, which checks it has, and where it keeps what."""

from __future__ import annotations

from textual.app import ComposeResult

from tui_app.screens.actions import bindings_for
from tui_app.screens.base import SessionScreen, titled
from tui_app.screens.safe import clean
from widgets.banner import Banner
from widgets.lines import BLANK, Line, LineView, fit, wrap


class AboutScreen(SessionScreen):
    """Names and values, a paragraph each."""

    NAME = "about"
    SMALLEST = (0, 0)
    BINDINGS = bindings_for("about")

    def body(self) -> ComposeResult:
        yield titled(LineView(id="about", classes="pane"), "About Vigil")

    def banner(self) -> Banner:
        """Of Vigil itself, not of a session."""
        return Banner(target="VIGIL", verdict_text="", utc=f"{self.view.clock():%H:%M:%S} UTC",
                      note="Validates a live staging deployment, and shows its evidence.")  # fmt: skip

    def tick(self) -> None:
        link = self.vigil.link
        facts = link.about() if link is not None else []
        self.query_one("#about", LineView).draw(lambda width, _height: (about_lines(facts, width), None))

    def summary(self) -> str:
        """The same, ready for a chat."""
        link = self.vigil.link
        return "\n".join(f"{name}: {value}" for name, value in link.about()) if link is not None else ""


def about_lines(facts: list[tuple[str, str]], width: int) -> list[Line]:
    """A name at the left, its value wrapped at the right; a blank line where the name is empty."""
    lines: list[Line] = []
    for name, value in facts:
        if not name:
            lines.append(BLANK)
            continue
        for number, part in enumerate(wrap(clean(value), max(width - 16, 20)) or [""]):
            lines.append(((fit(name if number == 0 else "", 16), "dim"), (part, "plain")))
    return lines
