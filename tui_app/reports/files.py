"""Every report of a session as a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tui_app.reports import writer
from tui_app.reports.facts import Facts, gather

FILES: Final = {
    "md": "report.md",
    "html": "report.html",
    "executive": "executive.md",
    "websocket": "websocket.md",
    "junit": "junit.xml",
    "json": "result.json",
    "samples": "samples.jsonl",
}
"""Format to the name of its file."""


def write_all(recording: Path) -> Path:
    """Every report of a recording, in a folder of its own beside it; gives the folder. Raises OSError."""
    folder = recording.parent / f"{recording.stem}-reports"
    write_into(folder, gather(recording))
    return folder


def write_into(folder: Path, facts: Facts) -> None:
    """Every report into this folder (0700, files 0600)."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for name, file in FILES.items():
        target = folder / file
        target.touch(mode=0o600)
        with target.open("w", encoding="utf-8") as out:
            out.writelines(writer(name)(facts))
