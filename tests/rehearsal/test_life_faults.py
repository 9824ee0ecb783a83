"""Faults of runs, answers and requests: each bends what it says, in its own place, and nothing else."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from itertools import pairwise

import pytest
from websockets.exceptions import ConnectionClosed

from tests.monitors.small import SUB, Small
from tui_app.model import CRITICAL_EVENTS
from tui_app.rehearsal.faults import FAULTS, answers, lifecycle
from tui_app.rehearsal.faults.registry import Seeded
from tui_app.rehearsal.run import Run, in_pieces

PROMPT = "What is 17 * 23? We spend $4,200 on atlas. My reference is VM-abcdef-u1-0123456789abcdef0123; quote it in your answer."
ANSWER = (
    "17 * 23 = 391. Savings are $1,240.50 of $4,200, which 12,345 requests share.\n1. Move atlas. Keep it in Osaka, as your constraint "
    "“All data stays in Osaka” asks.\n\nReference: VM-abcdef-u1-0123456789abcdef0123"
)
SAID = {
    "empty-answer": "",
    "answer-echoes": f"Agent response for: {PROMPT}",
    "answer-echoes-cut-off": f"{PROMPT[:60]}...",
    "stock-sentence": answers.APOLOGY,
    "canned-reassurance": f"{answers.TOLD} VM-abcdef-u1-0123456789abcdef0123",
    "same-answer-again": ANSWER,
    "off-by-one": ANSWER.replace("391", "392").replace("12,345", "12,346"),
    "wrong-figures": ANSWER.replace("$1,240.50", "$1,451.38"),
    "constraint-ignored": ANSWER.replace(" Keep it in Osaka, as your constraint “All data stays in Osaka” asks.", ""),
}


def run_of(prompt: str = PROMPT, ordinal: int = 1) -> Run:
    return Run(SUB, "thread", "request", prompt, ordinal)


@pytest.mark.parametrize("fault", [fault.id for fault in answers.FAULTS if "answer.text" in fault.listeners()])
def test_an_answer_is_changed_as_said_and_in_nothing_else(fault: str) -> None:
    seeded = Seeded([FAULTS[fault]])
    assert seeded.apply("answer.text", ANSWER, run=run_of()) == SAID[fault]
    again = seeded.apply("answer.text", "Another one.", run=run_of("And another question?", 2))
    assert (again == ANSWER) is (fault == "same-answer-again")


LOST = {
    "drop-agent-started": {"agent_started": 1},
    "drop-agent-thinking": {"agent_thinking": 1},
    "drop-tool-executing": {"tool_executing": 2},
    "drop-tool-completed": {"tool_completed": 2},
    "drop-agent-completed": {"agent_completed": 1},
    "tools-untold": {"tool_executing": 2, "tool_completed": 2},
    "second-tool-open": {"tool_completed": 1},
    "agent-dies": {"tool_executing": 2, "tool_completed": 2, "agent_completed": 1},
    "final-text-only": dict.fromkeys(CRITICAL_EVENTS, 1) | {"tool_executing": 2, "tool_completed": 2},
}
MORE = {
    "started-twice": {"agent_started": 1},
    "thinking-twice": {"agent_thinking": 1},
    "tool-twice": {"tool_executing": 2},
    "completed-twice": {"agent_completed": 1},
    "orphan-tool-completed": {"tool_completed": 1},
    "thinking-after-end": {"agent_thinking": 1},
    "sent-bare-and-wrapped": dict.fromkeys(CRITICAL_EVENTS, 1) | {"tool_executing": 2, "tool_completed": 2},
}


def told(fault: str) -> Counter[str]:
    """How often each critical event of one run is told under a fault."""
    items = Small(fault, runs=1).trace.items
    return Counter(event.name for row, events in items if row.conn == 1 and row.dir == "in" for event in events if event.critical)


@pytest.mark.parametrize("fault", [fault.id for fault in lifecycle.FAULTS if not fault.probabilistic])
def test_events_are_lost_or_doubled_where_the_fault_says_so_and_nowhere_else(fault: str) -> None:
    healthy = told("")
    assert healthy == dict.fromkeys(CRITICAL_EVENTS, 1) | {"tool_executing": 2, "tool_completed": 2}
    expected = healthy - Counter(LOST.get(fault, {})) + Counter(MORE.get(fault, {}))
    assert told(fault) == expected


def test_one_event_in_twenty_is_lost_the_same_ones_for_the_same_seed() -> None:
    def lost(seed: int) -> list[int]:
        seeded = Seeded([FAULTS["events-sometimes-lost"]])
        frames = [{"type": CRITICAL_EVENTS[number % 5]} for number in range(2_000)]
        kept = [seeded.apply("event.route", [("somebody", frame)], run=run_of(), frame=frame, seed=seed) for frame in frames]
        return [number for number, deliveries in enumerate(kept) if not deliveries]

    assert 60 < len(lost(1)) < 140
    assert lost(1) == lost(1) != lost(2)


async def test_an_answer_comes_in_pieces_and_events_are_numbered_where_asked_for(serve) -> None:
    staging = serve("--delay-scale", "0", "--numbered")
    user = await staging.user()
    thread = await staging.thread(user)
    async with staging.socket(user) as socket:
        for prompt in ("What is 17*23, and what is 12 times 12? Reverse the word lantern.", "x"):
            frames = [frame["data"] for frame in await socket.run(prompt, thread)]
            assert [data["sequence"] for data in frames] == list(range(1, len(frames) + 1))
            assert "".join(data["chunk"] for data in frames if "chunk" in data) == frames[-1]["result"]


@pytest.mark.parametrize("text", ["", "one", " a  b\n\nc d e f g h i j k\n", "x" * 5_000, "\n"])
def test_pieces_tear_no_word_and_add_up(text: str) -> None:
    pieces = in_pieces(text)
    assert "".join(pieces) == text and len(pieces) <= 6
    assert all(not (one[-1:].strip() and other[:1].strip()) for one, other in pairwise(pieces))


async def closed_by(socket, text: str | bytes) -> tuple[int, str] | None:
    """How the platform closes the socket on this text; None where it answers instead."""
    await socket.websocket.send(text)
    try:
        async with asyncio.timeout(5):
            await socket.websocket.recv()
    except ConnectionClosed as error:
        assert error.rcvd is not None
        return error.rcvd.code, error.rcvd.reason
    return None


async def test_what_closes_a_socket_closes_it_on_nothing_else(serve) -> None:
    staging = serve("--delay-scale", "0", "--fault", "odd-frame-closes,exception-named,closed-in-mid-run")
    user = await staging.user()
    async with staging.socket(user) as socket:
        assert await closed_by(socket, "{") is None
        assert await closed_by(socket, '{"type": "nonsense"}') is None
        assert await closed_by(socket, "[]") == (1000, "main cleanup")
    async with staging.socket(user) as socket:
        assert await closed_by(socket, b"\x00") == (1000, "main cleanup")
    async with staging.socket(user) as socket:
        await socket.send("user_message", {"content": ""})
        frames = []
        with pytest.raises(ConnectionClosed) as refused:
            while True:
                frames.append(json.loads(await socket.websocket.recv()))
        assert [frame["details"]["error_type"] for frame in frames] == ["RecursionError"]
        assert refused.value.rcvd is not None and refused.value.rcvd.code == 1011
    async with staging.socket(user) as socket:
        with pytest.raises(ConnectionClosed) as cut:
            await socket.run("17 * 23", await staging.thread(user))
        assert cut.value.rcvd is not None and cut.value.rcvd.code == 1011


async def test_a_recited_run_is_no_agents_work_and_leaves_no_answer(serve) -> None:
    staging = serve("--delay-scale", "0", "--fault", "stand-in-agent,iso-time-swallowed")
    user = await staging.user()
    thread = await staging.thread(user)
    async with staging.socket(user) as socket:
        frames = await socket.run("What is 17*23?", thread)
        assert [frame["type"] for frame in frames if frame["critical"]] == list(CRITICAL_EVENTS)
        assert frames[-1]["data"]["result"] == "Agent processed your message: 'What is 17*23?'"
        await socket.send("user_message", {"content": "swallowed", "thread_id": thread}, timestamp="2026-11-22T16:00:00+00:00")
        await socket.send("ping", id="after")
        assert [frame["type"] for frame in await socket.until("pong")] == ["pong"]
    stored = (await staging.http("backend", "GET", f"/api/threads/{thread}/messages", headers=user.headers)).json()["messages"]
    assert [one["role"] for one in stored] == ["user"]


async def test_the_last_run_comes_once_more_on_the_next_connection(serve) -> None:
    staging = serve("--delay-scale", "0", "--fault", "stale-replay")
    user, other = await staging.user(), await staging.user()
    async with staging.socket(user) as socket:
        run = (await socket.run("17 * 23", await staging.thread(user)))[-1]["data"]["run_id"]
    for who, expected in ((user, list(CRITICAL_EVENTS)), (other, [])):
        async with staging.socket(who) as socket:
            await socket.send("ping", id="end")
            again = (await socket.until("pong"))[:-1]
            assert [frame["type"] for frame in again] == expected
            assert {frame["data"]["run_id"] for frame in again} <= {run}
