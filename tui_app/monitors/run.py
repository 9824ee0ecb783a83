"""One agent run as an automaton: idle, started, thinking, tools open and closed, ended (validation methods 3.3).

It sees only events that were routed to it, with the sequence number and time of their frame, and never a clock.
"""

from __future__ import annotations

from typing import Final

from tui_app.model import CRITICAL_EVENTS, Event
from tui_app.monitors.numbering import Numbers
from tui_app.monitors.record import RunRecord, answer_of
from tui_app.monitors.rules import RULES, WITNESSES, Violation

FAILURES: Final = frozenset({"agent_failed", "agent_death", "agent_timeout_failure"})
"""Ends of a run that the contract allows and that mean: no answer (wire contract 6.3). `agent_error` arrives as 'error'."""
STOPPED: Final = "agent_stopped"
THROTTLED: Final = ("RATE_LIMIT", "TOO_MANY", "THROTTL")
"""Signs of an error code that says: not now. Throttled is not failed."""
OFFSETS_KEPT: Final = 64
SKEW: Final = 0.05
"""Seconds by which stamps of one run may go back: several hosts, each with a clock of its own."""
WHOLE_SECONDS: Final = 1.0
"""The same where one of the two stamps shows whole seconds only."""
_STEPS: Final = {name: lamp for lamp, name in enumerate(CRITICAL_EVENTS)} | dict.fromkeys((*sorted(FAILURES), STOPPED), 5) | {"error": 6}
"""What an event is to a run: one of the five by its lamp, another end, or an error. Whatever is not in here is nothing to it."""
_SEEN: Final = tuple("".join("s" if seen >> lamp & 1 else "." for lamp in range(5)) for seen in range(32))
"""The lamps of a run without fault, by what was seen of it."""


