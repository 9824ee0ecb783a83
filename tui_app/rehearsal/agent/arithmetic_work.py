"""The operations of arithmetic on exact fractions, each with the text that traces it."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

MAX_BITS = 4096
Value = tuple[Fraction, str]


class Undefined(Exception):
    """Arithmetic whose result does not exist or is too large to write; the message says which."""


class Work:
    """Carries operations out and notes their signs in `operations`."""

    def __init__(self) -> None:
        self.operations: list[str] = []

    def fold(self, sign: str, items: list[Value]) -> Value:
        value = items[0]
        for item in items[1:]:
            value = self.apply(sign, value, item)
        return value

    def single(self, name: str, operand: Value) -> Value:
        value = operand[0]
        if name == "sqrt":
            if value < 0:
                raise Undefined("the square root of a negative number is not a real number")
            whole = Fraction(math.isqrt(value.numerator), math.isqrt(value.denominator))
            return self.done("sqrt", whole if whole * whole == value else Fraction(math.sqrt(value)), f"sqrt({operand[1]})")
        if value.denominator != 1 or not 0 <= value <= 300:
            raise Undefined("the factorial is only computed for whole numbers from 0 to 300")
        return self.done("factorial", Fraction(math.factorial(value.numerator)), f"{operand[1]}!")

    def apply(self, sign: str, left: Value, right: Value) -> Value:
        if sign in ("/", "mod") and right[0] == 0:
            raise Undefined("division by zero is undefined")
        if sign == "^":
            return self.done(sign, _power(left[0], right[0]), f"{left[1]} ^ {right[1]}")
        work: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
            "+": lambda a, b: a + b,
            "-": lambda a, b: a - b,
            "*": lambda a, b: a * b,
            "/": lambda a, b: a / b,
            "mod": lambda a, b: a % b,
        }
        wrapped = bracketed(left[1]) if sign in "*/" and any(mark in left[1] for mark in (" + ", " - ")) else left[1]
        return self.done(sign, work[sign](left[0], right[0]), f"{wrapped} {sign} {right[1]}")

    def done(self, sign: str, value: Fraction, text: str) -> Value:
        if value.numerator.bit_length() + value.denominator.bit_length() > MAX_BITS:
            raise Undefined("the result is too large to be written out")
        self.operations.append(sign)
        return value, text


def bracketed(text: str) -> str:
    """The text in brackets, unless it is in brackets as a whole."""
    inner = text[1:-1]
    whole = text.startswith("(") and text.endswith(")") and "(" not in inner and ")" not in inner
    return text if whole else f"({text})"


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        if base < 0:
            raise Undefined("a root of a negative number is not a real number")
        return Fraction(float(base) ** float(exponent))
    if base == 0 and exponent < 0:
        raise Undefined("division by zero is undefined")
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if bits * abs(exponent.numerator) > MAX_BITS:
        raise Undefined("the result is too large to be written out")
    return base**exponent.numerator
