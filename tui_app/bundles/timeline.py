"""What happened, line by line in UTC: the session's own turns, what people noted, and what a watch of the target saw around it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from tui_app.handover.words import noted, operator, said
from tui_app.model import Row
from tui_app.recording.reader import Reader
from tui_app.reports.facts import Facts, Witness, since
from tui_app.verdict.words import PASS, SKIPPED
from tui_app.watch.happened import happened

MOST: Final = 2_000
"""Lines of the session's own rows; of more, the first and the last ones stay."""
BEFORE: Final = timedelta(hours=24)
"""A watch's changes are told from so long before the session began."""
KINDS: Final = ("session", "target", "phase", "check", "control", "client", "user", "conn", "step", "finding", "verdict", "created")
NORMAL: Final = ("1000", "1001", "1005")


class Line(msgspec.Struct, frozen=True):
    """`at`: UTC, RFC 3339; `since`: mm:ss.mmm since the session began, '' for what is no row of it; `row`: its number, or 0."""

    at: str
    since: str
    row: int
    text: str

    def __str__(self) -> str:
        return f"{self.at:24}  {self.since:>10}  {f'row {self.row}' if self.row else '':>12}  {self.text}"


def timeline(facts: Facts) -> Iterator[Line]:
    """Every line, in the order of time. Raises RecordingError."""
    told = [
        *_turns(facts),
        *(Line(note.at, "", note.seq or 0, f"{note.kind} by {operator(note.who)}: {noted(note.text, 500)}") for note in facts.notes),
        *(Line(row.at, row.since, row.seq, _convicts(row)) for row in facts.witnesses.values()),
        *_watched(facts),
    ]
    yield from sorted(told, key=lambda line: (line.at[:19], line.row))


def _turns(facts: Facts) -> list[Line]:
    """The session's own rows: of a long session its beginning and what came last."""
    first: list[Line] = []
    last: deque[Line] = deque(maxlen=MOST // 2)
    count, build = 0, ""
    with Reader(facts.path) as reader:
        for row in reader.rows(kinds=KINDS):
            if row.kind == "target":
                now = str(row.body.get("build") or "")
                if now in ("", build):
                    continue
                build = now
            if text := _told(row):
                count += 1
                (first if len(first) < MOST // 2 else last).append(Line(facts.at(row.t), since(row.t), row.seq, text))
    if left := count - len(first) - len(last):
        first.append(Line(first[-1].at, first[-1].since, first[-1].row, f"... {left:,} lines are left out here: the recording has them"))
    return [*first, *last]


def _convicts(row: Witness) -> str:
    return said(f"a row that convicts: {row.what} {row.dir}{f' of {row.user}' if row.user else ''}", 200)


def _watched(facts: Facts) -> Iterator[Line]:
    began = datetime.fromisoformat(facts.header["started"].replace("Z", "+00:00")).astimezone(UTC)
    for one in happened(str(facts.result["target"].get("name") or ""), (began - BEFORE).timestamp()):
        at = datetime.fromtimestamp(one.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        yield Line(at, "", 0, f"watch: {said(one.subject, 60)} {one.kind} {said(one.text, 300)}")


def _told(row: Row) -> str:
    """A row in words; '' for one that is no turn of the session."""
    body = row.body
    match row.kind:
        case "session":
            return said(f"session {row.type} {body.get('reason', '')} {body.get('text', '')}".strip(), 300)
        case "target":
            return f"build {said(body.get('build'), 60)}"
        case "phase":
            return f"phase {said(body.get('phase', ''), 20)} {row.type}"
        case "check" if row.type == "end" and body.get("outcome") not in ("driven", "skipped", None):
            return said(f"{row.check}: {body.get('outcome')} {body.get('reason', '')}", 300)
        case "control":
            who = f" by {operator(str(body['who']))}" if body.get("who") else ""
            return said(f"control {row.type}{who} {body.get('text', '')}".strip(), 300)
        case "client" if row.type in ("slow", "ok"):
            return said(f"Vigil itself is {row.type}: {body.get('text') or body.get('what', '')}", 300)
        case "user" if row.type in ("lost", "refused"):
            return said(f"{row.user} {row.type}: {body.get('reason', '')}", 300)
        case "conn" if row.type == "refused" or (row.type == "closed" and _abnormal(body)):
            return said(f"connection {row.conn} of {row.user} {row.type}: {body.get('code') or body.get('status') or ''} "
                        f"{body.get('reason', '')} by {body.get('by', '?')}", 300)  # fmt: skip
        case "step" if row.type == "begin" and body.get("intent") == "fault":
            return said(f"{row.check}: a connection of {row.user} is broken on purpose", 300)
        case "finding" if row.flag in ("critical", "major"):
            return f"{row.flag} finding of {row.check}: {said(body.get('text', ''), 400)}"
        case "verdict" if row.type not in (PASS, SKIPPED):
            return f"{row.type} {row.check}: {said(body.get('reason', ''), 400)}"
        case "created" if row.type == "left":
            return said(f"left behind: {body.get('thing')} {body.get('id')}: {body.get('reason', '')}", 300)
    return ""


def _abnormal(body: Mapping[str, Any]) -> bool:
    return body.get("by") != "us" and str(body.get("code") or "") not in NORMAL
