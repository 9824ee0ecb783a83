"""A platform that says what a terminal would obey: nothing of it reaches the terminal but as something to be seen."""

from __future__ import annotations

import base64
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import Home
from tests.terminal.hostile import MARK, PLANTED
from tests.terminal.terminals import WITHIN, Terminal, newest, rows, until
from tui_app.recording.reader import Reader

OWN_SEQUENCE = re.compile(rb"\x1b\[(?:[0-9;:]*[mHABCDK]|[?<>=][0-9;]*[a-zA-Z]|\?[0-9;]*\$p|[0-9;]*t|6n)|\x1b[78]|\x1b\]22;[a-z-]*\x07")
"""All that the application has to say to a terminal: colours, where to draw, modes and questions about them, and the pointer's shape."""
FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def hostile(staging: dict[str, str]) -> Iterator[dict[str, str]]:
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("hostile.py")), json.dumps(staging)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())
    process.kill()
    process.communicate()


COPIED = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")


def left_over(raw: bytes) -> list[str]:
    """What is left of the bytes that a terminal would act upon, once the application's own sequences are taken out."""
    text = OWN_SEQUENCE.sub(b"", raw).decode("utf-8", "replace")
    return [text[max(found.start() - 30, 0) : found.end() + 30] for found in FORBIDDEN.finditer(text)]


def test_what_a_hostile_platform_says_is_seen_and_never_obeyed(
    home: Home, terminal: Callable[..., Terminal], hostile: dict[str, str], target: Callable[..., str]
) -> None:
    checks = "ws-connect,golden-path,socket-survives,message-persisted,history-agrees,health-services"
    run = home.start("run", "--follow", "--target", target(hostile), "--users", "2", "--checks", checks)
    path: Path = until(newest, "a recording").path
    vigil = terminal("attach")
    vigil.sees("Agent runs")
    with Reader(path) as reader:
        result = vigil.looks(reader.result, "the session's result")
        vigil.looks(reader.finished, "the session's end: else it asks, on leaving, what becomes of it")

    # The platform did say it: as it is, and escaped in JSON.
    said = [row.text for row in rows(path, "frame", "http") if row.dir == "in"]
    for planted in PLANTED:
        assert any(planted in text or json.dumps(planted)[1:-1] in text for text in said), repr(planted)
    assert sum(MARK in text for text in said) > 20
    assert any(PLANTED[0] in text for text in said), "a frame that is no JSON carries them as they are"

    vigil.press("3")
    vigil.sees(MARK + "␛")  # seen as what it is, in the head of every screen
    for key in ("g", *"jjjjjjjj", "G", *"kkkkkkkk"):
        vigil.press(key)
        vigil.read(0.05)
    vigil.press("/", "HOSTILE\r")
    vigil.sees(MARK)
    vigil.press("\r")
    vigil.sees("pretty +raw +timing")
    vigil.press("y")
    copied = home.folder / "state" / "vigil" / "copied.txt"
    vigil.looks(copied.exists, "a copy: for the clipboard, and in a file, since a frame may be too long for one")
    for _ in range(4):
        vigil.press("v", "n")
        vigil.read(0.1)
    vigil.press("\x1b")
    for key in ("2", "4", "5", "6", "\r"):
        vigil.press(key)
        vigil.read(0.3)
    vigil.press("\x1b")  # from the page of a criterion; alone, so that it is no Alt-6
    vigil.read(0.5)
    for key in ("7", "8", "9", "e", *"jjjj", "P", "P", "i", "i", "A", "2"):
        vigil.press(key)
        vigil.read(0.2)
    vigil.press("6", "6")  # there, and off what lies on top of it
    vigil.sees(str(result["verdict"]), "criterion")
    vigil.press("q")
    assert vigil.ends() == 0
    vigil.assert_restored()
    pasted = [copied.read_text(), *(base64.b64decode(found).decode() for found in COPIED.findall(bytes(vigil.raw)))]
    assert all(line.isprintable() for text in pasted for line in text.split("\n")), "pasted into a shell it is text"
    shown = COPIED.sub(b"", bytes(vigil.raw))
    assert left_over(shown) == []
    assert vigil.raw.count(b"\x1b[?1049l") == 1, "the alternate screen was left once, at the end"
    for planted in (*PLANTED[:3], *PLANTED[4:-1]):
        assert planted.encode() not in shown, repr(planted)

    out, err = run.communicate(timeout=WITHIN)
    assert MARK in out and left_over((out + err).encode()) == []
    told = (("report", "--format", "handover", str(path)), ("runbook", str(path)), ("compare", str(path), str(path)))
    for command in (("sessions",), ("attach", "--follow"), ("rejudge", str(path)), *told):
        said = home.vigil(*command)
        assert left_over((said.out + said.err).encode()) == [], command
    assert "Traceback" not in err + vigil.tail()


def test_a_watch_of_a_hostile_platform_shows_glyphs_alone(
    terminal: Callable[..., Terminal], hostile: dict[str, str], target: Callable[..., str]
) -> None:
    vigil = terminal("watch", "--target", target(hostile), "--every", "1")
    vigil.sees(MARK)
    for key in (*"jjj", "\r", "z"):
        vigil.press(key)
        vigil.read(0.2)
    vigil.kill(signal.SIGTERM)
    vigil.ends()
    vigil.assert_restored()
    assert left_over(bytes(vigil.raw)) == [] and "Traceback" not in vigil.tail()
