"""What belongs to a recording besides its rows: the files that stand beside it, how much room they take, and whether it is pinned."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Protocol

from tui_app.recording.places import SUFFIX

PIN: Final = "pin"
"""Kind of the annotation that says whether a session is kept whatever retention says; the last one counts."""
KEPT: Final = "kept"
LET_GO: Final = "let go"


class _Remark(Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def text(self) -> str: ...


def is_pinned(remarks: Iterable[_Remark]) -> bool:
    """Whether the last word of a recording's annotations on it is that it is kept."""
    said = [remark.text for remark in remarks if remark.kind == PIN]
    return bool(said) and said[-1] != LET_GO


def files_beside(recording: Path) -> list[Path]:
    """What there is of a recording on disk: the file, what SQLite keeps beside it, its lock, its reports' folder."""
    real = recording.resolve()
    stem = real.name.removesuffix(SUFFIX)
    names = [real.name, *(real.name + end for end in ("-wal", "-shm", "-journal")), f"{stem}.lock", f"{stem}-reports"]
    return [path for name in names if (path := real.with_name(name)).exists()]


def size_of(recording: Path) -> int:
    """Bytes of a recording and of everything beside it; 0 where it is not there."""
    total = 0
    for path in files_beside(recording):
        for one in path.rglob("*") if path.is_dir() else [path]:
            with contextlib.suppress(OSError):
                total += one.stat().st_size if one.is_file() else 0
    return total
