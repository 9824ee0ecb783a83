"""Rows of other engines as a session's own recording holds them: a copy of each that a finding rests on, with its address there."""

from __future__ import annotations

import msgspec

from tui_app.model import Row


class _Copy(msgspec.Struct):
    """A row of the kind `engine`, type witness: see `tui_app.recording.schema`."""

    engine: int
    seq: int
    t: int = 0
    kind: str = ""
    user: str = ""
    conn: int = 0
    dir: str = ""
    type: str = ""
    run: str = ""
    text: str = ""


def _copy(row: Row) -> _Copy | None:
    if row.kind != "engine" or row.type != "witness":
        return None
    try:
        return msgspec.json.decode(row.text, type=_Copy)
    except msgspec.MsgspecError:
        return None


def unwrapped(row: Row) -> Row:
    """What a copy is of, under the copy's own number (its time is the lead's, its text may be cut); any other row as it is."""
    copy = _copy(row)
    if copy is None:
        return row
    return msgspec.structs.replace(
        row, t=copy.t, kind=copy.kind, user=copy.user, conn=copy.conn, dir=copy.dir, type=copy.type, run=copy.run,
        size=len(copy.text.encode("utf-8", "replace")), text=copy.text,
    )  # fmt: skip


def address(row: Row) -> tuple[int, int]:
    """(engine, seq) of what a row of the lead's recording tells: its own, or that of the row it is a copy of."""
    copy = _copy(row)
    return (1, row.seq) if copy is None else (copy.engine, copy.seq)
