"""What `bench_scale.py` does with one great recording once its engine is done: look at it, judge it anew, report it, show it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.bench import bench_recording, bench_reports
from tests.bench.bench_cost import LONGEST_S, watched
from tests.bench.watched_pty import Watched

VIGIL: Final = [sys.executable, "-m", "tui_app"]
SIZE: Final = (160, 45)
REPORTS: Final = ("md", "html")
QUIET_S: Final = 1.0
QUIET_SHARE: Final = 0.1
"""An application that used less than this share of a core for so long has done what it had to do."""
SETTLES_S: Final = 600.0
LEAST_BYTES_PER_S: Final = 1_000_000
"""Judging anew is given up where it reads fewer."""
PAGES: Final = 40
KEYS: Final = ("3", *("\x1b[H", "\x1b[F") * 3, *("\x1b[5~",) * PAGES, "\x1b[H", *("\x1b[6~",) * PAGES, "4", "5", "6", "2", "3", "\x1b[F")
"""Every event: from end to end and pages from both; other screens and back."""


def looked_at(path: Path) -> dict[str, dict[str, Any]]:
    """Medians of each way to look, by name."""
    return {name: {"value": value, "unit": unit} for name, value, unit in bench_recording.looked_at(path, "u1")}


def rejudged(path: Path, judged: Mapping[str, tuple[str, str]], env: dict[str, str], folder: Path, times: int) -> dict[str, Any]:
    """Seconds, memory, and what the judges say otherwise than they said live (check by check, in words)."""
    out = folder / "anew.json"
    command = [*VIGIL, "rejudge", "--json", str(out), str(path)]
    runs = [watched(command, env, folder, longest_s=LONGEST_S + path.stat().st_size / LEAST_BYTES_PER_S) for _ in range(times)]
    if not out.exists():
        return {"runs": runs, "wrong": f"rejudge wrote nothing: {runs[-1]['last']}"}
    document = json.loads(out.read_text())
    anew = {check["id"]: (check["verdict"], check["reason"]) for check in document["checks"]}
    differ = [f"{name}: {word} live, {anew.get(name)} anew" for name, (word, _) in judged.items() if anew.get(name, ("",))[0] != word]
    walls, most = sorted(run["wall_s"] for run in runs), sorted(run["rss_mb"] for run in runs)
    return {
        "s": walls[len(walls) // 2], "cpu_s": sorted(run["cpu_s"] for run in runs)[len(runs) // 2], "rss_mb": most[len(most) // 2],
        "runs": [{key: run[key] for key in ("wall_s", "cpu_s", "rss_mb", "exit")} for run in runs], "wrong": "; ".join(differ),
    }  # fmt: skip


def reported(path: Path) -> dict[str, dict[str, float]]:
    """Each report in a process of its own: seconds, memory."""
    return bench_reports.measured(path, list(REPORTS))


def shown(path: Path, env: dict[str, str], walks: int) -> dict[str, Any]:
    """The application on a real terminal, opened on the recording and walked through: MiB resident at rest, and after each walk."""
    terminal = Watched([*VIGIL, "attach", "--read-only", str(path)], {**env, "TERM": "xterm-256color", "LANG": "C.UTF-8"}, SIZE)
    try:
        opened = terminal.until_bytes(b"Isolation", within=SETTLES_S)
        ready = settled(terminal)
        rest = terminal.usage().resident_mib
        after: list[float] = []
        for walk in range(walks):
            for key in KEYS:
                terminal.press(key)
                if not terminal.read(0.05):
                    raise RuntimeError(f"the application ended on {key!r} of walk {walk + 1}")
            settled(terminal)
            after.append(terminal.usage().resident_mib)
        used = terminal.usage().processor_s
    finally:
        terminal.close()
    return {"first_frame_s": opened, "ready_s": ready, "rest_mib": rest, "walks_mib": after, "processor_s": used}


def settled(terminal: Watched) -> float:
    """Read until the application has nothing more to do; seconds since its start at which that was so."""
    until = time.monotonic() + SETTLES_S
    while time.monotonic() < until:
        before = terminal.usage().processor_s
        if not terminal.read(QUIET_S):
            raise RuntimeError("the application ended")
        if terminal.usage().processor_s - before < QUIET_SHARE * QUIET_S:
            return time.monotonic() - terminal.begun - QUIET_S
    raise RuntimeError(f"the application was still busy after {SETTLES_S:.0f} s")
