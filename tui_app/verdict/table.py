"""The result as plain text: what `vigil run` prints and what stays on the normal screen when the application is left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui_app.sanitize import sanitize
from tui_app.verdict.words import glyph

REASON = 96


def verdict_table(result: Mapping[str, Any], *, ascii_only: bool = False) -> str:
    """The whole verdict of a `vigil.session/1` document, a line a criterion and a check; no line ends in spaces."""
    target, frames, footprint = result["target"], result["frames"], result["footprint"]
    lines = [
        f"{_sign(result['verdict'], ascii_only)} {result['verdict']}   {sanitize(str(target.get('name')), 40)}"
        f"   build {sanitize(str(result['build'].get('start') or '?'), 40)}   session {result['session']}   {result['started']}",
        "",
    ]
    for one in result["criteria"]:
        count = "" if one["n"] is None else f"n {one['n']}"
        lines.append(
            f"  {_sign(one['verdict'], ascii_only)} {one['verdict']:12} {one['id']:3} {one['title']:38} "
            f"{sanitize(one['measured'], 18):>18} {one['limit']:>10} {count:>6}"
        )
    lines.append("")
    for one in result["checks"]:
        lines.append(
            f"  {_sign(one['verdict'], ascii_only)} {one['verdict']:12} {one['suite']} {one['id']:20} {sanitize(one['reason'], REASON)}"
        )
    left = footprint["left_behind"]
    lines += [
        "",
        f"  {frames['received']} frames received, {sum(frames['classified'].values())} accounted for; "
        f"{footprint['agent_runs']} agent runs, {footprint['connects']} connects, "
        f"{len(footprint['created'])} things created, {len(left)} left behind",
    ]
    if target.get("environment") == "rehearsal":
        lines.append("  The rehearsal decides nothing about staging.")
    elif result.get("decision", {}).get("action"):
        lines.append(f"  {result['decision']['action']}")
    return "\n".join(line.rstrip() for line in lines)


def _sign(word: str, ascii_only: bool) -> str:
    return glyph(word, ascii_only=ascii_only)
