"""How late a frame is stamped while the screens are drawn: the arrival error of the engine's receive path.

    python tests/bench/bench_arrival.py [--rate 1000] [--sockets 50] [--seconds 8] [--runs 5] [--modes off,live,events,frozen]
                                        [--nice N] [--json FILE]

A metronome in a process of its own sends the events of agent runs, about 400 bytes each, stamped with the monotonic clock
right before they are written. An engine in another process takes them in by the real path (socket, secrets, judges,
recording), and the real application draws the recording on a real terminal of 160x45. The error of a frame is the time
in its row less its stamp: one clock, so it holds everything from the sender's write to our stamp. Each figure is the
median of the runs; `off` has no application, `frozen` one whose terminal nobody reads.

Measure on a quiet machine: `others` is what other work on it used meanwhile (per cent of a core), `waited` for how much of
the time the engine could have run and had no core. `--nice -15` (needs the right to) puts all processes of the
measurement alike before other work.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from tests.engine.conftest import Home  # noqa: E402
from tests.terminal.terminals import Terminal, until  # noqa: E402
from tui_app.recording.reader import Reader  # noqa: E402

MODES = ("off", "live", "events", "frozen")
WARM_UP_S = 1.5
LIMIT_MS = 1.0
STAMP = re.compile(r'"sent_ns":(\d+)')
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """Processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def busy_s() -> float:
    """Processor seconds that the whole machine has used, idle and stolen time apart."""
    user, nice, system, _idle, _wait, irq, soft, *_ = (int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:])
    return (user + nice + system + irq + soft) / TICKS


