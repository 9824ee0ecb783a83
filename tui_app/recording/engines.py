"""What a viewer knows of the other engines of a session: from rows of the kind `engine`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tui_app.model import SECOND, Row
from tui_app.recording.kept import count, real


@dataclass(slots=True)
class EngineView:
    """One other engine. `state`: up | lost | ended; counts are those of its last word, at `t` (ns of the session)."""

    engine: int
    where: str
    users: str
    """Its users in words, such as u6-u10."""
    state: str = "up"
    why: str = ""
    rows: int = 0
    received: int = 0
    runs: int = 0
    t: int = 0
    """When it was last heard of."""
    seq: int = 0
    pid: int = 0
    recording: str = ""
    """Where it keeps its frames, as it says itself."""
    told: int = 0
    """Number of its last message: the lead takes none that does not follow the one before."""
    rate: float | None = None
    """Frames received a second, over the last second or more; None before that."""
    lag_ms: float | None = None
    """By how much its loop was late at most, of what it last told."""
    cpu: float | None = None
    """Share of a core between its last two words of it, 1 is one core."""
    rss_mb: float | None = None
    planned: tuple[int, int] = (0, 0)
    """Of the lead: (users, engines) of the plan."""
    _counted: tuple[int, int] = (0, 0)
    _cpu: tuple[int, float] | None = None

    def used(self, t: int, body: Mapping[str, Any]) -> None:
        """What it uses, as a row of usage tells it at `t` ns."""
        seconds, self.rss_mb = real(body.get("cpu_s")), real(body.get("rss_mb"))
        self.lag_ms = real(body.get("lag_p99_ms"))
        if seconds is not None:
            if self._cpu is not None and t > self._cpu[0]:
                self.cpu = max(seconds - self._cpu[1], 0.0) * SECOND / (t - self._cpu[0])
            self._cpu = (t, seconds)

    def counted(self, t: int, body: Mapping[str, Any]) -> None:
        """Its sums so far, told at `t` ns."""
        sums = body.get("sums")
        counts = sums if isinstance(sums, dict) else {}
        self.rows, self.received, self.runs = (count(counts, name) for name in ("rows", "received", "runs"))
        self.t, self.told = t, count(body, "n") or self.told
        since, before = self._counted
        if t - since >= SECOND:
            self.rate = (self.received - before) * SECOND / (t - since) if since else None
            self._counted = (t, self.received)
        if isinstance(usage := body.get("usage"), dict):
            self.used(t, usage)
        self.lag_ms = real(body.get("lag_ms")) or 0.0  # left out where its loop was never late


def fold_engine(engines: dict[int, EngineView], joins: Callable[[str], object], row: Row, body: Mapping[str, Any]) -> None:
    """Take one such row. `joins` is told of each user that signed in elsewhere."""
    number = body.get("engine")
    if not isinstance(number, int):
        return
    if row.type == "join" or (row.type == "lost" and number not in engines):  # an engine may be lost before it joins
        where, users, recording = (str(body.get(name) or "") for name in ("where", "text", "recording"))
        engines[number] = EngineView(number, where, users, t=row.t, seq=row.seq, pid=count(body, "pid"), recording=recording)
    view = engines.get(number)
    if view is None:
        return
    if row.type in ("delta", "end"):
        view.counted(row.t, body)
        for user in body.get("joined") or ():
            joins(str(user[0]))
    if row.type == "end":
        view.state, view.seq, view.rate = "ended", row.seq, None
    elif row.type == "lost":
        view.state, view.why, view.seq, view.rate = "lost", str(body.get("why") or ""), row.seq, None


def engines_sentence(engines: Mapping[int, EngineView], t: int) -> tuple[str, bool]:
    """The engines in one line, and whether one is lost; '' where there is only one. `t`: the session's time, ns."""
    if not engines:
        return "", False
    views = [view for _, view in sorted(engines.items())]
    lost = [view for view in views if view.state == "lost"]
    up = [view for view in views if view.state == "up"]
    head = f"{len(views) + 1} engines"
    if lost:
        names = ", ".join(f"{view.engine} with {view.users}" for view in lost[:3])
        more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
        return f"{head}: engine {names}{more} lost ({lost[0].why}): those users are INCONCLUSIVE", True
    if not up:
        return f"{head}: {', '.join(_count(view) for view in views[:4])}; all told everything", False
    oldest = max((t - view.t) / SECOND for view in up)
    late = f"; heard of all within {oldest:.1f} s" if oldest >= 1 else ""
    return f"{head}: {', '.join(_count(view) for view in views[:4])}{' ...' if len(views) > 4 else ''}{late}", False


def _count(view: EngineView) -> str:
    return f"engine {view.engine} ({view.users}) {view.received:,} frames"
