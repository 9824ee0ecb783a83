"""Files that hold secrets: 0600 in a 0700 directory, ours alone, replaced in one piece; anything wider is refused with the fix."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path


class PrivateFileError(ValueError):
    """A file of secrets that cannot be trusted or read; the text says which, why, and what to do."""


def private_directory(path: Path) -> Path:
    """Make a directory for us alone (0700), or check that it is. Raises PrivateFileError."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.stat()
    except OSError as error:
        raise PrivateFileError(f"{path} cannot be made or read ({error.strerror}). Make it a directory of yours.") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise PrivateFileError(
            f"{path} is not a directory of yours, and secrets are kept there. Choose another place, or correct its owner."
        )
    if found.st_mode & 0o077:
        raise PrivateFileError(f"{path} is open to others (mode {_mode(found)}), and secrets are kept there. Run: chmod 700 {path}")
    return path


def read_private(path: Path, limit: int = 1024 * 1024) -> str:
    """The text of a file that only we may read. Raises PrivateFileError, and FileNotFoundError where there is none.

    The permissions are those of the file that was opened, not of a name that may be swapped in between.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise PrivateFileError(f"{path} cannot be opened ({error.strerror}). Name a file that you may read.") from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise PrivateFileError(f"{path} is not a regular file. Name the file that holds the accounts.")
        if found.st_uid != os.geteuid():
            raise PrivateFileError(f"{path} belongs to somebody else, who can read the passwords in it. Copy it to a file of your own.")
        if found.st_mode & 0o077:
            raise PrivateFileError(f"{path} holds passwords and is open to others (mode {_mode(found)}). Run: chmod 600 {path}")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            raw = file.read(limit + 1)
    finally:
        os.close(descriptor)
    if len(raw) > limit:
        raise PrivateFileError(f"{path} is larger than {limit // 1024} KiB, which no accounts file is. Name the right file.")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PrivateFileError(f"{path} is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None


def replace_private(path: Path, text: str) -> None:
    """Write a file of ours (0600) in one piece: whoever reads it sees the old text or the new one, also after a crash. Raises OSError."""
    replace(path, text, mode=0o600)


def replace(path: Path, text: str, *, mode: int = 0o666) -> None:
    """Write a file in one piece, with this mode as far as the umask lets it. Raises OSError."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _mode(found: os.stat_result) -> str:
    return f"{stat.S_IMODE(found.st_mode):04o}"
