"""One row opened: faithful, cheap at a megabyte, with the times a claim rests on; a stranger's text is held back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from recordings import Script, header, one_run, record
from textual.geometry import Size

from tui_app.app import VigilApp
from tui_app.model import Row
from tui_app.recording.fold import Fold
from tui_app.recording.reader import Reader
from tui_app.recording.state import SessionState
from tui_app.recording.writer import Writer
from tui_app.screens.events import EventsScreen
from tui_app.screens.frame import FrameScreen
from tui_app.screens.frame_sections import pretty, sections, timing, utc
from tui_app.screens.masking import is_masked, masked
from tui_app.screens.row_words import clock_time, describe, short_id, stream_row
from tui_app.screens.view import View
from widgets.frame_view import FrameText, FrameView, Section, json_spans


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


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("frames") / "session.vigil"
    record(path, 2_000)
    return path


# -- readings


def test_pretty_keeps_numbers_repeated_keys_and_order_as_they_travelled() -> None:
    lines = pretty('{"b":1.0,"a":1e300,"b":[1,2,{"c":[]}],"n":12345678901234567890123}')
    assert lines is not None
    joined = "".join(line.strip() for line in lines)
    assert joined.replace(" ", "") == '{"b":1.0,"a":1e300,"b":[1,2,{"c":[]}],"n":12345678901234567890123}'


def test_pretty_shows_escaped_letters_and_leaves_escaped_controls_escaped() -> None:
    lines = pretty('{"a":"caf\\u00e9 \\u202e \\u001b \\\\u0041 \\ud83d\\ude00 \\u0022"}')
    assert lines is not None
    assert lines[1].strip() == '"a": "café \\u202e \\u001b \\\\u0041 \\ud83d\\ude00 \\u0022"'


@pytest.mark.parametrize("text", ["", "not json", "{", "[" * 100_000, '{"a": "\ud800"}', "\x1b[2J"])
def test_what_is_no_json_is_shown_as_it_travelled(text: str) -> None:
    assert pretty(text) is None
    found = sections(Row(1, 1, "frame", dir="in", type="malformed", text=text), None, SessionState())
    assert "".join(found[0].lines) in (text, "nothing was carried")


def test_spans_lose_nothing_of_a_line() -> None:
    for line in ('  "key": "va:l\\"ue",', '  "n": -1.5e+10,', "  true, null", '  "open', "}", "plain text: 5", ""):
        assert "".join(text for text, _ in json_spans(line)) == line
    assert ('"key"', "key") in json_spans('"key": "value"') and ('"value"', "string") in json_spans('"key": "value"')


async def test_a_megabyte_is_laid_out_in_bounded_lines_and_scrolls_to_its_last_character(tmp_path: Path) -> None:
    path = tmp_path / "long.vigil"
    writer = Writer(path, header())
    for seq, text in enumerate(("x" * 999_999 + "E", "宽" * 400_000 + "E", json.dumps({"result": "y" * 1_000_000 + "E"})), 1):
        writer.append(Row(seq, seq, "frame", user="u1", conn=1, dir="in", type="agent_completed", size=len(text), text=text))
    writer.close()
    app = VigilApp(view_on(path), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        for seq in (1, 2, 3):
            app.open_frame(seq)
            await pilot.pause()
            await pilot.press("end")
            await pilot.pause()
            assert "E" in whole(app).split("cited by")[1]
            await pilot.press("escape")


async def test_continued_lines_of_a_string_look_like_the_string() -> None:
    class Shell(VigilApp):
        pass

    app = Shell(View(), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        text = FrameText()
        await app.screen.mount(text)
        text.show(Section("pretty", ['  "answer": "' + "word " * 100 + '"'], "json"))
        await pilot.pause()
        while not any("word" in segment.text for segment in text.render_line(0)):
            await pilot.pause()  # until it is laid out
        assert text.virtual_size == Size(text.virtual_size.width, text.line_count) and text.line_count > 5
        first, second = text.render_line(0), text.render_line(1)
        value = next(segment for segment in first if "word" in segment.text)
        assert second._segments[0].style == value.style


# -- timing


def facts(row: Row, view: View) -> dict[str, str]:
    found: dict[str, str] = {}
    for label, value, _ in timing(row, view.reader, view.state):
        found.setdefault(label or "utc", value)
    return found


def test_timing_counts_from_the_request_and_from_the_frame_before(tmp_path: Path) -> None:
    path = tmp_path / "timed.vigil"
    writer = Writer(path, header())
    ms = 1_000_000
    ask = {"type": "ping", "id": "p-1"}
    writer.append(Row(1, 100 * ms, "lag", ms=7.5))
    writer.append(Row(2, 150 * ms, "frame", user="u1", conn=1, dir="out", type="ping", text=json.dumps(ask)))
    writer.append(Row(3, 155 * ms, "frame", user="u2", conn=2, dir="in", type="heartbeat", text='{"type":"heartbeat"}'))
    writer.append(Row(4, 160 * ms, "frame", user="u1", conn=1, dir="in", type="heartbeat", text='{"type":"heartbeat"}'))
    answer = json.dumps({"type": "pong", "data": {"id": "p-1"}})
    writer.append(Row(5, 175 * ms, "frame", user="u1", conn=1, dir="in", type="pong", text=answer))
    writer.append(Row(6, 180 * ms, "frame", user="u2", conn=2, dir="in", type="pong", text=answer))
    writer.close()
    view = view_on(path)
    assert view.reader is not None
    row = view.reader.row(5)
    assert row is not None
    found = facts(row, view)
    assert found["since its request"].startswith("25 ms  after → ping, row 2")
    assert found["since previous"].startswith("15 ms  after ← heartbeat, row 4")
    assert found["loop lag"].startswith("7.5 ms")
    assert found["arrived"].startswith("00:00.175") and found["utc"] == "17:02:53.175 UTC"
    other = view.reader.row(6)
    assert other is not None and "connection 1: not this socket" in facts(other, view)["since its request"]


def test_times_keep_their_width() -> None:
    for t in (0, 59_999_999_999, 3_599_999_000_000, 99 * 60 * 10**9, 119 * 60 * 10**9, 7_300 * 10**9):
        assert len(clock_time(t)) == 9
    assert clock_time(134_312_999_999) == "02:14.312"
    assert utc("2026-11-12T23:59:59.5Z", 600_000_000) == "00:00:00.100 UTC"
    assert utc("not a time", 1) == ""


# -- words


def test_rows_are_told_in_words() -> None:
    def told(kind: str, **fields: object) -> tuple[str, str]:
        row = Row(1, 1, kind, **fields)  # type: ignore[arg-type]
        line = stream_row(row)
        return f"{line.dir} {line.type}".strip(), line.text

    run = list(one_run(Script(), 1, "u1"))
    completed = next(row for row in run if row.type == "tool_completed")
    assert describe(completed)[:2] == ("tool_completed", describe(completed)[1]) and describe(completed)[1].startswith("cost_query")
    assert told("conn", conn=9, type="open", ms=8.0, text="{}") == ("socket", "opened connection 9 in 8.0 ms")
    closed = json.dumps({"code": 1006, "reason": "", "by": "network"})
    assert told("conn", conn=9, type="closed", text=closed) == ("socket", "closed connection 9 by the network 1006")
    none = json.dumps({"method": "GET", "path": "/x", "service": "backend", "error": "timed out"})
    assert told("http", dir="in", type="0", text=none) == ("← http", "GET /x no answer: timed out")
    assert told("frame", dir="in", type="malformed", text="{")[1] == "not readable as a message (json)"
    assert told("frame", dir="in", type="x", flag="binary", size=5, text="⟨5 bytes⟩")[1].startswith("binary frame, 5 bytes")
    assert told("unheard-of", type="x", text='{"a":1}')[0] == "unheard-of"
    assert short_id("run_7f2a3c") == "7f2a" and short_id("7f2a3c") == "7f2a" and short_id("") == ""


# -- a stranger's text


def convicted(path: Path, text: str, environment: str = "staging") -> View:
    head = header() | {"session": path.stem.rjust(12, "0"), "plan": json.dumps({"target": {"name": "there", "environment": environment}})}
    writer = Writer(path, head)
    writer.append(Row(1, 10**6, "frame", user="u4", conn=4, dir="in", type="agent_completed", size=len(text), text=text))
    writer.append(
        Row(2, 2 * 10**6, "finding", check="isolation-frames", flag="critical", text='{"text": "not ours", "evidence": [[1, 1]]}')
    )
    writer.close()
    return view_on(path)


async def test_what_may_be_a_strangers_is_held_back_until_asked_for_and_the_look_is_recorded(tmp_path: Path) -> None:
    secret = "Dear Dr Example, your invoice"
    text = json.dumps({"type": "agent_completed", "data": {"result": secret, "list": [secret], "n": 12}})
    view = convicted(tmp_path / "stranger.vigil", text)
    app = VigilApp(view, beat=False)
    async with app.run_test(size=(160, 45)) as pilot:
        app.open_events("")
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, EventsScreen)
        screen.stream.go_to(1)
        await pilot.pause()
        assert "invoice" not in whole(app) and "held back" in whole(app)
        assert "invoice" not in screen.summary()
        app.open_why("isolation-frames")
        await pilot.pause()
        assert "invoice" not in whole(app) and "invoice" not in app.screen.summary()  # type: ignore[attr-defined]
        app.open_frame(1)
        await pilot.pause()
        for _ in range(4):
            await pilot.press("right")
            assert "invoice" not in whole(app)
        assert isinstance(app.screen, FrameScreen) and "invoice" not in app.screen.summary()
        assert '"n": 12' in whole(app), "figures and names of fields stay"
        await pilot.press("V")
        await pilot.pause()
        assert "invoice" in whole(app)
    assert view.reader is not None
    assert [note.seq for note in view.reader.annotations()] == [1]


def test_only_what_may_be_a_strangers_is_held_back(tmp_path: Path) -> None:
    ours = json.dumps({"type": "agent_completed", "data": {"result": "VM-7c1e0a-u3-0123456789abcdef0123 is yours"}})
    for number, (text, environment, held) in enumerate(
        (("{}", "staging", True), ("plain words", "staging", True), (ours, "staging", False), ("{}", "rehearsal", False))
    ):
        view = convicted(tmp_path / f"{number}.vigil", text, environment)
        row = view.reader.row(1) if view.reader else None
        assert row is not None and is_masked(row, view.state) is held
    assert "plain" not in masked(Row(1, 1, "frame", text="plain words")).text
    assert '"result"' in masked(Row(1, 1, "frame", text=ours)).text and "yours" not in masked(Row(1, 1, "frame", text=ours)).text


async def test_sections_keep_their_place_from_row_to_row(recording: Path) -> None:
    app = VigilApp(view_on(recording), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_frame(100)
        await pilot.pause()
        await pilot.press("v", "v", "n")
        frame = app.screen.query_one(FrameView)
        assert frame.sections[frame.current].title == "timing"
        app.open_frame(10**9)
        await pilot.pause()
        assert "not in this recording" in whole(app)
        await pilot.press("n", "p", "enter", "v")
