"""The application's only contact with the engine: start a session, attach to one, pass commands, and know whether it lives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


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


@dataclass(frozen=True, slots=True)
class TargetInfo:
    """A target as the start and plan screens show it. `blanks` says what is still missing; such a target cannot run."""

    name: str
    environment: str
    loopback: bool
    blanks: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    proposed: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that is now in view: its recording, and whether its engine takes commands from us."""

    session: str
    recording: Path
    commanding: bool
    pid: int = 0


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A session of the list on the start screen."""

    session: str
    path: Path
    started: str
    target: str
    alive: bool
    word: str
    ended: bool
    entry: Any = field(default=None, compare=False)


class Link(Protocol):
    """What the application asks of the engine's side. `SessionLink` is the real one."""

    def builtin(self) -> list[TargetInfo]: ...
    def describe(self, name_or_path: str) -> TargetInfo: ...
    async def propose(self, url: str) -> TargetInfo: ...
    def sessions(self) -> list[SessionLine]: ...
    def catalogue(self) -> list[Mapping[str, Any]]: ...
    def footprint(self, choice: Choice) -> Mapping[str, Any]: ...
    async def start(self, choice: Choice) -> Opened: ...
    async def attach(self, line: SessionLine) -> Opened: ...
    async def command(self, name: str, **facts: Any) -> Mapping[str, Any]: ...
    def alive(self) -> bool: ...
    async def close(self) -> None: ...
