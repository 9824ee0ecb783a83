"""Jitter: drawn from the seed, within its bound, and never at the cost of order."""

from __future__ import annotations

import asyncio
import json
import time

import httpx
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tui_app.rehearsal.jitter import Jitter

GAPS = st.lists(st.floats(0, 0.2), min_size=1, max_size=40)


@given(st.integers(0, 1000), st.floats(0.1, 500), GAPS)
def test_a_frame_is_late_by_no_more_than_the_bound_and_never_overtakes(seed: int, most_ms: float, gaps: list[float]) -> None:
    first, again, other = Jitter(seed, most_ms).of_socket(), Jitter(seed, most_ms).of_socket(), Jitter(seed + 1, most_ms).of_socket()
    now, before = 100.0, 0.0
    drawn, drawn_otherwise = [], []
    for gap in gaps:
        now += gap
        due = first.due(now)
        assert before <= due <= now + most_ms / 1000 + 1e-9 and due >= now
        assert again.due(now) == due, "the same seed gives the same delays"
        drawn.append(due)
        drawn_otherwise.append(other.due(now))
        before = due
    assert drawn != drawn_otherwise


async def test_frames_keep_their_order_and_none_is_lost(serve) -> None:
    staging = serve("--delay-scale", "0", "--jitter-ms", "60")
    user = await staging.user()
    async with staging.socket(user) as socket:
        sent = [f"p-{number}" for number in range(60)]
        began = time.perf_counter()
        for name in sent:
            await socket.send("ping", id=name)
        heard = [(await socket.next())["data"]["id"] for _ in sent]
        took = time.perf_counter() - began
        assert heard == sent
        # Sixty draws up to 60 ms: that the last frame in order were due within 10 ms has a chance of (1/6) to the power of 60.
        assert took > 0.01
        frames = await socket.run("17*23", await staging.thread(user))
    assert [frame["type"] for frame in frames][-1] == "agent_completed"


async def test_what_is_waiting_is_sent_before_a_close(serve) -> None:
    staging = serve("--jitter-ms", "100")
    async with staging.raw(subprotocols=["jwt-auth", "jwt.nonsense"]) as websocket:
        assert json.loads(await asyncio.wait_for(websocket.recv(), 10))["error_code"] == "AUTH_FAILED"
        await websocket.wait_closed()
        assert websocket.close_code == 1008


async def test_an_answer_over_rest_waits_for_its_draw() -> None:
    async def hello(_: Request) -> Response:
        return PlainTextResponse("hello")

    app = Starlette(routes=[Route("/", hello)])
    assert Jitter(1, 0).answers(app) is app

    # Five draws with a mean of 100 ms, the same for the same seed: at least what this seed draws, whatever the machine.
    draws = Jitter(5, 200)._answers
    least = sum(draws.uniform(0, 0.2) for _ in range(5))
    transport = httpx.ASGITransport(app=Jitter(5, 200).answers(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://service.test") as client:
        began = time.perf_counter()
        for _ in range(5):
            assert (await client.get("/")).text == "hello"
        assert time.perf_counter() - began >= least
