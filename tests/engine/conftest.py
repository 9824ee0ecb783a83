"""Real processes: a rehearsal staging of its own, and `vigil` as a user runs it, with state folders of the test's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@dataclass
class Ran:
    """A finished `vigil`."""

    code: int
    out: str
    err: str
    result: dict[str, Any] | None

    def word(self, check: str) -> str:
        assert self.result is not None, self.err
        return next(one["verdict"] for one in self.result["checks"] if one["id"] == check)

    def findings(self, check: str) -> list[dict[str, Any]]:
        assert self.result is not None, self.err
        return list(next(one["findings"] for one in self.result["checks"] if one["id"] == check))

    def reason(self, check: str) -> str:
        assert self.result is not None, self.err
        return str(next(one["reason"] for one in self.result["checks"] if one["id"] == check))


class Home:
    """State and runtime folders of one test, and the `vigil` that lives there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "XDG_RUNTIME_DIR": str(folder / "run"), "PYTHONPATH": str(ROOT)}
        (folder / "run").mkdir(mode=0o700)

    def command(self, *args: str) -> list[str]:
        return [sys.executable, "-m", "tui_app", *args]

    def start(self, *args: str, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*args),
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def vigil(self, *args: str) -> Ran:
        target = self.folder / "out.json"
        target.unlink(missing_ok=True)
        extra = ["--json", str(target)] if args[0] in ("run", "rejudge") else []
        done = subprocess.run(
            self.command(*args, *extra), env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=110, check=False
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr, json.loads(target.read_text()) if target.exists() else None)

    def recording(self) -> Path:
        """The newest recording."""
        return max((self.folder / "state" / "vigil" / "sessions").glob("*.vigil"), key=lambda path: path.stat().st_mtime)

    def sessions(self) -> list[dict[str, Any]]:
        return list(json.loads(self.vigil("sessions", "--json").out))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def serve(*options: str) -> tuple[subprocess.Popen[str], dict[str, str]]:
    """A rehearsal process and its addresses."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tui_app", "rehearse", "--stop-with-stdin", *options],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


@pytest.fixture(scope="session")
def staging() -> Iterator[dict[str, str]]:
    """A healthy rehearsal that outlives sessions, with short service times."""
    process, urls = serve("--delay-scale", "0.2")
    yield urls
    process.communicate(timeout=10)


@pytest.fixture
def target(tmp_path: Path) -> Callable[..., str]:
    """Writes a target file and gives its path."""

    def write(urls: dict[str, str], *, environment: str = "rehearsal", more: Sequence[str] = ()) -> str:
        lines = [
            "[target]",
            'name = "under-test"',
            f'environment = "{environment}"',
            *(f'{name} = "{url}"' for name, url in urls.items()),
            *more,
        ]
        path = tmp_path / "target.toml"
        path.write_text("\n".join(lines) + "\n")
        return str(path)

    return write


@pytest.fixture(scope="session")
def serve_process() -> Callable[..., tuple[subprocess.Popen[str], dict[str, str]]]:
    """`serve`, for modules that start rehearsals of their own; whoever starts one ends it."""
    return serve
