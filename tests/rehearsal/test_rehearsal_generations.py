"""The generations: how each greets and keeps a connection alive, and that all tell of the same run, healthy or faulty."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import asynccontextmanager
from itertools import groupby
from typing import Any

import pytest

from tui_app.model import CRITICAL_EVENTS, Event
from tui_app.rehearsal import frames
from tui_app.rehearsal.generations import made
from tui_app.rehearsal.generations.g3 import FAILED, G3
from tui_app.rehearsal.options import Options
from tui_app.wire.envelope import normalise

GENERATIONS = ("g1", "g2", "g3")
IDS = {"run_id": "run-1", "thread_id": "thread-1", "request_id": "request-1", "user_id": "user-1"}


@pytest.fixture(scope="module", params=GENERATIONS)
def playing(request: pytest.FixtureRequest) -> Any:
    from tests.rehearsal.conftest import Staging

    running = Staging("--delay-scale", "0", "--generation", request.param)
    running.generation = request.param  # type: ignore[attr-defined]
    yield running
    running.close()


@asynccontextmanager
async def welcomed(staging: Any, user: Any) -> Any:
    """A socket past its welcome, whatever comes before that."""
    async with staging.raw(additional_headers=user.headers) as websocket:
        frame = json.loads(await websocket.recv())
        if frame["type"] == "handshake_response":
            await websocket.send(json.dumps({"type": "handshake_acknowledged", "thread_id": frame["thread_id"]}))
            assert json.loads(await websocket.recv())["type"] == "handshake_complete"
            frame = json.loads(await websocket.recv())
        (event,) = normalise(json.dumps(frame))
        assert event.name == "welcome" and user.sub.startswith(event.user.removesuffix("..."))
        yield websocket


async def heard(websocket: Any, *names: str) -> list[Event]:
    """Events up to and including the first of these."""
    events: list[Event] = []
    async with asyncio.timeout(10):
        while not events or events[-1].name not in names:
            events += normalise(await websocket.recv())
    return events


async def test_a_run_reads_the_same_in_every_generation(playing) -> None:
    user = await playing.user()
    thread = await playing.thread(user)
    async with welcomed(playing, user) as websocket:
        payload = {"content": "Reverse the word lantern, then compute 17*23.", "thread_id": thread}
        await websocket.send(json.dumps({"type": "user_message", "payload": payload, "message_id": "m-1"}))
        events = await heard(websocket, "agent_completed", "error")
    critical = [event for event in events if event.critical]
    tool = ("tool_executing", "tool_completed")
    assert [name for name, _ in groupby(event.name for event in critical)] == [*CRITICAL_EVENTS[:2], *tool, *tool, "agent_completed"]
    assert {(event.request, event.thread, event.user) for event in events} == {("m-1", thread, user.sub)}
    assert len({event.run for event in events}) == 1 and events[0].run
    tools = [event for event in critical if event.name.startswith("tool_")]
    assert all(event.tool and event.tool_call for event in tools)
    assert all(event.result for event in critical if event.name == "tool_completed")
    assert "391" in events[-1].text and "nretnal" in events[-1].text
    assert all(event.at for event in events) and [event.at for event in events] == sorted(event.at or 0 for event in events)


@pytest.mark.parametrize("fault", ["drop-tool-completed"])
@pytest.mark.parametrize("generation", ["g1", "g3"])
async def test_a_fault_in_a_runs_events_takes_hold_before_the_envelope(serve, generation: str, fault: str) -> None:
    staging = serve("--delay-scale", "0", "--generation", generation, "--fault", fault)
    user = await staging.user()
    async with welcomed(staging, user) as websocket:
        await websocket.send(json.dumps({"type": "user_message", "payload": {"content": "17*23"}}))
        names = [event.name for event in await heard(websocket, "agent_completed")]
    assert "tool_executing" in names and "tool_completed" not in names


async def test_errors_are_told_with_what_they_are_about(playing) -> None:
    owner, stranger = await playing.user(), await playing.user()
    thread = await playing.thread(owner)
    async with welcomed(playing, stranger) as websocket:
        await websocket.send("{not json")
        assert [event.code for event in await heard(websocket, "error")] == ["JSON_PARSE_ERROR"]
        payload = {"content": "17*23", "thread_id": thread}
        await websocket.send(json.dumps({"type": "user_message", "payload": payload, "message_id": "m-2"}))
        (refusal,) = await heard(websocket, "error")
        assert (refusal.code, refusal.request, refusal.thread) == ("THREAD_ACCESS_DENIED", "m-2", thread)
    async with playing.raw(subprotocols=["jwt-auth", "jwt.nonsense"]) as websocket:
        assert websocket.subprotocol == "jwt-auth"
        assert [event.code for event in await heard(websocket, "error")] == ["AUTH_FAILED"]
        await websocket.wait_closed()
        assert websocket.close_code == 1008


async def test_health_says_which_generation_it_is(playing) -> None:
    config = (await playing.http("backend", "GET", "/api/config/public")).json()
    assert config["build"].endswith(playing.generation)
    page = await playing.http("frontend", "GET", "/")
    assert config["build"] in page.text


# -- g1


async def test_g1_wraps_its_welcome(serve) -> None:
    staging = serve("--generation", "g1")
    user = await staging.user()
    async with staging.raw(subprotocols=["jwt-auth", f"jwt.{user.access}"]) as websocket:
        assert websocket.subprotocol == "jwt-auth"
        welcome = json.loads(await websocket.recv())
    assert (welcome["type"], welcome["data"]["event"]) == ("system_message", "connection_established")
    assert welcome["data"]["connection_ready"] is True and welcome["data"]["environment"] == "rehearsal"
    assert welcome["data"]["config"]["heartbeat_interval"] == 15


async def test_g1_pings_as_long_as_pongs_come(serve) -> None:
    staging = serve("--generation", "g1", "--heartbeat-seconds", "0.2")
    user = await staging.user()
    async with welcomed(staging, user) as polite, welcomed(staging, user) as silent:
        told: list[str] = []

        async def listen() -> None:
            async for text in silent:
                told.append(json.loads(text)["type"])

        listening = asyncio.create_task(listen())
        for _ in range(6):
            assert [event.name for event in await heard(polite, "ping")] == ["ping"]
            await polite.send(json.dumps({"type": "pong"}))
        listening.cancel()
    assert 1 <= len(told) <= 2, "a client that never answers is not pinged for ever"
    assert set(told) == {"ping"}


# -- g3


async def test_g3_shakes_hands_before_anything_else(serve) -> None:
    staging = serve("--generation", "g3", "--delay-scale", "0")
    user = await staging.user()
    async with staging.raw(additional_headers=user.headers) as websocket:
        first = json.loads(await websocket.recv())
        assert first["type"] == "handshake_response" and len(first["session_token"]) > 20
        for early in ({"type": "user_message", "payload": {"content": "17*23"}}, {"type": "handshake_acknowledged", "thread_id": "other"}):
            await websocket.send(json.dumps(early))
            assert [event.code for event in await heard(websocket, "error")] == ["HANDSHAKE_REQUIRED"]
        await websocket.send(json.dumps({"type": "handshake_acknowledged", "thread_id": first["thread_id"]}))
        names = [event.code or event.name for event in await heard(websocket, "welcome")]
        assert names == ["handshake_complete", "welcome"]
        listed = (await staging.http("backend", "GET", "/api/threads", headers=user.headers)).json()
        assert listed == [], "the thread is made when it is used"
        for number in (1, 2):
            payload = {"content": "17*23", "thread_id": first["thread_id"], "run_id": first["run_id"]}
            await websocket.send(json.dumps({"type": "user_message", "payload": payload, "message_id": f"m-{number}"}))
            done = (await heard(websocket, "agent_completed"))[-1]
            assert done.thread == first["thread_id"]
            assert (done.run == first["run_id"]) == (number == 1), "the run's id is for the first request alone"
        listed = (await staging.http("backend", "GET", "/api/threads", headers=user.headers)).json()
        assert [one["id"] for one in listed] == [first["thread_id"]]


async def test_g3_gives_up_on_a_client_that_never_acknowledges() -> None:
    class Silent:
        user_id = "u"
        connection_id = "c"
        heard_at = 0.0

        def __init__(self) -> None:
            self.sent: list[str] = []

        async def send(self, frame: dict[str, Any]) -> None:
            self.sent.append(frame["type"])

        async def receive(self, within: float) -> None:
            return None

        def welcome(self) -> dict[str, Any]:
            raise AssertionError("it was not acknowledged")

        def completes(self) -> bool:
            raise AssertionError("it was not acknowledged")

        def offer(self) -> Any:
            from tui_app.rehearsal.generations.base import Offer

            return Offer("t", "r", "q")

    line = Silent()
    assert await G3(Options(generation="g3")).greet(line) == FAILED
    assert line.sent == ["handshake_response"]


# -- the envelopes


@pytest.mark.parametrize("generation", GENERATIONS)
def test_flags_batches_and_odd_stamps_survive_the_envelope(generation: str) -> None:
    playing = made(Options(generation=generation))
    event = frames.event("agent_completed", IDS, {"result": "done"}, critical=True)
    replay = {**event, "recovered": True}
    (read,) = normalise(json.dumps(playing.envelope(replay)))
    assert (read.name, read.replayed, read.run, read.text) == ("agent_completed", True, "run-1", "done")
    both = normalise(json.dumps(playing.envelope({"type": "event_batch", "events": [event, replay]})))
    assert [(one.name, one.replayed, one.run) for one in both] == [("agent_completed", False, "run-1"), ("agent_completed", True, "run-1")]
    for stamp in ("yesterday", None, True, 1e300, [1]):
        (odd,) = normalise(json.dumps(playing.envelope({**event, "timestamp": stamp, "data": {**event["data"], "timestamp": stamp}})))
        assert (odd.name, odd.at) == ("agent_completed", None)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_an_envelope_changes_no_frame_in_place(generation: str) -> None:
    playing = made(Options(generation=generation))
    for frame in (
        frames.event("agent_thinking", IDS, {"thought": "hm", "agent_name": "a"}, critical=True),
        frames.event("tool_completed", IDS, {"tool": "t", "result": 1}, critical=True),
        frames.error("CODE", "text", {"a": 1}, run_id="r"),
        frames.welcome("user-1", "c"),
        frames.message("thread_created", {"thread_id": "t"}),
        {"type": "agent_started", "data": "not an object", "critical": True},
        {"type": 5},
    ):
        before = json.dumps(frame)
        playing.envelope(frame)
        assert json.dumps(frame) == before


def test_g1_uses_wrapper_bridge_and_flat_envelopes() -> None:
    g1 = made(Options(generation="g1"))
    shapes = set()
    for name in (*CRITICAL_EVENTS, "step_created"):
        frame = g1.envelope(frames.event(name, IDS, {"agent_name": "a", "tool": "t"}, critical=name in CRITICAL_EVENTS))
        (event,) = normalise(json.dumps(frame))
        assert (event.name, event.run, event.thread, event.request, event.user) == (name, "run-1", "thread-1", "request-1", "user-1")
        shapes.add(event.envelope)
    assert shapes == {"V1w", "V3", "V5"}


def test_g3_says_everything_of_a_run_in_one_envelope() -> None:
    g3 = made(Options(generation="g3"))
    for name in (*CRITICAL_EVENTS, "step_created", "agent_stopped"):
        frame = g3.envelope(frames.event(name, IDS, {"agent_name": "a"}, critical=False))
        assert (frame["type"], frame["event"]) == ("system_message", name)
        assert re.search(r"\+00:00$", frame["timestamp"])
        assert [event.envelope for event in normalise(json.dumps(frame))] == ["V9"]
