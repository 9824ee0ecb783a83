"""The one gate that text from a target passes on its way to a screen or a report.

Remote text is hostile: it may move the cursor, retitle the terminal, reorder a line (bidirectional controls) or hide
parts of itself. Here every such character becomes something one can see. Unicode 15 categories; ECMA-48 controls.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

ELLIPSIS: Final = "…"
_MARKS_IN_A_ROW: Final = 3
"""More combining marks than this on one letter climb over the lines around it."""

_SAFE_WORKING_SET: Final = 8  # characters looked at per character kept: enough for what is dropped, bounded for what is huge

# Needed to draw emoji and some scripts, invisible themselves, harmless to drop.
_DROPPED: Final = frozenset("\u200c\u200d\u034f\u180b\u180c\u180d\u180f" + "".join(map(chr, range(0xFE00, 0xFE10))))
# Printable by category, yet drawn as nothing: fillers that hide where a text ends.
_BLANK: Final = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_BREAKS: Final = {"\n": "⏎", "\t": " ", "\u2028": "⏎", "\u2029": "⏎", "\x85": "⏎"}

# A quick way past what is common and plain; everything else is judged by its category.
_SUSPECT: Final = re.compile(
    "[^\x20-\x7e\xa1-\xac\xae-\u02ff\u0391-\u03a1\u03a3-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e\u2190-\u23ff\u2500-\u27ff]"
)
_EMAIL: Final = re.compile(r"([\w.!#$%&'*+/=?^`{|}~-])[\w.!#$%&'*+/=?^`{|}~-]*@(\w)[\w-]*((?:\.[\w-]+)+)")


def sanitize(text: str, limit: int | None = None) -> str:
    """The text as printable glyphs on one line; at most `limit` characters, the last being `…` where it was cut.

    Controls show as their pictures (␀ ␛ ␡), line ends as ⏎, tabs and exotic spaces as a space, format and private
    characters as ⟪U+202E⟫, halves of surrogate pairs and unassigned code points as �. Joiners and variation
    selectors are dropped. Printable ASCII comes back unchanged. Never raises.
    """
    cut = False
    if limit is not None:
        if limit <= 0:
            return ""
        most = limit * _SAFE_WORKING_SET + 64
        if len(text) > most:
            text, cut = text[:most], True
    if not (text.isascii() and text.isprintable()):
        text = _SUSPECT.sub(_seen, text.replace("\r\n", "\n"))
        text = _tame_marks(text)
    if limit is not None and (cut or len(text) > limit):
        return text[: limit - 1] + ELLIPSIS if len(text) >= limit else text + ELLIPSIS
    return text


def mask_email(text: str) -> str:
    """The text with every e-mail address reduced to first letters: `a•••@e•••.org`."""
    return _EMAIL.sub(r"\1•••@\2•••\3", text) if "@" in text else text


def _seen(match: re.Match[str]) -> str:
    char = match.group()
    known = _BREAKS.get(char)
    if known is not None:
        return known
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if char in _DROPPED or 0xE0100 <= code <= 0xE01EF:
        return ""
    if char in _BLANK:
        return " "
    category = unicodedata.category(char)
    if category == "Zs":
        return " "
    if category in ("Cs", "Cn"):
        return "�"
    if category in ("Cc", "Cf", "Co", "Zl", "Zp"):
        return f"⟪U+{code:04X}⟫"
    return char


def _tame_marks(text: str) -> str:
    kept: list[str] = []
    run = 0
    for char in text:
        run = run + 1 if char > "\u02ff" and unicodedata.category(char) in ("Mn", "Me") else 0
        if run <= _MARKS_IN_A_ROW:
            kept.append(char)
    return "".join(kept)
