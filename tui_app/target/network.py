"""From `[headers]` and `[network]` to what goes on the wire: a gateway's headers, the proxy, the private authority."""

from __future__ import annotations

import re
import shlex
import ssl
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from tui_app.target.address import BLANK
from tui_app.target.command import CommandError, output_of
from tui_app.target.credentials import CredentialsError
from tui_app.target.problems import ProfileError
from tui_app.target.profile import Profile
from tui_app.wire.route import ProxyUnusable, proxy_for, tls_trusting

VALUE: Final = re.compile(r"[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?")
"""A header's value as HTTP can carry it (RFC 9110 5.5), in ASCII."""


async def headers_of(
    profile: Profile, environment: Mapping[str, str], *, alone: bool = False, only: Collection[str] | None = None
) -> dict[str, str]:
    """The gateway's headers with their values. Raises CredentialsError, which never shows a value.

    alone -- no terminal: a command that asks for something gets no answer
    only -- these, all by default
    """
    wanted = profile.headers if only is None else {name: profile.headers[name] for name in only}
    return {name: await _value(name, source, environment, alone) for name, source in wanted.items()}


async def _value(name: str, source: str, environment: Mapping[str, str], alone: bool) -> str:
    kind, _, rest = source.partition(":")
    if kind == "env":
        value = environment.get(rest, "").strip()
        if not value:
            raise CredentialsError(f"[headers] {name}: the variable {rest} is not set, or empty. Set it in the shell that starts Vigil.")
    else:
        try:
            value = (await output_of(shlex.split(rest), alone=alone)).strip()
        except CommandError as error:
            raise CredentialsError(f"[headers] {name}: {error}") from None
    if not VALUE.fullmatch(value):
        what = f"the variable {rest} holds" if kind == "env" else "the command printed"
        raise CredentialsError(f"[headers] {name}: what {what} cannot be a header: it must be one line of plain characters.")
    return value


def from_commands(profile: Profile) -> tuple[str, ...]:
    """Headers whose value comes from a command, which can be run again when it ends."""
    return tuple(name for name, source in profile.headers.items() if source.startswith("command:"))


def proxy_of(profile: Profile, environment: Mapping[str, str]) -> str:
    """The operator's own proxy for this target, '' where the system's holds. Raises CredentialsError for one that cannot be used."""
    asked = profile.network.proxy or ""
    if asked.startswith("env:"):
        name = asked.removeprefix("env:")
        asked = environment.get(name, "").strip()
        if not asked:
            raise CredentialsError(f"[network] proxy: the variable {name} is not set, or empty. Set it in the shell that starts Vigil.")
    try:
        for url in profile.urls.values():
            proxy_for(BLANK.sub("0", url), asked)
    except ProxyUnusable as error:
        where = "[network] proxy" if asked else "the proxy of the environment (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY)"
        raise CredentialsError(f"{where}: {error}.") from None
    return asked


def trust_of(profile: Profile, ca: str = "") -> ssl.SSLContext | None:
    """The TLS context that trusts the target's private authority, None where the system's authorities suffice. Raises ProfileError.

    ca -- an authority's file instead of the profile's, such as that of a rehearsal that was just started
    """
    path = ca or profile.network.ca
    if not path:
        return None
    try:
        return tls_trusting(Path(path))
    except ssl.SSLError:
        problem = f"[network] ca: {path} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----). Name the authority's file."
    except OSError as error:
        problem = f"[network] ca: {path} cannot be read ({error.strerror}). Name a PEM file that you may read."
    raise ProfileError(profile.source or profile.name, [problem])
