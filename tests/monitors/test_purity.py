"""Judges cannot know the time, the world or chance: they import nothing that could tell them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import tui_app.monitors
import tui_app.verdict

FORBIDDEN = {
    "time",
    "datetime",
    "random",
    "secrets",
    "os",
    "io",
    "pathlib",
    "socket",
    "asyncio",
    "threading",
    "subprocess",
    "uuid",
    "sqlite3",
}
FILES = [path for package in (tui_app.monitors, tui_app.verdict) for path in sorted(Path(package.__path__[0]).glob("*.py"))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_imports_nothing_impure(path: Path) -> None:
    tree = ast.parse(path.read_text())
    imported = {alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {(node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    calls = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not imported & FORBIDDEN
    assert not calls & {"open", "print", "input", "hash", "id"}
