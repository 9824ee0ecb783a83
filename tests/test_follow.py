"""A session told in plain text: one line per happening, the words of the screens, and nothing that moves a cursor."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tui_app.follow import MOMENT_NS, TOLD_ONE_BY_ONE, Follow, wants_colour
from tui_app.model import SECOND, Row
from tui_app.recording.reader import Reader
from tui_app.recording.writer import Writer

HEADER = {"schema": "vigil.recording/1", "session": "7c1e0a9b3d42", "engine": "1", "started": "2026-11-12T17:02:11Z", "plan": "{}"}
HOSTILE = "x\x1b]52;c;cHduZWQ=\x07\x1b[2J\u202e\x00\n[/red]"


CHECK = "tool-isolation"


def body(**facts: Any) -> str:
    return json.dumps(facts)


def event(seq: int, t: float, name: str = "agent_thinking", user: str = "u3", text: str = "", run: str = "run_7f2a11") -> Row:
    frame = json.dumps({"type": name, "data": {"run_id": run, "thought": text}})
    return Row(seq=seq, t=int(t * SECOND), kind="frame", dir="in", type=name, user=user, run=run, text=frame)


def told(path: Path, rows: list[Row], *, colour: bool = False) -> list[str]:
    writer = Writer(path, HEADER)
    for row in rows:
        writer.append(row)
    writer.close()
    lines: list[str] = []
    with Reader(path) as reader:
        follow = Follow(lines.append, colour=colour)
        follow.look(reader)
        follow.look(reader)
        follow.finish()
    return lines


def test_a_happening_is_a_line_with_its_time_user_run_and_words(tmp_path: Path) -> None:
    leak = body(text="u4 saw u3's marker", evidence=[[1, 4]])
    decided = body(reason="1 leak", to_decide="0 leaks in 299 probes")
    found = told(tmp_path / "a.vigil", [
        Row(seq=1, t=0, kind="session", type="start"),
        Row(seq=2, t=SECOND, kind="phase", type="start", text=body(phase="2")),
        Row(seq=3, t=SECOND, kind="check", type="start", check=CHECK),
        event(4, 62.3, "tool_executing"),
        Row(seq=5, t=63 * SECOND, kind="finding", flag="critical", check=CHECK, text=leak),
        Row(seq=6, t=63 * SECOND, kind="finding", flag="info", check=CHECK, text=leak),
        Row(seq=7, t=64 * SECOND, kind="verdict", check=CHECK, type="FAIL", text=decided),
        Row(seq=8, t=64 * SECOND, kind="verdict", check=CHECK, type="FAIL", text=body(reason="1 leak")),
        Row(seq=9, t=65 * SECOND, kind="session", type="end", text=body(reason="complete")),
    ])  # fmt: skip
    assert found == [
        "00:00.0  the session begins",
        "00:01.0  phase 2 begins",
        "00:01.0  tool-isolation begins",
        "01:02.3  u3  run 7f2a  tool_executing  no tool named",
        "01:03.0  finding  critical: u4 saw u3's marker (tool-isolation); look at row 4",
        "01:04.0  FAIL tool-isolation: 1 leak; to decide: 0 leaks in 299 probes",
        "01:05.0  the session ends: complete",
    ]


def test_what_comes_faster_than_it_is_read_is_one_line_a_moment_and_a_verdict_never_is(tmp_path: Path) -> None:
    many = [event(seq, seq * 0.001) for seq in range(1, 301)]
    verdict = Row(seq=301, t=int(0.3 * SECOND), kind="verdict", check="golden-path", type="PASS", text=body(reason="well"))
    found = told(tmp_path / "b.vigil", [*many, verdict])
    assert found == ["00:00.0  300 events of 1 run: 300 agent_thinking", "00:00.3  PASS golden-path: well"]
    spread = [event(seq, seq * 2 * MOMENT_NS / SECOND) for seq in range(1, 3 * TOLD_ONE_BY_ONE)]
    assert len(told(tmp_path / "c.vigil", spread)) == len(spread)


def test_hostile_words_are_seen_and_move_nothing(tmp_path: Path) -> None:
    found = told(tmp_path / "d.vigil", [
        event(1, 1, "agent_thinking", HOSTILE, HOSTILE, HOSTILE),
        Row(seq=2, t=SECOND, kind="frame", dir="in", type="malformed", user="u1", text=HOSTILE),
        Row(seq=3, t=SECOND, kind="verdict", check="c", type="BLOCKED", text=body(reason=HOSTILE, to_decide=HOSTILE)),
        Row(seq=4, t=SECOND, kind="conn", type="refused", user="u1", conn=1, text=body(status=HOSTILE, reason=HOSTILE)),
        Row(seq=5, t=SECOND, kind="level", type="stopped", text=body(number=1, of=2, users=HOSTILE, why=HOSTILE)),
        Row(seq=6, t=SECOND, kind="target", type="seen", text=body(service=HOSTILE, build=HOSTILE)),
        Row(seq=7, t=SECOND, kind="control", type="take", text=body(who=HOSTILE, text=HOSTILE)),
        Row(seq=8, t=SECOND, kind="frame", dir="in", type="error", user="u1", text="A" * 1_000_000),
    ])  # fmt: skip
    assert len(found) == 8
    assert all(map(str.isprintable, found)) and max(map(len, found)) < 400
    assert "␛" in found[0]


def test_colour_repeats_words_on_a_terminal_that_wants_it(tmp_path: Path) -> None:
    rows = [Row(seq=1, t=0, kind="verdict", check="c", type="FAIL", text=body(reason="1 leak"))]
    assert told(tmp_path / "e.vigil", rows, colour=True) == ["\x1b[31m00:00.0  FAIL c: 1 leak\x1b[0m"]
    assert not wants_colour(sys.__stderr__, {"TERM": "dumb"}) and not wants_colour(sys.__stderr__, {"TERM": "xterm", "NO_COLOR": "1"})


def test_it_needs_no_terminal_toolkit() -> None:
    script = "import sys, tui_app.follow; raise SystemExit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
