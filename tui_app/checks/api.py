"""What a check is, and all that one may use. A new check needs this module and nothing else of Vigil.

A check is two functions. `drive(ctx)` acts on the target and records each step. `judge(case)` is pure: it looks at rows,
never at a clock or the network, and gives a `Judgement`. The same judge runs live, on replay and offline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, Protocol, TypeVar

import msgspec

from tui_app.checks.case import Case, Monitors, StepRows
from tui_app.checks.judgement import Finding, Judgement, Severity, Word
from tui_app.model import Event, Row
from tui_app.wire.tokens import Carry

__all__ = [
    "Answer", "Carry", "Case", "Check", "Context", "Event", "Faulted", "Finding", "Judgement", "Link", "Looked", "Monitors", "Row",
    "RunOutcome", "Severity", "Socket", "Step", "StepRows", "User", "Word",
]  # fmt: skip

Effect = Literal["read", "write", "negative", "fault", "load"]
T = TypeVar("T")


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


class RunOutcome(msgspec.Struct, frozen=True):
    """How a requested agent run ended for the drive (the judge makes its own mind up from the rows)."""

    outcome: Literal["done", "deadline", "lost", "refused", "stopped"]
    run: str
    thread: str
    answer: str
    request: str


class Socket(Protocol):
    """An open, welcomed WebSocket of one user."""

    @property
    def conn(self) -> int:
        """Its number in the recording; another one after a token was renewed (`tui_app.engine.held`)."""

    @property
    def open(self) -> bool:
        """Whether messages can still be sent."""

    @property
    def user(self) -> User: ...
    async def send(self, type: str, payload: Mapping[str, Any] | None = None, **extra: Any) -> None:
        """Send one message of the platform's envelope. Raises `NotOurs` before anything is sent, `ConnectionError` when closed."""

    async def send_raw(self, text: str | bytes) -> None:
        """Send text as it is; bytes travel as a binary message."""

    async def send_broken(self, frame: bytes) -> None:
        """Write bytes where a frame should be (`tui_app.wire.broken`), on a socket that is thrown away after it."""

    def expect(self, accept: Callable[[Event], bool], within: float) -> Coroutine[Any, Any, Event | None]:
        """The first event from this call on that `accept` takes; None once `within` seconds have passed or the socket closed."""

    async def control_ping(self, within: float) -> float | None:
        """RFC 6455 ping: ms until its pong, or None."""

    async def wait_closed(self, within: float) -> bool:
        """Whether the connection ended within so many seconds; it may have been replaced by another one since (`open`)."""

    def abort(self) -> None:
        """Cut the TCP connection without a close frame, as a network fault would."""

    def pause(self, paused: bool) -> None:
        """Stop reading, as a user on a poor network does, or go on."""

    async def close(self) -> None:
        """Close with 1000."""


class Looked(msgspec.Struct, frozen=True):
    """What a direct look into a store found. `why` says what kind of trouble `error` is ('' for none); `seq` is its row."""

    found: bool
    rows: tuple[Mapping[str, Any], ...]
    error: str
    why: str
    ms: float
    seq: int


class Faulted(msgspec.Struct, frozen=True):
    """What became of a fault on the line, in ns of the session: it took hold, it was over (for new connections too), we noticed."""

    kind: str
    fault_at: int
    fault_end: int
    noticed_at: int | None


class Link(Protocol):
    """A welcomed socket behind a fault proxy of its own. Faults are written as `tui_app.chaos.toxics.parse` reads them."""

    @property
    def socket(self) -> Socket: ...
    @property
    def answers(self) -> bool:
        """Whether the target answers control pings on it."""

    def shape(self, *faults: str) -> None:
        """From now on the line is so: `latency=300+-200`, `bandwidth=2000`, `slow-reader=2`, `clear`."""

    def arm(self, fault: str) -> None:
        """Put a fault on the line that breaks it: at once (`cut`, `rst`, `half-open`), or as soon as something passes."""

    async def broken(self, fault: str, within: float = 6.0) -> Faulted:
        """Wait until an armed fault took hold and our side noticed; recorded as the step `fault`. The proxy stays up: a dark line
        stays dark, so that the target does not learn that its client is gone."""

    async def fault(self, fault: str, within: float = 6.0) -> Faulted:
        """`arm` and `broken`."""


class Step(Protocol):
    """A recorded step."""

    number: int

    def note(self, **facts: Any) -> None:
        """Facts for the step's end."""

    def ended(self, outcome: str) -> None:
        """Say that it ended otherwise than done: deadline, lost, refused."""


