"""Runs a plan: phases one after the other, checks within a phase side by side unless exclusive, each as a task of its own."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from tui_app.checks.api import Check
from tui_app.checks.catalogue import OWN, origin
from tui_app.engine.clock import Stopped
from tui_app.engine.context import LiveContext
from tui_app.engine.guarded import GuardedContext
from tui_app.engine.links import NoLink
from tui_app.engine.plan import PAUSE_S, repeated
from tui_app.engine.sockets import Sockets
from tui_app.engine.tidy import tidy
from tui_app.engine.world import World
from tui_app.fleet.lead import Lead
from tui_app.wire.created import NotOurs
from tui_app.wire.pacing import BudgetSpent

DRIVE_CAP_S = 3600.0
TIDY_CAP_S = 30.0
COLD_EVERY = 10
"""Every so many times of a repeated check begin on new connections."""


async def _nothing() -> None:
    """Nobody looks."""


class Runner:
    """One session's run through its plan."""

    def __init__(self, world: World, sockets: Sockets, checks: list[Check], refusal: Callable[[Check], tuple[str, str, str]]) -> None:
        self.world = world
        self.sockets = sockets
        self.checks = checks
        self.refusal = refusal
        """For a check: ('', '', '') where it may run, else (blocked|skipped, reason, what would decide it)."""
        self.fleet: Lead | None = None
        """The other engines, where there are any."""
        self.look: Callable[[], Awaitable[None]] = _nothing
        """Asks the target again who it is."""
        self.fault = ""
        self._lost = ("", "")
        self._wanting = ""
        self._cooled: dict[str, int] = {}
        self.round = 1
        """Which time the selected checks are driven, with `until_fail`."""
        self.until = ""
        """What ended repeating them: who failed, or which limit."""
        self.spent = ""
        """Which budget is used up."""
        self._repeated = repeated(world.plan) - {check.id for check in checks if check.watch}
        self._done = {check.id: asyncio.Event() for check in checks}
        self._tasks: set[asyncio.Task[None]] = set()
        self._driving: dict[str, asyncio.Task[Any]] = {}
        self._ended: dict[str, tuple[str, str]] = {}
        """Checks that were ended one by one: why, and what would decide them."""

    async def run(self) -> str:
        """Run everything; returns how it ended: complete, stopped, credentials, engines or fault."""
        last = [check for check in self.checks if check.last]
        watching = [asyncio.create_task(self._tracked(check), name=check.id) for check in self.checks if check.watch]
        others = [check for check in self.checks if not check.last and not check.watch]
        phases = sorted({check.phase for check in others})
        for phase in phases:
            if self.world.gate.stopping and not self._lost[0]:
                break
            self.world.log.add("phase", {"phase": phase}, type="start")
            await self._phase([check for check in others if check.phase == phase])
            self.world.log.add("phase", {"phase": phase}, type="end")
        if self.world.plan.until_fail:
            await self._until_fail()
        self.world.over.set()
        await asyncio.gather(*watching)
        for check in ordered(last):
            if not self.world.gate.stopping:
                await self._tracked(check)
        stopped = self.world.gate.stopping
        return "fault" if self.fault else self._wanting if self._lost[0] else "stopped" if stopped else "complete"

    async def _until_fail(self) -> None:
        """Drive the selected checks again and again, until one of them fails or a limit ends it."""
        plan, log = self.world.plan, self.world.log
        again = [check for check in self.checks if check.id in self._repeated and log.bench.sums.driven(check.id)]
        pause = PAUSE_S if plan.target.get("environment") != "rehearsal" else PAUSE_S / 10
        while not (self.world.gate.stopping or self.fault):
            self.until = self._reached(again)
            if self.until:
                return
            with contextlib.suppress(Stopped):
                await self.world.gate.sleep(pause)
            self.round += 1
            log.add("session", {"round": self.round}, type="round")
            for check in again:
                self._done[check.id].clear()
            for phase in sorted({check.phase for check in again}):
                if not self.world.gate.stopping:
                    await self._phase([check for check in again if check.phase == phase])

    def _reached(self, again: list[Check]) -> str:
        """Why repeating ends here; '' where it goes on."""
        plan, log = self.world.plan, self.world.log
        failed = [check.id for check in again if log.bench.peek(check.id) == "FAIL"]
        if failed:
            return f"{', '.join(failed)} failed in iteration {self.round}"
        if not again:
            return "no selected check could be driven"
        if self.spent:
            return self.spent
        if plan.duration_s and log.clock.now() >= plan.duration_s * 1e9:
            return f"{plan.duration_s:g} s are over"
        with contextlib.suppress(BudgetSpent):
            self.world.pacing.check_time()
            return ""
        return f"the budget of {self.world.pacing.minutes:g} minutes is used up"

    def stop(self) -> None:
        """No new sends at once; drives under way are cancelled and say so."""
        self.world.gate.stop()
        for task in self._tasks:
            task.cancel()

    def loading(self) -> list[str]:
        """The checks under way that load the target."""
        return [check.id for check in self.checks if "load" in check.effects and check.id in self._driving]

    def end(self, check: str, why: str, decide: str) -> None:
        """End one check's drive alone; it reads INCONCLUSIVE for that reason."""
        task = self._driving.get(check)
        if task is not None and check not in self._ended:
            self._ended[check] = (why, decide)
            task.cancel()

    def give_up(self, why: str, decide: str, what: str = "credentials") -> None:
        """Stop for want of something, such as nobody who can be kept signed in: what has not ended is BLOCKED by that, nothing FAILs."""
        self._lost = (why, decide)
        self._wanting = what
        self.stop()

    async def tidy(self) -> None:
        """Leave the target as it was, within a bound."""
        self.world.log.add("control", {"text": "tidying"}, type="tidy")
        self.world.gate.stopping = False
        try:
            await asyncio.wait_for(tidy(self.world, self.sockets), TIDY_CAP_S)
        except TimeoutError:
            self.world.log.add(
                "created", {"thing": "?", "id": "", "owner": "", "reason": f"tidying took over {TIDY_CAP_S:.0f} s"}, type="left"
            )

    async def _phase(self, checks: list[Check]) -> None:
        together = [check for check in checks if not check.exclusive]
        alone = [check for check in checks if check.exclusive]
        if self.world.plan.parallel:
            tasks = {asyncio.create_task(self._one(check), name=check.id) for check in together}
            self._tasks |= tasks
            await asyncio.gather(*tasks, return_exceptions=False)
            self._tasks -= tasks
        else:
            for check in ordered(together):
                await self._tracked(check)
        for check in ordered(alone):
            await self._tracked(check)

    async def _tracked(self, check: Check) -> None:
        task = asyncio.create_task(self._one(check), name=check.id)
        self._tasks.add(task)
        await task
        self._tasks.discard(task)

    async def _one(self, check: Check) -> None:
        try:
            for needed in (*check.needs, *check.after):
                if needed in self._done:
                    await self._done[needed].wait()
            if self.world.gate.stopping:
                if self._lost[0]:
                    self.world.log.add("check", {"id": check.id}, check=check.id, type="start")
                    self._stopped(check)
                return
            for time in self._times(check):
                if time.get("iteration", 1) > 1 and time["of"]:
                    await self._between(check, time["iteration"])
                if await self._once(check, time) != "driven" or self._decided(check):
                    break
        except asyncio.CancelledError:
            self._stopped(check)
        finally:
            self._done[check.id].set()

    def _times(self, check: Check) -> list[dict[str, int]]:
        """Facts of each time that a check is driven: none where it is once; `of` is 0 where nobody knows how often."""
        plan = self.world.plan
        if check.id not in self._repeated or (plan.iterations == 1 and not plan.until_fail):
            return [{}]
        if plan.until_fail:
            return [{"iteration": self.round, "of": 0}]
        return [{"iteration": number, "of": plan.iterations} for number in range(1, plan.iterations + 1)]

    def _decided(self, check: Check) -> bool:
        """Whether driving it further tells nothing new: only ever because it is broken, never because it passes."""
        return bool(self.world.log.bench.decided(check.id))

    async def _between(self, check: Check, number: int) -> None:
        """Between two times of a check: a pause for a target that is not ours, and now and then connections and a build that are new."""
        try:
            if self.world.plan.target.get("environment") != "rehearsal":
                await self.world.gate.sleep(PAUSE_S)
            # Checks that run side by side share their sockets: the first one to come so far gives all of them new ones.
            alone = check.exclusive or not self.world.plan.parallel
            lane = check.id if alone else check.phase
            if number % COLD_EVERY == 1 and number > self._cooled.get(lane, 1):
                # Cold and warm are told apart only where there are both; and what changed in between should be seen.
                self._cooled[lane] = number
                await self.sockets.cool()
                await self.look()
        except Stopped:
            return  # the next time says so

    async def _once(self, check: Check, time: dict[str, int]) -> str:
        """Drive a check one time; how that ended."""
        log = self.world.log
        began = log.clock.now()
        log.add("check", {"id": check.id, **time}, check=check.id, type="start")
        try:
            outcome, reason, decide = self._may(check)
            if not outcome:
                async with self._with_others(check):
                    outcome, reason, decide = await self._drive(check, time.get("iteration", 0))
        except asyncio.CancelledError:
            outcome, reason, decide = "stopped", "", ""
        if outcome == "stopped":
            self._stopped(check, **time)
            return outcome
        took = (log.clock.now() - began) / 1e6
        log.add("check", {"outcome": outcome, "reason": reason, "to_decide": decide, **time}, check=check.id, type="end", ms=took)
        return outcome

    async def alone(self, check: Check) -> None:
        """Drive one check, for who says himself which is next."""
        await self._tracked(check)

    @contextlib.asynccontextmanager
    async def _with_others(self, check: Check) -> AsyncIterator[None]:
        """The other engines drive it meanwhile, if it is one for all; what they found of it is told by the end."""
        if self.fleet is None or not check.spread:
            yield
            return
        others = asyncio.create_task(self.fleet.drive(check.id), name=f"{check.id} elsewhere")
        try:
            yield
            await self.fleet.release(check.id)
            await others
        finally:
            others.cancel()

    def _stopped(self, check: Check, **time: int) -> None:
        why, decide = self._lost
        outcome = "blocked" if why else "stopped"
        if not why:
            why, decide = self._ended.get(check.id, ("", ""))
        body = {"outcome": outcome, "reason": why or "stopped by the operator", "to_decide": decide, **time}
        self.world.log.add("check", body, check=check.id, type="end")

    def _may(self, check: Check) -> tuple[str, str, str]:
        refused = self.refusal(check)
        if refused[0]:
            return refused
        for needed in check.needs:
            judgement = self.world.log.bench.judgements.get(needed)
            if judgement is not None and judgement.word in ("FAIL", "BLOCKED", "SKIPPED"):
                # The root of a chain is what helps: a check that was blocked itself passes its own reason on.
                if judgement.word == "BLOCKED":
                    return "blocked", judgement.reason, judgement.to_decide
                return "blocked", f"{needed} is {judgement.word}: {judgement.reason}", f"{needed} passes"
        elsewhere = self.world.plan.users - self.world.plan.own_users if check.spread and self.world.users else 0
        have = len(self.world.users) + elsewhere
        if have < check.min_users and check.min_users > 0 and check.id != "sign-in":
            return "blocked", f"it needs {check.min_users} signed-in users and there are {have}", f"give {check.min_users} accounts"
        return "", "", ""

    async def _drive(self, check: Check, iteration: int) -> tuple[str, str, str]:
        outside = origin(check) != OWN
        context = GuardedContext(self.world, self.sockets, check) if outside else LiveContext(self.world, self.sockets, check.id)
        task = asyncio.current_task()
        if task is not None:
            self._driving[check.id] = task
        try:
            # A soak goes on for as long as the operator asked, and longer by what it was held.
            async with asyncio.timeout(None if check.watch or check.asked(0, self.world.plan.soak_s) else DRIVE_CAP_S):
                context.iteration = iteration
                await check.drive(context)
        except Stopped:
            return "stopped", "stopped by the operator", ""
        except BudgetSpent as error:
            self.spent = str(error)
            return "blocked", str(error), "raise the limit in the target file's [limits], or leave checks out"
        except NoLink as error:
            return "blocked", str(error), error.to_decide
        except TimeoutError:
            if outside:
                return "broken", f"it did not come to an end within {DRIVE_CAP_S:.0f} s", "repair its drive"
            self.fault = f"{check.id} did not come to an end within {DRIVE_CAP_S:.0f} s"
            return "fault", self.fault, ""
        except ConnectionError as error:
            # A drive that lost what it works on is not Vigil's fault: the judge reads the rows and says what was missing.
            self.world.log.add("client", {"what": "drive ended early", "text": str(error)}, check=check.id, type="ok")
            return "driven", "", ""
        except (NotOurs, Exception) as error:  # noqa: BLE001  one check's own fault must not end the session; it is recorded and ends it with exit 5
            where = traceback.extract_tb(error.__traceback__)[-1]
            if outside:
                return "broken", f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})", "repair its drive"
            self.fault = f"{check.id}: {type(error).__name__}: {error} ({where.name}, line {where.lineno})"
            return "fault", self.fault, ""
        finally:
            self._driving.pop(check.id, None)
            context.close()
        return "driven", "", ""


def ordered(checks: list[Check]) -> list[Check]:
    """The checks so that each comes after those it needs."""
    names = {check.id for check in checks}
    placed: list[Check] = []
    left = list(checks)
    while left:
        ready = [
            check
            for check in left
            if all(needed not in names or needed in {one.id for one in placed} for needed in (*check.needs, *check.after))
        ]
        placed.extend(ready or left)
        left = [check for check in left if check not in placed]
    return placed
