"""Faults between users: each lets through the one thing it names, and the healthy rehearsal none of them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from tests.rehearsal.conftest import Staging
from tui_app.rehearsal.faults import FAULTS, isolation, isolation_routes
from tui_app.rehearsal.options import parse
from tui_app.rehearsal.platform import Platform, assemble
from tui_app.rehearsal.services.auth import Auth
from tui_app.rehearsal.services.backend import backend

SECRET = "a text of the owner's own"


class Local(Staging):
    """Auth and backend of a rehearsal in this process, over ASGI."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.apps: dict[str, Any] = {"auth": Auth(platform).app(), "backend": backend(platform)}

    def close(self) -> None:
        self.platform.close()

    async def http(self, service: str, method: str, path: str, **options: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.apps[service])
        async with httpx.AsyncClient(transport=transport, base_url="http://local.invalid") as client:
            return await client.request(method, path, **options)


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Callable[..., Local]]:
    made: list[Local] = []

    def make(*faults: str) -> Local:
        made.append(Local(assemble(parse(["--delay-scale", "0", *(["--fault", ",".join(faults)] if faults else [])]), tmp_path)))
        return made[-1]

    yield make
    for one in made:
        one.close()


async def reached(staging: Any) -> set[str]:
    """What somebody else may do over REST to a thread and the chat messages of its owner."""
    owner, other = await staging.user(), await staging.user()
    thread = await staging.thread(owner, SECRET)
    base = f"/api/threads/{thread}"
    note = {"content": SECRET, "message": SECRET, "thread_id": thread}
    for path in (f"{base}/messages", "/api/chat/messages"):
        assert (await staging.http("backend", "POST", path, json=note, headers=owner.headers)).status_code == 200
    done = set()
    for name, method, path, body in (
        ("read", "GET", base, None),
        ("read messages", "GET", f"{base}/messages", None),
        ("write", "POST", f"{base}/messages", {"message": "x"}),
        ("rename", "PUT", base, {"title": "x"}),
        ("archive", "DELETE", base, None),
    ):
        answer = await staging.http("backend", method, path, json=body, headers=other.headers)
        if answer.status_code == 200:
            done.add(name)
        elif owner.sub in answer.text:
            done.add("who it is")
        again = await staging.http("backend", "GET", base, headers=owner.headers)
        if (again.json()["title"] != SECRET) and "rename" not in done:
            done.add("renamed all the same")
    for name, path in (("threads", "/api/threads"), ("chat", "/api/chat/messages"), ("chat", f"/api/chat/messages?thread_id={thread}")):
        if SECRET in (await staging.http("backend", "GET", path, headers=other.headers)).text:
            done.add(name)
        assert SECRET in (await staging.http("backend", "GET", path, headers=owner.headers)).text or done & {"rename", "archive"}
    return done


@pytest.mark.parametrize(
    ("fault", "lets"),
    [
        ("", set()),
        ("read-others-thread", {"read"}),
        ("read-others-messages", {"read messages"}),
        ("write-others-thread", {"write"}),
        ("rename-others-thread", {"rename"}),
        ("archive-others-thread", {"archive"}),
        ("list-others-threads", {"threads"}),
        ("chat-messages-of-anybody", {"chat"}),
        ("error-names-owner", {"who it is"}),
    ],
)
async def test_over_rest_each_fault_lets_one_thing_through(local, fault: str, lets: set[str]) -> None:
    assert await reached(local(*([fault] if fault else []))) == lets


async def heard_by_other(staging: Any) -> tuple[list[str], bool]:
    """What a stranger on a socket is told who reaches for a run, and whether that stopped the run. At last its owner stops it."""
    owner, other = await staging.user(), await staging.user()
    thread = await staging.thread(owner)
    async with staging.socket(owner) as mine, staging.socket(other) as theirs:
        await mine.send("user_message", {"content": "Wait 9 seconds, then work out 12 * 12.", "thread_id": thread}, message_id="m1")
        run = (await mine.until("tool_executing"))[-1]["data"]["run_id"]
        told = []
        for type, payload in (
            ("subscribe", {"run_id": run}),
            ("subscribe", {"thread_id": thread}),
            ("user_message", {"content": "1 + 1", "thread_id": thread}),
        ):
            await theirs.send(type, payload)
            told += await theirs.until("error_message", "subscribed")
        await theirs.send("stop_agent", {"run_id": run})
        await theirs.send("ping", id="asked")
        told += await theirs.until("pong")
        await mine.send("ping", id="still there")
        stopped = "agent_stopped" in [frame["type"] for frame in await mine.until("pong")]
        if not stopped:
            await mine.send("stop_agent", {"run_id": run})
            await mine.until("agent_stopped")
        await theirs.send("ping", id="end")
        told += await theirs.until("pong")
    return [frame.get("error_code") or frame["type"] for frame in told if frame["type"] != "pong"], stopped


