"""Plan, tools, answer: one agent per prompt."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

Query = Callable[[str, dict[str, Any]], Awaitable[list[dict[str, Any]]]]


@dataclass
class Step:
    specialist: str
    tool: str
    purpose: str
    parameters: dict[str, Any]
    result: dict[str, Any] = field(default_factory=dict)


class Agent:
    def __init__(self, prompt: str, user_id: str, query: Query) -> None:
        self.references = re.findall(r"VM-[0-9A-Za-z-]{6,}", prompt)
        found = re.search(r"(\d+)\s*\*\s*(\d+)", prompt)
        if found:
            self.steps = [Step("calculator", "calculate", "multiply", {"a": int(found[1]), "b": int(found[2])})]
        else:
            self.steps = [Step("supervisor", "capabilities", "look up what I can do", {})]
        self.thoughts = [f"I will {self.steps[0].purpose}."]

    async def perform(self, step: Step) -> dict[str, Any]:
        step.result = {"value": step.parameters["a"] * step.parameters["b"]} if step.tool == "calculate" else {"skills": ["arithmetic"]}
        return step.result

    def answer(self) -> str:
        return f"{self.steps[0].result} " + " ".join(self.references)
