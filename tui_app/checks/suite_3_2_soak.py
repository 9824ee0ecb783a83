"""Suite 3.2, the soak: users who stay for hours, and whether anything wears out meanwhile (criterion P4)."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import msgspec

from tui_app.checks.api import Check, Context, Socket, User
from tui_app.checks.prompts import Prompt, make_prompt
from tui_app.checks.soaking import judge_soak
from tui_app.wire.pacing import BudgetSpent

STAYING = 5
"""Users who stay."""
SHORT_S = 60.0
"""A soak for which no time was given."""
BLOCKS = 24
BLOCK_S = (10.0, 300.0)
PING_S, MOST_PING_S = 0.05, 2.0
ANSWER_S = 5.0
RUNS_A_BLOCK = 4
"""Over all users: a median needs three."""
READS = 5
"""Every so many pings the user's threads are read over REST."""
RUNS_A_THREAD = 10
BACK_OFF_S = (0.0, 0.25, 0.5, 1.0, 2.0, 5.0)
"""How long a client waits before it dials again, from refusal to refusal."""
POLL_S = 0.3
AGENT = frozenset({"assistant", "agent", "ai"})


class Shape(msgspec.Struct, frozen=True):
    """How a soak is cut: its length, that of a block, the time between two pings of a user and between two runs of all, s."""

    seconds: float
    block_s: float
    ping_s: float
    run_s: float

    @property
    def blocks(self) -> int:
        """How many blocks there are."""
        return max(1, round(self.seconds / self.block_s))


def shape(seconds: float, runs_left: int | None, block_s: float = 0.0) -> Shape:
    """The shape of a soak of so many seconds, within a budget of agent runs."""
    block = block_s or min(max(seconds / BLOCKS, BLOCK_S[0]), BLOCK_S[1], seconds)
    blocks = max(1, round(seconds / block))
    wanted = blocks * RUNS_A_BLOCK
    runs = wanted if runs_left is None else min(wanted, runs_left)
    return Shape(seconds, block, min(MOST_PING_S, max(block / 10, PING_S)), seconds / runs if runs else seconds * 2)


class _Soak:
    """One soak under way: every user in turn asks, all stay connected."""

    def __init__(self, ctx: Context, form: Shape) -> None:
        self.ctx = ctx
        self.form = form
        self.began, self._held = ctx.now_ns(), ctx.held_ns()
        self.sockets: dict[str, Socket] = {}
        self.busy: set[str] = set()
        self.threads: dict[str, tuple[str, int]] = {}
        self.unasked = 0
        """Runs that were due and not asked for: the budget was used up, or no user was free."""

    def at_s(self) -> float:
        """How long the soak has been at work; it stands still on hold."""
        return (self.ctx.now_ns() - self.began - (self.ctx.held_ns() - self._held)) / 1e9

    async def until(self, at_s: float) -> None:
        """Sleep until this moment of the soak."""
        await self.ctx.sleep(max(0.0, at_s - self.at_s()))

    # -- a user who stays

    async def stay(self, user: User, first_s: float, turn: float) -> None:
        """From this moment of the soak on: connected, and dialling again at once whenever the socket is gone.

        `turn`: by what part of the time between two pings this user comes after the first, so that pings don't queue behind each other.
        """
        await self.until(first_s)
        refused = 0
        while self.at_s() < self.form.seconds:
            await self.ctx.sleep(BACK_OFF_S[min(refused, len(BACK_OFF_S) - 1)])
            try:
                async with self.ctx.socket(user, fresh=True) as socket:
                    refused = 0
                    self.sockets[user.label] = socket
                    await self._talk(user, socket, turn)
                    while socket.open and user.label in self.busy:  # what was asked is waited for: the end of a soak loses nothing
                        await self.ctx.sleep(POLL_S / 3)
                    if socket.open:
                        return
            except ConnectionError:
                refused += 1
            finally:
                self.sockets.pop(user.label, None)

    async def _talk(self, user: User, socket: Socket, turn: float) -> None:
        """Pings on an open schedule until the socket or the soak ends; the first at once, so that it shows the way back."""
        every = self.form.ping_s
        number = int(self.at_s() / every - turn)
        due, pings = self.at_s(), 0
        while due < self.form.seconds:
            await self.until(due)
            if not socket.open:
                return
            intended = self.ctx.now_ns() - int(max(0.0, self.at_s() - due) * 1e9)
            self.ctx.later(self._ping(socket, intended, control=pings % 2 == 0))
            pings += 1
            if pings % READS == 0:
                self.ctx.later(self._read(user))
            number += 1
            due = max((number + turn) * every, due)
            if await socket.wait_closed(max(0.0, min(due, self.form.seconds) - self.at_s())) and not socket.open:
                return

    async def _ping(self, socket: Socket, intended: int, *, control: bool) -> None:
        await self.ctx.ping(socket, ANSWER_S, intended)
        if control and socket.open:
            await socket.control_ping(ANSWER_S)

    async def _read(self, user: User) -> None:
        """Between two rounds of pings, which the target might answer later for it."""
        await self.ctx.sleep(self.form.ping_s * 0.8 / STAYING)
        await self.ctx.http("backend", "GET", "/api/threads", user=user)

    # -- runs

    async def ask(self, users: list[User]) -> None:
        """Somebody asks the agent, in turn, as often as the budget allows."""
        turn, number = 0, 0
        while (due := (number + 0.5) * self.form.run_s) < self.form.seconds:
            number += 1
            await self.until(due)
            left = self.ctx.runs_left()
            ready = [user for user in users[turn:] + users[:turn] if user.label in self.sockets and user.label not in self.busy]
            if not ready or left == 0:
                self.unasked += 1
                continue
            turn = (users.index(ready[0]) + 1) % len(users)
            self.busy.add(ready[0].label)
            self.ctx.later(self._run(ready[0], number))

    async def _run(self, user: User, number: int) -> None:
        rng = random.Random(self.ctx.seed(f"soak {user.label} {number}"))
        prompt = make_prompt(rng, ("spend", "arithmetic")[number % 2], self.ctx.marker(user))
        try:
            socket = self.sockets.get(user.label)
            thread = await self._thread(user)
            if socket is None or not socket.open:
                self.unasked += 1
                return
            run = await self.ctx.run_agent(
                socket, prompt.text, thread=thread, marker=prompt.marker, tools=number % 2 == 0, truth=msgspec.to_builtins(prompt)
            )
            if run.outcome == "lost":
                await self._account(user, thread, run.request, run.run, prompt)
        except (BudgetSpent, ConnectionError):
            self.unasked += 1
        finally:
            self.busy.discard(user.label)

    async def _thread(self, user: User) -> str:
        """A thread for the next few runs of this user: one for hours would grow, and slow down what is measured."""
        thread, used = self.threads.get(user.label, ("", RUNS_A_THREAD))
        if used >= RUNS_A_THREAD:
            thread, used = await self.ctx.thread(user), 0
        self.threads[user.label] = (thread, used + 1)
        return thread

    async def _account(self, user: User, thread: str, request: str, run: str, prompt: Prompt) -> None:
        """What became of a run whose socket was cut: its answer in the history, sooner or later, or nothing."""
        within = float(self.ctx.limits.run_s)
        async with self.ctx.step("account", user=user, deadline=within, request=request, run=run, thread=thread) as step:
            begin, found = self.at_s(), "unread"
            while found != "answer" and self.at_s() - begin < within:
                answer = await self.ctx.http("backend", "GET", f"/api/threads/{thread}/messages", user=user)
                found = kept(answer.json, run, prompt.marker) if answer.status == 200 else found
                if found == "nothing" and self.at_s() - begin > within / 4:
                    break
                if found != "answer":
                    await self.ctx.sleep(POLL_S)
            step.note(found=found)
            if found != "answer":
                step.ended("deadline")


