"""What an event costs: CPU and memory of Vigil with everything on, of bare clients, and of load tools, on the same work.

    python tests/bench/bench_cost.py [--users 50,500,5000] [--messages 20] [--rounds 5] [--only NAME,..] [--json FILE]

Every user connects with a token, asks so many times and waits for the five events of each answer, and closes. The server is one
hand-made process for each measurement; what it counted is the truth, and who saw another number has failed (exit code 1).
Vigil normalises, judges and records each frame; everybody else only counts. k6, artillery, locust and tsung are used where they are
on PATH. CPU is that of a contender's whole process tree, start included; `work` is what it used from its first connect to its
last close, where it can tell. Contenders are shuffled inside each round, figures are medians.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

import jwt  # noqa: E402

from tests.bench import cost_peers, goals  # noqa: E402
from tui_app.model import CRITICAL_EVENTS  # noqa: E402
from tui_app.recording.reader import Reader  # noqa: E402

BARE = ("websockets", "websockets+uvloop", "picows")
OURS = ("vigil (websockets)", "vigil (picows)")
PARTS = {"vigil without judging": ["judging"], "vigil without judging or recording": ["judging", "recording"]}
"""Vigil without some of its parts: what each costs is the difference."""
AGAINST = ("websockets+uvloop", "vigil (websockets)")
EVENTS = len(CRITICAL_EVENTS)
GOALS_MS = {(500, "vigil (websockets)"): 25.0, (500, "vigil (picows)"): 16.0}
"""CPU ms per 1,000 events, at most, by users and contender."""
SAMPLE_S = 0.05
FILES_MORE = 200
LONGEST_S = 900.0
"""Whoever has not ended by then is ended: a peer may wait for what it missed for ever."""
Run = dict[str, Any]


class Order:
    """One measurement's work: whom to sign in where, in a file that every contender reads."""

    def __init__(self, folder: Path, users: int, messages: int) -> None:
        self.folder, self.users, self.messages = folder, users, messages
        self.key = secrets.token_hex(32)
        ends = int(time.time()) + 4 * 3600
        self.tokens = [
            jwt.encode({"sub": str(uuid.uuid4()), "exp": ends, "env": "rehearsal"}, self.key, algorithm="HS256") for _ in range(users)
        ]
        self.path = folder / "order.json"

    def at(self, port: int) -> None:
        """Write it down, for the server that is there now."""
        self.port = port
        about = {"url": f"ws://127.0.0.1:{port}/ws", "tokens": self.tokens, "messages": self.messages}
        self.path.write_text(json.dumps(about))


def environment(folder: Path, sockets: str = "") -> dict[str, str]:
    """What contenders live in: folders of the bench's own."""
    env = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    for name in ("STATE_HOME", "RUNTIME_DIR", "CONFIG_HOME", "CACHE_HOME"):
        path = folder / name.lower()
        path.mkdir(mode=0o700, exist_ok=True)
        env[f"XDG_{name}"] = str(path)
    return env | ({"VIGIL_SOCKETS": sockets} if sockets else {})


def measure(name: str, order: Order) -> Run:
    """One contender on one order, with a server of its own."""
    folder = order.folder
    server = subprocess.Popen(
        [sys.executable, str(HERE / "cost_server.py"), order.key],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(folder),
    )
    try:
        assert server.stdout is not None
        order.at(int(server.stdout.readline()))
        command, env, told = contender(name, order)
        run = watched(command, env, folder)
        saw = json.loads(server.communicate()[0])
    finally:
        server.kill()
        server.wait()
    run |= told(run.pop("out"))
    if recording := run.pop("recording", ""):
        run["bytes"] = Path(recording).stat().st_size
        run["recorded"] = recorded(Path(recording))
        run["events"] = run["recorded"]
        Path(recording).unlink()
    due = order.users * order.messages
    run |= {"server": saw, "ms_per_1000": run["cpu_s"] * 1e6 / max(saw["events"], 1)}
    if run.get("work_cpu_s"):
        run["work_ms_per_1000"] = run["work_cpu_s"] * 1e6 / max(saw["events"], 1)
    run["wrong"] = "; ".join(wrong(run, saw, due))
    return run


