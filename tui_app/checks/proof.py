"""Which checks a self-test has seen fail, and on which seeded faults: what makes a check *proven*.

Two results count: the release's own, which ships with the build, and the newest that `vigil selftest` left in the state
directory of this user. Both are documents of schema `vigil.selftest/1`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec
import platformdirs

from tui_app.verdict.self_test import SCHEMA, SelfTest

RELEASE: Final = "release.json"
LOCAL: Final = "selftest.json"


class Seen(msgspec.Struct, frozen=True):
    """`by_check`: the faults that made it FAIL. `of_release`: a release's result is among what this is read from."""

    by_check: Mapping[str, frozenset[str]] = {}
    of_release: bool = False


def local_path() -> Path:
    """Where `vigil selftest` leaves its newest result."""
    return Path(platformdirs.user_state_dir("vigil", appauthor=False)) / LOCAL


def release() -> SelfTest | None:
    """The self-test's result that ships with this build; None where none does or it cannot be read."""
    try:
        return _document(files("tui_app").joinpath("selftest", RELEASE).read_bytes())
    except OSError:
        return None


def local() -> SelfTest | None:
    """The newest result of this user's own."""
    try:
        return _document(local_path().read_bytes())
    except OSError:
        return None


def newest() -> SelfTest | None:
    """The result to show: this user's own, laid over the release's where it is only of some faults."""
    mine, shipped = local(), release()
    if mine is None or shipped is None or mine.whole:
        return mine or shipped
    tried = {fault.id: fault for fault in mine.faults}
    faults = [tried.pop(fault.id, fault) for fault in shipped.faults]
    return msgspec.structs.replace(shipped, faults=(*faults, *tried.values()))


@cache
def seen_failing() -> Seen:
    """What both results say, read once."""
    shipped, mine = release(), local()
    seen: dict[str, set[str]] = {}
    for document in (shipped, mine):
        for fault in document.faults if document else ():
            for run in fault.runs:
                # A session that caught its fault has seen every check of `caught_by` fail, and those of `also`.
                for check in fault.caught_by if run.caught else ():
                    seen.setdefault(check, set()).add(fault.id)
                for check in run.also:
                    seen.setdefault(check, set()).add(fault.id)
    return Seen({check: frozenset(faults) for check, faults in seen.items()}, shipped is not None)


def _document(raw: bytes) -> SelfTest | None:
    try:
        found = msgspec.json.decode(raw, type=SelfTest)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found if found.schema == SCHEMA else None
