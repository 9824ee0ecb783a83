"""Which self-test a build stands on: the result that ships with it, and whether it is of this very code."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from tui_app.checks.proof import release

JUDGING: Final = (
    "model.py", "words.py", "stamped.py", "wall_clock.py", "wire", "monitors", "verdict", "checks", "rehearsal", "engine", "fleet",
)  # fmt: skip
"""What decides whether a fault is caught."""


@cache
def code_digest() -> str:
    """A digest of all that judges, in this build."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for part in JUDGING:
        place = package / part
        for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(str(file.relative_to(package)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


@cache
def sentence() -> str:
    """The self-test in words, for reports and the About screen."""
    result = release()
    if result is None:
        return "self-test: none came with this build; `vigil selftest` runs it"
    text = f"self-test: {result.summary.text}"
    if not result.whole:
        text += ", in part"
    return text if result.code == code_digest() else f"{text}, of an earlier build"
