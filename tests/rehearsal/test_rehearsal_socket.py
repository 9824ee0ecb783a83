"""The WebSocket: ways in, subprotocols, and what each kind of message is answered with."""

from __future__ import annotations

import asyncio
import base64
import json

import pytest
from websockets.exceptions import ConnectionClosed


def packed(token: str) -> str:
    return "jwt." + base64.urlsafe_b64encode(token.encode()).rstrip(b"=").decode()


async def test_the_three_ways_to_carry_a_token(staging) -> None:
    user = await staging.user()
    for options, selected in (
        ({"additional_headers": user.headers}, None),
        ({"subprotocols": ["jwt-auth", packed(user.access)]}, "jwt-auth"),
        ({"subprotocols": [packed(user.access), "jwt-auth"]}, "jwt-auth"),
        ({"subprotocols": ["jwt-auth", f"jwt.{user.access}"]}, "jwt-auth"),
        ({"query": f"?token={user.access}"}, None),
    ):
        async with staging.raw(**options) as websocket:
            frame = json.loads(await websocket.recv())
            assert frame["type"] == "connection_established"
            assert frame["data"]["user_id"] == f"{user.sub[:8]}..."
            assert websocket.subprotocol == selected
            assert websocket.response is not None
            assert user.access not in str(websocket.response.headers)


async def test_the_token_item_is_never_selected(staging) -> None:
    user = await staging.user()
    async with staging.raw(subprotocols=[packed(user.access)]) as websocket:
        assert json.loads(await websocket.recv())["type"] == "connection_established"
        assert websocket.response is not None
        assert "Sec-WebSocket-Protocol" not in websocket.response.headers
    async with staging.raw(subprotocols=["jwt-auth", packed("nonsense")]) as websocket:
        assert websocket.subprotocol == "jwt-auth"
        assert json.loads(await websocket.recv())["error_code"] == "AUTH_FAILED"


async def test_small_messages(staging) -> None:
    user = await staging.user()
    async with staging.socket(user) as socket:
        await socket.send("ping", id="p-1", timestamp=12.5)
        pong = await socket.next()
        assert (pong["type"], pong["data"]["id"], pong["data"]["user_id"]) == ("pong", "p-1", user.sub)
        await socket.send("heartbeat")
        assert (await socket.next())["type"] == "heartbeat_ack"
        await socket.send("anything_else")
        ack = await socket.next()
        assert (ack["type"], ack["received_type"], ack["user_id"], ack["status"]) == ("ack", "anything_else", user.sub, "acknowledged")
        await socket.websocket.send('{"jsonrpc": "2.0", "method": "x", "id": 1}')
        assert (await socket.next())["received_type"] == "unknown"
        assert await asyncio.wait_for(await socket.websocket.ping(), 10) >= 0


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("{not json", "JSON_PARSE_ERROR"),
        ("", "JSON_PARSE_ERROR"),
        ("[" * 50_000, "JSON_PARSE_ERROR"),
        ('{"type": "\\ud800"}', "JSON_PARSE_ERROR"),
        ('{"type": NaN}', "JSON_PARSE_ERROR"),
        ("[1, 2]", "FORMAT_ERROR"),
        ('"text"', "FORMAT_ERROR"),
        ("null", "FORMAT_ERROR"),
        (b"\x00\x01", "FORMAT_ERROR"),
    ],
)
async def test_a_connection_survives_what_it_does_not_understand(staging, what: str | bytes, code: str) -> None:
    user = await staging.user()
    async with staging.socket(user) as socket:
        await socket.websocket.send(what)
        frame = await socket.next()
        assert (frame["type"], frame["error_code"]) == ("error_message", code)
        await socket.send("ping", id="still here")
        assert (await socket.next())["data"]["id"] == "still here"


@pytest.mark.parametrize(
    "message",
    [
        '{"type": "ping", "id": 123456789012345678901234567890}',
        '{"type": "ping", "id": {"nested": [1, null]}, "payload": 5}',
        '{"type": "user_message", "payload": {"content": 5, "thread_id": {"a": 1}}}',
        '{"type": "user_message", "payload": {"content": "hi", "thread_id": 7}, "message_id": 3}',
        '{"type": "stop_agent", "payload": {"run_id": ["x"]}}',
        '{"type": "user_message", "payload": {"content": "' + "a" * 30_000 + '"}}',
        '{"type": ""}',
    ],
)
async def test_odd_values_are_answered_and_survived(staging, message: str) -> None:
    user = await staging.user()
    async with staging.socket(user) as socket:
        await socket.websocket.send(message)
        assert (await socket.next())["type"] in ("pong", "error_message", "ack")
        await socket.send("user_message", {"content": "40 + 2"})
        assert "= 42" in (await socket.until("agent_completed"))[-1]["data"]["result"]


async def test_an_idle_socket_gets_heartbeats(serve) -> None:
    staging = serve("--heartbeat-seconds", "0.05")
    user = await staging.user()
    async with staging.socket(user) as socket:
        assert [(await socket.next())["type"] for _ in range(3)] == ["heartbeat"] * 3
        await socket.send("ping", id="alive")
        assert (await socket.until("pong"))[-1]["data"]["id"] == "alive"
    config = (await staging.http("backend", "GET", "/ws/config")).json()
    assert config["websocket_config"]["heartbeat_interval"] == 0.05


async def test_two_sockets_of_one_user_are_apart(staging) -> None:
    user = await staging.user()
    thread = await staging.thread(user)
    async with staging.socket(user) as first, staging.socket(user) as second:
        await first.run("17*23", thread)
        await second.send("ping", id="nothing before me")
        assert (await second.next())["data"]["id"] == "nothing before me"


async def test_a_stop_closes_sockets_with_going_away(serve) -> None:
    staging = serve()
    user = await staging.user()
    async with staging.socket(user) as socket:
        staging.process.terminate()
        with pytest.raises(ConnectionClosed) as closed:
            await socket.next()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1001
    assert await asyncio.to_thread(staging.process.wait, 10) == 0
