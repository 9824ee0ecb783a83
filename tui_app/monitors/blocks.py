"""What a soak consists of: blocks of time with their medians and rates, sockets that were lost, and how users came back."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from tui_app.model import SECOND, Row
from tui_app.monitors.bodies import body_of
from tui_app.monitors.deadlines import Closing
from tui_app.monitors.derived import Derived
from tui_app.monitors.series import Series

SHOWN: Final = 40
"""Recoveries of one block that are told one by one."""
OWN_LAG: Final = 0.25
"""A block in which our own loop was stuck for more than this share of the time says nothing of the target."""
TAINTED: Final = 0.5
"""Nor does one where more than this share of the samples overlap such a hiccup. Fewer are left out of its medians, one by one."""
WEIGHED: Final = ("ping", "control_ping", "first_event", "run", "http")
"""Latency series that are looked at for a drift; the others are told with their block."""
UNANSWERED: Final = frozenset({"0", "500", "502", "503", "504"})
HEALTH: Final = {"rss_mb": "rss_mb", "fds": "fds", "lag_p99_ms": "lag_ms"}
"""What a block tells of our own health, by its name in a `usage` row."""


class Lost(msgspec.Struct, frozen=True):
    """A socket of the soak that ended otherwise than by us: whose, in which block, how, and the row that says so."""

    closing: Closing
    user: str
    block: int
    seq: int
    reason: str = ""


class Recovery(msgspec.Struct, frozen=True):
    """From a socket's end to the first answer on the next one, ms, without what our own pace and holds kept back.

    `limited`: the target told us to come later, so that this measures its limit and not its recovery. `done`: False where the
    soak ended first, and `ms` is how long it had been by then. `end`: ns of the session.
    """

    user: str
    ms: float
    rows: tuple[int, int]
    block: int
    end: int
    limited: bool = False
    done: bool = True


class Block(msgspec.Struct):
    """One block. `began`: ns of the session; `middle_s`: its middle on the soak's own clock; `series`: name to (n, median, p95) in ms;
    `rates`: how many a minute; `rows`: the first and last row in it; `why`: why it is left out, '' where it counts."""

    number: int
    began: int
    middle_s: float
    seconds: float
    rows: tuple[int, int]
    series: dict[str, tuple[int, float | None, float | None]] = {}
    rates: dict[str, float] = {}
    asked: int = 0
    errors: int = 0
    own: dict[str, float] = {}
    why: str = ""
    planned: int = 0
    unexpected: int = 0
    recovered: list[float] = []

    @property
    def measured(self) -> bool:
        """Whether it counts."""
        return not self.why

    def told(self, of: int) -> Derived:
        """Its `block` row."""
        body: dict[str, Any] = {
            "number": self.number, "of": of, "began": self.began, "seconds": round(self.seconds, 3),
            "series": {name: {"n": n, "median": _round(p50), "p95": _round(p95)} for name, (n, p50, p95) in self.series.items()},
            "rates": {name: _round(rate) for name, rate in self.rates.items()},
            "planned": self.planned, "unexpected": self.unexpected,
            "recovered_ms": [_round(ms) for ms in self.recovered[:SHOWN]],
            "own": {name: _round(value) for name, value in self.own.items()},
            "rows": list(self.rows), "why": self.why,
        }  # fmt: skip
        return Derived(kind="block", type="measured" if self.measured else "excluded", body=body)


class Gathering:
    """The block under way: what it holds until its end. `why`: what happened in it that leaves it out."""

    def __init__(self, number: int, began: int, seq: int) -> None:
        self.number, self.began, self.first = number, began, seq
        self.series: dict[str, Series] = {}
        self.events = self.asked = self.errors = self.runs = self.tainted = self.samples = 0
        self.lag_ms = 0.0
        self.own: dict[str, float] = {}
        self.why = ""

    def sample(self, row: Row) -> None:
        """A latency sample that was settled in this block."""
        name, tainted = row.type, "tainted" in row.flag
        if name in WEIGHED:
            self.samples += 1
            self.tainted += tainted
        if tainted:
            return
        series = self.series.get(name)
        if series is None:
            series = self.series[name] = Series(name)
        series.add(row.ms or 0.0)

    def usage(self, row: Row) -> None:
        """Our own health: of memory the least, because it comes and goes in teeth; of the rest the most."""
        body = body_of(row)
        for key, name in HEALTH.items():
            value = body.get(key)
            if isinstance(value, int | float):
                pick = min if name == "rss_mb" else max
                self.own[name] = pick(self.own.get(name, float(value)), float(value))

    def end(self, seconds: float, middle_s: float, seq: int) -> Block:
        """The block, once its time is over."""
        if not self.why and self.lag_ms > OWN_LAG * seconds * 1000:
            self.why = f"our own loop was stuck for {self.lag_ms:.0f} ms of it"
        elif not self.why and self.tainted > TAINTED * self.samples:
            self.why = f"{self.tainted} of {self.samples} samples overlap hiccups of our own"
        elif not self.why and not self.samples:
            self.why = "nothing was measured in it"
        minutes = max(seconds, 0.001) / 60
        found = {name: (one.n, one.quantile(0.5), one.shown(0.95)) for name, one in self.series.items()}
        rates = {"events": self.events / minutes, "errors": self.errors / minutes, "runs": self.runs / minutes}
        return Block(
            number=self.number, began=self.began, middle_s=middle_s, seconds=seconds, rows=(self.first, seq), series=found,
            rates=rates, asked=self.asked, errors=self.errors, own=dict(self.own), why=self.why,
        )  # fmt: skip


class Down(msgspec.Struct):
    """A user without a socket: since when (ns, and on hold so far), and for how long our own pace kept the next dial back (ns)."""

    since: int
    seq: int
    held: int
    block: int
    waited: int = 0
    limited: bool = False

    def over(self, user: str, row: Row, held: int, *, done: bool = True) -> Recovery:
        """The recovery, by this row."""
        took = row.t - self.since - (held - self.held) - self.waited
        return Recovery(user, max(0.0, took / 1e6), (self.seq, row.seq), self.block, row.t, self.limited, done)


class Holds:
    """For how long the session was on hold, ns, from its `control` rows."""

    def __init__(self) -> None:
        self.total = 0
        self.since = -1

    def feed(self, row: Row) -> None:
        """Take a row of kind `control`."""
        if row.type in ("hold", "credentials") and self.since < 0:
            self.since = row.t
        elif row.type in ("resume", "stop") and self.since >= 0:
            self.total += row.t - self.since
            self.since = -1

    def at(self, t: int) -> int:
        """On hold until this instant, ns."""
        return self.total + (max(0, t - self.since) if self.since >= 0 else 0)


def seconds(ns: int) -> float:
    """Nanoseconds as seconds."""
    return ns / SECOND


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
