"""What the start may not load: every `vigil --help`, and every first screen, would wait for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.engine.conftest import ROOT

HELP = "from tui_app.cli import parser; parser()"
FIRST_SCREEN = "import tui_app.app, tui_app.screens.start"


@pytest.mark.parametrize(
    ("start", "heavy"),
    [
        (HELP, {"asyncio", "ssl", "sqlite3", "msgspec", "pydantic", "textual", "httpx"}),
        (FIRST_SCREEN, {"tui_app.checks.catalogue", "tui_app.engine.plan", "pydantic", "httpx", "jwt", "websockets", "plotext"}),
    ],
    ids=["help", "first screen"],
)
def test_the_start_leaves_the_heavy_parts_for_those_who_need_them(start: str, heavy: set[str]) -> None:
    asked = f"import sys; {start}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not heavy & set(done.stdout.split())
