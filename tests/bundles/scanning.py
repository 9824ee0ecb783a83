"""Looks for secrets in whatever form they may have been written: as they are, in base64, URL- or JSON-escaped."""

from __future__ import annotations

import base64
import json
import sqlite3
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

TAIL = 12
"""Characters of a form that are looked for: its end, where the signature of a token is."""


def forms(secret: str) -> set[str]:
    """A secret as it may stand in a text; in base64 at each of three places that it can have within what was encoded."""
    found = {secret, quote(secret, safe=""), quote(quote(secret, safe=""), safe=""), json.dumps(secret)[1:-1]}
    found |= {"".join(f"\\u{ord(letter):04x}" for letter in secret), "".join(f"%{ord(letter):02X}" for letter in secret)}
    for lead in range(3):
        for tail in range(3):
            raw = base64.b64encode(b"\0" * lead + secret.encode() + b"\0" * tail).decode()
            first, last = -(-lead * 8 // 6), (lead + len(secret.encode())) * 8 // 6
            found |= {raw[first:last], raw[first:last].translate(str.maketrans("+/", "-_"))}
    return found


def needles(secrets: Iterable[str]) -> dict[str, str]:
    """What to look for, and whose it is."""
    return {form[-TAIL:]: secret for secret in secrets for form in forms(secret)}


def found_in(text: str, sought: dict[str, str]) -> set[str]:
    """The secrets that a text holds, by one look over it."""
    return {sought[part] for place in range(len(text) - TAIL + 1) if (part := text[place : place + TAIL]) in sought}


def texts_of(path: Path) -> Iterator[str]:
    """All that a file holds: as it lies on disk, and as it is read (each cell of a recording, each file of an archive)."""
    yield path.read_bytes().decode("latin-1")
    if path.suffix == ".vigil":
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                yield "\n".join(str(cell) for row in db.execute(f"SELECT * FROM {table}") for cell in row if isinstance(cell, str))
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield archive.read(name).decode("latin-1")
