"""A SQLite file that stands in for a tier's server, and a thread that works on it.

A tier never makes its file anew while it serves: a file that was removed, replaced by garbage or locked by another process makes the
tier's own operations raise `TierDown`, and a restored one is used again.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
MAGIC = b"SQLite format 3\x00"
BUSY_MS = 10_000
"""How long a store waits for a file that is in use: under load, one that gives up early fails without a cause."""
PROBE_BUSY_MS = 1_000
"""How long a probe waits for it: whoever looks at health wants to know soon that a store is held by somebody else."""
STAND_IN = "sqlite (stand-in)"
PROBE_TABLE = "CREATE TABLE IF NOT EXISTS health_probe (token TEXT PRIMARY KEY)"


class TierDown(Exception):
    """The store does not serve. `tier` is its public name, `reason` what its engine, the network or the file system said."""

    def __init__(self, tier: str, reason: str) -> None:
        super().__init__(f"{tier} unavailable: {reason}")
        self.tier = tier
        self.reason = reason


@dataclass(frozen=True)
class Probe:
    """What one probe saw. `ms` is its duration, `engine` what keeps the tier's data."""

    ok: bool
    ms: float
    error: str | None
    engine: str = STAND_IN

    def as_json(self) -> dict[str, Any]:
        """The shape of one entry of `checks` (wire contract 2.1), with the engine."""
        return {
            "status": "healthy" if self.ok else "failed",
            "connected": self.ok,
            "response_time_ms": round(self.ms, 3),
            "error": self.error,
            "engine": self.engine,
        }


class Tier:
    """A store with one working thread. `schema` is run once when the file is opened at start."""

    label = STAND_IN

    def __init__(self, name: str, path: Path, schema: str) -> None:
        self.name = name
        self.path = path
        self.where = f"sqlite://{path.absolute()}"
        self._schema = schema
        self._worker = ThreadPoolExecutor(1, thread_name_prefix=f"tier-{name}")
        self._prober = ThreadPoolExecutor(1, thread_name_prefix=f"probe-{name}")
        self._db: sqlite3.Connection | None = None
        self._inode = 0
        self._fd = -1

    def start(self) -> None:
        """Open the file, making it if it is not there. Called once, before the services accept."""
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            self.path.chmod(0o600)
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            db.executescript(self._schema + ";" + PROBE_TABLE)
        finally:
            db.close()
        self._open()

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in the tier's thread; raises TierDown."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, self._guarded, work, False)

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in the tier's thread as one transaction; raises TierDown, and IntegrityError as it comes."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, self._guarded, work, True)

    async def open(self) -> None:
        """A file is open from its start."""

    async def look(self, thorough: bool) -> None:
        """Write, read and delete a row over a fresh connection; where `thorough`, look through the whole file. Raises TierDown."""
        await asyncio.get_running_loop().run_in_executor(self._prober, self._look, thorough)

    async def disconnect(self) -> None:
        """There is nobody to leave."""

    def close(self) -> None:
        """Let the threads finish and close the file."""
        self._prober.shutdown(wait=True)
        self._worker.submit(self._drop)
        self._worker.shutdown(wait=True)

    def _open(self) -> sqlite3.Connection:
        self._drop()
        db = sqlite3.connect(f"file:{self.path}?mode=rw", uri=True, isolation_level=None, check_same_thread=False)
        db.row_factory = sqlite3.Row
        db.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        db.execute("PRAGMA synchronous=NORMAL")
        # The descriptor stays open as long as the connection: closing it earlier would drop the process's POSIX locks on the file.
        self._fd = os.open(self.path, os.O_RDONLY)
        self._inode = os.fstat(self._fd).st_ino
        self._db = db
        return db

    def _drop(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _check_file(self, fd: int, inode: int) -> None:
        try:
            there = self.path.stat().st_ino
        except OSError as error:
            raise TierDown(self.name, "its file is missing") from error
        if there == inode and os.pread(fd, len(MAGIC), 0) != MAGIC:
            raise TierDown(self.name, "file is not a database")

    def _guarded(self, work: Callable[[sqlite3.Connection], T], transaction: bool) -> T:
        try:
            if self._db is not None:
                self._check_file(self._fd, self._inode)
            db = self._db
            if db is None or self.path.stat().st_ino != self._inode:
                db = self._open()
            if not transaction:
                return work(db)
            db.execute("BEGIN IMMEDIATE")
            try:
                result = work(db)
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")
            return result
        except sqlite3.IntegrityError:
            raise
        except (sqlite3.DatabaseError, OSError) as error:
            if not isinstance(error, sqlite3.OperationalError):
                self._drop()
            raise TierDown(self.name, str(error)) from error

    def _look(self, thorough: bool) -> None:
        try:
            self._round_trip(thorough)
        except (sqlite3.Error, OSError) as failure:
            raise TierDown(self.name, str(failure)) from failure

    def _round_trip(self, thorough: bool) -> None:
        if self._fd >= 0:
            self._check_file(self._fd, self._inode)
        elif not self.path.exists():
            raise TierDown(self.name, "its file is missing")
        db = sqlite3.connect(f"file:{self.path}?mode=rw", uri=True, isolation_level=None)
        try:
            db.execute(f"PRAGMA busy_timeout={PROBE_BUSY_MS}")
            token = uuid.uuid4().hex
            db.execute("INSERT INTO health_probe (token) VALUES (?)", (token,))
            found = db.execute("SELECT token FROM health_probe WHERE token = ?", (token,)).fetchone()
            db.execute("DELETE FROM health_probe WHERE token = ?", (token,))
            if found is None or found[0] != token:
                raise TierDown(self.name, "a row just written was not read back")
            if thorough:
                verdict = db.execute("PRAGMA quick_check(1)").fetchone()
                if verdict is None or verdict[0] != "ok":
                    raise TierDown(self.name, f"integrity: {verdict[0] if verdict else 'no answer'}")
        finally:
            db.close()
