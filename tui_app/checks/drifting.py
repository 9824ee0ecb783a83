"""What of a soak's blocks drifts, and by how much more than it may: latencies and errors of the target, health of our own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from tui_app.monitors.blocks import WEIGHED, Block
from tui_app.monitors.derived import Derived
from tui_app.monitors.drift import Soak
from tui_app.verdict.statistics import none_of
from tui_app.verdict.trend import LEAST_POINTS, Trend, trend

HORIZON_H: Final = 2.0
"""A drift is weighed by what it comes to in two hours, the time for which the strategy wants the platform stable."""
MORE: Final = 0.20
"""A latency may rise by a fifth within that time."""
SEEN: Final = 0.05
"""Of a drift that is projected so much must have been seen: a soak of minutes is not to be judged by its first seconds."""
FLOOR: Final = 0.01
"""A rise of less than a hundredth of the series' own limit is not told from the noise of the machine that measures."""
ERRORS_MORE: Final = 1.0
"""Percentage points by which the share of failed requests may rise within two hours."""
LEAST: Final = 3
"""Values that a block's median needs."""
HARMLESS: Final = 0.05
"""A rise that certainly stays under a twentieth of the limit hurts nobody, whatever part it is of a quick answer."""
BRIEF_H: Final = 0.15
"""In less than nine minutes a machine that gets busier looks like a drift: there a twentieth of the limit must have been seen."""
BLIND: Final = {"run": 1.0, "first_event": 1.0}
BLIND_ELSE: Final = 0.5
"""Where no rise shows, that counts if one by half would have shown; of agent runs, which are few and differ in what they do, a doubling."""
UNLIMITED_MS: Final = 500.0
"""Stands for the limit of a series that has none."""
OWN: Final[Mapping[str, tuple[str, str, float]]] = {
    "rss_mb": ("own memory", "MB", 64.0), "fds": ("own files", "", 32.0), "lag_ms": ("own loop lag", "ms", 5.0),
}  # fmt: skip
"""Of our own health: its name, its unit, and by how much it may rise over the soak (memory: or by a fifth)."""


class Drifting(msgspec.Struct, frozen=True):
    """What one series' blocks say.

    limit -- per hour: what the interval's lower end has to exceed for a FAIL
    own -- it is about the client
    rows -- first and last row of the first and of the last block
    trend -- None where there are too few blocks
    """

    what: str
    unit: str
    word: str
    reason: str
    limit: float
    blocks: int
    trend: Trend | None = None
    own: bool = False
    rows: tuple[int, ...] = ()

    def told(self) -> Derived:
        """Its `drift` row."""
        seen = self.trend
        body: dict[str, Any] = {
            "what": self.what, "unit": self.unit, "blocks": self.blocks, **{
                name: None if seen is None else _plain(getattr(seen, name)) for name in ("slope", "low", "high", "detectable")
            }, "limit": _plain(self.limit), "reason": self.reason, "rows": list(self.rows), "own": self.own,
        }  # fmt: skip
        return Derived(kind="drift", type=self.word, body=body)


def weighing(limits: Mapping[str, Any]) -> Callable[[Soak], list[Derived]]:
    """For `monitors.drift.Drift`: after each block, what drifts under these limits."""
    return lambda soak: [one.told() for one in drifts(soak, limits)]


def drifts(soak: Soak, limits: Mapping[str, Any]) -> list[Drifting]:
    """What the blocks so far say of each series; nothing where fewer than five count."""
    blocks = soak.measured
    if len(blocks) < LEAST_POINTS:
        return []
    found = [_latency(name, blocks, _limit_ms(name, limits)) for name in WEIGHED]
    found.append(_errors(blocks))
    found += [_own(key, blocks) for key in OWN]
    return [one for one in found if one is not None]


def _limit_ms(name: str, limits: Mapping[str, Any]) -> float:
    known = {
        "ping": float(limits.get("ping_ms", 100.0)), "control_ping": float(limits.get("ping_ms", 100.0)),
        "first_event": float(limits.get("first_event_s", 5.0)) * 1000, "run": float(limits.get("run_s", 30.0)) * 1000,
    }  # fmt: skip
    return known.get(name, UNLIMITED_MS)


def _latency(name: str, blocks: Sequence[Block], limit_ms: float) -> Drifting | None:
    points = [(one, one.series[name][1] or 0.0) for one in blocks if name in one.series and one.series[name][0] >= LEAST]
    seen = _trend(points)
    if seen is None:
        return _too_few(name, "ms", points) if points else None
    floor = FLOOR * limit_ms
    brief = _hours(points) < BRIEF_H
    least = max(SEEN * seen.level, HARMLESS * limit_ms if brief else floor)
    blind = BLIND.get(name, BLIND_ELSE) * seen.level
    harmless = HARMLESS * limit_ms
    return _weighed(name, "ms", points, seen, may=max(MORE * seen.level, floor), least=least, harmless=harmless, blind=blind)


