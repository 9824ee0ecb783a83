"""Opens a recording for reading or annotating, and says clearly why not."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Final

from tui_app.recording import schema
from tui_app.recording.errors import RecordingError

_SQLITE_MAGIC: Final = b"SQLite format 3\0"
_WAL_MODE: Final = 2


def journal_is_wal(path: Path) -> bool:
    """Whether the file is in WAL mode: byte 18 of its header (SQLite file format, 1.3.3)."""
    try:
        with path.open("rb") as file:
            return file.read(20)[18:19] == bytes([_WAL_MODE])
    except OSError:
        return False


def open_read_only(path: Path) -> sqlite3.Connection:
    """A read-only connection to a recording; raises RecordingError if it is none."""
    _check_file(path)
    try:
        return _checked(path, _connect(path, "mode=ro"))
    except sqlite3.OperationalError as error:
        # Reading a WAL needs its index file beside it. Where that cannot be made, a file without a WAL is whole by itself.
        if _nothing_in_wal(path) and not os.access(path.parent, os.W_OK):
            with contextlib.suppress(sqlite3.Error):
                return _checked(path, _connect(path, "mode=ro&immutable=1"))
        todo = "copy the recording with its -wal and -shm files to a folder that you can write to"
        raise RecordingError(f"cannot open {path}", str(error), todo) from error
    except sqlite3.DatabaseError as error:
        raise RecordingError(f"cannot read {path}", str(error), "the file is damaged; take another copy of it") from error


def open_read_write(path: Path) -> sqlite3.Connection:
    """A connection for a short write to the annotations, beside the engine's own."""
    _check_file(path)
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        raise RecordingError(f"cannot annotate {path}", "it may only be read here", "copy it to a folder that you can write to")
    try:
        return _checked(path, _connect(path, "mode=rw"))
    except sqlite3.Error as error:
        raise RecordingError(f"cannot annotate {path}", str(error), "try again") from error


def _connect(path: Path, options: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?{options}", uri=True, isolation_level=None, check_same_thread=False, timeout=5.0)


def _nothing_in_wal(path: Path) -> bool:
    wal = path.with_name(path.name + "-wal")
    return not wal.exists() or wal.stat().st_size == 0


def _check_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(100)
    except FileNotFoundError:
        raise RecordingError(f"there is no recording {path}", "", "`vigil sessions` lists those there are") from None
    except OSError as error:
        raise RecordingError(f"cannot open {path}", error.strerror or str(error), "look at its owner and mode") from error
    if not start.startswith(_SQLITE_MAGIC):
        raise RecordingError(f"{path} is not a recording", "it is no SQLite file", "a recording's name ends in .vigil")


def _checked(path: Path, db: sqlite3.Connection) -> sqlite3.Connection:
    try:
        # Through SQL and not from the file's first bytes: after a kill they may still be in the WAL only.
        application = db.execute("PRAGMA application_id").fetchone()[0]
        version = db.execute("PRAGMA user_version").fetchone()[0]
        whole = application != schema.APPLICATION_ID or db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.Error:
        db.close()
        raise
    if application != schema.APPLICATION_ID:
        db.close()
        raise RecordingError(f"{path} is not a recording", "it is some other program's database", "a recording's name ends in .vigil")
    if version > schema.VERSION:
        db.close()
        why = f"it is of version {version}, and this Vigil reads up to {schema.VERSION}"
        raise RecordingError(f"{path} is too new", why, "update Vigil")
    if not whole:
        db.close()
        raise RecordingError(f"{path} is empty", "its engine was killed before it began", "delete it")
    return db
