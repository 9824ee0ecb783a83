"""Folders: whether recordings can be written where they go, for their owner alone, in the mode of SQLite that they need."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import platformdirs

from tui_app.doctor.findings import Finding, Place, bad, ok, warn
from tui_app.doctor.mounts import mount_of
from tui_app.recording.errors import RecordingError
from tui_app.recording.places import runtime_dir, state_dir
from tui_app.recording.retention import KEEP_VARIABLE, SIZE_VARIABLE, standing

LITTLE_MB: Final = 500
ELSEWHERE: Final = "export XDG_STATE_HOME=/var/tmp/$USER-state   # any folder on this machine's own disk"


def look(place: Place) -> Iterator[Finding]:
    yield from _owned("recordings", Path(platformdirs.user_state_dir("vigil", appauthor=False)), place.uid)
    try:
        state = state_dir()
    except RecordingError as error:
        yield bad("recordings", str(error), ELSEWHERE)
    else:
        yield from _kept(place, state)
    try:
        runtime = runtime_dir()
    except RecordingError as error:
        yield bad("runtime folder", str(error), "export XDG_RUNTIME_DIR=$(mktemp -d)")
    else:
        yield ok("runtime folder", str(runtime))
    yield from _runs(place)


def _owned(about: str, folder: Path, uid: int) -> Iterator[Finding]:
    """Before anything of ours makes or mends it: whose it is, and who else may read in it."""
    try:
        found = folder.lstat()
    except OSError:
        return
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid != uid:
        yield bad(about, f"{folder} belongs to user {found.st_uid}, not to you ({uid})", f"sudo chown -R $USER {folder}", ELSEWHERE)
    elif mode & 0o077:
        yield warn(about, f"{folder} was open to others (mode {mode:04o}); it is 0700 now", f"chmod -R go= {folder}")


def _kept(place: Place, folder: Path) -> Iterator[Finding]:
    mount = mount_of(folder.resolve(), place.read("proc/self/mountinfo"))
    kind = f", on {mount.kind}" if mount else ""
    trouble = wal_trouble(folder)
    if trouble:
        yield bad("recordings", f"{folder}{kind}: SQLite cannot write ahead there ({trouble}), and a recording needs that", ELSEWHERE)
    elif mount is not None and mount.network:
        yield bad(
            "recordings", f"{folder} is on a network file system ({mount.kind}): write-ahead recordings break there under load", ELSEWHERE
        )
    else:
        yield ok("recordings", f"{folder}, 0700{kind}; a trial recording was written and read")
    try:
        standing()
    except ValueError as error:
        yield warn("old sessions", f"none is deleted: {error}", f"unset {KEEP_VARIABLE} {SIZE_VARIABLE}   # or set them anew")
    with contextlib.suppress(OSError):
        free = shutil.disk_usage(folder).free // 1_000_000
        if free < LITTLE_MB:
            yield warn(
                "disk",
                f"{free} MB free under {folder}: a long session needs more",
                "vigil sessions prune --keep 20 --dry-run   # then without --dry-run",
            )


def wal_trouble(folder: Path) -> str:
    """Why a write-ahead recording cannot be kept in `folder`, '' where it can: one is made, read by a second connection, and removed."""
    try:
        with tempfile.TemporaryDirectory(prefix=".trial-", dir=folder) as trial:
            path = Path(trial) / "trial.vigil"
            with (
                contextlib.closing(sqlite3.connect(path, timeout=1)) as writer,
                contextlib.closing(sqlite3.connect(path, timeout=1)) as reader,
            ):
                if (mode := writer.execute("PRAGMA journal_mode=WAL").fetchone()[0]) != "wal":
                    return f"the journal stays in mode {mode}"
                writer.execute("CREATE TABLE rows (seq INTEGER)")
                writer.execute("INSERT INTO rows VALUES (1)")
                writer.commit()
                if reader.execute("SELECT count(*) FROM rows").fetchone() != (1,):
                    return "what is written is not seen by who reads along"
    except (OSError, sqlite3.Error) as error:
        return str(error)
    return ""


def _runs(place: Place) -> Iterator[Finding]:
    """A Vigil in one file unpacks itself below the home or the temporary folder, and loads compiled parts from there."""
    mountinfo = place.read("proc/self/mountinfo")
    forbidding = []
    for name, folder in (("the home", Path.home()), ("the temporary folder", Path(tempfile.gettempdir()))):
        mount = mount_of(folder.resolve(), mountinfo)
        if mount is not None and "noexec" in mount.options:
            forbidding.append(f"{name} ({folder}, noexec)")
        elif not os.access(folder, os.W_OK):
            forbidding.append(f"{name} ({folder}, not writable)")
    if forbidding:
        yield warn(
            "noexec", f"{' and '.join(forbidding)}: programs cannot be loaded from there, and a one-file Vigil unpacks itself",
            "export VIGIL_ROOT=/var/tmp/$USER-vigil   # a folder that allows it; an installed Vigil needs none",
        )  # fmt: skip
