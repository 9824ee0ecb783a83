"""`vigil replay` as a person runs it: on a terminal through the screens, in a pipe as plain lines."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.engine.conftest import Home
from tests.terminal.terminals import Terminal, until
from tui_app.recording.errors import RecordingError
from tui_app.recording.reader import Reader
from tui_app.recording.upto import ReaderUpTo


def begun(recording: Path) -> bool:
    """Whether there is something to see in it."""
    try:
        with Reader(recording) as reader:
            return reader.head() > 200
    except RecordingError:
        return False


def test_a_recorded_session_is_shown_again(home: Home, terminal: Callable[..., Terminal], tmp_path: Path) -> None:
    """Also while it is still written: to as far as it is, and on."""
    run = home.start("run", "--target", "rehearsal", "--checks", "five-events", "--record", str(tmp_path / "one.vigil"))
    recording = tmp_path / "one.vigil"
    until(lambda: begun(recording), "a recording of some rows")
    early = terminal("replay", str(recording))
    early.sees("REPLAY of", "REPLAY REHEARSAL")
    early.press(")")
    early.sees("Agent runs", r"●●●●●", r"\S+ of \S+ 1x")
    assert run.wait() == 0
    early.press("H")
    early.sees("this is a replay of .*: nothing here acts")
    early.press("(", "Z")
    early.sees("PAUSED", r"00:00 of")
    early.press("]", "]", "Z")
    early.sees("4x")
    early.press(")", "6")
    early.sees("AT THE END", "PASS", "criterion")
    early.press("q")
    assert early.ends() == 0
    early.assert_restored()
    assert "REPLAY of" in early.tail() and "five-events" in early.tail()

    with Reader(recording) as reader:
        runs = sum(1 for row in reader.rows(kinds=("frame",)) if row.dir == "in" and row.type == "agent_completed")
    plain = home.vigil("replay", str(recording))
    assert plain.code == 0 and "REPLAY of" in plain.out
    assert runs and "five-events begins" in plain.out and re.search(r"^00:\d\d\.\d +PASS five-events: ", plain.out, re.M)
    assert "\x1b" not in plain.err + plain.out and "five-events" in plain.out


def test_what_cannot_be_shown_is_said(home: Home, tmp_path: Path) -> None:
    broken = tmp_path / "broken.vigil"
    broken.write_bytes(b"SQLite format 3\0" + b"\x5a" * 50_000)
    for args, why in (
        (("replay", str(broken)), "not a database|damaged|malformed"),
        (("replay", str(tmp_path / "none.vigil")), "there is no recording"),
        (("replay", str(broken), "--speed", "100"), "0.25 to 64, or max"),
    ):
        done = home.vigil(*args)
        assert done.code == 2 and re.search(why, done.err), done.err


def test_a_reader_up_to_a_row_is_a_reader() -> None:
    """What a screen can ask of a recording is bounded, too: a method that is new to Reader has to be looked at here."""
    looked_at = {
        "acting", "annotate", "annotations", "at_fraction", "at_time", "between", "close", "count", "finished", "first", "first_seq",
        "head", "last", "matching", "rate", "result", "row", "rows", "runs_named", "state_rows", "times", "window",
    }  # fmt: skip
    assert {name for name in vars(Reader) if not name.startswith("_")} - {"sealed"} <= looked_at
    assert issubclass(ReaderUpTo, Reader)
