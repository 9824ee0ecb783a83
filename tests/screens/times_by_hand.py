"""Recordings of repeated checks made by hand: nothing here happened, and which time fails is chosen."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from recordings import Script, beginning, header

from tui_app.checks.circumstances import Ran
from tui_app.checks.iterations import Iterations
from tui_app.checks.judgement import Finding, Judgement
from tui_app.model import SECOND, Row
from tui_app.recording.fold import Fold
from tui_app.recording.state import SessionState
from tui_app.recording.writer import Writer

WORDS = {".": "PASS", "x": "FAIL", "y": "FAIL", "?": "INCONCLUSIVE"}
SAID = {
    ".": "all five events in every one of 10 runs",
    "x": "1 of 10 runs breaks the contract of the five events: u2: no agent_thinking",
    "y": "1 of 10 runs breaks the contract of the five events: u4: agent_completed twice",
    "?": "the client was too slow to tell",
}


def repeated(script: Script, check: str, words: str, of: int, *, cold: Sequence[int] = (), instances: int = 1) -> Iterator[Row]:
    """Times of a check, one for each letter of `words`: . passes, x and y fail in two ways, ? tells nothing."""
    times = Iterations()
    times.of = of
    for number, sign in enumerate(words, start=1):
        time = {"iteration": number, "of": of}
        start = script.row("check", check=check, type="start", text=json.dumps({"id": check, **time}))
        yield start
        sent = script.row("frame", check=check, user="u2", conn=2, dir="out", type="user_message", text='{"type":"user_message"}')
        got = script.row(
            "frame", check=check, user="u2", conn=2, dir="in", type="agent_completed", run="5b1d", text='{"type":"agent_completed"}'
        )
        yield from (sent, got)
        script.t += SECOND
        end = script.row("check", check=check, type="end", ms=1000.0 + 10 * number, text=json.dumps({"outcome": "driven", **time}))
        yield end
        severity = "critical" if WORDS[sign] == "FAIL" else "info"
        finding = Finding(severity, SAID[sign].partition(": ")[2] or "the rows behind it", (sent.seq, got.seq))  # type: ignore[arg-type]
        judged = Judgement(WORDS[sign], SAID[sign], (finding,))  # type: ignore[arg-type]
        instance = str(number % instances + 1) if instances > 1 else ""
        ran = Ran(start.t, start.seq, {instance: None} if instance else {}, {2: instance} if instance else {}, number in cold)
        derived = times.add(judged, end, [sent, got], ran, "beta-14 rev 213")
        yield msgspec.structs.replace(derived.row(0, end.t), seq=script.row("clock").seq)
        if times.news or number == of:
            said = times.together(None)
            times.tell()
            for one in said.findings:
                body = {"text": one.text, "evidence": [[1, seq] for seq in one.evidence]}
                yield script.row("finding", check=check, flag=one.severity, text=json.dumps(body))
            yield script.row("verdict", check=check, type=said.word, text=json.dumps({"reason": said.reason, "to_decide": ""}))


def session(script: Script, checks: Mapping[str, str], of: int, *, end: bool = False, **more: object) -> Iterator[Row]:
    """A session in which these checks are repeated, each as its letters say."""
    yield from beginning(script, 2)
    yield script.row("phase", type="start", text='{"phase": "2"}')
    for check, words in checks.items():
        yield from repeated(script, check, words, of, **more)  # type: ignore[arg-type]
    if end:
        yield script.row("session", type="end", text='{"reason": "complete"}')


def state_of(rows: Iterator[Row]) -> SessionState:
    """What a viewer folds from these rows."""
    fold = Fold(header())
    for row in rows:
        fold.apply(row)
    return fold.state


def record_times(path: Path, rows: Iterator[Row]) -> None:
    """Write these rows as a recording."""
    writer = Writer(path, header())
    for row in rows:
        writer.append(row)
    writer.close()
