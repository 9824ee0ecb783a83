"""Arithmetic in digits and words, by a recursive-descent parser that only knows arithmetic.

Values are exact fractions. Nothing of a prompt is ever evaluated as code; results beyond 4,096 bits are refused.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from tui_app.rehearsal.agent.arithmetic_tokens import Token
from tui_app.rehearsal.agent.arithmetic_work import Value, Work, bracketed
from tui_app.rehearsal.agent.numbers import PARTS

MAX_DEPTH = 24


class NoExpression(Exception):
    """There is no arithmetic at this place."""


@cache
def _by_first_word(phrases: tuple[str, ...]) -> dict[str, list[tuple[str, ...]]]:
    """The words of each phrase, so that one look tells that none comes next: prompts are mostly not arithmetic."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for phrase in phrases:
        words = tuple(phrase.split())
        found.setdefault(words[0], []).append(words)
    return found


class Parser(Work):
    """Parses one expression that begins at `position`; afterwards `position` is behind it and `operations` counts what it used."""

    def __init__(self, tokens: list[Token], position: int) -> None:
        super().__init__()
        self.tokens = tokens
        self.position = position
        self.depth = 0

    # reading

    def word(self, offset: int = 0) -> str:
        index = self.position + offset
        return self.tokens[index].text if index < len(self.tokens) else ""

    def number_at(self, offset: int = 0) -> bool:
        index = self.position + offset
        return index < len(self.tokens) and self.tokens[index].value is not None

    def take(self, *phrases: str) -> bool:
        """Step over the first of `phrases` (words separated by spaces) that comes next."""
        for words in _by_first_word(phrases).get(self.word(), ()):
            if len(words) == 1 or all(self.word(index) == word for index, word in enumerate(words)):
                self.position += len(words)
                return True
        return False

    def need(self, *phrases: str) -> None:
        if not self.take(*phrases):
            raise NoExpression

    # expressions

    def expression(self) -> Value:
        left = self.term()
        while True:
            mark = self.position
            try:
                if self.take("+", "plus", "added to", "increased by"):
                    left = self._sum(left)
                elif self.take("-", "minus", "less", "decreased by", "reduced by"):
                    left = self.apply("-", left, self.term())
                else:
                    break
            except NoExpression:
                self.position = mark
                break
        return left

    def _sum(self, left: Value) -> Value:
        return self.apply("+", left, self.term())

    def term(self) -> Value:
        left = self.power()
        while True:
            mark = self.position
            try:
                if self.take("*", "times", "multiplied by", "multiplied with", "x"):
                    left = self.apply("*", left, self.power())
                elif self.take("/", "divided by", "over"):
                    left = self.apply("/", left, self.power())
                elif self.take("mod", "modulo"):
                    left = self.apply("mod", left, self.power())
                else:
                    return left
            except NoExpression:
                self.position = mark
                return left

    def power(self) -> Value:
        base = self.unary()
        while True:
            mark = self.position
            try:
                if self.take("^", "to the power of", "raised to the power of", "to the power"):
                    base = self.apply("^", base, self._exponent())
                elif self.take("squared"):
                    base = self.apply("^", base, (Fraction(2), "2"))
                elif self.take("cubed"):
                    base = self.apply("^", base, (Fraction(3), "3"))
                elif self.take("factorial", "!"):
                    base = self.single("factorial", base)
                else:
                    return base
            except NoExpression:
                self.position = mark
                return base

    def _exponent(self) -> Value:
        """Powers associate to the right: 2^3^2 is 2^9."""
        self.depth += 1
        try:
            if self.depth > MAX_DEPTH:
                raise NoExpression
            return self.power()
        finally:
            self.depth -= 1

    def unary(self) -> Value:
        if self.take("-", "minus", "negative"):
            value, text = self.primary()
            return -value, f"-{text}"
        return self.primary()

    def primary(self) -> Value:
        self.depth += 1
        try:
            if self.depth > MAX_DEPTH:
                raise NoExpression
            return self._primary()
        finally:
            self.depth -= 1

    def _primary(self) -> Value:
        while self.take("the", "what is", "of the"):
            continue
        if self.take("("):
            value = self.expression()
            self.need(")")
            return value[0], bracketed(value[1])
        if self.number_at():
            return self._number()
        return self._named()

    def _number(self) -> Value:
        token = self.tokens[self.position]
        self.position += 1
        assert token.value is not None
        value: Value = (token.value, token.shown)
        if self.take("%", "percent", "per cent"):
            if self.take("of"):
                whole = self.power()
                return self.done("%", token.value / 100 * whole[0], f"{token.shown} % of {whole[1]}")
            if self.take("off"):
                whole = self.power()
                return self.done("%", (1 - token.value / 100) * whole[0], f"{whole[1]} less {token.shown} %")
            return token.value / 100, f"{token.shown} %"
        part = self.word()
        singular = part.removesuffix("s")
        if singular in PARTS and part != "half" and self.word(1) == "of":
            self.position += 2
            whole = self.power()
            return self.done("*", token.value * PARTS[singular] * whole[0], f"{token.shown} {part} of {whole[1]}")
        return value

    def _named(self) -> Value:
        """Operations that are called by a noun or a verb."""
        if self.take("sum of", "total of", "add up", "sum up", "add together"):
            return self.fold("+", self.items())
        if self.take("product of"):
            return self.fold("*", self.items())
        if self.take("average of", "mean of", "arithmetic mean of"):
            items = self.items()
            total = self.fold("+", items)
            return self.done("/", total[0] / len(items), f"({total[1]}) / {len(items)}")
        if self.take("maximum of", "largest of", "biggest of", "greatest of", "max of", "larger of"):
            items = self.items()
            return self.done("max", max(item[0] for item in items), f"max({', '.join(item[1] for item in items)})")
        if self.take("minimum of", "smallest of", "least of", "min of", "smaller of", "lowest of"):
            items = self.items()
            return self.done("min", min(item[0] for item in items), f"min({', '.join(item[1] for item in items)})")
        if self.take("difference between", "difference of"):
            first, second = self.pair("and")
            higher, lower = (first, second) if first[0] >= second[0] else (second, first)
            return self.apply("-", higher, lower)
        if self.take("quotient of", "ratio of"):
            return self.apply("/", *self.pair("and", "to"))
        if self.take("remainder of", "remainder when", "remainder from"):
            return self.apply("mod", *self.pair("divided by", "is divided by", "and", "by"))
        if self.take("square root of"):
            return self.single("sqrt", self.power())
        if self.take("square of"):
            return self.apply("^", self.power(), (Fraction(2), "2"))
        if self.take("cube of"):
            return self.apply("^", self.power(), (Fraction(3), "3"))
        if self.take("factorial of"):
            return self.single("factorial", self.power())
        if self.take("twice", "double"):
            return self.apply("*", (Fraction(2), "2"), self.power())
        if self.take("triple", "thrice"):
            return self.apply("*", (Fraction(3), "3"), self.power())
        if self.take("halve", "half of", "a half of", "one half of"):
            return self.apply("/", self.power(), (Fraction(2), "2"))
        if self.take("a") or self.word() in PARTS:
            part = self.word()
            if part in PARTS and self.word(1) == "of":
                self.position += 2
                return self.apply("/", self.power(), (1 / PARTS[part], str(1 / PARTS[part])))
            raise NoExpression
        return self._commanded()

    def _commanded(self) -> Value:
        if self.take("add", "sum"):
            first = self.term()
            if self.take("to", "onto"):
                return self.apply("+", self.power(), first)
            return self.fold("+", self.items(first))
        if self.take("subtract", "deduct", "take away", "take"):
            first = self.term()
            self.take("away")
            self.need("from", "off")
            return self.apply("-", self.power(), first)
        if self.take("multiply"):
            first = self.power()
            if self.take("by", "with"):
                return self.apply("*", first, self.power())
            return self.fold("*", self.items(first))
        if self.take("divide"):
            first = self.power()
            self.need("by", "with")
            return self.apply("/", first, self.power())
        if self.take("raise"):
            first = self.power()
            self.need("to the power of", "to the power")
            return self.apply("^", first, self.power())
        if self.take("square"):
            return self.apply("^", self.power(), (Fraction(2), "2"))
        if self.take("cube"):
            return self.apply("^", self.power(), (Fraction(3), "3"))
        if self.take("increase", "raise"):
            return self._changed(self.power(), "+")
        if self.take("decrease", "reduce", "lower"):
            return self._changed(self.power(), "-")
        raise NoExpression

    def _changed(self, base: Value, sign: str) -> Value:
        self.need("by")
        amount = self.unary()
        if amount[1].endswith("%"):
            amount = (base[0] * amount[0], f"{amount[1]} of {base[1]}")
        return self.apply(sign, base, amount)

    def items(self, first: Value | None = None) -> list[Value]:
        """At least two values separated by commas and `and`."""
        found = [first or self.term()]
        while True:
            mark = self.position
            if not self.take(", and", ", plus", ",", "and", "&", "with", "plus", "to", "by"):
                break
            try:
                found.append(self.term())
            except NoExpression:
                self.position = mark
                break
        if len(found) < 2:
            raise NoExpression
        return found

    def pair(self, *between: str) -> tuple[Value, Value]:
        first = self.power()
        self.need(*between)
        return first, self.power()
