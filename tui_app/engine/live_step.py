"""A recorded step while it is under way."""

from __future__ import annotations

from typing import Any


class LiveStep:
    """A step that is under way."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.outcome = "done"
        self.facts: dict[str, Any] = {}

    def note(self, **facts: Any) -> None:
        """Facts for the step's end row."""
        self.facts.update(facts)

    def ended(self, outcome: str) -> None:
        """Say that it ended otherwise than done."""
        self.outcome = outcome
