"""What one socket costs the client, microseconds of its CPU: an opening, a frame that comes alone, a frame of a burst, a message sent.

Vigil's own sockets with either library and bare clients of both against one server in a process of its own:
`python tests/bench/bench_sockets.py [--sockets N] [--runs N] [--json FILE]`. Contenders are shuffled inside each pass.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import json
import os
import random
import resource
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

CONTENDERS = ("vigil websockets", "vigil picows", "bare websockets", "bare picows")
PARTS = ("open", "paced", "burst", "send")
TURN = 0.002
"""Seconds between two looks of the server at whom to send to."""
AT_ONCE = 50


# -- the server: `paced RATE COUNT` is spread over all its sockets, `burst COUNT` goes to each in one write


class Peer(asyncio.Protocol):
    """A hand-made server's side, as lean as it can be: it is not what is measured."""

    def __init__(self, peers: list[Peer], order: asyncio.Queue[list[str]]) -> None:
        self.peers, self.order, self.head = peers, order, b""
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.head is not None and not self.head.endswith(b"\r\n\r\n"):
            self.head += data
            if self.head.endswith(b"\r\n\r\n"):
                self._answer()
        elif data[0] == 0x88:
            self.transport.write(b"\x88\x02\x03\xe8")
            self.transport.close()

    def _answer(self) -> None:
        if self.head.startswith(b"GET /do/"):
            self.order.put_nowait(self.head.split(b" ")[1].decode().split("/")[2:])
            self.transport.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            self.transport.close()
            return
        key = next(line.split(b":")[1].strip() for line in self.head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
        accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        self.transport.write(head + accept + b"\r\n\r\n")
        self.peers.append(self)

    def connection_lost(self, error: BaseException | None) -> None:
        if self in self.peers:
            self.peers.remove(self)


def event(number: int) -> bytes:
    """A frame of about 400 bytes, as an agent's event is."""
    data = {
        "run_id": f"run-{number:08d}",
        "thread_id": f"thread-{number % 50:06d}",
        "user_id": f"user-{number % 50:04d}",
        "text": "x" * 220,
    }
    body = json.dumps({"type": "agent_thinking", "data": data, "timestamp": "2025-01-01T00:00:00+00:00", "critical": True}).encode()
    return b"\x81\x7e" + len(body).to_bytes(2, "big") + body


async def serve() -> None:
    """Until the client's process goes."""
    peers: list[Peer] = []
    order: asyncio.Queue[list[str]] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Peer(peers, order), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    frames = [event(number) for number in range(997)]
    while True:
        what, *numbers = await order.get()
        now = list(peers)
        if what == "burst":
            for peer in now:
                peer.transport.write(b"".join(frames[: int(numbers[0])]))
            continue
        rate, count = int(numbers[0]), int(numbers[1])
        begun, sent = loop.time(), 0
        while sent < count:
            due = min(int((loop.time() - begun) * rate), count)
            for sent in range(sent, due):  # noqa: B020 - goes on where the last turn ended
                now[sent % len(now)].transport.write(frames[sent % len(frames)])
            sent = due
            await asyncio.sleep(TURN)


# -- the clients


class Client(Protocol):
    """A contender; `arrived` counts its messages."""

    arrived: int

    async def open(self, url: str) -> None: ...
    async def send(self, number: int) -> None: ...
    async def close(self) -> None: ...


class Vigil:
    """Our own sockets with a sink that only counts."""

    def __init__(self) -> None:
        self.arrived = 0
        self.sockets: list[Any] = []

    async def open(self, url: str) -> None:
        from tui_app.wire.created import Created
        from tui_app.wire.socket import WireSocket

        created = Created()
        created.add("thread", THREAD, "u1")
        result = await WireSocket.open(url, sink=self, proxy=None, created=created)
        assert result.socket is not None, result.failure
        self.sockets.append(result.socket)

    async def send(self, number: int) -> None:
        await self.sockets[number % len(self.sockets)].send_text(MESSAGE)

    async def close(self) -> None:
        await asyncio.gather(*(socket.close() for socket in self.sockets))

    def opened(self, stamp: int, opened: Any) -> None: ...
    def sent(self, stamp: int, payload: Any, opcode: int) -> None: ...
    def closed(self, stamp: int, code: int, reason: str, by: str) -> None: ...
    def failed(self, stamp: int, failure: Any) -> None: ...

    def frame(self, stamp: int, payload: Any, opcode: int) -> None:
        self.arrived += 1


class Websockets:
    """The library as its manual has it."""

    def __init__(self) -> None:
        self.arrived = 0
        self.sockets: list[Any] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def open(self, url: str) -> None:
        from websockets.asyncio.client import connect

        socket = await connect(url, compression=None, ping_interval=None, proxy=None)
        self.sockets.append(socket)
        self.tasks.append(asyncio.create_task(self._read(socket)))

    async def _read(self, socket: Any) -> None:
        async for _ in socket:
            self.arrived += 1

    async def send(self, number: int) -> None:
        await self.sockets[number % len(self.sockets)].send(MESSAGE)

    async def close(self) -> None:
        await asyncio.gather(*(socket.close() for socket in self.sockets))


class Picows:
    """The library as its manual has it."""

    def __init__(self) -> None:
        self.arrived = 0
        self.sockets: list[Any] = []

    async def open(self, url: str) -> None:
        import picows

        outer = self

        class Listener(picows.WSListener):
            def on_ws_frame(self, transport: Any, frame: Any) -> None:
                if frame.msg_type == picows.WSMsgType.TEXT:
                    frame.get_payload_as_utf8_text()
                    outer.arrived += 1

        transport, _ = await picows.ws_connect(Listener, url)
        self.sockets.append(transport)

    async def send(self, number: int) -> None:
        import picows

        self.sockets[number % len(self.sockets)].send(picows.WSMsgType.TEXT, MESSAGE)

    async def close(self) -> None:
        for socket in self.sockets:
            socket.disconnect()


THREAD = "t" * 20
MESSAGE = json.dumps({"type": "user_message", "payload": {"content": "x" * 150}, "message_id": "m" * 20, "thread_id": THREAD})


async def measure(contender: str, port: int, sockets: int, rate: int, seconds: float) -> dict[str, float]:
    """CPU of this process by part, microseconds each."""
    whose, library = contender.split()
    client: Client = Vigil() if whose == "vigil" else Websockets() if library == "websockets" else Picows()
    url = f"ws://127.0.0.1:{port}/ws"
    await client.open(url)  # imports and the like
    found: dict[str, float] = {}

    before = cpu()
    room = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with room:
            await client.open(url)

    await asyncio.gather(*(one() for _ in range(sockets - 1)))
    found["open"] = (cpu() - before) / (sockets - 1)

    for part, order, count in (
        ("paced", f"paced/{rate}/{int(rate * seconds)}", int(rate * seconds)),
        ("burst", "burst/100", 100 * sockets),
    ):
        client.arrived = 0
        before = cpu()
        await tell(port, order)
        async with asyncio.timeout(60):
            while client.arrived < count:  # noqa: ASYNC110 - a look now and then costs every contender the same
                await asyncio.sleep(0.05)
        assert client.arrived == count, f"{client.arrived} of {count} messages"
        found[part] = (cpu() - before) / count

    before = cpu()
    for number in range(4 * sockets):
        await client.send(number)
    found["send"] = (cpu() - before) / (4 * sockets)
    await client.close()
    return found


async def tell(port: int, order: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /do/{order} HTTP/1.1\r\n\r\n".encode())
    await reader.read()
    writer.close()


def cpu() -> float:
    """Microseconds of this process so far, the kernel's on its behalf included."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1e6


def main() -> int:
    """Passes over all contenders, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sockets", type=int, default=500)
    parser.add_argument("--rate", type=int, default=5_000, help="frames per second over all sockets")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long frames come at that rate")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--loop", choices=["uvloop", "asyncio"], default="uvloop")
    parser.add_argument("--only", action="append", choices=CONTENDERS)
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        return child(asked)
    runs: dict[str, list[dict[str, float]]] = {contender: [] for contender in asked.only or CONTENDERS}
    if not has_picows():
        runs = {contender: found for contender, found in runs.items() if "picows" not in contender}
        print("picows is not installed: left out", file=sys.stderr)
    for _ in range(asked.runs):
        for contender in random.sample(list(runs), len(runs)):
            runs[contender].append(one_run(contender, asked))
    document = {
        "unit": "microseconds of CPU", "sockets": asked.sockets, "rate": asked.rate, "loop": asked.loop,
        "contenders": {
            contender: {part: round(statistics.median(run[part] for run in found), 2) for part in PARTS}
            for contender, found in runs.items()
        },
        "runs": runs,
    }  # fmt: skip
    print(f"{'CPU, us: median (min-max)':26}" + "".join(f"{part:>26}" for part in PARTS))
    for contender, found in runs.items():
        cells = (sorted(run[part] for run in found) for part in PARTS)
        print(f"{contender:26}" + "".join(f"{f'{statistics.median(cell):.1f} ({cell[0]:.1f}-{cell[-1]:.1f})':>26}" for cell in cells))
    if asked.json:
        Path(asked.json).write_text(json.dumps(document, indent=1))
    return 0


def one_run(contender: str, asked: argparse.Namespace) -> dict[str, float]:
    """A server and a client of this contender, in processes of their own."""
    command = [sys.executable, __file__, "--loop", asked.loop, "--sockets", str(asked.sockets), "--rate", str(asked.rate)]
    command += ["--seconds", str(asked.seconds)]
    environment = {**os.environ, "VIGIL_SOCKETS": contender.split()[1]}
    server = subprocess.Popen([*command, "--child", "serve", "0"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        done = subprocess.run([*command, "--child", contender, port], stdout=subprocess.PIPE, text=True, check=True, env=environment)
        found: dict[str, float] = json.loads(done.stdout)
        return found
    finally:
        server.kill()
        server.wait()


def child(asked: argparse.Namespace) -> int:
    """In a process of its own: the server, or one contender."""
    import uvloop

    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    what, port = asked.child
    factory = uvloop.new_event_loop if what == "serve" or asked.loop == "uvloop" else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        if what == "serve":
            runner.run(serve())
        else:
            print(json.dumps(runner.run(measure(what, int(port), asked.sockets, asked.rate, asked.seconds))))
    return 0


def has_picows() -> bool:
    """Whether the optional library is there."""
    try:
        import picows  # noqa: F401
    except ImportError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
