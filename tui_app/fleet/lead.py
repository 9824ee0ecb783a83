"""The lead's side of several engines: starts them, has them drive what it drives, and writes what they tell into its recording.

What another engine tells arrives in order with a number on each line; a number that is missing, or silence, means that it is lost:
its users are then INCONCLUSIVE, and the session goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from tui_app.fleet.api import Fleet, FleetError, Member
from tui_app.fleet.shares import Share
from tui_app.model import Row

TOLD_EVERY_S: Final = 0.25
SILENCE_S: Final = 2.5
"""An engine that says nothing for so long is lost: it tells something every `TOLD_EVERY_S`."""
JOINS_S: Final = 30.0
ENDS_S: Final = 60.0
LOOK_S: Final = 0.25
FINDS_S: Final = 2.0
"""How long a leak waits for the frame that it came from."""

_encode = msgspec.json.Encoder().encode

Add = Callable[[str, str, dict[str, Any]], Row]
"""Appends a row of the kind `engine`: (check, type, body)."""


class Engine:
    """One other engine as the lead knows it."""

    def __init__(self, member: Member, share: Share) -> None:
        self.member = member
        self.number = member.engine
        self.share = share
        self.state = "starting"
        self.heard = time.monotonic()
        self.next = 1
        self.shift = 0
        """What is added to its times to make them ours, ns."""
        self.told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.gone = False
        self.news = asyncio.Event()
        self.driven: set[str] = set()
        self.met: dict[str, int] = {}
        """How many of a drive's meeting points it has come to, by check."""
        self.found: dict[int, asyncio.Future[dict[str, Any]]] = {}

    def answered(self, told: dict[str, Any] | None) -> None:
        """It found what it was asked for; None: it will not answer any more."""
        if told is None:
            self.gone = True
            for waiting in self.found.values():
                if not waiting.done():
                    waiting.set_result({})
            return
        waiting_for = self.found.pop(told.get("asked", 0), None)
        if waiting_for is not None and not waiting_for.done():
            waiting_for.set_result(told)

    @property
    def up(self) -> bool:
        """Whether anything can still come of it."""
        return self.state in ("starting", "up")


