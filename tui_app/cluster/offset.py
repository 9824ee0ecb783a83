"""How far another machine's monotonic clock is from ours: the round trip that took least bounds it best (as in RFC 5905, 10)."""

from __future__ import annotations

import time
from collections import deque
from functools import cache
from pathlib import Path
from typing import Final

KEPT: Final = 30
"""Samples, one every two seconds: within a minute two clocks of 50 ppm drift apart by 3 ms at most."""


@cache
def boot() -> str:
    """Which start of which machine this is, '' where the system does not say: processes of one boot share the monotonic clock."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def now() -> tuple[str, int]:
    """What a worker answers: its boot, and its monotonic clock in ns."""
    return boot(), time.monotonic_ns()


class Offset:
    """The other's monotonic clock minus ours."""

    def __init__(self) -> None:
        self._samples: deque[tuple[int, int]] = deque(maxlen=KEPT)
        self.same = False
        """Whether it is this very clock."""

    def add(self, sent: int, answer: tuple[str, int], received: int) -> None:
        """One exchange: our clock before and after (ns), and what `now` said there in between."""
        there, theirs = answer
        self.same = bool(there) and there == boot()
        self._samples.append((received - sent, theirs - (sent + received) // 2))

    @property
    def ns(self) -> int:
        """The best estimate, ns; 0 before the first exchange and on the same machine."""
        return 0 if self.same or not self._samples else min(self._samples)[1]

    @property
    def error_ns(self) -> int:
        """It is not further off than this, but for the drift since the sample: half of that round trip, ns."""
        return 0 if self.same or not self._samples else (min(self._samples)[0] + 1) // 2
