"""The application on real recordings and a real engine: attach, follow, loss of the engine, and a whole rehearsal from two Enters."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from looking import settle, text_of
from recordings import header, record
from textual.pilot import Pilot

from tui_app.app import VigilApp, farewell
from tui_app.model import Row
from tui_app.recording.sessions import claim, list_sessions
from tui_app.recording.writer import Writer
from tui_app.screens.session_link import Choice, LinkError, SessionLine, SessionLink
from tui_app.screens.view import View


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    (tmp_path / "run").mkdir(mode=0o700)


async def until(pilot: Pilot[int], app: VigilApp, true: Callable[[], bool], within: float = 60.0) -> None:
    """Let beats go by until something is true."""
    async with asyncio.timeout(within):
        while not true():
            app.look_for_engine()
            app.beat()
            await pilot.pause(0.02)


def line(path: Path, alive: bool = False) -> SessionLine:
    return SessionLine("7c1e0a9b3d42", path, "2026-11-12T17:02:53Z", "staging", alive, "FAIL", "complete")


async def test_an_ended_session_opens_on_its_verdict(tmp_path: Path) -> None:
    path = tmp_path / "7c1e0a9b3d42.vigil"
    record(path, 600)
    app = VigilApp(View(), link=SessionLink(), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_session(line(path))
        await app.workers.wait_for_complete()
        await until(pilot, app, lambda: app.view.state.ended)
        await settle(pilot)
        text = text_of(app)
        assert app.current_mode == "verdict"
        assert "RECORDING" in text and "✗ FAIL" in text
        await pilot.press("4")
        await settle(pilot)
        assert "u4" in text_of(app) and "✗2/15" in text_of(app)
        await pilot.press("q")
        await pilot.pause()
    assert app.return_value == 0
    assert "isolation-frames" in farewell(app.view)


async def test_another_session_replaces_the_first_on_every_screen(tmp_path: Path) -> None:
    first, second = tmp_path / "first.vigil", tmp_path / "second.vigil"
    record(first, 600)
    record(second, 600, leak_at=None)
    app = VigilApp(View(), link=SessionLink(), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        for path, word, count in ((first, "✗ FAIL", "✗2/15"), (second, "⊘ BLOCKED", "0/15")):
            app.open_session(line(path))
            await app.workers.wait_for_complete()
            await until(pilot, app, lambda: app.view.state.ended)
            await settle(pilot)
            assert word in text_of(app)
            await pilot.press("4")
            await settle(pilot)
            assert count in text_of(app)
            await pilot.press("space", "6")
            await settle(pilot)
        assert "✗2/15" not in text_of(app)


async def test_a_growing_recording_is_followed_and_the_loss_of_its_engine_is_said() -> None:
    session = header()["session"]
    held = claim(session)
    writer = Writer(held.paths.recording, header())
    writer.append(Row(1, 1_000_000, "session", type="start", text="{}"))
    writer.flush()
    (entry,) = list_sessions()
    link = SessionLink()
    app = VigilApp(View(), link=link, beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_session(SessionLine(session, entry.path, entry.started, entry.target, True, "", "", entry=entry))
        await app.workers.wait_for_complete()
        await settle(pilot)
        assert "READ ONLY" in text_of(app), "nobody listens on its control socket, so it can only be watched"
        writer.append(Row(2, 61_000_000_000, "check", check="five-events", type="start", text="{}"))
        writer.flush()
        app.beat()
        await settle(pilot)
        assert "five-events" in text_of(app) and "01:01" in text_of(app)
        held.release()
        writer.close()
        app.look_for_engine()
        app.beat()
        await settle(pilot)
        assert f"`vigil cleanup {session}`" in text_of(app)
        app.exit(app.exit_code())
    assert f"`vigil cleanup {session}`" in farewell(app.view)


async def test_two_enters_run_a_rehearsal_to_its_verdict_and_its_exit_code() -> None:
    app = VigilApp(View(), link=SessionLink(), beat=False)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        # Two checks are enough to see the whole way; which of them pass is not the point here.
        app.plan_model.selected = {"health-services", "ws-connect"}
        await pilot.press("enter")
        await until(pilot, app, lambda: app.view.running)
        assert app.view.role == "driving"
        await until(pilot, app, lambda: app.view.state.ended)
        await pilot.press("6")
        await settle(pilot)
        text = text_of(app)
        assert text.lstrip().startswith("REHEARSAL") and "health-services" in text
        await pilot.press("q")
        await pilot.pause()
    assert app.view.reader is not None
    result = app.view.reader.result()
    assert result is not None and app.return_value == result["exit"]


def test_a_rerun_finds_its_target_in_the_recording() -> None:
    link = SessionLink()
    plan = link._plan(Choice("rehearsal", ("ws-connect",), users=2))
    document = msgspec.to_builtins(plan)
    info = link.recorded({"session": "7c1e0a9b3d42", "plan": json.dumps(document)})
    assert (info.name, info.environment, info.loopback, info.blanks) == ("rehearsal", "rehearsal", True, ())
    with pytest.raises(LinkError, match="choose one on the first screen"):
        link.recorded({"plan": "{}"})


def test_what_is_said_of_a_pasted_address_and_of_a_wrong_one() -> None:
    link = SessionLink()
    info = link.describe("https://backend.staging.example")
    assert not info.loopback and info.environment == "staging"
    assert any("https://backend.staging.example" in text for text in info.lines)
    with pytest.raises(LinkError):
        link.describe("ftp://nowhere")


async def test_a_typed_target_is_asked_whether_its_services_answer() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    link = SessionLink()
    async with server:
        there = await link.check(link.describe(f"http://127.0.0.1:{port}"))
    gone = await link.check(link.describe(f"http://127.0.0.1:{port}"))
    assert f"backend: http://127.0.0.1:{port} answers, status 200" in there.lines
    assert any(line.startswith(f"backend: http://127.0.0.1:{port} does not answer") for line in gone.lines)


def test_effects_need_consent_off_this_machine_only() -> None:
    link = SessionLink()
    remote = link.describe("https://backend.staging.example")
    assert link.unconsented(Choice(remote.key, ("token-matrix", "recovery-cut"))) == ("fault", "negative")
    assert link.unconsented(Choice("rehearsal", ("token-matrix", "recovery-cut"))) == ()


async def test_a_killed_engine_is_noticed_and_the_session_reads_as_interrupted() -> None:
    app = VigilApp(View(), link=SessionLink(), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("enter", "enter")
        await until(pilot, app, lambda: app.view.running)
        (entry,) = list_sessions()
        os.kill(entry.pid, signal.SIGKILL)
        await until(pilot, app, lambda: bool(app.view.gone))
        await settle(pilot)
        assert "the engine has gone" in text_of(app)
        await pilot.press("q")
        await pilot.pause()
    assert app.return_value == 130
