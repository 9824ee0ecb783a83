"""Arithmetic that goes on from a result: `start with 12`, `then add 5`, `multiply the result by 3`, `double it`."""

from __future__ import annotations

from fractions import Fraction

from tui_app.rehearsal.agent.arithmetic import NoExpression, Parser
from tui_app.rehearsal.agent.arithmetic_work import Value

RESULT = ("it", "that", "this", "result", "answer", "outcome", "total", "sum", "product", "number")


class Chain(Parser):
    """A parser that also reads what follows an expression."""

    def seed(self) -> Value | None:
        """`Start with 12`, `take 40`: a number that operations follow; None where there is none."""
        if self.take(
            "take", "start with", "start from", "start at", "begin with", "begin at", "starting with", "starting from", "starting at"
        ):
            self.take("the number", "the value", "number")
            if self.number_at():
                token = self.tokens[self.position]
                self.position += 1
                assert token.value is not None
                return token.value, token.shown
        return None

    def chained(self, left: Value, seeded: bool = False) -> Value | None:
        """One more operation on a result: `then add 12`, `double it`, `multiply the result by 3`; None if there is none."""
        mark, count = self.position, len(self.operations)
        sentence = self._connectors()
        try:
            value, named = self._chain(left)
        except NoExpression:
            value, named = None, False
        if value is None or (sentence == "new" and not named and not seeded):
            self.position = mark
            del self.operations[count:]
            return None
        return value

    def _connectors(self) -> str:
        kind = "same"
        while True:
            if self.take(".", "?", "!"):
                kind = "new"
            elif self.take("then", "after that", "afterwards", "next", "finally", "lastly"):
                kind = "then"
            elif not self.take(
                ",", ";", "and", "now", "after", "also", "please", "take that", "take the result", "from the result", "to the result"
            ):
                return kind

    def _chain(self, left: Value) -> tuple[Value | None, bool]:
        if self.take("add", "plus", "+"):
            value = self.apply("+", left, self._operand())
            return value, self._mentioned("to")
        if self.take("subtract", "minus", "deduct", "take away", "-"):
            value = self.apply("-", left, self._operand())
            return value, self._mentioned("from")
        for verbs, sign in ((("multiply",), "*"), (("divide",), "/"), (("increase", "raise"), "+"), (("decrease", "reduce"), "-")):
            if self.take(*verbs):
                named = self._result()
                if sign in "+-":
                    return self._changed(left, sign), named
                self.need("by", "with")
                return self.apply(sign, left, self._operand()), named
        if self.take("times", "multiplied by", "*"):
            return self.apply("*", left, self.power()), False
        if self.take("divided by", "/"):
            return self.apply("/", left, self.power()), False
        simple: tuple[tuple[str, str, int], ...] = (
            ("double", "*", 2),
            ("triple", "*", 3),
            ("halve", "/", 2),
            ("square", "^", 2),
            ("cube", "^", 3),
        )
        for verb, sign, by in simple:
            if self.take(verb):
                if not self._result():
                    raise NoExpression
                return self.apply(sign, left, (Fraction(by), str(by))), True
        return None, False

    def _operand(self) -> Value:
        return self.power()

    def _result(self) -> bool:
        mark = self.position
        self.take("the", "this", "that")
        if self.word() in RESULT:
            self.position += 1
            return True
        self.position = mark
        return self.take("it", "this", "that")

    def _mentioned(self, preposition: str) -> bool:
        mark = self.position
        if self.take(preposition) and self._result():
            return True
        self.position = mark
        return False
