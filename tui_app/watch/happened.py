"""What watches of a target saw change, read back from their files: for an incident's timeline."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from tui_app.recording.places import state_dir
from tui_app.watch.model import Happening

SUFFIX: Final = ".watch"
MOST: Final = 500


def happened(target: str, begin: float, end: float | None = None, folder: Path | None = None) -> list[Happening]:
    """What changed on a target from `begin` to `end` (epoch seconds; None: to the last poll), the newest `MOST`, oldest first.

    A file that cannot be read, or is rotated away meanwhile, tells nothing.
    """
    found: list[Happening] = []
    for path in sorted((folder if folder is not None else state_dir() / "watch").glob(f"*{SUFFIX}")):
        try:
            with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
                about = dict(db.execute("SELECT key, value FROM about").fetchall())
                if about.get("target") != target:
                    continue
                last = end if end is not None else float("inf")
                told = db.execute("SELECT at, subject, kind, text FROM happenings WHERE at >= ? AND at < ? ORDER BY at DESC LIMIT ?",
                                  (begin, last, MOST))  # fmt: skip
                found += [Happening(at, subject, kind, text) for at, subject, kind, text in told]
        except sqlite3.Error:
            continue
    return sorted(found, key=lambda one: (one.at, one.subject))[-MOST:]
