"""The agent of one prompt: what it asks for, the plan, the tools, the answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tui_app.rehearsal.agent import calculations, memory, own_data, references, spend, texts, waiting
from tui_app.rehearsal.agent.base import Desk, Query, Span, Step, Task

SKILLS = {
    "spend questions with figures": "totals, shares, unit costs, savings of a shift, distance to a budget, recommendations",
    "arithmetic": "in digits and words, exactly",
    "text tasks": "reverse, sort letters, count letters, add digits, change case",
    "your own usage": "spend, requests and tokens by model, team or month",
    "this conversation": "what you told me about yourself earlier in the thread",
}

SEARCHED = 12
"""The longest words of a request are looked for among the skills."""


class Beyond:
    """What is done with a prompt outside of the agent's competence: it looks up what it can do, and says so."""

    thought = "None of my skills fits this request. I look up what I can do, so as to say it instead of inventing an answer."

    def __init__(self, prompt: str) -> None:
        words = {word.lower() for word in re.findall(r"[^\W_]+", prompt)}
        self.words = sorted(sorted(words, key=len, reverse=True)[:SEARCHED])
        self.steps = [Step("supervisor", "capabilities", "look up which skill fits", {"words": self.words}, self._work)]

    async def _work(self, _: Desk) -> dict[str, Any]:
        return {"searched": self.words, "matching": [], "skills": SKILLS}

    def answer(self) -> str:
        """A plain statement, and what it rests on."""
        searched = f"I looked for {', '.join(self.words)}" if self.words else "There was no word to look for"
        return f"I cannot help with that: it is outside of what I can do. {searched} in my skills, which are {', '.join(SKILLS)}."


class Agent:
    """Understands a prompt when it is made; then `perform` each of `steps` in order, then `answer`.

    said -- what the user said earlier in the same thread, oldest first
    """

    def __init__(self, prompt: str, user_id: str, query: Query, said: Sequence[str] = ()) -> None:
        self._desk = Desk(user_id, query, tuple(said))
        self.references = references.find(prompt)
        self._tasks = _tasks(prompt)
        self.steps: list[Step] = [step for task in self._tasks for step in task.steps]
        self.thoughts = [task.thought for task in self._tasks]
        if len(self._tasks) > 1:
            order = ", then ".join(step.purpose for step in self.steps)
            self.thoughts.insert(0, f"The request has {len(self._tasks)} parts. My plan: {order}.")
        if self.references:
            self.thoughts.append(f"The answer has to quote {len(self.references)} reference{'s' if len(self.references) > 1 else ''}.")

    async def perform(self, step: Step) -> dict[str, Any]:
        """Use the tool of one step and keep what it found."""
        step.result = await step.work(self._desk)
        return step.result

    def answer(self) -> str:
        """The answers of all parts, and the references that were asked for."""
        parts = [task.answer() for task in self._tasks]
        if self.references:
            parts.append(f"Reference: {', '.join(self.references)}")
        return "\n\n".join(parts)


def _tasks(prompt: str) -> list[Task]:
    """The parts of a prompt: waits, memory, text tasks, spend, own data, arithmetic. What one skill took, another does not read again."""
    taken: list[Span] = []
    waits = waiting.find(prompt, taken)
    remembered = memory.find(prompt, taken)
    for start, end in taken:
        prompt = prompt[:start] + " " * (end - start) + prompt[end:]
    text_tasks = texts.find(prompt, taken)
    rest = references.masked(prompt)
    sums = calculations.find(rest, taken)
    for start, end in taken:
        rest = rest[:start] + " " * (end - start) + rest[end:]
    spending = spend.find(rest)
    own = own_data.find(rest, taken, spending is not None)
    found: list[Task] = [*waits, *remembered, *text_tasks, *sums, *([spending] if spending else []), *own]
    return found or [Beyond(references.masked(prompt))]
