"""How text gets onto a page that leaves the host: printable, on one line, without addresses of people and without what looks secret."""

from __future__ import annotations

import re
from typing import Final

from tui_app.recording.forms import jwts
from tui_app.sanitize import mask_email, sanitize

HELD_BACK: Final = "⟨held back⟩"
_NAMED: Final = re.compile(
    r"(?i)\b((?:[\w-]*[_-])?(?:token|passw(?:or)?d|passwd|secret|api[_-]?key|bearer|authorization))(\s*[=:]\s*|\s+)(?!⟨)(\S{6,})"
)
_IN_ADDRESS: Final = re.compile(r"(://[^/\s:@]*:)[^/\s@]+@")


def said(value: object, limit: int = 1_000) -> str:
    """What a judge or a target said, as it may leave: no token, no password in an address."""
    return mask_email(sanitize(_without_tokens(str(value)), limit))


def noted(value: object, limit: int = 1_000) -> str:
    """What a person wrote, as it may leave: values that are named as secrets are held back, too."""
    return mask_email(sanitize(scrubbed(str(value)), limit))


def scrubbed(text: str) -> str:
    """What a person wrote, without what looks like a secret: as it may be kept."""
    return _NAMED.sub(_named, _without_tokens(text))


def _without_tokens(text: str) -> str:
    found, at = "", 0
    for start, end, _ in jwts(text):
        if start >= at:
            found, at = found + text[at:start] + HELD_BACK, end
    return _IN_ADDRESS.sub(rf"\1{HELD_BACK}@", found + text[at:])


def _named(found: re.Match[str]) -> str:
    name, joint, value = found.groups()
    if "=" not in joint and not any(letter.isdigit() for letter in value):
        return found.group()  # words of a sentence: 'token: refused everywhere', 'the secret agents'
    return f"{name}{joint}{HELD_BACK}"


def operator(recorded: str) -> str:
    """Who it was, of `user@host`: written so that nobody takes it for an address."""
    user, at, host = sanitize(recorded, 120).partition("@")
    return (f"{user} on {host}" if at and host else user) or "?"
