"""How far one engine goes: users, events a second, and one recording of millions of frames.

    python tests/bench/bench_scale.py [--only users,load,rate,recording] [--rounds 5] [--frames 10000000] [--quick] [--json FILE]

*users*: so many users held on a server on this machine: memory for each, and what holding them costs while nobody asks.
*load*: 1,000 users at 5,000 events/s: which share of two cores the engine takes. *rate*: the most events/s that an engine on one
core of its own judges and records (the server has another one), once with the five events of a short run and once with a hundred
events a run. First as fast as answers come; then, from there down, asked for by a timetable, until nothing is late by more than
a quarter of a second in the second half. *recording*: one session of --frames frames (messages asked count, too), recorded and
judged live: memory of its engine for each million events; then a window anywhere in the recording, filters, its end, judging it
anew, reports, and the memory of the application on a real terminal that walks through it.

Everything that works while agents run is on: sockets, normaliser, judges, markers and the isolation matrix, the writer. What the
server counted is the truth: whoever recorded another number, lost a row, let go of a user or judged a good run bad has failed (exit
code 1). Figures are medians of the rounds. Where other work takes the core (`waited`: for how much of the time the engine could have
run and had none), what is done in a CPU second still stands, and rates do not.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from tests.bench import goals, scale_recording  # noqa: E402
from tests.bench.bench_cost import environment  # noqa: E402
from tests.bench.goals import Goal  # noqa: E402
from tests.bench.scale_engine import Phase  # noqa: E402
from tests.bench.scale_run import Run, room_for, run  # noqa: E402

EVENTS = 5
SHAPES = {"5 events a run": 0, "100 events a run": 95}
"""Further thoughts in each run's answer, by what is measured."""
RATE_USERS = 100
STEPS = (0.95, 0.85, 0.75, 0.6, 0.45, 0.3)
"""Of what an engine does flat out: the rates that are asked for, one after the other until one is held."""
LADDER_ROUNDS = 3
LATE_MS = 250.0
"""How late the p99 of runs may be for a rate to be held."""
KEPT_UP = 0.98
"""The share of what was due that must have been asked for in that time."""
RECORDING_USERS = 50
RECORDING_MORE = 15
"""A run of the recording: its message, its five events and so many further thoughts."""
LITTLE = 50
"""The recording that the application is opened on for comparison has one of so many frames."""
REJUDGES = 3
WARM = 0.2
"""The share of a session after which memory that grows is counted."""
GOAL_USERS = 5_000
GOAL_LOAD = (1_000, 5_000.0)
GOAL_FRAMES = 990_000
"""A million, less what does not fill a run."""
QUICK = {"users": 200, "load_users": 100, "load_rate": 500.0, "seconds": 3.0, "rounds": 1, "frames": 100_000, "walks": 2}
MIB_FOR_NOISE = 8.0
"""What two processes of the same application that did the same may differ by."""


def median(runs: Sequence[Run], value: Callable[[Run], float]) -> float:
    """The median over runs that measured it; not a number where none did."""
    values = [value(one) for one in runs if one.get("phases") is not None]
    return statistics.median(values) if values else float("nan")


def repeated(asked: argparse.Namespace, name: str, one: Callable[[Path], Run], rounds: int = 0) -> list[Run]:
    """So many runs, each in a folder of its own."""
    runs = []
    for number in range(min(rounds or asked.rounds, asked.rounds)):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(one(Path(folder)))
        print(f"{name}, round {number + 1}: {runs[-1]['wrong'] or 'as the server counted'}", file=sys.stderr, flush=True)
    return runs


def users(asked: argparse.Namespace) -> dict[str, Any]:
    """Users held while nobody asks, and then each asks once."""
    once = [Phase(runs=asked.users)]
    runs = repeated(asked, "users", lambda folder: run(folder, asked.users, once, idle_s=asked.seconds))
    return {
        "users": asked.users,
        "held": min((one.get("held", 0) for one in runs), default=0),
        "kib_per_user": median(runs, lambda one: (one["held_kib"] - one["bare_kib"]) / asked.users),
        "rss_mib": median(runs, lambda one: one["held_kib"] / 1024),
        "connects_per_cpu_s": median(runs, lambda one: asked.users / one["connecting"]["cpu_s"]),
        "idle_share_of_a_core": median(runs, lambda one: 100 * one["idle_cpu_s"] / asked.seconds),
        "runs": runs,
    }


def load(asked: argparse.Namespace) -> dict[str, Any]:
    """So many users at so many events a second."""
    phases = [Phase(rate=asked.load_rate / EVENTS, seconds=asked.seconds)]
    runs = repeated(asked, "load", lambda folder: run(folder, asked.load_users, phases))
    share = median(runs, lambda one: 50 * one["phases"][0]["cpu_s"] / one["phases"][0]["lasted_s"])
    rate = median(runs, lambda one: one["phases"][0]["runs"] * EVENTS / one["phases"][0]["lasted_s"])
    return {
        "users": asked.load_users,
        "asked_events_per_s": asked.load_rate,
        "events_per_s": rate,
        "share_of_two_cores": share,
        "users_per_core": 50 * asked.load_users / share * rate / asked.load_rate,
        "events_per_cpu_s": median(runs, lambda one: one["phases"][0]["runs"] * EVENTS / one["phases"][0]["cpu_s"]),
        "waited_for_a_core_share": waited(runs),
        "late_p99_ms": median(runs, lambda one: one["phases"][0]["late_ms"]["p99"]),
        "runs": runs,
    }


