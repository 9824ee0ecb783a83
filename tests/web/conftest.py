"""A home with one recorded session, and a server of it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import Home


class Served:
    """`vigil web` in a process of its own; `url` is what it printed, with the token where there is one."""

    def __init__(self, home: Home, *options: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            home.command("web", "--port", "0", *options), env={**home.env, **environment}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http://"), self.process.stderr and self.process.stderr.read()

    @property
    def base(self) -> str:
        """Without the token."""
        return self.url.partition("?")[0]

    @property
    def place(self) -> str:
        """Host and port."""
        return self.base.split("/")[2]

    def children(self) -> list[int]:
        """The applications that it runs now, by process id."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == self.process.pid and fields[0] != "Z":
                found.append(int(stat.parent.name))
        return found

    def until_alone(self) -> None:
        """Wait until the last application has gone."""
        deadline = time.monotonic() + 30
        while self.children():
            assert time.monotonic() < deadline, "an application outlived its browser"
            time.sleep(0.05)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """With one session in it that passed."""
    found = Home(tmp_path_factory.mktemp("web"))
    done = found.vigil("run", "--target", "rehearsal", "--checks", "ws-connect", "--users", "2")
    assert done.code == 0, done.err
    return found


@pytest.fixture
def serve(home: Home) -> Iterator[Callable[..., Served]]:
    made: list[Served] = []

    def start(*options: str, **environment: str) -> Served:
        made.append(Served(home, *options, **environment))
        return made[-1]

    yield start
    for one in made:
        one.end()


def chromium() -> str:
    """A Chromium of this machine, '' where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        for folder in os.environ.get("PATH", "").split(os.pathsep):
            if (Path(folder) / name).is_file():
                return str(Path(folder) / name)
    return ""
