"""The proxy as a command: one JSON line, faults from the command line and from stdin, what it did on stderr."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

ROOT = Path(__file__).parents[2]


async def test_it_serves_cuts_at_an_age_and_takes_commands() -> None:
    async def answer(socket: ServerConnection) -> None:
        async for message in socket:
            await socket.send(message)

    async with serve(answer, "127.0.0.1", 0) as server:
        to = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tui_app.chaos", "--to", to, "--fault", "cut-at=0.4", "--log", cwd=ROOT,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        said = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
        assert said["to"] == to and said["listen"] == f"127.0.0.1:{said['port']}"
        async with connect(f"ws://{said['listen']}/") as socket:
            await socket.send("through")
            assert await socket.recv() == "through"
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(socket.recv(), 10)
        process.stdin.write(b"stand cut-at=60\n")
        # The next command is answered after the one before it was done.
        process.stdin.write(b"melt\n")
        did = [json.loads(await asyncio.wait_for(process.stderr.readline(), 10)) for _ in range(1)]
        while "error" not in did[-1]:
            did.append(json.loads(await asyncio.wait_for(process.stderr.readline(), 10)))
        assert "no toxic 'melt'" in did[-1]["error"]
        assert [one["conn"] for one in did if one.get("what") == "cut-at"] == [1]
        async with connect(f"ws://{said['listen']}/") as socket:
            await socket.send("still through")
            assert await socket.recv() == "still through"
            process.stdin.write(b"rst 2\n")
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(socket.recv(), 10)
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0


@pytest.mark.parametrize(
    "args", [["--to", "nowhere"], ["--to", "127.0.0.1:1", "--fault", "melt=1"], ["--to", "127.0.0.1:1", "--fault", "cut"]]
)
async def test_wrong_usage_is_said_and_ends_with_2(args: list[str]) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tui_app.chaos", *args, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 2
    assert b"chaos" in errors
