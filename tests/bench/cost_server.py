"""The platform's side of `bench_cost.py`: every user message is answered at once with the five events of an agent run, ~400 bytes each.

As lean as it can be, because it shares the machine with whom it serves: frames are made and read by hand (RFC 6455 5.2). A token is
checked (HS256) before anything is answered. What it counted is the truth: one JSON line on standard output once standard input ends.

    python tests/bench/cost_server.py KEY [MORE]      # prints its port first; MORE: so many further thoughts in each run
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import socket
import struct
import sys
import time
from collections.abc import Sequence
from typing import Any, Final

import jwt
import msgspec
import uvloop

from tui_app.model import CRITICAL_EVENTS

HOST: Final = "127.0.0.1"
BACKLOG: Final = 8_192
SIZE: Final = 400
GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING = 1, 8, 9
_encode = msgspec.json.Encoder().encode


class Asked(msgspec.Struct):
    """What is read of a client's message."""

    class Payload(msgspec.Struct):
        content: str = ""
        thread_id: str = ""

    type: str
    payload: Payload = msgspec.field(default_factory=Payload)
    message_id: str = ""
    thread_id: str = ""
    id: str = ""


_asked = msgspec.json.Decoder(Asked)


class Counts(msgspec.Struct):
    """What the server saw in all."""

    connections: int = 0
    refused: int = 0
    open: int = 0
    peak: int = 0
    messages: int = 0
    events: int = 0
    cpu_s: float = 0.0
    first_s: float = 0.0
    last_s: float = 0.0


def framed(payload: bytes) -> bytes:
    """An unmasked text message."""
    size = len(payload)
    return (bytes((0x80 | TEXT, size)) if size < 126 else struct.pack("!BBH", 0x80 | TEXT, 126, size)) + payload


def template(name: str, step: int = 0) -> bytes:
    """An event's JSON with places for what a run fills in; no two steps of a run think the same."""
    data: dict[str, Any] = {"run_id": "%(run)b", "thread_id": "%(thread)b", "user_id": "%(user)b", "request_id": "%(request)b"}
    data["agent_name"] = "supervisor"
    if name.startswith("tool_"):
        data |= {"tool": "figures_query", "tool_call_id": "call_%(run)b"}
    if name == "agent_thinking":
        data["thought"] = "Which figures the question needs" + (f", step {step}" if step else "")
    if name == "agent_completed":
        data |= {"status": "completed", "result": "%(said)b", "execution_time_ms": 1.0}
    frame = {"type": name, "data": data, "timestamp": "%(iso)b", "critical": True, "attempt": None}
    # 36 characters of a run's and a user's id each stand where a slot of 7 or 8 is, and so on: about what is filled in.
    data["note"] = "." * max(SIZE - len(_encode(frame)) - (250 if name == "agent_completed" else 140), 0)
    return _encode(frame)


