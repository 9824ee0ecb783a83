"""Runs: the five critical events with the right ids, serial on a socket, parallel across sockets, stored, stoppable."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise

import pytest

from tui_app.model import CRITICAL_EVENTS

PROMPTS = [
    "What is 17*23?",
    "Reverse the word lantern and compute 418 times 76.",
    "gpt-4o: 1,200,000 requests a month at $0.0031 each, mini: 900,000 requests a month at $0.0004 each. Our budget is 3,000 a month.",
    "We spend 4,200 USD on atlas and 1,850 on borealis. Move 40 % of atlas to borealis; borealis costs a fifth of atlas. What is 12 * 12?",
    "Which model did I spend most on last month?",
    "How many requests did I make? Also sort the letters of 'plumage' alphabetically.",
    "What is the capital of France?",
    "x",
]


def check_five(frames, *, request: str, thread: str, user: str) -> None:
    critical = [frame for frame in frames if frame["type"] in CRITICAL_EVENTS]
    names = [frame["type"] for frame in critical]
    assert set(names) == set(CRITICAL_EVENTS)
    assert names[0] == "agent_started" and names.count("agent_started") == 1
    assert names[-1] == "agent_completed" and names.count("agent_completed") == 1
    assert names.index("agent_thinking") < names.index("tool_executing")
    assert len({frame["data"]["run_id"] for frame in frames}) == 1
    for frame in frames:
        data = frame["data"]
        assert (data["request_id"], data["thread_id"], data["user_id"]) == (request, thread, user)
        assert frame["critical"] == (frame["type"] in CRITICAL_EVENTS)
    tools = [frame for frame in critical if frame["type"].startswith("tool_")]
    for executing, completed in zip(tools[::2], tools[1::2], strict=True):
        assert (executing["type"], completed["type"]) == ("tool_executing", "tool_completed")
        for key in ("tool", "tool_call_id"):
            assert executing["data"][key] == completed["data"][key]
        assert completed["data"]["result"]
    assert len({frame["data"]["tool_call_id"] for frame in tools}) * 2 == len(tools)
    stamps = [frame["data"]["timestamp"] for frame in frames]
    assert all(earlier <= later for earlier, later in pairwise(stamps))


@pytest.mark.parametrize("prompt", PROMPTS)
async def test_five_events_for_every_prompt_and_the_history_holds_both_sides(staging, prompt: str) -> None:
    user = await staging.user()
    thread = await staging.thread(user)
    async with staging.socket(user) as socket:
        began = time.perf_counter()
        frames = await socket.run(prompt, thread, "m-1")
        wall = (time.perf_counter() - began) * 1000
    check_five(frames, request="m-1", thread=thread, user=user.sub)
    done = frames[-1]["data"]
    assert done["status"] == "completed" and done["result"] == done["metadata"]["result"] != ""
    assert 0 < done["execution_time_ms"] <= wall
    path = f"/api/threads/{thread}/messages"
    stored = (await staging.http("backend", "GET", path, headers=user.headers)).json()["messages"]
    assert [(one["role"], one["content"]) for one in stored] == [("user", prompt), ("assistant", done["result"])]
    assert {one["metadata"]["run_id"] for one in stored} == {done["run_id"]}
    runs = (await staging.http("backend", "GET", "/api/analytics/runs", headers=user.headers)).json()["runs"]
    assert [(run["run_id"], run["status"], run["thread_id"]) for run in runs] == [(done["run_id"], "completed", thread)]


async def test_a_request_with_several_asks_uses_several_tools_and_delegates(staging) -> None:
    user = await staging.user()
    thread = await staging.thread(user)
    async with staging.socket(user) as socket:
        frames = await socket.run("Reverse the word lantern, then compute 17*23. Which model did I use most last month?", thread)
        types = [frame["type"] for frame in frames]
        assert types.count("tool_executing") == types.count("tool_completed") == types.count("step_created") == 3
        assert types.count("subagent_started") == types.count("subagent_completed") == 3
        answer = frames[-1]["data"]["result"]
        assert "nretnal" in answer and "391" in answer and "requests" in answer
        single = [frame["type"] for frame in await socket.run("17*24", thread)]
        assert "subagent_started" not in single


async def test_runs_on_one_socket_are_serial_and_pings_are_answered_meanwhile(serve) -> None:
    staging = serve()
    user = await staging.user()
    thread = await staging.thread(user)
    async with staging.socket(user) as socket:
        for number in (1, 2):
            await socket.send("user_message", {"content": f"{number} + 40", "thread_id": thread}, message_id=f"m-{number}")
        await socket.send("ping", id="meanwhile")
        first = await socket.until("agent_completed")
        second = await socket.until("agent_completed")
    assert "pong" in [frame["type"] for frame in first]
    assert {frame["data"]["request_id"] for frame in first if frame["type"] != "pong"} == {"m-1"}
    assert {frame["data"]["request_id"] for frame in second} == {"m-2"}
    assert "= 41" in first[-1]["data"]["result"] and "= 42" in second[-1]["data"]["result"]


async def test_fifty_sockets_overlap_and_each_sees_its_own(serve) -> None:
    staging = serve()
    users = [await staging.user() for _ in range(10)]
    threads = [await staging.thread(user) for user in users]
    together = asyncio.Barrier(50)
    began: list[float] = []
    ended: list[float] = []

    async def one(number: int) -> None:
        user, thread = users[number % 10], threads[number % 10]
        async with staging.socket(user) as socket:
            await together.wait()
            began.append(time.monotonic())
            marker = f"VM-0a1b2c-u{number}-{number:020x}"
            frames = await socket.run(f"What is {number} + 1000? Quote my reference {marker} in your answer.", thread, f"m-{number}")
            ended.append(time.monotonic())
            check_five(frames, request=f"m-{number}", thread=thread, user=user.sub)
            assert f"= {number + 1000}" in frames[-1]["data"]["result"] and marker in frames[-1]["data"]["result"]

    await asyncio.gather(*(one(number) for number in range(50)))
    assert max(began) < min(ended), "the runs did not overlap"


async def test_foreign_and_unknown_threads_are_refused_without_events(staging) -> None:
    owner, stranger = await staging.user(), await staging.user()
    thread = await staging.thread(owner)
    async with staging.socket(stranger) as socket:
        for asked in (thread, "thread_1_ffffffff"):
            frames = await socket.run("17*23", asked, "m-9")
            assert [(frame["type"], frame["error_code"], frame["request_id"]) for frame in frames] == [
                ("error_message", "THREAD_ACCESS_DENIED", "m-9")
            ]
        await socket.send("user_message", {"content": "   "}, message_id="m-10")
        assert ((await socket.next())["error_code"]) == "EMPTY_MESSAGE"
    listed = await staging.http("backend", "GET", f"/api/threads/{thread}/messages", headers=owner.headers)
    assert listed.json()["total"] == 0


async def test_a_request_without_a_thread_gets_one_and_a_title(staging) -> None:
    user = await staging.user()
    async with staging.socket(user) as socket:
        await socket.send("agent_request", {"user_request": "What is 6 times 7?"})
        frames = await socket.until("agent_completed")
    types = [frame["type"] for frame in frames]
    assert types[0] == "thread_created" and "thread_renamed" in types
    thread = (await staging.http("backend", "GET", f"/api/threads/{frames[0]['data']['thread_id']}", headers=user.headers)).json()
    assert (thread["title"], thread["message_count"]) == ("What is 6 times 7?", 2)


async def test_only_its_owner_stops_a_run(serve) -> None:
    staging = serve("--delay-scale", "100")
    owner, stranger = await staging.user(), await staging.user()
    thread = await staging.thread(owner)
    async with staging.socket(owner) as socket, staging.socket(stranger) as other:
        await socket.send("user_message", {"content": "17*23", "thread_id": thread}, message_id="m-1")
        run = (await socket.until("agent_started"))[-1]["data"]["run_id"]
        await other.send("stop_agent", {"run_id": run})
        assert (await other.next())["error_code"] == "RUN_ACCESS_DENIED"
        await other.send("stop_agent", {"run_id": "no-such-run"})
        assert (await other.next())["error_code"] == "RUN_NOT_FOUND"
        await socket.send("stop_agent", {"run_id": run})
        stopped = (await socket.until("agent_stopped", "agent_completed"))[-1]
        assert (stopped["type"], stopped["data"]["run_id"]) == ("agent_stopped", run)


async def test_a_run_whose_socket_was_cut_still_reaches_the_history(serve) -> None:
    staging = serve()
    user = await staging.user()
    thread = await staging.thread(user)
    async with staging.socket(user) as socket:
        await socket.send("user_message", {"content": "17*23", "thread_id": thread})
        await socket.until("agent_started")
        socket.websocket.transport.abort()
    async with asyncio.timeout(10), staging.socket(user) as socket:
        while True:
            path = f"/api/threads/{thread}/messages"
            stored = (await staging.http("backend", "GET", path, headers=user.headers)).json()["messages"]
            if [one["role"] for one in stored] == ["user", "assistant"]:
                break
        assert "391" in stored[1]["content"]
        assert "= 42" in (await socket.run("40 + 2", thread))[-1]["data"]["result"]
