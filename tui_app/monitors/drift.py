"""A soak, cut into blocks of time: what each block's medians, rates, reconnects and own health were (validation methods 3.6).

It begins with a `step` of intent 'soak' and ends with it. Time on hold does not count: blocks lie in the time that the soak was
at work, and one that a hold, a fault of ours or our own slowness fell into is left out of every trend, and says so. Memory is
that of the blocks: what a block holds while it lasts is let go at its end. Pure: time is the `t` of the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from tui_app.model import ACTING_KINDS, SECOND, Row
from tui_app.monitors.blocks import UNANSWERED, Block, Down, Gathering, Holds, Lost, Recovery
from tui_app.monitors.bodies import body_of
from tui_app.monitors.deadlines import Closing, Deadline, classify, deadline
from tui_app.monitors.derived import Derived
from tui_app.monitors.lifecycle import Lifecycle
from tui_app.monitors.throttling import throttled

INTENT: Final = "soak"
IDLE: Final = frozenset({"control", "conn", "step"})
KEPT: Final = 5000
"""Lost sockets and recoveries that are kept one by one; more are only counted."""
SHOWN: Final = 60
"""Rows of errors that are kept for evidence."""


class Soak:
    """One soak so far: what judges read."""

    def __init__(self, row: Row, holds: Holds) -> None:
        body = body_of(row)
        self.check, self.seq, self.step = row.check, row.seq, int(body.get("step", 0))
        self.began, self._held = row.t, holds.at(row.t)
        self._holds = holds
        self.seconds = float(body.get("seconds", 0.0))
        self.block_s = max(float(body.get("block_s", 10.0)), 0.01)
        self.of = max(1, round(self.seconds / self.block_s))
        self.last = row.t
        self.ended = ""
        """How it ended: the outcome of its step, or '' while it goes on."""
        self.blocks: list[Block] = []
        self.lost: list[Lost] = []
        self.recoveries: list[Recovery] = []
        self.dropped = 0
        """Losses beyond those that are kept one by one."""
        self.sockets = self.asked = self.errors = self.runs = self.runs_wrong = self.refused = self.limited = 0
        self.socket_ns = 0
        self.error_rows: list[int] = []
        self.kinds: Mapping[int, str] = {}
        """What each loss was, by connection: planned, unexpected, or by its token's end."""
        self.deadline: Deadline | None = None

    def active_s(self, t: int) -> float:
        """An instant on the soak's own clock, which stands still on hold, s."""
        return (t - self.began - (self._holds.at(t) - self._held)) / SECOND

    @property
    def lasted_s(self) -> float:
        """For how long it was at work, s."""
        return max(0.0, self.active_s(self.last))

    @property
    def held_s(self) -> float:
        """For how long it was on hold, s."""
        return (self._holds.at(self.last) - self._held) / SECOND

    @property
    def measured(self) -> list[Block]:
        """The blocks that count."""
        return [block for block in self.blocks if block.measured]


