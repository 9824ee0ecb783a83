"""Finds markers and known ids in text from the target, also where they travel encoded. Pure and cheap.

A marker is `VM-<first 6 hex of the session>-u<k>-<20 hex>`. A cut one is still attributed if 8 of its last 20 digits are
there. Every encoded form is an entry of `FORMS`. A form is only undone where a sign of it is there, and a long word that
was undone once and held nothing is not undone again: traffic repeats its ids, and a leak is a word never seen before.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Callable, Container, Iterable, Iterator
from typing import Final, NamedTuple

from tui_app.words import all_words, words

MARKER: Final = re.compile(r"VM-([0-9a-f]{6})-(u\d+)-([0-9a-f]{8,20})")
_ESCAPE: Final = re.compile(r"\\{1,8}u00([2-7][0-9a-fA-F])")
_PERCENT: Final = re.compile(r"%([2-7][0-9a-fA-F])")
_COMPRESSED: Final = re.compile(r"(?<![A-Za-z0-9+/_-])(?:H4sI|eJ[w-z]|eAE|eN[o-r])[A-Za-z0-9+/_-]{20,}")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{24,}")
# How "VM-" and the digit after it look in base64 when 0, 1 or 2 bytes precede it in its group of three.
_BASE64_SIGNS: Final = ("Vk0t", "ZNL", "WTS")
_HEX: Final = re.compile(r"[0-9a-fA-F]{32,}")
_DIGITS: Final = re.compile(r"[0-9a-f]{16,}")
_ID_LIKE: Final = re.compile(r"[0-9a-f-]+")
ID_MIN: Final = 8
WHOLE: Final = 20
"""Digits at the end of a marker."""
LONG: Final = 16
"""Characters from which on a word may hide something: 16 of a marker's 20 digits."""
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_LEGIBLE: Final = [ord(character) for character in _ALPHABET + "%\\"]


def _one_of(places: Iterable[int]) -> str:
    return "[" + "".join(_ALPHABET[place] for place in sorted(set(places), reverse=True)) + "]"


_GROUP: Final = (
    _one_of(byte >> 2 for byte in _LEGIBLE)
    + _one_of(two << 4 | byte >> 4 for byte in _LEGIBLE for two in range(4))
    + _one_of(four << 2 | byte >> 6 for byte in _LEGIBLE for four in range(16))
    + _one_of(byte & 63 for byte in _LEGIBLE)
)
# Eight legible characters in a row, in base64: two whole groups of them at least, wherever they begin.
_READABLE: Final = re.compile(f"(?:{_GROUP}){{2}}")
_AROUND: Final = WHOLE - LONG
_CORE: Final = slice(_AROUND, WHOLE - _AROUND)
"""What of a marker's digits is in every part of it."""
_BASE64_MIN: Final = 22
UNPACKED: Final = 1 << 16
"""Bytes that a compressed word is unpacked to at most."""


class Mark(NamedTuple):
    """A marker as found: the session's six digits, the label of the user it belongs to, and its random part."""

    session: str
    user: str
    tail: str


class Form(NamedTuple):
    """An encoded form. `of_text` undoes it in a whole text, `of_words` in long words; what cannot be undone gives nothing.

    packs -- what it makes of a text is a long word, so where there is none it need not be looked for
    """

    text: str
    packs: bool = True
    of_text: Callable[[str], Iterable[str]] | None = None
    of_words: Callable[[list[str]], Iterable[str]] | None = None


def _escaped(text: str) -> Iterator[str]:
    if "\\u00" in text:
        yield _ESCAPE.sub(_character, text)


def _percented(text: str) -> Iterator[str]:
    if "%" in text and _PERCENT.search(text):
        yield _PERCENT.sub(_character, text)


def signs(text: str) -> bool:
    """Whether a form that is undone in any text, whatever its words, may be there."""
    return "%" in text or "\\u00" in text


