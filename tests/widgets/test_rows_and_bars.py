"""Runs, criteria, plan rows, banner, key bar, large letters and the lines under all of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult

from widgets.banner import Banner, KeyHint, PhaseMark, banner_lines, key_line
from widgets.big import FONT, big
from widgets.criteria import CheckRow, CriterionRow, check_line, criteria_head, criterion_line
from widgets.glyphs import ASCII, SHORT, TONES, UNICODE, WORDS, glyphs, use_ascii
from widgets.lines import Line, LineView, clip, fit, line_text, line_width, spread, wrap
from widgets.plan_tree import PlanRow, plan_line
from widgets.runs import RunRow, run_lines
from widgets.users import UserRow, user_lines

ROWS = [
    RunRow("7f01", "02:13.8", "u3", "sssss", "ok", "1.9 s", "five-events"),
    RunRow("7f02", "02:14.1", "u2", "ssxss", "wrong", "2.2 s", "five-events", "no tool_executing"),
    RunRow("7f03", "02:14.2", "u4", "ss...", "running", "0.3 s", "five-events"),
]


def test_lamps_tell_seen_missing_and_not_yet_apart() -> None:
    lines, owners = run_lines(ROWS, 30, 10)
    assert [line_text(line) for line in lines] == [
        "02:13.8 u3  ●●●●●   1.9 s ✓",
        "02:14.1 u2  ●●✗●●   2.2 s ✗",
        "   no tool_executing",
        "02:14.2 u4  ●●○○○   0.3 s ▶",
    ]
    assert owners == [0, 1, 1, 2]


def test_the_newest_runs_are_kept_and_a_reason_stays_with_its_run() -> None:
    lines, _ = run_lines(ROWS, 30, 2)
    assert [line_text(line)[:7] for line in lines] == ["02:14.2"], "the wrong run and its reason need two rows"


def test_with_room_the_reason_is_in_the_same_row() -> None:
    lines, _ = run_lines(ROWS, 80, 10)
    assert len(lines) == 3 and line_text(lines[1]).endswith("five-events: no tool_executing")


def test_every_word_has_its_glyph_its_four_letters_and_its_tone() -> None:
    for each in (UNICODE, ASCII):
        assert len({each.word(word) for word in WORDS} | {each.word("RUNNING"), each.word("")}) == len(WORDS) + 2
        assert all(len(value) == 1 for name in each.__slots__ if name != "bars" for value in (getattr(each, name),))
    assert {len(SHORT[word]) for word in WORDS} == {4}
    assert set(WORDS) <= set(TONES)


def test_criteria_columns_line_up() -> None:
    rows = [
        CriterionRow("T4", "No cross-contamination", "FAIL", "2 leaks", "0", 310),
        CriterionRow("T2", "Connection established, p95", "PASS", "88 ms", "2,000 ms", 59),
        CriterionRow("P3", "50 concurrent users", "SKIPPED", "", "50", None, "not in this plan"),
    ]
    width = 78
    lines = [criteria_head(width), *(criterion_line(row, width) for row in rows)]
    assert {line_width(line) for line in lines} == {width}
    texts = [line_text(line) for line in lines]
    assert texts[0].index("measured") + len("measured") == texts[1].index("2 leaks") + len("2 leaks")
    assert texts[0].rindex("n") == texts[1].rindex("0") == texts[2].rindex("9")
    assert "50 concurrent users: not in this plan" in texts[3]


def test_a_check_that_waits_shows_what_it_is_about() -> None:
    line = line_text(check_line(CheckRow("five-events", "2.1", "The five critical events", ""), 78))
    assert line.startswith("· wait 2.1 five-events") and line.endswith("The five critical events")


@pytest.mark.parametrize(("picked", "mark"), [("all", "[*]"), ("some", "[~]"), ("none", "[ ]")])
def test_selection_has_marks_of_its_own(picked: str, mark: str) -> None:
    line = line_text(plan_line(PlanRow(1, "2.3 Between users", picked, "1/2", open=False), 40))
    assert line.startswith(f"  {mark} 2.3 Between users +") and line.endswith("1/2") and len(line) == 40


def test_users_show_a_nought_only_where_something_was_looked_for() -> None:
    lines = [line_text(line).split() for line in user_lines([UserRow("u1", "6f0c"), UserRow("u2", "6f0d", 1, 2, 15, 2, 8, 0)], 90)]
    assert lines[1] == ["u1", "6f0c", "0/0", "·", "·", "·", "·"]
    assert lines[2] == ["u2", "6f0d", "1/2", "15", "✗2", "8", "0"]


def banner(**changes: object) -> Banner:
    facts: dict[str, object] = {
        "target": "STAGING", "build": "beta-14 rev 213", "verdict": "FAIL", "verdict_text": "FAIL so far", "elapsed": "02:14",
        "about": "04:00", "utc": "17:05:07 UTC", "runs": "18/60 runs", "phases": (PhaseMark("health", "PASS", 12, 12),),
        "chips": (("FROZEN +214", "warn"),),
    }  # fmt: skip
    return Banner(**facts | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", (78, 100, 160))
@pytest.mark.parametrize("build", ("", "beta-14 rev 213", "a-very-long-build-name-0.1.0-g2"))
def test_the_banner_never_loses_target_verdict_time_and_runs(width: int, build: str) -> None:
    first, second = banner_lines(banner(build=build), width)
    text = line_text(first)
    assert line_width(first) <= width and line_width(second) <= width
    assert all(part in text for part in ("STAGING", "FAIL so far", "02:14", "17:05:07 UTC", "18/60 runs"))
    assert line_text(second).rstrip().endswith("FROZEN +214")


def test_the_key_bar_drops_the_least_important_first_and_keeps_help() -> None:
    hints = [KeyHint("Enter", "open", 1), KeyHint("y", "copy", 4), KeyHint("R", "rerun failed", 3), KeyHint("?", "help", 9)]
    assert line_text(key_line(hints, 80)).split() == ["Enter", "open", "y", "copy", "R", "rerun", "failed", "?", "help"]
    assert line_text(key_line(hints, 36)).split() == ["Enter", "open", "R", "rerun", "failed", "?", "help"]
    assert line_text(key_line(hints, 22)).split() == ["Enter", "open", "?", "help"]


@pytest.mark.parametrize("word", [*WORDS, "REHEARSAL", "REPLAY", "NO VERDICT"])
def test_large_letters_know_our_words(word: str) -> None:
    assert set(word) <= set(FONT)
    assert len(big(word)) == 3 and len({len(row) for row in big(word)}) == 1
    use_ascii(True)
    try:
        assert all(row.isascii() for row in big(word)) and glyphs() is ASCII
    finally:
        use_ascii(False)


@given(st.text(max_size=60), st.integers(1, 40), st.sampled_from(["left", "right", "middle"]))
def test_fit_fills_exactly_its_cells(text: str, width: int, align: str) -> None:
    assert cell_len(fit(text, width, align)) == width  # type: ignore[arg-type]


@given(
    st.lists(st.tuples(st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF), max_size=12), st.just("plain")), max_size=5),
    st.integers(1, 40),
)
def test_clip_never_exceeds_its_width(spans: list[tuple[str, str]], width: int) -> None:
    assert line_width(clip(tuple(spans), width)) <= width


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x4FFF), max_size=120), st.integers(4, 40))
def test_wrap_keeps_every_word_and_its_width(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_spread_puts_the_right_part_at_the_edge() -> None:
    line = spread((("left part", "plain"),), (("right", "dim"),), 20)
    assert line_text(line) == "left part      right"
    assert line_text(spread((("a long left part", "plain"),), (("right", "dim"),), 12)) == "a lon… right"


class Shown(App[None]):
    def compose(self) -> ComposeResult:
        yield LineView(id="view")


async def test_a_line_view_keeps_its_cursor_in_view_and_leaves_room_for_its_bar() -> None:
    app = Shown()
    async with app.run_test(size=(30, 5)) as pilot:
        view = app.query_one("#view", LineView)
        widths: list[int] = []

        def make(width: int, _height: int) -> tuple[list[Line], int]:
            widths.append(width)
            return [((f"row {number}", "plain"),) for number in range(40)], 33

        view.draw(make)
        await pilot.pause()
        await pilot.pause()
        assert widths[-1] == 28
        assert view.scroll_offset.y <= 33 < view.scroll_offset.y + 5
        assert "row 33" in view.render_line(33 - view.scroll_offset.y).text


async def test_markup_in_a_line_is_only_text() -> None:
    app = Shown()
    async with app.run_test(size=(30, 3)) as pilot:
        view = app.query_one("#view", LineView)
        view.show([(("[bold]x[/bold] [", "plain"),)])
        await pilot.pause()
        assert view.render_line(0).text.rstrip() == "[bold]x[/bold] ["
