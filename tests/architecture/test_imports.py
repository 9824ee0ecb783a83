"""Dependencies point one way, and nothing that measures loads the terminal toolkit."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import tui_app

ROOT = Path(__file__).parents[2]
HEADLESS = (
    "model", "sanitize", "target", "wire", "monitors", "verdict", "recording", "checks", "engine", "rehearsal",
    "headless", "commands", "order", "cli",
)  # fmt: skip
# `rich` itself is not among them: httpx loads it for its own command line. That no module of ours imports it, a contract holds.
TOOLKIT = ("textual", "plotext", "widgets")


def test_the_import_contracts_hold() -> None:
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True, no_logo=True))",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def modules(part: str) -> list[str]:
    """A module or package of the application, and all in it but for entry points, which run when they are imported."""
    name = f"{tui_app.__name__}.{part}"
    folder = Path(tui_app.__path__[0]) / part
    found = [name] + [module.name for module in pkgutil.walk_packages([str(folder)], f"{name}.")]
    return [module for module in found if not module.endswith("__main__")]


@pytest.mark.parametrize("part", HEADLESS)
def test_a_headless_part_does_not_load_the_terminal_toolkit(part: str) -> None:
    assert (ROOT / "tui_app" / part).exists() or (ROOT / "tui_app" / f"{part}.py").exists(), "a headless part was moved: name it anew here"
    script = (
        f"import importlib, sys\n"
        f"for name in {modules(part)!r}: importlib.import_module(name)\n"
        f"loaded = sorted(name for name in sys.modules if name.partition('.')[0] in {TOOLKIT!r})\n"
        f"raise SystemExit(f'it loads {{loaded[:5]}}' if loaded else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_command_line_is_light_before_it_knows_what_is_asked() -> None:
    """`vigil --help` loads nothing heavy: neither the toolkit nor a server nor the checks."""
    script = "import sys, tui_app.cli; tui_app.cli.parser(); print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {*TOOLKIT, "rich", "starlette", "uvicorn", "httpx", "websockets", "pydantic"}