def kept(body: Any, run: str, marker: str) -> str:
    """What a thread's history holds of a request: its `answer`, the `question` alone, or `nothing`."""
    messages = body.get("messages", body.get("items")) if isinstance(body, Mapping) else body
    asked = False
    for one in messages if isinstance(messages, list) else []:
        if not isinstance(one, Mapping):
            continue
        about = one.get("metadata")
        mine = bool(run) and isinstance(about, Mapping) and about.get("run_id") == run
        if str(one.get("role", "")).lower() in AGENT:
            if one.get("content") and (mine or asked):
                return "answer"
        elif mine or marker in str(one.get("content", "")):
            asked = True
        else:
            asked = False
    return "question" if asked or any(marker in str(one) for one in messages or ()) else "nothing"


async def _soak(ctx: Context) -> None:
    seconds = ctx.duration_s or SHORT_S
    form = shape(seconds, ctx.runs_left(), float(getattr(ctx.limits, "soak_block_s", 0.0) or 0.0))
    users = list(ctx.users[:STAYING])
    facts: dict[str, Any] = {"seconds": seconds, "block_s": form.block_s, "of": form.blocks, "users": len(users), "asked_s": ctx.duration_s}
    async with ctx.step("soak", **facts) as step:
        soak = _Soak(ctx, form)
        apart = form.block_s / (len(users) + 1)  # sockets that a deadline ends do not end in one instant, so that it shows as one
        staying = [soak.stay(user, number * apart, number / len(users)) for number, user in enumerate(users)]
        await ctx.together([soak.ask(users), *staying])
        await soak.until(form.seconds)
        while soak.busy:  # a run that was cut at the very end is still to be accounted for
            await ctx.sleep(POLL_S / 3)
        step.note(unasked=soak.unasked, held_s=round(ctx.held_ns() / 1e9, 3))


def _cost(users: int, duration_s: float) -> Mapping[str, float]:
    form = shape(duration_s or SHORT_S, None)
    staying = min(users, STAYING)
    runs = form.blocks * RUNS_A_BLOCK
    return {
        "agent_runs": runs, "connects": staying, "sockets": staying, "threads": staying + runs // RUNS_A_THREAD, "seconds": form.seconds,
    }  # fmt: skip


CHECKS: tuple[Check, ...] = (
    Check(
        id="soak",
        suite="3.2",
        title="Hours leave no mark",
        proves=(
            "Users stay connected for the given time, talk and ask: no socket drops unexplained, everybody cut by the platform's "
            "deadline is back within 5 s with nothing lost, and neither latency nor errors drift."
        ),
        impact="If this fails, the product wears out within hours: customers of the afternoon get less than those of the morning.",
        strategy=("tests/e2e/staging/test_performance_scaling.py", "scripts/monitor_websocket_events.py"),
        effects=frozenset({"write"}),
        drive=_soak,
        judge=judge_soak,
        needs=("sign-in", "ws-connect"),
        exclusive=True,
        last=True,
        lean=True,
        asked=lambda users, duration_s: duration_s > 0,
        catches=("drift-1-percent-a-minute", "drops-at-any-age", "cut-and-kept-out", "cut-loses-runs", "errors-rise"),
        presets=(),
        over=_cost,
    ),
)
