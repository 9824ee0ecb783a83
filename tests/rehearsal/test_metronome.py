"""The metronome: what it sends is well-formed, says when it left, and is counted to the last frame."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import jwt
import pytest
from websockets.asyncio.client import connect

from tests.engine.conftest import Home
from tui_app.model import CRITICAL_EVENTS
from tui_app.recording.reader import Reader
from tui_app.rehearsal.metronome_runs import script
from tui_app.wire.envelope import normalise

STAMP = re.compile(r'"sent_ns":\s*(\d+)')


def told(log: Path, what: str) -> list[dict[str, Any]]:
    """The lines of a truth log of this kind."""
    return [line for line in map(json.loads, log.read_text().splitlines()) if line["what"] == what]


@pytest.mark.parametrize("events", [1, 5, 6, 7, 8, 9, 20, 401])
def test_a_run_of_any_length_is_well_formed(events: int) -> None:
    names = script(events)
    assert len(names) == max(events, 5)
    assert (names[0], names[1], names[-1]) == ("agent_started", "agent_thinking", "agent_completed")
    tools = [name for name in names if name.startswith("tool_")]
    assert tools == ["tool_executing", "tool_completed"] * (len(tools) // 2)
    assert set(CRITICAL_EVENTS) <= set(names)


async def test_each_request_is_answered_at_once_by_its_whole_run(serve, tmp_path) -> None:
    log = tmp_path / "truth.jsonl"
    staging = serve("--metronome", "0", "--run-events", "7", "--log", str(log))
    token = jwt.encode({"sub": "somebody"}, "a key of nobody's, and long enough for it")
    ask = {"type": "user_message", "message_id": "m1", "thread_id": "t1", "payload": {"content": "Say 100 % of it"}}
    began = time.monotonic_ns()
    async with connect(staging.urls["websocket"], additional_headers={"Authorization": f"Bearer {token}"}, compression=None) as socket:
        welcome = json.loads(await socket.recv())
        await socket.send(json.dumps(ask))
        texts = [str(await socket.recv()) for _ in range(7)]
        await socket.send(json.dumps({"type": "ping", "id": "p1"}))
        pong = json.loads(await socket.recv())
    assert (welcome["type"], pong["type"], pong["data"]["id"]) == ("connection_established", "pong", "p1")
    events = [normalise(text)[0] for text in texts]
    assert tuple(event.name for event in events) == script(7)
    assert {(event.thread, event.request, event.user) for event in events} == {("t1", "m1", "somebody")}
    assert events[-1].result == "Say 100 % of it"
    stamps = [int(STAMP.search(text)[1]) for text in texts]
    assert began < stamps[0] and stamps == sorted(set(stamps)) and stamps[-1] < time.monotonic_ns()
    assert all(abs(event.at - time.time()) < 60 for event in events if event.at is not None)
    staging.process.stdin.close()
    assert await asyncio.to_thread(staging.process.wait, 10) == 0
    (sent,), (run,) = told(log, "sent"), told(log, "run")
    assert (sent["user_id"], sent["frames"], sent["events"], sent["runs"]) == ("somebody", 9, 7, 1)
    assert began < run["came_ns"] <= run["first_ns"] == stamps[0] < run["last_ns"] == stamps[-1]


def test_a_recording_holds_exactly_what_was_sent(serve, tmp_path) -> None:
    """A session as a user runs it: checks pass on the metronome's runs, and no frame is more or less than its log says."""
    log, home = tmp_path / "truth.jsonl", Home(tmp_path)
    staging = serve("--metronome", "500", "--run-events", "10", "--log", str(log))
    target = tmp_path / "target.toml"
    addresses = [f'{name} = "{url}"' for name, url in staging.urls.items()]
    target.write_text("\n".join(["[target]", 'name = "metronome"', 'environment = "rehearsal"', *addresses]))
    ran = home.vigil("run", "--target", str(target), "--checks", "five-events,isolation-frames", "--users", "2")
    assert ran.word("five-events") == "PASS", ran.reason("five-events")
    assert ran.word("isolation-frames") != "FAIL", ran.reason("isolation-frames")
    staging.process.stdin.close()
    assert staging.process.wait(10) == 0
    with Reader(home.recording()) as reader:
        users = {row.user: row.body["sub"] for row in reader.rows(kinds=("user",)) if row.type == "ready"}
        frames = [row for row in reader.rows(kinds=("frame",)) if row.dir == "in" and "control" not in row.flag]
    sent: Counter[str] = Counter()
    for line in told(log, "sent"):
        sent[line["user_id"]] += line["frames"]
    assert Counter(users[row.user] for row in frames) == sent
    assert len(sent) == 2 and min(sent.values()) > 100
    for conn in {row.conn for row in frames}:
        stamps = [int(found[1]) for row in frames if row.conn == conn and (found := STAMP.search(row.text))]
        assert stamps == sorted(set(stamps))
