"""Reports of a session, made from its recording alone: no clock, no network, the same bytes every time.

`facts.gather` reads a recording once, in memory that does not grow with it; each format is a module with
`write(facts) -> Iterator[str]`, pieces of one text. What failed, was blocked or is undecided comes first, and every figure
carries its n, its limit and where its evidence is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tui_app.reports.facts import Facts

FORMATS: Final = {
    "md": "markdown",
    "html": "html",
    "junit": "junit",
    "json": "document",
    "executive": "executive",
    "handover": "handover",
    "websocket": "websocket",
    "samples": "samples",
    "csv": "samples_csv",
    "slack": "chat",
    "openmetrics": "openmetrics",
}
"""Name of a format to the module that writes it."""


def writer(name: str) -> Callable[[Facts], Iterator[str]]:
    """What writes this format (KeyError if there is none)."""
    write: Callable[[Facts], Iterator[str]] = import_module(f"tui_app.reports.{FORMATS[name]}").write
    return write
