"""Requests to wait: `Wait two seconds, then ...`. The agent really waits, so that whoever asks has a run in flight for so long."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from tui_app.rehearsal.agent.base import Desk, Span, Step

LONGEST_S = 10.0
WORDS = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
WAIT = re.compile(
    rf"\b(?:wait|pause|sleep)\s+(?:for\s+)?(\d+(?:\.\d+)?|{'|'.join(WORDS)})\s+(milliseconds?|ms|seconds?|s)\b[^.?!\n]{{0,20}}?"
    r"(?:,|\bbefore you answer\b|\bbefore answering\b|\bthen\b|(?=[.?!\n]|$))",
    re.IGNORECASE,
)


class Waiting:
    """One wait, at most ten seconds of it."""

    def __init__(self, seconds: float) -> None:
        self.seconds = min(seconds, LONGEST_S)
        self.thought = f"I am asked to wait {self.seconds:g} s first, so I set a timer."
        self.steps = [Step("supervisor", "timer", f"wait {self.seconds:g} s", {"seconds": self.seconds}, self._work)]

    async def _work(self, _: Desk) -> dict[str, Any]:
        await asyncio.sleep(self.seconds)
        return {"waited_s": self.seconds}

    def answer(self) -> str:
        """What was done."""
        return f"I waited {self.seconds:g} s."


def find(prompt: str, taken: list[Span]) -> list[Waiting]:
    """The waits of a prompt, all of them together no longer than one may be; their spans are added to `taken`."""
    found: list[Waiting] = []
    for match in WAIT.finditer(prompt):
        number = float(WORDS.get(match[1].lower(), 0)) or float(match[1])
        seconds = number / 1000 if match[2].lower().startswith("m") else number
        left = LONGEST_S - sum(one.seconds for one in found)
        if left > 0 and seconds > 0:
            found.append(Waiting(min(seconds, left)))
            taken.append(match.span())
    return found
