"""The way to a target: which proxy stands before a host, and which authorities are trusted.

The same answer for HTTP and for WebSockets (RFC 9110 7.3.2, CONNECT), so that both measure the same way. Variables as curl reads
them: `https_proxy`, `http_proxy`, `wss_proxy`, `ws_proxy`, `all_proxy`, `no_proxy` in either case; `SSL_CERT_FILE` and `SSL_CERT_DIR`
name the system's authorities.
"""

from __future__ import annotations

import functools
import ipaddress
import ssl
import urllib.request
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

_ORDER: Final = {
    "https": ("https", "all"),
    "http": ("http", "all"),
    "wss": ("wss", "https", "all"),
    # RFC 6455 4.1: the proxy for encrypted connections tunnels, the one for plain ones may not.
    "ws": ("ws", "https", "http", "all"),
}
_PORTS: Final = {"https": 443, "wss": 443, "http": 80, "ws": 80}


class ProxyUnusable(ValueError):
    """A proxy that Vigil cannot go through; the message says why, and never its password."""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name or address alone (nothing is resolved)."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


@functools.cache
def default_tls() -> ssl.SSLContext:
    """The verifying client context, made once: making one takes tens of milliseconds, which no measurement should hold."""
    return ssl.create_default_context()


@functools.cache
def tls_trusting(authority: Path) -> ssl.SSLContext:
    """As `default_tls`, with a private authority (PEM) trusted beside the system's. Raises OSError (ssl.SSLError is one)."""
    context = ssl.create_default_context()
    context.load_verify_locations(cafile=str(authority))
    return context


def proxy_for(url: str, own: str = "") -> str | None:
    """The proxy through which `url` is reached, None for none. Raises `ProxyUnusable`.

    own -- the operator's choice for this target, used in place of the system's, and for loopback too; `no_proxy` excepts from both
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    if is_loopback(host) and not own:
        return None
    if urllib.request.proxy_bypass(f"{host}:{port}"):
        return None
    known = urllib.request.getproxies()
    found = own or next((known[scheme] for scheme in _ORDER.get(parts.scheme, ()) if known.get(scheme)), "")
    return _usable(found) if found else None


def secrets_of(proxy: str) -> tuple[str, ...]:
    """What of a proxy's address must not be shown."""
    return tuple(part for part in (urlsplit(proxy).password,) if part)


def _usable(proxy: str) -> str:
    address = proxy if "://" in proxy else f"http://{proxy}"
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise ProxyUnusable("the proxy's address cannot be read") from None
    if parts.scheme not in ("http", "https"):
        raise ProxyUnusable(f"a proxy of the kind {parts.scheme!r} is not supported: use an HTTP proxy, or except the host by no_proxy")
    if not parts.hostname:
        raise ProxyUnusable("the proxy's address names no host")
    if parts.username is not None and parts.password is None:
        raise ProxyUnusable("the proxy's address names a user without a password")
    return address
