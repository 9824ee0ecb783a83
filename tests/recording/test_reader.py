"""What every screen relies on: any part of a recording of any length, at once, while it is written and after."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tui_app.model import SECOND, Row
from tui_app.recording import schema
from tui_app.recording.errors import RecordingError
from tui_app.recording.opening import journal_is_wal
from tui_app.recording.reader import Count, Reader
from tui_app.recording.writer import Writer

ROOT = Path(__file__).parents[2]
Record = Callable[..., Path]


class Of:
    """A condition by hand: what the query language compiles to."""

    def __init__(self, sql: str, *params: object, state_only: bool = False) -> None:
        self.sql = sql
        self.params = params
        self.state_only = state_only


def frame(seq: int, user: str = "u1") -> Row:
    return Row(seq, seq * 1_000_000, "frame", user=user, dir="in", type="pong", text="{}")


def seqs(rows: list[Row]) -> list[int]:
    return [row.seq for row in rows]


def test_a_window_is_anchored_on_a_row_and_ends_where_the_recording_does(record: Record) -> None:
    with Reader(record(map(frame, range(1, 101)))) as reader:
        assert seqs(reader.window(50, 3, 4)) == [47, 48, 49, 50, 51, 52, 53]
        assert seqs(reader.window(2, 5, 2)) == [1, 2, 3]
        assert seqs(reader.window(99, 1, 50)) == [98, 99, 100]
        assert seqs(reader.window(reader.head() + 1, 3, 0)) == [98, 99, 100]
        assert seqs(reader.window(500, 2, 2)) == [99, 100]
        assert seqs(reader.window(-5, 2, 2)) == [1, 2]
        window = reader.window(50, 200, 200)
        assert (len(window), window.more_before, window.more_after) == (100, False, False)


def test_an_empty_recording_has_empty_answers(record: Record) -> None:
    with Reader(record([])) as reader:
        assert (reader.head(), reader.row(1), reader.window(1, 5, 5), reader.state_rows(0, 10)) == (0, None, [], [])
        assert (reader.count(), reader.at_fraction(0.5), reader.rate(1), reader.at_time(0)) == (Count(0, 0, False), 0, 0.0, 0)
        assert reader.window(1, 5, 5, Of("user = ?", "u1")) == []
        assert (reader.result(), reader.finished(), reader.first(), reader.last()) == (None, False, None, None)


def test_a_filtered_window_gives_matches_on_both_sides_of_any_anchor(record: Record) -> None:
    path = record(frame(seq, user=f"u{seq % 10}") for seq in range(1, 20_001))
    with Reader(path) as reader:
        query = Of("user = ?", "u3")
        assert seqs(reader.window(10_000, 2, 2, query, budget=60)) == [9983, 9993, 10003, 10013]
        assert seqs(reader.window(10_003, 1, 1, query, budget=60)) == [9993, 10003]
        first, last = reader.first(query), reader.last(query)
        assert first and last and (first.seq, last.seq) == (3, 19_993)
        assert reader.last(query, until=5) == first
        assert reader.first(query, since=3) == reader.row(13)


def test_a_long_filtered_window_has_every_match_once_in_both_directions(record: Record) -> None:
    with Reader(record(map(frame, range(1, 20_001)))) as reader:
        query = Of("user = ?", "u1")
        assert seqs(reader.window(1, 0, 30_000, query, budget=60)) == list(range(1, 20_001))
        assert seqs(reader.window(20_001, 30_000, 0, query, budget=60)) == list(range(1, 20_001))


def test_a_search_that_runs_out_of_time_says_where_to_go_on_and_then_finds_all(record: Record) -> None:
    path = record(frame(seq, user="rare" if seq in (5, 29_990) else "u1") for seq in range(1, 30_001))
    with Reader(path) as reader:
        query = Of("user = ?", "rare")
        window = reader.window(12_000, 5, 5, query, budget=0)
        assert window == [] and window.more_before and window.more_after
        found: set[int] = set()
        calls = 0
        low, high = window.low, window.high
        while window.more_before or window.more_after:
            window = reader.window(low, 5, 0, query, budget=0)
            found |= set(seqs(window))
            low = window.low
            more_before = window.more_before
            window = reader.window(high + 1, 0, 5, query, budget=0)
            found |= set(seqs(window))
            high = window.high
            window.more_before = more_before
            calls += 1
            assert calls < 100
        assert found == {5, 29_990}
        assert (low, high) == (1, 30_000)


def test_counting_goes_on_where_it_stopped_and_adds_what_is_new(path: Path) -> None:
    writer = Writer(path, {})
    for seq in range(1, 20_001):
        writer.append(frame(seq, user=f"u{seq % 4}"))
    assert writer.flush(within=60)
    with Reader(path) as reader:
        query = Of("user = ?", "u1")
        count = reader.count(query, budget=0)
        assert count.at_least and 0 < count.n < 5000
        while count.at_least:
            count = reader.count(query, resume=count, budget=0)
        assert count == Count(5000, 20_000, False)
        assert reader.count().n == 20_000
        writer.append(frame(20_001, user="u1"))
        assert writer.flush(within=60)
        assert reader.count(query, resume=count) == Count(5001, 20_001, False)
        assert reader.count(resume=Count(20_000, 20_000, False)).n == 20_001
    writer.close()


def test_jumping_by_share_and_by_time(record: Record) -> None:
    with Reader(record(map(frame, [*range(1, 50), *range(60, 102)]))) as reader:
        assert [reader.at_fraction(share) for share in (-1, 0, 0.5, 1, 7)] == [1, 1, 60, 101, 101]
        assert [reader.at_time(t * 1_000_000) for t in (0, 1, 49, 50, 101, 102)] == [1, 1, 49, 60, 101, 0]


def test_state_rows_come_by_the_partial_index_and_bulk_is_left_out(record: Record) -> None:
    rows = [frame(seq) if seq % 100 else Row(seq, seq, "sample", type="ping", ms=1.0) for seq in range(1, 5001)]
    with Reader(record(rows)) as reader:
        assert seqs(reader.state_rows(150, 3)) == [200, 300, 400]
        assert seqs(reader.state_rows(4900, 100)) == [5000]
        assert seqs(list(reader.rows(kinds={"sample"}, batch=7))) == list(range(100, 5001, 100))
        assert len(list(reader.rows(kinds={"frame"}, batch=500))) == 4950
        assert seqs(list(reader.rows(since=4998))) == [4999, 5000]


def test_for_judges_only_what_a_judge_said_comes_without_its_text(record: Record) -> None:
    kinds = ("frame", "verdict", "step", "sample", "run", "engine", "cell")
    rows = [Row(seq, seq * 7, kinds[seq % 7], check="c", user="u1", run=f"r{seq}", text=f'{{"n":{seq}}}') for seq in range(1, 100)]
    with Reader(record(rows)) as reader:
        said = {"verdict", "sample", "run", "cell"}
        assert list(reader.acting(batch=9)) == [msgspec.structs.replace(row, text="") if row.kind in said else row for row in rows]


def test_the_conditions_of_the_schema_are_what_the_index_is_made_of(record: Record) -> None:
    with contextlib.closing(sqlite3.connect(record([]))) as db:
        sql = f"EXPLAIN QUERY PLAN SELECT * FROM rows INDEXED BY rows_state WHERE {schema.STATE} AND seq > 5 ORDER BY seq LIMIT 10"
        plan = [line[3] for line in db.execute(sql)]
    assert plan == ["SEARCH rows USING INDEX rows_state (seq>?)"]


def test_rows_iterates_in_memory_that_does_not_grow(record: Record) -> None:
    import tracemalloc

    with Reader(record(Row(seq, seq, "frame", text=f"{seq:020}" * 100) for seq in range(1, 20_001))) as reader:
        tracemalloc.start()
        total = sum(len(row.text) for row in reader.rows())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert total == 40_000_000
    assert peak < 8_000_000


def test_a_viewer_follows_the_head_while_it_is_written(path: Path) -> None:
    writer = Writer(path, {})
    with Reader(path) as reader:
        seen: list[int] = []
        for start in range(1, 2001, 100):
            for seq in range(start, start + 100):
                writer.append(frame(seq))
            assert writer.flush(within=30)
            seen += seqs(list(reader.rows(since=seen[-1] if seen else 0)))
        assert seen == list(range(1, 2001))
    writer.close()


def test_an_attached_viewer_lets_the_engine_end_with_one_file(path: Path) -> None:
    writer = Writer(path, {})
    reader = Reader(path)
    writer.append(Row(1, 1, "result", text='{"verdict":"PASS"}'))
    writer.append(Row(2, 2, "session", type="end", text='{"reason":"complete"}'))
    assert writer.flush(within=30)
    assert seqs(reader.state_rows(0, 10)) == [1, 2]
    writer.close()
    assert not journal_is_wal(path)
    assert reader.head() == 2
    assert reader.result() == {"verdict": "PASS"} and reader.finished()
    reader.close()
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_one_look_within_another_keeps_its_connection_while_the_engine_ends(path: Path) -> None:
    writer = Writer(path, {})
    writer.append(Row(1, 1, "frame", dir="in", type="agent_started", run="r1", text="{}"))
    writer.append(Row(2, 2, "session", type="end", text='{"reason":"complete"}'))
    assert writer.flush(within=30)
    with Reader(path) as reader:
        assert reader.finished() and journal_is_wal(path), "the engine still holds the file"
        assert reader.runs_named(1, 2) == {"r1": 1}
        assert reader.head() == 2
    writer.close()


def test_a_viewer_that_looked_away_leaves_one_file_when_it_closes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_app.recording.writer.SETTLE_S", 0.0)
    writer = Writer(path, {})
    writer.append(Row(1, 2, "session", type="end"))
    reader = Reader(path)
    writer.close()
    assert writer.error is None and journal_is_wal(path)
    assert reader.finished()
    reader.close()
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert not journal_is_wal(path)


def test_the_end_is_known_once_it_is_written(path: Path) -> None:
    writer = Writer(path, {})
    with Reader(path) as reader:
        writer.append(frame(1))
        assert writer.flush(within=30)
        assert not reader.finished() and reader.result() is None
        writer.append(Row(2, 2, "result", text='{"verdict":"FAIL"}'))
        writer.append(Row(3, 3, "session", type="end"))
        assert writer.flush(within=30)
        assert reader.finished() and reader.result() == {"verdict": "FAIL"}
    writer.close()


def test_remarks_are_kept_beside_the_rows_while_the_engine_writes_and_after(path: Path) -> None:
    writer = Writer(path, {})
    with Reader(path) as reader:
        writer.append(frame(1))
        note = reader.annotate("note", "looks odd", 1, who="someone@jump")
        writer.append(frame(2))
        assert writer.flush(within=30) and writer.error is None
        assert reader.annotations() == [note]
    writer.close()
    with Reader(path) as reader:
        mark = reader.annotate("mark", "here")
        assert reader.annotations() == [note, mark]
        assert (mark.id, mark.seq, mark.at[-1]) == (2, None, "Z")


def test_the_rate_counts_frames_of_the_last_seconds(record: Record) -> None:
    rows = [Row(seq, seq * SECOND // 100, "frame", dir="in" if seq % 2 else "out") for seq in range(1, 1001)]
    with Reader(record(rows)) as reader:
        assert reader.rate(2) == pytest.approx(50, abs=1)
        assert reader.rate(2, dir="out") == pytest.approx(50, abs=1)


def test_the_rate_of_very_many_frames_is_taken_from_a_sample(record: Record) -> None:
    rows = [Row(seq, seq * SECOND // 20_000, "frame", dir="in") for seq in range(1, 40_001)]
    with Reader(record(rows)) as reader:
        assert reader.rate(1) == pytest.approx(20_000, rel=0.01)


AS_NOBODY = """
import os, sys
from pathlib import Path
from tui_app.recording.errors import RecordingError
from tui_app.recording.reader import Reader
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    print(Reader(Path(sys.argv[1])).head())
except RecordingError as error:
    print(error)
