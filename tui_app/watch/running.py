"""A watch as it runs, whoever shows it: a poller, what came of it, and the stand-in where the rehearsal is watched."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Final

import msgspec

from tui_app.target.network import trust_of
from tui_app.target.profile import Profile
from tui_app.watch import delivery, expiry, sessions
from tui_app.watch.hooks import WAITING, Alert, send
from tui_app.watch.model import CELLS, SPANS, Debounce, Happening, Poll, Watched
from tui_app.watch.poller import Looked, Poller, Way, way_to
from tui_app.watch.store import Store

KNOWN: Final = ("backend", "auth", "frontend", "websocket")
SAID: Final = 64
START_S: Final = 20.0
STOP_S: Final = 5.0


class Asked(msgspec.Struct, frozen=True):
    """What a watch is asked for. every_s -- seconds from poll to poll; keep -- files; alert_after -- polls that must agree."""

    target: str = "rehearsal"
    every_s: float = 30.0
    for_s: float | None = None
    alert_after: int = 2
    bell: bool = False
    keep: int = 14
    runs_per_day: int = 24
    """Agent runs at most in a UTC day; 0: none."""
    revalidate_after: int = 0
    """Polls in a row that must be up after an outage before a session of the preset quick begins; 0: none ever does."""
    load_every_s: float = 0.0
    """Seconds from one load to the next; 0: none ever begins."""


def asked_of(profile: Profile, target: str, **given: Any) -> Asked:
    """What was given (None: not), else what the target file's [watch] says, else the defaults."""
    table = profile.watch
    said = {"every_s": table.every_s, "alert_after": table.alert_after, "runs_per_day": table.runs_per_day,
            "load_every_s": table.load_every_h * 3600 if table.load_every_h is not None else None}  # fmt: skip
    values = {**said, **{key: value for key, value in given.items() if value is not None}}
    return Asked(target, **{key: value for key, value in values.items() if value is not None})


class StandInError(Exception):
    """The rehearsal did not start; the message says why."""


@contextlib.asynccontextmanager
async def stand_in() -> AsyncIterator[dict[str, str]]:
    """A rehearsal of this watch's own: its addresses by service; it ends with the watch. Raises `StandInError`."""
    from tui_app.engine.launch import own_command

    process = await asyncio.create_subprocess_exec(
        *own_command(), "rehearse", "--stop-with-stdin", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    try:
        try:
            found = json.loads(await asyncio.wait_for(process.stdout.readline(), START_S))
        except (TimeoutError, ValueError) as error:
            raise StandInError("the rehearsal did not start; `vigil rehearse` says why") from error
        yield {key: str(value) for key, value in found.items()}
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), STOP_S)
        except (TimeoutError, asyncio.CancelledError):
            if process.returncode is None:
                process.kill()
            await process.wait()


class Watch:
    """One watch: its model, its file, and what it says. A file that cannot be written is told once, and watching goes on."""

    def __init__(
        self, watched: Watched, store: Store, say: Callable[[str], None], *, alert_after: int, bell: bool,
        alert: Callable[[Poll, str], None] | None = None,
    ) -> None:  # fmt: skip
        self._alert = alert
        self.watched, self._store, self._say, self._bell = watched, store, say, bell
        self._debounce, self._at_once = Debounce(alert_after), Debounce(1)
        self._broken = ""

    def take(self, looked: Looked) -> None:
        """One exchange: judged, kept, and what changed said."""
        happened: list[Happening] = []
        looked = msgspec.structs.replace(looked, polls=self.watched.complete(looked.polls))
        for poll in looked.polls:
            happened += self.watched.feed(poll)
            # What is looked at a few times a day is not left unsaid until it is looked at again.
            settled = (self._at_once if poll.subject.startswith("tls ") else self._debounce).feed(poll)
            if settled is not None:
                bell = "\a" if self._bell else ""
                self._say(f"{stamp(poll.at)} ALERT {poll.subject}: {settled[0]} -> {settled[1]}{bell}")
                if self._alert is not None:
                    self._alert(poll, settled[0])
        for one in happened:
            self._say(f"{stamp(one.at)} {one.kind:<10} {one.subject}: {one.text}")
        try:
            self._store.add(looked, happened)
        except (sqlite3.Error, OSError) as error:
            if str(error) != self._broken:
                self._broken = str(error)
                self._say(f"the watch's file cannot be written ({error}): from here on nothing is kept")


def stamp(at: float) -> str:
    """UTC of epoch seconds, hh:mm:ss."""
    return time.strftime("%H:%M:%S", time.gmtime(at))