def kept_up(one: Run) -> bool:
    """Whether a timetable was held: all that was due was asked for and answered in time, and nothing is wrong."""
    if one["wrong"] or not one.get("phases"):
        return False
    (phase,) = one["phases"]
    return bool(phase["runs"] >= KEPT_UP * phase["rate"] * phase["lasted_s"] and phase["late_ms"]["p99"] <= LATE_MS)


def highest(asked: argparse.Namespace, name: str, more: int) -> dict[str, Any]:
    """The most that is judged and recorded on one core with answers of so many events."""
    events, many = EVENTS + more, asked.rate_users
    flat_out = [Phase(seconds=asked.seconds)]
    runs = repeated(asked, f"rate, {name}, flat out", lambda folder: run(folder, many, flat_out, more=more, pinned=True))
    most = median(runs, lambda one: one["phases"][0]["runs"] / one["phases"][0]["lasted_s"])
    held = 0.0
    steps: list[Run] = []
    for step in STEPS if most == most else ():
        phases = [Phase(rate=most * step, seconds=asked.seconds)]
        name_of = f"rate, {name}, {most * step * events:,.0f} events/s"
        of_step = repeated(asked, name_of, lambda folder, phases=phases: run(folder, many, phases, more=more, pinned=True), LADDER_ROUNDS)  # type: ignore[misc]
        steps += of_step
        if sum(map(kept_up, of_step)) * 2 > len(of_step):
            held = median(of_step, lambda one: one["phases"][0]["runs"] * events / one["phases"][0]["lasted_s"])
            break
    return {
        "flat_out_events_per_s": most * events,
        "events_per_cpu_s": median(runs, lambda one: one["phases"][0]["runs"] * events / one["phases"][0]["cpu_s"]),
        "held_events_per_s": held,
        "waited_for_a_core_share": waited(runs),
        "pinned": bool(runs and runs[0]["pinned"]),
        "runs": runs + steps,
    }


def waited(runs: Sequence[Run]) -> float:
    """For how much of the time, per cent, the engine could have run and had no core."""
    return median(runs, lambda one: 100 * one["phases"][0]["waited_s"] / one["phases"][0]["lasted_s"])


def growth(one: Run, events: int) -> float:
    """MB that the engine grew by for each million events (of `events` a run), after its warming up."""
    (phase,) = one["phases"]
    later = [(runs, kib) for runs, kib in phase["resident"] if runs >= WARM * phase["runs"]]
    (first, low), (last, high) = later[0], later[-1]
    return (high - low) * 1024 / max((last - first) * events, 1) if last > first else float("nan")


