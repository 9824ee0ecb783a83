"""Sessions of real engines on both kinds of target, recorded once for all tests of comparisons."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import ROOT, Home, Ran

PLAN = "ws-connect,golden-path,isolation-frames"
"""Few checks, and yet agent runs of several users: a session takes seconds."""


@dataclass
class Beside:
    """Two `vigil run --against`, in the second of which the targets have changed places, and a session that decides nothing."""

    home: Home
    ran: Ran
    document: dict[str, Any]
    recordings: dict[tuple[str, str], Path]
    """By what the target file calls its target, and the session's word."""


def target(folder: Path, name: str, environment: str, urls: dict[str, str]) -> str:
    """Write a target file."""
    places = [f'{service} = "{url}"' for service, url in urls.items()]
    path = folder / f"{name}.toml"
    path.write_text("\n".join(["[target]", f'name = "{name}"', f'environment = "{environment}"', *places]) + "\n")
    return str(path)


FAULTS = "misroute-event,drop-agent-thinking"


@contextmanager
def posing(environment: str, *options: str) -> Iterator[dict[str, str]]:
    """Addresses of a rehearsal that says it is another environment, for as long as they are needed."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("posing.py")), environment, "--stop-with-stdin", "--delay-scale", "0.1", *options],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.communicate(timeout=10)


@pytest.fixture(scope="session")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    """Run them."""
    folder = tmp_path_factory.mktemp("beside")
    home = Home(folder)
    with ExitStack() as stack:
        well = {name: stack.enter_context(posing(name)) for name in ("docker", "staging")}
        ill = {name: stack.enter_context(posing(name, "--fault", FAULTS)) for name in ("docker", "staging")}
        local, far = target(folder, "local", "docker", well["docker"]), target(folder, "far", "staging", ill["staging"])
        ran = home.vigil("run", "--target", local, "--against", far, "--checks", PLAN, "--users", "3")
        document = json.loads((folder / "out.json").read_text())
        local, far = target(folder, "local", "docker", ill["docker"]), target(folder, "far", "staging", well["staging"])
        home.vigil("run", "--target", local, "--against", far, "--checks", "golden-path", "--users", "2")
        # It is not what its file says: nothing but reads is done, and so nothing is decided.
        home.vigil("run", "--target", target(folder, "not-itself", "staging", well["docker"]), "--checks", "golden-path")
    kinds = {"local": "docker"}
    known = {(kinds.get(str(one["target"]), "staging"), str(one["word"])): Path(str(one["path"])) for one in home.sessions()}
    yield Beside(home, ran, document, known)
