"""Inside a real tmux: colours, another size, detached and attached again; what tmux itself holds is what a person would see."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.engine.conftest import Home
from tests.terminal.terminals import WITHIN, until

TRUE_COLOUR, PALETTE = "38;2;", "38;5;"


class Tmux:
    """A tmux server of the test's own with `vigil` in its one window of 100x30."""

    def __init__(self, home: Home, socket: Path, *options: str) -> None:
        self.base = ["tmux", "-S", str(socket), "-f", os.devnull]
        self.env = {key: value for key, value in home.env.items() if key not in ("TMUX", "NO_COLOR", "COLORTERM", "LC_ALL")} | {
            "LANG": "C.UTF-8",
            "COLUMNS": "80",
            "LINES": "24",  # exported by some shell once: no window follows them
        }
        for option in options:
            self.run("start-server", ";", *shlex.split(option))
        self.run("new-session", "-d", "-x", "100", "-y", "30", f"{shlex.join(home.command())}; echo left with $?; exec cat")

    def run(self, *words: str) -> str:
        return subprocess.run([*self.base, *words], check=True, capture_output=True, text=True, env=self.env).stdout

    def screen(self, *how: str) -> str:
        """The pane as tmux holds it; with `-e` and its colours."""
        return self.run("capture-pane", "-p", *how)

    def sees(self, *wanted: str) -> str:
        """The pane once all of these are in it."""

        def shown() -> str:
            text = self.screen()
            return text if all(one in text for one in wanted) else ""

        return str(until(shown, " and ".join(wanted)))


@pytest.fixture
def tmux(home: Home, tmp_path: Path) -> Iterator[Tmux]:
    if shutil.which("tmux") is None:
        pytest.skip("no tmux here")
    made = Tmux(home, tmp_path / "tmux")
    yield made
    subprocess.run([*made.base, "kill-server"], check=False, capture_output=True)


def test_in_tmux_it_has_colours_fits_every_size_and_outlives_a_detach(tmux: Tmux) -> None:
    tmux.sees("starts at once", "? help")
    painted = tmux.screen("-e")
    assert TRUE_COLOUR in painted or PALETTE in painted, "in colours, whatever tmux passes on"

    tmux.run("send-keys", "Enter")
    tmux.sees("run on REHEARSAL")
    tmux.run("resize-window", "-x", "80", "-y", "24")
    shown = tmux.sees("run on REHEARSAL", "? help")
    assert max(map(len, shown.splitlines())) <= 80 and len(shown.splitlines()) == 24
    tmux.run("resize-window", "-x", "140", "-y", "40")
    until(lambda: "? help" in tmux.screen().splitlines()[-1] and len(tmux.screen().splitlines()) == 40, "the foot at the new foot")

    viewer = pexpect.spawn(
        tmux.base[0], [*tmux.base[1:], "attach-session"], env={**tmux.env, "TERM": "xterm-256color"}, dimensions=(40, 140), timeout=WITHIN
    )
    viewer.expect("run on REHEARSAL")
    viewer.send("\x02d")  # the prefix of tmux, and its key to detach
    viewer.expect(pexpect.EOF)
    viewer.wait()
    tmux.sees("run on REHEARSAL")
    tmux.run("send-keys", "?")
    tmux.sees("Choose what is asked")

    tmux.run("send-keys", "q")
    tmux.sees("left with 0")
    assert tmux.run("display-message", "-p", "#{alternate_on}").strip() == "0", "the normal screen is back"
