"""The recordings of other engines: found beside the lead's, read by address, and what is missing is said in words."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tui_app.model import SECOND, Row
from tui_app.recording.beside import files_beside, size_of
from tui_app.recording.reader import Reader
from tui_app.recording.shards import Shards, shard_of
from tui_app.recording.witness import address, unwrapped
from tui_app.recording.writer import Writer

SHIFT = 500 * SECOND


def body(**facts: object) -> str:
    return msgspec.json.encode(facts).decode()


def written(path: Path, engine: int, rows: list[Row], *, engines: int = 3) -> Path:
    writer = Writer(path, {"session": "aaaaaaaaaaa1", "engine": str(engine), "started": "2026-11-01T10:00:00Z",
                           "plan": body(engines=engines)})  # fmt: skip
    for row in rows:
        writer.append(row)
    writer.close()
    return path


def frames(user: str, first: int, times: list[int]) -> list[Row]:
    return [Row(seq, t, "frame", user=user, conn=1, dir="in", type="message", text=f"{user} {t}") for seq, t in enumerate(times, first)]


@pytest.fixture
def lead(tmp_path: Path) -> Path:
    """Engine 2 began 500 s later by its own clock; engine 3 is a worker that kept its recording."""
    joins = [
        Row(1, 0, "engine", type="join", text=body(engine=2, where="local", text="u6", recording="/x/2", shift=SHIFT)),
        Row(2, 0, "engine", type="join", text=body(engine=3, where="w1 at tcp://10.0.0.7:1", text="u7", recording="/far/3.shard", shift=0)),
    ]
    path = written(tmp_path / "aaaaaaaaaaa1.vigil", 1, [*joins, *frames("u1", 3, [SHIFT + 10, SHIFT + 20, SHIFT + 30])])
    written(shard_of(path, 2), 2, frames("u6", 1, [5, 20, 25, 40]))
    return path


def test_a_row_is_read_by_its_address_and_its_engines_clock_is_known(lead: Path) -> None:
    with Reader(lead) as reader:
        shards = Shards(reader)
        own = shards.reader(2)
        assert own is not None and (row := own.row(3)) is not None and row.t + shards.shift(2) == SHIFT + 25
        assert [engine for engine, _ in shards.here()] == [1, 2], "engine 3 is a worker that kept its recording"
        shards.close()


def test_what_a_worker_kept_is_said_with_where_it_is(lead: Path) -> None:
    with Reader(lead) as reader:
        shards = Shards(reader)
        assert shards.engines() == [1, 2, 3]
        assert shards.reader(3) is None
        assert shards.why_not(3) == "kept by worker w1 at tcp://10.0.0.7:1 at /far/3.shard"
        assert shards.missing() == {3: shards.why_not(3)}
        assert shards.why_not(2) == "" and shards.why_not(4) == "there is no engine 4 in this session"
        shards.close()
        shard_of(lead, 2).unlink()
        assert Shards(reader).why_not(2) == "the shard of engine 2 is not beside this recording: aaaaaaaaaaa1.2.shard"


def test_another_recording_under_the_name_of_a_shard_is_not_taken_for_it(lead: Path) -> None:
    written(shard_of(lead, 3), 9, frames("u9", 1, [1]))
    with Reader(lead) as reader:
        shards = Shards(reader)
        assert shards.reader(3) is None and "cannot be read" in shards.why_not(3)


def test_shards_belong_to_their_session(lead: Path) -> None:
    other = written(lead.with_name("aaaaaaaaaaa1-b.2.shard"), 2, [])
    shard = shard_of(lead, 2)
    assert shard in files_beside(lead) and other not in files_beside(lead)
    assert size_of(lead) >= lead.stat().st_size + shard.stat().st_size


def test_a_copy_of_another_engines_row_is_read_as_that_row() -> None:
    copy = body(engine=2, seq=812, t=77, kind="frame", user="u6", conn=3, dir="in", type="agent_started", run="r1", text='{"a":1}')
    row = Row(40, 99, "engine", type="witness", text=copy)
    assert address(row) == (2, 812)
    shown = unwrapped(row)
    assert (shown.seq, shown.t, shown.kind, shown.user, shown.conn, shown.text) == (40, 77, "frame", "u6", 3, '{"a":1}')
    plain = Row(41, 99, "frame", type="witness")
    assert unwrapped(plain) is plain and address(plain) == (1, 41)
