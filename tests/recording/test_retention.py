"""Old sessions go by count and size, oldest first, with all beside them; what somebody keeps, runs or has yet to tidy never does."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from tui_app.model import Row
from tui_app.recording import sessions
from tui_app.recording.beside import PIN, files_beside
from tui_app.recording.errors import RecordingError
from tui_app.recording.reader import Reader
from tui_app.recording.retention import Judged, Limits, bytes_of, count_of, keep_within, pin, prune, remove, size_text
from tui_app.recording.sharing import list_here
from tui_app.recording.writer import Writer

NAMES = ("aaaaaaaaaaa1", "bbbbbbbbbbb2", "ccccccccccc3", "ddddddddddd4")
"""Oldest first."""


@pytest.fixture(autouse=True)
def home(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (short_path / "run").mkdir()
    (short_path / "t").mkdir()
    monkeypatch.setenv("XDG_STATE_HOME", str(short_path / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_path / "run"))
    monkeypatch.setattr(tempfile, "tempdir", str(short_path / "t"))
    monkeypatch.delenv("VIGIL_KEEP_SESSIONS", raising=False)
    monkeypatch.delenv("VIGIL_KEEP_SIZE", raising=False)
    return short_path


def body(**facts: object) -> str:
    return msgspec.json.encode(facts).decode()


END = Row(90, 9_500_000_000, "session", type="end", text=body(reason="complete"))


def record(session: str, day: int, *rows: Row, parent: str = "", environment: str = "staging", path: Path | None = None) -> Path:
    path = path or sessions.new_paths(session).recording
    plan = body(target={"name": "ours", "environment": environment})
    header = {"session": session, "started": f"2026-11-{day:02d}T10:00:00Z", "plan": plan, "checks": "[]", "parent": parent}
    writer = Writer(path, header)
    for row in rows or (END,):
        writer.append(row)
    writer.close()
    return path


@pytest.fixture
def four() -> list[Path]:
    return [record(name, day) for day, name in enumerate(NAMES, 1)]


def gone(judged: Sequence[Judged]) -> list[str]:
    return [one.entry.session for one in judged if one.goes]


def left() -> list[str]:
    return [entry.session for entry in sessions.list_sessions()]


def entry(session: str) -> sessions.SessionEntry:
    return sessions.find(session)


def test_a_session_is_listed_with_its_build_time_parent_and_size() -> None:
    target = Row(1, 1, "target", type="identified", text=body(build="v2.3.1"))
    path = record(NAMES[0], 1, target, END, parent="eeeeeeeeeee5")
    (path.with_name(f"{NAMES[0]}-reports")).mkdir()
    (path.with_name(f"{NAMES[0]}-reports") / "report.md").write_bytes(b"x" * 70_000)
    found = entry(NAMES[0])
    assert (found.build, found.seconds, found.parent) == ("v2.3.1", 9.5, "eeeeeeeeeee5")
    assert found.size == path.stat().st_size + 70_000


def test_the_newest_stay_and_the_others_go(four: list[Path]) -> None:
    assert gone(prune(Limits(keep=2), dry=True)) == [NAMES[1], NAMES[0]] and len(left()) == 4, "asked what would go, nothing goes"
    assert gone(prune(Limits(keep=2))) == [NAMES[1], NAMES[0]]
    assert left() == [NAMES[3], NAMES[2]]


def test_by_size_the_newest_that_fit_stay_and_no_older_one_slips_in(four: list[Path]) -> None:
    big = four[2].with_name(f"{NAMES[2]}-reports")
    big.mkdir()
    (big / "report.html").write_bytes(b"x" * 900_000)
    assert gone(prune(Limits(size=four[3].stat().st_size + 500_000))) == [NAMES[2], NAMES[1], NAMES[0]]
    assert left() == [NAMES[3]] and not big.exists()


def test_everything_beside_a_recording_goes_with_it_and_nothing_of_another(four: list[Path], home: Path) -> None:
    first, second = four[0], four[1]
    for path in (first, second):
        for end in ("-wal", "-shm"):
            path.with_name(path.name + end).touch()
        path.with_suffix(".lock").touch()
        path.with_name(f"{path.stem}-reports").mkdir()
        (home / "run/vigil").mkdir(mode=0o700, exist_ok=True)
        (home / f"run/vigil/{path.stem}.sock").touch()
        (home / f"state/vigil/rehearsal/{path.stem}/stores").mkdir(parents=True)
    remove(entry(NAMES[0]))
    assert not [path for path in home.rglob("*") if NAMES[0] in path.name]
    assert len([path for path in home.rglob("*") if NAMES[1] in path.name]) == 7


def test_a_shared_recording_goes_from_where_it_is(home: Path) -> None:
    folder = home / "shared" / NAMES[0]
    folder.mkdir(parents=True)
    path = record(NAMES[0], 1, path=folder / f"{NAMES[0]}.vigil")
    usual = sessions.new_paths(NAMES[0]).recording
    list_here(path, usual)
    (folder / f"{NAMES[0]}.lock").touch()
    assert gone(prune(Limits(keep=0))) == [NAMES[0]]
    assert not folder.exists() and not usual.is_symlink() and folder.parent.exists()


def test_what_is_pinned_stays_and_takes_no_place_until_it_is_let_go(four: list[Path]) -> None:
    assert pin(entry(NAMES[0]), "me@here", kept=True) and not pin(entry(NAMES[0]), "me@here", kept=True)
    assert entry(NAMES[0]).pinned
    judged = prune(Limits(keep=1))
    assert gone(judged) == [NAMES[2], NAMES[1]] and judged[-1].why == "pinned"
    assert left() == [NAMES[3], NAMES[0]]
    assert pin(entry(NAMES[0]), "me@here", kept=False)
    assert gone(prune(Limits(keep=1))) == [NAMES[0]]


def test_a_pin_that_comes_after_the_list_was_made_still_holds(four: list[Path]) -> None:
    listed = entry(NAMES[0])
    with Reader(four[0]) as reader:
        reader.annotate(PIN, "kept")
    with pytest.raises(RecordingError, match="pinned meanwhile"):
        remove(listed)
    assert four[0].exists()


def test_what_runs_and_what_it_reruns_stay(four: list[Path]) -> None:
    record("eeeeeeeeeee5", 5, Row(1, 1, "session", type="begin"), parent=NAMES[0])
    held = sessions.claim("eeeeeeeeeee5")
    try:
        judged = {one.entry.session: one for one in prune(Limits(keep=0, size=0))}
        assert judged["eeeeeeeeeee5"].why == "running" and judged[NAMES[0]].why == "being rerun"
        assert left() == ["eeeeeeeeeee5", NAMES[0]]
        with pytest.raises(RecordingError, match="running already"):
            remove(entry("eeeeeeeeeee5"))
    finally:
        held.release()
    assert gone(prune(Limits(keep=0))) == ["eeeeeeeeeee5", NAMES[0]]


def test_what_an_interrupted_session_left_on_a_target_stays_known() -> None:
    made = Row(1, 1, "created", type="made", text=body(thing="thread", id="t1", owner="u1"))
    path = record(NAMES[0], 1, made)
    record(NAMES[1], 2, made, environment="rehearsal")
    judged = prune(Limits(keep=0))
    assert gone(judged) == [NAMES[1]], "the rehearsal's own stores go with its session"
    assert judged[1].why == f"interrupted and not tidied: vigil cleanup {NAMES[0]}"
    with Reader(path) as reader:
        reader.annotate("cleanup", "thread t1 archived")
    assert gone(prune(Limits(keep=0))) == [NAMES[0]]


def test_a_file_that_cannot_be_read_is_left_alone(home: Path) -> None:
    path = sessions.new_paths(NAMES[0]).recording
    path.write_text("no recording")
    (judged,) = prune(Limits(keep=0))
    assert not judged.goes and "cannot be read" in judged.why and path.exists()


def test_limits_of_the_host_hold_and_those_that_cannot_be_read_delete_nothing(four: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    assert keep_within() == "" and len(left()) == 4
    monkeypatch.setenv("VIGIL_KEEP_SESSIONS", "3")
    monkeypatch.setenv("VIGIL_KEEP_SIZE", "plenty")
    assert "'plenty' is no size" in keep_within() and len(left()) == 4
    monkeypatch.setenv("VIGIL_KEEP_SIZE", "1GB")
    assert keep_within().startswith("1 old session deleted, ") and left() == [NAMES[3], NAMES[2], NAMES[1]]


def test_sizes_are_read_as_people_write_them() -> None:
    assert [bytes_of(text) for text in ("2GB", "500 MB", "1.5gib", "1024")] == [2 * 10**9, 500 * 10**6, 3 * 2**29, 1024]
    assert [size_text(size) for size in (0, 999, 640_000, 2_400_000, 250_000_000, 1_100_000_000)] == [
        "0 B", "999 B", "640 KB", "2.4 MB", "250 MB", "1.1 GB",
    ]  # fmt: skip
    for wrong in ("", "GB", "2 parsecs", "-1MB", "1e9"):
        with pytest.raises(ValueError, match="is no size"):
            bytes_of(wrong)
    with pytest.raises(ValueError, match="is no number"):
        count_of("-3")


def test_a_recording_that_is_gone_has_no_files(home: Path) -> None:
    assert files_beside(home / "none.vigil") == []
