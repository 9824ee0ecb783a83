"""An engine as `tui_app.engine.process` puts it together, for benches whose users have their tokens already.

Everything that works while agents run is there: the log with its secrets, judges and writer, clock and lag rows, pings, usage. What is
left out acts before and after: signing in over REST, looking at the target's builds, tidying.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from tui_app.checks.api import User
from tui_app.checks.bench import Bench
from tui_app.checks.catalogue import as_json, by_id
from tui_app.engine.clock import Clock, Gate, tick, watch_lag
from tui_app.engine.context import LiveContext
from tui_app.engine.log import Log
from tui_app.engine.plan import Plan
from tui_app.engine.process import keep_the_loop_free
from tui_app.engine.pulse import Pulse
from tui_app.engine.sign_in import subject
from tui_app.engine.sockets import Sockets
from tui_app.engine.usage import Usage, watch_usage
from tui_app.engine.world import World, wall
from tui_app.recording import sessions
from tui_app.recording.schema import HEADER_KEYS
from tui_app.recording.secrets import Vault
from tui_app.recording.writer import Writer
from tui_app.target.profile import load
from tui_app.wire.created import Created
from tui_app.wire.http import HttpClient
from tui_app.wire.pacing import Pacing

CHECKS = ("five-events", "isolation-frames", "one-context", "frames-accounted")
WELCOME_S = 60.0


class Parts(msgspec.Struct):
    """A running engine's parts, and its users, signed in."""

    world: World
    sockets: Sockets
    log: Log
    writer: Writer
    context: LiveContext
    users: list[User]
    recording: Path


@asynccontextmanager
async def engine(session: str, url: str, tokens: Sequence[str], checks: Sequence[str] = CHECKS) -> AsyncIterator[Parts]:
    """An engine of a session of its own, as long as it is needed; its recording is whole once this is over.

    checks -- who judges; drives work under the first one's name
    """
    claim = sessions.claim(session)
    paths = sessions.new_paths(session)
    profile = load("rehearsal")
    plan = Plan(target={"name": "bench"}, limits=msgspec.to_builtins(profile.limits), profile={}, checks=list(checks), users=len(tokens))
    chosen = [by_id()[name] for name in checks]
    clock, gate, vault, created = Clock(), Gate(), Vault(), Created()
    header = dict.fromkeys(HEADER_KEYS, "") | {
        "schema": "vigil.recording/1", "session": session, "engine": "1", "started": clock.began,
        "plan": msgspec.json.encode(plan).decode(), "checks": json.dumps([as_json(check) for check in chosen]),
    }  # fmt: skip
    writer = Writer(paths.recording, header)
    log = Log(clock, writer, Bench(chosen, msgspec.to_builtins(plan), header), vault)
    world = World(
        session=session, plan=plan, limits=profile.limits, urls={}, log=log, gate=gate, vault=vault, created=created,
        pacing=Pacing(connects_per_minute=None, sockets=len(tokens), agent_runs=10**9),
        client=lambda: HttpClient({}, created, headers={}),
    )  # fmt: skip
    sockets = Sockets(log, gate, world, url, WELCOME_S)
    log.too_slow = sockets.pause_all
    usage = Usage()
    background = [
        asyncio.create_task(watch_lag(lambda ms: _drop(log.add("lag", ms=ms)), usage.late)),
        asyncio.create_task(watch_usage(usage, lambda told: log.add("client", told, type="usage"))),
        asyncio.create_task(tick(lambda: _drop(log.add("clock")))),
        asyncio.create_task(Pulse(sockets, chosen).run()),
    ]
    keep_the_loop_free()
    log.add("session", {"session": session, "target": "bench", "urls": {}, "who": ""}, type="start")
    for name in checks:
        log.add("check", {"id": name}, check=name, type="start")
    for number, token in enumerate(tokens, 1):
        label = f"u{number}"
        vault.add("access", label, token)
        world.ready(User(label, subject(token), f"{label}@vigil.example", "", token, ""), "tokens", "rehearsal", checks[0])
    try:
        yield Parts(world, sockets, log, writer, LiveContext(world, sockets, checks[0]), world.users, paths.recording)
    finally:
        for task in background:
            task.cancel()
        gate.stop()
        await sockets.close_all()
        for name in checks:
            log.add("check", {"outcome": "driven", "reason": "", "to_decide": ""}, check=name, type="end", ms=clock.now() / 1e6)
        about: dict[str, Any] = {"reason": "complete", "text": "", "answered": [], "asked": [], "connects": sockets.connects}
        log.add("session", {**about, "ended": wall()}, type="end")
        await world.close()
        await asyncio.to_thread(writer.close)
        claim.release()


def _drop(row: object) -> None:
    """For callbacks whose caller wants nothing back."""
