"""The budget: what may be spent in all. It is a limit and never one of the things that money is spent on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tui_app.rehearsal.agent.quantities import Quantity

FIRST = 0xE000
MARKS = "\ue000-\uf8ff"
Q = f"[{MARKS}]"
HEDGE = r"(?:(?:us|only|just|about|around|up\s+to|at\s+most|a\s+total\s+of|the\s+team)\s+)*"
BUDGET = re.compile(
    rf"(?:budget(?:ed)?|spending\s+limit|spend\s+limit|cost\s+limit|\blimit|allowance|ceiling|\bcap\b|capped|target"
    rf"|\bmaximum)\b[^{MARKS}.\n]{{0,50}}({Q})"
    rf"|({Q})[^{MARKS}.,\n]{{0,16}}\b(?:budget|cap|ceiling|limit|target)\b"
    rf"|(?:under|below|within|at\s+most|no\s+more\s+than|not\s+exceed|exceed|down\s+to|less\s+than|up\s+to|only\s+have"
    rf"|can\s+afford|beneath)\s+({Q})"
    rf"|(?:\bnot|n't|n’t|\bnever|\bcannot)\s+(?:\w+\s+){{0,3}}?(?:more\s+than|over|above|beyond)\s+({Q})",
    re.IGNORECASE,
)
GRANTED = re.compile(
    rf"\b(?:allow(?:s|ed)?|grant(?:s|ed)?|approved?|approves|authori[sz]e[sd]?|sign(?:s|ed)\s+off(?:\s+on)?)\s+{HEDGE}({Q})"
    rf"|({Q})\s+(?:in\s+(?:all|total)\s+)?(?:to\s+(?:spend|work\s+with)|available|at\s+(?:our|my|its)\s+disposal)\b"
    rf"|\b(?:may|can|could|allowed\s+to)\s+(?:only\s+)?(?:spend|pay)\s+{HEDGE}({Q})"
    rf"|({Q})\s+is\s+(?:all|the\s+most|as\s+much)\b",
    re.IGNORECASE,
)
SAVED = re.compile(r"\b(?:sav\w+|cut\w*|reduc\w+|trim\w*)\s+$", re.IGNORECASE)
LIMITS = frozenset("budget budgets budgeted limit cap ceiling allowance target maximum max envelope".split())  # noqa: SIM905
QUALIFIERS = frozenset(
    "ai ml llm genai spend spending spent cost costs monthly total overall planned approved available finance hard soft new".split()  # noqa: SIM905
)


def is_budget(name: str) -> bool:
    """Whether a name in a list or table (`Budget`, `Monthly AI budget`) is the budget's and not that of an item."""
    words = set(re.findall(r"[a-z]+", name.lower()))
    return bool(words & LIMITS) and words <= LIMITS | QUALIFIERS


def budgets(coded: str, found: Sequence[Quantity]) -> list[int]:
    """Which quantities of a coded sentence are a budget, as indices in the order in which they are said."""
    indices: list[int] = []
    for pattern in (BUDGET, GRANTED):
        for match in pattern.finditer(coded):
            index = ord(next(group for group in match.groups() if group)) - FIRST
            quantity = found[index]
            # `save up to $500` is a hope and no limit.
            kinds = ("money", "plain") if pattern is BUDGET else ("money",)
            if quantity.kind in kinds and quantity.value >= 10 and index not in indices and not SAVED.search(coded[: match.start()]):
                indices.append(index)
    return indices
