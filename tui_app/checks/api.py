"""What a check is, and all that one may use. A new check needs this module and nothing else of Vigil.

A check is two functions. `drive(ctx)` acts on the target and records each step. `judge(case)` is pure: it looks at rows,
never at a clock or the network, and gives a `Judgement`. The same judge runs live, on replay and offline.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, Protocol

import msgspec

from tui_app.model import Event, Row

Effect = Literal["read", "write", "negative", "fault", "load"]
Word = Literal["PASS", "FAIL", "INCONCLUSIVE", "BLOCKED", "SKIPPED"]
Severity = Literal["critical", "major", "minor", "info"]


class Finding(msgspec.Struct, frozen=True):
    """Something that a judge saw. critical and major fail the check; minor and info never change a verdict."""

    severity: Severity
    text: str
    evidence: tuple[int, ...] = ()
    """Sequence numbers of the rows that show it."""


class Judgement(msgspec.Struct, frozen=True):
    """A judge's word, why, and (where it is not PASS or FAIL) what would decide it."""

    word: Word
    reason: str
    findings: tuple[Finding, ...] = ()
    to_decide: str = ""


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer: `status` is 0 where none came, and `error` then says why. `seq` is its row in the recording."""

    status: int
    json: Any
    text: str
    headers: Mapping[str, str]
    ms: float
    seq: int
    error: str = ""


class User(msgspec.Struct):
    """A signed-in identity. `label` is u1, u2, ...; `sub` is the token's subject."""

    label: str
    sub: str
    email: str
    password: str
    access: str
    refresh: str
    spent: bool = False
    """Whether its access token was revoked on purpose: nothing is left to sign out."""


class RunOutcome(msgspec.Struct, frozen=True):
    """How a requested agent run ended for the drive (the judge makes its own mind up from the rows)."""

    outcome: Literal["done", "deadline", "lost", "refused"]
    run: str
    thread: str
    answer: str
    request: str


class Socket(Protocol):
    """An open, welcomed WebSocket of one user."""

    user: User
    conn: int
    open: bool

    async def send(self, type: str, payload: Mapping[str, Any] | None = None, **extra: Any) -> int: ...
    async def send_raw(self, text: str) -> int: ...
    async def expect(self, accept: Callable[[Event], bool], within: float) -> Event | None:
        """The first event from now on that `accept` takes, or None once `within` seconds have passed or the socket closed."""
        ...

    async def control_ping(self, within: float) -> float | None: ...
    def abort(self) -> None:
        """Cut the TCP connection without a close frame, as a network fault would."""
        ...

    async def close(self) -> None: ...


class Step(Protocol):
    """A recorded step; `fail(outcome)` says that it ended otherwise than done."""

    number: int

    def note(self, **facts: Any) -> None: ...
    def ended(self, outcome: str) -> None: ...


class Context(Protocol):
    """What a drive may do. Every method that acts passes the gate first: held sessions wait, stopped ones raise."""

    users: Sequence[User]
    limits: Any
    preset: str

    async def gate(self) -> None: ...
    def step(self, intent: str, *, user: User | None = None, deadline: float | None = None, **facts: Any) -> AbstractAsyncContextManager[Step]: ...
    async def http(self, service: str, method: str, path: str, *, user: User | None = None, token: str | None = None,
                   json: Any = None, fresh: bool = False, within: float = 10.0, ours: tuple[str, str] | None = None) -> Answer: ...  # fmt: skip
    def socket(self, user: User, *, fresh: bool = False) -> AbstractAsyncContextManager[Socket]: ...
    async def dial(self, *, user: User | None = None, token: str | None = None, carry: str = "subprotocol",
                   headers: Mapping[str, str] | None = None) -> Socket | None: ...  # fmt: skip
    async def thread(self, user: User, title: str = "") -> str: ...
    async def run_agent(self, socket: Socket, prompt: str, *, thread: str = "", marker: str = "", tools: bool = True,
                        deadline: float | None = None) -> RunOutcome: ...  # fmt: skip
    def marker(self, user: User) -> str: ...
    async def sleep(self, seconds: float) -> None: ...


class Case(Protocol):
    """What a judge sees: the check's own rows in order, and what the shared monitors made of the session so far."""

    rows: Sequence[Row]
    monitors: Any
    limits: Any


Drive = Callable[[Context], Awaitable[None]]
Judge = Callable[[Case], Judgement]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A check of the catalogue (`vigil checks`). See `tests/checks/test_worked_example.py` for one in twenty lines."""

    id: str
    suite: str
    title: str
    proves: str
    impact: str
    strategy: tuple[str, ...]
    effects: frozenset[str]
    drive: Drive
    judge: Judge
    needs: tuple[str, ...] = ()
    exclusive: bool = False
    catches: tuple[str, ...] = ()
    required: bool = True
    after: tuple[str, ...] = ()
    """Checks that come before this one where they are planned, whatever their word."""
    min_users: int = 1
    presets: tuple[str, ...] = ("quick", "comprehensive")
    cost: Callable[[int, str], Mapping[str, float]] = lambda users, preset: {}
    """What it costs the target for so many users under a preset: agent_runs, connects, sockets, bad_tokens, threads, seconds."""
    at_end: bool = False
    """Judged once the session's last row is known, over what the monitors saw, instead of when its drive ends."""

    @property
    def phase(self) -> str:
        """The strategy's phase: '1' to '4'."""
        return self.suite.partition(".")[0]