def _errors(blocks: Sequence[Block]) -> Drifting | None:
    points = [(one, 100.0 * one.errors / one.asked) for one in blocks if one.asked]
    seen = _trend(points)
    if seen is None:
        return _too_few("errors", "%", points) if points else None
    asked = sum(one.asked for one in blocks)
    if not any(one.errors for one in blocks):
        reason = f"errors: none of {asked} requests failed, so fewer than {none_of(asked) * 100:.2g} % do, at 95 % confidence"
        return _drifting("PASS", "errors", "%", reason, points, seen, ERRORS_MORE / HORIZON_H)
    return _weighed("errors", "%", points, seen, may=ERRORS_MORE, least=ERRORS_MORE / 2)


def _weighed(
    what: str,
    unit: str,
    points: Sequence[tuple[Block, float]],
    seen: Trend,
    *,
    may: float,
    least: float,
    harmless: float = 0,
    blind: float = 0,
) -> Drifting:
    """FAIL where even the interval's lower end is too much; PASS where even its upper end is not, or where there is no rise and one of
    some size would have shown (that size stands beside it); else more time would decide."""
    hours = _hours(points)
    text = f"{_signed(seen.slope * hours)} {unit} over {_time(hours)} ({_signed(seen.low * hours)} to {_signed(seen.high * hours)})"
    text = f"{what}: {text}, from {max(seen.level, 0.0):.3g} {unit}"
    bound = f"it may rise by {may:.3g} {unit} in {HORIZON_H:g} h"
    limit = max(may / HORIZON_H, least / hours)
    if seen.low > limit:
        return _drifting("FAIL", what, unit, f"{text}; {bound}", points, seen, limit)
    unseen = not seen.rises and seen.detectable * hours <= blind
    if unseen or seen.high * min(hours, HORIZON_H) <= max(may, harmless):
        found = f"{seen.detectable * hours:.3g} {unit} would have shown"
        return _drifting("PASS", what, unit, f"{text}; {bound}, and {found}", points, seen, limit)
    return _drifting("INCONCLUSIVE", what, unit, f"{text}, which leaves open whether it rises too much; {bound}", points, seen, limit)


def _own(key: str, blocks: Sequence[Block]) -> Drifting | None:
    """Our own health: what was really seen, never a projection, and never a FAIL."""
    what, unit, least = OWN[key]
    points = [(one, one.own[key]) for one in blocks if key in one.own]
    seen = _trend(points)
    if seen is None:
        return None
    may = max(MORE * seen.level, least) if key == "rss_mb" else least
    grown = seen.low * _hours(points)
    hours = _hours(points)
    text = f"{what}: {_signed(seen.slope * hours)} {unit} over {_time(hours)}, from {seen.level:.3g} {unit}".replace("  ", " ")
    if grown > may:
        reason = f"{text}: that is our own fault and not the target's"
        return _drifting("INCONCLUSIVE", what, unit, reason, points, seen, may / hours, own=True)
    return _drifting("PASS", what, unit, text, points, seen, may / hours, own=True)


def _drifting(
    word: str, what: str, unit: str, reason: str, points: Sequence[tuple[Block, float]], seen: Trend, limit: float, *, own: bool = False
) -> Drifting:
    first, last = points[0][0], points[-1][0]
    rows = tuple(dict.fromkeys((*first.rows, *last.rows)))
    return Drifting(what, unit, word, reason, limit, len(points), seen, own, rows)


def _too_few(what: str, unit: str, points: Sequence[tuple[Block, float]]) -> Drifting:
    reason = f"{what}: {len(points)} blocks have enough of it, {LEAST_POINTS} are needed to see a drift"
    return Drifting(what, unit, "INCONCLUSIVE", reason, math.inf, len(points))


def _trend(points: Sequence[tuple[Block, float]]) -> Trend | None:
    return trend([block.middle_s / 3600 for block, _ in points], [value for _, value in points])


def _hours(points: Sequence[tuple[Block, float]]) -> float:
    first, last = points[0][0], points[-1][0]
    return (last.middle_s + last.seconds / 2 - first.middle_s + first.seconds / 2) / 3600


def _time(hours: float) -> str:
    return f"{hours:.3g} h" if hours >= 1.5 else f"{hours * 60:.3g} min" if hours >= 0.025 else f"{hours * 3600:.3g} s"


def _signed(value: float) -> str:
    return f"{value:+.3g}" if math.isfinite(value) else ("anything" if value > 0 else "any fall")


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None
