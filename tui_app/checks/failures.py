"""The signature of a failure: by what two failures of one check are the same, whoever and whenever they hit (validation methods 3.2).

It is made of the step under way, the close code or status, and the message without ids, numbers, users and times; the check's name
stands in the row that carries it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from tui_app.checks.judgement import Finding, Judgement
from tui_app.model import Row
from tui_app.verdict.accepting import signature

GRAVE: Final = ("critical", "major")
LONGEST: Final = 300


def grave(judgement: Judgement) -> list[Finding]:
    """What fails it."""
    return [finding for finding in judgement.findings if finding.severity in GRAVE]


def signature_of(judgement: Judgement, rows: Sequence[Row]) -> str:
    """The signature of a failed time whose rows these are; its most frequent message where it has several. '' where it did not fail."""
    found = grave(judgement)
    if judgement.word != "FAIL" or not found:
        return ""
    texts = [signature(finding.text) for finding in found]
    counted = Counter(texts)
    text = min(counted, key=lambda one: (-counted[one], one))
    evidence = set(found[texts.index(text)].evidence)
    phase, code = where(rows, evidence)
    said = ", ".join(part for part in (phase, code if code not in text else "") if part)
    return (f"{said}: {text}" if said else text)[:LONGEST]


def where(rows: Sequence[Row], evidence: set[int]) -> tuple[str, str]:
    """During which step, and with which close code, status or error code, these rows say that something was wrong."""
    running: dict[int, tuple[str, str]] = {}
    phase = code = ""
    for row in rows:
        if row.kind == "step":
            body = row.body
            number = body.get("step", 0)
            if row.type == "begin":
                running[number] = (str(body.get("intent", "")), row.user)
            else:
                running.pop(number, None)
                continue
        if row.seq not in evidence:
            continue
        mine = [intent for intent, user in running.values() if user in (row.user, "")]
        phase = phase or (mine[-1] if mine else "")
        code = code or _code(row)
    return phase, code


def _code(row: Row) -> str:
    if row.kind == "conn":
        body = row.body
        if row.type == "closed":
            return f"closed {body.get('code')}"
        return f"{body.get('phase') or body.get('kind') or ''} {body.get('status') or 'refused'}".strip() if row.type == "refused" else ""
    if row.kind == "http" and row.dir == "in":
        return f"status {row.type}" if row.type != "0" and not row.type.startswith("2") else "no answer" if row.type == "0" else ""
    if row.kind == "frame" and row.type == "error":
        body = row.body
        data = body.get("data")
        return str(body.get("error_code") or (data.get("error_code") if isinstance(data, dict) else "") or "")[:40]
    return ""
