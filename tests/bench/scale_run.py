"""One engine of `bench_scale.py` and its server, each a process, and what fits and does not fit of what both say."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tests.bench.bench_cost import FILES_MORE, LONGEST_S, Order, environment, last_line, recorded, watched, wrong
from tests.bench.scale_engine import Order as Work
from tests.bench.scale_engine import Phase

HERE = Path(__file__).resolve().parent
Run = dict[str, Any]
LEAST_RUNS_PER_S = 50
"""An engine that does fewer is given up: ten million frames are half a million runs."""


def room_for(users: int) -> str:
    """Make room for so many open files; why not, if it cannot be made."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = users + FILES_MORE
    if soft < need:
        if hard != resource.RLIM_INFINITY and hard < need:
            return f"{users} users need {need} open files and the limit is {hard}: raise it (ulimit -Hn), or ask for fewer users"
        resource.setrlimit(resource.RLIMIT_NOFILE, (need, hard))
    return ""


def cores() -> tuple[int, int]:
    """A core for the engine and another one for the server; -1 for both where there are no two to choose."""
    if hasattr(os, "sched_getaffinity") and len(here := sorted(os.sched_getaffinity(0))) > 1:
        return here[0], here[1]
    return -1, -1


@contextlib.contextmanager
def served(order: Order, more: int, core: int) -> Iterator[subprocess.Popen[str]]:
    """A server while it is needed, whose address the order has."""
    command = [sys.executable, str(HERE / "cost_server.py"), order.key, str(more)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(order.folder))
    try:
        if core >= 0:
            os.sched_setaffinity(process.pid, {core})
        assert process.stdout is not None
        order.at(int(process.stdout.readline()))
        yield process
    finally:
        process.kill()
        process.wait()


def run(folder: Path, users: int, phases: Sequence[Phase], *, more: int = 0, idle_s: float = 0.0, pinned: bool = False) -> Run:
    """One engine on one server: what it measured, with `wrong` in words where anything was lost or judged wrongly.

    more -- further thoughts in each run's answer; pinned -- the engine has one core and the server another one
    """
    ours, theirs = cores() if pinned else (-1, -1)
    order = Order(folder, users, 1)
    with served(order, more, theirs) as server:
        work = Work(f"ws://127.0.0.1:{order.port}/ws", order.tokens, list(phases), idle_s, ours)
        order.path.write_bytes(msgspec.json.encode(work))
        command = [sys.executable, str(HERE / "scale_engine.py"), secrets.token_hex(6), str(order.path)]
        found = watched(command, environment(folder), folder, LONGEST_S + sum(phase.runs for phase in phases) / LEAST_RUNS_PER_S)
        saw = json.loads(server.communicate()[0])
    found |= last_line(found.pop("out"))
    found["server"] = saw
    told = found.get("outcomes", {"done": 0, "other": 0})
    if "recording" in found:
        found["bytes"] = Path(found["recording"]).stat().st_size
        found["events"] = found["recorded"] = recorded(Path(found["recording"]))
    words = wrong(found, saw, told["done"] + told["other"])
    if told["other"]:
        words.append(f"{told['other']} runs were not seen to their end")
    if found.get("held") != users or saw["peak"] != users:
        words.append(f"{found.get('held')} of {users} users were held to the end, the server had {saw['peak']}")
    return found | {"wrong": "; ".join(words), "pinned": ours >= 0}
