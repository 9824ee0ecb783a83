"""A real rehearsal that dies, and another in its place: told within two polls, and nothing is left open."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

from tui_app.target.profile import Profile
from tui_app.watch.happened import SUFFIX
from tui_app.watch.model import Watched
from tui_app.watch.poller import Poller
from tui_app.watch.running import Watch
from tui_app.watch.store import Store

ROOT = Path(__file__).parents[2]


def serve() -> tuple[subprocess.Popen[str], dict[str, str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tui_app", "rehearse", "--stop-with-stdin"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_death_and_return_are_told_within_two_polls_and_nothing_is_left_open(tmp_path: Path) -> None:
    files, tasks = open_files(), len(asyncio.all_tasks())
    process, urls = serve()
    profile = Profile.model_validate({"target": {"name": "watched", "environment": "rehearsal", **urls}})
    said: list[str] = []
    watched = Watched(60.0)
    store = Store("watched", folder=tmp_path / "kept", max_bytes=1, keep=2)
    watch = Watch(watched, store, said.append, alert_after=2, bell=False)
    poller = Poller(profile, 5.0, watch.take)

    async def words(rounds: int) -> dict[str, str]:
        for _ in range(rounds):
            await poller.round()
        return {name: line.last.word for name, line in watched.timelines.items() if line.last is not None}

    assert set((await words(1)).values()) == {"up"}
    assert len(watched.timelines) == 6
    process.communicate(timeout=20)
    dead = await words(2)
    assert (dead["backend"], dead["auth"], dead["redis"]) == ("down", "down", "unknown")
    process, again = serve()
    try:
        poller = Poller(profile.filled(**again), 5.0, watch.take)
        assert set((await words(2)).values()) == {"up"}
        over = asyncio.Event()
        over.set()
        await poller.rounds(over)
    finally:
        process.communicate(timeout=20)
    store.close()
    kinds = [(one.kind, one.text.partition(":")[0]) for one in watched.happenings if one.subject == "backend"]
    assert ("transition", "up -> down") in kinds and ("transition", "down -> up") in kinds
    assert any("ALERT backend: up -> down" in line for line in said)
    assert (open_files(), len(asyncio.all_tasks())) == (files, tasks)
    kept = sorted((tmp_path / "kept").glob(f"*{SUFFIX}"))
    assert len(kept) == 2, "the oldest files go"
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in kept)
    with sqlite3.connect(kept[-1]) as db:
        assert db.execute("SELECT count(*) FROM polls").fetchone()[0] > 0
