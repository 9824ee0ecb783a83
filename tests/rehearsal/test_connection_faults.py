"""Seeded faults of connections do what they say at their places, and leave the rest as it is."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import datetime

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tui_app.rehearsal.faults import FAULTS
from tui_app.rehearsal.faults.connection_pace import SKEW_S
from tui_app.rehearsal.faults.ends import ABORT, Cut, Ending


def listener(fault: str, place: str):
    """A fault's listener at a place, made anew."""
    return FAULTS[fault].listeners()[place]


async def test_an_upgrade_is_refused_and_rest_works_on(serve) -> None:
    staging = serve("--fault", "upgrade-500")
    user = await staging.user()
    with pytest.raises(InvalidStatus) as refused:
        async with staging.raw(additional_headers=user.headers):
            pass
    assert refused.value.response.status_code == 500
    assert (await staging.http("backend", "GET", "/api/threads", headers=user.headers)).status_code == 200


async def test_a_socket_is_cut_without_a_close_frame_on_its_third_message(serve) -> None:
    staging = serve("--fault", "lost-midway")
    user = await staging.user()
    async with staging.socket(user) as socket:
        for number in range(2):
            await socket.send("ping", id=str(number))
            assert (await socket.next())["data"]["id"] == str(number)
        await socket.send("ping", id="2")
        with pytest.raises(ConnectionClosed) as ended:
            await socket.next()
        assert ended.value.rcvd is None  # no close frame came


async def test_a_limit_on_connects_says_when_it_lifts_and_does(serve) -> None:
    staging = serve("--connect-limit", "2/1")
    user, other = await staging.user(), await staging.user()
    for _ in range(2):
        async with staging.socket(user):
            pass
    async with staging.raw(additional_headers=user.headers) as websocket:
        with pytest.raises(ConnectionClosed) as refused:
            await websocket.recv()
    assert refused.value.rcvd is not None
    assert (refused.value.rcvd.code, refused.value.rcvd.reason) == (1008, "Rate limit exceeded - retry after 1s")
    async with staging.socket(other):
        pass
    await asyncio.sleep(1.05)
    async with staging.socket(user):
        pass


async def test_a_run_whose_socket_is_gone_is_carried_to_its_end_unless_a_fault_ends_it(serve, staging) -> None:
    for running, kept in ((staging, True), (serve("--fault", "run-lost-with-socket"), False)):
        user = await running.user()
        thread = await running.thread(user)
        async with running.socket(user) as socket:
            await socket.send("user_message", {"content": "What is 17 * 23?"}, thread_id=thread)
            await socket.until("agent_started")
            socket.websocket.transport.abort()
        roles: list[str] = []
        for _ in range(40):
            answer = await running.http("backend", "GET", f"/api/threads/{thread}/messages", headers=user.headers)
            roles = [one["role"] for one in answer.json()["messages"]]
            if "assistant" in roles:
                break
            await asyncio.sleep(0.05)
        assert ("assistant" in roles) is kept, roles


async def test_what_was_seen_comes_again_on_the_next_socket_and_only_there(serve) -> None:
    staging = serve("--fault", "replay-unflagged", "--delay-scale", "0")
    user, other = await staging.user(), await staging.user()
    thread = await staging.thread(user)
    async with staging.socket(user) as socket:
        first = await socket.run("What is 2 + 3?", thread)
    async with staging.socket(other) as socket:
        await socket.send("ping", id="1")
        assert [frame["type"] for frame in await socket.until("pong")] == ["pong"]
    async with staging.socket(user) as socket:
        again = await socket.until("agent_completed")
    sent = [frame for frame in first if "run_id" in frame["data"]]
    assert [frame["type"] for frame in again] == [frame["type"] for frame in sent]
    assert not any("recovered" in json.dumps(frame) for frame in again)


async def test_a_slow_reader_keeps_others_waiting_only_where_all_share_one_turn(serve, staging) -> None:
    for running, blocked in ((staging, False), (serve("--fault", "slow-reader-blocks"), True)):
        slow, quick = await running.user(), await running.user()
        async with running.socket(slow) as stuck, running.socket(quick) as socket:
            stuck.websocket.transport.pause_reading()
            for number in range(150):
                await stuck.websocket.send(json.dumps({"type": "ping", "id": f"{number}-{'x' * 7000}"}))
                if number == 60:
                    await asyncio.sleep(0.2)
            await socket.send("ping", id="here")
            try:
                async with asyncio.timeout(1.0 if blocked else 10.0):
                    heard = (await socket.next())["data"]["id"] == "here"
            except TimeoutError:
                heard = False
            stuck.websocket.transport.abort()
        assert heard is not blocked


