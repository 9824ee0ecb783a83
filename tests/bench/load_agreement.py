"""Whether a load ramp's figures agree with what the rehearsal itself noted: counts exactly, times between two events to a millisecond.

    python tests/bench/load_agreement.py [--users 50] [--delay-scale 1] [--json FILE]

The rehearsal notes when it hands each run's first event and its last to the kernel, by the monotonic clock; the client stamps both
frames as they arrive. The difference of the two intervals is what client and loopback add. In the same way the time from a request
to its run's first event, application pings, and the answers to upgrades. Measure on a quiet machine: a machine without a free core
adds its own waiting, which `waited_s` shows.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from tests.engine.conftest import Home  # noqa: E402
from tests.engine.served import Served  # noqa: E402
from tui_app.model import Row  # noqa: E402
from tui_app.recording.reader import Reader  # noqa: E402

SETTLE = 1_000_000


def truth(log: Path) -> dict[str, Any]:
    """What the rehearsal noted: runs by how they ended, sockets, and the time of each told event by run."""
    ended: dict[str, int] = {}
    told: dict[str, dict[str, int]] = {}
    counts = {"run_begin": 0, "socket_open": 0}
    came: dict[str, int] = {}
    first: dict[str, int] = {}
    pongs: dict[str, int] = {}
    welcomes: dict[str, int] = {}
    for line in log.read_text().splitlines():
        note = json.loads(line)
        what = note["what"]
        if what in counts:
            counts[what] += 1
        elif what == "run_end":
            ended[note["status"]] = ended.get(note["status"], 0) + 1
        elif what == "came":
            came[note.get("message_id") or note.get("id", "")] = note["ns"]
        elif what == "told" and "run_id" in note:
            told.setdefault(note["run_id"], {})[note["type"]] = note["ns"]
            if note["type"] == "agent_started":
                first[note["request_id"]] = note["ns"]
        elif what == "told" and note["type"] == "pong":
            pongs[note.get("id", "")] = note["ns"]
        elif what == "told" and "asked_ns" in note:
            welcomes[note["connection_id"]] = note["answered_ns"] - note["asked_ns"]
    answers = {name: at - came[name] for name, at in first.items() if name in came}
    pings = {name: at - came[name] for name, at in pongs.items() if name in came}
    return {**counts, "ended": ended, "told": told, "series": {"send to first event": answers, "ping": pings, "upgrade": welcomes}}


def seen(recording: Path) -> dict[str, Any]:
    """What the client recorded of the same."""
    rows: list[Row] = []
    with Reader(recording) as reader:
        rows = list(reader.rows())
    told: dict[str, dict[str, int]] = {}
    asked: dict[str, int] = {}
    upgrades: dict[int, float] = {}
    series: dict[str, dict[str, int]] = {"send to first event": {}, "ping": {}, "upgrade": {}}
    for row in rows:
        if row.kind == "conn" and row.type == "open":
            upgrades[row.conn] = row.body["phases"]["upgrade_ms"]
        elif row.kind == "frame" and row.dir == "out" and row.type in ("user_message", "ping"):
            asked[row.body.get("message_id") or row.body.get("id", "")] = row.t
        elif row.kind == "frame" and row.dir == "in" and row.type in ("connection_established", "welcome"):
            series["upgrade"][row.body["data"]["connection_id"]] = int(upgrades[row.conn] * 1e6)
        elif row.kind == "frame" and row.dir == "in" and row.type in ("agent_started", "pong") and row.flag != "control":
            name = row.body["data"].get("request_id") or row.body["data"].get("id", "")
            if name in asked:
                series["ping" if row.type == "pong" else "send to first event"][name] = row.t - asked[name]
        if row.kind == "frame" and row.dir == "in" and row.type in ("agent_started", "agent_completed", "agent_error"):
            told.setdefault(row.run, {})[row.type] = row.t
    shared: set[str] = set()
    newest: dict[int, Row] = {}
    for row in rows:
        if row.kind == "frame" and row.dir == "in" and row.flag != "control":
            before = newest.get(row.conn)
            if before is not None and before.t == row.t and before.type in ("agent_started", "agent_completed"):
                shared.add(before.run)
            newest[row.conn] = row
    levels = {row.body["number"]: {**row.body, "state": row.type} for row in rows if row.kind == "level"}
    return {
        "asked": sum(row.kind == "step" and row.type == "begin" and row.body.get("intent") == "agent-run" for row in rows),
        "completed": sum("agent_completed" in events for events in told.values()),
        "welcomes": sum(row.kind == "conn" and row.type == "welcome" for row in rows),
        "told": told,
        "series": series,
        "shared": shared,
        "kernel": [row.body.get("stamps") for row in rows if row.kind == "conn" and row.type == "open"],
        "stuck": [(row.t - int((row.ms or 0) * 1e6), row.t) for row in rows if row.kind == "lag"],
        "levels": [levels[number] for number in sorted(levels)],
    }


def apart_ms(here: dict[str, Any], there: dict[str, Any], *, clean: bool) -> list[float]:
    """By how much the client's time between a run's first and last event is over the rehearsal's, ms, in order of size.

    `clean` leaves out runs whose first or last event fell into a hiccup of the client's own loop.
    """
    found = []
    for run, events in there["told"].items():
        mine = here["told"].get(run, {})
        if {"agent_started", "agent_completed"} <= events.keys() & mine.keys():
            ends = (mine["agent_started"], mine["agent_completed"])
            if clean and any(begin - SETTLE <= end <= until + SETTLE for begin, until in here["stuck"] for end in ends):
                continue
            found.append((ends[1] - ends[0] - (events["agent_completed"] - events["agent_started"])) / 1e6)
    return sorted(found, key=abs)


def quantile(values: list[float], q: float) -> float:
    """The value that the share `q` of them does not exceed in size."""
    return abs(values[max(0, math.ceil(q * len(values)) - 1)]) if values else math.nan


def main() -> int:
    """Run one session and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--delay-scale", default="1")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Served(folder, "--delay-scale", asked.delay_scale, users=asked.users) as served:
            home = Home(folder)
            ran = home.vigil("run", "--target", str(served.target), "--checks", "fifty-users", "--users", str(asked.users))
        there, here = truth(served.log), seen(home.recording())
    apart, clean = apart_ms(here, there, clean=False), apart_ms(here, there, clean=True)
    alone = apart_ms(here, {"told": {run: at for run, at in there["told"].items() if run not in here["shared"]}}, clean=False)
    top = here["levels"][-1]
    series = {}
    for name, ours in here["series"].items():
        over = sorted(((ours[one] - ns) / 1e6 for one, ns in there["series"][name].items() if one in ours), key=abs)
        series[f"{name}, client over rehearsal, p50 p99 max ms, n"] = (*(round(quantile(over, q), 3) for q in (0.5, 0.99, 1.0)), len(over))
    figures = {
        "runs asked for / begun there": (here["asked"], there["run_begin"]),
        "runs completed / ended as completed there": (here["completed"], there["ended"].get("completed", 0)),
        "welcomes / sockets opened there": (here["welcomes"], there["socket_open"]),
        "interval of a run, client over rehearsal, p50 ms": round(quantile(apart, 0.5), 3),
        "interval of a run, client over rehearsal, p99 ms": round(quantile(apart, 0.99), 3),
        "interval of a run, client over rehearsal, max ms": round(quantile(apart, 1.0), 3),
        "the same without runs that met a hiccup of ours, p99 ms": round(quantile(clean, 0.99), 3),
        "the same without frames that were read with a later one, p99 max ms": (
            round(quantile(alone, 0.99), 3),
            round(quantile(alone, 1.0), 3),
        ),
        "runs with a frame that was read with a later one": len(here["shared"]),
        "runs compared, and without those": (len(apart), len(clean)),
        **series,
        "sockets stamped by the kernel / opened": (here["kernel"].count("kernel"), len(here["kernel"])),
        "sockets / runs at once": (top["sockets"], top["overlap"]),
        "own cpu_s, waited_s, stuck_ms at the top": (top["cpu_s"], top["waited_s"], top["stuck_ms"]),
    }
    print(ran.reason("fifty-users"))
    for name, value in figures.items():
        print(f"{name:68} {value if not isinstance(value, tuple) else '  '.join(map(str, value))}")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
