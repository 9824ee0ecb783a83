"""The target's services, by one GET each: whether they answer, and what of TLS and clocks that tells."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from typing import Final

from tui_app.doctor.findings import Finding, Place, bad, ok, warn
from tui_app.doctor.service import Looked, when
from tui_app.sanitize import sanitize

SOON_DAYS: Final = 14
SKEW_WARN_S: Final = 2.0
SKEW_BAD_S: Final = 30.0
"""Tokens carry times: those who check them leave half a minute at most to clocks that disagree."""


def look(place: Place) -> Iterator[Finding]:
    if place.profile is None:
        yield ok(
            "target", "none named, so nothing was sent: --target T looks at proxy, DNS, TLS, clocks and credentials, one GET a service"
        )
        return
    if place.unreachable:
        yield bad("target", place.unreachable, f"correct {place.profile.source}")
        return
    for one in place.looked:
        yield _answer(one)
    claims = place.profile.environment
    for one in place.looked:
        if one.service == "backend" and one.environment and one.environment != claims:
            yield bad(
                "environment",
                f"the backend calls itself {sanitize(one.environment, 40)}, {place.profile.source} says {claims}: only reads are permitted",
                f'environment = "{sanitize(one.environment, 40)}"     # under [target], if that is what it is',
            )
    for one in place.looked:
        yield from _certificate(one)
    yield from _clocks(place.looked)


def _answer(one: Looked) -> Finding:
    about = one.service
    if one.refused:
        return bad(about, f"{one.url}: its certificate is refused", "see TLS below")
    if not one.status:
        return bad(about, f"{one.url} does not answer: {sanitize(one.error, 120)}", f"curl -sv {one.url}   # from this machine")
    says = f", calls itself {sanitize(one.environment, 40)}" if one.environment else ""
    text = f"{one.url} answers {one.status} in {one.ms:.0f} ms{says}"
    if one.status >= 500:
        return warn(about, text, "a service that fails when it is asked for its health: look there first")
    return ok(about, text)


def _certificate(one: Looked) -> Iterator[Finding]:
    about = f"TLS {one.service}"
    if one.refused:
        yield bad(
            about, f"refused: {sanitize(one.refused, 120)}",
            'ca = "AUTHORITY.pem"     # under [network] of the target file, for a private authority',
            f"# the system's authorities: {_authorities()}",
        )  # fmt: skip
    elif one.ends is not None:
        days = (one.ends - time.time()) / 86400
        text = f"chain accepted, of {sanitize(one.issuer, 60) or 'an unnamed authority'}, until {when(one.ends)} ({days:.0f} days)"
        yield warn(about, text, "have it renewed: sessions fail from that day on") if days < SOON_DAYS else ok(about, text)


def _authorities() -> str:
    paths = ssl.get_default_verify_paths()
    return paths.cafile or paths.capath or f"none found; SSL_CERT_FILE names a file, or {paths.openssl_cafile}"


def _clocks(looked: tuple[Looked, ...]) -> Iterator[Finding]:
    told = [one for one in looked if one.ahead_s is not None]
    if looked and not told:
        yield warn("clock", "no service told the time (Date header): whether clocks agree is not known", "timedatectl status")
    for one in told:
        ahead = one.ahead_s or 0.0
        off = max(abs(ahead) - one.bound_s, 0.0)
        text = f"{one.service} is {abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} this machine, give or take {one.bound_s:.1f} s"
        fix = ("timedatectl set-ntp true      # on whichever of the two is wrong",)
        if off > SKEW_BAD_S:
            yield bad("clock", f"{text}: tokens are refused as ended or not begun", *fix)
        elif off > SKEW_WARN_S:
            yield warn("clock", f"{text}: times of both sides cannot be laid side by side", *fix)
        else:
            yield ok("clock", f"{one.service} and this machine agree, give or take {max(one.bound_s, abs(ahead)):.1f} s")
