"""Suite 3.2, load: a ramp of users who work at once, with one of them measured alike at every level."""

from __future__ import annotations

import asyncio
import random
import uuid
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlsplit

import msgspec

from tui_app.checks.api import Check, Context, Event, Socket, User
from tui_app.checks.load_judge import judge
from tui_app.checks.own_side import spent
from tui_app.checks.prompts import make_prompt
from tui_app.checks.ramp import Tally, each, levels, p95, runs
from tui_app.monitors.throttling import limited

PING_EVERY_S, FAR_PING_EVERY_S = 0.03, 0.5
"""Between two pings of the control user: on this machine, where a level takes half a second, and elsewhere."""
NEAR = ("127.0.0.1", "::1", "localhost")
PING_AFTER_S = 0.06
SPREAD_S = 0.2
"""Over which the users of a level begin."""
AGAIN = 3
STARVED, PATIENCE = 0.1, 10.0
"""Share of a level's time that this process may wait for a processor, before pings must be so many times slower to end the ramp."""
PING_WITHIN_S = 5.0
TRIES = 3
"""How often a socket is asked for that a limit refuses, after the time that the target names each time."""
WAIT_S = 61.0
"""The most that is waited for one such refusal."""


class Ramp:
    """One ramp under way."""

    def __init__(self, ctx: Context, stack: AsyncExitStack) -> None:
        self.ctx = ctx
        self.stack = stack
        self.needed = int(ctx.limits.concurrent_users)
        self.sockets: dict[str, Socket] = {}
        self.threads: dict[str, str] = {}
        self.rng = {user.label: random.Random(ctx.seed(f"load {user.label}")) for user in ctx.users}
        self.baseline: float | None = None
        self.tally = Tally()
        self.ended = ("", "")
        self.began, self.waited = 0, 0.0
        self.under_way = 0
        self.most = 0
        """Runs under way at one moment, at most, at this level."""
        self.every_s = PING_EVERY_S if urlsplit(ctx.url("websocket")).hostname in NEAR else FAR_PING_EVERY_S

    async def climb(self) -> tuple[str, str]:
        """Level after level, until the last or a reason to end: ('', '') or (what, in words)."""
        ctx = self.ctx
        counts = levels(len(ctx.users), self.needed)
        for number, count in enumerate(counts, 1):
            await ctx.meet()
            users = list(ctx.users[:count])
            self.tally = Tally()
            facts: dict[str, Any] = {"number": number, "of": len(counts), "users": count, "each": each(count, self.needed)}
            async with ctx.step("level", who=[user.label for user in users], **facts) as step:
                cpu, waited = spent()
                self.began, self.waited = ctx.now_ns(), waited
                what, why = await self._join(users) or await self._hold(users)
                now = spent()
                step.note(cpu_s=round(now[0] - cpu, 3), waited_s=round(now[1] - waited, 3), why=why, what=what)
                if what:
                    step.ended("stopped")
            if what:
                return what, f"at {count} users {why}" if count > 1 else f"with one user {why}"
            if number == 1:
                self.baseline = p95(self.tally.control)
        return "", ""

    async def _join(self, users: list[User]) -> tuple[str, str] | None:
        """A socket and a thread for everybody who has none yet."""
        new = [user for user in users if user.label not in self.sockets]
        found = await self.ctx.together(self._socket(user) for user in new)
        missing = [user.label for user, socket in zip(new, found, strict=True) if socket is None]
        if missing:
            what = "throttled" if self.tally.limited else "failing"
            return what, f"{len(missing)} of {len(users)} users got no socket ({', '.join(missing[:5])})"
        return None

    async def _socket(self, user: User) -> Socket | None:
        ctx = self.ctx
        for attempt in range(TRIES):
            try:
                self.sockets[user.label] = await self.stack.enter_async_context(ctx.socket(user))
                self.threads[user.label] = await ctx.thread(user, "load")
                return self.sockets[user.label]
            except ConnectionError:
                told = ctx.throttled_s(user)
                if told is None or user.label in self.sockets:
                    return None
                self.tally.limited += 1
                if told > WAIT_S or attempt + 1 == TRIES:
                    return None
                await ctx.sleep(told)
        return None

    async def _hold(self, users: list[User]) -> tuple[str, str]:
        """The level's runs: everybody asks, and asks again once answered, while the control user pings."""
        ctx, stop, count = self.ctx, asyncio.Event(), len(users)
        times, self.ended, self.most = each(count, self.needed), ("", ""), 0
        async with ctx.step("level-hold", users=count):
            control = ctx.later(self._control(users[0], stop))
            try:
                await ctx.together(self._works(user, index * SPREAD_S / count, times) for index, user in enumerate(users))
                for _ in range(AGAIN if count >= self.needed else 0):
                    # Runs may be so short that not all of them were under way at one moment: then all ask once more, closer together.
                    if self.ended[0] or self.most >= self.needed:
                        break
                    await ctx.together(self._works(user, index * SPREAD_S / count / 4, 1) for index, user in enumerate(users))
            finally:
                stop.set()
                if not control.cancelled():
                    await control
        return self.ended

    def _over(self) -> tuple[str, str]:
        """Whether the ramp ends here, and why. What this client had to wait for a processor is no slowness of the target."""
        waited = spent()[1] - self.waited
        starved = waited > STARVED * (self.ctx.now_ns() - self.began) / 1e9
        return self.tally.ends(self.baseline, float(self.ctx.limits.ping_ms), PATIENCE if starved else 1.0)

    async def _works(self, user: User, after: float, times: int) -> None:
        """One user of a level, who begins a little after the one before: a burst of our own making would only measure ourselves."""
        await self.ctx.sleep(after)
        for number in range(times):
            if self.ended[0]:
                return
            await self._ask(user, reads=number == 0)
            if not self.ended[0]:
                self.ended = self._over()

    async def _ask(self, user: User, *, reads: bool) -> None:
        ctx, tally, socket = self.ctx, self.tally, self.sockets[user.label]
        marker, said = ctx.marker(user), list[str]()
        prompt = make_prompt(self.rng[user.label], "own-data", marker)
        beside = [ctx.later(self._read(user))] if reads else []
        if user.label != "u1":
            beside.append(ctx.later(self._pings_later(socket)))
        tally.asked += 1
        begun = [0]

        def heard(event: Event) -> None:
            if event.name in ("error", "agent_error", "agent_failed"):
                said.append(f"{event.code} {event.text}")
            elif event.critical and not begun[0]:
                begun[0] = 1
                self.under_way += 1
                self.most = max(self.most, self.under_way)
            if event.name == "agent_completed":
                self.under_way -= begun[0]
                begun[0] = 0

        async with ctx.action(user, marker, "prompt"):
            outcome = await ctx.run_agent(
                socket, prompt.text, thread=self.threads[user.label], marker=marker, on_event=heard, truth=msgspec.to_builtins(prompt)
            )
        self.under_way -= begun[0]
        if outcome.outcome != "done":
            throttled = any(map(limited, said))
            tally.limited += throttled
            tally.bad += not throttled
        for task in beside:
            await task

    async def _pings_later(self, socket: Socket) -> None:
        """One ping while the run goes on, and not in the moment in which all of them begin."""
        due = self.ctx.now_ns() + int(PING_AFTER_S * 1e9)
        await self.ctx.sleep(PING_AFTER_S)
        await self._ping(socket, due, control=False)

    async def _read(self, user: User) -> None:
        """What the user's page reads while the agent works."""
        answer = await self.ctx.http("backend", "GET", f"/api/threads/{self.threads[user.label]}", user=user)
        self.tally.asked += 1
        self.tally.limited += answer.status == 429
        self.tally.bad += answer.status == 0 or answer.status >= 500

    async def _control(self, user: User, stop: asyncio.Event) -> None:
        """Pings of the control user on an open schedule, whatever the ones before came to."""
        ctx, socket = self.ctx, self.sockets[user.label]
        pings: list[asyncio.Task[None]] = []
        began, held, number = ctx.now_ns(), ctx.held_ns(), 0
        while True:
            due = began + int(number * self.every_s * 1e9) + ctx.held_ns() - held
            left = (due - ctx.now_ns()) / 1e9
            if left > 0 and await ctx.wait(stop, left):
                break
            pings.append(ctx.later(self._ping(socket, due, control=True)))
            number += 1
            if stop.is_set():
                break
        for ping in pings:
            await ping

    async def _ping(self, socket: Socket, due: int, *, control: bool) -> None:
        ctx, tally, name = self.ctx, self.tally, uuid.uuid4().hex[:12]
        facts = {"id": name, "intended": due, "control": control}
        async with ctx.step("level-ping", user=socket.user, deadline=PING_WITHIN_S, conn=socket.conn, **facts) as step:
            waiting = ctx.later(socket.expect(lambda event: _answers(event, name), PING_WITHIN_S))
            found: Event | None = None
            sent = ctx.now_ns()
            try:
                await socket.send("ping", {"id": name}, id=name)
                found = await waiting
            except ConnectionError as error:
                step.note(error=str(error))
            finally:
                waiting.cancel()
            if found is None:
                step.ended("deadline" if socket.open else "lost")
            elif found.name != "pong":
                step.ended("refused")
        if found is not None and found.name != "pong":
            tally.limited += 1
        elif control and found is not None:
            tally.control.append((ctx.now_ns() - sent) / 1e6)  # the judge times it from when it was due, by the stamp of its answer
        elif control:
            tally.lost += 1


