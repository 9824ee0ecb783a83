"""What a comparison claims: nothing of equal rehearsals, and of rehearsals that differ exactly what was planted.

    python tests/bench/bench_compare.py [--pairs 20] [--planted 3]

Every session is a process with a rehearsal of its own. Of each equal pair, every claim is a false one: checks, criteria, latency and
the wire. Of each planted pair it prints what was found of what was planted, and what was found beside it. Ends with 1 where a
claim was false or a planted difference was missed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
CHECKS: Final = "ws-connect,golden-path,five-events,isolation-frames,ping-latency,connect-latency,critical-endpoints"
SLOW_MS: Final = 400
PLANTED: Final[tuple[tuple[str, tuple[str, ...], frozenset[str], frozenset[str]], ...]] = (
    (f"0 to {SLOW_MS} ms on every frame and answer", ("--jitter-ms", str(SLOW_MS)), frozenset({"slower: ping", "check: ping-latency"}),
     frozenset({"slower: connect", "slower: connect_cold", "slower: first_event", "slower: run", "slower: http", "slower: http_wait",
                "slower: gap", "slower: recovery"})),
    ("events that reach another user", ("--fault", "misroute-event"), frozenset({"check: isolation-frames"}),
     frozenset({"check: five-events", "check: golden-path"})),
    ("no agent_thinking", ("--fault", "drop-agent-thinking"), frozenset({"check: five-events", "wire: event agent_thinking"}),
     frozenset({"check: golden-path", "check: isolation-frames"})),
)  # fmt: skip
"""(what, options of the rehearsal, what has to be found, what may be found because it follows from it)."""


@contextmanager
def rehearsal(*options: str) -> Iterator[dict[str, str]]:
    """A rehearsal's addresses, for as long as it is needed."""
    command = [sys.executable, "-m", "tui_app", "rehearse", "--stop-with-stdin", *options]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.communicate(timeout=20)


def session(home: Path, name: str, env: dict[str, str], options: Sequence[str] = ()) -> Path:
    """One session on a rehearsal of its own; gives its recording."""
    recording, target = home / f"{name}.vigil", home / f"{name}.toml"
    with rehearsal(*options) as urls:
        places = [f'{key} = "{url}"' for key, url in urls.items() if isinstance(url, str) and "://" in url]
        target.write_text("\n".join(["[target]", 'name = "one"', 'environment = "rehearsal"', *places]) + "\n", "utf-8")
        command = ["run", "--target", str(target), "--checks", CHECKS, "--users", "3", "--record", str(recording)]
        done = subprocess.run([sys.executable, "-m", "tui_app", *command], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if not recording.exists():
        raise SystemExit(f"no session: {done.stderr[-400:]}")
    return recording


def claims(one: Path, other: Path, env: dict[str, str]) -> tuple[set[str], dict[str, Any]]:
    """What `vigil compare` claims of two recordings, the second now, and its document."""
    done = subprocess.run([sys.executable, "-m", "tui_app", "compare", str(other), str(one), "--json", "-"], cwd=ROOT, env=env,
                          capture_output=True, text=True, check=False)  # fmt: skip
    found = json.loads(done.stdout)
    said = {f"check: {row['id']}" for row in found["checks"]}
    said |= {f"criterion: {row['id']}" for row in found["criteria"]}
    shifts = {row["series"]: (row["shift"] or {}).get("claim") for row in found["latency"]}
    said |= {f"{claim}: {series}" for series, claim in shifts.items() if claim in ("slower", "faster")}
    return said | {f"wire: {row['what']} {row['where']}" for row in found["drift"]}, found


def told(claimed: set[str]) -> str:
    """Claims in one line."""
    return ", ".join(sorted(claimed)) or "nothing"


def ping(found: dict[str, Any]) -> str:
    """By how much pings moved, with the interval."""
    shift = next((row["shift"] for row in found["latency"] if row["series"] == "ping" and row["shift"]), None)
    return f"; ping {shift['ms']:+.0f} ms ({shift['low']:.0f} to {shift['high']:.0f})" if shift and shift["low"] is not None else ""


def main() -> int:
    """Print every claim; 1 where one was false or a planted difference was missed."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    asked.add_argument("--pairs", type=int, default=20, help="equal pairs")
    asked.add_argument("--json", metavar="FILE", help="write the figures here")
    asked.add_argument("--planted", type=int, default=3, help="pairs of each planted difference")
    given = asked.parse_args()
    began, wrong = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "run").mkdir(mode=0o700)
        env = {**os.environ, "XDG_STATE_HOME": str(home / "state"), "XDG_RUNTIME_DIR": str(home / "run"), "PYTHONPATH": str(ROOT)}
        tested: dict[str, int] = {}
        claimed = 0
        for pair in range(given.pairs):
            said, found = claims(session(home, f"a{pair}", env), session(home, f"b{pair}", env), env)
            for row in found["latency"]:
                tested[row["series"]] = tested.get(row["series"], 0) + (row["shift"] is not None)
            claimed += bool(said)
            print(f"equal pair {pair + 1}: {', '.join(sorted(said)) or 'no difference'}; {found['same']} checks the same", flush=True)
        print(f"{claimed} of {given.pairs} equal pairs claimed a difference; with an interval: "
              + ", ".join(f"{name} {count}" for name, count in tested.items()), flush=True)  # fmt: skip
        wrong += claimed
        for number, (what, options, must, may) in enumerate(PLANTED):
            for again in range(given.planted):
                before = session(home, f"p{number}-{again}a", env)
                said, found = claims(before, session(home, f"p{number}-{again}b", env, options), env)
                said = {one for one in said if not one.startswith("criterion")}  # criteria are read from checks
                missed, beside = must - said, said - must - may
                slow = {f"slower: {row['series']}" for row in found["latency"] if row["slow"]}
                late = f"; not decided, the client was too slow: {told(missed & slow)}" if missed & slow else ""
                wrong += bool(missed - slow or beside)
                parts = f"found {told(said & (must | may))}; missed {told(missed - slow)}; beside it {told(beside)}"
                print(f"{what}: {parts}{late}{ping(found)}", flush=True)
    if given.json:
        Path(given.json).write_text(json.dumps({"equal": {"pairs": given.pairs, "claimed": claimed}, "wrong": wrong}), "utf-8")
    print(f"{time.monotonic() - began:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
