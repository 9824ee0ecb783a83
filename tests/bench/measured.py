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


def cost() -> list[tuple[str, ...]]:
    """What an event costs, contender by contender, the cheapest first; sizes one after the other."""
    sizes: dict[int, dict[str, Any]] = {}
    for name, kept in load().items():
        if name.split()[0] == "bench_cost":
            sizes |= {int(users): found for users, found in kept["document"]["found"].items()}
    rows: list[tuple[str, ...]] = []
    for users, found in sorted(sizes.items()):
        for name, one in sorted(found.items(), key=lambda item: item[1]["ms_per_1000"]):
            ratio = one["ratio"].get("websockets+uvloop")
            times = "-" if ratio is None else f"{ratio:.2f}"
            rows.append((f"{users:,}", name, WHAT[name], f"{one['ms_per_1000']:.1f}", times, f"{one['rss_mb']:.0f}"))
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
