"""The proxy: which one stands before each service of the target, as HTTP and WebSocket both read it."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from urllib.parse import urlsplit

from tui_app.doctor.findings import Finding, Place, bad, ok, warn
from tui_app.target.credentials import CredentialsError
from tui_app.target.network import proxy_of
from tui_app.wire.route import ProxyUnusable, proxy_for


def look(place: Place) -> Iterator[Finding]:
    yield from _exceptions(place)
    profile = place.profile
    if profile is None:
        found = {name: shown(url) for name, url in urllib.request.getproxies().items() if name != "no"}
        if found:
            yield ok("proxy", ", ".join(f"{name}: {url}" for name, url in sorted(found.items())))
        return
    try:
        own = proxy_of(profile, place.environment)
    except CredentialsError as error:
        yield bad("proxy", str(error), f"correct the proxy in {profile.source} or in the environment")
        return
    ways: dict[str, list[str]] = {}
    for service, url in profile.urls.items():
        try:
            way = proxy_for(url, own)
        except ProxyUnusable as error:
            yield bad("proxy", f"{service}: {error}", "export NO_PROXY=HOST   # or an HTTP proxy")
            continue
        ways.setdefault(shown(way) if way else "", []).append(service)
    for way, services in ways.items():
        text = f"through {way}{' of [network]' if own else ''}" if way else "directly"
        yield ok("proxy", f"{', '.join(services)}: {text}")
    http, socket = (next((way for way, names in ways.items() if name in names), None) for name in ("backend", "websocket"))
    if http is not None and socket is not None and http != socket:
        yield warn(
            "proxy", "backend and WebSocket take different ways, so their times cannot be compared", "export HTTPS_PROXY=... WSS_PROXY=..."
        )


def _exceptions(place: Place) -> Iterator[Finding]:
    text = place.environment.get("no_proxy") or place.environment.get("NO_PROXY") or ""
    ranges = [entry.strip() for entry in text.split(",") if "/" in entry or "*" in entry.strip().removeprefix("*")]
    if ranges and text.strip() != "*":
        yield warn(
            "NO_PROXY", f"{', '.join(ranges)}: ranges and inner asterisks except nothing; names and endings do",
            "export NO_PROXY=localhost,127.0.0.1,.internal.example",
        )  # fmt: skip


def shown(proxy: str) -> str:
    """A proxy's address without its user and password."""
    try:
        parts = urlsplit(proxy if "//" in proxy else f"http://{proxy}")
        return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        return "an address that cannot be read"