class Context(Protocol):
    """What a drive may do. What acts passes the gate first: a held session waits there, a stopping one raises."""

    @property
    def users(self) -> Sequence[User]:
        """The signed-in users, u1 first."""

    @property
    def everybody(self) -> int:
        """How many users the session has, those of other engines among them."""

    @property
    def limits(self) -> Any:
        """The target's limits: connect_s, run_s, first_event_s, recovery_s, ping_ms, ..."""

    @property
    def preset(self) -> str:
        """The plan's preset."""

    @property
    def duration_s(self) -> float:
        """For how many seconds the operator wants the session to go on; 0 where it ends with its checks."""

    def runs_left(self) -> int | None:
        """How many agent runs the budget still allows; None where nothing limits them."""

    @property
    def time(self) -> int:
        """Which time the check is driven, from 1; 1 where it is driven once."""

    def has(self, service: str) -> bool:
        """Whether the target has this service: backend, auth, frontend."""

    def url(self, service: str) -> str:
        """The base address of a service of the target (`websocket` with its path); '' where it has none."""

    async def certificate(self, service: str) -> Mapping[str, Any]:
        """A service's TLS certificate: problem ('' where it is trusted), kind (tls, tcp, timeout, proxy), hours_left, issuer, version."""

    async def in_the_clear(self, service: str) -> str:
        """How the plain counterpart of a TLS address answers an upgrade without a token: a status line, '' where nothing does."""

    def seed(self, name: str) -> str:
        """A seed of this session and name: the same plan asks the same questions."""

    def now_ns(self) -> int:
        """ns since the session's start, for facts of steps only."""

    def held_ns(self) -> int:
        """For how long the session was on hold so far, ns."""

    async def sleep(self, seconds: float) -> None:
        """Sleep; time on hold does not count."""

    async def wait(self, event: asyncio.Event, within: float) -> bool:
        """Whether the event came within so many seconds."""

    def later(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start something beside this drive; it ends with the drive at the latest."""

    async def together(self, work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
        """Do these side by side; where one raises, the others are ended before the drive goes on."""

    def step(
        self, intent: str, *, user: User | None = None, deadline: float | None = None, conn: int = 0, **facts: Any
    ) -> AbstractAsyncContextManager[Step]:
        """Record a step around what is done inside."""

    async def http(
        self, service: str, method: str, path: str, *, user: User | None = None, token: str | None = None, json: Any = None,
        fresh: bool = False, within: float = 10.0, ours: tuple[str, str] | None = None, headers: Mapping[str, str] | None = None,
        runs_agent: bool = False,
    ) -> Answer:  # fmt: skip
        """One request; never raises for what the target does. `fresh`: a new connection without cookies. `ours`: what it changes.
        `runs_agent`: an agent works for it, so that it counts against the budget of runs."""

    def socket(self, user: User, *, fresh: bool = False) -> AbstractAsyncContextManager[Socket]:
        """A welcomed socket for this check alone. Raises `ConnectionError` where none can be had."""

    def throttled_s(self, user: User) -> float | None:
        """Seconds after which to try again, where a limit on connects refused the user since their last welcome; else None.

        inf: waiting does not help, every source address has as many sockets open as the target allows.
        """

    def sockets(self, users: Sequence[User]) -> AbstractAsyncContextManager[Sequence[Socket]]:
        """A socket for each of these users, all open at once."""

    async def dial(
        self, *, user: User | None = None, token: str | None = None, carry: Carry = "subprotocol", headers: Mapping[str, str] | None = None,
        cookies: bool = True,
    ) -> Socket | None:  # fmt: skip
        """A new connection, or None where it was not welcomed; for checks about connecting itself. The caller closes it.

        `cookies`: False leaves out the user's own, such as a load balancer's affinity, so that another instance may answer.
        """

    def link(self, user: User, *, watch: bool = True, line: Sequence[str] = ()) -> AbstractAsyncContextManager[Link]:
        """A welcomed socket behind a fault proxy. `watch`: it is pinged, and given up once it no longer answers. `line`: what is on the
        line from its very start, as in `Link.shape`. Only for checks that declare `fault`. BLOCKED where no proxy of ours can stand
        between; raises `ConnectionError` where the user is not let in."""

    def no_link(self) -> str:
        """Why there can be no `link` to this target; '' where there can."""

    async def look(
        self, tier: str, what: str, *, user: User | None = None, settle: float = 2.0,
        until: Callable[[Sequence[Mapping[str, Any]]], bool] = bool, **ids: str,
    ) -> Looked:  # fmt: skip
        """Look into a store beside the API, read-only: for what `tui_app.tiers.statements.WHERE` names, or "ping"; recorded as `tier`.

        tier -- postgresql, redis or clickhouse;  ids -- values of the placeholders
        settle -- seconds for which it is asked again until the rows satisfy `until`: a platform may write after it has answered

        Never raises for what the store does: without a DSN, and where it cannot be reached, the row says so.
        """

    async def going_on(self, seconds: float) -> bool:
        """Wait so long; whether the session's phases still go on then. For checks that `watch`."""

    async def thread(self, user: User, title: str = "") -> str:
        """Create a thread over REST, remembered as ours. Raises `ConnectionError` where the target made none."""

    async def run_agent(
        self, socket: Socket, prompt: str, *, thread: str = "", marker: str = "", tools: bool = True, deadline: float | None = None,
        on_event: Callable[[Event], None] | None = None, type: str = "user_message", payload: Mapping[str, Any] | None = None,
        envelope: Mapping[str, Any] | None = None, **facts: Any,
    ) -> RunOutcome:  # fmt: skip
        """Ask the agent and wait for its end. `facts` go into the step for the judge, such as the truth about the prompt.

        `type`, and what is added to the message's payload and envelope, ask in another form than the usual one.
        """

    async def ping(self, socket: Socket, within: float, intended_ns: int | None = None) -> float | None:
        """One application ping; ms until its pong, or None. With `intended_ns` it is timed from there and a sample of the series."""

    def marker(self, user: User) -> str:
        """A new unguessable text of this session and user."""

    def action(self, user: User, marker: str, channel: str) -> AbstractAsyncContextManager[None]:
        """Mark what is done inside as a marker-bearing action: one isolation probe for every open observer."""

    async def meet(self) -> None:
        """Where several engines drive this check: go on once all of them have come so far; alone it does nothing."""

    async def linger(self) -> None:
        """Wait as long as something may still follow the last action and count."""

    def secret(self, kind: str, user: User, value: str) -> None:
        """Make a value known as a secret before it travels."""

    def bad_token(self, show_good: Callable[[], Awaitable[bool]]) -> AbstractAsyncContextManager[None]:
        """One bad token is sent inside; `show_good` then shows a known-good one."""

    async def spare_login(self, user: User, extra: Mapping[str, Any]) -> User | None:
        """A second sign-in of the same account, for a check that spends it; None where it cannot be had."""

    async def sign_in(self) -> None:
        """Sign the plan's users in: what the check `sign-in` does."""


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
    """Checks that are planned along with this one and come before it, whatever their word."""
    min_users: int = 1
    presets: tuple[str, ...] = ("quick", "comprehensive")
    cost: Callable[[int, str], Mapping[str, float]] = lambda users, preset: {}
    """What it costs the target for so many users under a preset: agent_runs, connects, sockets, bad_tokens, threads, seconds."""
    environments: frozenset[str] = frozenset({"rehearsal", "docker", "staging", "production"})
    """Where it means anything; elsewhere it is no part of a plan. `rehearsal+tls` is a rehearsal that serves TLS."""
    last: bool = False
    """Driven once every phase is over: what it may bring about should meet nothing else. One without presets runs only by its id."""
    asked: Callable[[int, float], bool] = lambda users, duration_s: False
    """Whether a plan of so many users, and of so many seconds (0: as long as its checks take), asks for it whatever its preset."""
    watch: bool = False
    """Driven beside all phases, from the session's start until they are over (`Context.going_on`)."""
    timed: bool = False
    """Its verdict rests on how long things take, so that a client without time to spare can say nothing."""
    silent: bool = False
    """Its sockets carry what its drive sends and nothing else: the session's own control pings leave them alone, as they do those of
    checks with the effect `fault`."""
    over: Callable[[int, float], Mapping[str, float]] = lambda users, duration_s: {}
    """What it costs beyond `cost` where the session goes on for so many seconds; the same keys."""
    lean: bool = False
    """Goes on for hours: its case keeps only rows of steps (pings apart), connections and the like, and no traffic."""
    intents: frozenset[str] | None = None
    """Its judge reads of its own rows only the steps of these intents, and nothing of what came meanwhile: so its case keeps nothing else,
    which under load would be every frame. None: all of them."""
    store: str = ""
    """The key of [tiers] without whose DSN it does nothing and reads SKIPPED."""
    spread: Literal["", "each", "whole"] = ""
    """Where several engines share a session's users: driven by each of them with its own. `each`: and each decides for them; `whole`:
    what it finds counts, and the lead decides over all. Without it the lead alone drives it, with its share of the users."""
    at_end: bool = False
    """Judged once the session's last row is known, over what the monitors saw, instead of when its drive ends."""

    @property
    def phase(self) -> str:
        """The strategy's phase: '1' to '4'."""
        return self.suite.partition(".")[0]
