"""`vigil sessions`, `attach` and `stop` rest on this: which sessions there are, and which are alive."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec
import pytest

from tui_app.model import Row
from tui_app.recording import sessions
from tui_app.recording.errors import RecordingError
from tui_app.recording.writer import Writer

ROOT = Path(__file__).parents[2]
SYSTEM_TEMPORARY = tempfile.gettempdir()


@pytest.fixture(autouse=True)
def home(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (short_path / "run").mkdir()
    monkeypatch.setenv("XDG_STATE_HOME", str(short_path / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_path / "run"))
    monkeypatch.setattr(tempfile, "tempdir", str(short_path / "t"))
    (short_path / "t").mkdir()
    return short_path


def record(session: str, started: str, *rows: Row) -> Path:
    path = sessions.new_paths(session).recording
    checks = '[{"id":"a","phase":"1","suite":"1.1","title":"A","required":true}]'
    writer = Writer(path, {"session": session, "started": started, "plan": '{"target": {"name": "staging"}}', "checks": checks})
    for row in rows:
        writer.append(row)
    writer.close()
    return path


def body(**facts: object) -> str:
    return msgspec.json.encode(facts).decode()


END = Row(9, 9, "session", type="end", text=body(reason="complete"))


def test_everything_is_for_the_user_alone_and_follows_the_xdg_variables(home: Path) -> None:
    paths = sessions.new_paths("0123456789ab")
    assert paths.recording == home / "state/vigil/sessions/0123456789ab.vigil"
    assert paths.control == home / "run/vigil/0123456789ab.sock"
    for folder in (paths.recording.parent, paths.control.parent, sessions.state_dir()):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_socket_path_too_long_to_bind_moves_to_the_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(dir=SYSTEM_TEMPORARY) as short:
        monkeypatch.setattr(tempfile, "tempdir", short)
        deep = Path(short) / ("d" * 100)
        deep.mkdir()
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
        control = sessions.new_paths("0123456789ab").control
        assert control == Path(short) / f"vigil-{os.getuid()}" / "0123456789ab.sock"
        assert stat.S_IMODE(control.parent.stat().st_mode) == 0o700
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(control))


def test_a_temporary_folder_that_is_not_ours_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home / "missing"))
    (home / "elsewhere").mkdir()
    (home / "t" / f"vigil-{os.getuid()}").symlink_to(home / "elsewhere")
    with pytest.raises(RecordingError, match="not a directory of yours"):
        sessions.runtime_dir()


def test_a_claimed_session_is_alive_until_it_is_released() -> None:
    claim = sessions.claim("0123456789ab")
    who = sessions.holder("0123456789ab")
    assert who and who.pid == os.getpid() and who.control == str(claim.paths.control) and who.started > 0
    assert stat.S_IMODE(claim.paths.lock.stat().st_mode) == 0o600
    with pytest.raises(RecordingError, match=f"process {os.getpid()} has it"):
        sessions.claim("0123456789ab")
    claim.release()
    assert not sessions.alive("0123456789ab")
    sessions.claim("0123456789ab").release()


ENGINE = """
import sys
from tui_app.recording import sessions
from tui_app.recording.writer import Writer
from tui_app.model import Row
claim = sessions.claim(sys.argv[1])
writer = Writer(claim.paths.recording, {"session": sys.argv[1], "started": "2026-01-01T00:00:00Z"})
writer.append(Row(1, 1, "session", type="start"))
writer.flush()
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_killed_engine_leaves_an_interrupted_session_that_can_be_claimed() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", ENGINE, "0123456789ab"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout and process.stdout.readline() == "ready\n"
    entry = sessions.find()
    assert (entry.alive, entry.pid, entry.ended) == (True, process.pid, "")
    assert entry.control == sessions.new_paths("0123456789ab").control
    os.kill(process.pid, signal.SIGKILL)
    process.wait(30)
    entry = sessions.find("0123")
    assert (entry.alive, entry.pid, entry.control, entry.ended) == (False, 0, None, "interrupted")
    sessions.claim("0123456789ab").release()


def test_sessions_are_listed_newest_first_with_their_word_and_end() -> None:
    record("aaaaaaaaaaaa", "2026-01-01T00:00:00Z", Row(8, 8, "result", text=body(verdict="PASS")), END)
    record("bbbbbbbbbbbb", "2026-01-03T00:00:00Z", Row(1, 1, "verdict", check="a", type="FAIL"))
    record("cccccccccccc", "2026-01-02T00:00:00Z", Row(9, 9, "session", type="end", text=body(reason="stopped")))
    found = [(entry.session[0], entry.target, entry.word, entry.ended) for entry in sessions.list_sessions()]
    assert found == [("b", "staging", "FAIL", "interrupted"), ("c", "staging", "", "stopped"), ("a", "staging", "PASS", "complete")]


def test_foreign_and_broken_files_are_listed_with_their_problem_and_hide_nothing() -> None:
    good = record("aaaaaaaaaaaa", "2026-01-01T00:00:00Z", END)
    (good.parent / "text.vigil").write_text("not a database")
    (good.parent / "empty.vigil").touch()
    (good.parent / "damaged.vigil").write_bytes(good.read_bytes()[:5000])
    (good.parent / "folder.vigil").mkdir()
    (good.parent / "aaaaaaaaaaab.lock").write_text("no json")
    with sqlite3.connect(good.parent / "other.vigil") as db:
        db.execute("CREATE TABLE x (y)")
    problems = {entry.session: entry.problem for entry in sessions.list_sessions()}
    assert problems.pop("aaaaaaaaaaaa") == ""
    assert sorted(problems) == ["damaged", "empty", "folder", "other", "text"]
    assert all(problems.values())
    assert "some other program" in problems["other"]


def test_a_session_is_found_by_prefix_or_file_and_doubt_is_an_error() -> None:
    with pytest.raises(RecordingError, match="no session yet"):
        sessions.find()
    first = record("aabbbbbbbbbb", "2026-01-01T00:00:00Z", END)
    record("aacccccccccc", "2026-01-02T00:00:00Z", END)
    assert sessions.find().session == "aacccccccccc"
    assert sessions.find("AAB").session == "aabbbbbbbbbb"
    assert sessions.find(str(first)).session == "aabbbbbbbbbb"
    with pytest.raises(RecordingError, match=r"2 sessions begin with 'aa'.*aacccccccccc, aabbbbbbbbbb"):
        sessions.find("aa")
    with pytest.raises(RecordingError, match="no session begins with 'x'"):
        sessions.find("x")


def test_a_session_that_records_elsewhere_is_listed_while_it_runs_and_its_copies_are_not_alive(home: Path) -> None:
    elsewhere = home / "evidence.vigil"
    claim = sessions.claim("0123456789ab", elsewhere)
    writer = Writer(elsewhere, {"session": "0123456789ab", "started": "2026-01-01T00:00:00Z"})
    entry = sessions.find("0123")
    assert (entry.session, entry.path, entry.alive, entry.pid) == ("0123456789ab", elsewhere, True, os.getpid())
    writer.append(END)
    writer.close()
    copy = home / "0123456789ab.vigil"
    shutil.copy(elsewhere, copy)
    assert sessions.entry_of(elsewhere).alive
    assert not sessions.entry_of(copy).alive
    claim.release()
    assert sessions.list_sessions() == []
    assert sessions.find(str(elsewhere)).ended == "complete"
