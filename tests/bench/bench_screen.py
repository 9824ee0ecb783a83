"""What the terminal application costs whoever sits before it: the start, a key, the line it is drawn over, the processor.

    python tests/bench/bench_screen.py [--rounds 5] [--seconds 8] [--only start,key,line,idle] [--also COMMAND] [--json FILE]

Everything is measured from outside, on a pty that is read at once: times from the exec or the key to the bytes that show the
change, bytes as they leave the application, processor time and memory as the system counts them. The session that is watched is
written by a process of its own, at the rate that the table names. `--also` starts another build of the same program (one file,
say) in turn with this one.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent / "screens"), str(HERE)]

from watched_pty import Watched, chip, moved, shows  # noqa: E402

SIZE = (120, 40)
OURS = [sys.executable, "-m", "tui_app"]
FIRST_FRAME = "Enter"
"""Written by the key bar of the start screen: the last line of its first frame, which has the targets, too."""
KEYS: tuple[tuple[str, str, str, Callable[[Any], Any], str], ...] = (
    ("freeze", "3", " ", chip("FROZEN"), "f"),
    ("move the cursor", "3", "k", moved, ""),
    ("help", "2", "?", shows("Help on"), "\x1b"),
    ("another screen", "2", "5", shows("bars start at zero"), "2"),
)
"""What is done, on which screen, by which key, what then shows, and what undoes it."""


def centile(values: list[float], share: float) -> float:
    """The value that so many of a hundred do not exceed."""
    ranked = sorted(values)
    return ranked[min(int(len(ranked) * share / 100), len(ranked) - 1)] if ranked else 0.0


class Home:
    """State folders of this bench's own."""

    def __init__(self, folder: Path) -> None:
        (folder / "run").mkdir(mode=0o700, parents=True, exist_ok=True)
        self.env = {key: value for key, value in os.environ.items() if not key.startswith(("SSH_", "VIGIL_", "LC_", "TEXTUAL"))} | {
            **{f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("STATE", "CONFIG", "CACHE")},
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "PYTHONPATH": str(HERE.parents[1]),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
        }
        self.env.pop("NO_COLOR", None)

    def writer(self, rate: int, seconds: float) -> subprocess.Popen[str]:
        """A process that writes a living session; it has begun when this returns."""
        made = subprocess.Popen(
            [sys.executable, str(HERE / "living_session.py"), str(rate), str(seconds)],
            env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert made.stdout is not None
        made.stdout.readline()
        return made


def starts(home: Home, rounds: int, others: list[list[str]]) -> dict[str, Any]:
    """Milliseconds until a bare interpreter ends, `--help` ends, and the first frame stands; contenders in turn."""
    taken: dict[str, list[float]] = {}
    for _ in range(rounds):
        for what, command in [("python alone", [sys.executable, "-c", "pass"])] + [
            (f"{'this' if own == OURS else shlex.join(own)}: --help", [*own, "--help"]) for own in (OURS, *others)
        ]:
            begun = time.perf_counter()
            subprocess.run(command, env=home.env, stdout=subprocess.DEVNULL, check=True)
            taken.setdefault(what, []).append((time.perf_counter() - begun) * 1e3)
        for own in (OURS, *others):
            for size in ((80, 24), SIZE):
                terminal = Watched(own, home.env, size)
                name = f"{'this' if own == OURS else shlex.join(own)}: {{}} {size[0]}x{size[1]}"
                taken.setdefault(name.format("first frame"), []).append(terminal.until_bytes(FIRST_FRAME.encode()) * 1e3)
                taken.setdefault(name.format("processor until then"), []).append(terminal.usage().processor_s * 1e3)
                terminal.close()
    return {name: {"median_ms": round(statistics.median(values), 1), "worst_ms": round(max(values), 1)} for name, values in taken.items()}


def keys(home: Home, rate: int, presses: int) -> dict[str, Any]:
    """Milliseconds from a key to the bytes that show what it did, at so many rows a second."""
    found: dict[str, list[float]] = {}
    unseen = 0
    writer = home.writer(rate, 600)
    terminal = Watched([*OURS, "attach"], home.env, SIZE)
    terminal.until_bytes(b"Isolation", within=30)
    terminal.read(2)
    noted: list[tuple[str, float, float, Callable[[Any], Any]]] = []
    for _ in range(presses):
        for what, screen, key, seen, undo in KEYS:
            terminal.press(screen)
            terminal.read(0.5)
            begun = terminal.press(key)
            terminal.read(0.6)
            noted.append((what, begun, time.monotonic(), seen))
            if undo:
                terminal.press(undo)
                terminal.read(0.3)
    usage = terminal.usage()
    terminal.close()
    writer.kill()
    writer.wait()
    for what, begun, ended, seen in noted:
        took = terminal.shown_after(begun, ended, seen)
        if took is None:
            unseen += 1
        else:
            found.setdefault(what, []).append(took * 1e3)
    every = [one for values in found.values() for one in values]
    return {
        "rows_per_s": rate,
        "every key": {"n": len(every), "p50_ms": round(centile(every, 50), 1), "p95_ms": round(centile(every, 95), 1)},
        **{what: {"n": len(v), "p50_ms": round(centile(v, 50), 1), "p95_ms": round(centile(v, 95), 1)} for what, v in found.items()},
        "not seen": unseen,
        "resident_mib": round(usage.resident_mib, 1),
    }


def line(home: Home, rate: int, screen: str, seconds: float) -> dict[str, float]:
    """Bytes a second, draws a second and share of a processor while a session of so many rows a second is watched."""
    writer = home.writer(rate, 600)
    terminal = Watched([*OURS, "attach"], home.env, SIZE)
    terminal.until_bytes(b"Isolation", within=30)
    terminal.press(screen)
    terminal.read(3)
    before, at, count, began = terminal.usage(), terminal.bytes, len(terminal.chunks), time.monotonic()
    terminal.read(seconds)
    after, spent = terminal.usage(), time.monotonic() - began
    gaps = [one[0] for one in terminal.chunks[count:]]
    draws = sum(1 for one, two in zip([0.0, *gaps], gaps, strict=False) if two - one > 0.02)
    terminal.close()
    writer.kill()
    writer.wait()
    return {
        "kB_per_s": round((terminal.bytes - at) / spent / 1e3, 2),
        "draws_per_s": round(draws / spent, 1),
        "processor_percent": round((after.processor_s - before.processor_s) / spent * 100, 1),
        "resident_mib": round(after.resident_mib, 1),
    }


def idle_start(home: Home, seconds: float) -> dict[str, float]:
    """The start screen, left alone."""
    terminal = Watched(OURS, home.env, SIZE)
    terminal.until_bytes(FIRST_FRAME.encode())
    terminal.read(2)
    before, at = terminal.usage(), terminal.bytes
    terminal.read(seconds)
    after = terminal.usage()
    terminal.close()
    return {
        "kB_per_s": round((terminal.bytes - at) / seconds / 1e3, 3),
        "processor_percent": round((after.processor_s - before.processor_s) / seconds * 100, 2),
        "resident_mib": round(after.resident_mib, 1),
    }


def rows(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every figure with its place, for the table."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from rows(inner, f"{path} | {name}" if path else name)
    else:
        yield path, value


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="starts of each contender, in turn")
    parser.add_argument("--presses", type=int, default=6, help="how often each key is pressed")
    parser.add_argument("--seconds", type=float, default=8, help="for how long bytes are counted, per screen")
    parser.add_argument("--rate", type=int, default=1_000, help="rows a second while bytes are counted")
    parser.add_argument("--key-rate", type=int, default=10_000, help="rows a second while keys are timed")
    parser.add_argument("--only", default="start,key,line,idle", help="parts, by comma")
    parser.add_argument("--screens", default="23456", help="the screens on which bytes are counted, by their digits")
    parser.add_argument("--also", action="append", default=[], metavar="COMMAND", help="another build to start in turn with this one")
    parser.add_argument("--json", metavar="FILE", help="write the figures here")
    asked = parser.parse_args()
    parts = asked.only.split(",")
    document: dict[str, Any] = {}

    def home(name: str) -> Home:
        return Home(Path(folder) / name)

    with tempfile.TemporaryDirectory() as folder:
        if "start" in parts:
            document["start"] = starts(home("start"), asked.rounds, [shlex.split(one) for one in asked.also])
        if "key" in parts:
            document["key to paint"] = keys(home("key"), asked.key_rate, asked.presses)
        if "line" in parts:
            names = {"2": "live", "3": "events", "4": "isolation", "5": "latency", "6": "verdict"}
            document[f"{SIZE[0]}x{SIZE[1]}, {asked.rate} rows/s"] = {
                names.get(one, one): line(home(f"line{one}"), asked.rate, one, asked.seconds) for one in asked.screens
            }
        if "idle" in parts:
            document["idle"] = {
                "start": idle_start(home("idle"), asked.seconds),
                "live": line(home("idle2"), 0, "2", asked.seconds),
                "events": line(home("idle3"), 0, "3", asked.seconds),
            }
    for what, number in rows(document):
        print(f"{what:64}{number:>12}")
    if asked.json:
        Path(asked.json).write_text(json.dumps(document, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