class Running:
    """One watch. `watched`, `store` and `said` are what a screen shows; `go` runs until `over` is set or it is cancelled."""

    def __init__(self, profile: Profile, asked: Asked, say: Callable[[str], None] | None = None) -> None:
        self.profile, self.asked = profile, asked
        self.said: deque[str] = deque(maxlen=SAID)
        self._tell = say
        # Two polls a cell: one alone would leave gaps that are only the schedule's jitter.
        self.watched = Watched(cell_s=max(2 * asked.every_s, 1.0))
        self.store = Store(profile.name, keep=asked.keep)
        self.over = asyncio.Event()
        self.problem = ""
        self.trouble = ""
        """The last hook that failed, or that nothing can be kept: in words."""
        self.rings = 0
        """Alerts so far, for whoever has a bell."""
        self.watch = Watch(self.watched, self.store, self.say, alert_after=asked.alert_after, bell=asked.bell, alert=self._alert)
        self.spent: int | None = None
        """Agent runs for event delivery that today's budget has been charged with; None before it was looked up."""
        self._alerts: deque[Alert] = deque(maxlen=WAITING)
        self._alerted = asyncio.Event()

    def say(self, line: str) -> None:
        """One line of what happened."""
        if " ALERT " in line:
            self.rings += 1
        if any(word in line for word in (" HOOK ", "cannot be written", "was dropped")):
            self.trouble = line
        self.said.append(line.rstrip("\a"))
        if self._tell is not None:
            self._tell(line)

    async def go(self) -> None:
        """Watch until `over` is set. Raises CredentialsError, ProfileError or StandInError, each of which says what to do."""
        try:
            async with contextlib.AsyncExitStack() as stack:
                profile = self.profile
                if profile.blanks and profile.environment == "rehearsal":
                    self.say("a rehearsal of this watch's own starts, and ends with it: a stand-in, no staging")
                    urls = await stack.enter_async_context(stand_in())
                    profile = self.profile = profile.filled(**{key: value for key, value in urls.items() if key in KNOWN})
                else:
                    reach = time.time() - CELLS * SPANS[-1] * self.watched.cell_s
                    self.watched.recall(*await asyncio.to_thread(self.store.past, reach, self.watched.cell_s))
                way = await way_to(profile)
                timer = asyncio.get_running_loop().call_later(self.asked.for_s, self.over.set) if self.asked.for_s else None
                beside = [asyncio.create_task(one) for one in (self._hooks(), self._certificates(way), self._delivery(), *self._larger())]
                try:
                    await Poller(profile, self.asked.every_s, self.watch.take, way).rounds(self.over)
                finally:
                    if timer is not None:
                        timer.cancel()
                    self.over.set()
                    self._alerted.set()
                    await asyncio.gather(*beside, return_exceptions=True)
        finally:
            self.store.close()

    def _alert(self, poll: Poll, before: str) -> None:
        if len(self._alerts) == WAITING:
            self.say(f"{stamp(poll.at)} hooks are slower than what happens: an alert was dropped")
        self._alerts.append(Alert(self.profile.name, poll.subject, before, poll.word, poll.why, poll.at))
        self._alerted.set()

    async def _hooks(self) -> None:
        """Tell the hooks, one alert after the other; those that wait at the end are told still."""
        while True:
            await self._alerted.wait()
            self._alerted.clear()
            while self._alerts:
                alert = self._alerts.popleft()
                for line in await send(self.profile.watch, alert, trust_of(self.profile)):
                    self.say(f"{stamp(alert.at)} HOOK {line}")
            if self.over.is_set():
                return

    async def _certificates(self, way: Way) -> None:
        while not self.over.is_set():
            for looked in await expiry.all_of(self.profile, way):
                self.watch.take(looked)
            await delivery.rest(self.over, expiry.EVERY_S)

    @property
    def runs_per_day(self) -> int:
        """Agent runs for event delivery in a UTC day at most: what was asked for, within the target's own limit."""
        return min(self.asked.runs_per_day, self.profile.limits.agent_runs)

    async def _delivery(self) -> None:
        """One agent run now and then; the day's budget counts what earlier watches of this target spent."""
        most = self.runs_per_day
        if most:
            self.say(f"event delivery: one agent run now and then, {most} in a day at most (--runs-per-day 0: none)")
        began = time.time() if self.profile.environment == "rehearsal" else 0.0  # each stand-in is another, and costs nothing
        while most and not self.over.is_set():
            now = time.time()
            spent = await asyncio.to_thread(self.store.since, delivery.SUBJECT, max(now - delivery.DAY_S, began))
            today = self.spent = sum(at >= delivery.day_of(now) for at in spent)
            await delivery.rest(self.over, delivery.due_in(most, spent[-1] if spent else None, today, now))
            if not self.over.is_set() and delivery.due_in(most, spent[-1] if spent else None, today, time.time()) <= 0:
                self.spent = today + 1
                self.watch.take(delivery.looked(await delivery.once(self.profile, self.over), time.time()))

    def _larger(self) -> list[Coroutine[Any, Any, None]]:
        """Sessions beyond a run now and then, each only where it was asked for."""
        asked, found = self.asked, sessions.Larger(self.watched, self.asked.every_s, self.watch.take, self.say, self.over)
        begun: list[Coroutine[Any, Any, None]] = []
        if asked.revalidate_after:
            begun.append(found.revalidate(lambda: self.profile, asked.revalidate_after))
        if asked.load_every_s:
            hours = f"{asked.load_every_s / 3600:g} h"
            self.say(f"load: {sessions.LOAD_USERS} users every {hours}, once all is steady; a run of one user first")
            before = self.store.since(sessions.LOAD, time.time() - asked.load_every_s)
            last = before[-1] if before else None
            begun.append(found.load(lambda: self.profile, asked.load_every_s, last))
        return begun
