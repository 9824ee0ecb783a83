"""Why a verdict reads as it does: from the word down to the frame that convicts, and out again as plain text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from recordings import Script, header, record
from states import failed

from tui_app.app import VigilApp
from tui_app.model import Row
from tui_app.recording import sessions
from tui_app.recording.fold import Fold
from tui_app.recording.reader import Reader
from tui_app.recording.state import FindingView
from tui_app.recording.writer import Writer
from tui_app.screens.events import EventsScreen
from tui_app.screens.frame import FrameScreen
from tui_app.screens.view import View
from tui_app.screens.why import WhyScreen, cell_subject
from tui_app.screens.why_facts import convicting, why
from widgets.evidence import Evidence, EvidenceView, Witness, evidence_text, fact_lines, head_lines, witness_lines
from widgets.lines import line_text, line_width


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording with a leak of u3's tool result to u4."""
    path = tmp_path_factory.mktemp("why") / "session.vigil"
    record(path, 3_000)
    return path


def view_on(path: Path) -> View:
    reader = Reader(path)
    fold = Fold(reader.header)
    while fold.catch_up(reader, 5000):
        pass
    view = View(state=fold.state, reader=reader, fold=fold, path=path)
    view.role = "opened"
    return view


def whole(app: VigilApp) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


async def test_a_key_copies_a_query_of_the_targets_own_logs(recording: Path, tmp_path: Path) -> None:
    view = view_on(recording)
    assert view.reader is not None
    plan = json.loads(view.reader.header.get("plan") or "{}")
    template = 'trace="{trace}" OR run="{run}" FROM {from} TO {to}'
    app = VigilApp(view, beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_why("isolation-frames")
        await pilot.pause()
        row = view.reader.row(guilty(view))
        assert row is not None and " UTC" in whole(app) and "Server side" in whole(app)
        await pilot.press("Y")
        await app.workers.wait_for_complete()
        assert f"run {row.run}" in app.clipboard and "2026-" in app.clipboard
        view.reader.header["plan"] = json.dumps(plan | {"profile": {"logs": {"query": template}}})
        app.open_frame(row.seq)
        await pilot.pause()
        await pilot.press("Y")
        await app.workers.wait_for_complete()
        assert app.clipboard.startswith(f'trace="not-known" OR run="{row.run}" FROM 2026-')


def guilty(view: View) -> int:
    return view.state.checks["isolation-frames"].findings[0].evidence[-1][1]


async def test_a_failure_opens_down_to_the_guilty_frame(recording: Path) -> None:
    view = view_on(recording)
    app = VigilApp(view, beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_why("isolation-frames")
        await pilot.pause()
        text = whole(app)
        assert "✗ FAIL" in text and "Customers can see each other's tool results: 2 of 310 probes" in text
        assert "To decide    a new build shows 0 leaks in 299 probes" in text
        marked = next(line for line in text.splitlines() if "◀" in line)
        assert str(guilty(view)) in marked.partition("│")[2], "the guilty frame stands in its observer's column"
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, FrameScreen) and app.screen.seq == guilty(view)
        await pilot.press("left")
        await pilot.pause()
        assert "isolation-frames" in whole(app) and "critical: u4 got" in whole(app), "the frame says who cites it"
        await pilot.press("escape")
        assert isinstance(app.screen, WhyScreen)


async def test_the_cursor_goes_over_the_witnesses_in_order(recording: Path) -> None:
    app = VigilApp(view_on(recording), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_why("isolation-frames")
        await pilot.pause()
        page = app.screen.query_one(EvidenceView)
        numbers = [item for item in page.items if isinstance(item, int)]
        assert numbers == sorted(numbers) and len(numbers) >= 3
        await pilot.press("home", "enter")
        await pilot.pause()
        assert isinstance(app.screen, FrameScreen) and app.screen.seq == numbers[0]


async def test_a_pass_shows_what_was_asserted_and_the_frames_behind_it(recording: Path) -> None:
    app = VigilApp(view_on(recording), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_why("five-events")
        await pilot.pause()
        text = whole(app)
        assert "✓ PASS" in text and "every one of 24 runs" in text and "Asserted" in text
        assert "agent_completed" in text and "◀" not in text


async def test_what_is_blocked_says_what_would_unblock_it(recording: Path) -> None:
    app = VigilApp(view_on(recording), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_why("persistence-readback")
        await pilot.pause()
        assert "⊘ BLOCKED" in whole(app) and "To unblock   set [tiers] redis" in whole(app)


async def test_a_criterion_lists_its_checks_and_opens_them(recording: Path) -> None:
    app = VigilApp(view_on(recording), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_why("T4")
        await pilot.pause()
        assert "No cross-contamination" in whole(app) and "✗ isolation-frames" in whole(app)
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, WhyScreen) and app.screen.subject == "isolation-frames"


async def test_cells_say_leak_clean_or_not_measured_and_never_confuse_them(recording: Path) -> None:
    view = view_on(recording)
    app = VigilApp(view, beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_why(cell_subject("u3", "u4"))
        await pilot.pause()
        assert "u4 saw what belongs to u3: 2 of 15 probes" in whole(app) and "◀" in whole(app)
        app.open_why(cell_subject("u1", "u2"))
        await pilot.pause()
        assert "✓ PASS" in whole(app) and "u2 saw nothing of u1's in 15 probes" in whole(app)
        del view.state.cells[("u2", "u1")]
        app.open_why(cell_subject("u2", "u1"))
        await pilot.pause()
        assert "PASS" not in whole(app).splitlines()[2] and "Not measured yet" in whole(app)


async def test_the_timeline_shows_the_users_concerned_at_the_frame(recording: Path) -> None:
    view = view_on(recording)
    app = VigilApp(view, beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_why("isolation-frames")
        await pilot.pause()
        await pilot.press("t")
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, EventsScreen)
        await pilot.pause()
        assert screen.text == "user:u3 or user:u4" and screen.stream.cursor == guilty(view)


async def test_the_copied_text_stands_on_its_own(recording: Path) -> None:
    view = view_on(recording)
    app = VigilApp(view, beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_why("isolation-frames")
        await pilot.pause()
        text = app.screen.summary()  # type: ignore[attr-defined]
        for part in ("7c1e0a9b3d42", "staging", "FAIL  isolation-frames", "2 of 310 probes", "To decide: a new build", f"{guilty(view)} "):
            assert part in text
        assert "<- this one" in text


async def test_what_is_not_there_is_said(recording: Path) -> None:
    app = VigilApp(view_on(recording), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_why("no-such-check")
        await pilot.pause()
        assert "no evidence on no-such-check" in whole(app)
        await pilot.press("up", "enter", "escape")


async def test_evidence_on_rows_that_do_not_exist_and_hostile_words_do_no_harm(tmp_path: Path) -> None:
    bad = "\x1b]52;c;ZXZpbA==\x07[bold]\u202e\x00" * 50
    path = tmp_path / "odd.vigil"
    writer = Writer(path, header())
    script = Script()
    writer.append(script.row("finding", check="five-events", flag="critical", text=json.dumps({"text": bad, "evidence": [[1, 999_999]]})))
    writer.append(script.row("frame", check="five-events", user=bad[:40], dir="in", type=bad[:40], text=bad))
    writer.append(script.row("finding", check="five-events", flag="major", text=json.dumps({"text": bad, "evidence": [[1, 2]]})))
    writer.append(script.row("verdict", check="five-events", type="FAIL", text=json.dumps({"reason": bad, "to_decide": bad})))
    writer.close()
    app = VigilApp(view_on(path), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_why("five-events")
        await pilot.pause()
        for strip in app.screen._compositor.render_strips():
            assert strip.text.isprintable()
        assert "[bold]" in whole(app)
        assert app.screen.summary().replace("\n", "").isprintable()  # type: ignore[attr-defined]


def test_columns_hold_at_every_width() -> None:
    rows = [Witness(seq, "00:01.000", f"u{seq % 2}", "←", "tool_completed", "7f2a", "x" * 90, guilty=seq == 3) for seq in range(1, 6)]
    data = Evidence(
        "FAIL", "some-check", "when", "title " * 30, "claim " * 60, [("Seen", "words " * 40, "")], [("major", "y" * 300, 3)] * 9, rows, 5
    )
    for width in (40, 50, 71, 72, 80, 100, 160, 240):
        for line in (*head_lines(data, width), *fact_lines(data, width)):
            assert line_width(line) <= width, line_text(line)
        found = [line for line, seq in witness_lines(data, width) if seq]
        if width >= 50:
            assert all(line_width(line) <= width for line in found)
        assert sum("◀" in line_text(line) for line in found) == 1
    assert evidence_text(data).count("\n") > 10


def test_every_row_convicts_where_all_show_the_same_and_the_last_where_they_differ(recording: Path) -> None:
    view = view_on(recording)
    assert view.reader is not None
    frames = [row for row in view.reader.rows() if row.kind == "frame" and row.dir == "in"]
    alike = [row.seq for row in frames if (row.user, row.type) == ("u2", "tool_completed")][:3]
    mixed = [next(row.seq for row in frames if row.user == "u1"), *alike[:1]]
    assert len(alike) == 3

    def convicted(cited: list[int]) -> list[int]:
        return convicting(FindingView("critical", "it went wrong", [(1, seq) for seq in cited], 0), view.reader)

    assert convicted(alike) == alike
    assert convicted(mixed) == mixed[-1:]
    assert convicted([]) == []


def test_why_of_a_rerun_says_what_its_parent_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    document = {"checks": [{"id": "five-events", "verdict": "FAIL", "reason": "3 of 9 runs end without an answer"}]}
    writer = Writer(sessions.new_paths("aaaaaaaaaaa1").recording, {**header(), "session": "aaaaaaaaaaa1"})
    writer.append(Row(1, 1, "result", text=json.dumps(document)))
    writer.append(Row(2, 2, "session", type="end", text='{"reason": "complete"}'))
    writer.close()
    state = failed()

    def told(check: str) -> list[tuple[str, str, str]]:
        return [fact for fact in why(check, state, None).facts if fact[0] == "Rerun of"]  # type: ignore[union-attr]

    assert told("five-events") == []
    state.parent = "aaaaaaaaaaa1"
    ((_, text, tone),) = told("five-events")
    assert text == "session aaaaaaaaaaa1, where it read FAIL: 3 of 9 runs end without an answer" and tone == "bad"
    assert told("tiers-persist")[0][1] == "session aaaaaaaaaaa1, which did not ask this"
    state.parent = "bbbbbbbbbbb2"
    assert "not here any more" in told("five-events")[0][1]
