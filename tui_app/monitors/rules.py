"""The rules of an agent run's life: their names, what each means in words, and the lamp that each one spoils.

Sources: strategy ("five critical events"), wire contract 6.4 (order, pairing, once), validation methods 3.3.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

START, THINKING, TOOL, TOOL_DONE, END = range(5)
"""Lamps of a run, in the order of `model.CRITICAL_EVENTS`."""


class Rule(NamedTuple):
    """`lamps`: which of the five lamps turn to 'x'; empty where the run as a whole is wrong."""

    text: str
    lamps: tuple[int, ...] = ()


RULES: Final[dict[str, Rule]] = {
    "missing-start": Rule("no agent_started", (START,)),
    "missing-thinking": Rule("no agent_thinking", (THINKING,)),
    "missing-tool": Rule("no tool_executing, though the prompt needs a tool", (TOOL,)),
    "missing-tool-completed": Rule("no tool_completed for a tool that was started", (TOOL_DONE,)),
    "orphan-tool-completed": Rule("tool_completed for a tool that is not running", (TOOL_DONE,)),
    "tool-pair-mismatch": Rule("tool_completed does not name the tool or call that is running", (TOOL_DONE,)),
    "completed-with-open-tool": Rule("agent_completed while a tool was still running", (TOOL_DONE, END)),
    "missing-terminal": Rule("no agent_completed before the deadline, socket connected", (END,)),
    "duplicate-start": Rule("agent_started more than once", (START,)),
    "duplicate-thinking": Rule("the same agent_thinking delivered twice", (THINKING,)),
    "duplicate-tool": Rule("tool_executing twice for one call", (TOOL,)),
    "duplicate-terminal": Rule("more than one end of the run", (END,)),
    "event-after-terminal": Rule("an event after the run had ended", (END,)),
    "out-of-order": Rule("an event before agent_started", (START,)),
    "wrong-run": Rule("an event carries another run's id"),
    "wrong-thread": Rule("an event carries another thread's id"),
    "wrong-user": Rule("an event carries another user's id"),
    "foreign-socket": Rule("an event of this run reached another user's socket"),
    "error-event": Rule("the run failed with an error"),
    "empty-answer": Rule("agent_completed without an answer", (END,)),
    "sequence-gap": Rule("a number is missing in the run's own numbering"),
    "out-of-sequence": Rule("an event's number is not above those before it"),
    "timestamp-regression": Rule("an event is stamped earlier than the one before it"),
    "stale-replay": Rule("an event of a finished run came again on a new connection, as if it were new"),
    "malformed": Rule("a frame that is not valid JSON while the run was open"),
}
"""Every rule by its stable name. A rule that is not in here is not applied: so each can be shown to matter by taking it out."""

WITNESSES: Final = 8
"""Witness rows kept per violation; `count` goes on."""


class Violation(msgspec.Struct, gc=False):
    """A broken rule of one run. `seqs`: the rows that show it (the first `WITNESSES`); `count`: how often it happened."""

    rule: str
    text: str
    seqs: list[int]
    count: int = 1
