"""The hand-over says what the recordings say: red since when, accepted until when, what is open, what was left, who it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.handover_night import DEAD, GREEN, JWT, LAST, OTHER, RED, check, document, night, note, record
from tui_app.app import AppStart, VigilApp
from tui_app.bundles.make import digest_of
from tui_app.cli import dispatch, parser
from tui_app.handover.page import Page, page_of
from tui_app.handover.told import lines
from tui_app.handover.words import HELD_BACK, noted, operator, said
from tui_app.recording.reader import Reader
from tui_app.recording.sessions import entry_of
from tui_app.reports import writer
from tui_app.reports.facts import gather
from tui_app.screens.handover import HandoverScreen
from tui_app.screens.noting import leave_mark
from tui_app.screens.session_link import SessionLink
from tui_app.screens.start import StartScreen
from tui_app.screens.way_out import under_cursor


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.delenv("TMUX", raising=False)
    (tmp_path / "run").mkdir(mode=0o700)


def section(page: Page, title: str) -> str:
    """A section as plain text."""
    text = "\n".join(lines(page))
    return text.split(f"\n\n{title.upper()}\n", 1)[1].split("\n\n", 1)[0]


def test_red_since_the_first_failure_after_the_last_green_whoever_asked_in_between() -> None:
    red = section(page_of(night()), "Still red")
    tiers, rest = red.split("FAIL golden-path")
    assert f"red since session {RED}, 2026-11-11 22:10 UTC (2 times in a row)" in tiers, "the dead session in between did not ask"
    assert f"green last in {GREEN}, 2026-11-11 20:00 UTC, on build beta-14 rev 213" in tiers and "rows 4, 5" in tiers
    assert f"red since session {LAST}" in rest.split("FAIL five-events")[0] and "accepted until 2026-11-20, NET-412" in rest
    events = rest.split("FAIL five-events")[1].split("FAIL T6")[0]
    assert f"red since session {DEAD}, 2026-11-12 02:00 UTC" in events and f"failed last in session {DEAD}" in events
    assert "not asked since" in events, "red in a session that died is red until a session says otherwise"
    assert "FAIL T6 Persistence across all tiers: 2 of 3, limit 3 of 3; rests on tiers-persist" in rest
    assert rest.endswith(f"red since session {RED}, 2026-11-11 22:10 UTC")


def test_a_check_that_passed_since_is_not_red_and_one_without_an_answer_stays_so() -> None:
    night()
    later = "2026-11-12T06:30:00Z"
    checks = [check("tiers-persist", "PASS"), check("golden-path", "INCONCLUSIVE", "nobody answered")]
    page = page_of(record("f0f0f0f0f0f0", later, "beta-14 rev 215", document("f0f0f0f0f0f0", later, "beta-14 rev 215", checks, [])))
    red = section(page, "Still red")
    assert "FAIL tiers-persist" not in red and "FAIL golden-path" in red and "asked again once since, without an answer" in red
    assert page.lead[2].startswith("Of this session alone: nothing failed"), "and never as if nothing were red"
    assert f"ours: vigil run --failed {LAST}" in section(page, "What to do next")


def test_what_is_accepted_open_left_noted_and_who_it_was() -> None:
    page = page_of(night())
    accepted = section(page, "Accepted")
    assert (
        "FAIL golden-path: accepted until 2026-11-20, NET-412\n" in f"{accepted}\n"
        and "EXPIRED message-latency: until 2026-11-10, NET-398" in accepted
    )
    assert "1 failure accepted; 1 acceptance expired; 2 things left behind" in page.lead[1]
    undecided = section(page, "Undecided")
    assert undecided.index("INCONCLUSIVE recovery-cut") < undecided.index("BLOCKED message-latency"), "what is required comes first"
    assert "to decide: 6 more cuts" in undecided and "(not required)" in undecided and "P5 Recovery" in undecided
    left = section(page, "Left behind")
    assert "thread thread_81 of u2: the target answers 503" in left
    assert f"{DEAD}: thread thread_77 of u1" in left and f"vigil cleanup {DEAD}" in left
    ran = section(page, "Who ran what")
    assert [line.split(", ")[0].strip() for line in ran.splitlines()] == [
        "2026-11-12 05:40", "2026-11-12 02:00", "2026-11-11 22:10", "2026-11-11 20:00"]  # fmt: skip
    assert "night on console, then morning on console" in ran and "02:00, interrupted" in ran and OTHER not in ran
    notes = section(page, "Notes and marks")
    assert notes.index("05:52 UTC night on console") < notes.index("22:31 UTC operator on console") and f"session {RED}, row 4" in notes
    todo = section(page, "What to do next")
    assert "reads: gcloud run services describe 'backend; east' --tag=staging" in todo and "changes: restart-it" in todo
    assert "ours: vigil run --target <target file> --checks five-events" in todo, "a session that died has nothing to run again"
    assert "[x] Sign in as a test user" in todo and "(well, night on console, 2026-11-12 05:55 UTC)" in todo


def test_cleaned_up_is_not_left_behind_and_newer_sessions_are_named() -> None:
    path = night()
    note(entry_of(path).path.with_name(f"{DEAD}.vigil"), "2026-11-12T03:00:00Z", "night@console", "cleanup", "thread thread_77 archived")
    assert "thread_77 of" not in section(page_of(path), "Left behind")
    older = page_of(path.with_name(f"{RED}.vigil"))
    ran = section(older, "Who ran what")
    assert "NEWER than this page: " in ran and LAST in ran and f"vigil report {LAST} --format handover" in ran
    assert DEAD not in section(older, "Still red"), "a page says what was known when its session ended"


def test_the_same_recordings_give_the_same_bytes_and_no_secret_that_was_pasted_into_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    path = night()
    first = "".join(writer("handover")(gather(path)))
    assert first == "".join(writer("handover")(gather(path))) and first.endswith("\n")
    assert dispatch(parser().parse_args(["report", str(path), "--format", "handover"])) == 0
    assert capsys.readouterr().out == first
    assert JWT.rpartition(".")[2] not in first and "hunter2" not in first and first.count(HELD_BACK) == 4
    assert first.startswith("# Hand-over: staging beta-14 rev 214\n")


def test_a_hostile_note_is_inert_on_the_page() -> None:
    path = night()
    note(
        path,
        "2026-11-12T05:59:00Z",
        "<b>@everyone</b>",
        "note",
        "<script>x</script> [x](javascript:x) | **b** \x1b]52;c;AA\x07 https://x.example",
    )
    said = "".join(writer("handover")(gather(path)))
    mine = next(line for line in said.splitlines() if "05:59" in line).replace("\\<", "").replace("\\[", "").replace("\\*", "")
    assert not set("<@\x1b\x07") & set(mine) and "[x](" not in mine and "**b**" not in mine and "://" not in mine


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"see {JWT}", f"see {HELD_BACK}"),
        ("--password=opensesame now", f"--password={HELD_BACK} now"),
        ("API_KEY: abc123def456", f"API_KEY: {HELD_BACK}"),
        ("postgres://app:pw-of-app@db/main", f"postgres://app:{HELD_BACK}@db/main"),
        ("bad token: refused everywhere", "bad token: refused everywhere"),
        ("ask dana.smith@example.org", "ask d•••@e•••.org"),
        ("\x1b[31mred\x1b[0m", None),
    ],
)
def test_what_people_paste_by_mistake_is_held_back(text: str, kept: str | None) -> None:
    assert noted(text) == kept if kept is not None else "\x1b" not in noted(text)
    assert said("token: 12345678") == "token: 12345678", "what judges say keeps its figures"


def test_a_note_is_kept_without_the_password_that_was_typed_into_it() -> None:
    with Reader(night()) as reader:
        _, kept = leave_mark(reader, 5, 5_000_000_000, f"asked again with password=opensesame and {JWT}, dana@example.org knows")
        assert kept and reader.annotations()[-1].text == f"asked again with password={HELD_BACK} and {HELD_BACK}, dana@example.org knows"


def test_an_operator_is_never_taken_for_an_address() -> None:
    assert operator("night@jump.example.org") == "night on jump.example.org" and operator("") == "?"


async def test_o_shows_the_page_enter_opens_evidence_and_y_copies_it(tmp_path: Path) -> None:
    path = night()
    app = VigilApp(link=SessionLink(), start=AppStart(attach=entry_of(path)), beat=False)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await pilot.pause()
        app.catch_up()
        await pilot.press("O")
        await pilot.pause()
        await app.workers.wait_for_complete()
        await pilot.pause()
        text = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
        assert "Still red" in text and "tiers-persist" in text and "NET-412" in text
        await pilot.press("y")
        await app.workers.wait_for_complete()
        copied = (tmp_path / "state/vigil/copied.txt").read_text().rstrip("\n")
        assert copied == "\n".join(lines(page_of(path)))
        await pilot.press("w")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert any("handover.md" in str(notice.message) for notice in app._notifications)
        written = path.with_name(f"{path.stem}-reports") / "handover.md"
        assert written.read_text() == "".join(writer("handover")(gather(path)))
        await pilot.press("B")
        await app.workers.wait_for_complete()
        await pilot.pause()
        said = " ".join(str(notice.message) for notice in app._notifications)
        made = written.with_name(f"{path.stem}.incident.zip")
        assert "a person decides" in said and str(made) in said
        copied = (tmp_path / "state/vigil/copied.txt").read_text()
        assert copied.startswith("scp ") and f":{made} ." in copied and f"--digest {digest_of(made)}" in copied
        await pilot.press("enter")
        await pilot.pause()
        assert app.screen.__class__.__name__ == "WhyScreen", "a check opens its evidence"


async def test_o_on_start_hands_over_the_session_under_the_cursor_and_enter_opens_another() -> None:
    night()
    app = VigilApp(link=SessionLink(), beat=False)
    async with app.run_test(size=(100, 30)) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        start = app.screen
        assert isinstance(start, StartScreen)
        start.load()
        await pilot.press("O")
        assert app.screen is start, "a target is under the cursor, and has no session of its own"
        while (line := under_cursor(start)) is None or line.session != LAST:
            await pilot.press("down")
        await pilot.press("O")
        await app.workers.wait_for_complete()
        await pilot.pause()
        app.catch_up()
        screen = app.screen
        assert isinstance(screen, HandoverScreen) and screen.page is not None and screen.page.session == LAST
        await pilot.press("G")
        await pilot.pause()
        assert screen.entry_at.session == GREEN
        await pilot.press("enter")
        await app.workers.wait_for_complete()
        await pilot.pause()
        app.catch_up()
        assert app.view.state.session == GREEN and app.current_mode == "verdict"
