"""Several instances behind one address: connections take turns, the cookie keeps its instance, and all know the same."""

from __future__ import annotations

import json
import ssl
from itertools import pairwise
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect


@pytest.fixture(scope="module")
def pair() -> Any:
    from tests.rehearsal.conftest import Staging

    running = Staging("--instances", "2", "--delay-scale", "0")
    yield running
    running.close()


async def served_by(staging: Any, **options: Any) -> str:
    answer = await staging.http("backend", "GET", "/health", **options)
    assert answer.status_code == 200
    return str(answer.headers["x-instance"])


async def test_connections_take_turns(pair) -> None:
    seen = [await served_by(pair) for _ in range(6)]
    assert set(seen) == {"1", "2"} and all(one != other for one, other in pairwise(seen))
    assert len({url.split("//")[1].split("/")[0] for url in pair.urls.values()}) == 3, "instances have no address of their own"


async def test_the_cookie_keeps_its_instance_and_an_odd_one_is_nobodys(pair) -> None:
    first = await pair.http("backend", "GET", "/health")
    assert first.cookies["affinity"] == first.headers["x-instance"]
    for number in ("1", "2", "2", "1"):
        answer = await pair.http("backend", "GET", "/health", headers={"Cookie": f"other=x; affinity={number}"})
        assert answer.headers["x-instance"] == number
        assert "set-cookie" not in answer.headers
    for odd in ("3", "0", "-1", "x", "1;affinity", '"'):
        assert await served_by(pair, headers={"Cookie": f"affinity={odd}"}) in ("1", "2")
    async with httpx.AsyncClient(base_url=pair.urls["backend"], trust_env=False) as client:
        seen = {(await client.get("/health")).headers["x-instance"] for _ in range(3)}
    assert len(seen) == 1, "one connection is one instance's"


async def socket_of(websocket: Any) -> str:
    assert json.loads(await websocket.recv())["type"] == "connection_established"
    return str(websocket.response.headers["x-instance"])


async def test_what_one_instance_knows_the_other_knows(pair) -> None:
    owner = await pair.user()
    on_one = await pair.http("backend", "POST", "/api/threads", json={"title": "t"}, headers={**owner.headers, "Cookie": "affinity=1"})
    thread = on_one.json()["id"]
    for number in ("1", "2"):
        answer = await pair.http("backend", "GET", f"/api/threads/{thread}", headers={**owner.headers, "Cookie": f"affinity={number}"})
        assert (answer.status_code, answer.headers["x-instance"]) == (200, number)
    async with pair.raw(additional_headers=owner.headers) as first, pair.raw(additional_headers=owner.headers) as second:
        assert {await socket_of(first), await socket_of(second)} == {"1", "2"}
        health = (await pair.http("backend", "GET", "/ws/health")).json()
        assert (health["connections"], health["users"]) == (2, 1)
    async with pair.raw(additional_headers={**owner.headers, "Cookie": "affinity=2"}) as kept:
        assert await socket_of(kept) == "2"


async def test_a_run_is_stopped_through_the_other_instance_and_by_its_owner_alone(serve) -> None:
    staging = serve("--instances", "2", "--delay-scale", "50")
    owner, stranger = await staging.user(), await staging.user()

    def on(user: Any, number: int) -> Any:
        return staging.raw(additional_headers={**user.headers, "Cookie": f"affinity={number}"})

    async with on(owner, 1) as asking, on(owner, 2) as stopping, on(stranger, 2) as meddling:
        assert [await socket_of(one) for one in (asking, stopping, meddling)] == ["1", "2", "2"]
        await asking.send(json.dumps({"type": "user_message", "payload": {"content": "17*23"}}))
        frame: dict[str, Any] = {}
        while frame.get("type") != "agent_started":
            frame = json.loads(await asking.recv())
        stop = json.dumps({"type": "stop_agent", "payload": {"run_id": frame["data"]["run_id"]}})
        await meddling.send(stop)
        assert json.loads(await meddling.recv())["error_code"] == "RUN_ACCESS_DENIED"
        await stopping.send(stop)
        while frame["type"] != "agent_stopped":
            frame = json.loads(await asking.recv())


async def test_a_cut_on_either_side_reaches_the_other(serve) -> None:
    staging = serve("--instances", "2")
    user = await staging.user()
    async with staging.raw(additional_headers=user.headers) as websocket:
        await socket_of(websocket)
        websocket.transport.abort()
    health: dict[str, Any] = {"connections": 1}
    while health["connections"]:
        health = (await staging.http("backend", "GET", "/ws/health")).json()


async def test_with_tls_the_front_has_the_certificate(serve) -> None:
    staging = serve("--instances", "2", "--tls")
    trusted = ssl.create_default_context(cafile=staging.urls["ca"])
    seen = set()
    for _ in range(2):
        async with httpx.AsyncClient(base_url=staging.urls["backend"], verify=trusted, trust_env=False) as client:
            answer = await client.get("/health")
        assert answer.status_code == 200
        seen.add(answer.headers["x-instance"])
    assert seen == {"1", "2"}
    async with connect(staging.urls["websocket"], ssl=trusted, subprotocols=["jwt-auth"]) as websocket:
        assert json.loads(await websocket.recv())["error_code"] == "AUTH_FAILED"


async def test_one_instance_says_nothing_of_instances(staging) -> None:
    answer = await staging.http("backend", "GET", "/health")
    assert "x-instance" not in answer.headers and "set-cookie" not in answer.headers
