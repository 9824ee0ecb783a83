"""What the screens ask of the engine's side, and the plain data that passes: the contract that `SessionLink` keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from tui_app.doctor.examine import Examined
    from tui_app.recording.sessions import SessionEntry
    from tui_app.target.profile import Profile
    from tui_app.verdict.self_test import SelfTest


class LinkError(Exception):
    """The engine or the target could not do what was asked; the message is for a person."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the plan screen chose: everything that a plan is made of."""

    target: str
    checks: tuple[str, ...]
    preset: str = "quick"
    users: int = 2
    parent: str = ""
    consent: tuple[str, ...] = ()
    duration_s: float = 0.0
    """For how long a soak goes on; 0 where there is none."""
    times: int = 1
    """How often each of `checks` is driven."""


@dataclass(frozen=True, slots=True)
class TargetInfo:
    """A target as the start and plan screens show it. `blanks` says what is still missing; such a target cannot run."""

    name: str
    environment: str
    loopback: bool
    blanks: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    key: str = ""
    users: int = 0
    """How many its file signs in; 0 where it does not say."""
    """What `start` knows it by: the name of a built-in one, a path, or a pasted address."""

    def same_as(self, other: TargetInfo) -> bool:
        """Whether both are one target: name, claim and every address."""
        return (self.name, self.environment, self.loopback) == (other.name, other.environment, other.loopback) and {
            line for line in self.lines if "://" in line
        } == {line for line in other.lines if "://" in line}


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that is now in view: its recording, and whether its engine takes commands from us."""

    session: str
    recording: Path
    commanding: bool
    sealed: bool = False
    """No remark may be added to the recording from here."""
    viewer: int = 0
    """By which number the recording names us where it says who is in control; 0 without a connection to the engine."""
    since: int = 0
    """The row up to which we know who is in control."""
    speed: float = 1.0
    """Of a replay: seconds of the session in one of ours."""


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A session of the list on the start screen. `ended` is '' while it runs."""

    session: str
    path: Path
    started: str
    target: str
    alive: bool
    word: str
    ended: str
    problem: str = ""
    build: str = ""
    seconds: float = 0.0
    parent: str = ""
    size: int = 0
    pinned: bool = False
    entry: SessionEntry | None = field(default=None, compare=False)
    environment: str = ""


class Link(Protocol):
    """What the application asks of the engine's side. `SessionLink` is the real one. All raise LinkError."""

    def builtin(self) -> list[TargetInfo]: ...
    def describe(self, key: str) -> TargetInfo: ...
    async def check(self, info: TargetInfo) -> TargetInfo: ...
    def recorded(self, header: Mapping[str, str]) -> TargetInfo: ...
    def sessions(self) -> list[SessionLine]: ...
    def catalogue(self, environment: str) -> list[Mapping[str, Any]]: ...
    def preset(self, name: str) -> frozenset[str]: ...
    def asked(self, users: int, duration_s: float) -> frozenset[str]: ...
    def left_out(self) -> tuple[str, ...]: ...
    def selftest(self) -> SelfTest | None: ...
    def standing(self) -> str: ...
    def faults(self) -> list[Mapping[str, Any]]: ...
    def about(self) -> list[tuple[str, str]]: ...
    async def examine(self, target: str) -> Examined: ...
    def profile(self, key: str) -> Profile: ...
    def footprint(self, choice: Choice) -> Mapping[str, Any]: ...
    def unconsented(self, choice: Choice) -> tuple[str, ...]: ...
    async def start(self, choice: Choice) -> Opened: ...
    def retain(self) -> str: ...
    def pin(self, line: SessionLine, *, kept: bool) -> None: ...
    async def attach(self, line: SessionLine) -> Opened: ...
    async def command(self, name: str, **facts: Any) -> Mapping[str, Any]: ...
    async def sign_in(self, label: str, *, prompt: bool) -> str: ...
    def alive(self) -> bool: ...
    async def close(self) -> None: ...


def line_of(entry: SessionEntry) -> SessionLine:
    """A session as the start screen lists it."""
    return SessionLine(
        entry.session, entry.path, entry.started, entry.target, entry.alive, entry.word, entry.ended, entry.problem,
        entry.build, entry.seconds, entry.parent, entry.size, entry.pinned, entry,
        entry.environment,
    )  # fmt: skip