def waited_s(pid: int) -> float:
    """Seconds for which a process could have run and had no core."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


def part(home: Home, name: str, **facts: Any) -> subprocess.Popen[str]:
    """One of the two processes."""
    command = [sys.executable, str(HERE / "arrival_parts.py"), name, json.dumps(facts)]
    return subprocess.Popen(command, env=home.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def once(mode: str, asked: argparse.Namespace) -> dict[str, float]:
    """One run: errors in ms, CPU in per cent of a core, and what was received of what was sent."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        session = secrets.token_hex(6)
        seconds = asked.seconds + WARM_UP_S + (0 if mode == "off" else 3.0)
        metronome = part(home, "platform", rate=asked.rate)
        engine = vigil = None
        try:
            assert metronome.stdout is not None
            port = json.loads(metronome.stdout.readline())["port"]
            engine = part(home, "engine", session=session, port=port, users=asked.sockets, seconds=seconds)
            assert engine.stdout is not None
            said = json.loads(engine.stdout.readline())
            if mode != "off":
                vigil = Terminal(home, "attach", session)
                vigil.sees("Agent runs")
                if mode == "events":
                    vigil.press("3")
                    vigil.sees("agent_completed")
                if mode == "frozen":
                    until(vigil.full, "a terminal that takes no more")
            else:
                time.sleep(WARM_UP_S)
            pids = [engine.pid, vigil.pid if vigil else os.getpid(), metronome.pid, os.getpid()]
            begin, used, busy, waited = time.monotonic_ns(), [cpu_s(pid) for pid in pids], busy_s(), waited_s(engine.pid)
            drawn = len(vigil.raw) if vigil else 0
            while time.monotonic_ns() < begin + asked.seconds * 1e9:
                if vigil is not None and mode != "frozen":
                    vigil.read(0.05)
                else:
                    time.sleep(0.05)
            end = time.monotonic_ns()
            busy, waited = busy_s() - busy, waited_s(engine.pid) - waited
            used = [cpu_s(pid) - before for pid, before in zip(pids, used, strict=True)]
            if vigil is None:
                used[1] = 0.0
            drawn = (len(vigil.raw) if vigil else 0) - drawn
            if vigil is not None:
                vigil.close()
                vigil = None
            assert engine.wait(60) == 0
            with Reader(home.folder / "state" / "vigil" / "sessions" / f"{session}.vigil") as reader:
                rows = [row for row in reader.rows(kinds=("frame", "lag")) if begin <= row.t + said["origin"] <= end]
        finally:
            for process in (engine, metronome):
                if process is not None:
                    process.kill()
                    process.wait()
            if vigil is not None:
                vigil.close()
    stamped = ((row.t + said["origin"], STAMP.search(row.text)) for row in rows if row.kind == "frame" and row.dir == "in")
    errors = sorted((at - int(found.group(1))) / 1e6 for at, found in stamped if found)
    lasted = (end - begin) / 1e9
    return {
        "p50_ms": errors[len(errors) // 2],
        "p99_ms": errors[int(len(errors) * 0.99)],
        "p999_ms": errors[int(len(errors) * 0.999)],
        "max_ms": errors[-1],
        "events_per_s": len(errors) / lasted,
        "lag_max_ms": max((row.ms or 0.0 for row in rows if row.kind == "lag"), default=0.0),
        "engine_cpu": 100 * used[0] / lasted,
        "tui_cpu": 100 * used[1] / lasted,
        "others_cpu": 100 * max(busy - sum(used), 0.0) / lasted,
        "engine_waited": 100 * waited / lasted,
        "kib_per_s": drawn / 1024 / lasted,
    }


def main() -> int:
    """Measure and print; exit code 1 where the limit is missed with the application drawing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=1000.0, metavar="N", help="events a second (default 1000)")
    parser.add_argument("--sockets", type=int, default=50, metavar="N", help="sockets, each of a user of its own (default 50)")
    parser.add_argument("--seconds", type=float, default=8.0, metavar="S", help="how long each run is measured (default 8)")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="runs a mode, the median is shown (default 5)")
    parser.add_argument("--modes", default=",".join(MODES), metavar="M,..", help="default " + ",".join(MODES))
    parser.add_argument("--nice", type=int, default=0, metavar="N", help="change of priority for all processes of the measurement")
    parser.add_argument("--json", metavar="FILE", help="write the figures here, too; - for standard output")
    asked = parser.parse_args()
    modes = asked.modes.split(",")
    if unknown := set(modes) - set(MODES):
        parser.error(f"no mode {', '.join(sorted(unknown))}")

    if asked.nice:
        os.nice(asked.nice)

    # Run by run and not mode by mode: what else the machine does then hits all modes alike.
    found: dict[str, list[dict[str, float]]] = {mode: [] for mode in modes}
    for number in range(asked.runs):
        for mode in modes:
            one = once(mode, asked)
            found[mode].append(one)
            said = f"run {number + 1}/{asked.runs} {mode}: p99 {one['p99_ms']:.3f} ms, others {one['others_cpu']:.0f}%"
            print(said, file=sys.stderr, flush=True)
    medians = {mode: {name: statistics.median(run[name] for run in runs) for name in runs[0]} for mode, runs in found.items()}
    spread = {mode: [min(run["p99_ms"] for run in runs), max(run["p99_ms"] for run in runs)] for mode, runs in found.items()}
    load = os.getloadavg()[0]

    print(
        f"arrival error, {asked.sockets} sockets, {asked.rate:,.0f} events/s, median of {asked.runs} runs of {asked.seconds:g} s; ", end=""
    )
    print(f"{os.cpu_count()} cores, load {load:.1f}")
    print(f"{'application':12}{'p50 ms':>9}{'p99 ms':>9}{'(min-max)':>18}{'p99.9 ms':>10}{'max ms':>9}{'events/s':>10}"
          f"{'engine CPU':>12}{'its CPU':>9}{'others':>8}{'waited':>8}{'KiB/s':>7}")  # fmt: skip
    for mode, one in medians.items():
        between = f"({spread[mode][0]:.3f}-{spread[mode][1]:.3f})"
        print(f"{mode:12}{one['p50_ms']:9.3f}{one['p99_ms']:9.3f}{between:>18}{one['p999_ms']:10.2f}{one['max_ms']:9.2f}"
              f"{one['events_per_s']:10.0f}{one['engine_cpu']:11.0f}%{one['tui_cpu']:8.0f}%"
              f"{one['others_cpu']:7.0f}%{one['engine_waited']:7.1f}%{one['kib_per_s']:7.0f}")  # fmt: skip
    drawing = [medians[mode]["p99_ms"] for mode in modes if mode in ("live", "events")]
    held = not drawing or max(drawing) < LIMIT_MS
    if drawing:
        print(f"p99 with the application drawing: {max(drawing):.3f} ms, limit {LIMIT_MS:g} ms: {'held' if held else 'MISSED'}")
    if asked.json:
        document = json.dumps({"medians": medians, "p99_min_max": spread, "runs": found, "load": load, "held": held}, indent=1)
        if asked.json == "-":
            print(document)
        else:
            Path(asked.json).write_text(document + "\n")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
