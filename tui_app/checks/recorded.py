"""Stand-ins for checks that a recording has and this Vigil has not: their recorded word stands, and says that it is not judged anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from tui_app.checks.api import Case, Check, Context, Finding, Judge, Judgement
from tui_app.model import Row


async def _nothing(ctx: Context) -> None:
    """Nothing is driven when a recording is judged."""


def as_recorded(header: Mapping[str, str], said: Iterable[Row], missing: Collection[str]) -> dict[str, Check]:
    """For each missing id a check whose judge repeats the recording's `finding` and `verdict` rows."""
    planned: dict[str, dict[str, Any]] = {str(one.get("id")): one for one in msgspec.json.decode(header.get("checks", "[]"))}
    findings: dict[str, list[Finding]] = {}
    verdicts: dict[str, Judgement] = {}
    for row in said:
        if row.check not in missing:
            continue
        body = row.body
        if row.kind == "finding":
            evidence = tuple(int(seq) for _, seq in body.get("evidence", ()))
            findings.setdefault(row.check, []).append(Finding(row.flag, str(body.get("text", "")), evidence))  # type: ignore[arg-type]
        elif row.kind == "verdict":
            reason = f"not re-judged, this check is not installed here; recorded: {body.get('reason', '')}"
            grave = tuple(findings.get(row.check, ()))
            verdicts[row.check] = Judgement(row.type, reason, grave, str(body.get("to_decide", "")))  # type: ignore[arg-type]
    undecided = Judgement("INCONCLUSIVE", "not re-judged, this check is not installed here; nothing was recorded", to_decide="install it")
    return {name: _stand_in(planned.get(name, {}), name, verdicts.get(name, undecided)) for name in missing}


def _stand_in(planned: Mapping[str, Any], name: str, judgement: Judgement) -> Check:
    def judge(case: Case) -> Judgement:
        return judgement

    made: Judge = judge
    return Check(
        id=name, suite=str(planned.get("suite", "?")), title=str(planned.get("title", name)), proves=str(planned.get("proves", "")),
        impact=str(planned.get("impact", "")), strategy=tuple(planned.get("strategy", ())), effects=frozenset(), drive=_nothing, judge=made,
        required=bool(planned.get("required", True)),
    )  # fmt: skip
