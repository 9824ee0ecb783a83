"""What a report over a recording of a million frames costs: `python tests/bench/bench_reports.py [--frames N] [--json FILE]`.

Builds the recording with the real writer in a temporary folder: the frames of a long session of 50 users with what its judges
said of them. Prints, of each format, the time and the peak memory of a process of its own that writes it to nowhere.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tui_app.checks.catalogue import as_json, catalogue
from tui_app.model import CRITICAL_EVENTS, SECOND, Row
from tui_app.recording.writer import Writer

USERS = 50
RUN = 12
"""Frames of a run: its five events, and pieces of its answer."""
CHECK = "isolation-frames"


def users(n: int) -> list[str]:
    return [f"u{number}" for number in range(1, n + 1)]


def rows_of(frames: int) -> Iterator[Row]:
    """Rows without their numbers, as a session has them: frames, and by run, second and user what belongs to them."""
    words = " ".join(f"word{i}" for i in range(30))
    text = '{{"type":"{}","data":{{"run_id":"{}","request_id":"m-{}","trace_id":"{:032x}","text":"{}"}}}}'
    t = 0
    for number, user in enumerate(users(USERS), 1):
        yield Row(0, t, "user", "", user, type="ready", text=f'{{"sub":"{number:036x}","name":"{user}"}}')
        yield Row(0, t, "conn", "", user, number, type="open", text="{}")
    for number in range(frames):
        t = number * SECOND // 5_000
        run, place, socket = number // RUN, number % RUN, number // RUN % USERS + 1
        name, user = f"{run:08x}-5c1e", f"u{socket}"
        event = CRITICAL_EVENTS[min(place, 4)]
        body = text.format(event, name, run, run, words[: 60 + number * 7 % 150])
        if place == 0:
            yield Row(0, t, "run", CHECK, user, run=name, text=f'{{"lamps":".....","state":"running","request":"m-{run}"}}')
        yield Row(0, t, "frame", CHECK, user, socket, "in", event, name, f"t-{socket}", None, "", len(body), body)
        if place == RUN - 1:
            yield Row(0, t, "run", CHECK, user, run=name, ms=900.0, text=f'{{"lamps":"sssss","state":"ok","request":"m-{run}"}}')
            yield Row(0, t, "sample", CHECK, user, type="run", ms=900.0 + run % 97, text='{"ref":[1,2],"limit_ms":30000}')
            yield Row(0, t, "sample", CHECK, user, type="first_event", ms=10.0 + run % 13, text='{"ref":[1,2]}')
        if number % 1_000 == 0:
            yield Row(0, t, "clock")
            yield Row(0, t, "http", CHECK, user, dir="in", type="200", ms=12.5, text='{"req":1,"path":"/api/threads","body":"[]"}')
    for number, user in enumerate(users(USERS), 1):
        yield Row(0, t, "conn", "", user, number, type="closed", text='{"code":1000,"by":"us"}')


def build(path: Path, frames: int) -> int:
    """The recording of a failed session with so many frames; how many rows it has."""
    checks = list(catalogue())[:60]
    about = [as_json(check) for check in checks]
    names = users(USERS)
    target = {"name": "bench", "environment": "rehearsal", "backend": "http://127.0.0.1:1", "auth": "http://127.0.0.1:2"}
    logs = {"query": 'trace="{trace}" OR run="{run}" FROM {from} TO {to}'}
    profile = {"target": target, "logs": logs}
    plan = {"target": target, "limits": {}, "profile": profile, "checks": [check.id for check in checks], "users": USERS}
    header = {"session": "0123456789ab", "started": "2026-01-01T00:00:00.000Z", "host": "bench@here", "engine": "1", "vigil": "0",
              "parent": "", "plan": json.dumps(plan), "checks": json.dumps(about)}  # fmt: skip
    seq = itertools.count(1)
    writer = Writer(path, header)
    evidence: list[list[int]] = []
    for row in rows_of(frames):
        number = next(seq)
        if row.kind == "frame" and len(evidence) < 2_000:
            evidence.append([1, number])
        writer.append(Row(number, row.t, *(getattr(row, name) for name in row.__struct_fields__[2:])))
        if number % 100_000 == 0:
            writer.flush(within=60)
    end = row.t
    results: list[dict[str, Any]] = []
    for check in about:
        failed = check["id"] == CHECK
        findings = [{"severity": "critical", "text": f"leak {n}", "evidence": evidence[n::40]} for n in range(40)] if failed else []
        word = "FAIL" if failed else "PASS"
        results.append({
            **{key: check[key] for key in ("id", "phase", "suite", "strategy", "title", "required")}, "verdict": word,
            "reason": "as it was", "to_decide": "", "accepted": None, "duration_ms": 100.0,
            "findings": findings, "signatures": [],
        })  # fmt: skip
        writer.append(Row(next(seq), end, "verdict", check["id"], type=word, text='{"reason":"as it was"}'))
    cells = [{"source": a, "observer": b, "probes": 300, "leaks": 0, "state": "clean"} for a in names for b in names]
    result = {
        "schema": "vigil.session/1", "session": header["session"], "parent": None, "target": target,
        "build": {"start": "b-1", "end": "b-1"},
        "started": header["started"], "exit": 1, "verdict": "FAIL", "checks": results,
        "criteria": [{"id": f"T{n}", "title": "t", "limit": "1", "measured": "1", "n": 10, "verdict": "PASS", "reason": "r"}
                     for n in range(1, 7)],
        "isolation": {"users": names, "cells": cells},
        "latency": [{"series": name, "n": 100, "p50_ms": 1.0, "p95_ms": 2.0, "p99_ms": 3.0, "max_ms": 4.0, "limit_ms": 5.0}
                    for name in ("run", "first_event")],
        "frames": {"received": frames, "classified": {"own": frames}},
        "footprint": {"agent_runs": frames // RUN, "connects": USERS, "created": [], "left_behind": []},
        "decision": {"docker": "unknown", "staging": "issues", "action": "investigate"},
    }  # fmt: skip
    writer.append(Row(next(seq), end, "result", text=json.dumps(result)))
    last = next(seq)
    writer.append(Row(last, end, "session", type="end", text='{"reason":"complete"}'))
    writer.close()
    return last


def resident_mb() -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found.group(1)) / 1024 if found else 0.0


def write_one(path: Path, name: str, out: Path) -> dict[str, float]:
    """Seconds, peak memory (MiB; and how much of it came by the report), and characters of one report, in this process."""
    from tui_app.reports import writer
    from tui_app.reports.facts import gather

    writer(name)
    before, began, size = resident_mb(), time.perf_counter(), 0
    with out.open("w", encoding="utf-8") as file:
        for piece in writer(name)(gather(path)):
            file.write(piece)
            size += len(piece)
    return {"seconds": time.perf_counter() - began, "peak_mib": resident_mb(), "grew_mib": resident_mb() - before, "characters": size}


def bundle_one(path: Path, out: Path) -> dict[str, float]:
    """The same for a whole bundle."""
    from tui_app.bundles.make import make

    before, began = resident_mb(), time.perf_counter()
    make(path, out)
    return {
        "seconds": time.perf_counter() - began, "peak_mib": resident_mb(), "grew_mib": resident_mb() - before,
        "characters": out.stat().st_size,
    }  # fmt: skip


def measured(path: Path, names: list[str]) -> dict[str, dict[str, float]]:
    """Each format in a process of its own."""
    found = {}
    for name in names:
        done = subprocess.run([sys.executable, __file__, "--one", name, str(path)], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            found[name] = json.loads(done.stdout)
        else:
            print(f"{name}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
    return found


def main() -> int:
    from tui_app.reports import FORMATS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--keep", type=Path, help="write the recording here, and keep it")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.one:
            name, path = given.one[0], Path(given.one[1])
            out = Path(folder) / "out"
            print(json.dumps(bundle_one(path, out) if name == "bundle" else write_one(path, name, out)))
            return 0
        path = given.keep or Path(folder) / "million.vigil"
        began = time.perf_counter()
        rows = build(path, given.frames)
        took = time.perf_counter() - began
        print(f"{given.frames:,} frames, {rows:,} rows, {path.stat().st_size / 2**20:,.0f} MiB, built in {took:.0f} s")
        found = measured(path, [*FORMATS, "bundle"])
    print(f"{'':12}{'s':>8}{'peak MiB':>10}{'grew MiB':>10}{'characters':>14}")
    for name, one in found.items():
        print(f"{name:12}{one['seconds']:>8.2f}{one['peak_mib']:>10.1f}{one['grew_mib']:>10.1f}{one['characters']:>14,.0f}")
    if given.json:
        given.json.write_text(json.dumps({"frames": given.frames, "rows": rows, "formats": found}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
