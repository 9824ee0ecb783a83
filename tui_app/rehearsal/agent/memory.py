"""What a user said earlier in the same thread: facts to remember, and questions that only they answer."""

from __future__ import annotations

import re
from typing import Any

from tui_app.rehearsal.agent.base import Desk, Span, Step, overlaps
from tui_app.rehearsal.agent.own_data import DATA

NAME = r"([A-Za-z][A-Za-z '’-]{1,40}?)"
TOLD = re.compile(
    rf"\bmy\s+{NAME}\s+(?:is|was|are|will be)\s+[\"'“‘]?((?:[^\n.?!\"”;]|\.(?=\S)){{1,160}}?)"
    r"(?=,?\s+and\s+my\b|,\s*my\b|\.(?:\s|$)|[\n?!\"”;]|$)",
    re.IGNORECASE,
)
NOTE = re.compile(r"\b(?:remember|note|keep in mind|memori[sz]e|don't forget|do not forget|write down|store)\b", re.IGNORECASE)
ASKED = re.compile(
    rf"\b(?:what(?:['’]s|\s+is|\s+was|\s+are)|tell\s+me|give\s+me|repeat|recall|do\s+you\s+(?:know|remember))\s+(?:again\s+)?my\s+{NAME}"
    r"(?=\s*(?:[?.!,;\n]|$|\bagain\b|\bthat\s+I\b|\bI\s+(?:told|gave|asked)\b))",
    re.IGNORECASE,
)
SENTENCE = re.compile(r"[^.?!\n]+[.?!]?")


def _key(name: str) -> str:
    return " ".join(name.lower().split())


def told(text: str) -> list[tuple[str, str]]:
    """The facts that a text states of its writer: (name, value)."""
    return [(_key(match[1]), " ".join(match[2].split()).rstrip(" ,'’")) for match in TOLD.finditer(text)]


class Note:
    """A fact to remember. Nothing needs to be kept: the message itself stands in the thread."""

    def __init__(self, facts: list[tuple[str, str]]) -> None:
        self.facts = facts
        names = ", ".join(name for name, _ in facts)
        self.thought = f"I am told something to remember: {names}. It stands in this conversation, where I can look it up."
        self.steps = [Step("supervisor", "thread_memory", f"note {names}", {"note": dict(facts)}, self._work)]

    async def _work(self, _: Desk) -> dict[str, Any]:
        return {"noted": dict(self.facts)}

    def answer(self) -> str:
        """What was understood."""
        return " ".join(f"I will remember that your {name} is {value}." for name, value in self.facts)


class Recall:
    """A question after something that was said earlier in the thread; what was said last counts."""

    def __init__(self, name: str) -> None:
        self.name = _key(name)
        self.thought = f"I am asked for your {self.name}. I look whether you told me in this conversation."
        self.steps = [Step("supervisor", "thread_memory", f"look up your {self.name}", {"look_up": self.name}, self._work)]

    async def _work(self, desk: Desk) -> dict[str, Any]:
        found = [value for text in desk.memory for name, value in told(text) if name == self.name]
        return {"found": found[-1:], "messages_read": len(desk.memory)}

    def answer(self) -> str:
        """The fact, or that it is not known."""
        found = self.steps[0].result.get("found") or []
        return f"Your {self.name} is {found[0]}." if found else f"You have not told me your {self.name} in this conversation."


def find(prompt: str, taken: list[Span]) -> list[Note | Recall]:
    """Facts and questions of a prompt; a question after recorded usage is none of these. Spans are added to `taken`."""
    found: list[Note | Recall] = []
    for match in SENTENCE.finditer(prompt):
        sentence = match[0]
        if overlaps(match.span(), taken):
            continue
        facts = told(sentence) if NOTE.search(sentence) else []
        asked = ASKED.search(sentence)
        if facts:
            found.append(Note(facts))
        elif asked and not DATA.search(asked[1]):
            found.append(Recall(asked[1]))
        else:
            continue
        taken.append(match.span())
    return found[:6]
