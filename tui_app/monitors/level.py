"""One level of a load ramp: what was there at once, what became of it, how fast, and what of that was the client's own."""

from __future__ import annotations

from typing import Final

import msgspec

from tui_app.model import SECOND
from tui_app.monitors.series import Series

BUSY: Final = 0.9
"""Share of a level's time that our own process may compute before its times say nothing of the target."""
STUCK: Final = 0.25
"""Share of a level's time that our own loop may be stuck (in pieces of over 5 ms)."""
STARVED: Final = 0.1
"""Share of a level's time that our process may wait for a processor."""


class Level(msgspec.Struct, kw_only=True):
    """One level of a ramp. Times in ns of the session, series in ms.

    `each`: runs that every user was to do. `sockets`: users with an open, welcomed socket at one moment, at most. `overlap`: runs
    under way at one moment, at most. `late`: runs without an end by their deadline. `errors`: REST answers of 5xx, `limits`: of 429.
    `control`: pings of the control user, `ping`: of everybody else; `lost` of either: no answer by the deadline. `own`: what the
    client itself spent: cpu_s, waited_s for a processor, `stuck` of its loop (ns), and `worst_ms`,
    the longest of these hiccups.
    """

    number: int
    of: int
    users: int
    check: str
    seq: int
    began: int
    who: frozenset[str] = frozenset()
    each: int = 0
    state: str = "climbing"
    held: int = -1
    ended: int = -1
    sockets: int = 0
    overlap: int = 0
    waiting: int = 0
    asked: int = 0
    completed: int = 0
    failed: int = 0
    throttled: int = 0
    late: int = 0
    requests: int = 0
    errors: int = 0
    limits: int = 0
    unwelcome: int = 0
    lost: int = 0
    control_lost: int = 0
    first: Series
    run: Series
    ping: Series
    control: Series
    control_run: Series
    stuck: int = 0
    worst_ms: float = 0.0
    cpu_s: float = 0.0
    waited_s: float = 0.0
    client: str = ""
    why: str = ""
    knee: bool = False
    overlap_seq: int = 0
    failures: list[int] = []
    refusals: list[int] = []
    limited: list[int] = []
    unanswered: list[int] = []
    slowest: list[int] = []
    """Pongs to the control user that took over a hundred milliseconds."""

    @property
    def seconds(self) -> float:
        """For how long its runs went on."""
        return (self.ended - self.held) / SECOND if 0 <= self.held < self.ended else 0.0

    @property
    def rate(self) -> float | None:
        """Completed runs in a second."""
        return self.completed / self.seconds if self.seconds else None

    @property
    def own_side(self) -> str:
        """Why its times say more about this client than about the target; '' where they do not."""
        whole = (self.ended - self.began) / SECOND
        if self.client:
            what = self.client
        elif not self.seconds:
            return ""
        elif self.cpu_s > BUSY * whole:
            what = f"it computed {self.cpu_s:.1f} of {whole:.1f} s"
        elif self.stuck / SECOND > STUCK * self.seconds:
            what = f"its loop was stuck for {self.stuck / SECOND:.1f} of {self.seconds:.1f} s"
        elif self.waited_s > STARVED * whole:
            what = f"it waited {self.waited_s:.1f} of {whole:.1f} s for a processor"
        else:
            return ""
        return f"the client was the bottleneck at {self.users} users: {what}"
