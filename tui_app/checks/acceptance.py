"""What a session makes of the acceptances in its target file: on the day on which it began, so the same live and anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

import msgspec

from tui_app.checks.api import Check
from tui_app.checks.judgement import Judgement
from tui_app.verdict.accepting import Accepted, Told, accepted, accepts_of, signatures, told
from tui_app.verdict.criteria import CriterionReading, feeding, read_criteria
from tui_app.verdict.facts import Facts


def failing(judgement: Judgement) -> tuple[str, ...]:
    """The signatures of what failed a check; none where it did not fail."""
    if judgement.word != "FAIL":
        return ()
    return signatures(finding.text for finding in judgement.findings if finding.severity in ("critical", "major"))


class Accepting:
    """The acceptances that hold for a session, on the day on which it began: the same live and anew."""

    def __init__(self, plan: Mapping[str, Any], header: Mapping[str, str]) -> None:
        self.accepts = accepts_of(plan)
        self.day = header.get("started", "")[:10] or "9999-12-31"

    def of(self, check: Check, judgement: Judgement) -> Accepted | None:
        """How a failed check is accepted; None for what did not fail, or is not."""
        if judgement.word != "FAIL" or not self.accepts:
            return None
        grave = [finding.text for finding in judgement.findings if finding.severity in ("critical", "major")]
        return accepted(check.id, check.suite, grave, self.accepts, self.day)

    def told(self, checks: Mapping[str, Check], judgements: Mapping[str, Judgement], known: Sequence[str]) -> list[Told]:
        """What became of each; `known`: checks that they name, that exist and were not planned."""
        failed = {name: failing(judgement) for name, judgement in judgements.items()}
        return told(self.accepts, {name: check.suite for name, check in checks.items()}, failed, self.day, known)


def forgiven(names: Set[str], facts: Facts, criteria: Sequence[CriterionReading]) -> list[CriterionReading] | None:
    """The criteria with the accepted failures `names` read as passes; None without any.

    A criterion that fails by its numbers too passes where all that failed of its checks is accepted.
    """
    if not names:
        return None
    passed = {name: msgspec.structs.replace(fact, word="PASS") if name in names else fact for name, fact in facts.checks.items()}
    again = read_criteria(msgspec.structs.replace(facts, checks=passed))
    found = []
    for before, after in zip(criteria, again, strict=True):
        failed = {name for name, fact in feeding(before.id, facts)[0].items() if fact.word == "FAIL"}
        known = before.verdict == "FAIL" and bool(failed) and failed <= names
        found.append(msgspec.structs.replace(after, verdict="PASS") if known and after.verdict == "FAIL" else after)
    return found
