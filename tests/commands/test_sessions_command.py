"""`vigil sessions` tells of each session what one chooses by, in text and JSON; pins, and prunes to a limit that is given."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import msgspec
import pytest

from tui_app.cli import dispatch, parser
from tui_app.commands.sessions import lines_of
from tui_app.model import Row
from tui_app.recording import sessions
from tui_app.recording.writer import Writer

OLD, NEW = "aaaaaaaaaaa1", "bbbbbbbbbbb2"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "run").mkdir()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("VIGIL_KEEP_SESSIONS", raising=False)
    monkeypatch.delenv("VIGIL_KEEP_SIZE", raising=False)
    for session, day, parent in ((OLD, 1, ""), (NEW, 2, OLD)):
        plan = msgspec.json.encode({"target": {"name": "staging\x1b[2J", "environment": "staging"}}).decode()
        header = {"session": session, "started": f"2026-11-0{day}T10:00:00Z", "plan": plan, "checks": "[]", "parent": parent}
        writer = Writer(sessions.new_paths(session).recording, header)
        writer.append(Row(1, 1, "target", type="identified", text='{"build": "v2.3.1"}'))
        writer.append(Row(2, 130_000_000_000, "session", type="end", text='{"reason": "complete"}'))
        writer.close()
    return tmp_path


def vigil(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    code = dispatch(parser().parse_args(["sessions", *args]))
    said = capsys.readouterr()
    return code, said.out, said.err


def test_each_session_is_a_line_with_what_one_chooses_by(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = vigil(capsys)
    head, newest, oldest, total = out.splitlines()
    assert code == 0 and head.split()[:2] == ["session", "verdict"]
    assert newest.startswith(NEW) and "2026-11-02 10:00" in newest and "2:10" in newest and "KB" in newest
    assert newest.endswith(f"staging�[2J v2.3.1, rerun of {OLD}") or "v2.3.1, rerun of" in newest
    assert "\x1b" not in out and "rerun" not in oldest
    assert total.startswith("2 sessions, ") and "all are kept" in total


def test_on_eighty_cells_nothing_is_cut_and_nothing_wraps() -> None:
    entry = sessions.SessionEntry(
        NEW, Path("x"), "2026-11-02T10:00:00Z", "staging-of-the-north", True, word="INCONCLUSIVE", build="rehearsal-0.1.0-g2",
        seconds=7_384, parent=OLD, size=1_100_000_000, pinned=True,
    )  # fmt: skip
    lines = lines_of(entry, 80)
    assert max(map(len, lines)) <= 80 and len(lines) == 3
    told = " ".join(" ".join(lines).split())
    for part in ("2:03:04", "1.1 GB", "staging-of-the-north rehearsal-0.1.0-g2", "so far, running", "pinned", f"rerun of {OLD}"):
        assert part in told
    assert len(lines_of(entry, 0)) == 1


def test_json_has_the_same_facts(capsys: pytest.CaptureFixture[str]) -> None:
    vigil(capsys, "pin", "bbb")
    newest, oldest = json.loads(vigil(capsys, "--json")[1])
    assert (newest["session"], newest["parent"], newest["build"], newest["seconds"], newest["pinned"]) == (NEW, OLD, "v2.3.1", 130.0, True)
    assert newest["size"] > 10_000 and not oldest["pinned"]


def test_pinned_sessions_are_pruned_only_once_they_are_let_go(capsys: pytest.CaptureFixture[str]) -> None:
    assert "is pinned" in vigil(capsys, "pin", "aaa")[1] and "as it was" in vigil(capsys, "pin", "aaa")[1]
    planned = vigil(capsys, "prune", "--keep", "0", "--dry-run")[1]
    assert f"would go  {NEW}" in planned and f"stays     {OLD}" in planned and len(sessions.list_sessions()) == 2
    code, out, _ = vigil(capsys, "prune", "--keep", "0")
    assert code == 0 and f"deleted   {NEW}" in out and [one.session for one in sessions.list_sessions()] == [OLD]
    vigil(capsys, "unpin", "aaa")
    (document,) = json.loads(vigil(capsys, "prune", "--max-size", "1KB", "--json")[1])
    assert document["session"] == OLD and document["deleted"] and not sessions.list_sessions()


def test_without_a_limit_nothing_is_pruned(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, err = vigil(capsys, "prune")
    assert code == 2 and "--keep N" in err and len(sessions.list_sessions()) == 2
    monkeypatch.setenv("VIGIL_KEEP_SESSIONS", "1")
    assert vigil(capsys, "prune")[0] == 0 and [one.session for one in sessions.list_sessions()] == [NEW]


@pytest.mark.parametrize("wrong", [("--keep", "-1"), ("--max-size", "banana")])
def test_a_limit_that_cannot_be_read_is_refused(wrong: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["sessions", "prune", *wrong])
    assert wrong[1] in capsys.readouterr().err or wrong[1] == "-1"
