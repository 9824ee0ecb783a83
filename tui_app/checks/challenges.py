"""Short questions whose answer has to be worked out and never stands in them: arithmetic, and work on made-up words."""

from __future__ import annotations

import random
from typing import Final, Literal

import msgspec

ChallengeForm = Literal["", "number", "word", "count"]


class Challenge(msgspec.Struct, frozen=True):
    """A question with one short answer that has to be worked out."""

    question: str
    answer: str
    form: ChallengeForm
    near: tuple[str, ...] = ()


ONES: Final = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
    "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS: Final = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def in_words(number: int) -> str:
    """A number from 0 to 99 in English words."""
    if number < 20:
        return ONES[number]
    tens, ones = divmod(number, 10)
    return TENS[tens] + (f"-{ONES[ones]}" if ones else "")


def arithmetic(rng: random.Random) -> Challenge:
    """A sum, difference or product of two or three numbers, in digits or in words, that reads in one way only."""
    if rng.random() < 0.3:
        a, b = rng.randint(21, 99), rng.randint(21, 99)
        x, y = in_words(a), in_words(b)
        question = rng.choice(
            (f"What is {x} times {y}?", f"Multiply {x} by {y} and give me the product.", f"How much is {x} multiplied by {y}?")
        )
        return Challenge(question, str(a * b), "number")
    a, b, c = rng.randint(112, 989), rng.randint(13, 97), rng.randint(1_015, 4_985)
    big, other = rng.randint(12_345, 98_765), rng.randint(12_345, 98_765)
    low, high = sorted((big, other))
    forms = (
        (f"What is {a} times {b}?", a * b),
        (f"What is {a} x {b}?", a * b),
        (f"Multiply {a} by {b} and give me the product.", a * b),
        (f"What is {big} plus {other}?", big + other),
        (f"Add {big} and {other} and give me the sum.", big + other),
        (f"What is {high + 5_000} minus {low}?", high + 5_000 - low),
        (f"What is {a} times {b} plus {c}?", a * b + c),
        (f"Multiply {a} by {b}, then add {c}. What is the result?", a * b + c),
        (f"Multiply {a} by {b + 50}, then subtract {c}. What is the result?", a * (b + 50) - c),
    )
    question, value = rng.choice(forms)
    return Challenge(question, str(value), "number")


CONSONANTS: Final = "bcdfghjklmnpqrstvwxz"
VOWELS: Final = "aeiou"


def _token(rng: random.Random, syllables: int) -> str:
    """A pronounceable word that means nothing and is no palindrome."""
    while True:
        word = "".join(rng.choice(CONSONANTS) + rng.choice(VOWELS) for _ in range(syllables)) + rng.choice(CONSONANTS)
        if word != word[::-1]:
            return word


def text(rng: random.Random) -> Challenge:
    """A made-up word to be reversed, or a letter to be counted in one (four times and more: a one or a two stands anywhere)."""
    token = _token(rng, rng.randint(3, 4))
    if rng.random() < 0.75:
        forms = (f'Reverse the word "{token}".', f'Write the word "{token}" backwards.', f'What is "{token}" spelled backwards?')
        return Challenge(rng.choice(forms), token[::-1], "word")
    letter = rng.choice(token)
    letters = [letter] * rng.randint(3, 5) + rng.choices(CONSONANTS, k=3)
    rng.shuffle(letters)
    word = "".join(letters) + token
    counts = (f'How many times does the letter "{letter}" occur in "{word}"?', f'Count the letter "{letter}" in the word "{word}".')
    return Challenge(rng.choice(counts), str(word.count(letter)), "count", (word, "letter", "occur", "appear", "times", "count"))
