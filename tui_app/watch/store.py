"""What was watched, in files of a day or of a size, the oldest removed: SQLite, for the user alone (0600)."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tui_app.recording.places import state_dir
from tui_app.watch.happened import SUFFIX
from tui_app.watch.model import Happening, Past, Word
from tui_app.watch.poller import Looked

SCHEMA: Final = """
CREATE TABLE about(key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE polls(id INTEGER PRIMARY KEY, at REAL, subject TEXT, word TEXT, why TEXT, ms REAL, uptime REAL, instance TEXT, build TEXT,
  path TEXT, status INTEGER, answer TEXT, error TEXT);
CREATE INDEX by_subject ON polls(subject, at);
CREATE TABLE happenings(id INTEGER PRIMARY KEY, at REAL, subject TEXT, kind TEXT, text TEXT);
"""
WORST: Final = """SELECT * FROM polls WHERE subject = ? AND at >= ? AND at < ?
  ORDER BY CASE word WHEN 'down' THEN 0 WHEN 'degraded' THEN 1 WHEN 'unknown' THEN 2 ELSE 3 END, at DESC LIMIT 1"""
TOLD: Final = """SELECT status, answer, error FROM polls WHERE at = ? AND path = ? AND id <= ? AND (answer <> '' OR error <> '')
  ORDER BY id DESC LIMIT 1"""


PAST: Final = """SELECT subject, MIN(at),
  MAX(CASE word WHEN 'down' THEN 3 WHEN 'degraded' THEN 2 WHEN 'unknown' THEN 1 ELSE 0 END), COUNT(*), MAX(ms)
  FROM polls WHERE at >= ? GROUP BY subject, CAST(at / ? AS INTEGER)"""
WORDS: Final[tuple[Word, ...]] = ("up", "unknown", "degraded", "down")


class Store:
    """Rows of one watch. A schema of its own: a poll belongs to no session, and a day's file is whole by itself."""

    def __init__(self, target: str, *, folder: Path | None = None, max_bytes: int = 64 * 1024 * 1024, keep: int = 14) -> None:
        self.folder = folder if folder is not None else state_dir() / "watch"
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._target, self._max, self._keep = target, max_bytes, keep
        self._db: sqlite3.Connection | None = None
        self._day = ""
        self.path: Path | None = None

    def add(self, looked: Looked, happenings: list[Happening]) -> None:
        """Write one exchange and what it changed; starts a new file where the day or the size asks for it. Raises sqlite3.Error."""
        db = self._open(looked.polls[0].at)
        for number, poll in enumerate(looked.polls):
            about = (looked.path, looked.status, looked.text, looked.error) if number == 0 else (looked.path, looked.status, "", "")
            row = (poll.at, poll.subject, poll.word, poll.why, poll.ms, poll.uptime, poll.instance, poll.build, *about)
            db.execute("INSERT INTO polls VALUES (NULL,?,?,?,?,?,?,?,?,?,?,?,?)", row)
        for one in happenings:
            db.execute("INSERT INTO happenings VALUES (NULL,?,?,?,?)", (one.at, one.subject, one.kind, one.text))
        db.commit()

    def find(self, subject: str, begin: float, end: float) -> dict[str, object] | None:
        """The worst poll of `subject` in [begin, end) epoch seconds, the newest among equals, by column; None where none is kept.

        A tier's has what its service was asked and answered beside it. Raises sqlite3.Error.
        """
        for path in sorted(self.folder.glob(f"*{SUFFIX}"), reverse=True):
            try:
                db = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
            except sqlite3.OperationalError:
                continue  # rotated away since it was listed
            try:
                db.row_factory = sqlite3.Row
                about = dict(db.execute("SELECT key, value FROM about").fetchall())
                if about.get("target") != self._target:
                    continue
                row = db.execute(WORST, (subject, begin, end)).fetchone()
                if row is None:
                    continue
                found = dict(row)
                told = db.execute(TOLD, (found["at"], found["path"], found["id"])).fetchone()
                return {**found, **(dict(told) if told is not None and not found["answer"] else {})}
            finally:
                db.close()
        return None

    def since(self, subject: str, begin: float) -> list[float]:
        """When `subject` was polled from `begin` (epoch seconds) on, by every watch of this target whose files are kept."""
        asked = "SELECT at FROM polls WHERE subject = ? AND at >= ?"
        return sorted(at for db in self._kept() for (at,) in db.execute(asked, (subject, begin)))

    def past(self, begin: float, cell_s: float) -> tuple[list[Past], list[Happening]]:
        """What earlier watches of this target saw from `begin` (epoch seconds) on, a row a cell, and what changed; oldest first."""
        found: list[Past] = []
        changed: list[Happening] = []
        for db in self._kept():
            rows = db.execute(PAST, (begin, cell_s))
            found += [Past(at, subject, WORDS[rank], polls, ms) for subject, at, rank, polls, ms in rows]
            changed += [Happening(*row) for row in db.execute("SELECT at, subject, kind, text FROM happenings WHERE at >= ?", (begin,))]
        return sorted(found, key=lambda one: one.at), sorted(changed, key=lambda one: one.at)

    def _kept(self) -> Iterator[sqlite3.Connection]:
        """Every file of this target that can be read, each closed after its turn."""
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            try:
                db = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
            except sqlite3.OperationalError:
                continue  # rotated away since it was listed
            try:
                about = dict(db.execute("SELECT key, value FROM about").fetchall())
                if about.get("target") == self._target:
                    yield db
            finally:
                db.close()

    def close(self) -> None:
        """Close the file."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def _open(self, at: float) -> sqlite3.Connection:
        day = time.strftime("%Y%m%d", time.gmtime(at))
        if self._db is not None and self.path is not None and day == self._day and self.path.stat().st_size < self._max:
            return self._db
        self.close()
        self._day = day
        self.path = self.folder / f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(at))}-{time.monotonic_ns():020d}-{os.getpid()}{SUFFIX}"
        os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        self._db = sqlite3.connect(self.path)
        self._db.execute("PRAGMA cache_size=-128")  # KiB: SQLite's own 2 MB would fill over hours, and look like a leak
        self._db.executescript(SCHEMA)
        self._db.execute("INSERT INTO about VALUES ('schema', 'vigil.watch/1'), ('target', ?)", (self._target,))
        for old in sorted(self.folder.glob(f"*{SUFFIX}"))[: -self._keep]:
            old.unlink(missing_ok=True)
        return self._db
