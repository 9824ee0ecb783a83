"""What a room is not shown: hosts, addresses and people's e-mail, wherever they come from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from widgets.glyphs import glyphs

_ADDRESSES: Final = re.compile(
    r"""
      \b[a-z][a-z0-9+.-]*://[^\s"'<>]+                        # an address with its scheme
    | [\w.+-]+@[\w-]+(?:\.[\w-]+)*                            # an e-mail address, or a person at a machine
    | \b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b                # IPv4
    | (?<![\w:])(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}(?![\w:]) # IPv6
    | \blocalhost(?::\d{1,5})?\b
    | \b(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}\b(?::\d{1,5})?   # a name with a domain
    """,
    re.IGNORECASE | re.VERBOSE,
)


def hidden(text: str, names: frozenset[str] = frozenset()) -> str:
    """`text` without addresses; `names` are hosts and people that are known by a name alone."""
    instead = glyphs().partial * 3
    text = _ADDRESSES.sub(instead, text)
    return _known(names).sub(instead, text) if names else text


@lru_cache(maxsize=4)
def _known(names: frozenset[str]) -> re.Pattern[str]:
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])", re.IGNORECASE)


def names_of(header: Mapping[str, str], host: str, environment: str) -> frozenset[str]:
    """The hosts of a session's target, its name where that is no word for its environment, who ran it, and on which machine."""
    found = {part for part in re.split(r"[@\s]+", host) if part}
    try:
        target = msgspec.json.decode(header.get("plan", "{}"), type=dict[str, Any]).get("target", {})
    except msgspec.DecodeError:
        target = {}
    for value in target.values() if isinstance(target, dict) else ():
        found |= set(_hosts(str(value)))
    name = str(target.get("name", "")) if isinstance(target, dict) else ""
    found |= {name} - {"staging", "docker", "rehearsal", "production", environment}
    return frozenset(name for name in found if len(name) > 1)


def _hosts(value: str) -> Iterator[str]:
    if "://" in value:
        host = urlsplit(value).hostname
        if host:
            yield host
