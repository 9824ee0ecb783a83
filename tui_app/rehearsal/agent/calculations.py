"""Finds the arithmetic in a prompt and makes a task of each piece."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from tui_app.rehearsal.agent.arithmetic import MAX_DEPTH, NoExpression
from tui_app.rehearsal.agent.arithmetic_chain import Chain
from tui_app.rehearsal.agent.arithmetic_tokens import Token, tokens
from tui_app.rehearsal.agent.arithmetic_work import Undefined
from tui_app.rehearsal.agent.base import Desk, Span, Step, grouped, overlaps, plain

CUE = re.compile(
    (
        r"\b(what(?:'s|’s| is| are| does)|calculate|compute|evaluate|work out|how much is|solve|result of"
        r"|equals?|arithmetic|math|sum|figure out|tell me)\b|="
    ),
    re.IGNORECASE,
)
MAX_EXPRESSIONS = 12


class Calculation:
    """One piece of arithmetic and its exact result."""

    def __init__(self, shown: str, value: Fraction | None, problem: str) -> None:
        self.shown = shown
        self.value = value
        self.problem = problem
        self.thought = f"There is arithmetic to do: {shown}. I work it out exactly instead of guessing."
        self.steps = [Step("calculator", "calculate", f"work out {shown}", {"expression": shown}, self._work)]

    async def _work(self, _: Desk) -> dict[str, Any]:
        if self.value is None:
            return {"expression": self.shown, "error": self.problem}
        exact = plain(self.value)
        return {"expression": self.shown, "value": int(exact) if self.value.denominator == 1 else float(self.value), "text": exact}

    def answer(self) -> str:
        """`418 * 76 + 12 = 31780`."""
        if self.value is None:
            return f"{self.shown}: {self.problem}."
        exact = plain(self.value)
        spaced = f" ({grouped(self.value, 6)})" if self.value.denominator == 1 and abs(self.value) >= 1000 else ""
        rounded = " (rounded)" if self.value.denominator != 1 and Fraction(exact) != self.value else ""
        return f"{self.shown} = {exact}{spaced}{rounded}"


def find(prompt: str, taken: list[Span]) -> list[Calculation]:
    """The calculations in a prompt, outside of the spans that other skills took; their own spans are added to `taken`."""
    found: list[Calculation] = []
    stream = tokens(prompt)
    position = 0
    while position < len(stream) and len(found) < MAX_EXPRESSIONS:
        token = stream[position]
        if overlaps((token.start, token.end), taken):
            position += 1
            continue
        parsed = _parse(stream, position)
        if parsed is None:
            position += _hopeless(stream, position) or 1
            continue
        task, end, operations = parsed
        span = (token.start, stream[end - 1].end)
        if overlaps(span, taken) or not _meant(prompt, span, operations):
            position += 1
            continue
        taken.append(span)
        found.append(task)
        position = end
    return found


def _hopeless(stream: list[Token], position: int) -> int:
    """The length of a long run of opening brackets, none of which needs to be tried apart."""
    end = position
    while end < len(stream) and stream[end].text == "(":
        end += 1
    return end - position - MAX_DEPTH if end - position > MAX_DEPTH else 0


def _parse(stream: list[Token], position: int) -> tuple[Calculation, int, list[str]] | None:
    parser = Chain(stream, position)
    shown = ""
    try:
        seed = parser.seed()
        if seed is None or parser.word() in ("from", "off", "away"):
            seed, parser.position = None, position
        value = seed or parser.expression()
        if seed is None and not parser.operations:
            return None
        while True:
            further = parser.chained(value, seed is not None)
            if further is None:
                break
            value = further
        if not parser.operations:
            return None
        return Calculation(value[1], value[0], ""), parser.position, parser.operations
    except NoExpression:
        return None
    except Undefined as problem:
        end = max(parser.position, position + 1)
        shown = " ".join(token.text for token in stream[position:end])
        return Calculation(shown, None, str(problem)), end, ["undefined"]


def _meant(prompt: str, span: Span, operations: list[str]) -> bool:
    """Whether signs that also occur in names and ranges (`30-120`, `on/off`) are meant as arithmetic here."""
    if set(operations) - {"-", "/"}:
        return True
    piece = prompt[span[0] : span[1]]
    if re.search(r"[a-z]{3,}", piece, re.IGNORECASE) or re.search(r"\s[-−–/÷]\s", piece) or "÷" in piece:
        return True
    start = max(prompt.rfind(mark, 0, span[0]) for mark in ".?!\n") + 1
    rest = prompt[start : span[0]] + prompt[span[1] : span[1] + 3]
    return bool(CUE.search(rest)) or not re.search(r"\w", prompt[: span[0]] + prompt[span[1] :])
