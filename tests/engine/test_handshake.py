"""Our side of the handshake: acknowledged at once, bounded at every step, tried once more, and silent for the pause."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_ws

from tests.engine.conftest import Home
from tests.engine.test_broken_targets import running
from tui_app.engine.handshake import shake
from tui_app.engine.learned import SessionToken
from tui_app.recording.reader import Reader
from tui_app.recording.secrets import Vault
from tui_app.wire.envelope import normalise
from tui_app.wire.opening import COMPLETE_S, PAUSE_S, RETRY_AFTER_S, WELCOME_S, Opening

FIRST = '{"type": "handshake_response", "thread_id": "t1", "run_id": "r1", "request_id": "q1"}'
LAST = '{"type": "handshake_complete", "thread_id": "t1"}'
WELCOME = '{"type": "connection_established", "data": {"user_id": "u"}}'
ERROR = '{"type": "error_message", "error_code": "HANDSHAKE_FAILED", "error_message": "no"}'


class Scripted:
    """A connection on which each acknowledgement is answered with the next part of a script; waiting takes no time."""

    def __init__(self, *answers: list[str]) -> None:
        self.opening = Opening()
        self.open = True
        self.sent: list[dict[str, Any]] = []
        self.waits: list[float] = []
        self.slept: list[float] = []
        self._answers = list(answers)
        self.hear(FIRST)

    def hear(self, text: str) -> None:
        for event in normalise(text):
            self.opening.feed(event)

    async def answer(self, type: str, **facts: Any) -> None:
        if not self.open:
            raise ConnectionError("closed")
        self.sent.append({"type": type, **facts})
        for text in self._answers.pop(0) if self._answers else []:
            if text == "close":
                self.open = False
            else:
                self.hear(text)

    async def stage(self, reached: Callable[[Opening], bool], within: float) -> bool:
        self.waits.append(within)
        return reached(self.opening)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def shaken(self) -> int:
        return await shake(self, self.sleep)


async def test_a_handshake_that_goes_well_takes_one_try_and_the_pause() -> None:
    line = Scripted([LAST, WELCOME])
    assert await line.shaken() == 1
    assert line.opening.welcome is not None
    assert [(one["type"], one["thread_id"]) for one in line.sent] == [("handshake_acknowledged", "t1")]
    assert line.waits == [COMPLETE_S, WELCOME_S]
    (pause,) = line.slept
    assert 0 < pause <= PAUSE_S, "an early welcome does not shorten the silence"


async def test_it_is_tried_once_more_and_no_further() -> None:
    line = Scripted([], [LAST, WELCOME])
    assert await line.shaken() == 2
    assert line.opening.welcome is not None and line.slept[0] == RETRY_AFTER_S
    assert len(line.sent) == 2
    line = Scripted([], [], [LAST, WELCOME])
    assert await line.shaken() == 2
    assert line.opening.welcome is None and len(line.sent) == 2


async def test_completion_without_a_welcome_is_none() -> None:
    line = Scripted([LAST], [])
    assert await line.shaken() == 2
    assert line.opening.welcome is None
    assert line.waits.count(WELCOME_S) == 2
    assert len(line.sent) == 1, "what is complete is not acknowledged again"


async def test_a_welcome_that_comes_before_its_time_is_acknowledged_all_the_same() -> None:
    line = Scripted([LAST])
    line.hear(WELCOME)
    assert await line.shaken() == 1
    assert len(line.sent) == 1 and line.opening.completed
    line = Scripted([])
    line.hear(WELCOME)
    assert await line.shaken() == 1, "whoever is welcomed is not kept waiting for what may never come"


@pytest.mark.parametrize("answer", [[ERROR], ["close"], [LAST, "close"]])
async def test_an_error_or_the_end_is_not_tried_again(answer: list[str]) -> None:
    line = Scripted(answer, [LAST, WELCOME])
    await line.shaken()
    assert line.opening.welcome is None and len(line.sent) == 1


def test_a_session_token_is_hidden_where_it_came_and_a_marker_never_is() -> None:
    vault = Vault()
    token = SessionToken(vault, "u1")
    first = json.dumps({"type": "handshake_response", "session_token": "abcdefghijklmnopqrstuvwx"})
    token.learn(first)
    assert "abcdefgh" not in token.hidden(first) and "⟨secret:handshake:u1:" in token.hidden(first)
    assert "abcdefgh" not in token.hidden('{"echo": "abcdefghijklmnopqrstuvwx"}')
    assert vault.clean(first) == first, "no other connection's frames are searched for it"
    marker = "VM-abcdef-u2-0123456789abcdef0123"
    lie = json.dumps({"type": "handshake_response", "session_token": marker})
    sly = SessionToken(vault, "u1")
    sly.learn(lie)
    assert sly.hidden(lie) == lie
    escaped = '{"type":"handshake_response","session_token": "abc\\/defghijklmnopqrstu"}'
    SessionToken(vault, "u1").learn(escaped)
    assert "efghijkl" not in vault.clean(escaped)


def third(seen: list[dict[str, Any]], what: str) -> Callable[[Callable[[int], None]], Any]:
    """A server of the third generation that closes in the middle of the handshake, or after it."""

    async def handler(connection: ServerConnection) -> None:
        await connection.send(FIRST[:-1] + ', "session_token": "topsecrettopsecrettopsecret"}')
        if what == "closes":
            await connection.close(1000, "main cleanup")
            return
        async for text in connection:
            message = json.loads(text)
            seen.append(message)
            if message["type"] == "handshake_acknowledged":
                await connection.send(LAST)
                await connection.send(WELCOME)
                await connection.send('{"type": "ping", "data": {}}')
            elif message["type"] == "ping":
                await connection.send(json.dumps({"type": "pong", "data": {"id": message["id"]}}))

    async def main(ready: Callable[[int], None]) -> None:
        async with serve_ws(handler, "127.0.0.1", 0, subprotocols=["jwt-auth"]) as server:  # type: ignore[list-item]
            ready(server.sockets[0].getsockname()[1])
            await asyncio.Event().wait()

    return main


def test_a_close_in_the_middle_of_a_handshake_is_a_refusal(home: Home, staging: dict[str, str], target: Callable[..., str]) -> None:
    with running(third([], "closes")) as port:
        path = target({**staging, "websocket": f"ws://127.0.0.1:{port}/ws"})
        ran = home.vigil("run", "--target", path, "--users", "1", "--checks", "ws-connect")
    assert ran.code == 1 and ran.word("ws-connect") == "FAIL"
    assert "in the middle of its handshake" in ran.reason("ws-connect")


def test_pings_of_the_server_get_pongs_and_the_recording_says_what_was_seen(
    home: Home, staging: dict[str, str], target: Callable[..., str]
) -> None:
    seen: list[dict[str, Any]] = []
    with running(third(seen, "works")) as port:
        path = target({**staging, "websocket": f"ws://127.0.0.1:{port}/ws"})
        ran = home.vigil("run", "--target", path, "--users", "1", "--checks", "ws-connect")
    assert ran.word("ws-connect") == "PASS", ran.out
    assert ran.result is not None and ran.result["target"]["generation"] == "g3"
    assert "speaks g3" in ran.out
    assert [message["type"] for message in seen if message["type"] != "ping"] == ["handshake_acknowledged", "pong"]
    with Reader(home.recording()) as reader:
        rows = list(reader.rows())
    (row,) = [row for row in rows if row.kind == "conn" and row.type == "welcome"]
    welcome = row.body
    assert (welcome["generation"], welcome["tries"]) == ("g3", 1)
    assert welcome["handshake_ms"] >= PAUSE_S * 1000 - 2  # a timer of the loop may be a millisecond early
    # The silence that the protocol asks of a client is no part of what the platform took.
    assert row.ms is not None and welcome["phases"]["welcome_ms"] < row.ms < welcome["handshake_ms"]
    assert not [row for row in rows if "topsecret" in row.text]
