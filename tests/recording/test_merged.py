"""Several engines' recordings read as one: every row once, by the lead's clock, from any place, live and after; and what is missing."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from tui_app.model import SECOND, Row
from tui_app.recording import merged as under_test
from tui_app.recording import reader as reader_under_test
from tui_app.recording.merged import Merged
from tui_app.recording.query import parse
from tui_app.recording.reader import Condition, Reader, Window
from tui_app.recording.shards import Shards, shard_of
from tui_app.recording.upto import ReaderUpTo
from tui_app.recording.writer import Writer

SHIFT = {1: 0, 2: 3 * SECOND, 3: -2 * SECOND}
"""By how much each engine's clock is behind the lead's."""
STEP = 250_000_000


def body(**facts: object) -> str:
    return msgspec.json.encode(facts).decode()


class Session:
    """Three engines that write and tell, as the engines do; times within a recording are not quite in order, as in life."""

    def __init__(self, folder: Path, engines: int = 3) -> None:
        self.path = folder / "aaaaaaaaaaa1.vigil"
        self.random = random.Random(4)
        self.seqs = dict.fromkeys(range(1, engines + 1), 0)
        self.told: list[tuple[int, int, int]] = []  # (t of the lead, engine, seq) of every row
        header = {"session": "aaaaaaaaaaa1", "started": "2026-11-01T10:00:00Z", "plan": body(engines=engines)}
        self.writers = {one: Writer(self.at(one), {**header, "engine": str(one)}) for one in self.seqs}
        self.t = 4 * SECOND
        for one in list(self.seqs)[1:]:
            self.engine("join", engine=one, where="local", text=f"u{one}", shift=SHIFT[one])
        self.flush()

    def at(self, engine: int) -> Path:
        return self.path if engine == 1 else shard_of(self.path, engine)

    def add(self, engine: int, kind: str, t: int, **fields: object) -> None:
        self.seqs[engine] += 1
        self.told.append((t, engine, self.seqs[engine]))
        self.writers[engine].append(Row(self.seqs[engine], t - SHIFT[engine], kind, **fields))  # type: ignore[arg-type]

    def engine(self, type: str, **facts: object) -> None:
        self.add(1, "engine", self.t, type=type, text=body(**facts))

    def frames(self, engine: int, count: int) -> None:
        """Frames of the last quarter of a second; an arrival may be noted up to 20 ms after a later one."""
        for place in range(count):
            t = self.t - STEP + STEP * place // count - self.random.randrange(20_000_000) * (place % 3 == 0)
            self.add(engine, "frame", t, user=f"u{engine}", conn=1, dir="in", type="message", text=f"u{engine} {t}")

    def tell(self, *engines: int) -> None:
        for one in engines:
            self.engine("delta", engine=one, n=1, sums={"rows": self.seqs[one]})

    def round(self, *counts: int) -> None:
        """A quarter of a second: so many frames of each engine, then each other engine tells."""
        self.t += STEP
        for engine, count in enumerate(counts, 1):
            self.frames(engine, count)
        self.tell(*range(2, len(counts) + 1))

    def flush(self) -> None:
        for writer in self.writers.values():
            assert writer.flush()

    def close(self) -> None:
        for writer in self.writers.values():
            writer.close()


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    made = Session(tmp_path)
    yield made
    made.close()


@pytest.fixture
def read(request: pytest.FixtureRequest) -> Callable[[Reader], Merged]:
    """All recordings as one, looked at to their end."""

    def merged(lead: Reader) -> Merged:
        shards = Shards(lead)
        request.addfinalizer(shards.close)
        request.addfinalizer(lead.close)
        found = Merged(lead, shards, shards.here())
        found.look()
        return found

    return merged


@pytest.fixture
def living(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Whether an engine writes the session now."""
    state = SimpleNamespace(now=True)
    monkeypatch.setattr(under_test, "alive", lambda session, path: state.now)
    return state


def addresses(merged: Merged, rows: list[Row]) -> list[tuple[int, int]]:
    return [merged.address(row.seq) for row in rows]


def pages(merged: Merged, size: int, query: Condition, budget: float = 0.05) -> Iterator[tuple[int, Window]]:
    """Windows of so many rows from the first row to the newest, each with the number that it was asked from."""
    at = 1
    while at <= merged.head():
        page = merged.window(at, 0, size, query, budget=budget)
        yield at, page
        at = page.high + 1


def ended(session: Session) -> None:
    for _ in range(12):
        session.round(9, 31, 4)
    session.flush()


def test_every_row_has_one_number_each_recording_keeps_its_order_and_time_goes_on(
    session: Session, read: Callable[[Reader], Merged]
) -> None:
    ended(session)
    merged = read(Reader(session.path))
    rows = list(merged.rows())
    assert [row.seq for row in rows] == list(range(1, merged.head() + 1))
    assert merged.head() == sum(session.seqs.values()) == len(session.told)
    found = addresses(merged, rows)
    times = {(engine, seq): t for t, engine, seq in session.told}
    assert [times[one] for one in found] == [row.t for row in rows], "by the lead's clock"
    for engine, last in session.seqs.items():
        assert [seq for whose, seq in found if whose == engine] == list(range(1, last + 1))
    assert [merged.number(*one) for one in found] == [row.seq for row in rows]
    newest, late = 0, []
    for row in rows:
        newest = max(newest, row.t)
        late.append(newest - row.t)
    assert max(late) <= 30_000_000, "out of order by no more than the recordings themselves are"
    users = [row.user for row in rows if row.user]
    assert sum(one != other for one, other in itertools.pairwise(users)) > 200, "interleaved, not one engine after another"