"""


def read_only(tmp_path: Path, *files: Path) -> tuple[str, list[str]]:
    """What a reader without any right to write says of copies of these files, and the names that are then there."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    copies = [Path(shutil.copy(file, folder)) for file in files]
    for copy in copies:
        copy.chmod(0o444)
    for parent in (tmp_path, *tmp_path.parents):
        if parent != Path(tempfile.gettempdir()) and parent.is_relative_to(tempfile.gettempdir()):
            parent.chmod(0o755)
    folder.chmod(0o555)
    run = subprocess.run([sys.executable, "-c", AS_NOBODY, str(copies[0])], capture_output=True, text=True, cwd=ROOT, check=True)
    folder.chmod(0o755)
    return run.stdout, sorted(file.name for file in folder.iterdir())


@pytest.mark.parametrize("journal", ["one file", "wal"])
def test_a_recording_in_a_folder_that_may_only_be_read_opens(record: Record, tmp_path: Path, journal: str) -> None:
    path = record(map(frame, range(1, 11)))
    if journal == "wal":
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert read_only(tmp_path, path) == ("10\n", [path.name])


def test_where_the_last_rows_cannot_be_read_without_writing_nothing_is_left_out_silently(path: Path, tmp_path: Path) -> None:
    writer = Writer(path, {})
    writer.append(frame(1))
    assert writer.flush(within=30)
    said, names = read_only(tmp_path, path, path.with_name(path.name + "-wal"))
    writer.close()
    assert "cannot open" in said and "to a folder that you can write to" in said
    assert names == [path.name, path.name + "-wal"]


