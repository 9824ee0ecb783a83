"""The forms in which a secret can travel: as it is, escaped for JSON, URLs or HTML, or inside base64 at any offset.

Each form is a pattern, and an *anchor*: letters and digits in a row that every occurrence contains. Looking for anchors is what
makes a clean text cheap.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

ANCHOR_MIN: Final = 3
ANCHOR_MAX: Final = 8
EMBEDDED_MIN: Final = 6
"""Shorter pieces of base64 occur by chance."""

# Rarest first in JSON with identifiers, hex digits and ISO times.
_RARITY: Final = {c: rank for rank, c in enumerate("QXJKYWVHGUBFLPNMOCRDISAEZTzqjxkvwyphgmulnorstibfcdae9876543210")}
_SHORT_ESCAPES: Final = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}

# Hostile text must not make a search quadratic: one begins only where a run of these characters does, and is atomic up to
# the first `eyJ` of the run; repetitions of escapes are bounded.
_PART: Final = "[A-Za-z0-9_-]"
_JWT: Final = rf"(?<!{_PART})(?>{_PART}*?(?=eyJ))(eyJ{_PART}++(?:DOT{_PART}*+){{2,}}+)"
JWT: Final = re.compile(_JWT.replace("DOT", r"(?:\.|%(?:25){0,4}2[Ee])"))
"""Three parts or more, the first of which is base64url of a JSON object (RFC 7519, 3): group 1."""
JWT_HINTS: Final = ("eyJ", "ZXlK", "V5S", "leU")
"""`eyJ` itself, and what it looks like in base64 at each of three offsets."""
_JWT_BYTES: Final = re.compile(_JWT.replace("DOT", r"\.").encode())
# A base64 form of a JWT has neither of the characters 62 and 63: its own bytes cannot make them. Line breaks and padding end it.
_RUN: Final = re.compile(r"[A-Za-z0-9+/_-]{24,}")
_DOT: Final = re.compile(r"%(?:25){0,4}2[Ee]")


class Form(NamedTuple):
    """`pattern` finds it; a text without `anchor` cannot have it. An empty anchor: always look."""

    anchor: str
    pattern: re.Pattern[str]


def is_weak(secret: str) -> bool:
    """A word of fewer than 8 letters, or a number of fewer than 16 digits: it stands in many texts without being the secret,
    and replacing it everywhere would break JSON keys and numbers."""
    return (secret.isalpha() and len(secret) < 8) or (secret.isdigit() and len(secret) < 16)


def forms(secret: str) -> list[Form]:
    """Every form of an opaque secret."""
    pattern = "".join(map(_character, secret))
    if is_weak(secret):
        pattern = rf"""(?:(?<=["'=])|^){pattern}(?=["'&\s\\]|$)(?!\\{{0,8}}"\s*:)"""
    found = [Form(_anchor(re.findall(r"[A-Za-z0-9]+", secret)), re.compile(pattern))]
    raw = secret.encode("utf-8", "surrogatepass")
    for offset in range(3):
        core, tail = _core(raw, offset)
        if len(core) >= (EMBEDDED_MIN if offset else 1):
            pattern = "".join(map(_base64_character, core)) + tail
            found.append(Form(_anchor(re.findall(r"[A-Za-z0-9]+", core)), re.compile(pattern)))
    return found


def _character(c: str) -> str:
    """One character of a secret, raw or in any escape; nested escapes repeat the backslash or the %25."""
    if c.isascii() and c.isalnum():
        return c
    if c == " ":
        # A space at the edge of a secret is often trimmed on the way, but then it is another string.
        choices = [" ", r"\+"]
    elif c == "\\":
        choices = [r"\\{1,8}"]
    else:
        choices = [r"\\{0,8}" + re.escape(c)]
    if c in _SHORT_ESCAPES:
        choices.append(r"\\{1,8}" + _SHORT_ESCAPES[c])
    units = c.encode("utf-16-be", "surrogatepass")
    choices.append("".join(rf"\\{{1,8}}u(?i:{units[at : at + 2].hex()})" for at in range(0, len(units), 2)))
    choices.append("".join(f"%(?:25){{0,4}}(?i:{byte:02x})" for byte in c.encode("utf-8", "surrogatepass")))
    if html.escape(c) != c:
        choices += [re.escape(html.escape(c)), f"&#0{{0,4}}{ord(c)};", f"&#[xX]0{{0,4}}(?i:{ord(c):x});"]
    # The longest escape first: a bare backslash must not take the first half of one.
    return f"(?:{'|'.join(sorted(choices, key=len, reverse=True))})"


def _core(raw: bytes, offset: int) -> tuple[str, str]:
    """The characters of base64 that this secret alone decides if it begins `offset` bytes into a group of three, and its tail."""
    encoded = base64.b64encode(bytes(offset) + raw).decode().rstrip("=")
    start = (0, 2, 3)[offset]
    if (offset + len(raw)) % 3 == 0:
        return encoded[start:], ""
    # The last character holds bits of what follows, or zeros and padding.
    return encoded[start:-1], r"(?:[A-Za-z0-9+/_-]|\\/|%2[BFbf])(?:=|%3[Dd]){0,2}"


def _base64_character(c: str) -> str:
    """Standard or URL alphabet (RFC 4648, 4 and 5), also escaped for a URL or JSON."""
    return {"+": "(?:[+-]|%(?:25){0,4}2[Bb])", "/": r"(?:\\{0,8}/|_|%(?:25){0,4}2[Ff])"}.get(c, c)


def _anchor(runs: list[str]) -> str:
    choices = [run[at : at + ANCHOR_MAX] for run in runs for at in range(max(len(run) - ANCHOR_MAX, 0) + 1) if len(run) >= ANCHOR_MIN]
    return min(choices, key=lambda choice: (-len(choice), _RARITY[choice[0]]), default="")


def jwts(text: str) -> Iterator[tuple[int, int, str]]:
    """Every JWT-like string, plain or in base64: where it is, and the token."""
    if "eyJ" in text:
        for found in JWT.finditer(text):
            yield found.start(1), found.end(), _DOT.sub(".", found.group(1))
    if any(hint in text for hint in JWT_HINTS[1:]):
        for run in _RUN.finditer(text):
            if any(hint in run.group() for hint in JWT_HINTS[1:]):
                yield from _encoded_jwts(run.group(), run.start())


def _encoded_jwts(run: str, start: int) -> Iterator[tuple[int, int, str]]:
    standard = run.replace("-", "+").replace("_", "/")
    for shift in range(4):
        part = standard[shift:]
        # A single character left over carries no byte.
        part = part[: len(part) - (len(part) % 4 == 1)]
        try:
            decoded = binascii.a2b_base64(part + "=" * (-len(part) % 4))
        except binascii.Error:
            continue
        for found in _JWT_BYTES.finditer(decoded):
            first, last = found.start(1) * 8 // 6, -(-found.end() * 8 // 6)
            yield start + shift + first, start + shift + min(last, len(part)), found.group(1).decode("ascii")