def packed(text: str) -> bool:
    """Whether a form that makes one long word of what it hides may be there, beside those that a word itself shows."""
    # One after the other: looking for a few characters is ten times as quick as a pattern that has them all.
    if "Vk0t" in text or "ZNL" in text or "WTS" in text:
        return True
    return ("H4sI" in text or "eJ" in text or "eN" in text or "eAE" in text) and _COMPRESSED.search(text) is not None


def hides_nothing(word: str, known: Container[str]) -> bool:
    """Whether it shows at a glance that a word of `LONG` or more is no id or part of a marker in any form; False where it does not.

    One so short, or of nothing but hexadecimal digits and dashes, is no base64, and neither is one that would read as nothing with a
    word in it, or with escaped characters that could make one; what is left is its reversal.
    """
    if len(word) >= _BASE64_MIN and not _ID_LIKE.fullmatch(word) and _READABLE.search(word):
        return False
    return _DIGITS.search(word.lower()) is None and "-MV" not in word and word[::-1] not in known


def _character(match: re.Match[str]) -> str:
    return chr(int(match.group(1), 16))


def _unbase64(word: str) -> Iterator[str]:
    if _ID_LIKE.fullmatch(word):
        return
    plain = word.replace("-", "+").replace("_", "/")
    for skip in range(4):  # the word may begin inside a longer one, so its groups of four may begin anywhere
        decoded = _bytes(plain[skip:])
        if decoded:
            yield decoded.decode("utf-8", "replace")


def _marker_signs(text: str) -> Iterator[str]:
    """With the two characters of base64 that part words, where a marker shows by its look."""
    if any(sign in text for sign in _BASE64_SIGNS):
        for match in _BASE64.finditer(text):
            run = match[0]
            if any(sign in run for sign in _BASE64_SIGNS):
                yield from _unbase64(run)


