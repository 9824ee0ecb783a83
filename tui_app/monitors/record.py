"""What is known of one requested agent run, and how its answer is read."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from tui_app.model import Event
from tui_app.monitors.rules import Violation

ANSWER_KEYS: Final = ("answer", "result", "final_response", "response", "text", "content", "output", "report", "summary", "message")
ANSWER_KEPT: Final = 20_000


class RunRecord(msgspec.Struct, kw_only=True, gc=False):
    """What is known of one requested run; times in ns of the session, -1 where it has not happened.

    `state`: running; ok; wrong (a rule is broken); unfinished (socket lost, stopped by us, or the session ended first:
    charged to recovery or to nobody, never to the run). `late`: its deadline passed without an end. `lost_by` says who
    closed the socket: us, target, network. `duration_ms`: send to `agent_completed`, at the deadline where none came in
    time, None while open and for unfinished runs. `compacted`: long over, so prompt, answer and offsets were let go.
    """

    request: str
    check: str
    user: str
    conn: int
    seq: int
    t_begin: int
    marker: str = ""
    prompt: str = ""
    thread: str = ""
    expects_tools: bool = True
    deadline_ms: float | None = None
    step: int = 0
    run: str = ""
    t_send: int = -1
    t_first: int = -1
    t_end: int = -1
    first_seq: int = 0
    end_seq: int = 0
    state: str = "running"
    why: str = ""
    late: bool = False
    failed: bool = False
    lost_by: str = ""
    answer: str = ""
    tools: list[str] = []
    offsets_ms: list[float] = []
    claimed_ms: float | None = None
    lamps: str = "....."
    violations: list[Violation] = []
    copies: int = 0
    replays: int = 0
    compacted: bool = False

    @property
    def open(self) -> bool:
        """Whether events are still due."""
        return self.state == "running"

    @property
    def swallowed(self) -> bool:
        """Whether nothing of it was ever told: its deadline passed on a connection that lived (failure modes FM-14, FM-15)."""
        return self.late and self.t_first < 0 and not self.failed

    @property
    def began_right(self) -> bool:
        """Whether its first event came, was `agent_started`, and broke no rule by coming."""
        return self.t_first >= 0 and self.lamps[0] == "s"

    @property
    def start(self) -> int:
        """When the user's wait began: when the request was sent, else when it was asked for."""
        return self.t_send if self.t_send >= 0 else self.t_begin

    @property
    def first_ms(self) -> float | None:
        """Milliseconds from sending to the first event of the run."""
        return None if self.t_first < 0 else (self.t_first - self.start) / 1e6

    @property
    def duration_ms(self) -> float | None:
        """Milliseconds from sending to the end; the deadline for a run that had not ended by then."""
        if self.late and self.deadline_ms is not None:
            return self.deadline_ms
        if self.state == "unfinished" or self.t_end < 0:
            return None
        return (self.t_end - self.start) / 1e6

    def compact(self) -> None:
        """Let go of what grows; what was judged of the run stays."""
        self.prompt = self.answer = ""
        self.offsets_ms = []
        self.compacted = True

    def broken(self, rule: str) -> Violation | None:
        """The violation of this rule, if there is one."""
        return next((violation for violation in self.violations if violation.rule == rule), None)


def answer_of(event: Event) -> str:
    """The answer text of an `agent_completed`: its result where it has one (also inside an object), else its text."""
    found = _text_in(event.result)
    return (event.text if found is None else found)[:ANSWER_KEPT]


def _text_in(value: Any, depth: int = 0) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and depth < 4:
        for key in ANSWER_KEYS:
            found = _text_in(value.get(key), depth + 1)
            if found is not None and found.strip():
                return found
        return "" if value else None
    if isinstance(value, list) and depth < 4:
        parts = [part for part in (_text_in(item, depth + 1) for item in value) if part]
        return "\n".join(parts)
    return None if value is None else str(value)
