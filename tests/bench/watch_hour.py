"""An hour (or --minutes N) of watching a rehearsal that degrades, dies, restarts and recovers on a schedule: what of it was seen, and
what the watch cost in memory, files and tasks. Prints a line per planted change; exit 1 where one was missed or anything grew.

    python tests/bench/watch_hour.py --minutes 60 --every 5
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from pathlib import Path

STEPS = ("degrade", "die", "restart", "recover")
FAULT = "health-not-ready"


def cost() -> tuple[int, int, int]:
    """(resident KB, open files, tasks) of this process now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4, len(list(Path("/proc/self/fd").iterdir())), len(asyncio.all_tasks())


async def serve(port_of: dict[str, str], fault: str = "") -> tuple[asyncio.subprocess.Process, dict[str, str]]:
    """A rehearsal, on the ports of the one before it where there was one."""
    command = [sys.executable, "-m", "tui_app", "rehearse", "--stop-with-stdin"]
    if port_of:
        command += ["--port", port_of["backend"].rpartition(":")[2]]
    if fault:
        command += ["--fault", fault]
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    return process, json.loads(await process.stdout.readline())
