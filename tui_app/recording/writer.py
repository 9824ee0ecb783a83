"""The one writer of a recording: a thread that takes rows from the engine's loop and commits them in batches.

The caller never waits for the disk. What was appended is committed within 250 ms, so that a killed engine loses at most
that (architecture, 'Flow of one frame'). A full disk or an I/O error is kept in `error` and shown; rows wait and are tried again.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final

import msgspec

from tui_app.model import Row
from tui_app.recording import schema
from tui_app.recording.errors import RecordingError
from tui_app.recording.sharing import let_read

COMMIT_EVERY_S: Final = 0.1
"""Well under the promised 250 ms: the commit itself takes time, too."""
RETRY_EVERY_S: Final = 1.0
BATCH: Final = 4096
PENDING_MAX: Final = 500_000
"""Rows that may wait in memory while the disk refuses them; later ones are counted in `lost`."""
SETTLE_S: Final = 3.0
UNSTORABLE: Final = (
    sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.DataError, UnicodeError, OverflowError, TypeError,
)  # fmt: skip
"""What a row itself is to blame for. Trying it again would keep all later ones waiting."""

INSERT: Final = "INSERT INTO rows VALUES "
PLACES: Final = f"({', '.join('?' * 14)})"
ROWS_A_STATEMENT: Final = 1024
"""Rows that one statement inserts, within SQLite's 32,766 parameters. Each statement takes the interpreter's lock anew, and a busy loop
does not let go of it lightly: a row a statement cost 32 us beside such a loop, and so many 6 us."""


def make_private_dir(path: Path) -> Path:
    """Create a directory (and its missing parents) with mode 0700; an existing one is left as it is."""
    missing = [path, *path.parents]
    for folder in reversed([folder for folder in missing if not folder.exists()]):
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
    return path


def settle(path: Path, within: float = 0.0) -> bool:
    """Fold what a recording's WAL still holds into the one file and leave WAL mode; False while somebody has it open.

    Retries for `within` seconds. Used at a clean end, and for what a killed engine or a slow viewer left behind.
    """
    until = time.monotonic() + within
    while True:
        try:
            with contextlib.closing(sqlite3.connect(path.absolute().as_uri() + "?mode=rw", uri=True, isolation_level=None)) as db:
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                if db.execute("PRAGMA journal_mode=DELETE").fetchone()[0] == "delete":
                    return True
        except sqlite3.OperationalError:
            if not path.exists():
                return False
        if time.monotonic() >= until:
            return False
        time.sleep(0.05)


class Writer:
    """Writes a new recording at `path` (which must not exist). `header` takes the keys of `schema.HEADER_KEYS`.

    Raises RecordingError when the file cannot be made. Once this returns, the file opens for readers: its owner, and the members of
    the group `gid` where one is given.
    """

    def __init__(self, path: Path, header: Mapping[str, str], *, gid: int | None = None) -> None:
        self.path = path
        self._gid = gid
        self._rows: deque[Row] = deque()
        self._batch: Sequence[Row] = ()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._idle = threading.Condition()
        self._appended = 0
        self._written = 0
        self._lost = 0
        self._error: str | None = None
        self._closed = False
        self._db = self._create(path, header)
        if gid is not None:
            # Their index and log are named by SQLite, which hands on the mode but, for all but root, not the group.
            for suffix in ("", "-wal", "-shm"):
                let_read(path.with_name(path.name + suffix), gid)
        self._thread = threading.Thread(target=self._run, name="recording-writer", daemon=True)
        self._thread.start()
        # A daemon thread so that a failing engine can exit; this hook still writes what it had appended.
        atexit.register(self.close)

    @staticmethod
    def _create(path: Path, header: Mapping[str, str]) -> sqlite3.Connection:
        try:
            make_private_dir(path.parent)
            # SQLite gives -wal and -shm the mode of the main file, so this covers all three.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            raise RecordingError(f"{path} exists already", "a recording is never written over", "choose another file") from None
        except OSError as error:
            raise RecordingError(f"cannot create {path}", error.strerror or str(error), "choose a folder that you can write to") from error
        try:
            db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
            db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {schema.VERSION}")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA wal_autocheckpoint = 4000")
            db.executescript(f"BEGIN; {schema.DDL} COMMIT;")
            db.execute("BEGIN")
            db.executemany("INSERT INTO header VALUES (?, ?)", ({"schema": schema.HEADER_KEYS["schema"]} | dict(header)).items())
            db.execute("COMMIT")
        except sqlite3.Error as error:
            raise RecordingError(f"cannot write {path}", str(error), "look for free space and a local disk") from error
        return db

    def append(self, row: Row) -> None:
        """Hand a row over. Never blocks and never raises; one thread appends, in the order of `seq`."""
        self._appended += 1
        if len(self._rows) >= PENDING_MAX or self._closed:
            self._lost += 1
            self._error = self._error or "rows came faster than the disk takes them"
            return
        self._rows.append(row)
        if not self._wake.is_set():
            self._wake.set()

    @property
    def pending(self) -> int:
        """Rows appended and not yet committed."""
        return self._appended - self._written - self._lost

    @property
    def written(self) -> int:
        """Rows committed."""
        return self._written

    @property
    def lost(self) -> int:
        """Rows that could not be recorded; anything but 0 means that the recording has gaps."""
        return self._lost

    @property
    def error(self) -> str | None:
        """What keeps the recording from being complete; None while all is well. It goes away only if nothing was lost."""
        if self._error and self._lost:
            return f"{self._error}; {self._lost} rows are not in the recording"
        return self._error

    def flush(self, within: float = 5.0) -> bool:
        """Wait until every row appended before this call is committed; False if that took longer than `within` seconds."""
        target = self._appended
        with self._idle:
            return self._idle.wait_for(lambda: self._written + self._lost >= target, within)

    def close(self) -> None:
        """Write what is left, checkpoint, and leave WAL mode: one file to copy. May be called twice."""
        if self._closed:
            return
        self._closing.set()
        self._wake.set()
        self._thread.join()
        self._closed = True
        atexit.unregister(self.close)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.wait()
            # The pause makes the batch; an ending session does not wait for it.
            self._closing.wait(COMMIT_EVERY_S)
            self._wake.clear()
            while (self._rows or self._batch) and self._commit():
                pass
            if self._batch:
                self._wake.set()
                self._closing.wait(RETRY_EVERY_S)
        while (self._rows or self._batch) and self._commit():
            pass
        self._give_up()
        self._finish()

    def _commit(self) -> bool:
        """Write one batch in one transaction; False, and the rows are kept, if the disk does not take them now."""
        if not self._batch:
            self._batch = [self._rows.popleft() for _ in range(min(BATCH, len(self._rows)))]
        try:
            try:
                self._insert(self._batch)
                self._written += len(self._batch)
                self._batch = ()
            except UNSTORABLE:
                self._insert_singly()
        except (sqlite3.Error, OSError) as error:
            self._error = f"the recording cannot be written: {error}"
            return False
        if not self._lost:
            self._error = None
        with self._idle:
            self._idle.notify_all()
        return True

    def _insert(self, rows: Sequence[Row]) -> None:
        with self._transaction():
            for at in range(0, len(rows), ROWS_A_STATEMENT):
                some = rows[at : at + ROWS_A_STATEMENT]
                values = chain.from_iterable(map(msgspec.structs.astuple, some))
                self._db.execute(INSERT + ",".join([PLACES] * len(some)), tuple(values))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _insert_singly(self) -> None:
        """One row of a batch is not storable (a seq used twice, half a surrogate pair): keep all the others."""
        while self._batch:
            row = self._batch[0]
            try:
                self._insert([_storable(row)])
                self._written += 1
            except UNSTORABLE as error:
                self._lost += 1
                self._error = f"row {row.seq} ({row.kind}) cannot be written: {error}"
            self._batch = self._batch[1:]

    def _give_up(self) -> None:
        remaining = self.pending
        self._lost += remaining
        self._batch = ()
        self._rows.clear()
        if remaining and self._error is None:
            self._error = "the session ended before all of it was written"
        with self._idle:
            self._idle.notify_all()

    def _finish(self) -> None:
        try:
            self._db.execute(schema.INDEX)
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error as error:
            self._error = self._error or f"the recording could not be brought into one file: {error}"
        self._db.close()
        # A viewer may still look at the file. It lets go once it has seen the end; if not, its own closing settles the file.
        settle(self.path, within=SETTLE_S)


def _storable(row: Row) -> Row:
    """The row with every string in valid UTF-8; only ever needed for text that no decoder should have let through."""
    changed: dict[str, Any] = {}
    for name in row.__struct_fields__:
        value = getattr(row, name)
        if isinstance(value, str):
            clean = value.encode("utf-8", "backslashreplace").decode()
            if clean != value:
                changed[name] = clean
    return msgspec.structs.replace(row, **changed) if changed else row