def wrong(run: Run, saw: dict[str, Any], due: int) -> list[str]:
    """What does not fit, in words."""
    found = []
    if run["exit"]:
        found.append(f"exit code {run['exit']}: {run['last']}")
    if saw["messages"] != due:
        found.append(f"the server got {saw['messages']} of {due} messages")
    if run.get("events") is not None and run["events"] != saw["events"]:
        found.append(f"{run['events']} events of the server's {saw['events']} were seen")
    if run.get("wrong"):
        found.append(f"{run['wrong']} out of order or of somebody else")
    if run.get("lost"):
        found.append(f"{run['lost']} rows were lost")
    found += [f"{check} is {word}: {reason}" for check, (word, reason) in run.get("judged", {}).items() if word == "FAIL"]
    return found


def recorded(path: Path) -> int:
    """How many events of runs a recording holds."""
    with Reader(path) as reader:
        return sum(row.dir == "in" and row.type in CRITICAL_EVENTS for row in reader.rows(kinds=("frame",)))


def contender(name: str, order: Order) -> tuple[list[str], dict[str, str], Callable[[str], Run]]:
    """Its command, its environment, and what reads its last words."""
    if name in BARE:
        return [sys.executable, str(HERE / "cost_clients.py"), name, str(order.path)], environment(order.folder), last_line
    if name in OURS:
        env = environment(order.folder, name.partition("(")[2].rstrip(")"))
        return [sys.executable, str(HERE / "cost_vigil.py"), secrets.token_hex(6), str(order.path)], env, last_line
    if name in PARTS:
        return (
            [sys.executable, str(HERE / "cost_vigil.py"), secrets.token_hex(6), str(order.path), *PARTS[name]],
            environment(order.folder),
            last_line,
        )
    return cost_peers.command(name, order.folder, order.path), environment(order.folder), lambda out: cost_peers.told(name, out)


def last_line(out: str) -> Run:
    """What one of our own clients printed."""
    lines = out.strip().splitlines()
    return dict(json.loads(lines[-1])) if lines and lines[-1].startswith("{") else {}


def watched(command: Sequence[str], env: dict[str, str], folder: Path, longest_s: float = LONGEST_S) -> Run:
    """Run it to its end: CPU of its tree, the most memory that its tree held at once, and its last words. Killed where it takes longer."""
    out, err = folder / "out.txt", folder / "err.txt"
    began, most = time.monotonic(), 0
    with out.open("w") as said, err.open("w") as cried:
        process = subprocess.Popen(
            command, env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=cried, start_new_session=True
        )
        while True:
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            most = max(most, tree_kib(process.pid))
            if time.monotonic() - began > longest_s:
                os.killpg(process.pid, signal.SIGKILL)
            time.sleep(SAMPLE_S)
    process.returncode = os.waitstatus_to_exitcode(status)
    cries = err.read_text(errors="replace").strip().splitlines()
    return {
        "cpu_s": used.ru_utime + used.ru_stime, "wall_s": time.monotonic() - began, "rss_mb": max(most, used.ru_maxrss) / 1024,
        "exit": process.returncode, "last": cries[-1][:200] if cries else "", "out": out.read_text(errors="replace"),
    }  # fmt: skip


def tree_kib(pid: int) -> int:
    """Resident memory of a process and all below it, KiB."""
    found = 0
    with suppress(OSError, ValueError, IndexError):
        found = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() // 1024
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += sum(tree_kib(int(child)) for child in (task / "children").read_text().split())
    return found


# -- what comes out


def summed_up(runs: Sequence[Run]) -> dict[str, Any]:
    """Medians of one contender's runs at one size, least and most of the main figure, and whatever was wrong."""
    out: dict[str, Any] = {}
    for key in ("ms_per_1000", "work_ms_per_1000", "cpu_s", "wall_s", "work_s", "rss_mb", "bytes"):
        values = [run[key] for run in runs if run.get(key) is not None]
        if values:
            out[key] = statistics.median(values)
    every = [run["ms_per_1000"] for run in runs]
    out |= {"least": min(every), "most": max(every), "peak": max(run["server"]["peak"] for run in runs)}
    out |= {
        "counted": runs[-1].get("events"),
        "sent": runs[-1]["server"]["events"],
        "wrong": next((run["wrong"] for run in runs if run["wrong"]), ""),
    }
    return out


def ratios(of: dict[str, dict[str, Any]]) -> None:
    """Put beside each what it costs against the two that others are held against."""
    for one in of.values():
        one["ratio"] = {name: one["ms_per_1000"] / of[name]["ms_per_1000"] for name in AGAINST if name in of}


