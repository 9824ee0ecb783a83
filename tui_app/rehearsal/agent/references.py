"""References that a prompt wants to see again in the answer."""

from __future__ import annotations

import re

REFERENCE = re.compile(r"\bVM-[0-9A-Za-z]+(?:-[0-9A-Za-z]+)*")
QUOTED = re.compile(
    (
        r"\b(?:quote|mention|include|repeat|cite|echo|reference"
        r"|state)\b[^.?!\n]{0,60}?[\"'“‘`]?\b((?=[\w-]*\d)[A-Za-z0-9]+(?:-[A-Za-z0-9]+)+)\b"
    ),
    re.IGNORECASE,
)
FORBIDDEN = re.compile(r"\b(?:do not|don't|don’t|never|without|not to|no need to|must not|avoid)\b[^.?!\n]{0,60}$", re.IGNORECASE)
MODEL = re.compile(r"^(?:gpt|claude|llama|gemini|mistral|o\d)\b", re.IGNORECASE)


def find(prompt: str) -> list[str]:
    """The references to quote, verbatim, each once; those that a sentence forbids to repeat are left out."""
    found: dict[str, None] = {}
    hits = [(match.start(), match[0]) for match in REFERENCE.finditer(prompt)]
    hits += [(match.start(1), match[1]) for match in QUOTED.finditer(prompt) if not MODEL.match(match[1])]
    for place, reference in sorted(hits):
        if not FORBIDDEN.search(prompt[max(0, place - 90) : place]):
            found[reference] = None
    return list(found)[:20]


def masked(prompt: str) -> str:
    """The prompt with its references blanked out, every other character where it was."""
    return REFERENCE.sub(lambda match: " " * len(match[0]), prompt)
