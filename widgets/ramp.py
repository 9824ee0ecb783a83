"""A load ramp: its levels as a table, users and runs against time as steps, and latency from p50 to p95 as a band per level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from widgets.glyphs import glyphs
from widgets.lines import Line, Span, clip, fit
from widgets.series import milliseconds

Pair = tuple[float | None, float | None]
"""p50 and p95, ms."""
Kind = Literal["run", "first", "ping"]


@dataclass(frozen=True, slots=True)
class LevelRow:
    """A level of a ramp. Latencies in ms, None where too little was measured; times in seconds since the session began."""

    users: int
    state: str
    """climbing, holding, done or stopped."""
    sockets: int = 0
    overlap: int = 0
    """The most runs that were under way at one moment."""
    asked: int = 0
    completed: int = 0
    failed: int = 0
    throttled: int = 0
    late: int = 0
    first: Pair = (None, None)
    run: Pair = (None, None)
    ping: float | None = None
    control: float | None = None
    """Ping p95 of the control user."""
    baseline: float | None = None
    """The same at the first level."""
    began: float = 0.0
    ended: float | None = None
    knee: bool = False
    why: str = ""

    @property
    def share(self) -> float | None:
        """Of the runs asked for, how many were completed: 0 to 1."""
        return self.completed / self.asked if self.asked else None

    @property
    def under_way(self) -> bool:
        """Whether it goes on."""
        return self.state in ("climbing", "holding")

    def band(self, kind: Kind) -> Pair:
        """The band of one kind; pings have no more than their p95, the control user's as its lower end."""
        return self.run if kind == "run" else self.first if kind == "first" else (self.control, self.ping)


HIGHEST: Final = 4
"""Lines that a band takes at most, the gap under it among them."""
ENOUGH: Final = 0.95
"""Completion under which the strategy's criterion fails."""
STATES: Final = {"climbing": "climbing", "holding": "under way", "done": "done", "stopped": "stopped"}
COLUMNS: Final = (
    ("users", "users", 6, 5), ("sockets", "open", 8, 5), ("overlap", "at once", 8, 5), ("done", "done", 9, 8), ("share", "%", 5, 5),
    ("f50", "p50", 7, 6), ("f95", "p95", 7, 6), ("r50", "p50", 7, 7), ("r95", "p95", 7, 7),
    ("ping", "all", 7, 5), ("control", "control", 9, 6), ("throttled", "throt", 7, 6), ("failed", "fail", 6, 5),
)  # fmt: skip
"""Key, header, cells where there is room, cells where there is little."""
GROUPS: Final = (
    ("", ("users",)), ("sock", ("sockets",)), ("runs", ("overlap",)), ("runs", ("done", "share")), ("first event", ("f50", "f95")),
    ("whole run", ("r50", "r95")), ("ping p95", ("ping", "control")), ("not done", ("throttled", "failed")),
)  # fmt: skip
"""The line over the header: what a pair of columns is about."""
TIGHT_HEADS: Final = {"overlap": "once", "control": "ctrl"}
ROOMY: Final = 2 + sum(size for *_, size, _ in COLUMNS)


def level_mark(row: LevelRow) -> Span:
    """What a level is, as a glyph; the words are beside it or in the line of the level under the cursor."""
    glyph = glyphs()
    if row.state == "stopped":
        return glyph.failed, "bad"
    if row.knee:
        return glyph.knee, "warn"
    return (glyph.running, "accent") if row.under_way else (glyph.seen, "dim")


