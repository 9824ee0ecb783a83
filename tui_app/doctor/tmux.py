"""tmux: the settings that decide whether copying, colours and Esc work inside of it, with the lines for ~/.tmux.conf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tui_app.doctor.findings import Finding, Place, ok, warn

FILE: Final = "   # in ~/.tmux.conf"
ESCAPE_MS: Final = 50


def look(place: Place) -> Iterator[Finding]:
    if not place.environment.get("TMUX"):
        if place.environment.get("STY"):
            yield warn("screen", "GNU screen: no way to the clipboard from inside", "use tmux, or copy from the file that y names")
        return
    values = {name: place.said_by(["tmux", "show-options", "-gqv", name]) for name in ("set-clipboard", "escape-time")}
    if all(value is None for value in values.values()):
        yield warn("tmux", "inside of it, and it does not answer: its settings were not looked at", "tmux show-options -g")
        return
    clipboard = values["set-clipboard"] or ""
    if clipboard == "on":
        yield ok("tmux clipboard", "set-clipboard on: what is copied reaches your own clipboard")
    else:
        yield warn(
            "tmux clipboard",
            f"set-clipboard {clipboard or 'not known'}: what is copied stays inside tmux",
            f"set -s set-clipboard on{FILE}",
        )
    passes = place.said_by(["tmux", "show-options", "-gqv", "allow-passthrough"])
    if passes in ("on", "all"):
        yield ok("tmux pass-on", f"allow-passthrough {passes}")
    elif clipboard == "on":
        yield ok("tmux pass-on", f"allow-passthrough {passes or 'not known to this tmux'}, and not needed with set-clipboard on")
    else:
        yield warn(
            "tmux pass-on",
            f"allow-passthrough {passes or 'not known to this tmux'}: no other way to the clipboard",
            f"set -g allow-passthrough on{FILE}",
        )
    name = place.environment.get("TERM", "")
    if name.startswith(("tmux", "screen")) and "256" in name:
        yield ok("tmux colours", f"TERM={name}")
    else:
        yield warn(
            "tmux colours", f"TERM={name} inside tmux: colours and keys are guessed", f'set -g default-terminal "tmux-256color"{FILE}'
        )
    if not place.environment.get("COLORTERM"):
        yield Finding(
            "tmux colours", "ok", "16 million only if the terminal outside has them and tmux is told so",
            (f'set -as terminal-features ",*:RGB"{FILE}',),
        )  # fmt: skip
    waits = values["escape-time"] or ""
    if waits.isdecimal() and int(waits) > ESCAPE_MS:
        yield warn("tmux Esc", f"escape-time {waits}: Esc waits {waits} ms before it is one", f"set -sg escape-time 10{FILE}")
    elif waits:
        yield ok("tmux Esc", f"escape-time {waits} ms")
