"""Shows one screen on a hand-made session, to look at: `python tests/screens/gallery.py live running`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

import states  # noqa: E402
from links import HandMadeLink  # noqa: E402

from tui_app.app import TABS, VigilApp  # noqa: E402
from widgets.glyphs import terminal_wants_ascii, use_ascii  # noqa: E402


class Gallery(VigilApp):
    """The application, opened on one screen."""

    first = "live"

    def on_mount(self) -> None:
        super().on_mount()
        assert self.link is not None
        if self.first == "plan":
            self.choose_target(self.link.describe("staging-ours"))
        self.call_after_refresh(self.go, self.first)


def main() -> None:
    """Show the screen that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("screen", choices=("start", *TABS))
    parser.add_argument("state", choices=("planned", "running", "failed", "passed"), default="running", nargs="?")
    parser.add_argument("--users", type=int, default=5)
    parser.add_argument("--role", default="driving")
    asked = parser.parse_args()
    use_ascii(terminal_wants_ascii())
    make = getattr(states, asked.state)
    state = make(asked.users) if asked.state in ("planned", "running") else make()
    if asked.screen == "start":
        state = states.SessionState()
    app = Gallery(states.view_of(state, asked.role), link=HandMadeLink(), beat=False)
    app.first = asked.screen
    app.run(mouse=False)


if __name__ == "__main__":
    main()
