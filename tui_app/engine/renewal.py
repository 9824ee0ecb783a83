"""Keeps every user signed in: renews at 80 % of a token's lifetime, once at a time per user, beside whatever is measured.

What it does is recorded as nobody's check. Where a user cannot be kept signed in (the refresh and every other way are refused), the
session pauses and asks for new credentials; it never goes on with a token that has ended, and no check pays for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from tui_app.checks.api import Answer, User
from tui_app.engine.lives import is_new, life_of
from tui_app.engine.sign_in import Attempt, again, first, password, refresh, subject
from tui_app.engine.sockets import Sockets
from tui_app.engine.world import World
from tui_app.model import SECOND
from tui_app.target.credentials import CredentialsError
from tui_app.target.lasting import spell
from tui_app.target.network import from_commands, headers_of

RETRY_S: Final = 2.0
SPARE_S: Final = 30.0
"""What begins now should find a token that lives as long, or half of its lifetime where that is shorter."""
LOCKED: Final = frozenset({401, 403, 423})
"""Answers to a sign-in that say that the account does not open any more."""


class Keeper:
    """Renews the tokens (and a gateway's headers) of one session."""

    def __init__(self, world: World, sockets: Sockets, wait_s: float, give_up: Callable[[str, str], None]) -> None:
        self.world = world
        self.sockets = sockets
        self.wait_s = wait_s
        self.give_up = give_up
        """Ends the session: (why, what would decide it)."""
        self.lost: dict[str, str] = {}
        """Label -> why, for users who wait for new credentials."""
        self.said = ""
        """What the last offer of credentials came to, for whoever made it."""
        self.ending = False
        """The session tidies: it does not wait for credentials any more."""
        self._turns: dict[str, asyncio.Lock] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._proven: dict[str, int] = {}
        self._doubted: dict[str, tuple[str, int]] = {}
        """Label -> the token that was refused, and the last answer before that which took it."""
        self._alarm: asyncio.TimerHandle | None = None
        self._held_before = False
        world.on_ready.append(self._watch)
        world.on_answer.append(self._answered)
        if world.profile is not None and from_commands(world.profile):
            self._begin("headers", self._keep_headers())

    async def close(self) -> None:
        """Renew nothing any more."""
        if self._alarm is not None:
            self._alarm.cancel()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def fresh(self, user: User) -> None:
        """Return once the user's token lives long enough for what begins now."""
        life = self.world.lives.get(user.label)
        if life is not None and user.label not in self.lost and life.left_s < min(SPARE_S, life.seconds / 2):
            await self.renew(user)

    async def renew(self, user: User) -> bool:
        """Get a new token, single-flight; whoever asks meanwhile shares the outcome."""
        before = user.access
        async with self._turns.setdefault(user.label, asyncio.Lock()):
            if user.access != before:
                return True
            if user.label in self.lost:
                return False
            attempt = await self._attempt(user)
            if attempt.user is None:
                self._lose(user, attempt)
                return False
            self._take(user, attempt)
            return True

    async def _attempt(self, user: User) -> Attempt:
        """Every way there is; one that may work in a moment is tried again until the old token has ended."""
        while True:
            tried = []
            if user.refresh:
                tried.append(await refresh(self.world, user))
            if not tried or (tried[0].user is None and not tried[0].transient):
                tried.append(await again(self.world, user))
            attempt = tried[-1]
            if attempt.user is not None and attempt.user.sub != user.sub:
                return Attempt(how=attempt.how, why=f"{attempt.how} gives the tokens of somebody else", mend=f"credentials of {user.label}")
            life = self.world.lives.get(user.label)
            if attempt.user is not None or not attempt.transient or life is None or life.left_s <= 0:
                if attempt.user is None and len(tried) > 1 and tried[0].why:
                    attempt.why = f"{tried[0].why}; {attempt.why}"
                return attempt
            await asyncio.sleep(min(RETRY_S, max(life.left_s, 0.1)))

    def _take(self, user: User, attempt: Attempt) -> None:
        found = attempt.user
        assert found is not None
        self.world.retired.add(user.access)
        user.access, user.refresh = found.access, found.refresh
        if found.password:
            user.email, user.password = found.email, found.password
        life = self.world.lives[user.label] = life_of(user.access, issued=attempt.how != "tokens")
        facts = {"how": attempt.how, "lives_s": round(life.seconds, 1) if life else None}
        self.world.log.add("user", facts, user=user.label, type="renewed")
        self._doubted.pop(user.label, None)
        self._plan(user)
        self.sockets.turn_over(user)

    def _renewable(self, user: User) -> bool:
        return bool(user.password or user.refresh) or self.world.plan.mode in ("e2e", "command")

    # -- when

    def _watch(self, user: User) -> None:
        self.world.lives[user.label] = life_of(user.access, issued=is_new(user.access))
        self._plan(user)

    def _plan(self, user: User) -> None:
        life = self.world.lives.get(user.label)
        if life is not None and self._tasks.get(user.label) is not asyncio.current_task():
            self._begin(user.label, self._keep(user))

    def _begin(self, name: str, work: Any) -> None:
        old = self._tasks.pop(name, None)
        if old is not None:
            old.cancel()
        self._tasks[name] = asyncio.get_running_loop().create_task(work, name=f"keep {name}")

    async def _keep(self, user: User) -> None:
        while (life := self.world.lives.get(user.label)) is not None:
            due = life.due if self._renewable(user) else life.ends - int(min(SPARE_S, life.seconds / 5) * SECOND)
            await asyncio.sleep(max(0.0, (due - time.monotonic_ns()) / SECOND))
            if not await self.renew(user):
                return

    async def _keep_headers(self) -> None:
        """Run the commands of `[headers]` again when what they printed is about to end."""
        world = self.world
        assert world.profile is not None
        while True:
            lives = [life_of(world.headers.get(name, ""), issued=False) for name in from_commands(world.profile)]
            ends = [life.due for life in lives if life is not None]
            if not ends:
                return
            await asyncio.sleep(max(1.0, (min(ends) - time.monotonic_ns()) / SECOND))
            try:
                found = await headers_of(world.profile, {}, alone=True, only=from_commands(world.profile))
            except CredentialsError as error:
                self._pause("gateway", str(error))
                return
            for value in found.values():
                world.vault.add("header", "?", value)
            world.headers.update(found)
            world.log.add("client", {"what": "headers renewed", "text": ", ".join(found)}, type="ok")

    # -- lost

    def _answered(self, label: str, token: str, answer: Answer) -> None:
        """A token of ours that was good is refused: look whether the account is still there, before anything else is made of it."""
        user = next((one for one in self.world.users if one.label == label), None)
        if user is None or token != user.access:
            return
        if 200 <= answer.status < 300:
            self._proven[label] = answer.seq
        elif answer.status == 401 and label in self._proven and self._doubted.get(label, ("", 0))[0] != token:
            self._doubted[label] = (token, self._proven.get(label, 0))  # once: a target that refuses good tokens is not asked for ever
            self._begin(f"look {label}", self._look(user))

    async def _look(self, user: User) -> None:
        """Whether the account is locked: then every way to sign in is refused as well. A target that is merely wrong gives tokens."""
        if user.label in self.lost:
            return
        async with self._turns.setdefault(user.label, asyncio.Lock()):
            if self._renewable(user):
                attempt = await again(self.world, user)
                life = self.world.lives.get(user.label)
                if attempt.user is not None and (life is None or life.left_s <= 0):
                    self._take(user, attempt)  # nobody knew when it would end, and it has
                elif attempt.user is not None:
                    self.world.spares.append(attempt.user)  # signed out at the end; the token that was refused stays the one in use
            else:
                attempt = await first(self.world, "", user.label, {"token": user.access})
            if attempt.user is None and (attempt.mend or attempt.status in LOCKED):
                self._lose(user, attempt)

    def _lose(self, user: User, attempt: Attempt) -> None:
        why = attempt.why + (f" ({attempt.error})" if attempt.error else "")
        token, since = self._doubted.get(user.label, ("", 0))
        since = since if token == user.access else self._proven.get(user.label, 0)
        facts = {"reason": why, "since": since, "how": attempt.how}
        self.world.log.add("user", facts, user=user.label, type="lost")
        self._pause(user.label, f"{user.label} cannot be kept signed in: {why}")

    def _pause(self, who: str, why: str) -> None:
        if self.ending:
            return  # nothing begins any more: what cannot be tidied says so itself
        if not self.lost:
            self._held_before = self.world.gate.held
            self._alarm = asyncio.get_running_loop().call_later(self.wait_s, self._enough)
        self.lost[who] = why
        self.world.gate.hold()
        self._say(why)

    def _say(self, why: str) -> None:
        text = f"{why}. Attach and sign in (vigil attach {self.world.session}), within {spell(self.wait_s)}"
        self.world.log.add("control", {"who": "vigil", "text": text, "needs": sorted(self.lost)}, type="credentials")

    def _enough(self) -> None:
        why = "; ".join(self.lost.values())
        self.give_up(
            f"the session waited {spell(self.wait_s)} for new credentials: {why}", "attach and sign in, or give credentials that last"
        )

    async def offer(self, label: str, facts: dict[str, Any]) -> None:
        """New credentials from an operator: `email` and `password`, or `token` (and `refresh`), or neither to try the old way again."""
        user = next((one for one in self.world.users if one.label == label), None)
        if user is None or label not in self.lost:
            self.said = f"{label} does not wait for credentials" if label else "say which user signs in"
            return
        async with self._turns.setdefault(label, asyncio.Lock()):
            if facts.get("token"):
                account = {"token": str(facts["token"]), "refresh": str(facts.get("refresh") or "")}
                attempt = await first(self.world, "", label, account)
            elif facts.get("password"):
                attempt = await password(self.world, "", label, str(facts.get("email") or user.email), str(facts["password"]))
            else:
                attempt = await again(self.world, user)
            if attempt.user is None:
                self.said = f"{label}: {attempt.why}"
            elif user.sub and subject(attempt.user.access) != user.sub:
                self.said = f"{label}: these credentials are of another identity, and a label means one person all session long"
            else:
                self.said = ""
                self._take(user, attempt)
                self._regain(label)

    def _regain(self, label: str) -> None:
        self.lost.pop(label, None)
        if self.lost:
            self._say(next(iter(self.lost.values())))
            return
        if self._alarm is not None:
            self._alarm.cancel()
        if not self._held_before:
            self.world.gate.resume()
        self.world.log.add("control", {"who": "vigil", "text": "signed in again"}, type="hold" if self._held_before else "resume")
