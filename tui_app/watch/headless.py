"""`vigil watch` as plain lines: what changes as it changes, and at the end how long each subject was up, of how much that was measured."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from typing import Final

import msgspec

from tui_app.sanitize import sanitize
from tui_app.target.profile import Profile
from tui_app.watch.model import Debounce, Happening, Watched
from tui_app.watch.poller import Looked, Poller, way_to
from tui_app.watch.store import Store

MARKS: Final = {"up": "#", "degraded": "d", "down": "X", "unknown": "?", None: "."}
STRIP: Final = 24


class Watch:
    """One watch: its model, its file, and what it says. A file that cannot be written is told once, and watching goes on."""

    def __init__(self, watched: Watched, store: Store, say: Callable[[str], None], *, alert_after: int, bell: bool) -> None:
        self.watched, self._store, self._say, self._bell = watched, store, say, bell
        self._debounce = Debounce(alert_after)
        self._broken = ""

    def take(self, looked: Looked) -> None:
        """One exchange: judged, kept, and what changed said."""
        happened: list[Happening] = []
        looked = msgspec.structs.replace(looked, polls=self.watched.complete(looked.polls))
        for poll in looked.polls:
            happened += self.watched.feed(poll)
            settled = self._debounce.feed(poll)
            if settled is not None:
                bell = "\a" if self._bell else ""
                self._say(f"{stamp(poll.at)} ALERT {poll.subject}: {settled[0]} -> {settled[1]}{bell}")
        for one in happened:
            self._say(f"{stamp(one.at)} {one.kind:<10} {one.subject}: {one.text}")
        try:
            self._store.add(looked, happened)
        except (sqlite3.Error, OSError) as error:
            if str(error) != self._broken:
                self._broken = str(error)
                self._say(f"the watch's file cannot be written ({error}): from here on nothing is kept")


def stamp(at: float) -> str:
    """UTC of epoch seconds, hh:mm:ss."""
    return time.strftime("%H:%M:%S", time.gmtime(at))


def table(watched: Watched, now: float) -> list[str]:
    """A line per subject, at most 80 columns: state, uptime with its denominator, p50 and p95 of its answers, timeline."""
    lines = ["subject     state     up of measured    p50 ms  p95 ms  timeline"]
    for name, one in watched.timelines.items():
        up = one.uptime
        share = "not measured" if up is None else f"{up:7.2%} of {one.measured}"
        figures = [one.percentile(0.5), one.percentile(0.95)]
        ms = "  ".join(f"{value:6.1f}" if value is not None else f"{'-':>6}" for value in figures)
        strip = "".join(MARKS[word] for word in one.strip(now, STRIP))
        degraded, down = one.counts["degraded"], one.counts["down"]
        lines.append(f"{name:<11} {one.last.word if one.last else '-':<9} {share:<16}  {ms}  {strip}")
        told = [f"degraded {degraded}"] * bool(degraded) + [f"down {down}"] * bool(down)
        told += [f"{one.counts['unknown']} polls told nothing and count neither way"] * bool(one.counts["unknown"])
        if told:
            lines.append(f"{'':<12}{', '.join(told)}")
    lines.append(f"# up  d degraded  X down  ? unknown  . not polled; {watched.cell_s:g} s a cell; percentiles from 20 answers on")
    return lines


async def watch(profile: Profile, *, every_s: float, for_s: float | None, alert_after: int, bell: bool, keep: int) -> int:
    """Watch until interrupted or for `for_s` seconds. Exit 0: nothing is down at the end, 1: something is, 4: nothing was measured."""
    way = await way_to(profile)
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    timer = loop.call_later(for_s, over.set) if for_s else None

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    watched = Watched(cell_s=max(every_s, 1.0) if for_s and for_s < 3600 else 60.0)
    store = Store(profile.name, keep=keep)
    one = Watch(watched, store, say, alert_after=alert_after, bell=bell and sys.stdout.isatty())
    say(f"watching {sanitize(profile.name)} every {every_s:g} s; Ctrl-C ends it")
    try:
        await Poller(profile, every_s, one.take, way).rounds(over)
    finally:
        if timer is not None:
            timer.cancel()
        store.close()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
    for line in table(watched, time.time()):
        say(line)
    if store.path is not None:
        say(f"kept in {store.path}")
    lines = watched.timelines.values()
    if not any(line.measured for line in lines):
        return 4
    return 1 if any(line.last is not None and line.last.word == "down" for line in lines) else 0
