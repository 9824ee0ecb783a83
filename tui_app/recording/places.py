"""Where sessions live: recordings under the state directory, sockets in the runtime directory, both for the user alone."""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from pathlib import Path
from typing import Final

import msgspec
import platformdirs

from tui_app.recording.errors import RecordingError
from tui_app.recording.writer import make_private_dir

SUFFIX: Final = ".vigil"
SHARD: Final = ".shard"
"""End of the name of another engine's recording, which stands beside that of the lead."""
SOCKET_PATH_MAX: Final = 100
"""Bytes; the system's own limit for a Unix socket's path is 104 to 108."""


class Paths(msgspec.Struct, frozen=True):
    """The files of one session."""

    recording: Path
    lock: Path
    control: Path


def new_session() -> str:
    """A new session's id: 12 lower-case hex digits."""
    return secrets.token_hex(6)


def state_dir() -> Path:
    """Vigil's state directory (`$XDG_STATE_HOME/vigil`), made with mode 0700 where it is missing."""
    return _private(Path(platformdirs.user_state_dir("vigil", appauthor=False)))


def sessions_dir() -> Path:
    """Where recordings and their lock files are."""
    return _private(state_dir() / "sessions")


def runtime_dir() -> Path:
    """Where control sockets are: `$XDG_RUNTIME_DIR/vigil`, or a directory of our own in the system's temporary folder."""
    named = os.environ.get("XDG_RUNTIME_DIR")
    base = Path(named) if named else Path(f"/run/user/{os.getuid()}")
    if base.is_dir() and os.access(base, os.W_OK | os.X_OK):
        return _private(base / "vigil")
    return _temporary_dir()


def new_paths(session: str) -> Paths:
    """The paths of a session; the socket's is short enough to be bound. Raises RecordingError where none can be."""
    home = sessions_dir()
    control = runtime_dir() / f"{session}.sock"
    if len(os.fsencode(control)) > SOCKET_PATH_MAX:
        control = _temporary_dir() / f"{session}.sock"
    if len(os.fsencode(control)) > SOCKET_PATH_MAX:
        raise RecordingError(
            "no place for the control socket", f"{control} is longer than {SOCKET_PATH_MAX} bytes", "set XDG_RUNTIME_DIR to a short path"
        )
    return Paths(home / f"{session}{SUFFIX}", home / f"{session}.lock", control)


def _temporary_dir() -> Path:
    # The name can be guessed by others on this machine, so _private looks at who owns what is there.
    return _private(Path(tempfile.gettempdir()) / f"vigil-{os.getuid()}")


def _private(path: Path) -> Path:
    try:
        make_private_dir(path)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise RecordingError(
                f"cannot use {path}", "it is not a directory of yours", "remove it, or set XDG_RUNTIME_DIR and XDG_STATE_HOME"
            )
        if found.st_mode & 0o077:
            path.chmod(0o700)
    except OSError as error:
        raise RecordingError(
            f"cannot use {path}", error.strerror or str(error), "set XDG_STATE_HOME to a folder that you can write to"
        ) from error
    return path
