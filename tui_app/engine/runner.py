"""Runs a plan: phases one after the other, checks within a phase side by side unless exclusive, each as a task of its own."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable

from tui_app.checks.api import Check
from tui_app.checks.catalogue import OWN, origin
from tui_app.engine.clock import Stopped
from tui_app.engine.context import LiveContext
from tui_app.engine.guarded import GuardedContext
from tui_app.engine.sockets import Sockets
from tui_app.engine.tidy import tidy
from tui_app.engine.world import World
from tui_app.wire.created import NotOurs
from tui_app.wire.pacing import BudgetSpent

DRIVE_CAP_S = 3600.0
TIDY_CAP_S = 30.0


class Runner:
    """One session's run through its plan."""

    def __init__(self, world: World, sockets: Sockets, checks: list[Check], refusal: Callable[[Check], tuple[str, str, str]]) -> None:
        self.world = world
        self.sockets = sockets
        self.checks = checks
        self.refusal = refusal
        """For a check: ('', '', '') where it may run, else (blocked|skipped, reason, what would decide it)."""
        self.fault = ""
        self._lost = ("", "")
        self._done = {check.id: asyncio.Event() for check in checks}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> str:
        """Run everything; returns how it ended: complete, stopped, credentials or fault."""
        last = [check for check in self.checks if check.last]
        phases = sorted({check.phase for check in self.checks if not check.last})
        for phase in phases:
            if self.world.gate.stopping and not self._lost[0]:
                break
            self.world.log.add("phase", {"phase": phase}, type="start")
            await self._phase([check for check in self.checks if check.phase == phase and not check.last])
            self.world.log.add("phase", {"phase": phase}, type="end")
        for check in ordered(last):
            if not self.world.gate.stopping:
                await self._tracked(check)
        stopped = self.world.gate.stopping
        return "fault" if self.fault else "credentials" if self._lost[0] else "stopped" if stopped else "complete"

    def stop(self) -> None:
        """No new sends at once; drives under way are cancelled and say so."""
        self.world.gate.stop()
        for task in self._tasks:
            task.cancel()

    def give_up(self, why: str, decide: str) -> None:
        """Stop because nobody can be kept signed in: what has not ended is BLOCKED by that, and nothing FAILs by it."""
        self._lost = (why, decide)
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
        log = self.world.log
        try:
            for needed in (*check.needs, *check.after):
                if needed in self._done:
                    await self._done[needed].wait()
            if self.world.gate.stopping:
                if self._lost[0]:
                    log.add("check", {"id": check.id}, check=check.id, type="start")
                    self._stopped(check)
                return
            began = log.clock.now()
            log.add("check", {"id": check.id}, check=check.id, type="start")
            outcome, reason, decide = self._may(check)
            if not outcome:
                outcome, reason, decide = await self._drive(check)
            if outcome == "stopped":
                self._stopped(check)
                return
            took = (log.clock.now() - began) / 1e6
            log.add("check", {"outcome": outcome, "reason": reason, "to_decide": decide}, check=check.id, type="end", ms=took)
        except asyncio.CancelledError:
            self._stopped(check)
        finally:
            self._done[check.id].set()

    def _stopped(self, check: Check) -> None:
        why, decide = self._lost
        outcome = "blocked" if why else "stopped"
        body = {"outcome": outcome, "reason": why or "stopped by the operator", "to_decide": decide}
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
        if len(self.world.users) < check.min_users and check.min_users > 0 and check.id != "sign-in":
            have = len(self.world.users)
            return "blocked", f"it needs {check.min_users} signed-in users and there are {have}", f"give {check.min_users} accounts"
        return "", "", ""

    async def _drive(self, check: Check) -> tuple[str, str, str]:
        outside = origin(check) != OWN
        context = GuardedContext(self.world, self.sockets, check) if outside else LiveContext(self.world, self.sockets, check.id)
        try:
            async with asyncio.timeout(DRIVE_CAP_S):
                for _ in range(self.world.plan.iterations):
                    await check.drive(context)
        except Stopped:
            return "stopped", "stopped by the operator", ""
        except BudgetSpent as error:
            return "blocked", str(error), "raise the limit in the target file's [limits], or leave checks out"
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