def _answers(event: Event, name: str) -> bool:
    """Whether it is the pong of this ping, or a refusal of it for being one too many."""
    if event.name == "error":
        return not event.request and limited(f"{event.code} {event.text}")
    return event.name == "pong" and name in (event.request or name, *event.ids)


async def _drive(ctx: Context) -> None:
    needed, there = int(ctx.limits.concurrent_users), len(ctx.users)
    asked = runs(there, needed)
    async with ctx.step("ramp", needed=needed, users=there, levels=levels(there, needed)) as step:
        missing = _missing(ctx, needed, there, asked)
        if missing:
            step.note(missing=missing[0], decide=missing[1])
            step.ended("refused")
            return
        async with AsyncExitStack() as stack:
            what, why = await Ramp(ctx, stack).climb()
            step.note(what=what, why=why)
            if what:
                step.ended("stopped")
            await ctx.linger()


def _missing(ctx: Context, needed: int, there: int, asked: int) -> tuple[str, str] | None:
    if there < needed and ctx.everybody > there:
        # Levels of several engines begin together, and nobody sees that their runs overlap: what one holds by itself was there at once.
        engines = -(-ctx.everybody // there)
        text = f"each engine needs {needed} users of its own, and one has {there} of {ctx.everybody}"
        return text, f"--users {needed * engines} (or more), or fewer engines"
    if there < needed:
        return f"it needs {needed} signed-in users and there are {there}", f"--users {needed} (or more), with an account for each"
    if asked > int(ctx.limits.agent_runs):
        text = f"the ramp takes {asked} agent runs, and [limits] agent_runs allows {ctx.limits.agent_runs}"
        return text, f"agent_runs = {asked} or more in [limits] of the target file, where that is agreed"
    if there > int(ctx.limits.sockets):
        return f"{there} users need a socket each, and [limits] sockets allows {ctx.limits.sockets}", f"sockets = {there} in [limits]"
    return None


CHECKS = (
    Check(
        id="fifty-users",
        spread="each",
        suite="3.2",
        title="Fifty users at once",
        proves="With 1, 5, 10, 20, 35, 50 and more users at once, each on a socket of their own, over 95 % of all runs complete.",
        impact="If this fails, the product breaks on the day on which it is needed by everybody.",
        strategy=("tests/e2e/staging/test_performance_scaling.py", "tests/e2e/staging/test_multi_user_concurrent_sessions.py"),
        effects=frozenset({"load", "write"}),
        drive=_drive,
        judge=judge,
        intents=frozenset({"ramp"}),
        needs=("sign-in", "ws-connect"),
        exclusive=True,
        min_users=2,
        catches=(
            "collapse-at-40",
            "tenth-run-lost-under-load",
            "errors-under-load",
            "requests-dropped-under-load",
            "pings-starve-under-load",
        ),
        presets=(),
        asked=lambda users, duration_s: users >= 50,
        cost=lambda users, preset: {
            "agent_runs": runs(users, 50),
            "connects": users,
            "sockets": users,
            "threads": users,
            "seconds": 4 + 2 * len(levels(users, 50)),
        },
    ),
)
