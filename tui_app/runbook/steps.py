"""The strategy's steps for a failure, each with the operator's own command where the target file has one.

Strategy, "Emergency Procedures": check the cloud's status, attempt recovery, deploy afresh, escalate; and "Business Continuity
Fallback", where Docker and staging are both out. Vigil runs what only reads, and shows the rest: `ReadStep` is the one type that the
runner takes, and it is only ever made of a command that the target file calls a read.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, Protocol

import msgspec

from tui_app.runbook.failure import FailureClass

Kind = Literal["check-status", "logs", "recover", "redeploy", "escalate", "document", "risk", "production", "manual", "rerun", "contain"]
TITLES: Final[Mapping[Kind, tuple[str, str]]] = {
    "contain": (
        "Tell security and stop the exposure",
        "The evidence says whose data was seen by whom. A person decides who is told, and whether access is shut.",
    ),
    "check-status": ("Check the cloud's status", "Is it theirs or ours? Failing front ends, a region, a quota."),
    "logs": ("Read the platform's own logs", "Around the failing rows; a key on a check's evidence copies the query."),
    "recover": ("Attempt to recover staging", "Restart what is ill, undo the last change. A person does it."),
    "redeploy": ("Deploy staging afresh", "With the last build that passed, if there is one."),
    "rerun": ("Run what failed again", "Only a new session says that it is mended; a retry never makes the old one better."),
    "escalate": (
        "Escalate to the infrastructure team",
        "Send the incident bundle: timeline, failing checks, witness frames and reports in one file.",
    ),
    "document": ("Document all attempts and failures", "The bundle and the hand-over page hold them (strategy, fallback 1)."),
    "risk": ("Ask business leadership to accept the risk, or not", "Their decision is a note in the session (strategy, fallback 2)."),
    "production": (
        "Consider production, with extreme caution",
        "Vigil only reads there, and only where it is allowed by name for one session (strategy, fallback 3).",
    ),
    "manual": ("Follow the manual protocol", "The critical journeys by hand, ticked off with the session (strategy, fallback 4)."),
}
"""What a step is called, and what to know."""
_USUAL: Final[tuple[Kind, ...]] = ("check-status", "logs", "recover", "redeploy", "rerun", "escalate")
ORDER: Final[Mapping[str, tuple[Kind, ...]]] = {
    "both-down": ("document", "risk", "check-status", "recover", "redeploy", "production", "manual", "escalate"),
    "unreachable": ("check-status", "logs", "recover", "redeploy", "rerun", "escalate"),
    "leak": ("contain", "logs", "escalate", "redeploy", "rerun"),
    "down": _USUAL,
    "tier": _USUAL,
    "sign-in": ("logs", "check-status", "recover", "redeploy", "rerun", "escalate"),
    "events": ("logs", "check-status", "recover", "redeploy", "rerun", "escalate"),
    "slow": ("check-status", "logs", "rerun", "recover", "escalate"),
    "other": ("logs", "rerun", "escalate"),
    "undecided": ("rerun",),
    "none": (),
}
"""Which steps, in which order, by class of failure."""
PROTOCOL: Final = (
    "Sign in as a test user in a browser, in a private window",
    "Ask a question that needs a tool; see that it starts, thinks, uses the tool, and ends",
    "See that the answer has figures that fit the question, and is no stock sentence",
    "Reload the page; see that question and answer are still there",
    "Cut the network for ten seconds while it answers; see that the chat goes on",
    "Sign in as a second user elsewhere; see nothing of the first one's",
    "Sign out; see that the back button shows nothing",
)
"""The manual protocol: the critical journeys, by hand (strategy, fallback 4)."""


class ReadStep(msgspec.Struct, frozen=True):
    """A command that only reads, as the target file says: the one thing that Vigil runs."""

    title: str
    arguments: tuple[str, ...]


class ShownStep(msgspec.Struct, frozen=True):
    """A command that changes something: shown and copied, never run."""

    title: str
    arguments: tuple[str, ...]


class Step(msgspec.Struct, frozen=True):
    """One step of a runbook: what it is, and the commands that the target file has for it."""

    kind: Kind
    title: str
    says: str
    commands: tuple[ReadStep | ShownStep, ...]


class _Command(Protocol):
    """A `[[runbook.step]]` of a target file."""

    @property
    def kind(self) -> str: ...
    @property
    def command(self) -> Sequence[str]: ...
    @property
    def title(self) -> str | None: ...
    @property
    def effect(self) -> str: ...
    @property
    def when(self) -> Sequence[str]: ...


class _Runbook(Protocol):
    """`[runbook]` of a target file."""

    @property
    def values(self) -> Mapping[str, str]: ...
    @property
    def step(self) -> Sequence[_Command]: ...


class TargetFile(Protocol):
    """What a runbook takes of a target file: as it was loaded (`target.profile.Profile`), or as a recording keeps it (`recorded`)."""

    @property
    def name(self) -> str: ...
    @property
    def runbook(self) -> _Runbook: ...


class _RecordedCommand(msgspec.Struct, frozen=True):
    kind: str
    command: tuple[str, ...]
    title: str | None = None
    effect: str = "change"
    when: tuple[str, ...] = ()


class _RecordedRunbook(msgspec.Struct, frozen=True):
    values: dict[str, str] = {}
    step: tuple[_RecordedCommand, ...] = ()


class _Named(msgspec.Struct, frozen=True):
    name: str = ""


class _Recorded(msgspec.Struct, frozen=True):
    target: _Named = _Named()
    runbook: _RecordedRunbook = _RecordedRunbook()

    @property
    def name(self) -> str:
        """The target's."""
        return self.target.name


def recorded(plan: Mapping[str, Any]) -> TargetFile:
    """The target file as a recording's plan keeps it; without commands where this version cannot read them."""
    profile = plan.get("profile") or {}
    try:
        return msgspec.convert(profile, _Recorded)
    except msgspec.ValidationError:
        return _Recorded()


def steps(failure: FailureClass, profile: TargetFile, session: str = "") -> list[Step]:
    """What to do, in order. Placeholders of commands are `[runbook.values]` and {session}, {target}."""
    values = {"session": session, "target": profile.name, **profile.runbook.values}
    found = []
    for kind in ORDER[failure.id]:
        title, says = TITLES[kind]
        commands: list[ReadStep | ShownStep] = []
        for entry in profile.runbook.step:
            if entry.kind == kind and (not entry.when or failure.id in entry.when):
                filled = tuple(fill(argument, values) for argument in entry.command)
                make = ReadStep if entry.effect == "read" else ShownStep
                commands.append(make(entry.title or title, filled))
        if kind == "rerun" and session:
            commands.append(ShownStep(title, ("vigil", "run", "--failed", session)))
        if kind in ("escalate", "document") and session:
            commands.append(ShownStep("The incident bundle", ("vigil", "bundle", "--incident", session)))
        found.append(Step(kind, title, says, tuple(commands)))
    return found


def fill(argument: str, values: Mapping[str, str]) -> str:
    """One argument with its placeholders filled in: whatever a value holds, it stays within this argument."""
    out, rest = "", argument
    while rest:
        before, opened, after = rest.partition("{")
        name, closed, tail = after.partition("}")
        if opened and closed and name in values:
            out, rest = out + before + values[name], tail
        else:
            out, rest = out + before + opened, after
    return out


def shell(arguments: Sequence[str]) -> str:
    """The command as a POSIX shell takes it, whatever is in its arguments."""
    return shlex.join(arguments)
