"""SSH: what is other over it."""

from __future__ import annotations

from collections.abc import Iterator

from tui_app.doctor.findings import Finding, Place, ok


def look(place: Place) -> Iterator[Finding]:
    environment = place.environment
    if not (environment.get("SSH_CONNECTION") or environment.get("SSH_TTY")):
        return
    away = environment.get("SSH_CONNECTION", "").split()[:1]
    inside = "" if environment.get("TMUX") else "; a session goes on when the line breaks, and `vigil attach` finds it again"
    yield ok("SSH", f"from {away[0] if away else 'elsewhere'}: the mouse is off, so that the terminal's own selection works{inside}")