def level_lines(rows: Sequence[LevelRow], width: int) -> list[Line]:
    """Two lines of header, and a row per level; latencies in ms. With room, a level's state and the reason of it in words."""
    roomy = width >= ROOMY
    sizes = {key: size if roomy else tight for key, _, size, tight in COLUMNS}
    over: list[Span] = [("  ", "dim")]
    over += [(fit(text, sum(sizes[key] for key in keys), "right"), "dim") for text, keys in GROUPS]
    head: list[Span] = [("  ", "dim")]
    head += [(fit(text if roomy else TIGHT_HEADS.get(key, text), sizes[key], "right"), "dim") for key, text, *_ in COLUMNS]
    lines: list[Line] = [clip(tuple(over), width), clip(tuple(head), width)]
    for row in rows:
        share = row.share
        texts = {
            "users": f"{row.users:,}", "sockets": f"{row.sockets:,}", "overlap": f"{row.overlap:,}", "done": f"{row.completed}/{row.asked}",
            "share": "-" if share is None else f"{int(share * 100)}", "f50": milliseconds(row.first[0]), "f95": milliseconds(row.first[1]),
            "r50": milliseconds(row.run[0]), "r95": milliseconds(row.run[1]), "ping": milliseconds(row.ping),
            "control": milliseconds(row.control), "throttled": f"{row.throttled:,}", "failed": f"{row.failed:,}",
        }  # fmt: skip
        tones = {
            "users": "strong", "share": "bad" if share is not None and share < ENOUGH and not row.under_way else "plain",
            "throttled": "warn" if row.throttled else "dim", "failed": "bad" if row.failed else "dim",
        }  # fmt: skip
        mark, tone = level_mark(row)
        spans: list[Span] = [(f"{mark} ", tone)]
        spans += [(fit(texts[key], size, "right"), tones.get(key, "dim" if texts[key] == "-" else "plain")) for key, size in sizes.items()]
        if roomy:
            word = STATES.get(row.state, row.state) + (", the knee" if row.knee else "")
            spans.append((f"  {word}" + (f": {row.why}" if row.why else ""), tone if row.why or row.knee else "dim"))
        lines.append(clip(tuple(spans), width))
    return lines


def clock(seconds: float) -> str:
    """Seconds since the session began as mm:ss, h:mm:ss from an hour on."""
    whole = max(int(seconds), 0)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60:02d}:{rest % 60:02d}"


def step_lines(rows: Sequence[LevelRow], now: float, width: int, height: int) -> list[Line]:
    """Users against time in steps (light), and how many runs were under way at once in each (full); the last line is the time."""
    room, rise = width - 5, height - 1
    if not rows or room < 8 or rise < 2:
        return [clip((("too little room for a picture", "dim"),), width)] if rows else []
    glyph = glyphs()
    start, end = rows[0].began, max(now if rows[-1].under_way else 0.0, *(row.ended or row.began for row in rows), rows[0].began + 1)
    top = max(row.users for row in rows)
    columns = []
    for index in range(room):
        at = start + (end - start) * (index + 0.5) / room
        columns.append([row for row in rows if row.began <= at][-1])
    lines: list[Line] = []
    for y in range(rise, 0, -1):
        label = f"{top:>4} " if y == rise else "     "
        spans: list[Span] = [(label, "dim")]
        for row in columns:
            users, part = max(round(row.users / top * rise), 1), row.overlap / top * rise - (y - 1)
            step = glyph.bars[max(min(int(part * len(glyph.bars)), len(glyph.bars) - 1), 0)]
            shade = (glyph.clean, "warn" if row.knee else "dim")
            cell = (step, "spark") if part > 0 else shade if y <= users and row.overlap < row.users else (" ", "plain")
            if spans[-1][1] == cell[1] and len(spans) > 1:
                spans[-1] = (spans[-1][0] + cell[0], cell[1])
            else:
                spans.append(cell)
        lines.append(tuple(spans))
    last = clock(end)
    lines.append((("     " + fit(clock(start), room - len(last)) + last, "dim"),))
    return lines


def band_top(rows: Sequence[LevelRow], kind: Kind) -> float:
    """The end of the bands' scale, ms; 0 where nothing is known."""
    return max((row.band(kind)[1] or 0.0 for row in rows), default=0.0)


def band_lines(rows: Sequence[LevelRow], kind: Kind, width: int, height: int) -> list[Line]:
    """Per level a bar from its p50 to its p95, all on one scale from zero to `band_top`."""
    shown = [row for row in rows if row.band(kind)[1] is not None][-max(height, 1) :]
    if not shown:
        return [clip((("too few samples at any level yet", "dim"),), width)]
    glyph = glyphs()
    room = max(width - 8, 4)
    top = band_top(shown, kind) or 1.0
    each = max(min(height // len(shown), HIGHEST), 1)
    lines: list[Line] = []
    for row in shown:
        low, high = row.band(kind)
        high = high or 0.0
        low = high if low is None else min(low, high)
        first = min(int(low / top * room), room - 1)
        last = max(min(round(high / top * room), room), first + 1)
        tone = "warn" if row.knee else "bad" if row.state == "stopped" else "spark"
        mark = level_mark(row)
        bar: Line = ((" " * first, "dim"), (glyph.own * (last - first), tone))
        lines.append(((f"{row.users:>5} ", "plain"), (f"{mark[0]} ", mark[1]), *bar))
        lines += [((" " * 8, "dim"), *bar)] * (each - 2)
        lines += [()] * (each > 1)
    return [clip(line, width) for line in lines]
