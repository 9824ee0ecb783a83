"""What every report says something about: the result, and beside it what only the rows tell. Read once, in bounded memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from tui_app.gravity import gravest_first
from tui_app.handover.words import scrubbed
from tui_app.logged import ids_of, logs_of, of_rows
from tui_app.masking import masked, may_be_a_strangers
from tui_app.model import SECOND, Row
from tui_app.recording.beside import PIN
from tui_app.recording.reader import Annotation, Reader
from tui_app.recording.witness import address, unwrapped
from tui_app.reports.tally import KINDS, Runs, Sockets, Tally
from tui_app.runbook.protocol import in_words
from tui_app.sanitize import sanitize
from tui_app.verdict.criteria import ALSO, FEEDS
from tui_app.verdict.journeys import JourneyReading, of_result
from tui_app.verdict.words import BLOCKED, FAIL, INCONCLUSIVE, PASS, SKIPPED

ORDER: Final = (FAIL, BLOCKED, INCONCLUSIVE, SKIPPED, PASS)
"""What went wrong and what is not known come first."""
WITNESSES: Final = 6
"""Rows that a report shows of one finding: the first ones and the last."""
TEXT: Final = 600
"""Characters of a row's text in a report."""


class Witness(msgspec.Struct, frozen=True):
    """A row that a finding names. `at`: UTC; `since`: mm:ss.mmm since the session began; `text`: printable, shortened, held back where
    it may be a stranger's."""

    seq: int
    at: str
    since: str
    what: str
    user: str
    conn: int
    dir: str
    run: str
    text: str
    server: str = ""
    """The ids by which the target's own logs know it: `trace .., request ..`."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """A session as reports see it. `result` is the document `vigil run --json` prints; `checks` what the catalogue said of each then."""

    path: Path
    header: Mapping[str, str]
    plan: Mapping[str, Any]
    result: Mapping[str, Any]
    checks: Mapping[str, Mapping[str, Any]]
    journeys: Sequence[JourneyReading]
    sockets: Sockets
    runs: Runs
    witnesses: Mapping[int, Witness]
    logs: Mapping[str, str]
    """Failed check to the query of the target's own logs for its evidence; empty where the target file has no template."""
    notes: Sequence[Annotation]
    seconds: float
    ended: str
    """Why the session ended; '' while it has not."""

    @property
    def rehearsal(self) -> bool:
        """Whether this was the built-in rehearsal: nothing here speaks of a staging."""
        return bool(self.result["target"].get("environment") == "rehearsal")

    @property
    def target(self) -> str:
        """Name and build, printable."""
        build = self.result["build"].get("start")
        return sanitize(str(self.result["target"].get("name") or "?"), 60) + (f" {sanitize(str(build), 60)}" if build else "")

    def by_word(self, word: str, *, required: bool | None = None) -> list[Mapping[str, Any]]:
        """The checks that ended with this word, the gravest first, else in the catalogue's order."""
        found = [
            check for check in self.result["checks"] if check["verdict"] == word and (required is None or check["required"] == required)
        ]
        return gravest_first(found, lambda check: str(check["id"]))

    @property
    def took(self) -> str:
        """How long the session went on, in words."""
        return f"{self.seconds:.0f} s" if self.seconds < 90 else f"{self.seconds / 60:.0f} min"

    def feeds(self, criterion: str) -> list[str]:
        """The planned checks that answer a criterion."""
        return [name for name in (*FEEDS.get(criterion, ()), *ALSO.get(criterion, ())) if name in self.checks]

    def rows_of(self, check: Mapping[str, Any]) -> str:
        """The rows that the findings of a check name, in words."""
        seqs = list(dict.fromkeys(seq for finding in check["findings"] for seq in named(finding)))
        shown = ", ".join(str(seq) for seq in seqs[:WITNESSES])
        more = f" and {len(seqs) - WITNESSES} more" if len(seqs) > WITNESSES else ""
        return f"rows {shown}{more}" if seqs else "no row: what was missing is the evidence"

    def impact(self, check: str) -> str:
        """What it means for customers when this check fails."""
        return sanitize(str(self.checks.get(check, {}).get("impact", "")), 300)

    def at(self, t: int) -> str:
        """UTC of a row's time, RFC 3339 with milliseconds."""
        return _utc(self.header, t)


