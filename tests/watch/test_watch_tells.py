"""Whom a watch tells, over a real connection; and the larger sessions that it begins only where it is asked to."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
import trustme

from tests.bench.watch_hour import Stage
from tests.engine.conftest import Home
from tui_app.recording.reader import Reader
from tui_app.recording.sessions import list_sessions
from tui_app.target.profile import Profile
from tui_app.target.tables import WatchTable
from tui_app.watch.hooks import Alert, send
from tui_app.watch.model import Poll, Watched
from tui_app.watch.running import Asked, Running
from tui_app.watch.sessions import refused, steady

ALERT = Alert("staging", "backend", "up", "down", 'tcp: "refused"; $(id)', 1.0)
SERVICES = ("backend", "auth", "frontend")


@asynccontextmanager
async def receiver(answer: bytes) -> AsyncIterator[tuple[WatchTable, ssl.SSLContext, list[bytes]]]:
    """A webhook's server with a certificate of its own authority: the table that names it, whom to trust, what it was sent."""
    authority, context, trust, got = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(), list[bytes]()
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(trust)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.lower().splitlines() if line.startswith(b"content-length"))
        got.append(head + await reader.readexactly(length))
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        yield WatchTable(webhook=f"https://127.0.0.1:{port}/hook", webhook_hosts=["127.0.0.1"]), trust, got


async def test_a_webhook_is_sent_the_facts_once_and_what_it_answers_is_heeded() -> None:
    async with receiver(b"HTTP/1.1 204 No Content\r\n\r\n") as (table, trust, got):
        assert await send(table, ALERT, trust) == []
        head, _, body = got[0].partition(b"\r\n\r\n")
        assert head.startswith(b"POST /hook ") and b"uthorization" not in head and b"ookie" not in head
        facts = {"target": "staging", "subject": "backend", "before": "up", "now": "down", "why": ALERT.why, "at": 1.0}
        assert (len(got), json.loads(body)) == (1, facts)
        (untrusted,) = await send(table, ALERT)
        assert "certificate" in untrusted.lower() and len(got) == 1, "nothing is told to whom nobody vouches for"
    async with receiver(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n") as (table, trust, _):
        assert await send(table, ALERT, trust) == ["webhook answered 500"]
    async with receiver(b"HTTP/1.1 302 Go\r\nLocation: https://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n") as (table, trust, got):
        assert await send(table, ALERT, trust) == ["webhook answered 302"] and len(got) == 1, "it is not followed"
    gone = WatchTable(webhook="https://127.0.0.1:1/hook", webhook_hosts=["127.0.0.1"])
    assert (await send(gone, ALERT))[0].startswith("webhook: ")


def fed(*words: str, every_s: float = 10.0) -> Watched:
    watched = Watched()
    for number, word in enumerate(words):
        for name in SERVICES:
            watched.feed(Poll(number * every_s, name, word if name == "auth" else "up"))  # type: ignore[arg-type]
    return watched


def test_steady_is_so_many_polls_in_a_row_of_every_service_and_lately() -> None:
    assert steady(fed("down", "up", "up", "up"), 3, 10.0, 31.0)
    assert not steady(fed("down", "up", "up"), 3, 10.0, 21.0), "one poll short"
    assert not steady(fed("up", "up", "up", "degraded"), 3, 10.0, 31.0)
    assert not steady(fed("up", "up", "up", "up"), 3, 10.0, 300.0), "nobody has looked for long"
    assert not steady(Watched(), 1, 10.0, 0.0)


def test_a_watch_loads_no_target_off_this_machine_without_consent() -> None:
    target = {"name": "s", "environment": "staging", "backend": "https://s.example", "auth": "https://s.example"}
    today = datetime.now(UTC)
    assert "nobody has agreed" in refused(Profile.model_validate({"target": target}), today)
    few = {"load_users": 10, "granted": today.date().isoformat()}
    assert "50 are needed" in refused(Profile.model_validate({"target": target, "consent": few}), today)
    assert refused(Profile.model_validate({"target": target, "consent": {**few, "load_users": 50}}), today) == ""


@pytest.fixture
def here(short_path, monkeypatch: pytest.MonkeyPatch) -> Home:  # type: ignore[no-untyped-def]
    home = Home(short_path)
    for name in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, home.env[name])
    return home


async def test_after_a_recovery_one_run_goes_first_and_nothing_larger_follows_one_that_fails(here: Home) -> None:
    stage = Stage()
    await stage.play("")
    await stage.stop()  # its addresses stay the same from here on
    urls = {name: f"http://127.0.0.1:{stage.ports[name]}" for name in SERVICES}
    profile = Profile.model_validate({"target": {"name": "again", "environment": "rehearsal", **urls}})
    said: asyncio.Queue[str] = asyncio.Queue()
    running = Running(profile, Asked("again", every_s=1.0, runs_per_day=0, revalidate_after=2), said.put_nowait)
    going = asyncio.create_task(running.go())

    async def told(*words: str) -> str:
        while True:
            line = await said.get()
            if all(word in line for word in words):
                return line

    async with asyncio.timeout(100):
        await told("transition", "frontend", "-> down")
        await stage.play("")
        await told("transition", "frontend", "-> up")
        await stage.stop()
        await told("transition", "backend", "up -> down")
        await stage.play("drop-tool-completed")
        await told("REVALIDATION begins with one run of one user: 2 polls")
        await told("REVALIDATION stops at its first run")
        last = await told("REVALIDATION", "golden-path FAIL", "; session ")
    running.over.set()
    await going
    await stage.stop()
    (only,) = list_sessions()
    assert only.session in last
    with Reader(only.path) as reader:
        plan = json.loads(reader.header["plan"])
    assert plan["users"] == 1 and plan["selected"] == ["golden-path"]
    assert running.watched.timelines["revalidation"].last is not None and time.time() > running.watched.timelines["revalidation"].since
