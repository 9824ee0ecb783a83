"""Python and packages, against what this version was tested with."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from importlib import metadata

from tui_app import __version__
from tui_app.doctor.findings import Finding, Place, bad, ok, warn

PIN = re.compile(r"([A-Za-z0-9._-]+)\s*==\s*([0-9][0-9.]*?)(\.\*)?\s*(?:;.*)?$")
EXTRA = re.compile(r"extra\s*==\s*['\"]([a-z]+)['\"]")
OPTIONAL = {"web": "vigil web", "tiers": "direct looks into the stores"}


def look(place: Place) -> Iterator[Finding]:
    yield ok("Python", f"{platform.python_version()}, Vigil {__version__}")
    try:
        wanted = metadata.requires("vigil") or []
    except metadata.PackageNotFoundError:
        yield warn("packages", "Vigil is not installed here, so nothing says which versions it was tested with", "python -m pip install .")
        return
    missing: dict[str, list[str]] = {}
    wrong, fits = [], 0
    for line in wanted:
        pin, extra = PIN.match(line), EXTRA.search(line)
        name = extra[1] if extra else ""
        if pin is None or (extra is not None and name not in OPTIONAL):
            continue
        try:
            has = metadata.version(pin[1])
        except metadata.PackageNotFoundError:
            missing.setdefault(name, []).append(pin[1])
            continue
        if matches(has, pin[2], bool(pin[3])):
            fits += 1
        else:
            wrong.append(f"{pin[1]}=={pin[2]}{pin[3] or ''} (here {has})")
    if lacks := missing.pop("", []):
        yield bad("packages", f"{', '.join(lacks)} missing", "python -m pip install -e .     # in Vigil's folder")
    if wrong:
        yield warn("packages", f"others than tested: {', '.join(wrong)}", "python -m pip install -e .     # in Vigil's folder")
    else:
        yield ok("packages", f"{fits} as tested")
    for name, lacks in missing.items():
        yield Finding(
            "packages",
            "ok",
            f"{OPTIONAL[name]} is not installed ({', '.join(lacks)})",
            (f"python -m pip install -e '.[{name}]'     # in Vigil's folder",),
        )


def matches(has: str, wanted: str, beginning: bool) -> bool:
    """Whether a version is the wanted one, or begins with it (PEP 440, version matching)."""
    mine, theirs = has.split("."), wanted.split(".")
    return mine[: len(theirs)] == theirs if beginning else mine == theirs
