"""Putting the one file together: the packages that Vigil needs and no others, packed by shiv, started by our own front."""

from __future__ import annotations

import importlib.metadata as metadata
import json
import platform
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from tui_app import __version__

CHECKOUT = Path(__file__).parents[2]
OURS = ("tui_app", "widgets")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "onefile")


class BuildError(Exception):
    """The file cannot be made; the message says what is missing."""


def wanted(extras: Sequence[str]) -> list[Requirement]:
    """What the checkout asks for, with these extras."""
    project: dict[str, Any] = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    known = project["optional-dependencies"]
    for name in extras:
        if name not in known:
            raise BuildError(f"there is no extra {name!r}; there are {', '.join(sorted(known))}")
    return [Requirement(one) for one in (*project["dependencies"], *(one for name in extras for one in known[name]))]


def installed(needed: Sequence[Requirement]) -> Iterator[metadata.Distribution]:
    """Every distribution that these need, and what those need in turn, as this interpreter has them."""
    todo = list(needed)
    seen: set[tuple[str, frozenset[str]]] = set()
    given: set[str] = set()
    while todo:
        one = todo.pop()
        key = re.sub(r"[-_.]+", "-", one.name).lower()
        if (key, frozenset(one.extras)) in seen:
            continue
        seen.add((key, frozenset(one.extras)))
        try:
            found = metadata.distribution(one.name)
        except metadata.PackageNotFoundError:
            raise BuildError(f"{one} is not installed here; install the checkout with the extras that you want, then build again") from None
        if not one.specifier.contains(found.version, prereleases=True):
            raise BuildError(f"{one.name} {found.version} is installed, {one} is wanted; install the checkout anew, then build again")
        for text in found.requires or ():
            inner = Requirement(text)
            if inner.marker is None or any(inner.marker.evaluate({"extra": extra}) for extra in (*one.extras, "")):
                todo.append(inner)
        if key not in given:
            given.add(key)
            yield found


def stage(folder: Path, extras: Sequence[str], other: str = "") -> list[str]:
    """Fill `folder` with all packages; gives their names. `other` is the wheels' tag of another kind of machine."""
    needed = wanted(extras)
    if other:
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), "--platform", other, "--only-binary", ":all:",
             "--python-version", platform.python_version(), *map(str, needed)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise BuildError(f"there are no wheels for {other}: {(done.stderr.strip().splitlines() or ['pip said nothing'])[-1]}")
        shutil.rmtree(folder / "bin", ignore_errors=True)
        names = [path.name.removesuffix(".dist-info") for path in folder.glob("*.dist-info")]
    else:
        names = []
        for found in installed(needed):
            names.append(found.name)
            for file in found.files or ():
                if ".." in file.parts or file.suffix in (".pyc", ".pth") or "__pycache__" in file.parts:
                    continue
                source = Path(str(file.locate()))
                if source.is_file():
                    target = folder / file
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(source, target)
    for name in OURS:
        shutil.copytree(CHECKOUT / name, folder / name, ignore=LEFT_OUT)
    return names


def archive(staged: Path, output: Path, other: str = "") -> None:
    """Pack a staged folder into `output`: shiv's archive, with our front in place of its `__main__`."""
    python = ".".join(platform.python_version_tuple()[:2])
    made = output.with_name(output.name + ".part")
    output.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "shiv", "--site-packages", str(staged), "--entry-point", "tui_app.cli:main", "--compile-pyc",
         "--reproducible", "--python", f"/usr/bin/env python{python}", "--output-file", str(made)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode or not made.exists():
        made.unlink(missing_ok=True)
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BuildError(f"shiv could not pack: {said}; `pip install '.[onefile]'` installs what building needs")
    front = (Path(__file__).parent / "front.py").read_text("utf-8")
    with zipfile.ZipFile(made) as packed:
        build = str(json.loads(packed.read("environment.json"))["build_id"])[:16]
        native = any(name.endswith((".so", ".pyd")) for name in packed.namelist())
        facts = {
            "name": "vigil", "build": build, "python": python if native else "", "version": __version__,
            "machine": re.sub(r"^.*?(x86_64|aarch64|i686|ppc64le|s390x|armv7l)$", r"\1", other) or platform.machine(),
        }  # fmt: skip
        front = re.sub(r"^FACTS = .*$", lambda _: f"FACTS = {facts!r}", front, count=1, flags=re.MULTILINE)
        with output.open("wb") as file:
            file.write(f"#!/usr/bin/env python{python}\n".encode())
            with zipfile.ZipFile(file, "w", compression=zipfile.ZIP_DEFLATED) as into:
                for entry in packed.infolist():
                    into.writestr(entry, front if entry.filename == "__main__.py" else packed.read(entry))
    made.unlink()
    output.chmod(0o755)
