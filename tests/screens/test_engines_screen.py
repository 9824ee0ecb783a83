"""Engines on a screen: who carries which users, whether each is heard, what a loss means, and frames of another engine opened."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from looking import LARGE, SMALL, check_golden, settle, showing, text_of
from states import view_of

from tui_app.model import SECOND, Row
from tui_app.recording.fold import Fold
from tui_app.recording.reader import Reader
from tui_app.recording.shards import shard_of
from tui_app.recording.writer import Writer
from tui_app.screens.engines import engine_views, users_count
from tui_app.screens.frame import FrameScreen
from tui_app.screens.view import View

SHIFT = 2 * SECOND
SEEN = '{"type":"agent_started","data":{"run_id":"r1"}}'


def body(**facts: object) -> str:
    return msgspec.json.encode(facts).decode()


def engine(seq: int, t: int, type: str, /, **facts: object) -> Row:
    return Row(seq, t, "engine", type=type, text=body(**facts))


def frame(seq: int, t: int, text: str, user: str = "u6") -> Row:
    return Row(seq, t, "frame", user=user, conn=4, dir="in", type="agent_started", text=text, size=len(text))


def told(received: int, n: int, **more: object) -> dict[str, object]:
    return {"engine": 2, "n": n, "sums": {"rows": 2 * received, "received": received, "runs": 3}, **more}


def rows() -> list[Row]:
    """Engine 2 works and tells, engine 3 of a worker is lost, engine 4 is yet to join; a finding rests on rows of both."""
    copy = {"kind": "frame", "user": "u6", "conn": 4, "dir": "in", "type": "agent_started", "run": "r1", "text": SEEN}
    return [
        Row(1, 0, "session", type="start", text="{}"),
        engine(2, 0, "join", engine=2, where="local", users=["u6", "u7"], text="u6-u7", pid=71, shift=SHIFT),
        engine(3, 0, "join", engine=3, where="w1 at tcp://10.0.0.7:4", users=["u8", "u9"], text="u8-u9", recording="/far/3.shard"),
        engine(4, 1 * SECOND, "delta", **told(100, 4, lag_ms=3.5, usage={"cpu_s": 1.0, "rss_mb": 80.0})),
        engine(5, 2 * SECOND, "delta", **told(350, 8, usage={"cpu_s": 1.25, "rss_mb": 81.0})),
        frame(6, 2 * SECOND, "{}", "u1"),
        engine(7, 3 * SECOND, "lost", engine=3, why="nothing was heard of it for 2.5 s", users="u8-u9"),
        engine(8, 3 * SECOND, "witness", engine=2, seq=2, t=SHIFT + 20, **copy),
        engine(9, 3 * SECOND, "witness", engine=3, seq=44, t=SECOND, **copy),
        Row(10, 3 * SECOND, "finding", check="isolation-frames", flag="critical", text=body(text="u6 saw", evidence=[[1, 9], [1, 8]])),
    ]


@pytest.fixture
def view(tmp_path: Path) -> View:
    path = tmp_path / "aaaaaaaaaaa1.vigil"
    plan = body(target={"name": "rehearsal", "environment": "staging"}, users=10, engines=4)
    checks = body_list([{"id": "isolation-frames", "phase": "2", "suite": "2.3", "title": "isolation"}])
    header = {"session": "aaaaaaaaaaa1", "engine": "1", "started": "2026-11-12T17:02:53Z", "plan": plan, "checks": checks}
    record(path, header, rows())
    own = [frame(1, 10, "{}"), frame(2, 20, SEEN), frame(3, 5_000_020, '{"type":"agent_completed"}')]
    record(shard_of(path, 2), {**header, "engine": "2"}, own)
    reader = Reader(path)
    fold = Fold(reader.header)
    while fold.catch_up(reader):
        pass
    found = view_of(fold.state, "opened")
    found.reader, found.path = reader, path
    return found


def body_list(checks: list[dict[str, str]]) -> str:
    return msgspec.json.encode(checks).decode()


def record(path: Path, header: dict[str, str], rows: list[Row]) -> None:
    writer = Writer(path, header)
    for row in rows:
        writer.append(row)
    writer.close()


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_pictures_of_engines(view: View, size: tuple[int, int]) -> None:
    async with showing(view, "engines", size) as (app, pilot):
        await pilot.press("down", "down")
        await settle(pilot)
        check_golden(f"engines-{size[0]}x{size[1]}", text_of(app).replace(str(view.path.parent), "/s"))


async def test_each_engine_says_how_it_is_and_a_loss_says_what_it_means(view: View) -> None:
    async with showing(view, "engines") as (app, pilot):
        text = text_of(app)
        assert "351 frames received by all" in text, "the lead's one among them"
        two, three, four = (next(line for line in text.splitlines() if f" {number}   " in line) for number in (2, 3, 4))
        assert "u6-u7" in two and "working" in two and "350" in two and "250" in two, "250 frames came in its last second"
        assert "lost" in three and "u8-u9" in three
        assert "joining" in four
        await pilot.press("down", "down")
        await settle(pilot)
        said = " ".join(text_of(app).replace("│", " ").split())
        assert "its 2 users (u8-u9) are INCONCLUSIVE" in said
        assert "kept by worker w1 at tcp://10.0.0.7:4 at /far/3.shard" in said
        await pilot.press("up")
        await settle(pilot)
        said = " ".join(text_of(app).replace("│", " ").split())
        assert "process 71" in said and "8 messages; none missing" in said and "25 % of a core, 81 MB" in said


async def test_a_session_of_one_engine_says_how_to_have_several() -> None:
    from states import running

    async with showing(running(), "engines") as (app, _):
        assert "--engines 4" in text_of(app)


def test_a_gap_shows_and_one_engine_has_no_table(view: View) -> None:
    fold = Fold({})
    fold.apply(engine(1, 0, "join", engine=2, where="local", text="u6-u7"))
    fold.apply(engine(2, 1, "lost", engine=2, why="message 12 of it is missing", users="u6-u7"))
    assert [one.engine for one in engine_views(fold.state)] == [1, 2]
    assert engine_views(Fold({}).state) == []
    assert (users_count("u6-u10"), users_count("u6"), users_count("")) == (5, 1, 0)


async def test_evidence_of_another_engine_opens_as_its_own_frame_and_goes_along_its_socket(view: View) -> None:
    async with showing(view, "live") as (app, pilot):
        app.open_frame(8)
        await settle(pilot)
        screen = app.screen
        assert isinstance(screen, FrameScreen)
        text = text_of(app)
        assert "engine 2, row 2" in text and "ENGINE 2" in text
        assert "▒▒▒" in text and "run_id" in text, "a stranger's text is held back there too"
        await pilot.press("n")
        await settle(pilot)
        text = text_of(app)
        assert "engine 2, row 3" in text and "agent_completed" in text
        await pilot.press("n")
        await settle(pilot)
        assert "engine 2, row 3" in text_of(app)
        await pilot.press("p")
        await settle(pilot)
        assert "engine 2, row 2" in text_of(app) and "▒▒▒" in text_of(app), "its copy's number came back with it"


async def test_a_frame_that_a_worker_kept_is_told_where_it_would_be(view: View) -> None:
    async with showing(view, "live", LARGE) as (app, pilot):
        app.open_frame(9)
        await settle(pilot)
        text = text_of(app)
        assert "engine 3, row 44" in text
        assert "the copy that engine 3 sent; all else of it: kept by worker w1 at tcp://10.0.0.7:4 at /far/3.shard" in text
        await pilot.press("n")
        await settle(pilot)
        assert "kept by worker w1" in text_of(app).splitlines()[-1] or "engine 3, row 44" in text_of(app)
