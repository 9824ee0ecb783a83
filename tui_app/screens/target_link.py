"""The targets that the screens offer, and the plans for them: describe, propose, look who answers, work out what a plan costs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_app.screens.link import Choice, LinkError, TargetInfo

if TYPE_CHECKING:
    from tui_app.doctor.examine import Examined
    from tui_app.engine.plan import Plan
    from tui_app.target.profile import Profile

CHECK_S = 4.0
"""Seconds that a service of a pasted address has to answer."""

SIGNED_IN = {
    "login": "signed in by password",
    "e2e": "signed in by the platform's end-to-end key",
    "tokens": "by tokens that are given",
    "command": "by tokens that a command gives",
}
"""How users get their tokens, by a target file's `mode`."""


class TargetLink:
    """Targets and plans, without a session. Imports what it needs when it is first asked."""

    def __init__(self) -> None:
        self._profiles: dict[str, Profile] = {}

    def builtin(self) -> list[TargetInfo]:
        """The built-in targets, the rehearsal first. They are told from what is written down: nothing is validated before it is chosen."""
        from tui_app.target.builtin import BUILTIN, SERVICES, here, signs_in, users_of

        found = []
        for key, document in BUILTIN.items():
            table = document["target"]
            urls = {service: table[service] for service in SERVICES if service in table}
            found.append(_told(key, table["name"], table["environment"], urls, signs_in(here(urls)), users_of(table["environment"])))
        return found

    def describe(self, key: str) -> TargetInfo:
        """A target by built-in name, TOML path, or pasted address (the rest is proposed)."""
        from tui_app.target.builtin import BUILTIN
        from tui_app.target.problems import ProfileError
        from tui_app.target.profile import load, propose

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
        credentials = profile.credentials
        return _told(key, profile.name, profile.environment, profile.urls, credentials.mode, credentials.users, reasons)

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

    def profile(self, key: str) -> Profile:
        """A target as its file says, for a watch of it."""
        return self._profile(key)

    def _profile(self, key: str) -> Profile:
        if key not in self._profiles:
            self.describe(key)
        return self._profiles[key]

    # -- plans

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


def _told(
    key: str, name: str, environment: str, urls: Mapping[str, str], mode: str, users: int, reasons: tuple[str, ...] = ()
) -> TargetInfo:
    """A target in the words of the screens."""
    from tui_app.target.builtin import blanks_of, here

    rehearsal = environment == "rehearsal" and key == "rehearsal"
    addresses = () if rehearsal else tuple(f"{service}: {url}" for service, url in urls.items())
    many = "1 user" if users == 1 else f"{users} users"
    signs = f"registers {many} of its own" if mode == "register" else f"{many}, {SIGNED_IN.get(mode, '')}"
    return TargetInfo(
        name=name,
        environment=environment,
        loopback=here(urls),
        blanks=() if rehearsal else blanks_of(urls),
        lines=(*addresses, signs, *reasons),
        key=key,
        users=users,
    )
