"""One judgement of a check that several engines drove, each with users of its own.

FAIL where any of them failed; BLOCKED where nothing could begin; INCONCLUSIVE where one of them was lost or decided nothing: its users
are part of the session. What is judged over the whole matrix is judged by the lead, and the others' words count where they found something.
"""

from __future__ import annotations

from typing import cast

from tui_app.checks.judgement import Finding, Judgement, Severity, Word
from tui_app.monitors.engines import Engines, Other, Said

_RANK = ("FAIL", "INCONCLUSIVE", "BLOCKED", "SKIPPED", "PASS")


def merged(check: str, spread: str, own: Judgement, engines: Engines) -> Judgement:
    """The judgement over all engines. `spread`: `each` engine decides for its users, or the lead over the `whole`."""
    said, silent = engines.said(check), engines.silent(check)
    findings = list(own.findings)
    for one in said:
        findings += [Finding(cast(Severity, severity), f"engine {one.engine}: {text}", rows) for severity, text, rows in one.findings]
    failed = [one for one in said if one.word == "FAIL"]
    if own.word == "FAIL" or failed:
        reason = own.reason if own.word == "FAIL" else _told(failed[0])
        return Judgement("FAIL", reason, tuple(findings), own.to_decide if own.word == "FAIL" else failed[0].to_decide)
    if own.word == "BLOCKED" and not said:
        return own  # nobody could begin, and why is known
    if silent or engines.missing:
        lost = "; ".join(_lost(other) for other in silent[:3]) or f"{engines.missing} of {engines.planned} engines never joined"
        return Judgement("INCONCLUSIVE", f"{lost}; of the rest: {own.reason}", tuple(findings), "run it again with every engine")
    if spread == "whole":
        return Judgement(own.word, own.reason, tuple(findings), own.to_decide)
    words = [own.word, *(one.word for one in said)]
    word = next(word for word in _RANK if word in words)
    if word == own.word:
        worst, decide = own.reason, own.to_decide
    else:
        first = next(one for one in said if one.word == word)
        worst, decide = _told(first), first.to_decide
    if word == "PASS":
        worst = "; ".join([f"engine 1: {own.reason}", *map(_told, said)])
    return Judgement(cast(Word, word), worst, tuple(findings), decide)


def _told(one: Said) -> str:
    return f"engine {one.engine}: {one.reason}"


def _lost(other: Other) -> str:
    users = f"{len(other.users)} users ({other.text})" if len(other.users) > 1 else other.text
    if other.state == "lost":
        return f"engine {other.engine} was lost, and with it the judgement on {users}: {other.why}"
    return f"engine {other.engine} has not judged {users}"
