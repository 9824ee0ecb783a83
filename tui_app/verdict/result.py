"""The JSON result of a session, schema `vigil.session/1`: what `--json` prints, and what reports are made from.

Keys come in the documented order. A key that has no value is null or empty, never left out, so that scripts need no guards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from tui_app.verdict import words
from tui_app.verdict.accepting import Accepted, Told
from tui_app.verdict.criteria import CriterionReading
from tui_app.verdict.decision import Decision, decide

SCHEMA: Final = "vigil.session/1"
ALWAYS_ASKED: Final = ("T1", "T3", "T4", "T5", "T6", "B1", "B2", "B3", "B4", "B5", "P2", "P5")
"""Criteria that a decision on staging rests on (the contract's table, 'asked when: always')."""


class FindingResult(msgspec.Struct, frozen=True):
    """`evidence`: pairs of (engine, seq)."""

    severity: str
    text: str
    evidence: Sequence[tuple[int, int]] = ()


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """One planned check as it ended. `accepted`: a known failure, with its ticket and last day, else null."""

    id: str
    phase: str
    suite: str
    strategy: Sequence[str] = ()
    title: str
    verdict: str
    reason: str = ""
    to_decide: str = ""
    required: bool = True
    accepted: Accepted | None = None
    duration_ms: float | None = None
    findings: Sequence[FindingResult] = ()
    proven: bool = False
    """A self-test had seen it fail on a fault that it names."""
    origin: str = "vigil"
    """`vigil`, or the package or file that the check came from."""
    signatures: Sequence[str] = ()
    """Of a failed check: what `[[accept]]` would have to name."""


class CellResult(msgspec.Struct, frozen=True):
    """An ordered pair of the isolation matrix."""

    source: str
    observer: str
    probes: int
    leaks: int
    state: str


class SeriesResult(msgspec.Struct, frozen=True):
    """A latency series in ms; a percentile is null below the samples that it needs."""

    series: str
    n: int
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    max_ms: float | None = None
    limit_ms: float | None = None


class Footprint(msgspec.Struct, frozen=True):
    """What the session did to the target. `created` and `left_behind` list things as the recording names them."""

    agent_runs: int = 0
    connects: int = 0
    created: Sequence[Mapping[str, Any]] = ()
    left_behind: Sequence[Mapping[str, Any]] = ()


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """All that goes into the document. `started`: UTC, RFC 3339. `reached`: any configured service answered at all.

    `docker` is what the operator states: restored, failed or unknown.
    """

    session: str
    started: str
    target: Mapping[str, Any]
    parent: str | None = None
    build_start: str | None = None
    build_end: str | None = None
    checks: Sequence[CheckResult] = ()
    criteria: Sequence[CriterionReading] = ()
    users: Sequence[str] = ()
    cells: Sequence[CellResult] = ()
    latency: Sequence[SeriesResult] = ()
    received: int = 0
    classified: Mapping[str, int] = {}
    footprint: Footprint = Footprint()
    engines: Sequence[Mapping[str, Any]] = ()
    """The other engines, where the users were shared among several."""
    docker: str = "unknown"
    interrupted: bool = False
    own_fault: bool = False
    refused: bool = False
    """Part of the plan was refused because the target is not what its file says: a configuration to mend."""
    reached: bool = True
    honour_accepted: bool = False
    accepts: Sequence[Told] = ()
    """What became of each acceptance of the target file."""
    criteria_if_accepted: Sequence[CriterionReading] | None = None
    """The criteria once more, read with every accepted failure as a pass: only the exit code under `honour_accepted` uses it."""


def word_of(session: Session) -> words.Word:
    """The session's word over required checks and asked criteria: accepted failures still read FAIL."""
    return words.session_word(
        [(check.verdict, check.required) for check in session.checks],
        [criterion.verdict for criterion in session.criteria],
    )


def exit_of(session: Session) -> int:
    """The exit code. With `honour_accepted`, what failed as accepted counts as passed, for the code alone."""
    word: str = word_of(session)
    if session.honour_accepted and word == words.FAIL:
        checks = [(words.PASS if _forgiven(check) else check.verdict, check.required) for check in session.checks]
        criteria = session.criteria if session.criteria_if_accepted is None else session.criteria_if_accepted
        word = words.session_word(checks, [criterion.verdict for criterion in criteria])
    return words.exit_code(
        word, interrupted=session.interrupted, own_fault=session.own_fault, usage=session.refused, reached=session.reached
    )


def _forgiven(check: CheckResult) -> bool:
    return bool(check.accepted) and check.verdict == words.FAIL


def decision_of(session: Session, word: words.Word) -> Decision:
    """What the session says about staging: nothing where it is a rehearsal, and no 'passing' where parts were not asked.

    A session of a few checks may pass, and still leaves open what the decision rests on: the criteria that are always asked.
    """
    if session.target.get("environment") == "rehearsal":
        return Decision("unknown", "inconclusive", "A rehearsal decides nothing about staging.")
    left_out = [reading.id for reading in session.criteria if reading.verdict == words.SKIPPED and reading.id in ALWAYS_ASKED]
    if word == words.PASS and left_out:
        decision = decide(session.docker, words.INCONCLUSIVE)
        return Decision(decision.docker, decision.staging, f"{decision.action} Not asked: {', '.join(left_out)}.")
    return decide(session.docker, word)


def build(session: Session) -> dict[str, Any]:
    """The whole document as plain JSON types."""
    word = word_of(session)
    decision = decision_of(session, word)
    return {
        "schema": SCHEMA,
        "session": session.session,
        "parent": session.parent or None,
        "target": {**session.target, "accepts": [msgspec.to_builtins(one) for one in session.accepts]},
        "build": {"start": session.build_start, "end": session.build_end},
        "started": session.started,
        "exit": exit_of(session),
        "verdict": word,
        "checks": [_check(check) for check in session.checks],
        "criteria": [_criterion(criterion) for criterion in session.criteria],
        "isolation": {"users": list(session.users), "cells": [msgspec.to_builtins(cell) for cell in session.cells]},
        "latency": [_series(series) for series in session.latency],
        "frames": {"received": session.received, "classified": dict(session.classified)},
        "footprint": {
            "agent_runs": session.footprint.agent_runs,
            "connects": session.footprint.connects,
            "created": [dict(thing) for thing in session.footprint.created],
            "left_behind": [dict(thing) for thing in session.footprint.left_behind],
        },
        **({"engines": [dict(one) for one in session.engines]} if session.engines else {}),
        "decision": msgspec.to_builtins(decision),
    }


def _check(check: CheckResult) -> dict[str, Any]:
    return {
        "id": check.id,
        "phase": check.phase,
        "suite": check.suite,
        "strategy": list(check.strategy),
        "title": check.title,
        "verdict": check.verdict,
        "reason": check.reason,
        "to_decide": check.to_decide,
        "required": check.required,
        "accepted": msgspec.to_builtins(check.accepted),
        "duration_ms": _rounded(check.duration_ms),
        "findings": [
            {"severity": finding.severity, "text": finding.text, "evidence": [list(pair) for pair in finding.evidence]}
            for finding in check.findings
        ],
        "signatures": list(check.signatures),
        "proven": check.proven,
        "origin": check.origin,
    }


def _criterion(reading: CriterionReading) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(reading)
    del document["to_decide"]  # the contract's criteria have no such key: what would decide one stands in its reason
    if reading.to_decide:
        document["reason"] = f"{reading.reason}; to decide: {reading.to_decide}"
    return document


def _series(series: SeriesResult) -> dict[str, Any]:
    return {key: _rounded(value) if isinstance(value, float) else value for key, value in msgspec.to_builtins(series).items()}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
