"""The verdict as plain text: what `vigil run` prints and what stays on the normal screen when the application is left."""

from __future__ import annotations

import shutil
import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from tui_app.sanitize import sanitize
from tui_app.verdict.words import SHORT, glyph

WIDEST: Final = 140
"""Reasons that go on beyond this are cut, however wide the terminal is."""
FULL_WORDS: Final = 100
"""Columns from which the words stand in full; below, in four letters."""


class CriterionLine(NamedTuple):
    """One criterion as it is printed."""

    word: str
    id: str
    title: str
    measured: str
    limit: str
    n: int | None


class CheckLine(NamedTuple):
    """One check as it is printed; `word` is '' while it waits and RUNNING while it runs."""

    word: str
    suite: str
    id: str
    reason: str


def room() -> int:
    """Columns of the terminal that standard output is; `WIDEST` where it is none."""
    return shutil.get_terminal_size((WIDEST, 24)).columns


def verdict_table(result: Mapping[str, Any], *, width: int | None = None, ascii_only: bool = False) -> str:
    """The whole verdict of a `vigil.session/1` document, a line a criterion and a check, within `width` columns (None: the terminal's)."""
    target, frames, footprint = result["target"], result["frames"], result["footprint"]
    head = [
        f"{glyph(result['verdict'], ascii_only=ascii_only)} {result['verdict']}",
        sanitize(str(target.get("name")), 40),
        f"build {sanitize(str(result['build'].get('start') or '?'), 40)}",
        *([f"speaks {target['generation']}"] if target.get("generation") else []),
        f"session {result['session']}",
        f"{str(result['started'])[:19]}Z",
    ]
    foot = [
        f"{frames['received']} frames received, {sum(frames['classified'].values())} accounted for; "
        f"{footprint['agent_runs']} agent runs, {footprint['connects']} connects, "
        f"{len(footprint['created'])} things created, {len(footprint['left_behind'])} left behind",
    ]
    if target.get("faults"):
        foot.append(f"Seeded faults: {', '.join(target['faults'])}.")
    refused = next((one for one in result["checks"] if one["verdict"] == "BLOCKED" and "only reads" in one["reason"]), None)
    if refused is not None:
        foot.append(f"Refused: {sanitize(refused['reason'])}")
    if result.get("decision", {}).get("action"):
        foot.append(str(result["decision"]["action"]))
    criteria = [
        CriterionLine(one["verdict"], one["id"], one["title"], sanitize(one["measured"]), one["limit"], one["n"])
        for one in result["criteria"]
    ]
    foot += [sanitize(one["text"]) for one in result["target"].get("accepts", ()) if one["state"] != "used"]
    checks = [CheckLine(one["verdict"], one["suite"], one["id"], sanitize(_reason(one))) for one in result["checks"]]
    return table(head, criteria, checks, foot, width=width, ascii_only=ascii_only)


def _reason(check: Mapping[str, Any]) -> str:
    known = check.get("accepted")
    return f"(accepted until {known['until']}, {known['ticket']}) {check['reason']}" if known else str(check["reason"])


def table(
    head: Sequence[str],
    criteria: Sequence[CriterionLine],
    checks: Sequence[CheckLine],
    foot: Sequence[str],
    *,
    width: int | None = None,
    ascii_only: bool = False,
) -> str:
    """Head, criteria, checks and foot; no line is wider than `width` (None: the terminal's) and none ends in spaces. All is clean text."""
    width = max(min(width or room(), WIDEST), 60)
    full = width >= FULL_WORDS

    def sign(word: str) -> str:
        said = word or "waiting"
        return f"  {glyph(word, ascii_only=ascii_only)} {f'{said:12}' if full else SHORT.get(word, said[:4]).ljust(4)} "

    lines = _packed(head, width)
    if criteria:
        lines.append("")
    title = min(width - len(sign("")) - 40, 39)
    for row in criteria:
        count = "" if row.n is None else f"n {row.n}"
        lines.append(
            f"{sign(row.word)}{row.id:3} {fit(row.title, title, ascii_only)} "
            f"{fit(row.measured, 16, ascii_only, right=True)} {row.limit:>10} {count:>7}"
        )
    lines.append("")
    name = max([20, *(len(check.id) for check in checks)])
    for check in checks:
        lead = f"{sign(check.word)}{check.suite} {check.id:{name}} "
        lines.append(lead + fit(check.reason, width - len(lead), ascii_only))
    lines.append("")
    for text in foot:
        lines += textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="  ")
    return "\n".join(line.rstrip() for line in lines)


def _packed(parts: Sequence[str], width: int) -> list[str]:
    """The parts on as few lines as hold them whole."""
    lines = [""]
    for part in parts:
        joined = f"{lines[-1]}   {part}" if lines[-1] else part
        if lines[-1] and cells(joined) > width:
            lines.append(f"  {part}")
        else:
            lines[-1] = joined
    return [fit(line, width) for line in lines]


def cells(text: str) -> int:
    """Columns that a text takes in a terminal."""
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def fit(text: str, width: int, ascii_only: bool = False, *, right: bool = False) -> str:
    """`text` in `width` columns: padded, or cut with an ellipsis."""
    if cells(text) > width:
        while text and cells(text) > width - 1:
            text = text[:-1]
        text = text.rstrip() + ("~" if ascii_only else "…")
    space = " " * (width - cells(text))
    return space + text if right else text + space
