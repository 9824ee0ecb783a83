"""An hour (or --minutes N) of watching a rehearsal that degrades, dies, restarts and recovers on a schedule: what of it was seen, and
what the watch cost in memory, files and tasks. Prints a line per planted change; exit 1 where one was missed or anything grew.

    python tests/bench/watch_hour.py --minutes 60 --every 5
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import sys
import tempfile
import time
from pathlib import Path

from tui_app.target.profile import Profile
from tui_app.watch.running import Asked, Running
from tui_app.watch.store import Store

FAULT = "auth-unhealthy-200"
SERVICES = ("backend", "auth", "frontend")
STEPS = (
    ("degrade", (("auth", "transition", "degraded"), ("backend", "restart", ""))),
    ("die", tuple((name, "transition", "down") for name in SERVICES)),
    ("recover", tuple((name, "transition", "up") for name in SERVICES)),
    ("restart", (("backend", "restart", ""),)),
)
GROWS_KB = 3_000


class Stage:
    """Fixed addresses before a rehearsal that comes and goes; a process of its own, so that it does not count."""

    def __init__(self) -> None:
        self._child: asyncio.subprocess.Process | None = None
        self._urls: dict[str, str] = {}
        self._doors: dict[str, asyncio.Server] = {}
        self.ports: dict[str, int] = {}

    async def play(self, fault: str) -> None:
        """Another rehearsal in place of the one before."""
        await self.stop()
        command = [sys.executable, "-m", "tui_app", "rehearse", "--stop-with-stdin", *(["--fault", fault] if fault else [])]
        self._child = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        assert self._child.stdout is not None
        self._urls = json.loads(await self._child.stdout.readline())
        for name in SERVICES:
            self._doors[name] = await asyncio.start_server(self._way(name), "127.0.0.1", self.ports.get(name, 0))
            self.ports[name] = self._doors[name].sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Nothing listens any more."""
        for door in self._doors.values():
            door.close()
        self._doors = {}
        if self._child is not None and self._child.stdin is not None:
            self._child.stdin.close()
            await self._child.wait()
            self._child = None

    def _way(self, name: str):  # type: ignore[no-untyped-def]
        async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            host, _, port = self._urls[name].rpartition("//")[2].partition(":")
            try:
                back, front = await asyncio.open_connection(host, int(port.strip("/")))
            except OSError:
                writer.close()
                return
            await asyncio.gather(carry(reader, front), carry(back, writer))

        return one


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """All bytes, until one end closes."""
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def stage() -> None:
    """A command a line on standard input, its time on standard output once it is done."""
    one, loop = Stage(), asyncio.get_running_loop()
    await one.play("")
    print(json.dumps(one.ports), flush=True)
    while line := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
        if line == "die":
            await one.stop()
        else:
            await one.play(FAULT if line == "degrade" else "")
        print(time.time(), flush=True)
    await one.stop()


def cost() -> tuple[int, int, int]:
    """(resident KB, open files, tasks) of this process now."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4, len(list(Path("/proc/self/fd").iterdir())), len(asyncio.all_tasks())


async def watch(minutes: float, every: float, step: float) -> int:
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--stage", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None and process.stdout is not None
    ports = json.loads(await process.stdout.readline())
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    profile = Profile.model_validate({"target": {"name": "hour", "environment": "docker", **urls}})
    begin = cost()
    running = Running(profile, Asked("hour", every, runs_per_day=0))
    with tempfile.TemporaryDirectory() as folder:
        running.store = running.watch._store = Store("hour", folder=Path(folder))
        going = asyncio.create_task(running.go())
        planted: list[tuple[str, float, float, str, str, str]] = []
        costs, ends, number = [], time.time() + minutes * 60, 0
        await asyncio.sleep(step)
        while time.time() + step < ends:
            name, expected = STEPS[number % len(STEPS)]
            number += 1
            asked = time.time()
            process.stdin.write(f"{name}\n".encode())
            done = float(await process.stdout.readline())
            planted += [(name, asked, done, *one) for one in expected]
            await asyncio.sleep(step)
            costs.append(cost())
        running.over.set()
        await going
        seen = Store("hour", folder=Path(folder)).past(0.0, 60.0)[1]  # of all its files: the model itself keeps the newest alone
        size = await asyncio.to_thread(lambda: sum(path.stat().st_size for path in Path(folder).iterdir()))
    end = cost()
    process.stdin.close()
    await process.wait()
    missed, late = 0, 0.0
    for name, asked, done, subject, kind, word in planted:
        of_it = [one for one in seen if (one.subject, one.kind) == (subject, kind)]
        found = [one.at for one in of_it if f"-> {word}" in one.text + "-> "]
        after = min((at - done for at in found if at >= asked), default=None)
        missed += after is None or after > 2 * every * 1.1
        late = max(late, after or 0.0)
        told = "MISSED" if after is None else f"seen {after:+.1f} s, {after / every:+.1f} polls"
        print(f"{name:8} {subject:8} {kind:10} {word:9} {told}")
    polls = sum(line.counts[word] for line in running.watched.timelines.values() for word in line.counts)
    settled = costs[len(costs) // 4]
    print(f"{len(planted)} planted, {missed} missed or later than two polls; the latest {late:.1f} s after, polls every {every:g} s")
    print(f"{polls} polls, kept in {size} B")
    print(f"start: RSS {begin[0]} KB, {begin[1]} files, {begin[2]} tasks; end: RSS {end[0]} KB, {end[1]} files, {end[2]} tasks")
    print(f"RSS a quarter in {settled[0]} KB, at the last step {costs[-1][0]} KB; all: {' '.join(str(one[0]) for one in costs)}")
    return int(bool(missed) or end[1:] != begin[1:] or costs[-1][0] - settled[0] > GROWS_KB)


def main() -> int:
    """One rehearsal of an hour."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=60.0)
    options.add_argument("--every", type=float, default=5.0)
    options.add_argument("--step", type=float, default=30.0, help="seconds from one change to the next")
    options.add_argument("--stage", action="store_true", help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.stage:
        asyncio.run(stage())
        return 0
    return asyncio.run(watch(asked.minutes, asked.every, asked.step))


if __name__ == "__main__":
    sys.exit(main())