@pytest.mark.parametrize("text", ["", "user:u2", "user:u3 or kind:engine"])
def test_windows_from_anywhere_join_without_gap_or_repetition(session: Session, read: Callable[[Reader], Merged], text: str) -> None:
    ended(session)
    merged = read(Reader(session.path))
    query = parse(text)
    wanted = [row.seq for row in merged.rows() if query.match(row)]
    forth: list[int] = []
    for at, page in pages(merged, 7, query):
        assert [row.seq for row in page] == [one for one in wanted if at <= one <= page.high]
        forth += [row.seq for row in page]
    assert forth == wanted
    back: list[int] = []
    at = merged.head() + 1
    while at > 1:
        page = merged.window(at, 7, 0, query)
        assert [row.seq for row in page] == [one for one in wanted if page.low <= one < at]
        back[:0] = [row.seq for row in page]
        at = page.low if page else 1
    assert back == wanted
    middle = merged.head() // 2
    assert [row.seq for row in merged.window(middle, 5, 5, query)] == [
        *[one for one in wanted if one < middle][-5:],
        *[one for one in wanted if one >= middle][:5],
    ]
    assert [row.seq for row in merged.between(100, 180, query)] == [one for one in wanted if 100 <= one <= 180]
    assert merged.count(query).n == len(wanted)


def test_a_search_that_runs_out_of_time_in_one_recording_leaves_nothing_out(
    session: Session, read: Callable[[Reader], Merged], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(session)
    merged = read(Reader(session.path))
    query = parse('user:u3 or (user:u2 "00")')
    wanted = [row.seq for row in merged.rows() if query.match(row)]
    monkeypatch.setattr(reader_under_test, "CHUNK", 8)
    forth: list[int] = []
    for _, page in pages(merged, 30, query, budget=0):
        assert page.more_after or len(page) == 30 or page.high == merged.head()
        forth += [row.seq for row in page]
    assert forth == wanted
    back: list[int] = []
    at = merged.head() + 1
    while at > 1:
        page = merged.window(at, 30, 0, query, budget=0)
        back[:0] = [row.seq for row in page]
        assert page.more_before or len(page) == 30 or page.low == 1
        at = page.low
    assert back == wanted


def test_a_living_session_reaches_as_far_as_all_have_told_and_nothing_moves(
    session: Session, read: Callable[[Reader], Merged], living: SimpleNamespace
) -> None:
    session.round(5, 5, 5)
    session.flush()
    merged = read(Reader(session.path))
    before = addresses(merged, list(merged.rows()))
    assert merged.number(2, 5) and merged.number(3, 5)
    session.t += STEP
    session.frames(1, 5)
    session.frames(3, 5)
    session.tell(3)
    session.flush()
    merged.look()
    assert merged.head() == len(before), "engine 2 has not told yet: what it has may belong before all of these"
    session.frames(2, 5)
    session.tell(2)
    session.flush()
    merged.look()
    after = addresses(merged, list(merged.rows()))
    assert after[: len(before)] == before and {(1, 12), (2, 10), (3, 10)} <= set(after)
    session.t += STEP
    session.engine("lost", engine=2, why="nothing was heard of it")
    session.frames(1, 5)
    session.frames(3, 5)
    session.tell(3)
    session.flush()
    merged.look()
    assert merged.number(3, 15), "who is lost is waited for no more"
    session.frames(1, 2)
    session.flush()
    living.now = False
    merged.look()
    assert merged.head() == sum(session.seqs.values()), "once nobody writes, all is shown"


def test_rows_that_were_told_of_and_are_not_written_yet_are_waited_for(
    session: Session, read: Callable[[Reader], Merged], living: SimpleNamespace
) -> None:
    session.seqs[2] += 3  # told, but still with the writer
    session.t += STEP
    session.tell(2, 3)
    session.flush()
    merged = read(Reader(session.path))
    before = merged.head()
    session.seqs[2] -= 3
    session.frames(2, 3)
    session.flush()
    merged.look()
    assert merged.number(2, 3) and merged.head() > before
    assert merged.address(merged.head())[0] != 2 or merged.head() == merged.number(2, 3)


def test_a_replay_ends_where_the_leads_row_is(session: Session, read: Callable[[Reader], Merged]) -> None:
    ended(session)
    whole = Reader(session.path)
    lead = ReaderUpTo(session.path)
    shards = Shards(whole)
    merged = Merged(lead, shards, shards.here())
    lead.move(40)
    merged.look()
    assert merged.head() == merged.number(1, 40)
    t = max(row.t for row in merged.rows())
    assert merged.number(2, 30) and all(row.t <= t for row in merged.window(merged.head() + 1, 50, 50))
    assert merged.row(merged.head() + 1) is None
    lead.move(lead.whole_head())
    assert merged.head() == sum(session.seqs.values())
    for one in (shards, whole, lead):
        one.close()


def test_a_shard_that_is_damaged_leaves_the_others_and_is_named(session: Session, read: Callable[[Reader], Merged]) -> None:
    ended(session)
    session.close()
    shard = shard_of(session.path, 2)
    content = bytearray(shard.read_bytes())
    size = int.from_bytes(content[16:18], "big")
    content[3 * size :] = b"\xff" * (len(content) - 3 * size)
    shard.write_bytes(content)
    merged = read(Reader(session.path))
    rows = list(merged.rows())
    assert {merged.address(row.seq)[0] for row in rows if row.user in ("u1", "u3")} == {1, 3}
    assert len([row for row in rows if row.user == "u3"]) == session.seqs[3]
    assert "cannot read all of" in merged.broken[2] and set(merged.broken) == {2}