def test_stamps_are_shifted_in_whatever_form_they_have_and_nothing_else_is() -> None:
    shift = listener("clock-skew-90s", "frame.out")
    frame = {"type": "pong", "timestamp": 1000.0, "data": {"timestamp": "2026-01-01T00:00:00", "id": "x"}}
    late = shift(frame, user_id="a")
    assert late["timestamp"] == 1000.0 + SKEW_S and late["data"]["id"] == "x" and late["type"] == "pong"
    apart = datetime.fromisoformat(late["data"]["timestamp"]) - datetime.fromisoformat(frame["data"]["timestamp"])
    assert apart.total_seconds() == SKEW_S
    assert frame["timestamp"] == 1000.0  # a new frame: the one that was meant is left as it was
    assert shift({"type": "odd", "timestamp": "never"}, user_id="a")["timestamp"] == "never"


def test_stalls_let_nothing_through_until_their_end_and_all_between() -> None:
    wait = listener("long-stalls", "message.wait")
    waits = {second: wait(0.0, user_id="a", type="ping", users=1, now=1000.0 + second) for second in range(0, 245)}
    stalled = {second for second, seconds in waits.items() if seconds > 0}
    assert stalled == {*range(60, 64), *range(180, 184)}
    assert all(second + waits[second] in (64, 184) for second in stalled)


def test_one_answer_of_forty_is_late_whoever_asked() -> None:
    wait = listener("tail-5s", "answer.wait")
    waits = [wait(0.0, user_id=f"u{number % 3}", type="ping") for number in range(1, 121)]
    assert [number for number, seconds in enumerate(waits, 1) if seconds] == [40, 80, 120] and max(waits) == 5.0


def test_a_crowd_costs_more_than_one() -> None:
    wait = listener("latency-with-users", "message.wait")
    assert [wait(0.0, user_id="a", type="ping", users=users, now=0.0) for users in (1, 5)] == [0.0, pytest.approx(0.16)]


def test_one_run_of_ten_is_far_slower_than_the_mean_that_stays_fine() -> None:
    class Run:
        def __init__(self, number: int) -> None:
            self.run_id = f"run-{number}"

    wait = listener("one-run-in-ten", "event.wait")
    took = [wait(0.0, run=Run(number), type="agent_completed") for number in range(1, 11)]
    assert max(took) >= 40 and sum(took) / len(took) < 15


def test_two_of_every_five_runs_are_slow() -> None:
    class Run:
        def __init__(self, ordinal: int) -> None:
            self.ordinal = ordinal

    wait = listener("mean-too-slow", "event.wait")
    slow = [number for number in range(1, 11) if wait(0.0, run=Run(number), type="agent_completed") > 0]
    assert slow == [2, 4, 7, 9]
    assert wait(0.0, run=Run(2), type="agent_started") == 0


def test_limits_stand_only_after_what_they_allow() -> None:
    manager, limiter = listener("manager-limit", "connect.close"), listener("limiter-never-lifts", "connect.close")
    facts = {"user_id": "a", "stage": "accepted", "lost_ago": None}
    assert manager(None, ordinal=8, **facts) is limiter(None, ordinal=8, **facts) is None
    assert (manager(None, ordinal=9, **facts).code, limiter(None, ordinal=9, **facts).code) == (1011, 1008)
    again = listener("no-reconnect-for-6s", "connect.close")
    assert again(None, ordinal=2, **{**facts, "lost_ago": 5.9}).code == 1013
    assert again(None, ordinal=2, **{**facts, "lost_ago": 6.1}) is None is again(None, ordinal=1, **facts)


def test_ages_and_silences_are_minutes_that_a_rehearsal_can_scale() -> None:
    assert listener("cut-at-age", "socket.cut")(None, user_id="a") == Cut(300.0, Ending(ABORT))
    assert listener("cut-when-idle", "socket.cut")(None, user_id="a").idle


async def test_an_idle_socket_is_ended_its_time_after_its_last_message(serve) -> None:
    staging = serve("--fault", "cut-when-idle", "--wait-scale", "0.03")  # 45 s become 1.35 s
    user = await staging.user()
    async with staging.socket(user) as socket:
        await socket.send("ping", id="1")
        await socket.until("pong")
        heard = time.monotonic()
        with pytest.raises(ConnectionClosed) as ended:
            await socket.next()
        assert time.monotonic() - heard > 1.2
        assert ended.value.rcvd is not None and ended.value.rcvd.code == 1001