def gather(path: Path, result: Mapping[str, Any] | None = None) -> Facts:
    """Everything that reports need of a recording. `result`: where the recording has none (it was interrupted), what its rows were
    judged to by now. Raises RecordingError; ValueError where there is no result at all."""
    with Reader(path) as reader:
        document = result or reader.result()
        if document is None:
            raise ValueError(f"{path.name} has no result: the session still runs, or was interrupted")
        header = dict(reader.header)
        head = reader.row(reader.head())
        tally = Tally()
        for row in reader.rows(kinds=KINDS):
            tally.take(row)
        plan = json.loads(header["plan"])
        return Facts(
            path=path,
            header=header,
            plan=plan,
            result=document,
            checks={str(check["id"]): check for check in json.loads(header["checks"])},
            journeys=of_result(document),
            sockets=tally.sockets,
            runs=tally.runs,
            witnesses=_witnesses(reader, header, document),
            logs=_queries(reader, plan, header, document),
            notes=[
                _scrubbed(in_words(note)) for note in reader.annotations() if note.kind != PIN
            ],  # what is kept on a host is no word on the session
            seconds=head.t / SECOND if head else 0.0,
            ended=tally.ended,
        )


def _scrubbed(note: Annotation) -> Annotation:
    return msgspec.structs.replace(note, text=scrubbed(note.text))


def named(finding: Mapping[str, Any]) -> list[int]:
    """The rows of a finding that a report shows: the first ones, and the last, which convicts."""
    found = [int(seq) for _, seq in finding["evidence"]]
    return found if len(found) <= WITNESSES else [*found[: WITNESSES - 1], found[-1]]


def grave(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The findings that make checks fail."""
    return [finding for check in result["checks"] for finding in check["findings"] if finding["severity"] in ("critical", "major")]


def masking(result: Mapping[str, Any]) -> Callable[[Row], bool]:
    """What of a session's rows is to be held back: text that may be a stranger's, in the rows that convict."""
    convicting = {int(finding["evidence"][-1][1]) for finding in grave(result) if finding["evidence"]}
    environment = str(result["target"].get("environment") or "?")
    return lambda row: may_be_a_strangers(row, environment, convicting)


def _witnesses(reader: Reader, header: Mapping[str, str], result: Mapping[str, Any]) -> dict[int, Witness]:
    hidden = masking(result)
    found: dict[int, Witness] = {}
    for finding in grave(result):
        for seq in named(finding):
            row = reader.row(seq) if seq not in found else None
            if row is not None:
                found[seq] = _witness(row, header, hide=hidden(row))
    return found


def _queries(reader: Reader, plan: object, header: Mapping[str, str], result: Mapping[str, Any]) -> dict[str, str]:
    logs = logs_of(plan)
    found = {}
    for check in result["checks"] if logs else ():
        seqs = {seq for finding in check["findings"] if finding["severity"] in ("critical", "major") for seq in named(finding)}
        rows = [unwrapped(row) for seq in sorted(seqs) if (row := reader.row(seq)) is not None]
        if check["verdict"] == FAIL and (made := of_rows(logs, rows, header)):
            found[str(check["id"])] = made
    return found


def _witness(row: Row, header: Mapping[str, str], *, hide: bool) -> Witness:
    engine, there = address(row)
    row = unwrapped(row)
    shown = masked(row) if hide else row
    elsewhere = f" (row {there} of engine {engine})" if engine > 1 or there != row.seq else ""
    return Witness(
        seq=row.seq,
        at=_utc(header, row.t),
        since=since(row.t),
        what=f"{row.kind} {sanitize(row.type, 60)}".strip() + elsewhere,
        user=sanitize(row.user, 30),
        conn=row.conn,
        dir=row.dir,
        run=sanitize(row.run, 40),
        text=sanitize(shown.text, TEXT),
        server=sanitize(ids_of(row).words(), 200),
    )


def since(t: int) -> str:
    """mm:ss.mmm since the session began."""
    ms = t // 1_000_000
    return f"{ms // 60_000:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def _utc(header: Mapping[str, str], t: int) -> str:
    began = datetime.fromisoformat(header["started"].replace("Z", "+00:00")).astimezone(UTC)
    return (began + timedelta(microseconds=t // 1000)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
