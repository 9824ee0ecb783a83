"""Small challenges on a word or token of the prompt: reverse, sort letters, count, add digits, change case, measure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tui_app.rehearsal.agent.base import Desk, Span, Step, overlaps

NOUN = (
    r"(?:word|words|string|token|text|name|code|term|phrase|nonce|reference|ref|id|identifier|value"
    r"|sequence|number|integer|characters?|chars?"
    r"|letters?|digits?|order|marker|ticket|following|given|exact|spelling|sentence)"
)
BEFORE = rf"(?:(?:the|this|my|all|of|in|within|from|for|is|are|there|called|contained|present|found|each|every|{NOUN})\s*[:=]?\s+|[:=]\s*)*"
STOP = (
    r"(?!(?:and|then|or|in|into|to|as|please|with|backwards?|backward|reversed|alphabetically|alphabetical"
    r"|upper|lower|capital|capitals|have|has|does"
    r"|do|occur|occurs|appear|appears|contain|contains|i|you|we|the|of|by|for|a|an|on|is|are|letter"
    r"|letters|there|up|its?['’]?s?|that|this|each|every|our|your|their|these|those|any|some|case|form"
    r"|version|all)\b(?![-\w]))"
)
SUBJECT = (
    rf"{BEFORE}(?:[\"“”«`]([^\"“”»`\n]{{1,200}})[\"“”»`]|[‘']([^‘’'\n]{{1,200}})[’']|(?:(it|that|the result"
    rf"|this result)\b(?!['-])|{STOP}([A-Za-z0-9][\w-]*)))"
)
LETTER = r"(?:[\"“”‘’'`]([^\s\"“”‘’'`])[\"“”‘’'`]|([A-Za-z])(?:['’]?s)?\b(?![-'’]))"
LETTERS = r"(?:\s+(?:the\s+)?(?:letters?|characters?)\s+(?:of|in|from))?"
NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
Work = Callable[[str, str], Any]


def _letters(text: str) -> list[str]:
    return [letter for letter in text if letter.isalpha()]


def _sorted(text: str, _: str) -> str:
    return "".join(sorted(_letters(text) or list(text), key=lambda letter: (letter.lower(), letter)))


def _count(text: str, letter: str) -> int:
    return text.lower().count(letter.lower())


def _product(text: str, _: str) -> int:
    value = 1
    for digit in re.findall(r"\d", text):
        value *= int(digit)
    return value


def _upper(text: str, _: str) -> str:
    return text.upper()


def _lower(text: str, _: str) -> str:
    return text.lower()


CASE = re.compile(
    r"\s*,?\s*and\s+(?:then\s+)?(?:in|into)\s+((?:upper|lower)[ -]?case|capital\s+letters|capitals|all[ -]caps)\b", re.IGNORECASE
)
RULES: tuple[tuple[str, str, Work], ...] = tuple(
    (name, pattern.replace("<S>", SUBJECT).replace("<L>", LETTER), work)
    for name, pattern, work in (
        (
            "letters in reverse alphabetical order",
            (
                r"(?:sort|arrange|order|put|list|rearrange|write|give"
                r"|place)(?:\s+me)?\s+<S>[^.?!\n]{0,30}?\b(?:reverse(?:d)?|descending)\s+(?:alphabetical"
                r"|alphabetic|order)"
            ),
            lambda t, _: _sorted(t, _)[::-1],
        ),
        (
            "letters in alphabetical order",
            (
                r"(?:sort|arrange|order|put|list|rearrange|write|give|place"
                r"|spell)(?:\s+me)?\s+<S>[^.?!\n]{0,30}?\b(?:alphabetical(?:ly)?|alphabetic|ascending|a\s*(?:to|-"
                r"|–)\s*z)\b"
            ),
            _sorted,
        ),
        ("letters in alphabetical order", r"(?:alphabeti[sz]e|sort)\s+(?:the\s+)?(?:letters|characters)\s+(?:of|in|from)\s+<S>", _sorted),
        ("letters in alphabetical order", r"alphabetical(?:ly)?(?:\s+(?:order|sorted))?[^.?!\n]{0,30}?\b(?:of|in|from|for)\s+<S>", _sorted),
        ("letters in alphabetical order", r"\bletters\s+(?:of|in|from)\s+<S>[^.?!\n]{0,30}?\balphabetical(?:ly)?\b", _sorted),
        (
            "sum of the digits",
            (
                r"(?:(?:sum|total)\s+(?:up\s+)?(?:of\s+)?(?:all\s+)?(?:the\s+)?(?:individual\s+)?digits"
                r"|add(?:ing)?\s+(?:up\s+|together\s+)?(?:all\s+)?(?:the\s+)?(?:individual\s+)?digits|digits?[ "
                r"-]sum|(?:do|does)\s+(?:all\s+)?the\s+digits)\s+(?:of|in|from|for)\s+<S>"
            ),
            lambda t, _: sum(map(int, re.findall(r"\d", t))),
        ),
        (
            "product of the digits",
            r"(?:product\s+of|multiply)\s+(?:all\s+)?(?:the\s+)?(?:individual\s+)?digits\s+(?:of|in|from)\s+<S>",
            _product,
        ),
        (
            "vowels",
            (
                r"(?:how\s+many|count|number\s+of)\s+(?:the\s+)?(?:number\s+of\s+)?vowels[^.?!\n]{0,24}?\b(?:in|of"
                r"|does)\s+<S>"
            ),
            lambda t, _: sum(map(t.lower().count, "aeiou")),
        ),
        (
            "consonants",
            (
                r"(?:how\s+many|count|number\s+of)\s+(?:the\s+)?(?:number\s+of\s+)?consonants[^.?!\n]{0,24}?\b(?:in"
                r"|of|does)\s+<S>"
            ),
            lambda t, _: sum(1 for c in _letters(t) if c.lower() not in "aeiou"),
        ),
        (
            "times the letter occurs",
            (
                r"(?:how\s+(?:many\s+times|often)|number\s+of\s+times)\s+(?:(?:do|does|is|can|you|we|find|see"
                r"|that)\s+)*(?:the\s+)?(?:(?:letter|character|symbol|digit)\b)?\s*<L>\s[^.?!\n]{0,30}?\b(?:in"
                r"|within|inside)\s+<S>"
            ),
            _count,
        ),
        (
            "times the letter occurs",
            (
                r"(?:how\s+many|count|counting|number\s+of|occurrences?\s+of)\s+(?:up\s+)?(?:how\s+(?:many"
                r"|often)\s+)?(?:(?:of\s+)?(?:all\s+)?(?:the\s+)?(?:occurrences?|times|instances|number"
                r"|appearances)\s+(?:of\s+)?)*(?:the\s+)?(?:(?:letters?|characters?"
                r"|digits?)\b)?\s*<L>\s[^.?!\n]{0,30}?\b(?:in|within|inside|of)\s+<S>"
            ),
            _count,
        ),
        ("times the letter occurs", r"how\s+many\s+(?:(?:letters?|characters?)\b)?\s*<L>\s+(?:does|do|are\s+in)\s+<S>", _count),
        (
            "number of letters",
            (
                r"(?:how\s+many|count|number\s+of)\s+(?:the\s+)?(?:number\s+of\s+)?(?:letters|characters"
                r"|chars)\s+(?:(?:are|there|has|have|does|do|make|up|in|of)\s+)*<S>"
            ),
            lambda t, _: len(t),
        ),
        ("number of letters", r"(?:length\s+of|how\s+long\s+is)\s+<S>", lambda t, _: len(t)),
        (
            "first letter",
            r"(?:first\s+(?:letter|character)|(?:letter|character)\s+(?:comes|is)\s+first)\s+(?:of|in)\s+<S>",
            lambda t, _: t[:1],
        ),
        (
            "last letter",
            r"(?:last\s+(?:letter|character)|(?:letter|character)\s+(?:comes|is)\s+last)\s+(?:of|in)\s+<S>",
            lambda t, _: t[-1:],
        ),
        ("backwards", r"\b(?:reverse|reversing|flip|mirror|invert)\s+(?:the\s+order\s+of\s+)?<S>", lambda t, _: t[::-1]),
        (
            "backwards",
            (
                r"\b(?:spell|write|say|print|read|give|type|put|return|show)(?:\s+(?:me"
                r"|out))?\s+<S>\s+(?:out\s+)?(?:spelled\s+|written\s+)?(?:back\s*wards?|in\s+reverse(?:\s+order)?"
                r"|reversed|from\s+(?:the\s+)?(?:end|back|right|last))"
            ),
            lambda t, _: t[::-1],
        ),
        (
            "backwards",
            (
                r"\b(?:what(?:\s+is|['’]s)|how\s+is|how\s+do\s+you\s+(?:spell|write))\s+<S>,?\s+(?:spelled\s+"
                r"|written\s+|when\s+)?(?:back\s*wards?|in\s+reverse|reversed)"
            ),
            lambda t, _: t[::-1],
        ),
        ("backwards", r"\b(?:reverse|reversal|reversed\s+form|mirror\s+image)\s+of\s+<S>", lambda t, _: t[::-1]),
        ("backwards", r"\b(?:back\s*wards?|in\s+reverse|reversed)\s*:\s*<S>", lambda t, _: t[::-1]),
        (
            "upper case",
            (
                r"(?:write|convert|put|give|print|type|return|change|turn|spell|show|make|set)(?:\s+(?:me"
                r"|out))?\s+<S>\s+(?:all\s+)?(?:in|into|to|as|using|with|\s)*(?:only\s+)?(?:upper[ -]?case"
                r"|capital\s+letters|capitals|all[ -]caps|caps|block\s+letters)"
            ),
            lambda t, _: t.upper(),
        ),
        (
            "upper case",
            (
                r"\b(?:upper-?case|capitali[sz]e)(?!\s+(?:version|form))\s+(?:(?:every|all|each)\s+(?:letters?"
                r"|characters?)\s+(?:of|in)\s+)?<S>"
            ),
            lambda t, _: t.upper(),
        ),
        ("upper case", r"\bupper[ -]?case\s+(?:version|form|of)\s+<S>", lambda t, _: t.upper()),
        (
            "lower case",
            (
                r"(?:write|convert|put|give|print|type|return|change|turn|spell|show|make|set)(?:\s+(?:me"
                r"|out))?\s+<S>\s+(?:all\s+)?(?:in|into|to|as|using|with|\s)*(?:only\s+)?(?:lower[ -]?case"
                r"|small\s+letters)"
            ),
            lambda t, _: t.lower(),
        ),
        ("lower case", r"\blower-?case\s+<S>", lambda t, _: t.lower()),
        (
            "repeated",
            r"repeat\s+<S>\s+(two|three|four|five|six|twice|[2-9])\b",
            lambda t, n: t * (int(n) if n.isdigit() else NUMBERS.get(n.lower(), 2)),
        ),
    )
)
COMPILED = tuple((name, re.compile(pattern, re.IGNORECASE), work) for name, pattern, work in RULES)


class TextTask:
    """One operation on one token. A pronoun as its subject means the result of the task before."""

    def __init__(self, name: str, subject: str, extra: str, work: Work, before: TextTask | None) -> None:
        self.name = name
        self.extra = extra
        self.subject = str(before.value) if before is not None else subject
        self.value: Any = work(self.subject, extra)
        what = f"{name}{f' ({extra})' if extra else ''} of '{self.subject}'"
        self.thought = f"There is a text task: {what}. I do it letter by letter."
        parameters = {"operation": name, "text": self.subject, **({"letter": extra} if extra else {})}
        self.steps = [Step("text_analyst", "text_transform", what, parameters, self._work)]

    async def _work(self, _: Desk) -> dict[str, Any]:
        return {"operation": self.name, "text": self.subject, "result": self.value}

    def answer(self) -> str:
        """One line that names the subject and the result."""
        if self.name == "times the letter occurs":
            return f"The letter '{self.extra}' occurs {self.value} time{'' if self.value == 1 else 's'} in '{self.subject}'."
        if isinstance(self.value, int):
            return f"'{self.subject}', {self.name}: {self.value}"
        return f"'{self.subject}', {self.name}: {self.value}"


def find(prompt: str, taken: list[Span]) -> list[TextTask]:
    """The text tasks of a prompt in its order; their spans are added to `taken`."""
    hits: list[tuple[int, int, str, re.Match[str], Work]] = []
    for name, pattern, work in COMPILED:
        for match in pattern.finditer(prompt):
            if not overlaps(match.span(), [(start, end) for start, end, *_ in hits]):
                hits.append((*match.span(), name, match, work))
    tasks: list[TextTask] = []
    for start, end, name, match, work in sorted(hits, key=lambda hit: hit[0])[:12]:
        groups = [group for group in match.groups() if group is not None]
        letter = groups.pop(0) if name == "times the letter occurs" else groups.pop() if name == "repeated" else ""
        subject = groups[-1]
        pronoun = subject.lower() in ("it", "that", "the result", "this result")
        if pronoun and not tasks:
            continue
        before = tasks[-1] if pronoun else None
        tasks.append(TextTask(name, subject, letter, work, before))
        further = CASE.match(prompt, end)
        if further:  # `reversed and in capitals`
            upper = further[1].lower().startswith(("upper", "cap", "all"))
            tasks.append(TextTask("upper case" if upper else "lower case", "", "", _upper if upper else _lower, tasks[-1]))
        taken.append((start, further.end() if further else end))
    return tasks
