"""How true Vigil's times are: against a platform that says of every frame when it handed it to the kernel.

    python tests/bench/bench_accuracy.py [--rates 1000,5000,20000] [--modes off,live,events,frozen] [--sockets-by websockets,picows]
                                         [--users 50] [--seconds 8] [--runs 5] [--quick] [--nice N] [--json FILE]

`vigil rehearse --metronome` sends the events of agent runs, about 400 bytes each and one write each, at a fixed rate in all.
An engine that was started as `vigil run` starts it records and judges them, with a check that has every user ask all the
time; and the application shows it on a real terminal of 160x45: not at all (off), its first screen (live), every event
(events), or to a terminal that nobody reads (frozen).

Two things are held against the metronome's clock, which is the engine's, too. *Arrival*: the time in each frame's row less
the moment in the frame. *Reported*: the p50, p99 and maximum of the latency series in the session's result, less those of
what the metronome logged. And all that was sent must have been recorded, user by user, and every run judged right: else the
exit code is 1.

Contenders are shuffled inside each pass, so that what else the machine does hits all alike; figures are medians. `others` is
what other work used meanwhile (per cent of a core), `waited` for how much of the time the engine could have run and had no
core. `--nice -15` (needs the right to) puts all processes of the measurement alike before other work.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from tests.bench import accuracy_run  # noqa: E402
from tests.bench.accuracy_run import Asked  # noqa: E402
from tests.bench.goals import Goal, at_most  # noqa: E402
from tests.bench.goals import told as lines_of  # noqa: E402

MODES = ("off", "live", "events", "frozen")
DRAWING = ("live", "events")
GOALS_MS = {(1000.0, "websockets"): 0.5, (1000.0, "picows"): 0.5, (5000.0, "websockets"): 2.0, (5000.0, "picows"): 1.0}
"""The p99 arrival error with the application drawing, at most."""
BUSY = 20.0
"""Per cent of a core that other work may use before it is told."""
Run = dict[str, Any]


def libraries() -> list[str]:
    """The libraries that sockets can stand on here."""
    return ["websockets", *(["picows"] if find_spec("picows") else [])]


def name_of(asked: Asked) -> str:
    """A contender's name in tables and documents."""
    return f"{asked.rate:g}/s {asked.sockets} {asked.mode}"


def median(runs: Sequence[Run], value: Callable[[Run], float | None]) -> float:
    """The median of the runs that have this value."""
    values = [one for one in map(value, runs) if one is not None]
    return statistics.median(values) if values else float("nan")


def summed_up(runs: Sequence[Run]) -> dict[str, Any]:
    """Medians of one contender's runs, and what must hold in each of them."""
    flat = ("events_per_s", "together", "lag_max_ms", "clock_known_ms", "engine_cpu", "metronome_cpu", "application_cpu", "others_cpu",
            "engine_waited", "metronome_waited", "kib_per_s")  # fmt: skip
    p99 = [run["arrival"]["p99_ms"] for run in runs]
    return {
        "arrival": {key: median(runs, lambda run, key=key: run["arrival"][key]) for key in ("p50_ms", "p99_ms", "p999_ms", "max_ms")},  # type: ignore[misc]
        "p99_min_max": [min(p99), max(p99)],
        "reported_error": {
            series: {key: median(runs, lambda run, key=key, series=series: run["series"][series].get(f"error_{key}"))  # type: ignore[misc]
                     for key in ("p50_ms", "p99_ms", "max_ms")}
            for series in accuracy_run.SERIES
        },
        **{key: median(runs, lambda run, key=key: run.get(key)) for key in flat},  # type: ignore[misc]
        "sent": sum(run["sent"] for run in runs),
        "recorded": sum(run["recorded"] for run in runs),
        "exact": all(run["sent"] == run["recorded"] and not run["differ"] for run in runs),
        "read_by": sorted({one for run in runs for one in run["read_by"]}),
        "wrong": next((run["runs"] for run in runs if not run["runs"].startswith("PASS")), ""),
    }  # fmt: skip


def table(found: dict[Asked, dict[str, Any]]) -> list[str]:
    """The figures, contender by contender; `by off`: the p99 by that of the same without the application."""
    lines = [
        f"{'contender':30}{'arrival p50':>12}{'p99':>10}{'(min-max)':>20}{'p99.9':>9}{'max':>9}{'by off':>8}"
        f"  {'run p50':>9}{'p99':>10}{'max':>10}"
        f"{'events/s':>10}{'engine':>8}{'TUI':>6}{'others':>8}{'waited':>8}{'counts':>8}"
    ]
    ratio = ratios(found)
    for asked, one in found.items():
        arrival, run = one["arrival"], one["reported_error"]["run"]
        between = f"({one['p99_min_max'][0]:.3f}-{one['p99_min_max'][1]:.3f})"
        times = f"{ratio[name_of(asked)]:.2f}" if name_of(asked) in ratio else "-"
        tui = "-" if asked.mode == "off" else f"{one['application_cpu']:.0f}%"
        lines.append(
            f"{name_of(asked):30}{arrival['p50_ms']:12.3f}{arrival['p99_ms']:10.3f}{between:>20}{arrival['p999_ms']:9.2f}{arrival['max_ms']:9.2f}{times:>8}"
            f"  {run['p50_ms']:9.3f}{run['p99_ms']:10.3f}{run['max_ms']:10.3f}{one['events_per_s']:10.0f}{one['engine_cpu']:7.0f}%{tui:>6}"
            f"{one['others_cpu']:7.0f}%{one['engine_waited']:7.1f}%{'exact' if one['exact'] else 'DIFFER':>8}"
        )
    return lines


