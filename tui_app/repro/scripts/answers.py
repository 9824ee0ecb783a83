"""Different questions: their answers have to differ by more than the reference they quote."""

from __future__ import annotations

import re

from tui_app.repro.scripts.common import FACTS, Unclear, answer_of, connected, finish, marker, run, sign_in, tried

QUESTIONS = (
    *FACTS.get("questions", ()),
    "What did I spend on models this month, and where can I save? Quote my reference {}.",
    "Write three sentences on how caching changes latency. Quote my reference {}.",
    "What is 4871 times 93? Quote my reference {}.",
)
ALIKE = 0.6


def threes(text: str) -> set[tuple[str, ...]]:
    """Every three words in a row."""
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[at : at + 3]) for at in range(max(len(words) - 2, 1))}


def alike(one: str, other: str) -> float:
    """How much two texts have in common: the Jaccard index of their threes of words, 0 to 1."""
    first, second = threes(one), threes(other)
    return len(first & second) / len(first | second)


async def show() -> str:
    """All on one socket, each pair compared."""
    found: list[str] = []
    async with connected(await sign_in(1)) as socket:
        for question in QUESTIONS:
            mark = marker()
            answer = answer_of(await run(socket, question.replace("{}", mark)))
            if not answer:
                raise Unclear("a question gets no answer")
            found.append(answer.replace(mark, ""))
    for index, one in enumerate(found):
        for other in found[index + 1 :]:
            tried()
            if alike(one, other) > ALIKE:
                return f"two different questions get nearly the same answer: {one[:120]!r}"
    return ""


if __name__ == "__main__":
    finish(show)
