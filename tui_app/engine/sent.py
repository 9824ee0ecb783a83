"""Finds the frame or request of this engine in which a marker went out: the other half of a leak's evidence."""

from __future__ import annotations

from typing import Any, Final

from tui_app.model import Row
from tui_app.recording.query import parse
from tui_app.recording.reader import Reader
from tui_app.recording.writer import Writer

TEXT_MAX: Final = 8_192


def sent(writer: Writer, marker: str, within: float) -> dict[str, Any] | None:
    """What was sent with this marker (or with another word that only it carries), as evidence; None where nothing was found in time.

    within -- seconds to wait for the recording, and to look
    """
    writer.flush(within)
    with Reader(writer.path) as reader:
        row = reader.first(parse(f"dir:out {marker}"), budget=within)
    return None if row is None else told(row)


def told(row: Row) -> dict[str, Any]:
    """A row as evidence for another engine's recording."""
    return {
        "seq": row.seq, "t": row.t, "kind": row.kind, "user": row.user, "conn": row.conn, "dir": row.dir, "type": row.type, "run": row.run,
        "text": row.text[:TEXT_MAX],
    }  # fmt: skip
