"""The protocol generations that the rehearsal plays (wire contract 0, 4.2, 6.1), each in a module of its own.

Everything inside the platform, faults included, speaks in the frames of g2. A generation turns one into what travels at the
very end, when the frame is sent, and has the beginning of a connection in its hands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tui_app.rehearsal.generations.base import Generation
from tui_app.rehearsal.generations.g1 import G1
from tui_app.rehearsal.generations.g2 import G2
from tui_app.rehearsal.generations.g3 import G3
from tui_app.rehearsal.options import Options

_MADE: Final[dict[str, Callable[[Options], Generation]]] = {"g1": G1, "g2": G2, "g3": G3}


def made(options: Options) -> Generation:
    """The generation that these options ask for."""
    return _MADE[options.generation](options)
