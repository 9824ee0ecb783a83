"""Faults of health, answers and stores: each changes its own place, for every user alike, and leaves the rest as it was."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.rehearsal.conftest import Staging
from tui_app.rehearsal.faults.data import SLOW_S
from tui_app.rehearsal.options import parse
from tui_app.rehearsal.platform import Platform, assemble
from tui_app.rehearsal.services.auth import Auth
from tui_app.rehearsal.services.backend import backend

WORDS = "Grüße, é and 👩\u200d🚀"
LONG = "every word of it counts. " * 180


class Local(Staging):
    """Auth and backend of a rehearsal in this process, over ASGI: no sockets, so that one costs next to nothing."""

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
def local(tmp_path: Path) -> Iterator[Callable[[str], Local]]:
    """Makes rehearsals of a test's own in this process, each with one fault."""
    made: list[Local] = []

    def make(fault: str) -> Local:
        directory = tmp_path / fault
        directory.mkdir()
        made.append(Local(assemble(parse(["--delay-scale", "0", "--fault", fault]), directory)))
        return made[-1]

    yield make
    for one in made:
        one.close()


async def of(staging: Any, user: Any, path: str) -> Any:
    answer = await staging.http("backend", "GET", path, headers=user.headers)
    return answer.json() if answer.status_code == 200 else answer.status_code


async def wrote(staging: Any, user: Any, *texts: str) -> str:
    thread = await staging.thread(user, "first title")
    for text in texts:
        said = await staging.http("backend", "POST", f"/api/threads/{thread}/messages", json={"message": text}, headers=user.headers)
        assert (said.status_code, said.json()["content"]) == (200, text), "a fault of the stores is not told to whoever writes"
    return str(thread)


def contents(body: Any) -> list[str]:
    return [message["content"] for message in body["messages"]]


async def test_the_healthy_rehearsal_keeps_what_it_is_told(staging) -> None:
    user = await staging.user()
    thread = await wrote(staging, user, WORDS, LONG)
    for _ in range(3):
        body = await of(staging, user, f"/api/threads/{thread}/messages")
        assert contents(body) == [WORDS, LONG]
        assert body["total"] == 2


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        ("message-lost", [[], []]),
        ("message-truncated", [[WORDS, LONG[:1000]]] * 2),
        ("message-reencoded", [[WORDS.encode().decode("latin-1"), LONG]] * 2),
        ("message-order-lost", [[LONG, WORDS]] * 2),
        ("history-duplicates", [[WORDS, LONG, LONG]] * 2),
        ("messages-volatile", [[WORDS, LONG], []]),
    ],
)
async def test_what_comes_back(local, fault: str, wanted: list[list[str]]) -> None:
    staging = local(fault)
    user = await staging.user()
    thread = await wrote(staging, user, WORDS, LONG)
    assert [contents(await of(staging, user, f"/api/threads/{thread}/messages")) for _ in range(2)] == wanted


@pytest.mark.parametrize("fault", ["history-differs", "answer-not-kept", "answer-in-another-thread"])
async def test_an_answer_that_is_not_the_one_that_was_given(serve, fault: str) -> None:
    staging = serve("--delay-scale", "0", "--fault", fault)
    user = await staging.user()
    beside = await wrote(staging, user, "beside")
    thread = await staging.thread(user)
    async with staging.socket(user) as socket:
        given = (await socket.run("17 * 23", thread))[-1]["data"]["result"]
    kept = contents(await of(staging, user, f"/api/threads/{thread}/messages"))
    elsewhere = contents(await of(staging, user, f"/api/threads/{beside}/messages"))
    assert "391" in given and "17 * 23" in kept[0]
    assert (given in kept, len(kept), given in elsewhere) == {
        "history-differs": (False, 2, False),
        "answer-not-kept": (False, 1, False),
        "answer-in-another-thread": (False, 1, True),
    }[fault]


async def test_two_users_are_told_of_one_run(serve) -> None:
    staging = serve("--delay-scale", "0", "--fault", "two-contexts")
    first, second = await staging.user(), await staging.user()
    runs: list[set[str]] = []
    for user in (first, second, first):
        thread = await staging.thread(user)
        async with staging.socket(user) as socket:
            runs.append({frame["data"]["run_id"] for frame in await socket.run("1 + 2", thread) if "run_id" in frame["data"]})
    assert all(len(ids) == 1 for ids in runs)
    assert runs[0] == runs[1] != runs[2]


async def test_a_cache_that_is_down_ends_no_session_and_says_so(local) -> None:
    staging = local("cache-down")
    user = await staging.user()
    assert (await staging.http("auth", "POST", "/auth/logout", json={}, headers=user.headers)).status_code == 200
    assert isinstance(await of(staging, user, "/api/threads"), list)
    checks = (await of(staging, user, "/api/health"))["checks"]
    assert {name: entry["connected"] for name, entry in checks.items()} == {"postgresql": True, "redis": False, "clickhouse": True}


async def test_threads_that_do_not_stay_as_their_owner_made_them(local) -> None:
    for fault, title, listed in (("thread-update-lost", "first title", False), ("archived-still-listed", "another", True)):
        staging = local(fault)
        user = await staging.user()
        thread = await staging.thread(user, "first title")
        await staging.http("backend", "PUT", f"/api/threads/{thread}", json={"title": "another"}, headers=user.headers)
        assert (await of(staging, user, f"/api/threads/{thread}"))["title"] == title
        await staging.http("backend", "DELETE", f"/api/threads/{thread}", headers=user.headers)
        assert (thread in str(await of(staging, user, "/api/threads"))) == listed


async def test_readiness_is_slow_and_nothing_else(serve) -> None:
    staging = serve("--fault", "readiness-slow")
    assert (await staging.http("backend", "GET", "/health")).status_code == 200
    with pytest.raises(httpx.ReadTimeout):
        async with httpx.AsyncClient(base_url=staging.urls["backend"], timeout=1.0) as client:
            await client.get("/health/ready")
    assert SLOW_S > 10, "longer than a deployment waits"


async def stream(staging: Any, user: Any, within: float = 10.0) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    body = {"message": "Our budget is 100 USD. " * 10 + "What is 17 * 23?"}
    try:
        async with (
            asyncio.timeout(within),
            httpx.AsyncClient(base_url=staging.urls["backend"], timeout=None) as client,
            client.stream("POST", "/api/chat/stream", json=body, headers=user.headers) as answer,
        ):
            assert answer.headers["content-type"].startswith("text/event-stream")
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    events.append(json.loads(line[6:]))
    except TimeoutError:
        return events
    return events


async def test_the_agent_works_over_rest_as_on_the_socket(staging) -> None:
    user = await staging.user()
    answer = await staging.http("backend", "POST", "/api/agents/execute", json={"message": "17 * 23"}, headers=user.headers)
    assert "391" in answer.json()["response"]
    events = await stream(staging, user)
    assert [event["type"] for event in (events[0], events[-1])] == ["start", "complete"]
    assert "".join(event["content"] for event in events[1:-1]) == events[-1]["content"]
    assert "391" in events[-1]["content"]
    assert (await staging.http("backend", "POST", "/api/agents/execute", json={"message": "1 + 1"})).status_code == 403


async def test_streams_that_do_not_end_well(serve) -> None:
    for fault, within, last in (("stream-ends-in-error", 10.0, "streaming_error"), ("stream-stalls", 1.5, "chunk")):
        staging = serve("--delay-scale", "0", "--fault", fault)
        assert (await stream(staging, await staging.user(), within))[-1]["type"] == last