def test_what_is_no_recording_is_refused_with_what_and_why(tmp_path: Path, record: Record) -> None:
    with pytest.raises(RecordingError, match="there is no recording"):
        Reader(tmp_path / "missing.vigil")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(RecordingError, match=r"not a recording\. it is no SQLite file"):
        Reader(tmp_path / "text")
    with pytest.raises(RecordingError, match="cannot open"):
        Reader(tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / "other")) as db:
        db.execute("CREATE TABLE rows (x)")
    with pytest.raises(RecordingError, match="some other program's database"):
        Reader(tmp_path / "other")
    path = record([])
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(RecordingError, match=r"version 99.*update Vigil") as caught:
        Reader(path)
    assert (caught.value.what, caught.value.todo) == (f"{path} is too new", "update Vigil")


def test_one_reader_serves_several_threads(record: Record) -> None:
    errors: list[BaseException] = []
    with Reader(record(map(frame, range(1, 5001)))) as reader:

        def look() -> None:
            try:
                for anchor in range(100, 4000, 100):
                    assert seqs(reader.window(anchor, 1, 1)) == [anchor - 1, anchor]
            except BaseException as error:  # noqa: BLE001 - shown below, in the test's own thread
                errors.append(error)

        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert errors == []


def test_opening_leaves_a_killed_recording_as_it_is(path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from tui_app.model import Row; from tui_app.recording.writer import Writer\n"
        "writer = Writer(Path(sys.argv[1]), {}); writer.append(Row(1, 1, 'clock')); writer.flush(); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, check=False)
    before = path.read_bytes()
    with Reader(path) as reader:
        assert reader.head() == 1
    assert path.read_bytes() == before
    assert path.with_name(path.name + "-wal").stat().st_size > 0
