"""What a rerun's parent said of the same check: read once from its recording, where that is still here."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from tui_app.recording.state import CheckView, SessionState
from tui_app.screens.safe import clean
from widgets.glyphs import TONES

GONE: Final = "its recording is not here any more"


def rerun_facts(check: CheckView, state: SessionState) -> list[tuple[str, str, str]]:
    """(label, text, tone) for a check of a rerun: which session it reruns, and what the check read there."""
    if not state.parent:
        return []
    told = words_of(state.parent)
    name = clean(state.parent)
    if told is None:
        return [("Rerun of", f"session {name}; {GONE}", "dim")]
    word, reason = told.get(check.id, ("", ""))
    if not word:
        return [("Rerun of", f"session {name}, which did not ask this", "dim")]
    return [("Rerun of", f"session {name}, where it read {word}: {clean(reason)}", TONES.get(word, "plain"))]


@lru_cache(maxsize=4)
def words_of(session: str) -> dict[str, tuple[str, str]] | None:
    """Check id to (word, reason) of a session that has ended; None where its recording cannot be read."""
    from tui_app.recording.errors import RecordingError
    from tui_app.recording.places import SUFFIX, sessions_dir
    from tui_app.recording.reader import Reader

    try:
        with Reader(sessions_dir() / f"{session}{SUFFIX}") as reader:
            result = reader.result()
    except (RecordingError, OSError):
        return None
    return {str(check["id"]): (str(check["verdict"]), str(check["reason"])) for check in result["checks"]} if result else {}
