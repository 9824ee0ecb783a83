"""Finds markers and known ids in text from the target, also where they travel encoded. Pure and cheap.

A marker is `VM-<first 6 hex of the session>-u<k>-<20 hex>`. A cut one is still attributed if 8 of its last 20 digits are
there. Encoded forms: JSON and URL escapes, base64 and base64url at any alignment.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final, NamedTuple

MARKER: Final = re.compile(r"VM-([0-9a-f]{6})-(u\d+)-([0-9a-f]{8,20})")
_ESCAPE: Final = re.compile(r"\\{1,8}u00([2-7][0-9a-fA-F])")
_PERCENT: Final = re.compile(r"%([2-7][0-9a-fA-F])")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{24,}")
# How "VM-" and the digit after it look in base64 when 0, 1 or 2 bytes precede it in its group of three.
_BASE64_SIGNS: Final = ("Vk0t", "ZNL", "WTS")
_TOKEN: Final = re.compile(r"[\w-]{8,}")
ID_MIN: Final = 8


class Mark(NamedTuple):
    """A marker as found: the session's six digits, the label of the user it belongs to, and its random part."""

    session: str
    user: str
    tail: str


def markers(text: str) -> list[Mark]:
    """Every marker in `text`, plain first, then those found only after decoding."""
    found = [Mark(*match.groups()) for match in MARKER.finditer(text)] if "VM-" in text else []
    for decoded in _decoded(text):
        found.extend(mark for match in MARKER.finditer(decoded) if (mark := Mark(*match.groups())) not in found)
    return found


def _decoded(text: str) -> list[str]:
    """Readings of `text` that could show a marker which its plain form hides."""
    readings = []
    if "\\u00" in text:
        readings.append(_ESCAPE.sub(_character, text))
    if "VM%2" in text or "%56" in text or "%4" in text:
        readings.append(_PERCENT.sub(_character, text))
    if any(sign in text for sign in _BASE64_SIGNS):
        for match in _BASE64.finditer(text):
            run = match.group()
            if any(sign in run for sign in _BASE64_SIGNS):
                readings.extend(_unbase64(run))
    return readings


def _character(match: re.Match[str]) -> str:
    return chr(int(match.group(1), 16))


def _unbase64(run: str) -> list[str]:
    plain = run.replace("-", "+").replace("_", "/")
    readings = []
    for skip in range(4):  # the run may begin inside a longer word, so its groups of four may begin anywhere
        part = plain[skip:]
        part = part[:-1] if len(part) % 4 == 1 else part + "=" * (-len(part) % 4)
        try:
            decoded = base64.b64decode(part, validate=True)
        except (binascii.Error, ValueError):
            continue
        if b"VM-" in decoded:
            readings.append(decoded.decode("latin-1"))
    return readings


def key_of(identifier: str) -> str:
    """What of an id is looked for in text: its longest word, or '' if that is too short to mean anything."""
    words = _TOKEN.findall(identifier)
    return max(words, key=len) if words else ""


def words(text: str) -> list[str]:
    """The words of `text` that could be ids."""
    return _TOKEN.findall(text)
