"""The application's only contact with targets and the engine: describe, propose, start, attach, command, and know whether it lives."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tui_app.screens.build_facts import BuildFacts

if TYPE_CHECKING:
    from tui_app.doctor.examine import Examined
    from tui_app.engine.client import Control
    from tui_app.engine.plan import Plan
    from tui_app.recording.sessions import SessionEntry
    from tui_app.target.profile import Profile
    from tui_app.verdict.self_test import SelfTest


CHECK_S = 4.0
"""Seconds that a service of a pasted address has to answer."""


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
    entry: SessionEntry | None = field(default=None, compare=False)


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
    def footprint(self, choice: Choice) -> Mapping[str, Any]: ...
    def unconsented(self, choice: Choice) -> tuple[str, ...]: ...
    async def start(self, choice: Choice) -> Opened: ...
    async def attach(self, line: SessionLine) -> Opened: ...
    async def command(self, name: str, **facts: Any) -> Mapping[str, Any]: ...
    async def sign_in(self, label: str, *, prompt: bool) -> str: ...
    def alive(self) -> bool: ...
    async def close(self) -> None: ...


def line_of(entry: SessionEntry) -> SessionLine:
    """A session as the start screen lists it."""
    return SessionLine(entry.session, entry.path, entry.started, entry.target, entry.alive, entry.word, entry.ended, entry.problem, entry)


SIGNED_IN = {
    "login": "signed in by password",
    "e2e": "signed in by the platform's end-to-end key",
    "tokens": "by tokens that are given",
    "command": "by tokens that a command gives",
}
"""How users get their tokens, by a target file's `mode`."""


