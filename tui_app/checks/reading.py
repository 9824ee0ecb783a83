"""Small readings of rows that several judges share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final

from tui_app.checks.api import Case, Finding, Judgement
from tui_app.model import Event, Row
from tui_app.monitors.record import RunRecord

HEALTHY = frozenset({"healthy", "ok", "ready", "alive", "up"})
SHOWN: Final = 300
"""Rows behind a PASS that are kept: a recording of ten million frames would show 15 MB of their numbers, which nobody reads."""


def answers(case: Case) -> list[tuple[Row, dict[str, Any]]]:
    """Every HTTP answer of the check with its decoded facts."""
    return [(row, row.body) for row in case.rows if row.kind == "http" and row.dir == "in"]


def answered(row: Row, facts: Mapping[str, Any]) -> str:
    """How a request was answered, in words: a status, or why none came."""
    if row.type != "0":
        return f"answers {row.type}"
    error = str(facts.get("error"))
    hint = "; a private authority is trusted by [network] ca" if "CERTIFICATE_VERIFY_FAILED" in error else ""
    return f"does not answer: {error}{hint}"


def says_healthy(body: Any) -> bool:
    """Whether a health body says so itself; a body without a word says nothing."""
    return isinstance(body, dict) and str(body.get("status", "")).lower() in HEALTHY


def words(body: Any) -> str:
    """A body in a few words, for a reason."""
    if isinstance(body, dict):
        return f"status {body.get('status')!r}" if "status" in body else f"keys {', '.join(sorted(map(str, body))[:6])}"
    return repr(body)[:80]


def of_answer(facts: dict[str, Any], *path: str) -> Any:
    """A value inside an answer's body, None where any part of the way is missing."""
    value: Any = facts.get("body")
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def content_text(value: Any) -> str:
    """A message's content as text: a string, or a list of text blocks (wire contract 7.1)."""
    if isinstance(value, list):
        return "".join(map(content_text, value))
    if isinstance(value, dict):
        return content_text(next((value[key] for key in ("text", "value", "content") if key in value), ""))
    return value if isinstance(value, str) else "" if value is None else str(value)


def messages_of(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """The messages in an answer about a thread's history, whether wrapped or bare."""
    body = facts.get("body")
    found = body.get("messages", body.get("items")) if isinstance(body, dict) else body
    return [message for message in found if isinstance(message, dict)] if isinstance(found, list) else []


def threads_of(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """The threads in an answer about a list of threads, whether wrapped or bare."""
    body = facts.get("body")
    found = body.get("threads", body.get("items")) if isinstance(body, dict) else body
    return [thread for thread in found if isinstance(thread, dict)] if isinstance(found, list) else []


def seqs(rows: Iterable[Row]) -> tuple[int, ...]:
    """The rows' numbers, for evidence."""
    return tuple(row.seq for row in rows)


def ends(run: RunRecord) -> tuple[int, ...]:
    """The rows by which a run can be opened: its request, its first event, its end."""
    return tuple(dict.fromkeys(seq for seq in (run.seq, run.first_seq, run.end_seq) if seq))


def decided(findings: list[Finding], passed: str, decide: str, proof: Iterable[int] = ()) -> Judgement:
    """FAIL by the gravest finding, or PASS with the rows that prove it: of a session of millions of frames the first of them."""
    grave = [finding for finding in findings if finding.severity in ("critical", "major")]
    if grave:
        worst = min(grave, key=lambda finding: ("critical", "major").index(finding.severity))
        return Judgement("FAIL", worst.text, tuple(findings), decide)
    rows = iter(proof)
    shown = tuple(islice(rows, SHOWN))
    if shown:
        more = sum(1 for _ in rows)
        text = f"the first {SHOWN} of {SHOWN + more:,} rows behind it" if more else "the rows behind it"
        findings = [*findings, Finding("info", text, shown)]
    return Judgement("PASS", passed, tuple(findings))


def nothing_done(what: str) -> Judgement:
    """No data is never a pass."""
    return Judgement("INCONCLUSIVE", f"{what}: nothing was measured", to_decide="run it to its end")


def own_events(case: Case, run: RunRecord) -> list[tuple[Row, Event]]:
    """The events of a run on the socket that asked for it, whatever their kind, in order."""
    return [
        (row, event)
        for row in case.rows
        if row.kind == "frame" and row.dir == "in" and row.conn == run.conn and row.seq > run.seq
        for event in case.events(row)
        if (event.run == run.run if event.run and run.run else event.request == run.request) and not event.replayed
    ]
