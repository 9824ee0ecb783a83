"""The parts of the README that are made from the code: `python -m tests.docs.refresh` writes them anew, and a test holds them.

A part stands between `<!-- generated: NAME -->` and `<!-- end: NAME -->`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.bench import measured
from tui_app.checks import rubric as rubric_module
from tui_app.checks.catalogue import own
from tui_app.checks.proof import release
from tui_app.checks.strategy import is_there, paths, vigil_command
from tui_app.checks.strategy_paths import USES
from tui_app.checks.suites import PHASES, SUITES
from tui_app.cli import parser
from tui_app.commands import MODULES
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
    """The catalogue, a line a suite; `vigil checks` tells more of each."""
    rows: list[tuple[str, ...]] = []
    phase = ""
    for suite, title in SUITES.items():
        inside = [check for check in own() if check.suite == suite]
        if inside[0].phase != phase:
            phase = inside[0].phase
            rows.append((f"**{phase} {PHASES[phase]}**", "", ""))
        faults = {fault for check in inside for fault in check.catches}
        rows.append((f"{suite} {title}", ", ".join(f"`{check.id}`" for check in inside), str(len(faults))))
    caught = {fault for check in own() for fault in check.catches}
    rows.append(("**all**", f"{len(own())} checks", f"{len(caught)} of {len(list_faults())}"))
    return table(("Suite", "Checks", "Seeded faults that they are seen to fail on"), rows)


def strategy() -> str:
    """What the strategy would have run, and what Vigil does in its place."""
    rows: list[tuple[str, ...]] = []
    for path in paths():
        uses = [use for use in USES if use.path == path]
        command = vigil_command(uses[0])
        later = "" if is_there(command, MODULES) else " (to come)"
        said = f"`{command}`{later}" if command else uses[0].reason
        rows.append((uses[0].section, f"`{path.rpartition('/')[2]}`", said))
    return table(("", "The strategy's", "Vigil's"), rows)


def exit_codes() -> str:
    """The exit codes, as `vigil --help` tells them."""
    said = (parser().epilog or "").removeprefix("Exit codes: ").rstrip(".")
    codes = sorted((int(number), text) for number, text in re.findall(r"(\d+) (.*?)(?:, (?=\d)|$)", said))
    return table(("Exit code", "Means"), [(f"`{number}`", text) for number, text in codes])


def example() -> str:
    """The worked example, word for word as the tests run it."""
    source = EXAMPLE.read_text("utf-8").split("# [worked example]\n")[1].split("# [end]")[0]
    return f"```python\n{re.sub(r'  # (isort: skip|fmt: skip)', '', source).strip()}\n```"


def rubric() -> str:
    """The rubric of answers, as its module states it."""
    lines = (rubric_module.__doc__ or "").split("part             points   for\n")[1].split("\n\n")[0].splitlines()
    rows = [tuple(re.split(r"\s{2,}", line.strip(), maxsplit=2)) for line in lines]
    return table(("Part", "Points", "For"), rows)


def selftest() -> str:
    """What the release's own self-test came to."""
    result = release()
    if result is None:
        return "None has come with this build yet: `vigil selftest --json tui_app/selftest/release.json` makes it."
    summary = result.summary
    generations = sorted({run.generation for run in result.healthy})
    rows = [
        ("seeded faults caught", f"{summary.caught} of {summary.faults}"),
        ("sessions with a probabilistic fault that caught it", f"{summary.probabilistic_caught} of {summary.probabilistic_sessions}"),
        ("checks seen to fail", f"{summary.checks_proven} of {summary.checks}"),
        (f"false alarms in {summary.healthy_sessions} healthy sessions ({', '.join(generations)})", str(summary.false_alarms)),
        (f"wrong passes in {summary.ablations} recordings with gaps", str(summary.wrong_passes)),
        ("sessions that rejudging reads otherwise", str(summary.rejudged_differently)),
        ("faults of long times that were proved in short ones (each says how)", str(summary.compressed)),
        ("took", f"{result.seconds / 60:.0f} min on two cores, {result.date}"),
    ]
    return table(("The self-test that ships with this build", ""), rows)


def costs() -> str:
    """What an event costs, beside others, as it was last measured and kept."""
    head = ("Users", "", "Does with an event", "CPU, ms per 1,000 events", "of `websockets` with uvloop", "peak MB")
    return table(head, measured.cost())


def accuracy() -> str:
    """How true times are."""
    head = ("Events/s", "Sockets", "Application", "Arrival p50", "p99", "max", "Run p50", "p99", "max", "Engine, of a core")
    return table(head, measured.accuracy())


def scale() -> str:
    """How far one engine goes."""
    return table(("", "Measured"), measured.scale())


def screen() -> str:
    """What the application costs."""
    return table(("", "", "Measured"), measured.screen())


def goals() -> str:
    """Every figure that has a goal, and the commands that took them."""
    return table(("Figure", "Goal", "Measured", ""), measured.goals()) + "\n\nTaken by " + ", ".join(measured.commands()) + "."


PARTS: Final[dict[str, Callable[[], str]]] = {
    "keys": key_table,
    "checks": checks,
    "strategy": strategy,
    "rubric": rubric,
    "selftest": selftest,
    "costs": costs,
    "accuracy": accuracy,
    "scale": scale,
    "screen": screen,
    "goals": goals,
    "exits": exit_codes,
    "example": example,
}


def refreshed(text: str) -> str:
    """A README with every generated part made anew. KeyError for a part that nobody makes."""
    return PART.sub(lambda match: f"{match[1]}{PARTS[match['name']]()}\n{match[3]}", text)


if __name__ == "__main__":
    README.write_text(refreshed(README.read_text("utf-8")), "utf-8")
