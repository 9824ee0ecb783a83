"""The encoding: what the locale says, and whether the glyphs come through."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from tui_app.doctor.findings import Finding, Place, ok, warn


def look(place: Place) -> Iterator[Finding]:
    environment, encoding = place.environment, place.terminal.encoding
    variable = next((name for name in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(name)), "")
    locale = environment.get(variable, "")
    said = f"{variable}={locale}" if variable else "no LC_ALL, LC_CTYPE or LANG"
    declared = environment.get("VIGIL_ASCII", "") not in ("", "0")
    carries = _carries(encoding)
    if declared:
        yield ok("encoding", f"VIGIL_ASCII asks for ASCII glyphs ({said})")
    elif not carries:
        yield warn("encoding", f"{encoding or 'unknown'} ({said}): screens use ASCII glyphs", "export LC_ALL=C.UTF-8")
    elif variable and "utf" not in locale.lower():
        yield warn(
            "encoding",
            f"{said} promises no UTF-8, Python writes it nevertheless: a terminal that believes the locale shows other signs",
            "export LC_ALL=C.UTF-8",
            "export VIGIL_ASCII=1   # or: ASCII glyphs",
        )
    else:
        yield ok("encoding", f"{encoding}, {said}")


def _carries(encoding: str) -> bool:
    try:
        codecs.lookup(encoding)
        "✓⊘●▁".encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return False
    return True
