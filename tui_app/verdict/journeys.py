"""What users come for, and the checks that stand for it: the strategy's "revenue protection", as a mapping one can read.

A journey is protected only where every check mapped to it passed; what was not in the plan leaves it open, never protected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from tui_app.verdict.words import FAIL, PASS

PROTECTED: Final = "protected"
AT_RISK: Final = "at risk"
OPEN: Final = "not shown"


class Journey(msgspec.Struct, frozen=True):
    """One thing that a customer does. `checks`: ids; all of them have to pass."""

    id: str
    title: str
    checks: tuple[str, ...]


JOURNEYS: Final[tuple[Journey, ...]] = (
    Journey("sign-in", "Customers sign in", ("sign-in", "sign-in-triangle", "ws-connect")),
    Journey("chat", "Customers ask and get an answer worth having", ("golden-path", "agent-answers", "ai-value")),
    Journey("events", "Customers see the agent at work: five events", ("five-events", "not-canned")),
    Journey("history", "What customers wrote is kept", ("message-persisted", "tiers-persist")),
    Journey("privacy", "A customer's data stays theirs", ("isolation-frames", "isolation-rest")),
    Journey("many", "Many customers at once", ("fifty-users",)),
    Journey("recovery", "A broken connection recovers", ("recovery-cut",)),
)


class JourneyReading(msgspec.Struct, frozen=True):
    """How a journey stands. `word`: protected, at risk (a check failed) or not shown; `failed`, `undecided`, `unplanned`: check ids."""

    id: str
    title: str
    word: str
    passed: Sequence[str] = ()
    failed: Sequence[str] = ()
    undecided: Sequence[str] = ()
    unplanned: Sequence[str] = ()

    @property
    def why(self) -> str:
        """What keeps it from being protected; '' where nothing does."""
        parts = [
            f"failed: {', '.join(self.failed)}" if self.failed else "",
            f"undecided: {', '.join(self.undecided)}" if self.undecided else "",
            f"not in this plan: {', '.join(self.unplanned)}" if self.unplanned else "",
        ]
        return "; ".join(part for part in parts if part)


def read_journeys(words: Mapping[str, str]) -> list[JourneyReading]:
    """Every journey, by the words of the session's checks (id to word)."""
    return [_read(journey, words) for journey in JOURNEYS]


def of_result(result: Mapping[str, Any]) -> list[JourneyReading]:
    """The journeys of a `vigil.session/1` document."""
    return read_journeys({check["id"]: check["verdict"] for check in result["checks"]})


def _read(journey: Journey, words: Mapping[str, str]) -> JourneyReading:
    passed = [name for name in journey.checks if words.get(name) == PASS]
    failed = [name for name in journey.checks if words.get(name) == FAIL]
    unplanned = [name for name in journey.checks if name not in words]
    undecided = [name for name in journey.checks if name in words and name not in passed and name not in failed]
    word = AT_RISK if failed else PROTECTED if len(passed) == len(journey.checks) else OPEN
    return JourneyReading(journey.id, journey.title, word, passed, failed, undecided, unplanned)
