"""In which line of a TOML file a key stands, so that whoever has to change it finds it."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]#]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*'))*)\s*=""")


def line_of(text: str, path: Sequence[int | str]) -> int | None:
    """The line (from 1) of a key, or of the nearest table around it that stands in the file; None where none of it does.

    path -- as pydantic gives it: ("credentials", "mode") or ("accept", 1, "until"). A best effort: text inside a multi-line string
        may be taken for a key, and then the line is off, never the message
    """
    wanted = [str(part) for part in path if not isinstance(part, int)]
    number = next((part for part in path if isinstance(part, int)), 0)
    best: tuple[int, int] | None = None
    table: list[str] = []
    seen: dict[str, int] = {}
    index = 0
    for at, line in enumerate(text.splitlines(), 1):
        header, key = _HEADER.fullmatch(line), _KEY.match(line)
        if header is not None:
            table = _parts(header[2])
            if header[1] == "[[":
                index = seen.get(header[2], -1) + 1
                seen[header[2]] = index
            else:
                index = 0
            found = table
        elif key is not None:
            found = [*table, *_parts(key[1])]
        else:
            continue
        if found == wanted[: len(found)] and found and index == number and (best is None or len(found) > best[0]):
            best = (len(found), at)
    return best[1] if best is not None else None


def _parts(name: str) -> list[str]:
    return [part.strip().strip("\"'") for part in re.findall(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""", name)]
