"""What one check's drive holds: every action of it is gated, recorded under the check's name, and bounded."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

from tui_app.checks.api import Answer, Carry, RunOutcome, Socket, User
from tui_app.engine.clock import Stopped
from tui_app.engine.held import HeldSocket
from tui_app.engine.links import LiveLink, link, obstacle
from tui_app.engine.live_socket import LiveSocket
from tui_app.engine.live_step import LiveStep
from tui_app.engine.looking import Looking
from tui_app.engine.random_hex import random_hex
from tui_app.engine.sign_in import e2e, sign_in_all
from tui_app.engine.sockets import Sockets
from tui_app.engine.world import World, tokens_of
from tui_app.model import Event
from tui_app.wire.opening import Offer
from tui_app.wire.vocabulary import make_marker

T = TypeVar("T")
LINGER_S = 2.0
"""How long after an action a leak may still arrive and count (architecture, Isolation)."""


def _stopped(task: asyncio.Task[Any]) -> None:
    """What was refused by a stopping session, and that nobody awaits, is no news. Anything else the loop tells of."""
    # Looked at past `exception()`: to ask for an exception that way counts as having dealt with it.
    if not task.cancelled() and isinstance(task._exception, Stopped):
        task.exception()


class LiveContext(Looking):
    """See `tui_app.checks.api.Context`."""

    def __init__(self, world: World, sockets: Sockets, check: str) -> None:
        self._world = world
        self._sockets = sockets
        self.check = check
        self.iteration = 0
        """Which time the check is driven, where it is more than once; it stands in every step."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._threads: dict[str, str] = {}
        self._meetings = 0

    @property
    def users(self) -> Sequence[User]:
        """The signed-in users, u1 first."""
        return self._world.users

    @property
    def everybody(self) -> int:
        """How many users the session has, on all engines."""
        plan = self._world.plan
        return len(self._world.users) if plan.engines == 1 else plan.users

    @property
    def limits(self) -> Any:
        """The target's limits."""
        return self._world.limits

    @property
    def preset(self) -> str:
        """The plan's preset."""
        return self._world.plan.preset

    @property
    def duration_s(self) -> float:
        """For how many seconds the operator wants the session to go on; 0 where it ends with its checks."""
        return self._world.plan.soak_s

    def runs_left(self) -> int | None:
        """How many agent runs the budget still allows; None where nothing limits them."""
        limit = self._world.pacing.agent_runs
        return None if limit is None else max(0, limit - self._world.pacing.runs)

    @property
    def time(self) -> int:
        """Which time the check is driven, from 1."""
        return max(self.iteration, 1)

    async def gate(self) -> None:
        """Hold here while the session is held; raises `Stopped` once it stops."""
        await self._world.gate.passed()

    async def sleep(self, seconds: float) -> None:
        """Sleep; held time does not count."""
        await self._world.gate.sleep(seconds)

    def now_ns(self) -> int:
        """ns since the session's start, for facts of steps only."""
        return self._world.log.clock.now()

    @asynccontextmanager
    async def step(
        self, intent: str, *, user: User | None = None, deadline: float | None = None, conn: int = 0, **facts: Any
    ) -> AsyncIterator[LiveStep]:
        """Record a step around what is done inside; a clock row marks its deadline."""
        await self.gate()
        world = self._world
        step = LiveStep(world.next_step())
        label = user.label if user else ""
        body = {"step": step.number, "intent": intent, **({"iteration": self.iteration} if self.iteration else {}), **facts}
        if deadline is not None:
            body["deadline_ms"] = deadline * 1000
        world.log.add("step", body, check=self.check, user=label, conn=conn, type="begin")
        alarm = None
        if deadline is not None:
            alarm = asyncio.get_running_loop().call_later(deadline, lambda: world.log.add("clock", {"step": step.number}, check=self.check))
        try:
            yield step
        except asyncio.CancelledError:
            step.ended("stopped")
            raise
        except ConnectionError as error:
            step.ended("lost")
            step.note(error=str(error))
            raise
        finally:
            if alarm is not None:
                alarm.cancel()
            world.log.add(
                "step", {"step": step.number, "outcome": step.outcome, **step.facts}, check=self.check, user=label, conn=conn, type="end"
            )

    async def http(
        self, service: str, method: str, path: str, *, user: User | None = None, token: str | None = None, json: Any = None,
        fresh: bool = False, within: float = 10.0, ours: tuple[str, str] | None = None, headers: Mapping[str, str] | None = None,
        runs_agent: bool = False,
    ) -> Answer:  # fmt: skip
        """One request; never raises for what the target or the network does. `ours` names what a changing request touches."""
        await self.gate()
        if runs_agent:
            self._world.pacing.spend_run()
        bearer = token if token is not None else (user.access if user else None)
        return await self._world.request(
            service, method, path, token=bearer, json=json, fresh=fresh, within=within, ours=ours, headers=headers,
            check=self.check, user=user.label if user else "",
        )  # fmt: skip

    @asynccontextmanager
    async def socket(self, user: User, *, fresh: bool = False) -> AsyncIterator[HeldSocket]:
        """A welcomed socket of this user for this check alone. Raises `ConnectionError` where none can be had."""
        await self.gate()
        socket = await self._sockets.lease(user, self.check, fresh=fresh)
        if socket is None:
            raise ConnectionError(f"no WebSocket for {user.label}: the connection rows say why")
        held = self._sockets.hold(socket)
        try:
            yield held
        finally:
            self._sockets.release(held)

    async def dial(
        self, *, user: User | None = None, token: str | None = None, carry: Carry = "subprotocol", headers: Mapping[str, str] | None = None,
        cookies: bool = True,
    ) -> LiveSocket | None:  # fmt: skip
        """A new connection, welcomed, or None where it was not; for checks about connecting itself. The caller closes it."""
        bearer = token if token is not None else (user.access if user else None)
        return await self._sockets.dial(user=user, token=bearer, carry=carry, check=self.check, headers=headers, cookies=cookies)

    def link(self, user: User, *, watch: bool = True, line: Sequence[str] = ()) -> AbstractAsyncContextManager[LiveLink]:
        """See `checks.api.Context.link`."""
        return link(self, self._world, self._sockets, user, watch=watch, line=line, later=self.later)

    def no_link(self) -> str:
        """See `checks.api.Context.no_link`."""
        return obstacle(self._world, self._sockets.url)

    def throttled_s(self, user: User) -> float | None:
        """See `checks.api.Context.throttled_s`."""
        return self._sockets.told.get(user.label)

    async def own_thread(self, user: User) -> str:
        """One thread per check and user, for runs that need no thread of their own: little is made, and all of it is ours."""
        if user.label not in self._threads:
            self._threads[user.label] = await self.thread(user)
        return self._threads[user.label]

    async def thread(self, user: User, title: str = "") -> str:
        """Create a thread over REST and remember it as ours. Raises `ConnectionError` where the target made none (the rows say why).

        Its title names the session, so that cleaning up finds it even if the engine died before the answer came.
        """
        name = f"vigil {self._world.session} {title or self.check}"
        answer = await self.http("backend", "POST", "/api/threads", user=user, json={"title": name})
        body = answer.json if isinstance(answer.json, dict) else {}
        thread = str(body.get("id", ""))
        if answer.status == 200 and thread:
            self._world.made("thread", thread, user.label, self.check)
            return thread
        raise ConnectionError(f"no thread for {user.label}: {f'answered {answer.status}' if answer.status else answer.error}")

    def _offered(self, user: User, offer: Offer | None) -> str:
        """The thread that a handshake set aside, where this check has none of its own for the user yet; else ''."""
        if offer is None or not offer.thread or user.label in self._threads:
            return ""
        self._world.made("thread", offer.thread, user.label, self.check)
        return offer.thread

    def marker(self, user: User) -> str:
        """A new unguessable text of this session and user."""
        return make_marker(self._world.session[:6], user.label, random_hex(10))

    @asynccontextmanager
    async def action(self, user: User, marker: str, channel: str) -> AsyncIterator[None]:
        """Mark what is done inside as a marker-bearing action of `user`: one isolation probe for every open observer."""
        await self.gate()
        number = self._world.next_step()
        facts = {"action": number, "marker": marker, "channel": channel}
        self._world.log.add("action", facts, check=self.check, user=user.label, type="begin")
        try:
            yield
        finally:
            self._world.log.add("action", facts, check=self.check, user=user.label, type="end")

    async def meet(self) -> None:
        """Wait for the drives of this check on other engines."""
        self._meetings += 1
        await self._world.meet(self.check, self._meetings)

    async def linger(self) -> None:
        """Wait as long as a leak of the last action may still count."""
        await self.sleep(LINGER_S + 0.3)

    async def run_agent(
        self, socket: Socket, prompt: str, *, thread: str = "", marker: str = "", tools: bool = True,
        deadline: float | None = None, on_event: Callable[[Event], None] | None = None, type: str = "user_message",
        payload: Mapping[str, Any] | None = None, envelope: Mapping[str, Any] | None = None, **facts: Any,
    ) -> RunOutcome:  # fmt: skip
        """Ask the agent and wait for its `agent_completed`, its `agent_stopped`, an error for this request, or the deadline."""
        limit = deadline if deadline is not None else float(self.limits.run_s)
        offer = socket.take_offer() if isinstance(socket, LiveSocket | HeldSocket) else None
        reserved = "" if thread else self._offered(socket.user, offer)
        thread = thread or reserved or await self.own_thread(socket.user)
        self._world.pacing.spend_run()
        if offer is not None and offer.run:
            self._world.made("run", offer.run, socket.user.label, self.check)
        request = random_hex(16)
        offered = offer.run if offer is not None else ""
        seen: dict[str, str] = {"run": "", "thread": thread, "answer": "", "end": ""}

        def ours(event: Event) -> bool:
            mine = event.request == request or (event.run != "" and event.run in (seen["run"], offered))
            # Some builds correlate nothing at all; requests on one socket are served in turn, so that it can only be ours.
            mine = mine or (event.critical and not (event.run or event.request or event.thread))
            if not mine:
                return False
            if event.run and not seen["run"]:
                seen["run"] = event.run
                if reserved and event.name != "error":
                    # The platform has taken it into use: from now on it can be written to from every socket.
                    self._threads.setdefault(socket.user.label, reserved)
                self._world.made("run", event.run, socket.user.label, self.check)
            seen["thread"] = event.thread or seen["thread"]
            if on_event is not None:
                on_event(event)
            if event.name == "agent_completed":
                seen["answer"], seen["end"] = event.text, "done"
                return True
            if event.name in ("error", "agent_error", "agent_failed", "agent_stopped"):
                seen["end"] = "stopped" if event.name == "agent_stopped" else "refused"
                return True
            return False

        outcome = "lost"
        about = {"request": request, "thread": thread, "marker": marker, "prompt": prompt, "expects": {"tools": tools}, **facts}
        async with self.step("agent-run", user=socket.user, deadline=limit, conn=socket.conn, **about) as step:
            # The texts and the correlation that the platform's handlers read, each under another name (wire contract 5.1, 6.7).
            named = {"thread_id": thread} if thread else {}
            told = {"content": prompt, "message": prompt, "turn_id": request, **named, **(payload or {})}
            if type != "user_message":
                told["user_request"] = prompt
            if offered:
                told["run_id"] = offered
            extra = {"message_id": request, **({"thread_id": thread} if thread else {}), **(envelope or {})}
            waiting = asyncio.ensure_future(socket.expect(ours, limit))
            try:
                await socket.send(type, told, **extra)
                await waiting
            except ConnectionError as error:
                step.note(error=str(error))
            finally:
                waiting.cancel()
            outcome = seen["end"] or ("deadline" if socket.open else "lost")
            if outcome != "done":
                step.ended(outcome)
            step.note(run=seen["run"])
        if seen["run"] and outcome in ("done", "stopped"):
            self._world.finished("run", seen["run"])
        return RunOutcome(outcome, seen["run"], seen["thread"], seen["answer"], request)  # type: ignore[arg-type]

    async def ping(self, socket: Socket, within: float, intended_ns: int | None = None) -> float | None:
        """One application ping; ms until its pong, None where none came by the deadline.

        With `intended_ns` it belongs to an open schedule: timed from that instant, and a sample of the series `ping`.
        """
        name = uuid.uuid4().hex[:12]
        when = self.now_ns() if intended_ns is None else intended_ns
        facts = {"id": name} if intended_ns is None else {"id": name, "intended": when}
        intent = "answered" if intended_ns is None else "ping"
        async with self.step(intent, user=socket.user, deadline=within, conn=socket.conn, **facts) as step:
            waiting = asyncio.ensure_future(
                # Some builds answer without the ping's id: such a pong is taken, one with another id is not.
                socket.expect(lambda event: event.name == "pong" and name in (event.request or name, *event.ids), within)
            )
            try:
                await socket.send("ping", {"id": name}, id=name)
                if await waiting is not None:
                    return (self.now_ns() - when) / 1e6
            except ConnectionError as error:
                step.note(error=str(error))
            finally:
                waiting.cancel()
            step.ended("deadline" if socket.open else "lost")
        return None

    async def sign_in(self) -> None:
        """Sign the plan's users in (the sign-in check's own drive)."""
        await sign_in_all(self._world, self.check)

    def has(self, service: str) -> bool:
        """Whether the target has this service."""
        return bool(self._world.urls.get(service))

    def url(self, service: str) -> str:
        """The base address of a service, '' where the target has none."""
        return self._world.urls.get(service, "")

    def seed(self, name: str) -> str:
        """A seed of this session's plan and this name: the same plan asks the same questions."""
        again = f"/{self.iteration}" if self.iteration > 1 else ""
        return f"{self._world.plan.seed or self._world.session}/{name}{again}"

    def held_ns(self) -> int:
        """For how long the session was held so far."""
        return self._world.gate.held_ns()

    def later(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start something beside this drive; it ends with the drive at the latest."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(_stopped)
        return task

    async def together(self, work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
        """Do these side by side; where one raises, the others are ended before the drive goes on."""
        tasks = [self.later(one) for one in work]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    @asynccontextmanager
    async def sockets(self, users: Sequence[User]) -> AsyncIterator[list[HeldSocket]]:
        """A socket for each of these users, all open at once."""
        async with AsyncExitStack() as stack:
            yield [await stack.enter_async_context(self.socket(user)) for user in users]

    @asynccontextmanager
    async def bad_token(self, show_good: Callable[[], Awaitable[bool]]) -> AsyncIterator[None]:
        """One bad token is sent inside; `show_good` then shows a known-good one (never five bad in a row, whoever runs)."""
        await self.gate()
        async with self._world.bad.turn(show_good):
            yield

    async def spare_login(self, user: User, extra: Mapping[str, Any]) -> User | None:
        """A second sign-in of the same account, for a check that spends it. None where the account has no way to have one, or it fails."""
        if not user.password and self._world.plan.mode == "e2e" and user.email:
            spare = (await e2e(self._world, self.check, user.label, user.email, extra)).user
            if spare is not None:
                self._world.spares.append(spare)
            return spare
        if not user.password:
            return None
        answer = await self.http(
            "auth", "POST", "/auth/login", user=user, token="", json={"email": user.email, "password": user.password, **extra}
        )
        access, refresh = tokens_of(answer.json)
        if answer.status != 200 or not access:
            return None
        spare = User(user.label, user.sub, user.email, user.password, access, refresh)
        self._world.spares.append(spare)
        return spare

    def close(self) -> None:
        """End whatever the drive left running."""
        for task in list(self._tasks):
            task.cancel()
