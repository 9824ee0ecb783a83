"""What is to be moved where: a share or a number of one item's requests, to another item."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from tui_app.rehearsal.agent.spend_items import clean

Q = "[\ue000-\uf8ff]"
NAME = (
    r"[A-Za-z][\w.+/-]*(?:\s+(?!to\b|from\b|onto\b|which\b|that\b|and\b|if\b|when\b|who\b|while\b|at\b|for\b"
    r"|with\b)[A-Za-z0-9][\w.+/-]*){0,3}"
)
LOAD = r"(?:traffic|requests?|calls?|load|volume|spend|usage|work(?:load)?|queries|prompts|messages|tokens)"
SHIFT_VERB = re.compile(
    (
        r"\b(?:mov(?:e|es|ed|ing)|shift(?:s|ed|ing)?|migrat(?:e|es|ed|ing)|(?:re)?rout(?:e|es|ed|ing)"
        r"|redirect(?:ed|ing)?|transfer(?:red|ring)?|switch(?:ed|ing)?"
        r"|send(?:ing)?|offload(?:ed|ing)?|push(?:ed|ing)?|divert(?:ed|ing)?|replac(?:e|ed|ing)|went|goes|go"
        r"|ran|put(?:ting)?|hand(?:ing)?|reassign(?:ed|ing)?|swap(?:ped|ping)?)\b"
    ),
    re.IGNORECASE,
)
OURS = r"(?:the\s+|our\s+|its\s+|their\s+|all\s+|my\s+)*"
TAKES = re.compile(
    rf"({NAME})\s+(?:takes?|took|taking|handles?|handled|handling|serves?|served|serving|absorb(?:s|ed|ing)?|picks?|picked|gets?|got"
    r"|processe[sd]|answers?|answered|r[au]ns?)\s+(?:over\s+|up\s+|on\s+)?$",
    re.IGNORECASE,
)
OF = re.compile(
    rf"\s*(?:of|from)\s+{OURS}({NAME}?)(?:['’]s)?(?=\s+{LOAD}\b|\s*[,.;:?!]|\s*$|\s+(?:instead|what|how|then|we))", re.IGNORECASE
)
ITS = re.compile(
    rf"\s*(?:of\s+)?(?:its|their|these|those|them)\b(?:\s+{LOAD})?\s+(?:over\s+)?(?:to|onto|into)\s+{OURS}({NAME})", re.IGNORECASE
)
FROM_TO = re.compile(
    rf"\s*(?:away\s+|over\s+)?(?:from|off|of)\s+{OURS}({NAME}?)(?:['’]s)?(?:\s+{LOAD})?\s+(?:over\s+)?(?:to|onto|into)\s+{OURS}({NAME})",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Shift:
    """Move `share` (of one) of `source` to `target`."""

    share: Fraction
    source: str
    target: str
    volume: Fraction | None = None
    """Requests a month to move, where no share is said; the share follows from the source's volume."""
    before: str = ""
    """What stands before a pronoun that is said instead of the source."""


def of_share(coded: str, mark: str, value: Fraction) -> Shift | None:
    """The shift that a share in a coded sentence is the size of; None where it is the size of something else."""
    place = coded.index(mark)
    after = coded[place + 1 :]
    taken = TAKES.search(coded[:place])
    if taken:
        source = OF.match(after)
        if source:
            return _named(value, source[1], taken[1])
    if not SHIFT_VERB.search(coded):
        return None
    its = ITS.match(after)
    if its:
        return Shift(value, "", clean(its[1]), before=coded[:place]) if clean(its[1]) else None
    after = re.sub(rf"\s*(?:\(\s*{Q}[^)]*\)|{Q})", "", after)
    source = re.match(
        (
            rf"\s*(?:of\s+)?{OURS}(?:{LOAD}\s+)?(?:(?:currently\s+)?(?:from|of|on|away\s+from"
            rf"|off)\s+)?{OURS}({NAME}?)(?:['’]s)?(?:\s+{LOAD})?\s*,?\s+(?:(?:were|was|is|are|be|would\s+be"
            rf"|went|moved|runs?|ran|goes|go|could\s+go|shifted|routed|over|instead|away|across)\s+)*(?:to|onto"
            rf"|into|with|on|by)\s+{OURS}({NAME})"
        ),
        after,
        re.IGNORECASE,
    )
    if source:
        return _named(value, source[1], source[2])
    pair = re.search(
        (
            rf"(?:from|of|replac\w+|mov\w+|migrat\w+|shift\w*|switch\w*|swap\w*)\s+{OURS}(?:{LOAD}\s+(?:of"
            rf"|from)\s+)?({NAME}?)(?:['’]s)?(?:\s+{LOAD})?\s+(?:to|onto|into|with|by)\s+{OURS}({NAME})"
        ),
        coded,
        re.IGNORECASE,
    )
    return _named(value, pair[1], pair[2]) if pair else None


def of_volume(coded: str, mark: str, value: Fraction) -> Shift | None:
    """The shift of a number of requests: `move 80,000 requests from A to B`."""
    place = coded.index(mark)
    if not SHIFT_VERB.search(coded[:place]):
        return None
    pair = FROM_TO.match(coded[place + 1 :])
    one = _named(Fraction(0), pair[1], pair[2]) if pair else None
    return Shift(Fraction(0), one.source, one.target, volume=value) if one else None


def _named(value: Fraction, source: str, target: str) -> Shift | None:
    source, target = clean(source), clean(re.split(r"\s+(?:for|by|in|where|since|because|so|per|instead|would|how|what)\b", target)[0])
    return Shift(value, source, target) if source and target and source.lower() != target.lower() else None
