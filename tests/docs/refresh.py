"""The parts of the README that are made from the code: `python -m tests.docs.refresh` writes them anew, and a test holds them.

A part stands between `<!-- generated: NAME -->` and `<!-- end: NAME -->`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tui_app.checks.catalogue import PHASES, SUITES, catalogue
from tui_app.cli import parser
from tui_app.rehearsal import list_faults
from tui_app.screens.actions import key_table

ROOT: Final = Path(__file__).parents[2]
README: Final = ROOT / "README.md"
EXAMPLE: Final = ROOT / "tests" / "checks" / "test_worked_example.py"
PART: Final = re.compile(r"(<!-- generated: (?P<name>\w+) -->\n).*?(<!-- end: (?P=name) -->)", re.DOTALL)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def checks() -> str:
    """The catalogue, phase by phase."""
    rows: list[tuple[str, ...]] = []
    phase = ""
    for check in catalogue():
        if check.phase != phase:
            phase = check.phase
            rows.append((f"**{phase} {PHASES[phase]}**", "", "", ""))
        proof = ", ".join(f"`{fault}`" for fault in check.catches) or "unproven"
        rows.append((f"`{check.id}`<br>{check.suite} {SUITES[check.suite]}", check.proves, ", ".join(sorted(check.effects)), proof))
    return table(("Check", "Proves", "Effects", "Seen to fail on"), rows)


def faults() -> str:
    """The seeded faults and who catches them."""
    rows = [(f"`{one['id']}`", one["behaviour"], ", ".join(f"`{name}`" for name in one["caught_by"])) for one in list_faults()]
    return table(("Fault", "What it does", "Caught by"), rows)


def exit_codes() -> str:
    """The exit codes, as `vigil --help` tells them."""
    said = (parser().epilog or "").removeprefix("Exit codes: ").rstrip(".")
    codes = sorted((int(number), text) for number, text in re.findall(r"(\d+) (.*?)(?:, (?=\d)|$)", said))
    return table(("Exit code", "Means"), [(f"`{number}`", text) for number, text in codes])


def example() -> str:
    """The worked example, word for word as the tests run it."""
    source = EXAMPLE.read_text("utf-8").split("# [worked example]\n")[1].split("# [end]")[0]
    return f"```python\n{re.sub(r'  # (isort: skip|fmt: skip)', '', source).strip()}\n```"


PARTS: Final[dict[str, Callable[[], str]]] = {
    "keys": key_table,
    "checks": checks,
    "faults": faults,
    "exits": exit_codes,
    "example": example,
}


def refreshed(text: str) -> str:
    """A README with every generated part made anew. KeyError for a part that nobody makes."""
    return PART.sub(lambda match: f"{match[1]}{PARTS[match['name']]()}\n{match[3]}", text)


if __name__ == "__main__":
    README.write_text(refreshed(README.read_text("utf-8")), "utf-8")