class SessionLink(BuildFacts):
    """The real link. Imports the engine's side when it is first asked, so that the first screen comes at once."""

    def __init__(self) -> None:
        self._profiles: dict[str, Profile] = {}
        self._control: Control | None = None
        self._session = ""
        self.ask: Callable[[str], str] | None = None
        """Asks for a secret without echo, where a target's file names none."""

    # -- targets

    def builtin(self) -> list[TargetInfo]:
        """The built-in targets, the rehearsal first."""
        from tui_app.target.profile import BUILTIN

        return [self.describe(name) for name in BUILTIN]

    def describe(self, key: str) -> TargetInfo:
        """A target by built-in name, TOML path, or pasted address (the rest is proposed)."""
        from tui_app.target.problems import ProfileError
        from tui_app.target.profile import BUILTIN, load, propose

        reasons: tuple[str, ...] = ()
        try:
            if key in BUILTIN or key.endswith(".toml") or Path(key).expanduser().is_file():
                profile = load(key)
            else:
                proposal = propose(key)
                profile, reasons = proposal.profile, proposal.reasons
        except ProfileError as error:
            raise LinkError(str(error)) from error
        self._profiles[key] = profile
        return self._info(key, profile, reasons)

    def _info(self, key: str, profile: Profile, reasons: tuple[str, ...]) -> TargetInfo:
        rehearsal = profile.environment == "rehearsal" and key == "rehearsal"
        addresses = () if rehearsal else tuple(f"{service}: {url}" for service, url in profile.urls.items())
        credentials = profile.credentials
        users = "1 user" if credentials.users == 1 else f"{credentials.users} users"
        signs = f"registers {users} of its own" if credentials.mode == "register" else f"{users}, {SIGNED_IN.get(credentials.mode, '')}"
        return TargetInfo(
            name=profile.name,
            environment=profile.environment,
            loopback=profile.loopback,
            blanks=() if rehearsal else profile.blanks,
            lines=(*addresses, signs, *reasons),
            key=key,
            users=credentials.users,
        )

    async def check(self, info: TargetInfo) -> TargetInfo:
        """The same target, its lines saying which service answers where: one GET each, without credentials."""
        from tui_app.target.credentials import CredentialsError
        from tui_app.target.network import proxy_of, trust_of
        from tui_app.target.problems import ProfileError
        from tui_app.wire.created import Created
        from tui_app.wire.http import HttpClient

        paths = {"backend": "/health", "auth": "/health", "frontend": "/"}
        profile = self._profile(info.key)
        urls = {service: url for service, url in profile.urls.items() if service in paths and "<" not in url}
        try:
            client = HttpClient(urls, Created(), tls=trust_of(profile), proxy=proxy_of(profile, os.environ))
        except (CredentialsError, ProfileError) as error:
            return replace(info, lines=(str(error), *info.lines))

        async def one(service: str, url: str) -> str:
            answer = await client.request(service, "GET", paths[service], within=CHECK_S)
            return (
                f"{service}: {url} answers, status {answer.status}"
                if answer.status
                else f"{service}: {url} does not answer ({answer.error})"
            )

        try:
            said = await asyncio.gather(*(one(service, url) for service, url in urls.items()))
        finally:
            await client.aclose()
        checked = tuple(line for line in info.lines if line.partition(":")[0] not in urls)
        return replace(info, lines=(*said, *checked))

    async def examine(self, target: str) -> Examined:
        """What `vigil doctor` finds; with a target also by one GET to each of its services, else nothing is sent."""
        from tui_app.doctor.examine import examine

        return await examine(self._profile(target) if target else None)

    def recorded(self, header: Mapping[str, str]) -> TargetInfo:
        """The target of a recorded session, from the plan in its header."""
        import json

        from tui_app.target.profile import Profile

        try:
            profile = Profile.model_validate(json.loads(header["plan"])["profile"])
        except (KeyError, TypeError, ValueError) as error:
            raise LinkError("the recording does not say which target it ran on; choose one on the first screen") from error
        key = "rehearsal" if profile.environment == "rehearsal" else f"session {header.get('session', '')}"
        self._profiles[key] = profile
        return self._info(key, profile, ())

    def _profile(self, key: str) -> Profile:
        if key not in self._profiles:
            self.describe(key)
        return self._profiles[key]

    # -- sessions

    def sessions(self) -> list[SessionLine]:
        """Every session of this user, newest first."""
        from tui_app.recording.sessions import list_sessions

        return [line_of(entry) for entry in list_sessions()]

    def catalogue(self, environment: str) -> list[Mapping[str, Any]]:
        """The checks that mean anything in this environment, as `vigil checks --json` prints them."""
        from tui_app.checks.catalogue import as_json, catalogue

        return [as_json(check) for check in catalogue() if environment in check.environments]

    def preset(self, name: str) -> frozenset[str]:
        """The checks that a preset selects, with those that they need."""
        from tui_app.engine.plan import select

        return frozenset(check.id for check in select(preset=name))

    def asked(self, users: int, duration_s: float) -> frozenset[str]:
        """The checks that join a plan of so many users and so long a duration, whatever its preset."""
        from tui_app.checks.catalogue import catalogue

        return frozenset(check.id for check in catalogue() if check.asked(users, duration_s))

    def _plan(self, choice: Choice) -> Plan:
        from tui_app.engine.plan import PlanError, select
        from tui_app.order import make_plan, plan_of
        from tui_app.recording.errors import RecordingError
        from tui_app.target.consent import ConsentError
        from tui_app.target.problems import ProfileError

        try:
            before = plan_of(choice.parent) if choice.parent else None
            return make_plan(
                self._profile(choice.target),
                select(checks=",".join(choice.checks), preset=choice.preset),
                preset=choice.preset,
                users=choice.users,
                consent_option=",".join(choice.consent) or None,
                parent=choice.parent,
                faults=before.faults if before else (),
                generation=before.generation if before else "g2",
                rehearsal=before.rehearsal if before else (),
                selected=choice.checks,
                duration_s=choice.duration_s,
                iterations=choice.times,
            )
        except (PlanError, ProfileError, ConsentError, RecordingError) as error:
            raise LinkError(str(error)) from error

    def footprint(self, choice: Choice) -> Mapping[str, Any]:
        """What a plan would cost, as `vigil run --dry-run` works it out."""
        from tui_app.checks.catalogue import by_id
        from tui_app.engine.plan import footprint
        from tui_app.order import warnings

        plan = self._plan(choice)
        return {**footprint(plan, [by_id()[name] for name in plan.checks]), "warnings": warnings(self._profile(choice.target), plan)}

    def unconsented(self, choice: Choice) -> tuple[str, ...]:
        """Effects of the choice that nobody has agreed to on its target; their checks would read BLOCKED."""
        from tui_app.checks.catalogue import by_id
        from tui_app.target.consent import standing

        profile, now = self._profile(choice.target), datetime.now(UTC)
        found: set[str] = set()
        for name in choice.checks:
            stand = standing(by_id()[name].effects, profile, now, users=choice.users)
            found |= set(stand.effects) if stand.word == "missing" else set()
        return tuple(sorted(found))

    async def start(self, choice: Choice) -> Opened:
        """Launch an engine for the choice and take control of it."""
        from tui_app.engine.launch import LaunchError, launch
        from tui_app.engine.plan import PlanError
        from tui_app.order import secrets_for
        from tui_app.target.credentials import CredentialsError

        plan = self._plan(choice)
        try:
            secrets = await secrets_for(self._profile(choice.target), plan, self.ask, alone=True)
            launched = await launch(plan, secrets)
        except (LaunchError, PlanError, CredentialsError, OSError, ValueError) as error:
            raise LinkError(str(error)) from error
        await self._connect(launched.session, launched.control, take=True)
        return Opened(launched.session, launched.recording, self._control is not None)

    async def attach(self, line: SessionLine) -> Opened:
        """Look at a session; a living one is commanded too, unless somebody else has it in hand."""
        entry = line.entry
        await self.close()
        self._session = line.session
        commanding = False
        if entry is not None and entry.alive and entry.control is not None:
            commanding = await self._connect(line.session, entry.control, take=False)
        return Opened(line.session, line.path, commanding)

    async def _connect(self, session: str, path: Path, *, take: bool) -> bool:
        """Open the control channel; whether commands of ours are carried out."""
        from tui_app.engine.client import Control, ControlError

        await self.close()
        self._session = session
        try:
            self._control = await Control.connect(path)
            status = await self._control.ask("take" if take else "status")
        except ControlError:
            # The session can still be watched through its recording; commands then say what is missing.
            self._control = None
            return False
        return bool(status.get("controller")) or int(status.get("viewers", 1)) <= 1

    async def command(self, name: str, **facts: Any) -> Mapping[str, Any]:
        """Ask the engine: status, hold, resume, stop, take. Gives its answer."""
        from tui_app.engine.client import ControlError

        if self._control is None:
            raise LinkError("no engine takes commands from here")
        try:
            return await self._control.ask(name, **facts)
        except ControlError as error:
            raise LinkError(str(error)) from error

    async def sign_in(self, label: str, *, prompt: bool) -> str:
        """Give the engine new credentials of a user from a hidden prompt, or have it try again; '' or why it did not work."""
        from tui_app.attend import asked, hand_over
        from tui_app.engine.client import ControlError

        if self._control is None:
            raise LinkError("no engine takes commands from here")
        given = asked(label, self._mode(), self.ask) if prompt and self.ask is not None and label != "gateway" else {}
        try:
            return await hand_over(self._control, label, given)
        except ControlError as error:
            raise LinkError(str(error)) from error

    def _mode(self) -> str:
        """How the session in view signs its users in."""
        from tui_app.order import plan_of

        return plan_of(self._session).mode

    def alive(self) -> bool:
        """Whether the engine of the session in view runs."""
        from tui_app.recording.sessions import alive

        return bool(self._session) and alive(self._session)

    async def close(self) -> None:
        """Let go of the control channel; the session goes on."""
        if self._control is not None:
            self._control.close()
            self._control = None