def ratios(found: dict[Asked, dict[str, Any]]) -> dict[str, float]:
    """The p99 arrival error of each contender by that of the same without the application."""
    out = {}
    for asked, one in found.items():
        bare = next(
            (other for about, other in found.items() if about.mode == "off" and (about.rate, about.sockets) == (asked.rate, asked.sockets)),
            None,
        )
        if bare is not None and asked.mode != "off":
            out[name_of(asked)] = one["arrival"]["p99_ms"] / bare["arrival"]["p99_ms"]
    return out


def goals(found: dict[Asked, dict[str, Any]]) -> dict[str, Goal]:
    """What the goals ask, what was measured, and whether they are held."""
    out = {}
    for (rate, sockets), limit in GOALS_MS.items():
        worst = [
            one["arrival"]["p99_ms"]
            for asked, one in found.items()
            if (asked.rate, asked.sockets) == (rate, sockets) and asked.mode in DRAWING
        ]
        if worst:
            out[f"p99 arrival error at {rate:,.0f} events/s with {sockets}, the application drawing"] = at_most(max(worst), limit, "ms")
    return out


def main() -> int:
    """Measure and print; exit code 1 where a frame that was sent is not recorded, or a run is judged wrong."""
    here = libraries()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", default="1000,5000,20000", metavar="N,..", help="events a second in all")
    parser.add_argument("--modes", default=",".join(MODES), metavar="M,..", help="default " + ",".join(MODES))
    parser.add_argument("--sockets-by", default=",".join(here), metavar="L,..", help=f"socket libraries; here: {', '.join(here)}")
    parser.add_argument("--users", type=int, default=50, metavar="N", help="users, each on a socket of their own (default 50)")
    parser.add_argument("--seconds", type=float, default=8.0, metavar="S", help="how long each run is measured (default 8)")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="runs of each contender, the median is shown (default 5)")
    parser.add_argument("--quick", action="store_true", help="one short run of each at 1000/s, off and live: a look, not a measurement")
    parser.add_argument("--nice", type=int, default=0, metavar="N", help="change of priority for all processes of the measurement")
    parser.add_argument("--json", metavar="FILE", help="write the figures here, too; - for standard output")
    asked = parser.parse_args()
    if asked.quick:
        asked.rates, asked.modes, asked.runs, asked.seconds = "1000", "off,live", 1, min(asked.seconds, 3.0)
    modes, by = asked.modes.split(","), asked.sockets_by.split(",")
    for what, given, known in (("mode", modes, MODES), ("socket library", by, here)):
        if unknown := set(given) - set(known):
            parser.error(f"no {what} {', '.join(sorted(unknown))} here")
    if asked.nice:
        os.nice(asked.nice)
    contenders = [
        Asked(float(rate), mode, sockets, asked.users, asked.seconds) for rate in asked.rates.split(",") for sockets in by for mode in modes
    ]
    runs: dict[Asked, list[Run]] = {one: [] for one in contenders}
    with tempfile.TemporaryDirectory() as folder:
        home = accuracy_run.prepare(Path(folder))
        for number in range(asked.runs):
            for one in random.sample(contenders, len(contenders)):
                run = accuracy_run.measure(home, one)
                runs[one].append(run)
                said = f"{name_of(one)}: p99 {run['arrival']['p99_ms']:.3f} ms, others {run['others_cpu']:.0f}%"
                print(f"run {number + 1}/{asked.runs} {said}", file=sys.stderr, flush=True)
    found = {one: summed_up(of_one) for one, of_one in runs.items()}
    load, told, ratio = os.getloadavg()[0], goals(found), ratios(found)
    print(f"errors in ms, {asked.users} users, medians of {asked.runs} runs of {asked.seconds:g} s; ", end="")
    print(f"{os.cpu_count()} cores, load {load:.1f}")
    print("\n".join(table(found)))
    if max(one["others_cpu"] for one in found.values()) > BUSY:
        print("other work used the machine meanwhile (others, waited): tails are its doing as well; measure again when it is quiet")
    print("\n".join(lines_of(told)))
    exact = all(one["exact"] and not one["wrong"] for one in found.values())
    for one, figures in found.items():
        if figures["wrong"]:
            print(f"{name_of(one)}: {figures['wrong']}")
    print(f"sent {sum(one['sent'] for one in found.values()):,} frames, recorded {sum(one['recorded'] for one in found.values()):,}")
    if "picows" not in by:
        print("not measured: picows (vigil[fast]), which is not installed or was not asked for")
    if asked.json:
        document = json.dumps(
            {"medians": {name_of(one): value for one, value in found.items()}, "ratios": ratio, "goals": told, "exact": exact, "load": load,
             "runs": {name_of(one): value for one, value in runs.items()}}, indent=1,
        )  # fmt: skip
        if asked.json == "-":
            print(document)
        else:
            Path(asked.json).write_text(document + "\n")
    return 0 if exact else 1


if __name__ == "__main__":
    sys.exit(main())
