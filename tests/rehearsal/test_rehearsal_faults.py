"""Each seeded fault does what it says, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import jwt
import pytest

from tui_app import rehearsal
from tui_app.model import CRITICAL_EVENTS
from tui_app.rehearsal import list_faults
from tui_app.rehearsal.faults import FAULTS
from tui_app.rehearsal.faults.places import PLACES


def test_the_registry_is_complete() -> None:
    for fault in list_faults():
        assert set(fault) == {"id", "behaviour", "caught_by", "probabilistic"}
        assert fault["caught_by"] and fault["behaviour"].endswith(".") and isinstance(fault["probabilistic"], bool)
    for known in FAULTS.values():
        assert known.source and set(known.listeners()) <= set(PLACES), known.id


def test_every_place_is_passed_and_every_passed_place_is_listed() -> None:
    package = Path(str(rehearsal.__file__)).parent
    passing = re.compile(r"faults\.apply\(\s*\"([a-z._-]+)\"")
    passed = {place for file in package.rglob("*.py") for place in passing.findall(file.read_text("utf-8"))}
    assert passed == set(PLACES)


async def expired(staging):
    user = await staging.user(lifetime_s=1)
    await user.outlived()
    return user


async def accepts_expired(staging) -> tuple[bool, bool]:
    """Whether an expired token is accepted on REST, and on the WebSocket."""
    user = await expired(staging)
    rest = (await staging.http("backend", "GET", "/api/threads", headers=user.headers)).status_code == 200
    async with staging.raw(additional_headers=user.headers) as websocket:
        return rest, "connection_established" in str(await websocket.recv())


async def two_users_three_runs(staging):
    """Frames of the asking user's three runs, and what the other, silent user received meanwhile."""
    asking, silent = await staging.user(), await staging.user()
    thread = await staging.thread(asking)
    async with staging.socket(asking) as socket, staging.socket(silent) as other:
        runs = [await socket.run(f"{number} * 7", thread) for number in range(3)]
        await other.send("ping", id="end")
        heard = await other.until("pong")
    return asking, runs, heard[:-1]


@pytest.mark.parametrize("fault", ["", "drop-tool-completed", "misroute-event", "accept-expired"])
async def test_a_fault_shows_in_its_own_place_only(serve, fault: str) -> None:
    staging = serve("--delay-scale", "0", *(["--fault", fault] if fault else []))
    asking, runs, heard = await two_users_three_runs(staging)
    for frames in runs:
        names = [frame["type"] for frame in frames if frame["type"] in CRITICAL_EVENTS]
        missing = set(CRITICAL_EVENTS) - set(names)
        assert missing == ({"tool_completed"} if fault == "drop-tool-completed" else set())
    if fault == "misroute-event":
        assert [(frame["type"], frame["data"]["user_id"]) for frame in heard] == [("tool_completed", asking.sub)]
        assert heard[0]["data"]["run_id"] == runs[2][0]["data"]["run_id"]
    else:
        assert heard == []
    assert await accepts_expired(staging) == ((True, True) if fault == "accept-expired" else (False, False))


async def test_an_expired_token_is_all_that_is_let_through(serve) -> None:
    staging = serve("--fault", "accept-expired")
    user = await staging.user()
    claims = {**jwt.decode(user.access, options={"verify_signature": False}), "exp": 1}
    forged = {"Authorization": "Bearer " + jwt.encode(claims, "some other key that is long enough", algorithm="HS256")}
    assert (await staging.http("backend", "GET", "/api/threads", headers=forged)).status_code == 401
    assert (await staging.http("backend", "GET", "/api/threads", headers={"Authorization": f"Bearer {user.refresh}"})).status_code == 401


async def test_a_misrouted_event_waits_for_somebody_to_receive_it(serve) -> None:
    staging = serve("--delay-scale", "0", "--fault", "misroute-event")
    alone, late = await staging.user(), await staging.user()
    thread = await staging.thread(alone)
    async with staging.socket(alone) as socket:
        for number in range(3):
            await socket.run(f"{number} + 1", thread)
        async with staging.socket(late) as other:
            run = (await socket.run("4 + 1", thread))[-1]["data"]["run_id"]
            assert (await other.until("tool_completed"))[-1]["data"]["run_id"] == run


async def test_faults_can_be_combined(serve) -> None:
    staging = serve("--delay-scale", "0", "--fault", "drop-tool-completed,accept-expired")
    _, runs, _ = await two_users_three_runs(staging)
    assert all("tool_completed" not in [frame["type"] for frame in frames] for frames in runs)
    assert await accepts_expired(staging) == (True, True)