DENIED = ["RUN_ACCESS_DENIED", "THREAD_ACCESS_DENIED", "THREAD_ACCESS_DENIED", "RUN_ACCESS_DENIED"]


async def test_a_stranger_is_denied_and_only_the_owner_stops_the_run(staging) -> None:
    assert await heard_by_other(staging) == (DENIED, False)


@pytest.mark.parametrize(
    ("fault", "told", "stops"),
    [
        ("subscribe-others-run", ["subscribed", *DENIED[1:], "agent_stopped"], False),
        ("guess-thread-events", [*DENIED, "agent_stopped"], False),
        ("stop-others-run", DENIED[:3], True),
    ],
)
async def test_over_the_socket_each_fault_lets_one_thing_through(serve, fault: str, told: list[str], stops: bool) -> None:
    assert await heard_by_other(serve("--delay-scale", "0", "--fault", fault)) == (told, stops)


async def test_an_owner_may_follow_from_a_second_socket_until_it_closes(staging) -> None:
    owner = await staging.user()
    thread = await staging.thread(owner)
    async with staging.socket(owner) as asking:
        async with staging.socket(owner) as watching:
            await watching.send("subscribe", {"thread_id": thread})
            assert (await watching.next())["type"] == "subscribed"
            run = await asking.run("12 * 12", thread)
            assert [frame["type"] for frame in await watching.until("agent_completed")] == [frame["type"] for frame in run]
        assert (await asking.run("13 * 13", thread))[-1]["type"] == "agent_completed"
        await asking.send("subscribe", {"run_id": "nobody's"})
        assert (await asking.next())["error_code"] == "RUN_NOT_FOUND"


def receivers() -> tuple[Any, list[Any], list[Any]]:
    mine = SimpleNamespace(user_id="a", open=True)
    others = [SimpleNamespace(user_id=f"other-{number}", open=True) for number in range(21)]
    return mine, others, [SimpleNamespace(user_id="a", open=True)]


TAKES_AWAY = {"events-reach-nobody", "second-socket-takes"}


@pytest.mark.parametrize("fault", [one.id for one in isolation.FAULTS if "event.route" in one.listeners()])
def test_a_route_changes_no_frame_and_takes_none_from_whom_it_is_for(fault: str) -> None:
    """Except for two faults that are about just that. Nobody else's socket is left out of what it owes its own user."""
    route = FAULTS[fault].listeners()["event.route"]
    mine, others, siblings = receivers()
    for number in range(40):
        for type in ("agent_started", "tool_completed", "agent_completed"):
            data = {"result": "Reference: VM-abcdef-u1-0123456789abcdef0123", "run_id": f"run-{number}"}
            frame = {"type": type, "data": data, "timestamp": 1.0}
            run = SimpleNamespace(run_id=f"run-{number}", thread_id="t", request_id="q", user_id="a", prompt="?", ordinal=number + 1)
            before = copy.deepcopy(frame)
            given = [(mine, frame)]
            went = route(given, run=run, frame=frame, others=lambda: others, siblings=lambda: siblings, seed=1)
            assert frame == before and given == [(mine, frame)]
            if fault not in TAKES_AWAY:
                assert went[0] == (mine, frame)


def test_one_event_in_two_hundred_goes_astray_the_same_ones_for_the_same_seed() -> None:
    def astray(seed: int) -> list[int]:
        route = FAULTS["misroute-at-random"].listeners()["event.route"]
        mine, others, _ = receivers()
        went = [route([(mine, {})], frame={}, others=lambda: others, seed=seed) for _ in range(20_000)]
        return [number for number, deliveries in enumerate(went) if len(deliveries) == 2]

    assert astray(1) == astray(1) != astray(2)
    assert 60 < len(astray(1)) < 140


def test_what_was_sent_to_a_lost_socket_goes_to_the_newest_other() -> None:
    route = isolation_routes.FAULTS[[one.id for one in isolation_routes.FAULTS].index("late-event-to-next")].listeners()["event.route"]
    mine, others, _ = receivers()
    assert route([(mine, {})], others=lambda: others) == [(mine, {})]
    mine.open = False
    assert route([(mine, {})], others=lambda: others) == [(others[-1], {})]
    assert route([(mine, {})], others=list) == [(mine, {})]