class Drift:
    """Feed it every acting row in order, after `lifecycle`, with the derived rows that the row gave rise to (samples among them).

    `weigh` says after each block what drifts, as `drift` rows.
    """

    def __init__(self, lifecycle: Lifecycle, weigh: Callable[[Soak], list[Derived]] = lambda soak: []) -> None:
        self._over = lifecycle.ended_now
        self._weigh = weigh
        self.kinds: frozenset[str] = IDLE
        """Kinds of rows that it makes something of now."""
        self._holds = Holds()
        self._opened: dict[int, tuple[int, str]] = {}  # conn: since when, and whose
        self._ours: set[int] = set()
        """Open connections that the soak has used: other checks leave some of theirs open."""
        self._down: dict[str, Down] = {}
        self._now: Gathering | None = None
        self._told: dict[int, tuple[int, int]] = {}
        self.soak: Soak | None = None
        """The last soak of the session, if there was one."""

    @property
    def running(self) -> bool:
        """Whether a soak is under way."""
        return self.soak is not None and not self.soak.ended

    def feed(self, row: Row, derived: Iterable[Row]) -> list[Derived]:
        """Take one acting row; return `block` and `drift` rows where a block ended."""
        kind, soak, block = row.kind, self.soak, self._now
        out: list[Derived] = []
        if soak is not None and not soak.ended and block is not None:
            at = soak.active_s(row.t)
            if at >= block.number * soak.block_s and block.number < soak.of:
                block = self._pass(soak, block, row, at, out)
            self._take(soak, block, row, derived)
            soak.last = row.t
            ends = kind == "step" and row.type == "end" and row.check == soak.check and body_of(row).get("step") == soak.step
            if ends or (kind == "session" and row.type == "end"):
                self._finish(soak, row, str(body_of(row).get("outcome") or "stopped") if ends else "stopped", out)
        if kind == "control":
            self._holds.feed(row)
        elif kind == "conn":
            self._conn(row)
        elif kind == "step" and row.type == "begin" and not self.running and body_of(row).get("intent") == INTENT:
            self.soak = soak = Soak(row, self._holds)
            self._now = Gathering(1, row.t, row.seq)
            self.kinds = ACTING_KINDS
            self._down.clear()
            self._ours.clear()
            self._told.clear()
        return out

    # -- sockets

    def _conn(self, row: Row) -> None:
        soak = self.soak
        ours = soak is not None and not soak.ended and row.check == soak.check
        if row.type == "open":
            self._opened[row.conn] = (row.t, row.user)
        elif row.type == "welcome" and ours and soak is not None:
            self._use(soak, row)
        elif row.type == "dialing" and row.user in self._down:
            waited = body_of(row).get("waited_ms")
            self._down[row.user].waited += int(waited * 1e6) if isinstance(waited, int | float) else 0
        elif row.type == "refused" and ours and soak is not None:
            soak.refused += 1
            if throttled(body_of(row)):
                soak.limited += 1
                if row.user in self._down:
                    self._down[row.user].limited = True
        elif row.type == "closed":
            since, user = self._opened.pop(row.conn, (row.t, row.user))
            used = row.conn in self._ours
            self._ours.discard(row.conn)
            if used and soak is not None and not soak.ended:
                self._closed(soak, row, since, user)
            elif row.user in self._down and throttled(body_of(row)):
                self._down[row.user].limited = True

    def _use(self, soak: Soak, row: Row) -> None:
        if row.conn not in self._ours:
            self._ours.add(row.conn)
            soak.sockets += 1

    def _closed(self, soak: Soak, row: Row, since: int, user: str) -> None:
        body = body_of(row)
        soak.socket_ns += row.t - max(since, soak.began)
        if body.get("by") == "us":
            return
        code = body.get("code")
        closing = Closing(
            row.conn, (row.t - since) / SECOND, code if isinstance(code, int) else 0, str(body.get("by") or ""), row.t / SECOND,
            body.get("token") == "ended",
        )  # fmt: skip
        number = self._now.number if self._now is not None else 0
        if len(soak.lost) < KEPT:
            soak.lost.append(Lost(closing, user, number, row.seq, str(body.get("reason") or "")))
        else:
            soak.dropped += 1
        self._down.setdefault(user, Down(row.t, row.seq, self._holds.at(row.t), number))

    def _back(self, soak: Soak, row: Row, *, done: bool = True) -> None:
        down = self._down.pop(row.user)
        if len(soak.recoveries) < KEPT:
            soak.recoveries.append(down.over(row.user, row, self._holds.at(row.t), done=done))

    # -- blocks

    def _take(self, soak: Soak, block: Gathering, row: Row, derived: Iterable[Row]) -> None:
        kind = row.kind
        if kind == "lag":
            block.lag_ms += row.ms or 0.0
        elif kind == "control" and row.type in ("hold", "credentials"):
            block.why = "the session was on hold in it" if row.type == "hold" else "the session had lost its credentials in it"
        elif kind == "client":
            if row.type == "usage":
                block.usage(row)
            elif row.type == "slow":
                block.why = "our own recording could not keep up in it"
        elif kind == "frame" and row.check == soak.check and row.dir == "in" and "control" not in row.flag:
            self._use(soak, row)
            if row.type != "pong":
                block.events += 1
            elif row.user in self._down:
                self._back(soak, row)
        elif kind == "http" and row.check == soak.check and row.dir == "in":
            self._asked(soak, block, row, failed=row.type in UNANSWERED)
        for record in self._over:
            if record.check == soak.check and record.state != "unfinished":
                block.runs += 1
                soak.runs += 1
                soak.runs_wrong += record.state == "wrong"
                self._asked(soak, block, row, failed=record.failed or record.late)
        for one in derived:
            if one.kind == "sample" and one.check == soak.check and (not one.conn or one.conn in self._opened):
                block.sample(one)
                if one.type == "ping":
                    # One that a cut swallowed is told by its socket's end, not here.
                    self._asked(soak, block, row, failed='"late":true' in one.text)

    def _asked(self, soak: Soak, block: Gathering, row: Row, *, failed: bool) -> None:
        block.asked += 1
        soak.asked += 1
        if failed:
            block.errors += 1
            soak.errors += 1
            if len(soak.error_rows) < SHOWN:
                soak.error_rows.append(row.seq)

    def _pass(self, soak: Soak, block: Gathering, row: Row, at: float, out: list[Derived]) -> Gathering:
        """End the block under way, whose time is over; the one that is under way now. Blocks that passed without a row are not there."""
        self._end(soak, block, row, block.number * soak.block_s, out)
        self._now = now = Gathering(min(soak.of, int(at / soak.block_s) + 1), row.t, row.seq)
        return now

    def _end(self, soak: Soak, block: Gathering, row: Row, until_s: float, out: list[Derived]) -> None:
        begin_s = (block.number - 1) * soak.block_s
        soak.blocks.append(block.end(max(0.0, until_s - begin_s), (begin_s + until_s) / 2, row.seq))
        self._classify(soak, row.t)
        out.extend(one.told(soak.of) for one in soak.blocks if self._changed(one))
        out.extend(self._weigh(soak))

    def _changed(self, block: Block) -> bool:
        """Whether a block is new, or what ended its sockets is seen in another light now."""
        counts = (block.planned, block.unexpected)
        if self._told.get(block.number) == counts:
            return False
        self._told[block.number] = counts
        return True

    def _classify(self, soak: Soak, t: int) -> None:
        """What a socket's end was shows only beside the others: all of them are looked at anew."""
        oldest = max(((t - since) / SECOND for since, _ in self._opened.values()), default=0.0)
        closings = [one.closing for one in soak.lost]
        soak.deadline = deadline(closings, oldest)
        soak.kinds = classify(closings, oldest)
        blocks = {block.number: block for block in soak.blocks}
        for block in soak.blocks:
            block.planned = block.unexpected = 0
            block.recovered = []
        for one in soak.lost:
            if one.block in blocks:
                planned = soak.kinds.get(one.closing.conn) == "planned"
                blocks[one.block].planned += planned
                blocks[one.block].unexpected += soak.kinds.get(one.closing.conn) == "unexpected"
        for back in soak.recoveries:
            if back.block in blocks:
                blocks[back.block].recovered.append(back.ms)

    def _finish(self, soak: Soak, row: Row, outcome: str, out: list[Derived]) -> None:
        block = self._now
        at = soak.active_s(row.t)
        soak.socket_ns += sum(row.t - max(self._opened[conn][0], soak.began) for conn in self._ours if conn in self._opened)
        for user in list(self._down):
            down = self._down.pop(user)
            soak.recoveries.append(down.over(user, row, self._holds.at(row.t), done=False))
        soak.ended = outcome
        if block is not None:
            begin_s = (block.number - 1) * soak.block_s
            if at - begin_s < soak.block_s / 2 and not block.why:
                block.why = "it was cut short"
            self._end(soak, block, row, max(begin_s, min(at, soak.seconds)), out)
        self._now = None
        self.kinds = IDLE
