"""The lines that take a file off this host: printed and shown, never run."""

from __future__ import annotations

import getpass
import shlex
import socket
from pathlib import Path


def copy_line(target: Path) -> str:
    """What to type where the file is wanted."""
    return f"scp {shlex.quote(f'{getpass.getuser()}@{socket.gethostname()}:{target}')} ."


def verify_line(target: Path, digest: str) -> str:
    """What to type there to see that it is whole, and the one that was made here."""
    return f"vigil verify {shlex.quote(target.name)} --digest {digest}"
