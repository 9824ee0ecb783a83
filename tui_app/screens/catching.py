"""Bringing the state up to the recording, a little at a time: keys act and the screen is drawn between two looks."""

from __future__ import annotations

import math
import time
from typing import Final

from tui_app.recording.errors import RecordingError
from tui_app.screens.safe import clean
from tui_app.screens.view import View

BUDGET: Final = 0.01
"""Seconds that one look may spend on rows not yet folded; a long recording catches up over several."""
BETWEEN: Final = 0.002
"""Seconds that keys and drawing have between two of those."""
ROWS_AT_ONCE: Final = 200
"""State rows folded between two looks at the clock."""


def catch_up(view: View, budget: float = math.inf) -> None:
    """Fold what the recording has beyond the state, as much as fits into `budget` seconds; `view.caught_up` says how far that is."""
    if view.fold is None or view.reader is None:
        return
    until = time.monotonic() + budget
    behind = True
    try:
        if view.playback is not None:
            view.playback.advance(view.caught_up == 1)
        while behind:
            behind = view.fold.catch_up(view.reader, ROWS_AT_ONCE) >= ROWS_AT_ONCE
            if view.playback is not None:
                view.playback.keep(view.fold)
            if time.monotonic() >= until:
                break
        over = view.role == "opened" or (view.playback is not None and view.playback.over)
        if not behind and over and not view.fold.state.ended:
            view.fold.interrupted()
        view.caught_up = min(view.fold.state.seq / max(view.reader.head(), 1), 0.99) if behind else 1.0
    except RecordingError as error:
        view.gone, view.caught_up = view.gone or clean(str(error)), 1.0
    view.state = view.fold.state