def _bytes(plain: str) -> bytes:
    plain = plain[:-1] if len(plain) % 4 == 1 else plain + "=" * (-len(plain) % 4)
    try:
        return base64.b64decode(plain, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _unpacked(text: str) -> Iterator[str]:
    if not ("H4sI" in text or "eJ" in text or "eN" in text or "eAE" in text):
        return
    for match in _COMPRESSED.finditer(text):
        packed = _bytes(match[0].replace("-", "+").replace("_", "/"))
        try:
            yield zlib.decompressobj(wbits=47).decompress(packed, UNPACKED).decode("utf-8", "replace")
        except zlib.error:
            continue


def _from_base64(words: list[str]) -> Iterator[str]:
    for word in words:
        if len(word) >= _BASE64_MIN:
            yield from _unbase64(word)


def _from_hex(words: list[str]) -> Iterator[str]:
    for word in words:
        if len(word) >= 2 * LONG and _HEX.fullmatch(word):
            yield bytes.fromhex(word[: len(word) // 2 * 2]).decode("utf-8", "replace")


def _reversed(words: list[str]) -> Iterator[str]:
    yield " ".join(words)[::-1]


FORMS: Final[dict[str, Form]] = {
    "escaped as JSON": Form("characters written as \\u0056", packs=False, of_text=_escaped),
    "percent-escaped": Form("characters written as %56", packs=False, of_text=_percented),
    "compressed": Form("gzip or zlib in base64 or base64url", of_text=_unpacked),
    "in base64": Form("base64 and base64url at any alignment", of_text=_marker_signs, of_words=_from_base64),
    "in hexadecimal": Form("two hexadecimal digits for each byte", of_words=_from_hex),
    "reversed": Form("from its end to its beginning", of_words=_reversed),
}
"""Every encoded form that is undone, by what is said of a leak that came in it."""


def markers(text: str) -> list[Mark]:
    """Every marker in `text`, plain first, then those found only after decoding."""
    found = plain_markers(text)
    for _, decoded in hidden(text, [word for word in words(text) if len(word) >= LONG]):
        found.extend(mark for mark in plain_markers(decoded) if mark not in found)
    return found


def plain_markers(text: str) -> list[Mark]:
    """The markers that stand in `text` as they are."""
    return list(map(Mark._make, MARKER.findall(text))) if "VM-" in text else []


def hidden(text: str, long_words: list[str], depth: int = 1) -> Iterator[tuple[str, str]]:
    """What `text` and its long words read like once an encoded form is undone: (form, reading); and a form within it, `depth` deep."""
    for name, form in FORMS.items():
        readings: list[str] = []
        if form.of_text is not None and (long_words or not form.packs):
            readings.extend(form.of_text(text))
        if form.of_words is not None and long_words:
            readings.extend(form.of_words(long_words))
        for reading in readings:
            yield name, reading
            if depth and name != "reversed":
                yield from hidden(reading, [word for word in words(reading) if len(word) >= LONG], depth - 1)


class Parts:
    """Knows markers by any 16 digits in a row of their last 20.

    Every 16 of 20 hold the twelve in the middle: a marker is kept once, by those, and what stands around them is looked at then.
    """

    KEPT: Final = 80_000

    def __init__(self) -> None:
        self._by_core: dict[str, str] = {}  # core -> "user tail", of more markers with the same one after the other

    def learn(self, mark: Mark) -> None:
        """A marker that was sent: from now on a part of it is recognised."""
        if len(mark.tail) < WHOLE:
            return
        core, said = mark.tail[_CORE], f"{mark.user} {mark.tail}"
        known = self._by_core.setdefault(core, said)
        if known != said and said not in known.split(","):
            self._by_core[core] = f"{known},{said}"
        while len(self._by_core) > self.KEPT:
            del self._by_core[next(iter(self._by_core))]

    def find(self, word: str) -> tuple[str, str] | None:
        """Whose marker a word holds a part of, and that marker's digits; None for none."""
        if not self._by_core:
            return None
        for match in _DIGITS.finditer(word.lower()):
            digits = match[0]
            for at in range(len(digits) - (WHOLE - 2 * _AROUND) + 1):
                known = self._by_core.get(digits[at : at + WHOLE - 2 * _AROUND])
                if known is not None and (owner := _of_one(known, digits, at)) is not None:
                    return owner
        return None


def _of_one(known: str, digits: str, at: int) -> tuple[str, str] | None:
    """Whose of the markers with the same core a part of is in `digits`, where that core is `at`; two users' part accuses neither."""
    for start in range(max(0, at - _AROUND), min(at, len(digits) - LONG) + 1):
        part = digits[start : start + LONG]
        owners = [tuple(one.split(" ")) for one in known.split(",") if part in one]
        if owners and len({user for user, _ in owners}) == 1:
            return owners[0][0], owners[0][1]
    return None


def key_of(identifier: str) -> str:
    """What of an id is looked for in text: its longest word, or '' if that is too short to mean anything."""
    found = all_words(identifier)
    if len(found) < 2:
        return found[0] if found else ""
    return max(found, key=len)


class Bare:
    """Knows what stands between two quotes and has no word in it: most of what a frame is made of, and no id can ever be in it.

    Neither a word nor an encoded form has a quote in it, so that a text may be looked at piece by piece.
    """

    KEPT: Final = 4096
    LONGEST: Final = 64

    def __init__(self) -> None:
        self.known: set[str] = set()
        """What stood between two quotes and had no word in it."""

    def rest(self, text: str) -> set[str]:
        """The pieces of `text` that are not known to be bare."""
        return set(text.split('"')) - self.known

    def words(self, pieces: Iterable[str]) -> set[str]:
        """The words in `pieces`; those without are known from now on."""
        found: set[str] = set()
        for piece in pieces:
            inside = all_words(piece)
            if inside:
                found.update(inside)
            elif len(piece) <= self.LONGEST and not signs(piece) and not packed(piece):
                if len(self.known) >= self.KEPT:
                    self.known.clear()
                self.known.add(piece)
        return found
