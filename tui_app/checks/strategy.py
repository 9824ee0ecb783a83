"""The strategy beside Vigil: every path that it names, the commands for it, and the checks that answer it.

A check says itself which paths it answers (`Check.strategy`); the priority suites are answered by the checks of their cases.
Reports, comparison, monitoring and emergency steps are answered by commands.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any, Final

from tui_app.checks.catalogue import as_json as check_json
from tui_app.checks.catalogue import by_id, catalogue
from tui_app.checks.origins import OWN
from tui_app.checks.strategy_cases import CASES
from tui_app.checks.strategy_paths import PRIORITY_FILES, USES, Use
from tui_app.verdict.criteria import CRITERIA, FEEDS

ON_REQUEST: Final = {"P3": "vigil run --users 50", "P4": "vigil run --duration 2h"}
"""Criteria that a plan must ask for by an option, and Vigil's command for each."""


@cache
def paths() -> tuple[str, ...]:
    """The strategy's paths, each once, in its order."""
    return tuple(dict.fromkeys(use.path for use in USES))


def answering(path: str) -> list[str]:
    """The checks that answer a path, in the catalogue's order."""
    return [check.id for check in catalogue() if path in check.strategy]


def vigil_command(use: Use) -> str:
    """Vigil's command for one of the strategy's; empty where a client cannot measure it."""
    return use.vigil or (f"vigil run --checks {','.join(answering(use.path))}" if answering(use.path) else "")


def is_there(command: str, commands: Collection[str]) -> bool:
    """Whether this build has the command that a line starts with."""
    words = command.split()
    return len(words) > 1 and words[1] in commands


def as_json(commands: Collection[str]) -> dict[str, Any]:
    """`vigil checks --strategy --json`. `commands` are those of this build."""
    return {
        "paths": [_path(path, commands) for path in paths()],
        "cases": [
            {
                "case": case.number,
                "title": case.title,
                "preset": case.preset,
                "path": PRIORITY_FILES[case.preset],
                "checks": list(case.checks),
                "measurable": bool(case.checks),
                "reason": case.reason,
            }
            for case in CASES
        ],
        "answered": sum(1 for path in paths() if _answered(path)),
        "of": len(paths()),
    }


def _path(path: str, commands: Collection[str]) -> dict[str, Any]:
    uses = [use for use in USES if use.path == path]
    named = answering(path)
    return {
        "path": path,
        "commands": [
            {
                "section": use.section,
                "strategy": use.command,
                "vigil": vigil_command(use),
                "available": is_there(vigil_command(use), commands),
            }
            for use in uses
        ],
        "checks": named,
        "answered_by": next((use.vigil for use in uses if use.answered_by), None),
        "measurable": not any(use.reason for use in uses),
        "reason": next((use.reason for use in uses if use.reason), ""),
    }


def _answered(path: str) -> bool:
    return bool(answering(path)) or any(use.path == path and (use.answered_by or use.reason) for use in USES)


def entries() -> list[dict[str, Any]]:
    """`vigil checks --json`: every check, then what a command answers or a client cannot measure, an entry each."""
    listed = [check_json(check) for check in catalogue()]
    taken = set(by_id())
    for path in paths():
        use = next((one for one in USES if one.path == path and (one.answered_by or one.reason)), None)
        if use is not None:
            listed.append(_entry(use, taken))
    for criterion in CRITERIA:
        if not any(name in by_id() for name in FEEDS[criterion.id]):
            command = ON_REQUEST.get(criterion.id, "vigil run --preset comprehensive")
            use = Use("3.2", "", vigil=command, answered_by=True, title=criterion.title)
            listed.append({**_entry(use, taken, FEEDS[criterion.id][0]), "strategy": [], "criteria": [criterion.id]})
    return listed


def _entry(use: Use, taken: set[str], name: str = "") -> dict[str, Any]:
    name = name or use.path.rpartition("/")[2].removesuffix(".py").replace("_", "-")
    slug = name if name not in taken else f"{name}-command"
    taken.add(slug)
    numbered = use.section[0].isdigit()
    return {
        "id": slug,
        "phase": use.section[0] if numbered else "",
        "suite": use.section,
        "title": use.title,
        "proves": use.reason or f"{use.title}: `{use.vigil}` does it.",
        "impact": "It judges nothing of its own, so it can neither pass nor fail.",
        "strategy": [use.path],
        "answered_by": use.vigil or None,
        "effects": [],
        "needs": [],
        "exclusive": False,
        "catches": [],
        "measurable": not use.reason,
        "required": False,
        "criteria": [],
        "proven": False,
        "origin": OWN,
    }


def as_text(commands: Collection[str]) -> str:
    """`vigil checks --strategy`: the strategy's commands, Vigil's under each, and the fifty cases."""
    lines: list[str] = []
    section = ""
    for use in USES:
        if use.section != section:
            section = use.section
            lines.append(f"\n{section}")
        command = vigil_command(use)
        later = "" if not command or is_there(command, commands) else "   (not in this build yet)"
        lines += [f"  {use.command}", f"    -> {command or use.reason}{later}"]
    lines.append("\nPriority cases")
    for case in CASES:
        lines.append(f"  {case.number}  {case.title}\n       -> {', '.join(case.checks) or case.reason}")
    commanded = {use.path for use in USES if use.answered_by}
    by_checks = sum(1 for path in paths() if answering(path) and path not in commanded)
    told = [case for case in CASES if case.checks]
    answered = sum(1 for path in paths() if _answered(path))
    lines.append(
        f"\n{answered} of {len(paths())} paths answered: {by_checks} by checks, {answered - by_checks} by commands; "
        f"{len(told)} of {len(CASES)} cases by checks, the others with the reason why a client cannot see them"
    )
    return "\n".join(lines).lstrip("\n")
