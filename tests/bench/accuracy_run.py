"""One measured session of `bench_accuracy.py`: a metronome, a real engine on it, and a real application on a pty of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import re
import shutil
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from tests.bench.accuracy_check import UNTIL
from tests.engine.conftest import Home
from tests.terminal.terminals import Terminal, until
from tui_app.checks.catalogue import by_id, forget
from tui_app.engine.launch import Launched, launch
from tui_app.engine.plan import with_needed
from tui_app.order import make_plan, secrets_for
from tui_app.recording.reader import Reader
from tui_app.target.profile import load

HERE = Path(__file__).resolve().parent
CHECK = "bench-users-ask"
WARM_UP_S = 1.5
ENDS_S = 120.0
STAMP = re.compile(r'"sent_ns":\s*(\d+)')
TICKS = os.sysconf("SC_CLK_TCK")
ARRIVAL = {"p50": 0.5, "p99": 0.99, "p999": 0.999, "max": 1.0}
SERIES = ("first_event", "run", "gap")
"""Vigil's latency series of which the metronome knows the truth."""


class Asked(msgspec.Struct, frozen=True):
    """One contender: what is measured how."""

    rate: float
    mode: str
    """off | live | events | frozen"""
    sockets: str
    """The library that Vigil's sockets stand on."""
    users: int
    seconds: float


class Machine:
    """What processes used of the machine since this was made: seconds of processor, and seconds of waiting for one."""

    def __init__(self, **pids: int) -> None:
        self.pids = pids
        self.began = time.monotonic_ns()
        self._used = {name: cpu_s(pid) for name, pid in pids.items()}
        self._own, self._busy = time.process_time(), busy_s()
        self._waited = {name: waited_s(pid) for name, pid in pids.items()}

    def shares(self) -> dict[str, float]:
        """Per cent of a core by process, of everything else, and of the time for which each could have run and had no core."""
        lasted = (time.monotonic_ns() - self.began) / 1e9
        used = {name: cpu_s(pid) - self._used[name] for name, pid in self.pids.items()}
        others = busy_s() - self._busy - sum(used.values()) - (time.process_time() - self._own)
        found = {f"{name}_cpu": 100 * seconds / lasted for name, seconds in used.items()}
        found |= {f"{name}_waited": 100 * (waited_s(pid) - self._waited[name]) / lasted for name, pid in self.pids.items()}
        return {"lasted_s": lasted, "others_cpu": 100 * max(others, 0.0) / lasted, **found}


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


def prepare(folder: Path) -> Home:
    """A home for all sessions, in which the bench's check is one of the catalogue; this process lives there from now on."""
    home = Home(folder)
    checks = folder / "config" / "vigil" / "checks"
    checks.mkdir(parents=True)
    for each in (folder / "config", checks.parent, checks):
        each.chmod(0o700)
    shutil.copy(HERE / "accuracy_check.py", checks / "accuracy_check.py")
    (checks / "accuracy_check.py").chmod(0o600)
    home.env["XDG_CONFIG_HOME"] = str(folder / "config")
    os.environ.update(home.env)
    forget()
    return home


