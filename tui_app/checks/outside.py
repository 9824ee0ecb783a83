"""Checks from outside: a team's own, from an installed package or from a file in the configuration folder.

A package names a module (or any object) with `CHECKS` under the entry point group `vigil.checks`. A file is
`checks/*.py` in the configuration folder; it is loaded only where nobody but its owner can have written it. What breaks, or
clashes with what is there, is left out, and why is kept for whoever shows the catalogue: `Outside.refused`.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import stat
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Final, get_args

import msgspec
import platformdirs

from tui_app.checks.api import Check, Effect

GROUP: Final = "vigil.checks"
_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,47}")
_EFFECTS: Final = frozenset(get_args(Effect))
_TEXTS: Final = ("title", "proves", "impact")
_COSTS: Final = frozenset({"agent_runs", "connects", "sockets", "bad_tokens", "threads", "messages", "seconds"})
MAX_BYTES: Final = 1024 * 1024


class Refused(msgspec.Struct, frozen=True):
    """What was left out of the catalogue: `source` is a check of a package or file, or the whole of it."""

    source: str
    why: str

    def __str__(self) -> str:
        return f"left out: {self.source}: {self.why}"


class Outside(msgspec.Struct, frozen=True):
    """What came from outside. `origin`: by check id, `package:NAME` or `file:NAME.py`."""

    checks: tuple[Check, ...] = ()
    origin: Mapping[str, str] = {}
    refused: tuple[Refused, ...] = ()


class Unfit(Exception):
    """A check or a source that cannot join the catalogue; the message says why and what to do."""


def folder() -> Path:
    """Where files with checks are looked for: `$XDG_CONFIG_HOME/vigil/checks`."""
    return Path(platformdirs.user_config_dir("vigil", appauthor=False)) / "checks"


def load(known: Mapping[str, Check], suites: Mapping[str, str]) -> Outside:
    """Everything from outside that fits beside the checks that are `known`. Never raises for what a source does."""
    found: dict[str, Check] = {}
    origin: dict[str, str] = {}
    refused: list[Refused] = []
    for source, made in _sources(refused):
        with _refusals(refused, source):
            for one in _checks_of(made):
                name = f"{source}: {one.id!r}" if isinstance(one, Check) else source
                with _refusals(refused, name):
                    check = _fit(one, suites)
                    if check.id in known:
                        raise Unfit("Vigil has a check of this id; give it another")
                    if check.id in found:
                        raise Unfit(f"{origin[check.id]} has a check of this id; give it another")
                    found[check.id], origin[check.id] = check, source
    _without_missing(found, known, origin, refused)
    return Outside(tuple(found.values()), {name: origin[name] for name in found}, tuple(refused))


def _without_missing(found: dict[str, Check], known: Mapping[str, Check], origin: Mapping[str, str], refused: list[Refused]) -> None:
    """Leave out what needs a check that is nowhere, and then what needed that; and what waits for itself."""
    placed = set(known)
    while ready := [name for name, check in found.items() if name not in placed and {*check.needs, *check.after} <= placed]:
        placed.update(ready)
    for name in [name for name in found if name not in placed]:
        check = found.pop(name)
        missing = sorted({*check.needs, *check.after} - placed)
        refused.append(Refused(f"{origin[name]}: {name!r}", f"it needs {', '.join(missing)}, which is not there or comes after it"))


def _sources(refused: list[Refused]) -> list[tuple[str, Any]]:
    """Every package and file with what it holds, in a stable order."""
    found: list[tuple[str, Any]] = []
    points: list[EntryPoint] = []
    with _refusals(refused, f"entry points {GROUP!r}"):
        points = sorted(entry_points(group=GROUP), key=lambda point: (point.dist.name if point.dist else "", point.name))
    for point in points:
        source = f"package:{point.dist.name if point.dist else point.name}"
        with _refusals(refused, f"{source} ({point.value})"), _quiet():
            found.append((source, point.load()))
    files: list[Path] = []
    with _refusals(refused, str(folder())):
        files = _files(folder())
    for path in files:
        with _refusals(refused, str(path)), _quiet():
            found.append((f"file:{path.name}", _module(path)))
    return found


def _files(place: Path) -> list[Path]:
    if not place.is_dir():
        return []
    for each in (place.parent, place):
        _ours(each.stat(), str(each), "folder")
    return sorted(path for path in place.glob("*.py") if not path.name.startswith("."))


def _module(path: Path) -> ModuleType:
    """A file as a module. What is run is what was looked at: the bytes of the file that was opened."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise Unfit("it is not a regular file")
        _ours(about, str(path), "file")
        source = file.read(MAX_BYTES + 1)
    if len(source) > MAX_BYTES:
        raise Unfit(f"it is larger than {MAX_BYTES // 1024} KiB, which no file of checks is")
    module = ModuleType(f"vigil_checks_{re.sub(r'[^A-Za-z0-9_]', '_', path.stem)}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)
    except BaseException:
        del sys.modules[module.__name__]
        raise
    return module


def _ours(about: os.stat_result, name: str, what: str) -> None:
    if about.st_uid != os.geteuid():
        raise Unfit(f"the {what} belongs to somebody else, who could have any code run as you; copy it to one of your own")
    if about.st_mode & 0o022:
        mode = f"mode {stat.S_IMODE(about.st_mode):04o}"
        raise Unfit(f"others may write to the {what} ({mode}), and with it have code run as you; run: chmod go-w {name}")


def _checks_of(made: Any) -> list[Any]:
    given = getattr(made, "CHECKS", None)
    if given is None:
        raise Unfit("it has no CHECKS; give it a tuple of tui_app.checks.api.Check by that name")
    if not isinstance(given, (tuple, list)) or not given:
        raise Unfit(f"its CHECKS is {'empty' if isinstance(given, (tuple, list)) else type(given).__name__}; make it a tuple of checks")
    return list(given)


def _fit(check: Any, suites: Mapping[str, str]) -> Check:
    """The check, if the catalogue can hold it; raises `Unfit`."""
    if not isinstance(check, Check):
        raise Unfit(f"its CHECKS holds a {type(check).__name__}; make it a tui_app.checks.api.Check")
    if not isinstance(check.id, str) or not _ID.fullmatch(check.id):
        raise Unfit("an id is 2 to 48 small letters, digits and dashes")
    if check.suite not in suites:
        raise Unfit(f"there is no suite {check.suite!r}; there are {', '.join(suites)}")
    for name in _TEXTS:
        value = getattr(check, name)
        if not isinstance(value, str) or not value.strip():
            raise Unfit(f"{name} is empty; say it in one sentence")
    for name in ("strategy", "needs", "after", "catches", "presets"):
        value = getattr(check, name)
        if not isinstance(value, (tuple, list)) or not all(isinstance(item, str) for item in value):
            raise Unfit(f"{name} is not a tuple of texts")
    if not check.effects or not frozenset(check.effects) <= _EFFECTS:
        raise Unfit(f"effects are one or more of {', '.join(get_args(Effect))}: they decide where it may run")
    if not callable(check.drive) or not callable(check.judge):
        raise Unfit("drive and judge are not both functions")
    if not isinstance(check.min_users, int) or check.min_users < 0:
        raise Unfit("min_users is not a whole number from 0")
    for users, preset in ((1, "quick"), (50, "comprehensive")):
        cost = dict(check.cost(users, preset))
        unknown = set(cost) - _COSTS
        if unknown or not all(isinstance(value, (int, float)) and value >= 0 for value in cost.values()):
            raise Unfit(f"cost is not numbers by {', '.join(sorted(_COSTS))}")
    if not frozenset(check.environments) <= {"rehearsal", "docker", "staging", "production"}:
        raise Unfit("environments are some of rehearsal, docker, staging, production")
    return msgspec.structs.replace(
        check, effects=frozenset(check.effects), environments=frozenset(check.environments),
        **{name: tuple(getattr(check, name)) for name in ("strategy", "needs", "after", "catches", "presets")},
    )  # fmt: skip


@contextlib.contextmanager
def _refusals(refused: list[Refused], source: str) -> Iterator[None]:
    """Keep whatever goes wrong inside as a refusal of this source, in one line."""
    try:
        yield
    except Unfit as error:
        refused.append(Refused(source, str(error)))
    except (Exception, SystemExit) as error:  # noqa: BLE001  a team's code may break in any way; it is told, never silent and never a crash
        text = " ".join(str(error).split())[:200]
        refused.append(Refused(source, f"it breaks: {type(error).__name__}{': ' if text else ''}{text}"))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """What is printed on import would stand in the engine's answer to its launcher, or across a screen."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