def recording(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """One long session, and everything that is done with its recording."""
    events = EVENTS + RECORDING_MORE
    of_users = min(RECORDING_USERS, max(asked.frames // 1000, 2))
    phases = [Phase(runs=asked.frames // (events + 1))]
    made = run(folder, of_users, phases, more=RECORDING_MORE)
    print(f"recording: {made['wrong'] or 'as the server counted'}", file=sys.stderr, flush=True)
    if not made.get("phases"):
        return {"wrong": made["wrong"], "runs": [made]}
    path, env = Path(made["recording"]), environment(folder)
    frames = made["recorded"] + made["server"]["messages"]
    found: dict[str, Any] = {
        "frames": frames,
        "rows": made["rows"],
        "mib": made["bytes"] / 2**20,
        "bytes_per_frame": made["bytes"] / frames,
        "frames_per_s": frames / made["phases"][0]["lasted_s"],
        "frames_per_cpu_s": frames / made["phases"][0]["cpu_s"],
        "engine_rss_mib": made["rss_mb"],
        "engine_mb_per_million_events": growth(made, events),
        "looked_at": scale_recording.looked_at(path),
        "rejudge": scale_recording.rejudged(path, made["judged"], env, folder, min(asked.rounds, REJUDGES)),
        "reports": scale_recording.reported(path),
        "application": scale_recording.shown(path, env, asked.walks),
    }
    path.unlink()
    little = run(folder, of_users, [Phase(runs=max(asked.frames // (events + 1) // LITTLE, of_users))], more=RECORDING_MORE)
    found["application of a little recording"] = scale_recording.shown(Path(little["recording"]), env, asked.walks)
    found["application_mib_more_than_on_a_little_recording"] = (
        found["application"]["walks_mib"][-1] - found["application of a little recording"]["walks_mib"][-1]
    )
    found["rejudge"]["s_per_million_frames"] = found["rejudge"].get("s", float("nan")) * 1e6 / frames
    return found | {"wrong": "; ".join(filter(None, (made["wrong"], found["rejudge"]["wrong"]))), "runs": [made]}


def held_against(found: dict[str, Any]) -> dict[str, Goal]:
    """The goals of what was measured at their size: a smaller one says nothing of them."""
    held: dict[str, Goal] = {}
    if (one := found.get("users")) and one["users"] >= GOAL_USERS:
        held[f"users held in one engine ({one['users']:,} asked for)"] = goals.at_least(one["held"], GOAL_USERS, "users")
    if (one := found.get("load")) and one["users"] >= GOAL_LOAD[0] and one["asked_events_per_s"] >= GOAL_LOAD[1]:
        name = f"share of two cores, {one['users']:,} users at {one['asked_events_per_s']:,.0f} events/s"
        held[name] = goals.at_most(one["share_of_two_cores"], 25.0, "%")
    for name, one in found.get("rate", {}).items():
        held[f"judged and recorded on one core, {name}"] = goals.at_least(one["held_events_per_s"], 40_000, "events/s")
    if (one := found.get("recording")) and one.get("frames", 0) >= GOAL_FRAMES:
        size = f"{one['frames']:,} frames"
        held[f"memory of the engine per million events, {size}"] = goals.at_most(one["engine_mb_per_million_events"], 40.0, "MB")
        more = one["application_mib_more_than_on_a_little_recording"]
        held[f"memory of the application more than on a recording of 1/{LITTLE}, {size}"] = goals.at_most(more, MIB_FOR_NOISE, "MiB")
        held[f"rejudge, of a million frames ({size} measured)"] = goals.at_most(one["rejudge"]["s_per_million_frames"], 10.0, "s")
    return held


def lines(value: Any, name: str = "") -> list[str]:
    """Every figure with its name, for a terminal."""
    if isinstance(value, dict) and set(value) == {"value", "unit"}:
        return [f"{name:86}{goals.figure(value['value']):>12} {value['unit']}"]
    if isinstance(value, dict):
        inner = [(f"{name}: {key}" if name else str(key), each) for key, each in value.items() if key not in ("runs", "goals")]
        return [line for key, each in inner for line in lines(each, key)]
    if isinstance(value, list):
        return [line for number, each in enumerate(value, 1) for line in lines(each, f"{name} {number}")]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [f"{name.replace('_', ' '):86}{goals.figure(value):>12}"]
    return []


def parted(found: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The figures, and by the same names the single runs whose medians they are."""
    figures: dict[str, Any] = {}
    runs: dict[str, Any] = {}
    for name, value in found.items():
        if name == "runs":
            runs["of"] = value
        elif isinstance(value, dict):
            figures[name], below = parted(value)
            runs |= {name: below} if below else {}
        else:
            figures[name] = value
    return figures, runs


def wrong(found: dict[str, Any]) -> list[str]:
    """Whatever did not fit, anywhere."""
    parts = (found.get("users", {}), found.get("load", {}), *found.get("rate", {}).values())
    said = [each["wrong"] for one in parts for each in one.get("runs", ())]
    return [each for each in (found.get("recording", {}).get("wrong", ""), *said) if each]


def main() -> int:
    """Exit code 1 where anything was lost or judged wrongly; a goal that is missed is told."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="users,load,rate,recording", metavar="PART,..")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--users", type=int, default=5_000, help="held at once")
    parser.add_argument("--load-users", type=int, default=1_000)
    parser.add_argument("--load-rate", type=float, default=5_000.0, help="events/s of all of them")
    parser.add_argument("--rate-users", type=int, default=RATE_USERS)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    parser.add_argument("--frames", type=int, default=10_000_000, help="of the recording; ten million are about 13 GB")
    parser.add_argument("--walks", type=int, default=4, help="of the application through the recording")
    parser.add_argument("--folder", type=Path, help="where the recording is made (default: the system's temporary folder)")
    parser.add_argument("--quick", action="store_true", help="small and once: a look, not a measurement")
    parser.add_argument("--json", metavar="FILE")
    if "--quick" in sys.argv[1:]:
        parser.set_defaults(**QUICK)
    asked = parser.parse_args()
    parts = asked.only.split(",")
    if unknown := set(parts) - {"users", "load", "rate", "recording"}:
        parser.error(f"no part {', '.join(sorted(unknown))}")
    if why := room_for(max(asked.users, asked.load_users, asked.rate_users)):
        parser.error(why)
    before, found = os.getloadavg()[0], dict[str, Any]()
    if "users" in parts:
        found["users"] = users(asked)
    if "load" in parts:
        found["load"] = load(asked)
    if "rate" in parts:
        found["rate"] = {name: highest(asked, name, more) for name, more in SHAPES.items()}
    if "recording" in parts:
        with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
            found["recording"] = recording(asked, Path(folder))
    held = held_against(found)
    print("\n".join([*lines(found), *goals.told(held)]))
    if before > 1:
        print(f"the machine was at work before this began (load {before:.1f}): rates are lower than on a free one")
    bad = wrong(found)
    print("\n".join(f"WRONG: {each}" for each in bad), end="\n" if bad else "")
    if asked.json:
        figures, runs = parted(found)
        document = {"rounds": asked.rounds, "load_before": before, **figures, "goals": held, "runs": runs}
        Path(asked.json).write_text(json.dumps(document, indent=1) + "\n")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
