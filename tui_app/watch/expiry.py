"""Certificates of a target's https and wss hosts: how many days are left, looked at a few times a day."""

from __future__ import annotations

import time
from typing import Final
from urllib.parse import urlsplit

from tui_app.sanitize import sanitize
from tui_app.target.profile import Profile
from tui_app.watch.model import Poll
from tui_app.watch.poller import Looked, Way
from tui_app.wire.certificate import Certificate, look
from tui_app.wire.route import proxy_for

EVERY_S: Final = 6 * 3600.0
SOON_DAYS: Final = 14
WITHIN_S: Final = 10.0


def read(seen: Certificate, at: float) -> tuple[str, str]:
    """(word, why): up with its days left, degraded from two weeks before its end, down where it is refused, else unknown."""
    if seen.kind == "tls":
        return "down", f"refused: {sanitize(seen.problem, 160)}"
    if seen.problem or seen.not_after is None:
        return "unknown", sanitize(seen.problem, 160) or "it could not be read"
    days = (seen.not_after - at) / 86_400
    text = f"{days:.0f} days left, until {time.strftime('%Y-%m-%d %H:%M', time.gmtime(seen.not_after))} UTC"
    return ("degraded" if days <= SOON_DAYS else "up"), text


async def all_of(profile: Profile, way: Way) -> list[Looked]:
    """One handshake to each TLS host and port, each once; through a proxy none."""
    found: dict[str, Looked] = {}
    for service, url in profile.urls.items():
        parts = urlsplit(url)
        if parts.scheme not in ("https", "wss") or parts.netloc in found or proxy_for(url, way.proxy) is not None:
            continue
        at = time.time()
        word, why = read(await look(url, way.tls, WITHIN_S), at)
        path = f"TLS handshake with {parts.netloc}"
        found[parts.netloc] = Looked([Poll(at, f"tls {service}", word, why)], f"tls {service}", path, 0, why, "")  # type: ignore[arg-type]
    return list(found.values())
