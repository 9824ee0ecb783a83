"""Colours: how many the terminal has, and whether they are wanted."""

from __future__ import annotations

from collections.abc import Iterator

from tui_app.doctor.findings import Finding, Place, ok, warn


def look(place: Place) -> Iterator[Finding]:
    environment = place.environment
    name, many = environment.get("TERM", ""), environment.get("COLORTERM", "").lower()
    if "NO_COLOR" in environment:
        yield ok("colours", "none, as NO_COLOR asks; words and glyphs say all")
    elif many in ("truecolor", "24bit") or name.endswith("-direct"):
        yield ok("colours", f"16 million ({f'COLORTERM={many}' if many else f'TERM={name}'})")
    elif "256" in name or name.startswith(("xterm-kitty", "alacritty", "foot", "wezterm")):
        hint = ("export COLORTERM=truecolor   # if the terminal has them; sudo and ssh do not pass it on",)
        yield Finding("colours", "ok", "256; COLORTERM does not say more", hint)
    elif name in ("", "dumb"):
        yield warn("colours", "none: TERM names no terminal", "export TERM=xterm-256color")
    else:
        yield ok("colours", f"16 (TERM={name}): the themes ansi-dark and ansi-light use the terminal's own")