def table(found: dict[int, dict[str, dict[str, Any]]]) -> list[str]:
    """All of it, for a terminal."""
    lines = [
        f"{'users':>6} {'contender':20}{'ms/1k events':>13}{'(min-max)':>17}{'work':>8}{'wall s':>9}{'peak MB':>9}{'open':>7}"
        f"{'events':>9}{'/ ' + AGAINST[0]:>20}{'/ ' + AGAINST[1]:>21}"
    ]
    for users, of in found.items():
        for name, one in sorted(of.items(), key=lambda item: item[1]["ms_per_1000"]):
            work = f"{one['work_ms_per_1000']:8.1f}" if "work_ms_per_1000" in one else f"{'-':>8}"
            between = f"({one['least']:.1f}-{one['most']:.1f})"
            by = "".join(
                f"{one['ratio'][other]:>{width}.2f}" if other in one["ratio"] else " " * width
                for other, width in zip(AGAINST, (20, 21), strict=True)
            )
            lines.append(
                f"{users:6} {name:20}{one['ms_per_1000']:13.1f}{between:>17}{work}{one['wall_s']:9.2f}{one['rss_mb']:9.0f}"
                + f"{one['peak']:7}{one['sent']:9}{by}"
                + (f"  WRONG: {one['wrong']}" if one["wrong"] else "")
            )
    return lines


def main() -> int:
    """Exit code 1 where anybody's count is not the server's, or Vigil judged a good run bad."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", default="50,500,5000")
    parser.add_argument("--messages", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", metavar="NAME,..", help="default: all that are here")
    parser.add_argument("--json", metavar="FILE")
    asked = parser.parse_args()
    sizes = [int(size) for size in asked.users.split(",")]
    here, absent = available()
    chosen = [name for name in here if not asked.only or name in asked.only.split(",")]
    if unknown := set(filter(None, asked.only.split(","))) - set(here):
        parser.error(f"not here: {', '.join(sorted(unknown))}; here are {', '.join(here)}")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = max(sizes) + FILES_MORE
    if soft < need:
        if hard != resource.RLIM_INFINITY and hard < need:
            parser.error(
                f"{max(sizes)} users need {need} open files and the limit is {hard}: raise it (ulimit -Hn), or ask for fewer users"
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (need, hard))
    runs: dict[int, dict[str, list[Run]]] = {size: {name: [] for name in chosen} for size in sizes}
    for number in range(asked.rounds):
        jobs = [(size, name) for size in sizes for name in chosen]
        random.Random(number).shuffle(jobs)
        for size, name in jobs:
            with tempfile.TemporaryDirectory() as folder:
                run = measure(name, Order(Path(folder), size, asked.messages))
            runs[size][name].append(run)
            said = run["wrong"] or f"{run['ms_per_1000']:.1f} ms per 1,000 events"
            print(f"round {number + 1}: {size} users, {name}: {said}", file=sys.stderr, flush=True)
    found = {size: {name: summed_up(of[name]) for name in chosen} for size, of in runs.items()}
    for of in found.values():
        ratios(of)
    held = {
        f"CPU per 1,000 events at {users} users, {name}": goals.at_most(found[users][name]["ms_per_1000"], limit, "ms")
        for (users, name), limit in GOALS_MS.items()
        if name in found.get(users, {})
    }
    print("\n".join([*table(found), *goals.told(held)]))
    for name, why in absent.items():
        print(f"not measured: {name} ({why})")
    if asked.json:
        document = {
            "messages": asked.messages,
            "events_per_message": EVENTS,
            "rounds": asked.rounds,
            "found": found,
            "goals": held,
            "absent": absent,
            "runs": runs,
        }
        Path(asked.json).write_text(json.dumps(document, indent=1) + "\n")
    return int(any(one["wrong"] for of in found.values() for name, one in of.items() if name not in cost_peers.PEERS))


def available() -> tuple[list[str], dict[str, str]]:
    """Who can be measured here, and who not, with why."""
    from importlib.util import find_spec

    absent: dict[str, str] = {}
    if find_spec("picows") is None:
        absent |= dict.fromkeys(("picows", "vigil (picows)"), "picows is not installed: pip install 'vigil[fast]'")
    absent |= {name: f"no {name} on PATH" for name in cost_peers.PEERS if not cost_peers.found(name)}
    return [name for name in (*BARE, *OURS, *PARTS, *cost_peers.PEERS) if name not in absent], absent


if __name__ == "__main__":
    sys.exit(main())
