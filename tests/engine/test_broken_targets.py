"""Targets that are broken in ways that other tools call reached: never a pass, never a hang, never a traceback."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_ws

from tests.engine.conftest import Home
from tui_app.recording.reader import Reader


@contextmanager
def running(main: Callable[[Callable[[int], None]], Any]) -> Iterator[int]:
    """A server in a thread of its own: `main(ready)` calls `ready(port)`."""
    ready: list[int] = []
    up = threading.Event()
    loop = asyncio.new_event_loop()

    def set_ready(port: int) -> None:
        ready.append(port)
        up.set()

    task: list[asyncio.Task[None]] = []

    def run() -> None:
        asyncio.set_event_loop(loop)
        task.append(loop.create_task(main(set_ready)))
        try:
            loop.run_until_complete(task[0])
        except asyncio.CancelledError:
            pass
        finally:
            loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert up.wait(10)
    yield ready[0]
    loop.call_soon_threadsafe(task[0].cancel)
    thread.join(10)


async def closing(ready: Callable[[int], None]) -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.close(1000, "done")

    async with serve_ws(handler, "127.0.0.1", 0) as server:
        ready(server.sockets[0].getsockname()[1])
        await asyncio.Event().wait()


async def mute(ready: Callable[[int], None]) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    async with server:
        ready(server.sockets[0].getsockname()[1])
        await server.serve_forever()


def test_an_upgrade_followed_by_a_normal_close_fails_and_blocks_what_follows(
    home: Home, staging: dict[str, str], target: Callable[..., str]
) -> None:
    with running(closing) as port:
        ran = home.vigil("run", "--target", target({**staging, "websocket": f"ws://127.0.0.1:{port}/ws"}), "--users", "2")
    assert ran.code == 1
    assert ran.word("ws-connect") == "FAIL"
    assert "1000" in ran.reason("ws-connect")
    for check in ("five-events", "isolation-frames", "recovery-cut", "golden-path", "ping-latency", "frames-accounted", "response-time"):
        assert ran.word(check) == "BLOCKED"
        assert "ws-connect is FAIL" in ran.reason(check)
    assert not [one for one in ran.result["criteria"] if one["id"] in ("T1", "T4", "P5") and one["verdict"] == "PASS"]  # type: ignore[index]


def test_a_server_that_never_answers_fails_by_its_deadline(home: Home, staging: dict[str, str], target: Callable[..., str]) -> None:
    with running(mute) as port:
        ran = home.vigil(
            "run", "--target", target({**staging, "websocket": f"ws://127.0.0.1:{port}/ws"}), "--users", "1", "--phases", "1.1,2.1"
        )
    assert ran.code == 1
    assert ran.word("ws-connect") == "FAIL"
    assert "within 10 s" in ran.reason("ws-connect")
    assert ran.word("five-events") == "BLOCKED"


def stingy(upstream: str, allowed: int) -> Callable[[Callable[[int], None]], Any]:
    """A proxy in front of a real WebSocket that lets so many connections through and drops every later one."""
    host, port = upstream.split("//")[1].split("/")[0].split(":")

    async def main(ready: Callable[[int], None]) -> None:
        left = iter(range(allowed))

        async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(ConnectionError):
                while data := await reader.read(65536):
                    writer.write(data)
                    await writer.drain()
            writer.close()

        async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if next(left, None) is None:
                writer.close()
                return
            there, back = await asyncio.open_connection(host, int(port))
            await asyncio.gather(pump(reader, back), pump(there, writer))

        server = await asyncio.start_server(handler, "127.0.0.1", 0)
        async with server:
            ready(server.sockets[0].getsockname()[1])
            await server.serve_forever()

    return main


@pytest.mark.parametrize("allowed", [2, 3, 9])
def test_a_target_that_takes_ever_fewer_connections_is_judged_and_never_sent_to_after_the_end(
    home: Home, staging: dict[str, str], target: Callable[..., str], allowed: int
) -> None:
    """Where one user of a check cannot go on, the others end with it: nothing is sent in the name of a check that has ended."""
    with running(stingy(staging["websocket"], allowed)) as port:
        ran = home.vigil("run", "--target", target({**staging, "websocket": f"ws://127.0.0.1:{port}/ws"}), "--users", "2")
    assert ran.code in (1, 3), ran.out + ran.err
    assert ran.result is not None and ran.result["verdict"] != "PASS"
    assert {one["verdict"] for one in ran.result["checks"] if one["id"] in ("five-events", "recovery-cut")} & {"PASS"} == set()
    ended: dict[str, int] = {}
    with Reader(home.recording()) as reader:
        for row in reader.rows():
            if row.kind == "check" and row.type == "end":
                ended[row.check] = row.seq
            assert not (row.dir == "out" and row.check in ended), f"{row.check} sends after its end: row {row.seq}"


def test_nothing_at_all_is_exit_4(home: Home, target: Callable[..., str], unused_tcp_port: int) -> None:
    base = f"http://127.0.0.1:{unused_tcp_port}"
    ran = home.vigil(
        "run", "--target", target({"backend": base, "auth": base, "websocket": base.replace("http", "ws") + "/ws"}), "--users", "1"
    )
    assert ran.code == 4
    assert ran.result is not None and ran.result["verdict"] == "FAIL"
    assert not [one for one in ran.result["checks"] if one["verdict"] == "PASS"]


def pretender(environment: str, seen: list[tuple[str, str]]) -> Starlette:
    """A target that answers everything with 200 and says that it is of this environment."""

    async def answer(request: Request) -> Response:
        seen.append((request.method, request.url.path))
        if request.url.path == "/api/config/public":
            return JSONResponse({"environment": environment, "version": "1"})
        return JSONResponse({"status": "healthy"})

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST", "PUT", "DELETE"])])


@pytest.mark.parametrize("says", ["production", "staging"])
def test_a_target_that_is_not_what_its_file_says_gets_reads_only(home: Home, target: Callable[..., str], says: str) -> None:
    import uvicorn

    seen: list[tuple[str, str]] = []

    async def main(ready: Callable[[int], None]) -> None:
        server = uvicorn.Server(uvicorn.Config(pretender(says, seen), port=0, log_level="critical", lifespan="off"))
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110  the server offers no event to await
            await asyncio.sleep(0.01)
        ready(server.servers[0].sockets[0].getsockname()[1])
        await serving

    with running(main) as port:
        base = f"http://127.0.0.1:{port}"
        claimed = "staging" if says == "production" else "docker"
        urls = {"backend": base, "auth": base, "websocket": f"ws://127.0.0.1:{port}/ws"}
        ran = home.vigil("run", "--target", target(urls, environment=claimed), "--users", "2")
    assert ran.code == 2, ran.out + ran.err
    assert ran.word("sign-in") == "BLOCKED"
    assert says in ran.reason("sign-in")
    assert {method for method, _ in seen} == {"GET"}, json.dumps(seen)
    assert ran.result is not None and ran.result["footprint"]["created"] == []
