"""What the rehearsal noted against what Vigil's recordings hold, connection by connection; and where a leak's frames can be opened."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from tui_app.recording.reader import Reader


class There(NamedTuple):
    """What the rehearsal did: frames (sent, received) of each connection by its id, and runs by how they ended."""

    frames: dict[str, tuple[int, int]]
    opened: int
    begun: int
    ended: Counter[str]


class Here(NamedTuple):
    """What one recording holds of the same: frames (received, sent) by connection, and how many connections have no welcome.

    received -- frames of all connections, those of the WebSocket protocol itself (pings and their pongs) included
    """

    frames: dict[str, tuple[int, int]]
    received: int
    unnamed: int
    runs: int
    finished: bool


def there(log: Path) -> There:
    """Read the rehearsal's log. A line that is not whole yet counts as not written."""
    frames: dict[str, tuple[int, int]] = {}
    opened = begun = 0
    ended: Counter[str] = Counter()
    for line in log.read_text().splitlines():
        note = json.loads(line)
        what = note["what"]
        opened += what == "socket_open"
        begun += what == "run_begin"
        if what == "socket_closed":
            frames[note["connection_id"]] = (note["sent"], note["came"])
        elif what == "run_end":
            ended[note["status"]] += 1
    return There(frames, opened, begun, ended)


def here(recording: Path) -> Here:
    """Read one recording."""
    names: dict[int, str] = {}
    count: Counter[tuple[int, str]] = Counter()
    runs = received = 0
    with Reader(recording) as reader:
        for row in reader.rows(kinds={"frame", "step"}):
            if row.kind == "step":
                runs += row.type == "begin" and '"agent-run"' in row.text
                continue
            received += row.dir == "in"
            if row.flag != "control":
                count[row.conn, row.dir] += 1
                if row.type == "welcome":
                    names[row.conn] = str(row.body["data"]["connection_id"])
        finished = reader.finished()
    seen = {conn for conn, _ in count}
    frames = {names[conn]: (count[conn, "in"], count[conn, "out"]) for conn in seen if conn in names}
    return Here(frames, received, len(seen - names.keys()), runs, finished)


def differing(truth: There, found: dict[int, Here]) -> list[str]:
    """What does not agree, in words: connections whose frames differ, and those that nobody recorded or nobody served."""
    ours = {name: frames for one in found.values() for name, frames in one.frames.items()}
    wrong = [
        f"{name}: {truth.frames[name]} sent and received there, {frames} received and sent here"
        for name, frames in ours.items()
        if name in truth.frames and truth.frames[name] != frames
    ]
    unknown = [name for name in ours if name not in truth.frames]
    if unknown:
        wrong.append(f"{len(unknown)} connections are in recordings and not in the rehearsal's log")
    if unnamed := sum(one.unnamed for one in found.values()):
        wrong.append(f"{unnamed} connections were recorded without a welcome")
    return wrong


def openable(evidence: dict[str, Any], recordings: dict[int, Path]) -> str:
    """Look a witness up in the file of the engine that has it: '' where the very frame is there, else what is wrong."""
    path = recordings.get(evidence["engine"])
    if path is None:
        return f"engine {evidence['engine']} has no recording"
    with Reader(path) as reader:
        row = reader.row(evidence["seq"])
    if row is None:
        return f"row {evidence['seq']} is not in {path.name}"
    same = (row.kind, row.user, row.dir) == (evidence["kind"], evidence["user"], evidence["dir"]) and row.text.startswith(evidence["text"])
    return "" if same else f"row {evidence['seq']} of {path.name} is another one"


def witnesses(recording: Path) -> dict[int, dict[str, Any]]:
    """By the lead's row, the frames of other engines and its own that were shown as evidence."""
    with Reader(recording) as reader:
        return {row.seq: row.body for row in reader.rows(kinds={"engine"}) if row.type == "witness"}
