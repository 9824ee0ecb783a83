"""The two processes of `bench_arrival.py`: a platform that stamps what it sends, and an engine that records it.

Not to be run by hand. `platform` prints its address; `engine` prints the origin of its session's clock (ns).
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import jwt
import msgspec
import uvloop
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tui_app.checks.api import User
from tui_app.checks.bench import Bench
from tui_app.checks.catalogue import as_json, by_id
from tui_app.engine.clock import Clock, Gate, Stopped, tick, watch_lag
from tui_app.engine.context import LiveContext
from tui_app.engine.log import Log
from tui_app.engine.plan import Plan
from tui_app.engine.process import keep_the_loop_free
from tui_app.engine.sockets import LiveSocket, Sockets
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
SCRIPT = ("agent_started", "agent_thinking", *("tool_executing", "tool_completed") * 8, "agent_progress", "agent_completed")
BYTES = 400

_encode = msgspec.json.Encoder().encode


# -- the platform: one frame after the other, round the sockets, at a fixed rate


class Peer:
    """One connected socket and the run that its next frames belong to."""

    def __init__(self, connection: ServerConnection, user: str) -> None:
        self.connection = connection
        self.user = user
        self.asked: deque[dict[str, Any]] = deque()
        self.at = 0
        self.run = 0

    def next_frame(self) -> bytes:
        """The next event of the run under way, or a heartbeat where none is, stamped now."""
        if not self.asked:
            return _encode({"type": "heartbeat", "data": {"sent_ns": time.monotonic_ns()}})
        ask = self.asked[0]
        name = SCRIPT[self.at]
        if self.at == 0:
            self.run += 1
        data: dict[str, Any] = {
            "run_id": f"run-{self.user}-{self.run}", "thread_id": ask["thread_id"], "user_id": self.user, "request_id": ask["message_id"],
        }  # fmt: skip
        if name.startswith("tool_"):
            data.update(tool="figures_query", tool_call_id=f"call-{self.run}-{self.at // 2}")
        elif name == "agent_completed":
            data.update(status="completed", result=ask["payload"]["content"], execution_time_ms=900.0)
        self.at += 1
        if self.at == len(SCRIPT):
            self.at = 0
            self.asked.popleft()
        data["note"] = ""
        frame = {"type": name, "data": data, "timestamp": wall(), "critical": True, "attempt": None}
        data["note"] = "x" * max(BYTES - 30 - len(_encode(frame)), 0)
        data["sent_ns"] = time.monotonic_ns()
        return _encode(frame)


async def platform(rate: float) -> None:
    """Serve on loopback until standard input ends."""
    peers: list[Peer] = []

    async def one(connection: ServerConnection) -> None:
        token = connection.request.headers.get("Authorization", "").removeprefix("Bearer ") if connection.request else ""
        user = str(jwt.decode(token, options={"verify_signature": False})["sub"])
        await connection.send(_encode({"type": "connection_established", "data": {"user_id": user, "connection_id": user}}), text=True)
        peer = Peer(connection, user)
        peers.append(peer)
        with suppress(ConnectionClosed):
            async for message in connection:
                asked = json.loads(message)
                if asked.get("type") == "user_message":
                    peer.asked.append(asked)
        peers.remove(peer)

    async def beat() -> None:
        due, index = time.monotonic(), 0
        while True:
            due += 1 / rate
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            if peers:
                index = (index + 1) % len(peers)
                with suppress(ConnectionClosed):
                    await peers[index].connection.send(peers[index].next_frame(), text=True)

    async with serve(one, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
        beating = asyncio.create_task(beat())
        await asyncio.to_thread(sys.stdin.read)
        beating.cancel()


# -- the engine: what `tui_app.engine.process` is made of, without the checks that sign in


async def engine(session: str, port: int, users: int, seconds: float) -> None:
    """Record agent runs on so many sockets for so long, as a session that can be attached to."""
    claim = sessions.claim(session)
    paths = sessions.new_paths(session)
    profile = load("rehearsal")
    plan = Plan(
        target={"name": "metronome"}, limits=msgspec.to_builtins(profile.limits), profile={},
        checks=list(CHECKS), users=users,
    )  # fmt: skip
    checks = [by_id()[name] for name in CHECKS]
    header = dict.fromkeys(HEADER_KEYS, "") | {
        "schema": "vigil.recording/1", "session": session, "engine": "1", "started": wall(), "plan": msgspec.json.encode(plan).decode(),
        "checks": json.dumps([as_json(check) for check in checks]),
    }  # fmt: skip
    clock, gate, vault, created = Clock(), Gate(), Vault(), Created()
    writer = Writer(paths.recording, header)
    log = Log(clock, writer, Bench(checks, msgspec.to_builtins(plan), header), vault)
    pacing = Pacing(connects_per_minute=None, sockets=users, agent_runs=10**9)
    world = World(
        session=session, plan=plan, limits=profile.limits, urls={}, log=log, gate=gate, vault=vault, created=created, pacing=pacing,
        client=lambda: HttpClient({}, created, headers={}),
    )  # fmt: skip
    sockets = Sockets(log, gate, world, f"ws://127.0.0.1:{port}/ws", 10.0)
    background = [
        asyncio.create_task(watch_lag(lambda ms: void(log.add("lag", ms=ms)))),
        asyncio.create_task(tick(lambda: void(log.add("clock")))),
    ]
    keep_the_loop_free()
    log.add("session", {"session": session, "target": "metronome", "urls": {}, "who": ""}, type="start")
    log.add("check", {"id": "isolation-frames"}, check="isolation-frames", type="start")
    context = LiveContext(world, sockets, "isolation-frames")
    held = []
    for index in range(users):
        label = f"u{index + 1}"
        token = jwt.encode(
            {"sub": f"{index:08x}-0000-4000-8000-{index:012x}", "iat": int(time.time())}, "a key of nobody's, and long enough for it"
        )
        vault.add("access", label, token)
        user = User(label, f"{index:08x}-0000-4000-8000-{index:012x}", f"{label}@vigil.example", "", token, "")
        world.ready(user, "tokens", "rehearsal", "isolation-frames")
        socket = await sockets.dial(user=user, token=token, carry="header", check="isolation-frames")
        assert socket is not None, "the metronome did not welcome us"
        held.append(socket)
    print(json.dumps({"origin": clock.origin, "began": clock.now()}), flush=True)
    drives = [asyncio.create_task(drive(context, world, socket, index / users)) for index, socket in enumerate(held)]
    await asyncio.sleep(seconds)
    gate.stop()
    await asyncio.gather(*drives)
    for task in background:
        task.cancel()
    await sockets.close_all()
    log.add("session", {"reason": "stopped", "text": "", "answered": [], "asked": [], "connects": users}, type="end")
    await asyncio.to_thread(writer.close)
    claim.release()


async def drive(context: LiveContext, world: World, socket: LiveSocket, late: float) -> None:
    """One agent run after the other, each a marker-bearing action, until the session stops.

    Runs of this script last about a second; `late` (seconds) spreads their ends over it, as users who don't act in step do.
    """
    user = socket.user
    thread = f"thread-{user.label}"
    world.made("thread", thread, user.label, context.check)
    with suppress(Stopped, asyncio.CancelledError):
        await context.sleep(late)
        while True:
            marker = context.marker(user)
            async with context.action(user, marker, "websocket"):
                await context.run_agent(socket, f"Quote my reference {marker} in your answer.", thread=thread, marker=marker)


def void(row: object) -> None:
    """For callbacks whose caller wants nothing back."""


if __name__ == "__main__":
    part, facts = sys.argv[1], json.loads(sys.argv[2])
    uvloop.run(platform(**facts) if part == "platform" else engine(**facts))
