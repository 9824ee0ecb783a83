"""Every report of a session as a file of its own."""

from __future__ import annotations

from collections.abc import Mapping
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
"""Format to the name of its file: what comes of one recording alone."""
BESIDE: Final = {**FILES, "handover": "handover.md"}
"""The same with the page that looks at the other sessions on this host, too."""


def write_all(recording: Path) -> Path:
    """Every report of a recording, in a folder of its own beside it; gives the folder. Raises OSError."""
    folder = recording.parent / f"{recording.stem}-reports"
    write_into(folder, gather(recording), BESIDE)
    return folder


def write_into(folder: Path, facts: Facts, files: Mapping[str, str] = FILES) -> None:
    """These reports into this folder (0700, files 0600)."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for name, file in files.items():
        target = folder / file
        target.touch(mode=0o600)
        with target.open("w", encoding="utf-8") as out:
            out.writelines(writer(name)(facts))
