"""Machines for the doctor to look at, made by hand: an environment, a root folder, programs that answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tui_app.doctor.findings import Place, Terminal
from tui_app.target.profile import Profile


def place(
    environment: Mapping[str, str] | None = None,
    *,
    root: Path = Path("/nowhere"),
    says: Mapping[str, str] | None = None,
    profile: Profile | None = None,
    terminal: Terminal = Terminal(80, 24, True, True, "utf-8"),  # noqa: B008
    uid: int = 4242,
) -> Place:
    """`says`: what a program prints, by its last argument; others are not there."""

    def said_by(command: Sequence[str]) -> str | None:
        return (says or {}).get(command[-1])

    return Place(environment or {}, terminal, profile, root=root, said_by=said_by, uid=uid)


def file(root: Path, path: str, text: str) -> None:
    """A file below a root."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)
