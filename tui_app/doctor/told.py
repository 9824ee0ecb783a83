"""What was found, as lines for a terminal: the command prints them, the screen shows them in colours."""

from __future__ import annotations

import textwrap
from itertools import zip_longest
from typing import Final

from tui_app.doctor.examine import Examined
from tui_app.doctor.findings import Finding
from tui_app.sanitize import sanitize
from widgets.glyphs import glyphs

WORDS: Final = {"ok": "ok", "warn": "warn", "bad": "bad"}
TONES: Final = {"ok": "good", "warn": "warn", "bad": "bad"}
INDENT: Final = 24

Spans = tuple[tuple[str, str], ...]
"""(text, tone) along a line, as `widgets.lines` draws them."""


def lines(found: Examined, width: int) -> list[Spans]:
    """Every finding with its fix, then every setting, in lines of at most `width` cells."""
    said: list[Spans] = []
    for group in found.groups:
        said += [((group.title, "strong"),), *(line for finding in group.findings for line in _finding(finding, width)), ()]
    said += [(("Where every setting came from", "strong"),), *_settings(found, width), ()]
    tone = "bad" if found.count("bad") else "warn" if found.count("warn") else "good"
    return [*said, ((found.sentence, tone),)]


def text(found: Examined, width: int) -> str:
    """The same without colours."""
    return "\n".join("".join(part for part, _ in line).rstrip() for line in lines(found, width))


def glyph(word: str) -> str:
    """The mark of a finding's word."""
    marks = glyphs()
    return {"ok": marks.passed, "warn": "!", "bad": marks.failed}[word]


def _finding(finding: Finding, width: int) -> list[Spans]:
    mark = f"  {glyph(finding.word)} {finding.word:4} "
    found = _wrapped(finding.found, width - INDENT)
    about = f"{finding.about:<{INDENT - len(mark) - 1}.{INDENT - len(mark) - 1}} "
    said: list[Spans] = [((mark, TONES[finding.word]), (about, "plain"), (found[0], "plain"))]
    said += [((" " * INDENT, "plain"), (part, "plain")) for part in found[1:]]
    label = "try: " if finding.word == "ok" else "fix: "
    for fix in finding.fix:
        first, *rest = _wrapped(fix, width - INDENT - 5)
        said += [((" " * INDENT + label, "dim"), (first, "accent"))]
        said += [((" " * (INDENT + 5), "dim"), (part, "accent")) for part in rest]
    return said


def _settings(found: Examined, width: int) -> list[Spans]:
    names = min(max((len(one.name) for one in found.settings), default=0), 30)
    origins = min(max((len(one.origin) for one in found.settings), default=0), max(width // 3, 20))
    room = max(width - names - origins - 6, 12)
    said: list[Spans] = []
    for one in found.settings:
        columns = zip_longest([one.name], _wrapped(one.value, room), _wrapped(one.origin, origins), fillvalue="")
        said += [((f"  {name:{names}}  ", "plain"), (f"{value:{room}}  ", "plain"), (origin, "dim")) for name, value, origin in columns]
    return said


def _wrapped(text: str, width: int) -> list[str]:
    clean = sanitize(text, 2_000)
    # A fix is typed as it stands: what separates a command from its remark is kept.
    return textwrap.wrap(clean, max(width, 20), break_on_hyphens=False, drop_whitespace=True) or [""]
