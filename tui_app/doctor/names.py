"""Names: whether the target's hosts are known here."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from tui_app.doctor.findings import Finding, Place, bad, ok, warn
from tui_app.target.credentials import CredentialsError
from tui_app.target.network import proxy_of
from tui_app.wire.route import ProxyUnusable, proxy_for

SLOW_MS = 500


def look(place: Place) -> Iterator[Finding]:
    profile = place.profile
    if profile is None or place.unreachable:
        return
    hosts: dict[str, str] = {}
    for url in profile.urls.values():
        hosts.setdefault(urlsplit(url).hostname or "", url)
    for host, url in hosts.items():
        try:
            through = proxy_for(url, proxy_of(profile, place.environment))
        except (ProxyUnusable, CredentialsError):
            continue
        if through:
            yield ok("DNS", f"{host}: the proxy looks it up")
            continue
        began = time.monotonic()
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            yield bad(
                "DNS", f"{host} is not known here: {getattr(error, 'strerror', None) or error}",
                f"getent hosts {host}      # a name of another network? then its VPN or a proxy first",
            )  # fmt: skip
            continue
        ms = (time.monotonic() - began) * 1000
        addresses = list(dict.fromkeys(entry[4][0] for entry in found))
        text = f"{host} is {', '.join(map(str, addresses[:3]))}{' and more' if len(addresses) > 3 else ''}, {ms:.0f} ms"
        if ms > SLOW_MS:
            yield warn("DNS", f"{text}: each new connection waits for it", "cat /etc/resolv.conf   # a server that does not answer first?")
        else:
            yield ok("DNS", text)