class RunMonitor:
    """The automaton. `event` feeds it; `expire`, `lost` and `abandon` end it without one. `dirty` says that lamps or state changed."""

    # There is one for each run of the session, for good: what most runs do not need is made when it is.
    __slots__ = (
        "_at", "_before_start", "_calls", "_numbers", "_open", "_seen", "_thoughts",
        "dirty", "due", "ended", "owed", "record", "stop_asked", "sub",
    )  # fmt: skip

    def __init__(self, record: RunRecord, sub: str, due: int = 0) -> None:
        self.record = record
        self.sub = sub
        self.dirty = True
        self.due = due  # when it is told of next, ns, if all goes well until then
        self.owed = False
        self.ended = False  # an end arrived: agent_completed, a failure, or a stop
        self.stop_asked = False
        self._seen = 0  # a bit for each lamp
        self._before_start: tuple[int, ...] = ()
        self._open: list[tuple[str, str, int]] | None = None  # (call id, tool, seq)
        self._calls: set[str] | None = None
        self._thoughts: set[tuple[float, str]] | None = None
        self._numbers: Numbers | None = None
        self._at: float | None = None

    # -- feeding

    def event(self, event: Event, seq: int, t: int) -> None:
        """An event of this run on its own socket."""
        record = self.record
        if event.replayed:
            record.replays += 1
            return
        run, thread, user = event.run, event.thread, event.user
        if (run and run != record.run) or (thread and thread != record.thread) or (user and user != self.sub):
            self._identity(event, seq)
        if event.sequence is not None and run:
            self._numbered(event.sequence, seq)
        step = _STEPS.get(event.name)
        if step is None:
            return
        at = event.at
        if at is not None:
            if self._at is not None and at < self._at:
                self._earlier(event, at, self._at, seq)
            self._at = at
        if step < 5:
            if record.t_first < 0:
                record.t_first, record.first_seq = t, seq
                self.dirty = True
            offsets = record.offsets_ms
            if len(offsets) < OFFSETS_KEPT:
                offsets.append((t - (record.t_send if record.t_send >= 0 else record.t_begin)) / 1e6)
        if step == 0:
            self._started(seq)
        elif step == 1:
            self._thinking(event, seq)
        elif step == 2:
            self._tool(event, seq)
        elif step == 3:
            self._tool_completed(event, seq)
        elif step < 6:
            self._terminal(event, seq, t)
        else:
            self._error(event, seq, t)

    def malformed(self, seq: int) -> None:
        """A frame on the run's socket that cannot be decoded, while the run was open."""
        self.violate("malformed", seq)

    def foreign(self, event: Event, seq: int, user: str) -> None:
        """An event of this run on the socket of `user`, who does not own it."""
        self.violate("foreign-socket", seq, text=f"{event.name} of this run reached {user}'s socket")

    def _identity(self, event: Event, seq: int) -> None:
        record = self.record
        if event.run:
            if not record.run:
                record.run = event.run
                self.dirty = True
            elif event.run != record.run:
                self.violate("wrong-run", seq, text=f"{event.name} carries run {event.run} instead of {record.run}")
        if event.thread:
            if not record.thread:
                record.thread = event.thread
            elif event.thread != record.thread:
                self.violate("wrong-thread", seq, text=f"{event.name} carries thread {event.thread} instead of {record.thread}")
        if event.user and self.sub and not same_identity(event.user, self.sub):
            self.violate("wrong-user", seq, text=f"{event.name} carries user {event.user} instead of {self.sub}")

    def _numbered(self, number: int, seq: int) -> None:
        if self._numbers is None:
            self._numbers = Numbers()
        if not self._numbers.take(number):
            self.violate("out-of-sequence", seq)

    def _earlier(self, event: Event, at: float, before: float, seq: int) -> None:
        whole = at % 1 == 0 or before % 1 == 0
        if at + (WHOLE_SECONDS if whole else SKEW) < before:
            earlier = f"{event.name} is stamped {before - at:.1f} s earlier than the event before it"
            self.violate("timestamp-regression", seq, text=earlier)

    def _error(self, event: Event, seq: int, t: int) -> None:
        record = self.record
        if any(sign in event.code.upper() for sign in THROTTLED):
            self.abandon(f"throttled by the target: {_error_text(event)}")
            return
        # The run owes nothing more, but an error that was not its end does not make its later events wrong.
        record.failed = True
        record.t_end, record.end_seq = t, seq
        self.violate("error-event", seq, text=_error_text(event))
        if record.open:
            self._finish("wrong")

    def _started(self, seq: int) -> None:
        if self.ended:
            self._after_terminal("agent_started", seq)
            return
        if self._seen & 1:
            self.violate("duplicate-start", seq)
        elif self._before_start:
            self.violate("out-of-order", *self._before_start, seq)
        self._mark(0)

    def _early(self, seq: int) -> None:
        # Judged once agent_started comes: if it never does, the run misses its start instead.
        if len(self._before_start) < WITNESSES - 1:
            self._before_start += (seq,)

    def _thinking(self, event: Event, seq: int) -> None:
        if self.ended:
            self._after_terminal("agent_thinking", seq)
            return
        if not self._seen & 1:
            self._early(seq)
        if event.at is not None:
            thought = (event.at, event.text)
            known = self._thoughts
            if known is None:
                self._thoughts = {thought}
            elif thought in known:
                self.violate("duplicate-thinking", seq)
            elif len(known) < 4096:
                known.add(thought)
        self._mark(1)

    def _tool(self, event: Event, seq: int) -> None:
        if self.ended:
            self._after_terminal("tool_executing", seq)
            return
        if not self._seen & 1:
            self._early(seq)
        call = event.tool_call
        if call:
            if self._calls is None:
                self._calls = {call}
            elif call in self._calls:
                self.violate("duplicate-tool", seq)
                return
            else:
                self._calls.add(call)
        opened = (call, event.tool, seq)
        if self._open is None:
            self._open = [opened]
        else:
            self._open.append(opened)
        tools = self.record.tools
        if len(tools) < OFFSETS_KEPT:
            tools.append(event.tool)
        self._mark(2)

    def _tool_completed(self, event: Event, seq: int) -> None:
        if self.ended:
            started = self._close(event)
            if started is not None:
                self.violate("completed-with-open-tool", started[2], self.record.end_seq, seq)
            self._after_terminal("tool_completed", seq)
            return
        if not self._seen & 1:
            self._early(seq)
        matched = self._close(event)
        if matched is None:
            if self._open and len(self._open) == 1:
                matched = self._open.pop()
                self.violate("tool-pair-mismatch", matched[2], seq)
            else:
                self.violate("orphan-tool-completed", seq)
        elif (event.tool and matched[1] and event.tool != matched[1]) or (event.tool_call and matched[0] and event.tool_call != matched[0]):
            self.violate("tool-pair-mismatch", matched[2], seq)
        self._mark(3)

    def _close(self, event: Event) -> tuple[str, str, int] | None:
        """Take the running tool that this completion belongs to: by call id, else by name, else the oldest if it names neither."""
        running = self._open
        if not running:
            return None
        for index, (call, _tool, _seq) in enumerate(running):
            if event.tool_call and call == event.tool_call:
                return running.pop(index)
        for index, (call, tool, _seq) in enumerate(running):
            if event.tool and tool == event.tool and (not call or not event.tool_call):
                return running.pop(index)
        if not event.tool and not event.tool_call:
            return running.pop(0)
        for index, (call, tool, _seq) in enumerate(running):
            if event.tool and tool == event.tool and call and event.tool_call:
                return running.pop(index)  # right tool, wrong call: a mismatch, which the caller names
        return None

    def _terminal(self, event: Event, seq: int, t: int) -> None:
        record = self.record
        if self.ended:
            self.violate("duplicate-terminal", record.end_seq, seq)
            return
        self.ended = True
        record.end_seq, record.t_end = seq, t
        if event.name == STOPPED:
            if self.stop_asked:
                self._finish("unfinished", "stopped on request")
            else:
                record.failed = True
                self.violate("error-event", seq, text="the run was stopped and nobody had asked for it")
                self._finish("wrong")
            return
        if event.name in FAILURES:
            record.failed = True
            self.violate("error-event", seq, text=_error_text(event))
            self._finish("wrong")
            return
        record.answer = answer_of(event)
        if not record.answer.strip():
            self.violate("empty-answer", seq)
        self._mark(4)
        self._absent(seq)
        if self._numbers is not None and self._numbers.missing:
            told = ", ".join(map(str, sorted(self._numbers.missing)[:8]))
            self.violate("sequence-gap", seq, text=f"numbered events are missing: {told}")
        if record.open:
            self._finish("wrong" if record.violations else "ok")

    def _absent(self, seq: int) -> None:
        """What a run that is over should have shown. A run that said that it failed owes nothing more."""
        if self.record.failed:
            return
        if not self._saw(0):
            self.violate("missing-start", seq)
        if not self._saw(1):
            self.violate("missing-thinking", seq)
        if self.record.expects_tools and not self._saw(2) and not self._saw(3):
            self.violate("missing-tool", seq)
        if self._open:
            rule = "completed-with-open-tool" if self._saw(3) and self._saw(4) else "missing-tool-completed"
            self.violate(rule, *(opened[2] for opened in self._open[: WITNESSES - 1]), seq)

    def _after_terminal(self, name: str, seq: int) -> None:
        self.violate("event-after-terminal", self.record.end_seq, seq, text=f"{name} after the run had ended")

    # -- ends without an event

    def expire(self, seq: int) -> None:
        """The deadline has passed (first row at or after it: `seq`) while the socket was connected."""
        record = self.record
        if not record.open:
            return
        if record.t_send < 0 and record.t_first < 0:
            self._finish("unfinished", "its request was never sent")
            return
        record.late = True
        if not record.failed:
            self._absent(seq)
            self.violate("missing-terminal", record.seq, seq)
        self._finish("wrong")

    def lost(self, by: str) -> None:
        """The socket went while the run was open: what is absent is charged to recovery."""
        if self.record.open:
            self.record.lost_by = by or "network"
            self._finish("unfinished", f"the connection was lost ({self.record.lost_by})")

    def abandon(self, why: str) -> None:
        """Nobody waits for this run any more."""
        if self.record.open:
            self._finish("wrong" if self.record.failed else "unfinished", why)

    # -- bookkeeping

    def violate(self, rule: str, *seqs: int, text: str = "") -> None:
        """Record a broken rule, once per rule with a count."""
        if rule not in RULES:
            return
        record = self.record
        known = record.broken(rule)
        if known is not None:
            known.count += 1
            known.seqs.extend(seq for seq in seqs[: max(0, WITNESSES - len(known.seqs))] if seq not in known.seqs)
            return
        record.violations.append(Violation(rule, text or RULES[rule].text, list(dict.fromkeys(seqs))[:WITNESSES]))
        record.why = record.violations[0].text if len(record.violations) == 1 else "; ".join(v.text for v in record.violations[:4])
        if record.state == "ok":
            record.state = "wrong"
        self._lamps()
        self.dirty = True

    def _saw(self, lamp: int) -> bool:
        return bool(self._seen >> lamp & 1)

    def _mark(self, lamp: int) -> None:
        if not self._seen >> lamp & 1:
            self._seen |= 1 << lamp
            self._lamps()
            self.dirty = True

    def _lamps(self) -> None:
        record = self.record
        if not record.violations and not record.failed and record.state != "wrong":
            record.lamps = _SEEN[self._seen]
            return
        wrong = {lamp for violation in record.violations for lamp in RULES[violation.rule].lamps}
        if record.failed and not self._saw(4):
            wrong.add(4)
        if record.state == "wrong" and not record.failed:
            wrong.update(lamp for lamp in range(5) if not self._saw(lamp) and (lamp not in (2, 3) or record.expects_tools))
        record.lamps = "".join("x" if lamp in wrong else "s" if self._saw(lamp) else "." for lamp in range(5))

    def _finish(self, state: str, why: str = "") -> None:
        record = self.record
        record.state = state
        if why and not record.violations:
            record.why = why
        self._thoughts = self._calls = None
        self._before_start = ()
        self._lamps()
        self.dirty = True


def same_identity(seen: str, sub: str) -> bool:
    """Whether an event's user id is this subject's; some frames carry only its beginning and '...' (wire contract 4)."""
    return seen == sub or (seen.endswith("...") and len(seen) > 6 and sub.startswith(seen[:-3]))


def _error_text(event: Event) -> str:
    code = f" {event.code}" if event.code else ""
    return f"{event.name}{code}: {event.text[:160]}" if event.text else f"{event.name}{code}"
