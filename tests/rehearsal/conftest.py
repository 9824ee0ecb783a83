"""A real rehearsal process, and a small client for it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from websockets.asyncio.client import ClientConnection, connect

ROOT = Path(__file__).resolve().parents[2]
WITHIN = 10.0


@dataclass
class User:
    """A signed-in account."""

    email: str
    password: str
    sub: str
    access: str
    refresh: str

    @property
    def exp(self) -> int:
        """When the access token ends, in epoch seconds."""
        return int(jwt.decode(self.access, options={"verify_signature": False})["exp"])

    async def outlived(self) -> None:
        """Wait until the access token has expired by the clock that both sides share."""
        await asyncio.sleep(max(0.0, self.exp - time.time()) + 0.02)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access}"}


class Staging:
    """A running rehearsal. `close` ends the process the way its owner's death would."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "tui_app.rehearsal", "--stop-with-stdin", *options]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()
        self.urls: dict[str, str] = json.loads(self.line)

    def close(self) -> None:
        if self.process.poll() is None:
            assert self.process.stdin is not None
            self.process.stdin.close()
            try:
                self.process.wait(WITHIN)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise
        assert self.process.stdout is not None
        self.process.stdout.close()

    async def http(self, service: str, method: str, path: str, **options: Any) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.urls[service], timeout=WITHIN, verify=False, trust_env=False) as client:
            return await client.request(method, path, **options)

    async def user(self, **extra: Any) -> User:
        email, password = f"{uuid.uuid4().hex}@example.test", uuid.uuid4().hex
        answer = await self.http("auth", "POST", "/auth/register", json={"email": email, "password": password, **extra})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        return User(email, password, body["user"]["id"], body["access_token"], body["refresh_token"])

    async def sign_in(self, user: User, **extra: Any) -> httpx.Response:
        return await self.http("auth", "POST", "/auth/login", json={"email": user.email, "password": user.password, **extra})

    async def rotate(self, token: str) -> httpx.Response:
        return await self.http("auth", "POST", "/auth/refresh", json={"refresh_token": token})

    async def thread(self, user: User, title: str = "a thread") -> str:
        answer = await self.http("backend", "POST", "/api/threads", json={"title": title}, headers=user.headers)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    @asynccontextmanager
    async def raw(self, **options: Any) -> AsyncIterator[ClientConnection]:
        query = options.pop("query", "")
        async with connect(self.urls["websocket"] + query, compression=None, ping_interval=None, **options) as websocket:
            yield websocket

    @asynccontextmanager
    async def socket(self, user: User) -> AsyncIterator[Socket]:
        async with self.raw(additional_headers=user.headers) as websocket:
            socket = Socket(websocket)
            welcome = await socket.next()
            assert welcome["type"] == "connection_established"
            yield socket


class Socket:
    """Frames as dictionaries, each awaited with a deadline."""

    def __init__(self, websocket: ClientConnection) -> None:
        self.websocket = websocket

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(WITHIN):
            return dict(json.loads(await self.websocket.recv()))

    async def until(self, *types: str) -> list[dict[str, Any]]:
        """All frames up to and including the first of one of these types."""
        frames = [await self.next()]
        while frames[-1]["type"] not in types:
            frames.append(await self.next())
        return frames

    async def send(self, type: str, payload: dict[str, Any] | None = None, **extra: Any) -> None:
        await self.websocket.send(json.dumps({"type": type, "payload": payload or {}, **extra}))

    async def run(self, prompt: str, thread: str, message_id: str = "") -> list[dict[str, Any]]:
        """Ask, and return every frame of the run."""
        payload = {"content": prompt, "message": prompt, "thread_id": thread}
        await self.send("user_message", payload, message_id=message_id or uuid.uuid4().hex, thread_id=thread)
        return await self.until("agent_completed", "error_message", "agent_error", "agent_stopped")


@pytest.fixture(scope="session")
def staging() -> Iterator[Staging]:
    """The healthy rehearsal, without modelled service times."""
    running = Staging("--delay-scale", "0", "--seed", "7")
    yield running
    running.close()


@pytest.fixture(scope="module")
def breakable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Staging, Path]]:
    """A rehearsal and its data directory, whose stores may be broken; every test mends what it broke."""
    directory = tmp_path_factory.mktemp("data")
    running = Staging("--data", str(directory), "--delay-scale", "0")
    yield running, directory
    running.close()


@pytest.fixture(scope="module")
def module_serve() -> Iterator[Callable[..., Staging]]:
    """Starts rehearsals that a module's tests share, and ends those that still run."""
    yield from _serve()


@pytest.fixture
def serve() -> Iterator[Callable[..., Staging]]:
    """Starts rehearsals of a test's own, and ends those that still run."""
    yield from _serve()


def _serve() -> Iterator[Callable[..., Staging]]:
    started: list[Staging] = []

    def start(*options: str) -> Staging:
        started.append(Staging(*options))
        return started[-1]

    yield start
    for one in started:
        one.close()
