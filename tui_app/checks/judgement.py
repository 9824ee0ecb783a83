"""What a judge says."""

from __future__ import annotations

from typing import Any, Literal, get_args

import msgspec

Word = Literal["PASS", "FAIL", "INCONCLUSIVE", "BLOCKED", "SKIPPED"]
Severity = Literal["critical", "major", "minor", "info"]


class Finding(msgspec.Struct, frozen=True):
    """Something that a judge saw. critical and major fail the check; minor and info never change a verdict."""

    severity: Severity
    text: str
    evidence: tuple[int, ...] = ()
    """Sequence numbers of the rows that show it."""


class Judgement(msgspec.Struct, frozen=True):
    """A judge's word, why, and (where it is not PASS or FAIL) what would decide it."""

    word: Word
    reason: str
    findings: tuple[Finding, ...] = ()
    to_decide: str = ""


def checked(said: Any) -> Judgement:
    """What somebody else's judge said, if it is a judgement in every part. Raises TypeError."""
    if not isinstance(said, Judgement):
        raise TypeError(f"its judge gave {type(said).__name__}, not a Judgement")
    if said.word not in get_args(Word):
        raise TypeError(f"its judge said {said.word!r}, which is none of {', '.join(get_args(Word))}")
    return msgspec.convert(msgspec.to_builtins(said), Judgement)


def consistent(judgement: Judgement) -> Judgement:
    """The contract between findings and words: a critical or major finding fails the check, and a PASS shows the rows behind it."""
    grave = [finding for finding in judgement.findings if finding.severity in ("critical", "major")]
    if grave and judgement.word != "FAIL":
        return Judgement("FAIL", grave[0].text, judgement.findings, judgement.to_decide)
    if judgement.word == "PASS" and not any(finding.evidence for finding in judgement.findings):
        # No data is never a pass: a judge that cannot show one row behind its PASS has looked at none.
        return Judgement("INCONCLUSIVE", f"no row shows it: {judgement.reason}", judgement.findings, "run it to its end")
    if judgement.word == "FAIL" and not grave:
        findings = (*judgement.findings, Finding("major", judgement.reason))
        return Judgement("FAIL", judgement.reason, findings, judgement.to_decide)
    return judgement
