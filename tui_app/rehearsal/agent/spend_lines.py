"""Cuts a prompt about spend into sentences without bullets, enumerators and emphasis, which name and mean nothing."""

from __future__ import annotations

import re

BULLET = re.compile(r"(?m)^[ \t>]*(?:(?:[-*+•–—·▪◦‣]|#{1,6}|\(?(?:\d{1,2}|[a-zA-Z]|[ivx]{1,4})[.)])[ \t]+)+(?=\S)")
INLINE = re.compile(r"(?<=[\s,;:])\(?(?:[b-h]|[1-9])\)[ \t]+(?=[A-Za-z*`])")
FIRST_INLINE = re.compile(r"(?<=[\s,;:])\(?a\)[ \t]+(?=[A-Za-z*`])")
EMPHASIS = re.compile(r"\*\*|__(?=\w)|(?<=\w)__|`")
SENTENCE = re.compile(r"(?<=[.!?])(?<!\bca\.)(?<!\best\.)(?<!\bvs\.)(?<!\bapprox\.)(?<!\bincl\.)(?<!\be\.g\.)(?<!\bi\.e\.)\s+|\n+|;\s+")


def sentences(text: str) -> list[str]:
    """The sentences and list lines of a text, bare of what only lays them out; none is empty."""
    bare = EMPHASIS.sub("", BULLET.sub("", text))
    bare = INLINE.sub("", FIRST_INLINE.sub("", bare))
    return [one.strip() for one in SENTENCE.split(bare) if one.strip()]
