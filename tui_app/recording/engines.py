"""What a viewer knows of the other engines of a session: from rows of the kind `engine`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tui_app.model import SECOND, Row


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
    seq: int = 0


def fold_engine(engines: dict[int, EngineView], joins: Callable[[str], object], row: Row, body: Mapping[str, Any]) -> None:
    """Take one such row. `joins` is told of each user that signed in elsewhere."""
    number = body.get("engine")
    if not isinstance(number, int):
        return
    if row.type == "join":
        engines[number] = EngineView(number, str(body.get("where") or ""), str(body.get("text") or ""), t=row.t, seq=row.seq)
        return
    view = engines.get(number)
    if view is None:
        return
    if row.type in ("delta", "end"):
        sums = body.get("sums")
        counts = sums if isinstance(sums, dict) else {}
        view.rows, view.received, view.runs = (int(counts.get(name, 0)) for name in ("rows", "received", "runs"))
        view.t = row.t
        for user in body.get("joined") or ():
            joins(str(user[0]))
    if row.type == "end":
        view.state, view.seq = "ended", row.seq
    elif row.type == "lost":
        view.state, view.why, view.seq = "lost", str(body.get("why") or ""), row.seq


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