class Peer(asyncio.Protocol):
    """One user's connection."""

    def __init__(self, counts: Counts, key: str, templates: Sequence[bytes]) -> None:
        self.counts, self.key, self.templates = counts, key, templates
        self.waiting = b""
        self.upgraded = False
        self.user = ""
        self.runs = 0
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self.user:
            self.user = ""
            self.counts.open -= 1
            self.counts.last_s = time.monotonic()

    def data_received(self, data: bytes) -> None:
        self.waiting = data = self.waiting + data if self.waiting else data
        if not self.upgraded:
            top, end, rest = data.partition(b"\r\n\r\n")
            if not end:
                return
            self.waiting = data = rest
            self._upgrade(top)
        at = 0
        while len(data) - at >= 6 and not self.transport.is_closing():
            opcode, size, body = data[at] & 15, data[at + 1] & 127, at + 2
            if size == 126:
                size, body = int.from_bytes(data[body : body + 2], "big"), body + 2
            elif size == 127:
                size, body = int.from_bytes(data[body : body + 8], "big"), body + 8
            if len(data) < body + 4 + size:
                break
            mask = data[body : body + 4] * (size // 4 + 1)
            at = body + 4 + size
            self._frame(opcode, (int.from_bytes(data[body + 4 : at], "big") ^ int.from_bytes(mask[:size], "big")).to_bytes(size, "big"))
        self.waiting = data[at:]

    def _upgrade(self, top: bytes) -> None:
        self.upgraded = True
        first, *lines = top.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        offered = [item.strip() for item in headers.get("sec-websocket-protocol", "").split(",")]
        carried = next((item[4:] for item in offered if item.startswith("jwt.")), "")
        token = (
            headers.get("authorization", "").removeprefix("Bearer ")
            or base64.urlsafe_b64decode(carried + "=" * (-len(carried) % 4)).decode()
        )
        token = token or first.partition("token=")[2].partition(" ")[0].partition("&")[0]
        try:
            user = str(jwt.decode(token, self.key, algorithms=["HS256"])["sub"])
        except jwt.PyJWTError:
            self.counts.refused += 1
            self.transport.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
            self.transport.close()
            return
        accept = base64.b64encode(hashlib.sha1(headers["sec-websocket-key"].encode() + GUID).digest())
        named = b"Sec-WebSocket-Protocol: jwt-auth\r\n" if "jwt-auth" in offered else b""
        welcome = {"user_id": user, "connection_id": f"main_{self.counts.connections}", "mode": "main"}
        self.transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
            + accept + b"\r\n" + named + b"\r\n" + framed(_encode({"type": "connection_established", "data": welcome}))
        )  # fmt: skip
        self.user = user
        counts = self.counts
        counts.first_s = counts.first_s or time.monotonic()
        counts.connections += 1
        counts.open += 1
        counts.peak = max(counts.peak, counts.open)

    def _frame(self, opcode: int, payload: bytes) -> None:
        if opcode == CLOSE:
            self.transport.write(bytes((0x80 | CLOSE, len(payload))) + payload)
            self.transport.close()
        elif opcode == PING:
            self.transport.write(bytes((0x8A, len(payload))) + payload)
        elif opcode == TEXT:
            asked = _asked.decode(payload)
            if asked.type == "user_message":
                self._answer(asked)
            elif asked.type == "ping":
                self.transport.write(framed(_encode({"type": "pong", "data": {"id": asked.id, "user_id": self.user}})))

    def _answer(self, asked: Asked) -> None:
        self.runs += 1
        facts = {
            b"run": b"%b-%06d" % (self.user[:29].encode(), self.runs), b"thread": (asked.thread_id or asked.payload.thread_id).encode(),
            b"user": self.user.encode(), b"request": asked.message_id.encode(), b"iso": b"2026-01-01T00:00:00.000000",
            b"said": _encode(asked.payload.content)[1:-1],
        }  # fmt: skip
        self.counts.messages += 1
        self.counts.events += len(self.templates)
        self.transport.write(b"".join([framed(one % facts) for one in self.templates]))


def templates(more: int) -> tuple[bytes, ...]:
    """A run's events in their order: the five, and so many further thoughts after the first one."""
    started, thinking, *rest = (template(name) for name in CRITICAL_EVENTS)
    return (started, thinking, *(template("agent_thinking", step) for step in range(1, more + 1)), *rest)


async def serve(key: str, more: int) -> None:
    """Serve on loopback until standard input ends."""
    counts, made = Counts(), templates(more)
    listener = socket.create_server((HOST, 0), backlog=BACKLOG)
    server = await asyncio.get_running_loop().create_server(lambda: Peer(counts, key, made), sock=listener, backlog=BACKLOG)
    print(listener.getsockname()[1], flush=True)
    began = time.process_time()
    await asyncio.to_thread(sys.stdin.read)
    counts.cpu_s = time.process_time() - began
    print(json.dumps(msgspec.to_builtins(counts)), flush=True)
    server.close()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0))
