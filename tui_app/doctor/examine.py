"""All families of findings, in the order in which they are read."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Final

import msgspec

from tui_app.doctor import (
    colours,
    credentials,
    encoding,
    folders,
    limits,
    login,
    names,
    proxy,
    selftest,
    services,
    ssh,
    terminal,
    tmux,
    versions,
)
from tui_app.doctor.findings import Finding, Place, here
from tui_app.doctor.service import Looked, look, services_of
from tui_app.doctor.settings import Setting, settings
from tui_app.target.credentials import CredentialsError
from tui_app.target.network import headers_of, proxy_of, trust_of
from tui_app.target.problems import ProfileError
from tui_app.target.profile import Profile

FAMILIES: Final = (
    ("Terminal", (terminal, encoding, colours, tmux, ssh)),
    ("Target", (services, names, proxy, credentials)),
    ("This machine", (folders, login, limits, versions, selftest)),
)


class Group(msgspec.Struct, frozen=True):
    """Findings that belong together."""

    title: str
    findings: tuple[Finding, ...]


class Examined(msgspec.Struct, frozen=True):
    """Everything that was found, and every setting with its origin."""

    groups: tuple[Group, ...]
    settings: tuple[Setting, ...]

    @property
    def findings(self) -> list[Finding]:
        """Of all groups."""
        return [finding for group in self.groups for finding in group.findings]

    def count(self, word: str) -> int:
        """How many stand so."""
        return sum(finding.word == word for finding in self.findings)

    @property
    def sentence(self) -> str:
        """All of it in a line."""
        bad, warned, fine = (self.count(word) for word in ("bad", "warn", "ok"))
        return f"{bad} bad, {warned} to look at, {fine} ok" if bad or warned else f"all {fine} ok"


async def examine(profile: Profile | None, command_line: dict[str, str] | None = None) -> Examined:
    """Look at this machine, and by one GET to each of its services at a target.

    command_line -- options as given, for the table of settings
    """
    looked, unreachable = await ask_services(profile)
    place = Place(os.environ, here(sys.__stderr__, sys.__stdin__), profile, looked, unreachable)
    # Off the loop: names are looked up and programs asked in there, and a screen may be drawing.
    groups = await asyncio.to_thread(examined, place)
    return Examined(groups, settings(place.environment, profile, command_line or {}))


def examined(place: Place) -> tuple[Group, ...]:
    """The findings of a place."""
    return tuple(Group(title, tuple(finding for family in families for finding in family.look(place))) for title, families in FAMILIES)


async def ask_services(profile: Profile | None) -> tuple[tuple[Looked, ...], str]:
    """One GET to each service; or why there was none."""
    if profile is None:
        return (), ""
    if profile.blanks:
        return (), f"to be filled in first: {', '.join(profile.blanks)}"
    try:
        headers = await headers_of(profile, os.environ, alone=True)
        trust, own = trust_of(profile), proxy_of(profile, os.environ)
    except (CredentialsError, ProfileError) as error:
        return (), str(error)
    asked = (look(name, url, headers=headers, tls=trust, proxy=own) for name, url in services_of(profile.urls).items())
    return tuple(await asyncio.gather(*asked)), ""
