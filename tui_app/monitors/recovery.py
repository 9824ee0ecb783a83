"""Recovery, part by part, from rows alone: what is our own detection, what the platform's, each a series of its own.

    recovery_detect      the fault's start -> we notice (ours: our pings find a dead link out)
    recovery_reconnect   the first dial -> the welcome (with every try that was turned away)
    recovery_auth        who we are, asked anew over REST, or a token renewed
    recovery_first       the new request -> the first right event of its run
    recovery             the fault's END -> that event: what criterion P5 limits
    recovery_whole       the fault's START -> that event: what the user lived through
    recovery_catch_up    the welcome -> all that was missed is there, or is known not to come

Steps: `fault` ends with {fault_at, fault_end, noticed_at}, `recover` begins with {fault_at, fault_end} (the latter may be left out: a
fault of no duration) and ends with {request}, `catch-up` ends with {welcomed_at, caught_up_at}; all in ns of the session.
What a dial waited for our own pace is taken off everywhere: it is no time of the platform's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from tui_app.model import Row
from tui_app.monitors.bodies import body_of
from tui_app.monitors.lifecycle import Lifecycle
from tui_app.monitors.samples import Add
from tui_app.monitors.throttling import throttled

SERIES: Final = (
    "recovery", "recovery_detect", "recovery_reconnect", "recovery_auth", "recovery_first", "recovery_whole", "recovery_catch_up",
)  # fmt: skip


class _Open(msgspec.Struct):
    """A recovery under way."""

    begin: Row
    fault_at: int
    fault_end: int
    held: int = 0
    held_first: int = 0
    limited: bool = False
    dialled: Row | None = None
    welcome: Row | None = None
    auth: Row | None = None


class Recovery:
    """Feed it `conn`, `http` and `step` rows in order, after `lifecycle`."""

    def __init__(self, lifecycle: Lifecycle, add: Add) -> None:
        self._lifecycle = lifecycle
        self._add = add
        self._open: dict[int, _Open] = {}
        self._faults: dict[int, Row] = {}
        self._catching: dict[int, Row] = {}

    def feed(self, row: Row) -> None:
        """Take one acting row."""
        kind = row.kind
        if kind == "step":
            self._step(row)
        elif self._open and kind == "conn":
            self._connecting(row)
        elif self._open and kind == "http" and row.dir == "in":
            self._asked(row)

    def _step(self, row: Row) -> None:
        body = body_of(row)
        number = body.get("step")
        if not isinstance(number, int):
            return
        if row.type == "begin":
            intent = body.get("intent")
            if intent == "recover":
                at = _ns(body, "fault_at", row.t)
                self._open[number] = _Open(row, at, _ns(body, "fault_end", at))
            elif intent == "fault":
                self._faults[number] = row
            elif intent == "catch-up":
                self._catching[number] = row
        elif number in self._open:
            self._recovered(self._open.pop(number), row, body)
        elif number in self._faults:
            self._span("recovery_detect", self._faults.pop(number), row, body, "fault_at", "noticed_at")
        elif number in self._catching:
            self._span("recovery_catch_up", self._catching.pop(number), row, body, "welcomed_at", "caught_up_at")

    def _span(self, name: str, begin: Row, row: Row, body: Mapping[str, object], since: str, until: str) -> None:
        start, end = body.get(since), body.get(until)
        if isinstance(start, int) and isinstance(end, int):
            self._add(name, (end - start) / 1e6, end, begin, (begin.seq, row.seq))

    def _connecting(self, row: Row) -> None:
        if row.type not in ("dialing", "welcome", "closed", "refused"):
            return
        body = body_of(row)
        waited = body.get("waited_ms")
        limited = row.type != "dialing" and throttled(body)
        for recovery in self._open.values():
            if (recovery.begin.check, recovery.begin.user) != (row.check, row.user):
                continue
            if isinstance(waited, (int, float)):
                recovery.held += int(waited * 1e6)
            recovery.limited |= limited
            if row.type == "dialing" and recovery.dialled is None:
                recovery.dialled = row
                recovery.held_first = recovery.held
            elif row.type == "welcome" and recovery.welcome is None:
                recovery.welcome = row

    def _asked(self, row: Row) -> None:
        """The first identity that was asked for, or token that was renewed, meanwhile."""
        for recovery in self._open.values():
            if recovery.auth is None and (recovery.begin.check, recovery.begin.user) == (row.check, row.user) and row.type == "200":
                service, path = body_of(row).get("service"), str(body_of(row).get("path") or "")
                if service == "auth" or path.startswith("/auth/"):
                    recovery.auth = row

    def _recovered(self, one: _Open, row: Row, body: Mapping[str, object]) -> None:
        if one.limited or body.get("held_ns"):
            return  # that measures a limit on connects, or how long the operator held the session
        begin = one.begin
        fault_at = _ns(body, "fault_at", one.fault_at) + one.held
        fault_end = _ns(body, "fault_end", max(one.fault_end, _ns(body, "fault_at", one.fault_end))) + one.held
        run = self._lifecycle.run_of(str(body.get("request") or ""))
        if one.dialled is not None and one.welcome is not None:
            took = (one.welcome.t - one.dialled.t - max(one.held - one.held_first, 0)) / 1e6
            self._add("recovery_reconnect", took, one.welcome.t, one.welcome, (one.dialled.seq, one.welcome.seq))
        if one.auth is not None and one.auth.ms is not None:
            self._add("recovery_auth", one.auth.ms, one.auth.t, one.auth, (one.auth.seq, one.auth.seq))
        if run is not None and run.began_right:
            refs = (begin.seq, run.first_seq)
            if run.first_ms is not None:
                self._add("recovery_first", run.first_ms, run.t_first, begin, (run.seq, run.first_seq))
            self._add("recovery_whole", (run.t_first - fault_at) / 1e6, run.t_first, begin, refs)
            self._add("recovery", (run.t_first - fault_end) / 1e6, run.t_first, begin, refs)
        elif body.get("outcome") not in ("stopped", "fault"):
            cap = begin.body.get("deadline_ms")
            took = float(cap) if isinstance(cap, (int, float)) else (row.t - fault_end) / 1e6
            self._add("recovery", took, row.t, begin, (begin.seq, row.seq), late=True)


def _ns(body: Mapping[str, object], key: str, other: int) -> int:
    value = body.get(key)
    return value if isinstance(value, int) else other
