"""Events of a session of several engines: one stream over all recordings, live and replayed, every row opened as its own."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from looking import events_of
from states import view_of

from tui_app.app import VigilApp
from tui_app.commands.replay import run
from tui_app.model import SECOND, Row
from tui_app.recording import merged
from tui_app.recording.fold import Fold
from tui_app.recording.reader import Reader
from tui_app.recording.shards import shard_of
from tui_app.recording.upto import ReaderUpTo
from tui_app.recording.writer import Writer
from tui_app.screens import together
from tui_app.screens.events import EventsScreen
from tui_app.screens.frame import FrameScreen
from tui_app.screens.view import View

STARTED = "2026-11-12T17:02:53Z"
SHIFT = 2 * SECOND
"""Engine 2 began so much later than the lead."""
REQUEST, RUN = "_vigil_r1", "7f00aaaa"


def body(**facts: object) -> str:
    return msgspec.json.encode(facts).decode()


class Session:
    """A lead with u1, engine 2 with u6 and u7, engine 3 of a worker that kept its recording."""

    def __init__(self, folder: Path, environment: str = "rehearsal") -> None:
        self.path = folder / "aaaaaaaaaaa1.vigil"
        plan = body(target={"name": environment, "environment": environment}, users=10, engines=3)
        checks = msgspec.json.encode([{"id": "isolation-frames", "phase": "2", "suite": "2.3", "title": "isolation"}]).decode()
        header = {"session": "aaaaaaaaaaa1", "started": STARTED, "plan": plan, "checks": checks}
        self.lead = Writer(self.path, {**header, "engine": "1"})
        self.other = Writer(shard_of(self.path, 2), {**header, "engine": "2"})
        self.seqs = {1: 0, 2: 0}
        self.readers: list[Reader] = []
        self.add(1, 0, "session", type="start", text="{}")
        self.engine(2 * SECOND, "join", engine=2, where="local", users=["u6", "u7"], text="u6-u7", shift=SHIFT)
        self.engine(2 * SECOND, "join", engine=3, where="w1 at tcp://10.0.0.7:4", text="u8", recording="/far/3.shard", shift=0)
        self.add(2, SHIFT, "session", type="start", text="{}")

    def add(self, engine: int, t: int, kind: str, **fields: object) -> int:
        self.seqs[engine] += 1
        row = Row(self.seqs[engine], t - (SHIFT if engine == 2 else 0), kind, **fields)  # type: ignore[arg-type]
        (self.lead if engine == 1 else self.other).append(row)
        return row.seq

    def engine(self, t: int, type: str, /, **facts: object) -> int:
        return self.add(1, t, "engine", type=type, text=body(**facts))

    def frame(self, engine: int, t: int, user: str, name: str, **more: object) -> int:
        text = body(type=name, said=f"{name} of {user}")
        return self.add(engine, t, "frame", user=user, conn=1, dir="in", type=name, text=text, **more)

    def tell(self, t: int) -> None:
        self.engine(t, "delta", engine=2, n=1, sums={"rows": self.seqs[2]})
        assert self.lead.flush() and self.other.flush()

    def talk(self) -> None:
        """u1 and u6 in turns, a run of u7, and a finding about a frame of u6 that the lead has a copy of."""
        for part in range(6):
            t = 3 * SECOND + part * 100_000_000
            self.frame(1, t, "u1", f"lead_{part}")
            self.frame(2, t + 50_000_000, "u6", f"other_{part}")
        self.frame(1, 4 * SECOND - 10, "u1", "last")
        ask = body(step=1, intent="agent-run", request=REQUEST, prompt="what do we spend")
        self.add(2, 4 * SECOND, "step", user="u7", type="begin", text=ask)
        self.frame(2, 4 * SECOND + 10, "u7", "agent_started", run=RUN)
        self.add(2, 4 * SECOND + 10, "run", user="u7", run=RUN, text=body(request=REQUEST, state="running", lamps="s...."))
        self.frame(2, 4 * SECOND + 20, "u7", "agent_completed", run=RUN)
        self.add(2, 4 * SECOND + 20, "run", user="u7", run=RUN, ms=10.0, text=body(request=REQUEST, state="ok", lamps="sssss"))
        copy = {"kind": "frame", "user": "u6", "conn": 1, "dir": "in", "type": "other_2", "run": "", "text": "{}"}
        witness = self.engine(4 * SECOND, "witness", engine=2, seq=4, t=3 * SECOND + 250_000_000, **copy)
        said = body(text="u6 saw what is u1's", evidence=[[1, witness]])
        self.add(1, 4 * SECOND + 30, "finding", check="isolation-frames", flag="critical", text=said)
        self.tell(5 * SECOND)

    def close(self) -> None:
        for reader in self.readers:
            reader.close()  # a writer that finds a reader waits for it
        self.lead.close()
        self.other.close()

    def view(self, role: str = "opened") -> View:
        reader = ReaderUpTo(self.path) if role == "replay" else Reader(self.path)
        if isinstance(reader, ReaderUpTo):
            reader.move(reader.whole_head())
        self.readers.append(reader)
        fold = Fold(reader.header)
        while fold.catch_up(reader):
            pass
        view = view_of(fold.state, role)
        view.reader, view.path, view.fold = reader, self.path, fold
        return view


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    made = Session(tmp_path)
    made.talk()
    yield made
    made.close()


def lines(screen: EventsScreen) -> str:
    return "\n".join(screen.stream.render_line(y).text for y in range(1, screen.stream.size.height))


def whole(app: VigilApp) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


def named(screen: EventsScreen) -> list[str]:
    return [row.type for row in screen.stream.view.visible() if row.type.startswith(("lead_", "other_"))]


async def test_frames_of_all_engines_stand_in_one_order_and_open_as_their_own(session: Session) -> None:
    app = VigilApp(session.view(), beat=False)
    async with app.run_test(size=(80, 30)) as pilot:
        screen = await events_of(app, pilot)
        assert named(screen) == [f"{who}_{part}" for part in range(6) for who in ("lead", "other")]
        assert "engine 2: the session begins" in lines(screen), "what an engine says of itself is told apart from the lead's"
        assert "rows, 0 frames in" not in lines(screen), "the sums of engines would hide what happened"
        assert "without the rows of engine 3: kept by worker w1 at tcp://10.0.0.7:4" in whole(app)
        screen.look("type:other_2")
        await pilot.pause()
        await pilot.pause()
        assert named(screen) == ["other_2"] and "engine 2, row 4 at 00:03.250" in whole(app)
        await pilot.press("enter")
        frame = app.screen
        assert isinstance(frame, FrameScreen) and frame.elsewhere is not None and frame.elsewhere.own is not None
        app.beat()
        await pilot.pause()
        assert "engine 2, row 4" in whole(app) and "other_2 of u6" in whole(app) and "cited by 1" in whole(app)
        await pilot.press("n")
        assert frame.elsewhere.seq == 5, "along its own socket"


async def test_a_finding_leads_to_the_row_itself_not_to_its_copy(session: Session) -> None:
    view = session.view()
    app = VigilApp(view, beat=False)
    async with app.run_test(size=(160, 45)) as pilot:
        screen = await events_of(app, pilot)
        evidence = view.state.checks["isolation-frames"].findings[0].evidence[0][1]
        app.open_events("", evidence)
        await pilot.pause()
        assert screen.together.address(screen.stream.cursor) == (2, 4)
        assert screen.stream.cursor in screen.stream.marked
        assert "other_2 of u6" in whole(app), "the pane beside shows it"
        assert screen.marked_row in range(1, session.seqs[1] + 1), "a mark is left in the lead's recording"
        row = screen.evidence_rows()[0]
        assert isinstance(row, Row) and row.user == "u6", "the log query is about it"


async def test_a_run_of_another_engine_is_one_line_and_can_be_unfolded_and_pinned(session: Session) -> None:
    app = VigilApp(session.view(), beat=False)
    async with app.run_test(size=(80, 30)) as pilot:
        screen = await events_of(app, pilot)
        line = next(row for row in screen.stream.view.visible() if row.lamps)
        assert (line.user, line.word, line.lamps) == ("u7", "ok", "sssss")
        assert "agent_completed" not in lines(screen)
        screen.stream.go_to(line.seq)
        await pilot.press("right")
        assert "agent_started" in lines(screen) and "agent_completed" in lines(screen)
        await pilot.press("U")
        assert {row.user for row in screen.stream.view.visible()} == {"u7"} and "agent_completed" in lines(screen)


async def test_it_follows_all_engines_while_they_write_and_says_who_was_lost(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merged, "alive", lambda session, path: True)
    monkeypatch.setattr(together, "LATE_S", 0.2)
    view = session.view("driving")
    app = VigilApp(view, beat=False)

    def beat() -> None:
        assert view.fold is not None and view.reader is not None
        while view.fold.catch_up(view.reader):
            pass
        app.beat()

    async with app.run_test(size=(80, 30)) as pilot:
        screen = await events_of(app, pilot)
        session.frame(1, 6 * SECOND, "u1", "lead_new")
        session.frame(2, 6 * SECOND - 1, "u6", "other_new")
        assert session.lead.flush()
        beat()
        await pilot.pause()
        assert "lead_new" not in lines(screen), "what engine 2 has of that time would come before it"
        assert "the newest 1.0 s wait until every engine has told of its own" in whole(app)
        session.tell(6 * SECOND + 1)
        beat()
        assert named(screen)[-2:] == ["other_new", "lead_new"] and screen.stream.view.follow
        session.engine(7 * SECOND, "lost", engine=2, why="it ended before its time", users="u6-u7")
        session.frame(1, 8 * SECOND, "u1", "lead_alone")
        assert session.lead.flush()
        beat()
        await pilot.pause()
        assert named(screen)[-1] == "lead_alone"
        assert "engine 2 lost at 00:06 (it ended before its time): its rows end there" in " ".join(whole(app).split())


async def test_a_replay_has_the_other_engines_up_to_the_moment_shown(session: Session) -> None:
    session.close()
    view = session.view("replay")
    assert isinstance(view.reader, ReaderUpTo)
    view.reader.move(next(row.seq for row in view.reader.rows() if row.type == "lead_3"))
    app = VigilApp(view, beat=False)
    async with app.run_test(size=(80, 30)) as pilot:
        screen = await events_of(app, pilot)
        assert named(screen) == ["lead_0", "other_0", "lead_1", "other_1", "lead_2", "other_2", "lead_3"]


async def test_what_may_be_a_strangers_is_held_back_in_the_shard_too(tmp_path: Path) -> None:
    session = Session(tmp_path, "staging")
    session.talk()
    session.close()
    app = VigilApp(session.view(), beat=False)
    async with app.run_test(size=(80, 30)) as pilot:
        screen = await events_of(app, pilot)
        held = {row.type: "held back" in row.text for row in screen.stream.view.visible() if row.type.startswith("other_")}
        assert held == {f"other_{part}": part == 2 for part in range(6)}


async def test_a_shard_alone_says_whose_part_it_is_on_every_screen_and_in_plain_lines(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    session.close()
    shard = shard_of(session.path, 2)
    assert run(Namespace(file=str(shard), speed=None, plain=True)) == 0
    told = capsys.readouterr().out.splitlines()
    said = "this is the part of engine 2 alone, not the session: the verdict is in the lead's recording, aaaaaaaaaaa1.vigil"
    assert told[1] == told[-1] == said, "before all else, and under the table of verdicts"
    session.path = shard
    app = VigilApp(session.view("replay"), beat=False)
    async with app.run_test(size=(80, 30)) as pilot:
        screen = await events_of(app, pilot)
        assert "ENGINE 2 ALONE" in whole(app) and "row 1 " in screen.together.name(1) + " "
        app.go("engines")
        await pilot.pause()
        app.beat()
        await pilot.pause()
        assert said in " ".join(whole(app).split()) and "lead, here" not in whole(app)
