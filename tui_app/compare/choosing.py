"""Which recording another one is compared with."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tui_app.compare.comparison import Comparison, compare
from tui_app.compare.gathered import Gathering, Side, gather, planned
from tui_app.recording.errors import RecordingError
from tui_app.recording.reader import Reader
from tui_app.recording.sessions import SessionEntry, list_sessions, recording_of
from tui_app.verdict.words import PASS

LAST: Final = "last"
LAST_GREEN: Final = "last-green"


def other_of(name: str, path: Path) -> Path:
    """The recording that `name` stands for: a file, a session, `last` (the newest before this one on the same target) or `last-green`
    (the newest of those that passed). Raises RecordingError where there is none."""
    if name not in (LAST, LAST_GREEN):
        return recording_of(name)
    found = earlier(path, green=name == LAST_GREEN)
    if found is None:
        kind = "that passed " if name == LAST_GREEN else ""
        raise RecordingError(
            f"there is no earlier session {kind}on this target", "nothing to compare with", "name a recording; `vigil sessions` lists them"
        )
    return found.path


def earlier(path: Path, *, green: bool) -> SessionEntry | None:
    """The newest session before this recording's on the same target that has ended, and passed where `green`."""
    with Reader(path) as reader:
        own, started, target = reader.header["session"], reader.header["started"], _target(reader)
    for entry in list_sessions():
        if entry.session == own or entry.started >= started or entry.problem or entry.alive or (green and entry.word != PASS):
            continue
        with Reader(entry.path) as reader:
            if _target(reader) == target and reader.result() is not None:
                return entry
    return None


class Pair:
    """Two recordings, each as far as the checks go that both planned; of one that grows, only what is new is read again."""

    def __init__(self, before: Path, now: Path) -> None:
        """Raises RecordingError."""
        both = planned(before) & planned(now)
        self.before, self.now = Gathering(before, both), Gathering(now, both)

    def read(self, *, docker: str = "") -> Comparison:
        """What differs as of now. Raises RecordingError."""
        return compare(self.before.read(), self.now.read(), docker=docker)


def in_order(one: Path, other: Path) -> tuple[Path, Path]:
    """The one that began first, then the other. Raises RecordingError."""
    with Reader(one) as first, Reader(other) as second:
        return (one, other) if first.header["started"] <= second.header["started"] else (other, one)


def sides_of(before: Path, now: Path) -> tuple[Side, Side]:
    """Both recordings, each as far as the checks go that both planned. Raises RecordingError."""
    both = planned(before) & planned(now)
    return gather(before, both), gather(now, both)


def _target(reader: Reader) -> tuple[str, str]:
    import json

    target = json.loads(reader.header["plan"]).get("target") or {}
    return str(target.get("name")), str(target.get("environment"))
