"""What belongs to a recording besides its rows: the files that stand beside it, how much room they take, and whether it is pinned."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from glob import escape
from pathlib import Path
from typing import Final, Protocol

from tui_app.recording.places import SHARD, SUFFIX

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
    """What there is of a recording on disk: the file, its other engines' shards, what SQLite keeps beside each, its lock, its reports."""
    real = recording.resolve()
    stem = real.name.removesuffix(SUFFIX)
    found = [*shards_beside(real), real]  # who deletes them in this order never leaves a shard that belongs to nobody
    names = [one.name + end for one in found for end in ("", "-wal", "-shm", "-journal")]
    return [path for name in (*names, f"{stem}.lock", f"{stem}-reports") if (path := real.with_name(name)).exists()]


def shards_beside(recording: Path) -> list[Path]:
    """The shards of a recording's other engines, in the order of their numbers."""
    real = recording.resolve()
    start = f"{real.name.removesuffix(SUFFIX)}."
    numbered = ((path.name.removeprefix(start).removesuffix(SHARD), path) for path in real.parent.glob(f"{escape(start)}*{SHARD}"))
    return [path for number, path in sorted((int(number), path) for number, path in numbered if number.isdecimal())]


def size_of(recording: Path) -> int:
    """Bytes of a recording and of everything beside it; 0 where it is not there."""
    total = 0
    for path in files_beside(recording):
        for one in path.rglob("*") if path.is_dir() else [path]:
            with contextlib.suppress(OSError):
                total += one.stat().st_size if one.is_file() else 0
    return total
