"""`vigil watch` as plain lines: what changes as it changes, and at the end how long each subject was up, of how much that was measured."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from typing import Final

from tui_app.sanitize import sanitize
from tui_app.watch.model import Watched
from tui_app.watch.running import Running

MARKS: Final = {"up": "#", "degraded": "d", "down": "X", "unknown": "?", None: "."}
STRIP: Final = 24


def table(watched: Watched, now: float) -> list[str]:
    """A line per subject, at most 80 columns: state, uptime with its denominator, p50 and p95 of its answers, timeline."""
    lines = ["subject     state     up of measured    p50 ms  p95 ms  timeline"]
    for name, one in watched.timelines.items():
        up = one.uptime
        share = "not measured" if up is None else f"{up:7.2%} of {one.measured}"
        figures = [one.percentile(0.5), one.percentile(0.95)]
        ms = "  ".join(f"{value:6.1f}" if value is not None else f"{'-':>6}" for value in figures)
        strip = "".join(MARKS[cell.word if cell is not None else None] for cell in one.strip(now, STRIP))
        degraded, down = one.counts["degraded"], one.counts["down"]
        lines.append(f"{name:<11} {one.last.word if one.last else '-':<9} {share:<16}  {ms}  {strip}")
        told = [f"degraded {degraded}"] * bool(degraded) + [f"down {down}"] * bool(down)
        told += [f"{one.counts['unknown']} polls told nothing and count neither way"] * bool(one.counts["unknown"])
        if told:
            lines.append(f"{'':<12}{', '.join(told)}")
    lines.append(f"# up  d degraded  X down  ? unknown  . not polled; {watched.cell_s:g} s a cell; percentiles from 20 answers on")
    return lines


async def watch(running: Running) -> int:
    """Watch until interrupted or for as long as asked. Exit 0: nothing is down at the end, 1: something is, 4: nothing was measured."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, running.over.set)
    say(f"watching {sanitize(running.profile.name)} every {running.asked.every_s:g} s; Ctrl-C ends it")
    try:
        await running.go()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
    for line in table(running.watched, time.time()):
        say(line)
    if running.store.path is not None:
        say(f"kept in {running.store.path}")
    return exit_code(running.watched)


def say(line: str) -> None:
    """One line, seen at once; no bell into a file."""
    sys.stdout.write((line if sys.stdout.isatty() else line.rstrip("\a")) + "\n")
    sys.stdout.flush()


def exit_code(watched: Watched) -> int:
    """0: nothing is down now, 1: something is, 4: nothing was measured."""
    lines = watched.timelines.values()
    if not any(line.measured for line in lines):
        return 4
    return 1 if any(line.last is not None and line.last.word == "down" for line in lines) else 0
