"""Real loopback servers and a sink that keeps what it is told."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop

from tui_app.wire.library import VARIABLE


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Every asynchronous test here runs on both loops: the engine uses uvloop, and falls back to asyncio's."""
    return {"asyncio": asyncio.SelectorEventLoop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(params=["websockets", "picows"])
def either_library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whose parser reads the sockets of this test: what the sink is told must not depend on it."""
    if request.param == "picows":
        pytest.importorskip("picows", reason="picows is not installed (extra: fast)")
    monkeypatch.setenv(VARIABLE, request.param)
    name: str = request.param
    return name


class Kept:
    """A sink that keeps everything, in order, and lets a test await the next arrival."""

    def __init__(self) -> None:
        self.log: list[tuple[Any, ...]] = []
        self._changed = asyncio.Event()

    def opened(self, stamp: int, opened: Any) -> None:
        self._keep("opened", stamp, opened)

    def frame(self, stamp: int, payload: str | bytes, opcode: int) -> None:
        self._keep("frame", stamp, payload, opcode)

    def sent(self, stamp: int, payload: str | bytes, opcode: int) -> None:
        self._keep("sent", stamp, payload, opcode)

    def closed(self, stamp: int, code: int, reason: str, by: str) -> None:
        self._keep("closed", stamp, code, reason, by)

    def failed(self, stamp: int, failure: Any) -> None:
        self._keep("failed", stamp, failure)

    def _keep(self, *what: Any) -> None:
        self.log.append(what)
        self._changed.set()

    def of(self, what: str) -> list[tuple[Any, ...]]:
        return [entry for entry in self.log if entry[0] == what]

    @property
    def payloads(self) -> list[str | bytes]:
        return [entry[2] for entry in self.of("frame")]

    async def until(self, what: str, count: int = 1) -> list[tuple[Any, ...]]:
        async with asyncio.timeout(10):
            while len(self.of(what)) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.of(what)


class Raw:
    """The server's side of one TCP connection, for what no well-behaved server library would send."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.request = ""

    async def upgrade(self, *, tail: bytes = b"", extra: str = "") -> None:
        """Read the request and answer 101, with `tail` (frames) in the same segment."""
        self.request = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        key = next(line.partition(":")[2].strip() for line in self.request.splitlines() if line.lower().startswith("sec-websocket-key:"))
        accept = base64.b64encode(hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
        head = f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n"
        await self.send((head + extra + "\r\n").encode() + tail)

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def gone(self) -> bytes:
        """Read until the client has closed or reset TCP."""
        data = b""
        try:
            while piece := await self.reader.read(65536):
                data += piece
        except ConnectionError:
            pass
        return data


def frame(payload: bytes, opcode: int = 1, fin: bool = True) -> bytes:
    """A server's frame (RFC 6455 5.2): unmasked."""
    head = bytes([(0x80 if fin else 0) | opcode])
    if len(payload) < 126:
        return head + bytes([len(payload)]) + payload
    if len(payload) < 65536:
        return head + b"\x7e" + len(payload).to_bytes(2, "big") + payload
    return head + b"\x7f" + len(payload).to_bytes(8, "big") + payload


class Certificate:
    """A certificate of our own for 127.0.0.1, and a client's context that trusts it and nothing else."""

    def __init__(self, folder: Path) -> None:
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=rehearsal"
        extra = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
        subprocess.run([*command.split(), *extra], check=True, capture_output=True)
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        self.client = ssl.create_default_context(cafile=str(folder / "cert.pem"))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed, so no certificate can be made")
    return Certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def sink() -> Kept:
    return Kept()


@pytest.fixture
def make_frame() -> Callable[..., bytes]:
    return frame


@pytest.fixture
async def raw_server() -> AsyncIterator[Callable[[Callable[[Raw], Awaitable[None]]], Awaitable[str]]]:
    """Starts a TCP server that plays `script` once per connection; the address is `127.0.0.1:port`."""
    servers: list[asyncio.Server] = []
    played: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(script: Callable[[Raw], Awaitable[None]]) -> str:
        async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            played[task] = writer
            try:
                await script(Raw(reader, writer))
            except (ConnectionError, asyncio.IncompleteReadError):
                return
            finally:
                writer.close()

        servers.append(await asyncio.start_server(play, "127.0.0.1", 0, limit=2**20))
        return f"127.0.0.1:{servers[-1].sockets[0].getsockname()[1]}"

    yield start
    for server in servers:
        server.close()
    for writer in played.values():
        writer.transport.abort()
    await asyncio.gather(*played)
