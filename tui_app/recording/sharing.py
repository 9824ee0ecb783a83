"""Letting a group of this host's users watch a session: its recording, and nothing else of ours, can then be read by them.

Who watches reads the SQLite file and its WAL; the control socket stays its owner's, so that only the owner commands. A recording
holds stand-ins in place of secrets, and the key of their digests is kept in the engine's memory alone.
"""

from __future__ import annotations

import grp
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

from tui_app.recording.errors import RecordingError

SHARED_FILE: Final = 0o640
SHARED_FOLDER: Final = 0o2750
PASSED_THROUGH: Final = 0o711
"""Of the folder that holds the sessions' folders: who knows a session's path can go there, and nobody can list them."""
LASTING: Final = Path("/var/tmp")


def group_id(name: str) -> int:
    """The number of a group. Raises RecordingError where there is none such, or this user cannot share with it."""
    try:
        found = grp.getgrnam(name).gr_gid
    except KeyError:
        raise RecordingError(f"there is no group {name}", "", "`getent group` lists those there are") from None
    if os.geteuid() != 0 and found not in {os.getegid(), *os.getgroups()}:
        raise RecordingError(f"cannot share with group {name}", "you are not a member of it", "`id -Gn` lists your groups")
    return found


def shared_path(usual: Path, gid: int) -> Path:
    """Where a shared session's recording goes in place of `usual`: a folder that the group may enter. Raises RecordingError."""
    base = LASTING if os.access(LASTING, os.W_OK) else Path(tempfile.gettempdir())
    base = Path(os.environ.get("VIGIL_SHARED") or base)
    ours = base / f"vigil-shared-{os.getuid()}"
    folder = ours / usual.stem
    try:
        ours.mkdir(mode=0o700, exist_ok=True)
        found = ours.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise RecordingError(
                f"cannot use {ours}", "it is not a directory of yours", "remove it, or name another folder by VIGIL_SHARED"
            )
        ours.chmod(PASSED_THROUGH)
        folder.mkdir(mode=0o700)
        os.chown(folder, -1, gid)
        folder.chmod(SHARED_FOLDER)
    except OSError as error:
        raise RecordingError(f"cannot share in {ours}", error.strerror or str(error), "name another folder by VIGIL_SHARED") from error
    return folder / usual.name


def list_here(shared: Path, usual: Path) -> None:
    """Have `vigil sessions` find a recording that is elsewhere, also after its session has ended."""
    usual.symlink_to(shared)


def let_read(path: Path, gid: int) -> None:
    """Let the group read this file."""
    os.chown(path, -1, gid)
    path.chmod(SHARED_FILE)


def group_of(path: Path) -> str:
    """The group that may read a recording; '' where only its owner may."""
    try:
        found = path.stat()
        return grp.getgrgid(found.st_gid).gr_name if found.st_mode & stat.S_IRGRP else ""
    except (OSError, KeyError):
        return ""