@contextlib.contextmanager
def metronome(home: Home, rate: float, users: int, log: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """A metronome while it is needed: its process and its addresses. Its log is whole once this is over."""
    events = max(20, round(rate / users))  # a run takes a second, whatever the rate
    options = ("--run-events", str(events), "--round-from", str(users), "--log", str(log), "--stop-with-stdin")
    command = home.command("rehearse", "--metronome", str(rate), *options)
    process = subprocess.Popen(command, env=home.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.pid, json.loads(process.stdout.readline())
        process.communicate(timeout=ENDS_S)
    finally:
        process.kill()
        process.wait()


def begin(home: Home, urls: dict[str, str], asked: Asked, ends: Path) -> Launched:
    """Start the engine, as `vigil run` does; nobody watches it."""
    target = home.folder / "target.toml"
    lines = ["[target]", 'name = "metronome"', 'environment = "rehearsal"', *(f'{name} = "{url}"' for name, url in urls.items())]
    target.write_text("\n".join([*lines, "[limits]", "agent_runs = 100000", "sockets = 2000"]) + "\n")
    os.environ[UNTIL] = str(ends)
    os.environ["VIGIL_SOCKETS"] = asked.sockets
    profile = load(str(target))
    wanted = with_needed({CHECK})
    checks = [check for name, check in by_id().items() if name in wanted]
    plan = make_plan(profile, checks, users=asked.users, unattended=True)

    async def started() -> Launched:
        return await launch(plan, await secrets_for(profile, plan))

    return _loop().run_until_complete(started())


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """One loop for all engines: whoever started a process has to be there when it ends."""
    return asyncio.new_event_loop()


def measure(home: Home, asked: Asked) -> dict[str, Any]:
    """One session: errors in ms, what was sent and recorded, and what the machine did meanwhile."""
    log, ends = home.folder / "truth.jsonl", home.folder / "ends"
    log.unlink(missing_ok=True)
    ends.unlink(missing_ok=True)
    application: Terminal | None = None
    began: Launched | None = None
    try:
        with metronome(home, asked.rate, asked.users, log) as (pid, urls):
            began = begin(home, urls, asked, ends)
            asks(began, asked.users)
            application = shown(home, asked.mode, began.session)
            pids = {"engine": began.pid, "metronome": pid} | ({"application": application.pid} if application else {})
            machine = Machine(**pids)
            drawn = len(application.raw) if application else 0
            while time.monotonic_ns() < machine.began + asked.seconds * 1e9:
                if application is not None and asked.mode != "frozen":
                    application.read(0.05)
                else:
                    time.sleep(0.05)
            used, ended = machine.shares(), time.monotonic_ns()
            used["kib_per_s"] = ((len(application.raw) if application else 0) - drawn) / 1024 / used["lasted_s"]
            ends.touch()
            if application is not None:
                application.close()
                application = None
            until(lambda: over(began.pid), "the engine's end", ENDS_S)
            _loop().run_until_complete(asyncio.sleep(0.05))  # which takes note of that
        return {**compare(began.recording, log, machine.began, ended), **used}
    finally:
        ends.touch()
        if application is not None:
            application.close()
        if began is not None:
            if not over(began.pid):
                os.kill(began.pid, 9)
            for path in began.recording.parent.glob(f"{began.session}*"):
                path.unlink()


def asks(began: Launched, users: int) -> None:
    """Wait until every user's first run was asked for."""
    with Reader(began.recording) as reader:
        until(lambda: sum(row.body.get("intent") == "agent-run" for row in reader.rows(kinds=("step",))) >= users, "the first runs")


def shown(home: Home, mode: str, session: str) -> Terminal | None:
    """The application on a terminal, at the screen that is asked for; none for `off`."""
    if mode == "off":
        time.sleep(WARM_UP_S)
        return None
    application = Terminal(home, "attach", session)
    application.sees("Agent runs")
    if mode == "events":
        application.press("3")
        application.sees("agent_completed")
    if mode == "frozen":
        until(application.full, "a terminal that takes no more")
    return application


def over(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


# -- the truth, and what Vigil made of it


def compare(recording: Path, log: Path, begin: int, end: int) -> dict[str, Any]:
    """What a recording says against what the metronome did; arrival errors of frames that arrived from `begin` to `end` (ns)."""
    said = [json.loads(line) for line in log.read_text().splitlines()]
    users: dict[str, str] = {}
    got: Counter[str] = Counter()
    arrived: list[tuple[int, int, int]] = []
    asked: dict[str, int] = {}
    lags: list[tuple[int, float]] = []
    read_by: set[str] = set()
    origin: int | None = None
    with Reader(recording) as reader:
        result = reader.result() or {}
        for row in reader.rows(kinds=("frame", "user", "lag", "clock", "conn")):
            if row.kind == "frame" and row.dir == "in" and "control" not in row.flag:
                got[row.user] += 1
                if found := STAMP.search(row.text):
                    arrived.append((row.t, int(found.group(1)), row.conn))
            elif row.kind == "frame" and row.type == "user_message":
                asked[str(row.body.get("message_id"))] = row.t
            elif row.kind == "user" and row.type == "ready":
                users[str(row.body.get("sub"))] = row.user
            elif row.kind == "lag":
                lags.append((row.t, row.ms or 0.0))
            elif row.kind == "conn":
                if row.type == "open":
                    read_by.add(f"{row.body['library']}, {row.body['stamps']} stamps")
            elif row.type == "wall":
                origin = row.body.get("origin_ns")
    came = {line["request_id"]: line["came_ns"] for line in said if line["what"] == "run"}
    known_ms = 0.0
    if origin is None:
        origin, known_ms = bracket(arrived, asked, came)
    errors = sorted((t + origin - sent) / 1e6 for t, sent, _ in arrived if begin <= t + origin <= end)
    sent: Counter[str] = Counter()
    for line in said:
        if line["what"] == "sent":
            sent[users.get(line["user_id"], line["user_id"])] += line["frames"]
    return {
        "arrival": {"n": len(errors)} | {f"{name}_ms": at(errors, q) for name, q in ARRIVAL.items()},
        "events_per_s": len(errors) / (end - begin) * 1e9,
        "clock_known_ms": known_ms,
        "together": together(row for row in arrived if begin <= row[0] + origin <= end),
        "series": {name: against(name, result, said) for name in SERIES},
        "sent": sum(sent.values()), "recorded": sum(got.values()), "differ": sorted(user for user in sent | got if sent[user] != got[user]),
        "left_out": sum(line["left_out"] for line in said if line["what"] == "metronome"),
        "read_by": sorted(read_by),
        "lag_max_ms": max((ms for t, ms in lags if begin <= t + origin <= end), default=0.0),
        "runs": next((f"{one['verdict']}: {one['reason']}" for one in result.get("checks", ()) if one["id"] == CHECK), "no verdict"),
    }  # fmt: skip


def at(values: Sequence[float], q: float) -> float:
    """The value at this share of sorted ones, by the rule that Vigil's series have."""
    return values[max(math.ceil(len(values) * q - 1e-9), 1) - 1] if values else float("nan")


def bracket(arrived: Sequence[tuple[int, int, int]], asked: dict[str, int], came: dict[str, int]) -> tuple[int, float]:
    """The origin of the session's clock where the recording does not tell it, and how far at most it may be off, ms.

    Nothing arrives before it was sent, in either direction: that leaves twice the shortest way (RFC 5905, section 8).
    """
    low = max(sent - t for t, sent, _ in arrived)
    high = min(came[request] - t for request, t in asked.items() if request in came)
    return (low + high) // 2, abs(high - low) / 2e6


def together(arrived: Any) -> float:
    """The share of frames, per cent, whose stamp is that of a later one: they were read at once, and the kernel stamps the last."""
    times: dict[int, list[int]] = defaultdict(list)
    for t, _, conn in arrived:
        times[conn].append(t)
    count = sum(len(of_one) for of_one in times.values())
    return 100 * (count - sum(len(set(of_one)) for of_one in times.values())) / max(count, 1)


def against(name: str, result: dict[str, Any], said: list[dict[str, Any]]) -> dict[str, float]:
    """Vigil's reported percentiles of a series less those of the truth, ms: negative where it says less."""
    runs = [line for line in said if line["what"] == "run"]
    ends = {"first_event": ("came_ns", "first_ns"), "run": ("came_ns", "last_ns")}
    truth = sorted(line["gap_ns"] / 1e6 if name == "gap" else (line[ends[name][1]] - line[ends[name][0]]) / 1e6 for line in runs)
    shown = next((one for one in result.get("latency", ()) if one["series"] == name), {})
    found: dict[str, float] = {"n": shown.get("n", 0), "true_n": len(truth)}
    for key, q in (("p50_ms", 0.5), ("p99_ms", 0.99), ("max_ms", 1.0)):
        if shown.get(key) is not None:
            found |= {key: shown[key], f"true_{key}": at(truth, q), f"error_{key}": shown[key] - at(truth, q)}
    return found
