"""The sessions on one target as this host keeps them, each as little as a hand-over needs of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from tui_app.handover.words import noted, operator, said
from tui_app.model import SECOND
from tui_app.recording.beside import PIN
from tui_app.recording.errors import RecordingError
from tui_app.recording.reader import Annotation, Reader
from tui_app.recording.sessions import alive, list_sessions
from tui_app.runbook.protocol import KIND as TICKED

LOOKED_AT: Final = 50
"""Sessions that are read at most, the newest first: what was red before the oldest of them is told as 'or longer'."""
CLEANUP: Final = "cleanup"
ROWS: Final = 6
"""Rows that are kept of what a check's findings name."""


class Said(msgspec.Struct, frozen=True):
    """What one session said of a check or a criterion. `rows`: of its findings, at most `ROWS`; `of`: how many there are."""

    word: str
    reason: str = ""
    rows: tuple[int, ...] = ()
    of: int = 0


class Note(msgspec.Struct, frozen=True):
    """What a person left in a recording. `at`: UTC, RFC 3339; `row`: the row that it speaks of, or None."""

    at: str
    who: str
    kind: str
    text: str
    session: str
    row: int | None


class Past(msgspec.Struct, frozen=True):
    """One session. `word` is '' where it has none; `ended` is '' while it runs; `left`: what it did not tidy, a line each."""

    session: str
    path: Path
    started: str
    seconds: float
    word: str
    ended: str
    build: str
    who: str
    took_over: tuple[str, ...] = ()
    checks: Mapping[str, Said] = {}
    criteria: Mapping[str, Said] = {}
    left: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def when(self) -> str:
        """To the minute: `2026-11-12 17:02 UTC`."""
        return f"{minute(self.started)} UTC"


class History(msgspec.Struct, frozen=True):
    """`sessions`: newest first, the one that is handed over included; `more`: there are older ones that were not read; `newer`: ids of
    sessions on the target that began after it; `unread`: files that could not be read, with why."""

    sessions: Sequence[Past]
    more: bool = False
    newer: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def minute(at: str) -> str:
    """A time stamp to the minute."""
    return at[:16].replace("T", " ")


def history(path: Path, result: Mapping[str, Any]) -> History:
    """What this host knows of the target of a recording, up to that session. `result`: its document. Raises RecordingError."""
    with Reader(path) as reader:
        own, started, target = reader.header["session"], reader.header["started"], _target(reader)
    found, unread, newer, more = [past_of(path, result)], [], [], False
    for entry in list_sessions():
        if entry.session == own:
            continue
        try:
            if entry.problem:
                raise RecordingError(entry.problem)
            with Reader(entry.path) as reader:
                if _target(reader) != target:
                    continue
            if entry.started > started:
                newer.append(entry.session)
            elif len(found) < LOOKED_AT:
                found.append(past_of(entry.path))
            else:
                more = True
        except (RecordingError, ValueError, KeyError) as error:
            unread.append(said(f"{entry.path.name}: {error}", 160))
    return History(found, more, tuple(newer), tuple(unread))


def past_of(path: Path, result: Mapping[str, Any] | None = None) -> Past:
    """One session, from its file. `result`: its document where the file has none. Raises RecordingError."""
    with Reader(path) as reader:
        header = dict(reader.header)
        document = result or reader.result()
        remarks = reader.annotations()
        session = str(header["session"])
        head = reader.row(reader.head())
        ended = ""
        took = []
        for row in reader.rows(kinds=("session", "control")):
            if row.kind == "session" and row.type == "end":
                ended = str(row.body.get("reason") or "complete")
            elif row.kind == "control" and row.type == "take":
                took.append(operator(str(row.body.get("who") or "?")))
        if not ended and not alive(session):
            ended = "interrupted"
        return Past(
            session=session,
            path=path,
            started=str(header["started"]),
            seconds=head.t / SECOND if head else 0.0,
            word=str(document["verdict"]) if document else "",
            ended=ended,
            build=said((document or {}).get("build", {}).get("start") or "", 40) if document else _build(reader),
            who=operator(header.get("host", "")),
            took_over=tuple(dict.fromkeys(took)),
            checks=_of_result(document["checks"]) if document else _of_rows(reader),
            criteria=_of_result(document["criteria"]) if document else {},
            left=_left(reader, document, remarks) if ended else (),
            notes=tuple(_note(remark, session) for remark in remarks if remark.kind not in (PIN, TICKED)),
        )


def _target(reader: Reader) -> tuple[str, str]:
    target = json.loads(reader.header["plan"]).get("target") or {}
    return str(target.get("name")), str(target.get("environment"))


def _build(reader: Reader) -> str:
    row = next(reader.rows(kinds=("target",)), None)
    return said(row.body.get("build") or "", 40) if row is not None else ""


def _of_result(listed: Sequence[Mapping[str, Any]]) -> dict[str, Said]:
    found = {}
    for one in listed:
        rows = list(dict.fromkeys(int(pair[1]) for finding in one.get("findings", ()) for pair in finding["evidence"]))
        found[str(one["id"])] = Said(str(one["verdict"]), str(one["reason"]), tuple(rows[:ROWS]), len(rows))
    return found


def _of_rows(reader: Reader) -> dict[str, Said]:
    """The checks that had their word when an engine died; the last word of each."""
    return {row.check: Said(row.type, str(row.body.get("reason") or "")) for row in reader.rows(kinds=("verdict",)) if row.check}


def _note(remark: Annotation, session: str) -> Note:
    return Note(remark.at, operator(remark.who), remark.kind, noted(remark.text, 500), session, remark.seq)


def _left(reader: Reader, document: Mapping[str, Any] | None, remarks: Sequence[Annotation]) -> tuple[str, ...]:
    """What a session made and neither it nor a later cleanup tidied, a line each."""
    things: list[Mapping[str, Any]] = list(document["footprint"]["left_behind"]) if document else []
    if document is None:
        open_ones: dict[tuple[str, str], Mapping[str, Any]] = {}
        for row in reader.rows(kinds=("created",)):
            key = (str(row.body.get("thing")), str(row.body.get("id")))
            if row.type == "left" or (row.type == "made" and key[0] == "thread"):  # an account is kept to be used again
                open_ones[key] = row.body
            elif row.type == "tidied":
                open_ones.pop(key, None)
        things = list(open_ones.values())
    done = " ".join(remark.text for remark in remarks if remark.kind == CLEANUP)
    if "stores are removed" in done or "nothing was left behind" in done:
        return ()
    return tuple(_thing(one) for one in things if f"thread {one.get('id')} archived" not in done)


def _thing(one: Mapping[str, Any]) -> str:
    owner = f" of {said(one['owner'], 40)}" if one.get("owner") else ""
    why = f": {said(one['reason'], 200)}" if one.get("reason") else ""
    return f"{said(one.get('thing', '?'), 40)} {said(one.get('id', ''), 80)}{owner}{why}"
