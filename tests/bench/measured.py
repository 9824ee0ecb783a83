"""The README's figures: kept from benches' documents by `run.py --keep`, and made into tables by `python -m tests.docs.refresh`."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.bench.goals import figure

FILE: Final = Path(__file__).with_name("measured.json")
SINGLE: Final = frozenset({"runs"})
"""Single measurements, of which the figures are the medians: not kept."""
WHAT: Final = {
    "picows": "counts",
    "websockets+uvloop": "counts",
    "websockets": "counts",
    "k6": "counts",
    "artillery": "counts",
    "locust": "counts",
    "tsung": "counts; asks again after the first of the five events",
    "vigil without judging or recording": "drives runs, cleans of secrets, normalises",
    "vigil without judging": "the same, and records",
    "vigil (websockets)": "**normalises, judges and records every frame**",
    "vigil (picows)": "**the same**, with `vigil[fast]`",
}
"""What each contender of `bench_cost.py` does with an event."""


def keep(name: str, command: str, document: Mapping[str, Any]) -> None:
    """Put the document of one bench, or of a part of it, in the place of the one before, with what produced it, where and when."""
    known = load()
    known[name] = {
        "command": command,
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": f"{os.cpu_count()} cores, {platform.python_implementation()} {platform.python_version()}, {platform.system()}",
        "document": {key: value for key, value in document.items() if key not in SINGLE},
    }
    FILE.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n")


def load() -> dict[str, dict[str, Any]]:
    """What is kept, by bench and part."""
    return dict(json.loads(FILE.read_text())) if FILE.exists() else {}


def parts(bench: str) -> list[dict[str, Any]]:
    """The documents of one bench, of each part that is kept."""
    return [kept["document"] for name, kept in load().items() if name.split()[0] == bench]


def cost() -> list[tuple[str, ...]]:
    """What an event costs, contender by contender, the cheapest first; sizes one after the other."""
    sizes: dict[int, dict[str, Any]] = {}
    for document in parts("bench_cost"):
        sizes |= {int(users): found for users, found in document["found"].items()}
    rows: list[tuple[str, ...]] = []
    for users, found in sorted(sizes.items()):
        for name, one in sorted(found.items(), key=lambda item: item[1]["ms_per_1000"]):
            if one["wrong"]:
                rows.append((f"{users:,}", name, f"did not do all of the work: {one['wrong']}", "-", "-", "-"))
                continue
            ratio = one["ratio"].get("websockets+uvloop")
            times = "-" if ratio is None else f"{ratio:.2f}"
            fewer = f"; at most {one['peak']:,} of them at once" if one["peak"] < users else ""
            rows.append((f"{users:,}", name, WHAT[name] + fewer, f"{one['ms_per_1000']:.1f}", times, f"{one['rss_mb']:.0f}"))
    return rows


def accuracy() -> list[tuple[str, ...]]:
    """Errors of Vigil's times by rate, socket library and what the application did meanwhile; ms."""
    rows: list[tuple[str, ...]] = []
    for document in parts("bench_accuracy"):
        for name, one in document["medians"].items():
            rate, sockets, mode = name.split()
            arrival, run = one["arrival"], one["reported_error"]["run"]
            errors = [arrival["p50_ms"], arrival["p99_ms"], arrival["max_ms"], *(abs(run[key]) for key in ("p50_ms", "p99_ms", "max_ms"))]
            rate = f"{float(rate.removesuffix('/s')):,.0f}"
            rows.append((rate, sockets, MODES[mode], *(figure(error) for error in errors), f"{one['engine_cpu']:.0f} %"))
    return rows


def scale() -> list[tuple[str, ...]]:
    """How far one engine goes: what was measured, and the figure with its unit."""
    rows: list[tuple[str, ...]] = []
    for document in parts("bench_scale"):
        for part, found in document.items():
            rows += [(what, told) for what, told in SCALE[part](found)] if part in SCALE else []
    return rows


def _users(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        ("users asked for and held by one engine", f"{found['users']:,}, {found['held']:,}"),
        ("memory for each", f"{figure(found['kib_per_user'])} KiB"),
        ("of one core, while nobody asks", f"{figure(found['idle_share_of_a_core'])} %"),
        ("sockets opened a CPU second", figure(found["connects_per_cpu_s"])),
    ]


def _load(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    what = f"{found['users']:,} users at {found['asked_events_per_s']:,.0f} events/s: "
    return [
        (f"{what}of two cores", f"{figure(found['share_of_two_cores'])} %"),
        (f"{what}so many users a core", figure(found["users_per_core"])),
    ]


def _rate(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (what, told)
        for shape, one in found.items()
        for what, told in (
            (f"events/s held on one core, {shape}", figure(one["held_events_per_s"])),
            (f"events judged and recorded a CPU second, {shape}", figure(one["events_per_cpu_s"])),
        )
    ]


def _recording(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    name = f"recording of {found['frames']:,} frames"
    return [
        (f"{name}, made of runs of twenty events", f"{found['mib'] / 1024:.1f} GiB"),
        ("frames judged and recorded a CPU second", figure(found["frames_per_cpu_s"])),
        ("memory of its engine, per million events", f"{figure(found['engine_mb_per_million_events'])} MB"),
        *((f"{name}: {what}", f"{figure(one['value'])} {one['unit']}") for what, one in found["looked_at"].items()),
        (f"{name}: judged anew", f"{figure(found['rejudge']['cpu_s'])} s of CPU, {figure(found['rejudge']['rss_mb'])} MB"),
        *(
            (f"{name}: report {what}", f"{figure(one['seconds'])} s, {figure(one['peak_mib'])} MiB")
            for what, one in found["reports"].items()
        ),
        (
            "the application on it, more than on one of a fiftieth",
            f"{figure(found['application_mib_more_than_on_a_little_recording'])} MiB",
        ),
    ]


SCALE: Final = {"users": _users, "load": _load, "rate": _rate, "recording": _recording}
MODES: Final = {"off": "off", "live": "drawing Live", "events": "drawing Events", "frozen": "on a terminal that nobody reads"}
"""What the application does, by the modes of `bench_accuracy.py`."""


SCREEN: Final = {
    "median_ms": "{} ms", "worst_ms": "worst {} ms", "p50_ms": "p50 {} ms", "p95_ms": "p95 {} ms", "kB_per_s": "{} kB/s",
    "draws_per_s": "{} draws/s", "processor_percent": "{} % of a core", "resident_mib": "{} MiB",
}  # fmt: skip
"""Figures of `bench_screen.py` in words."""


def screen() -> list[tuple[str, ...]]:
    """What the application costs whoever sits before it."""
    rows: list[tuple[str, ...]] = []
    for document in parts("bench_screen"):
        for part, found in document.items():
            for name, one in found.items():
                if isinstance(one, dict):
                    told = ", ".join(SCREEN.get(key, key + " {}").format(figure(value)) for key, value in one.items())
                    rows.append((part, name.removeprefix("this: "), told))
    return rows


def goals() -> list[tuple[str, ...]]:
    """Every goal of every bench: what was asked, what was measured, and by which command."""
    rows = []
    for kept in load().values():
        for name, goal in kept["document"].get("goals", {}).items():
            word = "at least" if goal["least"] else "at most"
            held = "held" if goal["held"] else "**missed**"
            rows.append((name, f"{word} {figure(goal['limit'])} {goal['unit']}", f"{figure(goal['measured'])} {goal['unit']}", held))
    return rows


def commands() -> list[str]:
    """The commands that produced what is kept, with where and when."""
    return [f"`{kept['command']}` ({kept['machine']}, {kept['date']})" for kept in load().values()]