class Lead:
    """All other engines of a session. `add` writes rows, `origin` is the lead's t = 0 (ns of the monotonic clock)."""

    def __init__(self, fleet: Fleet, add: Add, origin: int, find: Callable[[str], dict[str, Any] | None]) -> None:
        self._fleet = fleet
        self._add = add
        self._origin = origin
        self._find = find
        """The lead's own frame in which a marker was sent."""
        self.engines: list[Engine] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._asked = 0

    async def start(self, shares: Sequence[Share], order: Callable[[int, Share], bytes]) -> None:
        """Start one engine for each share beyond the lead's. Raises `FleetError`."""
        members = await self._fleet.members(len(shares) - 1)
        self.engines = [Engine(member, share) for member, share in zip(members, shares[1:], strict=True)]
        await asyncio.gather(*(engine.member.start(order(engine.number, engine.share)) for engine in self.engines))
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(work(engine)) for engine in self.engines for work in (self._listen, self._take_all)]
        try:
            async with asyncio.timeout(JOINS_S):
                for engine in self.engines:
                    while engine.state == "starting":
                        await self._next_news(engine)
        except TimeoutError:
            late = next(engine for engine in self.engines if engine.state == "starting")
            raise FleetError(f"engine {late.number} did not join", f"no word from it in {JOINS_S:.0f} s", "use fewer engines") from None
        self._tasks.append(loop.create_task(self._watch()))

    # -- what the lead asks for

    async def drive(self, check: str) -> None:
        """Have all of them drive a check; returns once each has, or is lost."""
        for engine in self.engines:
            engine.driven.discard(check)
            engine.met.pop(check, None)
        await self.tell({"do": "drive", "check": check})
        for engine in self.engines:
            while engine.up and check not in engine.driven:
                await self._next_news(engine)

    async def introduce(self, users: Sequence[Sequence[str]], of: Engine | None = None) -> None:
        """Tell every engine but their own who these (label, subject) are: whose id it is that turns up where it should not."""
        await self.tell({"do": "users", "users": users}, but=of)

    async def meet(self, check: str, point: int) -> None:
        """Wait until all of them have come to this point in a check where they wait for each other, and let them go on."""
        for engine in self.engines:
            while engine.up and engine.met.get(check, 0) < point and check not in engine.driven:
                await self._next_news(engine)
        await self.tell({"do": "go", "check": check, "point": point})

    async def release(self, check: str) -> None:
        """Let go on who waits for others in this check: also where the lead's own drive never came so far."""
        await self.tell({"do": "go", "check": check})

    async def tell(self, command: dict[str, Any], but: Engine | None = None) -> None:
        """Send a command to all that are there."""
        line = _encode(command)
        for engine in self.engines:
            if engine.up and engine is not but:
                try:
                    await engine.member.send(line)
                except (ConnectionError, OSError):
                    self._lost(engine, "its connection is gone")

    async def finish(self) -> None:
        """Let them end, and wait until each has told everything or is lost."""
        await self.tell({"do": "end"})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ENDS_S):
                for engine in self.engines:
                    while engine.up:
                        await self._next_news(engine)
        for engine in self.engines:
            if engine.up:
                self._lost(engine, f"it did not come to an end within {ENDS_S:.0f} s")

    async def close(self) -> None:
        """Let go of every engine."""
        for task in self._tasks:
            task.cancel()
        await self._fleet.close()

    # -- what they tell

    async def _listen(self, engine: Engine) -> None:
        """Read what it tells. What it found for us is handed over at once: whoever waits for that holds up all else that it told."""
        why = "it ended before its time"
        try:
            async for line in engine.member.lines():
                engine.heard = time.monotonic()
                try:
                    told = msgspec.json.decode(line, type=dict[str, Any])
                except msgspec.DecodeError:
                    why = "it told something that cannot be read"
                    break
                if not told:
                    continue  # a sign of life
                if told.get("n") != engine.next:
                    why = f"message {engine.next} of it is missing"
                    break
                engine.next += 1
                if told["what"] == "found":
                    engine.answered(told)
                else:
                    engine.told.put_nowait(told)
        except (ConnectionError, OSError, ValueError) as error:
            why = f"{type(error).__name__}: {error}"
        engine.answered(None)
        engine.told.put_nowait({"what": "gone", "why": engine.member.lost or why})

    async def _take_all(self, engine: Engine) -> None:
        while engine.up:
            told = await engine.told.get()
            await self._take(engine, told.pop("what"), told)
            engine.news.set()

    async def _take(self, engine: Engine, what: str, told: dict[str, Any]) -> None:
        if what == "join":
            self._join(engine, told)
        elif what in ("refused", "gone"):
            self._lost(engine, str(told.get("why")))
        elif what == "delta":
            await self._delta(engine, told)
        elif what == "said":
            self._said(engine, told)
        elif what == "met":
            engine.met[str(told.get("check"))] = int(told["point"])
        elif what == "driven":
            engine.driven.add(str(told.get("check")))
        elif what == "end":
            await self._delta(engine, told, "end")
            engine.state = "ended"

    def _join(self, engine: Engine, told: dict[str, Any]) -> None:
        engine.state = "up"
        engine.shift = int(told["origin"]) - engine.member.ahead() - self._origin
        body = {"engine": engine.number, "where": engine.member.where, "users": engine.share.labels, "text": engine.share.text}
        self._add("", "join", {**body, "pid": told.get("pid"), "recording": told.get("recording"), "shift": engine.shift})

    async def _delta(self, engine: Engine, told: dict[str, Any], type: str = "delta") -> None:
        shift = engine.shift
        leaks = told.pop("leaks", ())
        told["at"] = told.get("t", 0) + shift
        told.pop("t", None)
        for key in ("came", "acts"):
            if key in told:
                told[key] = [[one[0], *(value if key == "came" and place == 0 else value + shift for place, value in enumerate(one[1:]))]
                             for one in told[key]]  # fmt: skip
        if "went" in told:
            told["went"] = [[conn, t + shift] for conn, t in told["went"]]
        for leak in leaks:
            await self._leak(engine, leak)
        if joined := told.get("joined"):
            await self.introduce([(label, subject) for label, subject, _ in joined], engine)
        self._add("", type, {"engine": engine.number, **told})

    async def _leak(self, engine: Engine, leak: dict[str, Any]) -> None:
        """A leak with the frame that shows it, and the frame in which it was sent, wherever that is."""
        rows = [self._witness(engine.number, engine.shift, leak["row"])]
        source, said = str(leak.get("source") or ""), str(leak.get("sent") or "")
        sent = await self._sent(source, said) if source and said else None
        if sent is not None:
            rows.append(self._witness(*sent))
        body = {"engine": engine.number, "source": source, "observer": leak["observer"], "what": leak["what"], "rows": rows}
        self._add("", "leak", body)

    async def _sent(self, source: str, marker: str) -> tuple[int, int, dict[str, Any]] | None:
        owner = next((engine for engine in self.engines if source in engine.share.labels), None)
        if owner is None:
            row = await asyncio.to_thread(self._find, marker)
            return None if row is None else (1, 0, row)
        if not owner.up or owner.gone:
            return None
        self._asked += 1
        number = self._asked
        waiting: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        owner.found[number] = waiting
        try:
            await owner.member.send(_encode({"do": "find", "asked": number, "marker": marker}))
            told = await asyncio.wait_for(waiting, FINDS_S)
        except (ConnectionError, OSError, TimeoutError):
            return None
        finally:
            owner.found.pop(number, None)
        return (owner.number, owner.shift, told["row"]) if told.get("row") else None

    def _witness(self, engine: int, shift: int, row: dict[str, Any]) -> int:
        return self._add("", "witness", {"engine": engine, **row, "t": row["t"] + shift}).seq

    def _said(self, engine: Engine, told: dict[str, Any]) -> None:
        for finding in told.get("findings", ()):
            finding["rows"] = [self._witness(engine.number, engine.shift, row) for row in finding["rows"]]
        self._add(str(told.get("check")), "said", {"engine": engine.number, **told})

    # -- who is lost

    async def _watch(self) -> None:
        looked = time.monotonic()
        while True:
            await asyncio.sleep(LOOK_S)
            now = time.monotonic()
            # While our own loop was stuck, nobody could be heard.
            stuck, looked = max(now - looked - LOOK_S, 0.0), now
            for engine in self.engines:
                engine.heard = min(engine.heard + stuck, now)
                if engine.up and now - engine.heard > SILENCE_S:
                    self._lost(engine, f"nothing was heard of it for {SILENCE_S:g} s")

    def _lost(self, engine: Engine, why: str) -> None:
        if not engine.up:
            return
        engine.state = "lost"
        engine.news.set()
        engine.answered(None)
        who = {"where": engine.member.where, "users": engine.share.labels, "text": engine.share.text}
        self._add("", "lost", {"engine": engine.number, "why": why, **who})

    async def _next_news(self, engine: Engine) -> None:
        engine.news.clear()
        await engine.news.wait()
