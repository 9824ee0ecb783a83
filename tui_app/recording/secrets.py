"""Replaces every secret before it is recorded, and before any judge sees it, by a stand-in that keeps what judging needs.

A stand-in reads `⟨secret:access:u3:1f2a3b4c⟩`: kind, owner, and a digest keyed for this session alone (architecture, idea 5).
The same secret has the same stand-in, in whatever form it was found. JWT-like strings are replaced even if nobody named them.
"""

from __future__ import annotations

import hashlib
import os
import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

from tui_app.model import Row
from tui_app.recording.forms import JWT, JWT_HINTS, Form, forms, jwts
from tui_app.words import SHORTEST, words

LENGTH_MIN: Final = 4
FEW: Final = 16
"""Anchors up to which looking for one after the other is quickest."""
SEEN_MAX: Final = 65_536
STAND_IN: Final = re.compile(r"⟨secret:[^:⟨⟩]*:[^:⟨⟩]*:[0-9a-f]{8}⟩")

_RESERVED: Final = re.compile(r"[:⟨⟩\s]")


class _Span(NamedTuple):
    start: int
    end: int
    stand_in: str


class Hints:
    """Tells which of so many anchors a text holds. Quick where it holds none, however many anchors there are."""

    def __init__(self, anchors: Collection[str]) -> None:
        self._anchors = anchors
        self._ready = False
        self._everywhere = "" in anchors
        self._words: Callable[[str], list[str]] | None = None
        self._by_length: dict[int, set[str]] = {}
        self._seen: set[str] = set()
        """Words that hold no anchor: traffic repeats its words."""

    def found(self, text: str) -> Iterable[str]:
        """The anchors in `text`; the empty one is in every text."""
        if not self._ready:
            self._prepare()
        if self._words is None:
            return [anchor for anchor in self._anchors if anchor in text]
        new = set(self._words(text)) - self._seen
        found = {anchor for word in new for anchor in self._within(word)} if new else set()
        if not found:
            self._seen |= new
            if len(self._seen) > SEEN_MAX:
                self._seen.clear()
        if self._everywhere:
            found.add("")
        return found

    def _prepare(self) -> None:
        self._ready = True
        literal = [anchor for anchor in self._anchors if anchor]
        if len(literal) > FEW:
            # An anchor is letters and digits alone, so it lies within one word of them.
            shortest = min(map(len, literal))
            self._words = words if shortest >= SHORTEST else re.compile(f"[A-Za-z0-9]{{{shortest},}}").findall
            for anchor in literal:
                self._by_length.setdefault(len(anchor), set()).add(anchor)

    def _within(self, word: str) -> Iterator[str]:
        for length, anchors in self._by_length.items():
            for at in range(len(word) - length + 1):
                if word[at : at + length] in anchors:
                    yield word[at : at + length]


class Vault:
    """The secrets of a session. One thread uses it; it holds them in memory only."""

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._stand_ins: dict[str, str] = {}
        self._tokens: dict[str, list[str]] = {}
        self._opaque: dict[str, list[tuple[Form, str]]] = {}
        """Forms with their stand-ins, by anchor."""
        self._hints = Hints(())

    def add(self, kind: str, owner: str, value: str) -> str:
        """Name a secret; returns its stand-in (that of the first time, if it is known already). An empty one is no secret.

        One of fewer than 4 characters is given a stand-in but not looked for: replacing it would garble every text. A short
        word or a number is looked for as a value of its own only (`forms.is_weak`).
        """
        if not value:
            return ""
        known = self._stand_ins.get(value)
        if known is not None:
            return known
        stand_in = self._stand_ins[value] = self._stand_in(kind, owner, value)
        if JWT.fullmatch(value):
            self._tokens.setdefault(_begin(value), []).append(value)
        elif len(value) >= LENGTH_MIN:
            for form in forms(value):
                self._opaque.setdefault(form.anchor, []).append((form, stand_in))
            self._hints = Hints(self._opaque)
        return stand_in

    def clean(self, text: str) -> str:
        """The text with a stand-in for every secret in it. Costs a microsecond or two where there is none."""
        spans = self._spans(text)
        if not spans:
            return text
        parts: list[str] = []
        at = 0
        for start, end, stand_ins in _joined(spans):
            parts += [text[at:start], *stand_ins]
            at = end
        return "".join([*parts, text[at:]])

    def clean_row(self, row: Row) -> Row:
        """The row with every string that the target may have had a hand in cleaned; itself where there is nothing to do."""
        changed = {name: clean for name in ("text", "type", "run", "thread") if (clean := self.clean(old := getattr(row, name))) is not old}
        return msgspec.structs.replace(row, **changed) if changed else row

    def stand_in(self, kind: str, owner: str, value: str) -> str:
        """The stand-in of a secret that is not looked for: whoever asks replaces it."""
        return self._stand_ins.get(value) or self._stand_in(kind, owner, value)

    def _stand_in(self, kind: str, owner: str, value: str) -> str:
        digest = hashlib.blake2b(value.encode("utf-8", "surrogatepass"), key=self._key, digest_size=4).hexdigest()
        return f"⟨secret:{_RESERVED.sub('_', kind)}:{_RESERVED.sub('_', owner)}:{digest}⟩"

    def _spans(self, text: str) -> list[_Span]:
        jwt, in_base64, shifted_1, shifted_2 = JWT_HINTS
        spans: list[_Span] = []
        if jwt in text or in_base64 in text or shifted_1 in text or shifted_2 in text:
            spans = [_Span(start, end, self._token(token)) for start, end, token in jwts(text)]
        for anchor in self._hints.found(text) if self._opaque else ():
            for form, stand_in in self._opaque[anchor]:
                spans += [_Span(*found.span(), stand_in) for found in form.pattern.finditer(text)]
        if not spans or "⟨" not in text:
            return spans
        kept = [found.span() for found in STAND_IN.finditer(text)]
        starts = [start for start, _ in kept]
        return [span for span in spans if not _within(span, kept, starts)]

    def _token(self, token: str) -> str:
        """The stand-in of a JWT-like string: its own, or that of a known token which it begins with."""
        known = self._stand_ins.get(token)
        if known is None:
            # The pattern cannot tell where a signature ends and text that follows it begins.
            known = next((self._stand_ins[each] for each in self._tokens.get(_begin(token), ()) if token.startswith(each)), None)
        return known or self._stand_in("jwt", "?", token)


def _begin(token: str) -> str:
    return ".".join(token.split(".", 2)[:2])


def _within(span: _Span, kept: list[tuple[int, int]], starts: list[int]) -> bool:
    at = bisect_right(starts, span.start) - 1
    return at >= 0 and span.end <= kept[at][1]


def _joined(spans: list[_Span]) -> list[tuple[int, int, list[str]]]:
    """Spans in order, those that overlap as one, with the stand-ins of all that are not inside another."""
    joined: list[tuple[int, int, list[str]]] = []
    for start, end, stand_in in sorted(spans, key=lambda span: (span.start, -span.end)):
        if joined and start < joined[-1][1]:
            first, last, stand_ins = joined[-1]
            if end > last:
                joined[-1] = (first, end, [*stand_ins, stand_in])
        else:
            joined.append((start, end, [stand_in]))
    return joined
