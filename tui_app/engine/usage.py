"""Our own health, every ten seconds: processor time, memory, open files, tasks, and how late the loop woke (rows `client`, `usage`)."""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

EVERY_S: Final = 10.0
KEPT: Final = 8192
"""Wakings between two rows that are kept: more than ten seconds of them."""
_PAGES = Path("/proc/self/statm")
_FILES = Path("/proc/self/fd")


class Usage:
    """Collects how late the loop woke (`late`) and tells what this process uses (`told`)."""

    def __init__(self) -> None:
        self._late: array[float] = array("d")

    def late(self, ms: float) -> None:
        """The loop woke so many ms late: 0 and a little, where all is well."""
        if len(self._late) < KEPT:
            self._late.append(ms)

    def told(self) -> dict[str, Any]:
        """The body of a `usage` row: cpu_s so far, rss_mb, fds (None where the system does not tell), tasks, lag_p99_ms."""
        late = sorted(self._late)
        self._late = array("d")
        own = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "cpu_s": round(own.ru_utime + own.ru_stime, 3),
            "rss_mb": round(rss_mb(own.ru_maxrss), 2),
            "fds": files(),
            "tasks": len(asyncio.all_tasks()),
            "lag_p99_ms": round(late[int(0.99 * (len(late) - 1))], 3) if late else None,
        }


def rss_mb(most: int) -> float:
    """Resident memory, MB; the most there ever was (`most`, of getrusage) where the system does not tell what it is now."""
    try:
        return int(_PAGES.read_text().split()[1]) * resource.getpagesize() / 1e6
    except (OSError, IndexError, ValueError):
        return most / 1e6 if sys.platform == "darwin" else most / 1e3


def files() -> int | None:
    """How many files are open, None where the system does not tell."""
    try:
        return sum(1 for _ in _FILES.iterdir())
    except OSError:
        return None


async def watch_usage(usage: Usage, tell: Callable[[dict[str, Any]], object], every_s: float = EVERY_S) -> None:
    """Tell what is used every so many seconds, from now on."""
    due = time.monotonic()
    while True:
        due += every_s
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        tell(usage.told())
