"""The built-in rehearsal staging: a real, small agent-chat platform in its own process, on loopback only.

`serve(argv)` runs it (the command line is in `options`), `list_faults()` names the faults that can be seeded. Both import lazily,
so that naming the faults does not load a web server.
"""

from __future__ import annotations

from typing import Any


def serve(argv: list[str] | None = None) -> int:
    """Run the rehearsal until it is told to stop; returns the process's exit code (2 for wrong usage)."""
    from tui_app.rehearsal.server import serve as run

    return run(argv)


def list_faults() -> list[dict[str, Any]]:
    """The faults that `--fault` takes: {"id", "behaviour", "caught_by", "probabilistic"} each, in a stable order."""
    from tui_app.rehearsal.faults import as_json

    return as_json()
