"""What is happening, in one sentence for somebody who has never seen the platform: no ids, no jargon, and its limit."""

from __future__ import annotations

from typing import Final

from tui_app.gravity import gravest
from tui_app.model import SECOND
from tui_app.recording.state import CheckView, SessionState, Waiting
from tui_app.screens.safe import clean

CALM_NS: Final = SECOND
"""A sentence about a step that is over stays for so long: shorter ones could not be read."""

DOING: Final = {
    "agent-run": "waiting for the agent's answer",
    "ping": "timing a message there and back",
    "answered": "timing a message there and back",
    "level-ping": "timing a message there and back",
    "control-pings": "looking whether a quiet connection is alive",
    "catch-up": "looking what was missed while the connection was gone",
    "idle": "keeping silent, to see whether the connection stays",
    "talk": "talking on one connection, to see whether it stays",
    "attempt": "trying to open what belongs to another user",
    "bad-token": "trying to get in with a forged key",
    "no-password": "trying to get in without a password",
    "sign-out": "signing out, to see that every door closes",
    "history": "reading the conversation back",
    "burst": "sending a burst of messages",
    "stop": "calling a piece of work off, to see that it stops",
    "broken": "sending nonsense, to see that it harms nobody",
    "stream": "watching an answer arrive word by word",
}
"""A step's intent as something that a user does."""
WHOLE: Final = {
    "fault": "Breaking {whose} connection on purpose",
    "recover": "Cutting {whose} connection to see how fast it recovers",
    "beside": "Letting {who} in again beside a dead connection",
    "ramp": "Bringing more users on",
    "level": "Many users at work at the same moment",
    "level-hold": "Many users at work at the same moment",
    "crowd": "Everybody connected at the same moment",
    "soak": "Going on for hours, to see whether anything wears out",
    "tiers": "Asking all three databases whether they are there",
}
"""A step's intent as a sentence of its own."""
TWICE: Final = 2
"""Recovery is waited for twice as long as its limit, to see how late it is."""
FIRST: Final = ("recover", "fault", "beside", "attempt", "bad-token", "agent-run")
"""Of several steps at once, the one to tell of."""


def person(label: str) -> str:
    """`u3` as a person says it."""
    label = clean(label)
    return f"user {label[1:]}" if label[:1] == "u" and label[1:].isdecimal() else label


def people(labels: list[str]) -> str:
    """Some users in words."""
    said = [person(label) for label in labels]
    if len(said) > 3:
        return f"{len(said)} users"
    if len(said) > 1 and all(one.startswith("user ") for one in said):
        numbers = [one.removeprefix("user ") for one in said]
        return f"users {', '.join(numbers[:-1])} and {numbers[-1]}"
    return " and ".join(said)


def seconds(value: float) -> str:
    """A time as a person says it."""
    return f"{value:.1f} s" if value < 60 else f"{value / 60:.0f} min"


class Saying:
    """The sentence of this moment, which changes no faster than it can be read."""

    def __init__(self) -> None:
        self._number = 0
        self._since = 0
        self._text = ""

    def now(self, state: SessionState) -> str:
        """What happens now."""
        standing = _standing(state)
        if standing:
            self._number, self._text = 0, ""
            return standing
        chosen = state.waiting.get(self._number)
        if chosen is None and self._text and 0 <= state.t - self._since < CALM_NS:
            return self._text
        if chosen is None:
            self._number, self._since = choose(state), state.t
            chosen = state.waiting.get(self._number)
        self._text = told(state, chosen) if chosen is not None else _between(state)
        return self._text


def _standing(state: SessionState) -> str:
    """What is so until somebody or something ends it; '' while steps go on."""
    if not state.session:
        return "No session yet."
    if state.ended:
        return ending(state)
    if state.asks:
        return "On hold: somebody must sign in again. Nothing new is sent meanwhile."
    if state.held:
        return "On hold: nothing new is sent until somebody lets it go on."
    return "Stopping: nothing new is sent, and what was made is tidied away." if state.stopping else ""


def ending(state: SessionState) -> str:
    """How the session ended, for whoever pays for it."""
    if state.end_reason != "complete":
        return {"stopped": "Stopped by its operator, and tidied: the verdict covers what was done until then."}.get(
            state.end_reason, "The session broke off: the verdict covers what was done until then."
        )
    asked = [check for check in state.checks.values() if check.required and check.word != "SKIPPED"]
    failed = [check for check in asked if check.word == "FAIL"]
    if failed:
        worst = gravest(failed)
        return f"{len(failed)} of {len(asked)} checks failed: {harm(worst)}."
    still = [check for check in asked if check.word != "PASS"]
    if still:
        return f"Nothing failed, and {len(still)} of {len(asked)} checks could not be decided."
    return f"All {len(asked)} checks passed."


def harm(check: CheckView) -> str:
    """What a failed check means, from its `impact` ('If this fails, customers ...')."""
    said = clean(check.impact).removeprefix("If this fails, ").rstrip(".")
    return said or clean(check.title)


def choose(state: SessionState) -> int:
    """The step to tell of: by what it is, then the oldest."""

    def rank(item: tuple[int, Waiting]) -> tuple[int, int]:
        intent = item[1].intent
        return (FIRST.index(intent) if intent in FIRST else len(FIRST), item[1].since)

    return min(state.waiting.items(), key=rank)[0] if state.waiting else 0


def told(state: SessionState, step: Waiting) -> str:
    """One step, with those beside it that do the same, how long it has taken, and its limit."""
    beside = sorted({one.user for one in state.waiting.values() if one.intent == step.intent and one.check == step.check and one.user})
    who = people(beside if step.intent in DOING else [step.user]) if step.user else ""
    spent = max(state.t - step.since, 0) / SECOND
    limit = limit_s(step)
    timed = f": {seconds(spent)} so far" + (f", limit {limit:g} s" if limit else "")
    if step.intent in WHOLE:
        whose = f"{who}'s" if who else "a user's"
        return WHOLE[step.intent].format(who=who or "a user", whose=whose) + timed
    if step.intent in DOING:
        verb = DOING[step.intent]
        if not who:
            return f"{verb[0].upper()}{verb[1:]}{timed}"
        many = len(beside) > 1
        return f"{who[0].upper()}{who[1:]} {'are' if many else 'is'} {verb}{timed}"
    return f"At work on it{timed}"


def limit_s(step: Waiting) -> float | None:
    """The limit that matters to the step, seconds."""
    if step.deadline_ms is None:
        return None
    return step.deadline_ms / 1000 / (TWICE if step.intent == "recover" else 1)


def _between(state: SessionState) -> str:
    return "Watching what arrives" if running_check(state) is not None else "Between two checks"


def running_check(state: SessionState) -> CheckView | None:
    """The check that began last of those that run."""
    running = [check for check in state.checks.values() if check.word == "RUNNING"]
    return max(running, key=lambda check: check.started or 0) if running else None
