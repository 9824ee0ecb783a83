"""Who may reach the application: this machine's own user by default, others only by a token; and only pages that we served.

Host is checked against DNS rebinding, Origin against pages of other sites (RFC 6454), the token in constant time. Whoever
came by the token gets a cookie (RFC 6265; HttpOnly, SameSite=Strict) that is worth nothing after the server's end.
"""

from __future__ import annotations

import hmac
import ipaddress
import os
import re
import secrets
import socket
import sys
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
SHORTEST_TOKEN: Final = 16
VIEWERS: Final = 8
"""Browsers at once: each has a process of its own."""
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self' {socket}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy: nothing from elsewhere, and in no frame of another's; the terminal sets styles by itself."""


class Guard:
    """Decides about every request, before anything of the application sees it.

    token -- what others must show; '' where the server listens on loopback alone
    names -- host names, beside addresses of this machine, by which it may be called
    """

    def __init__(self, *, port: int, token: str = "", names: tuple[str, ...] = (), uid: int | None = None) -> None:
        self.token = token
        self.names = frozenset(name.lower().rstrip(".") for name in names) | LOCAL_NAMES
        self.uid = os.getuid() if uid is None else uid
        self._cookie = f"vigil-{port}"
        self._worth = secrets.token_urlsafe(32)
        self._viewers = 0

    @property
    def middleware(self) -> Middleware:
        """For the aiohttp application."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            refused = self.refusal(request)
            if refused is not None:
                return self._closed(refused, request)
            if self.token and request.path == "/" and "token" in request.query:
                return self._closed(self._arrival(), request)
            if request.path != "/ws":
                return self._closed(await handler(request), request)
            if self._viewers >= VIEWERS:
                return self._closed(_said(503, f"{VIEWERS} browsers are watching already, and each takes a process of its own."), request)
            self._viewers += 1
            try:
                return await handler(request)
            finally:
                self._viewers -= 1

        return guard

    def refusal(self, request: web.Request) -> web.Response | None:
        """Why a request is not answered, None where it is."""
        if not self._called_by_name(request):
            return _said(421, "This server does not go by that name. Open the address that `vigil web` printed.")
        if not _same_origin(request):
            return _said(403, "Only pages of this server may ask.")
        if self.token:
            if not self._known(request):
                return _said(401, "A token is needed. Open the address that `vigil web` printed, with its token.")
        elif not self._ours(request):
            return _said(403, "Only the user who started this server may open it. `vigil web --token` lets others in who have the token.")
        return None

    def _called_by_name(self, request: web.Request) -> bool:
        try:
            name = (urlsplit(f"//{request.headers.get('Host', '')}").hostname or "").rstrip(".")
        except ValueError:
            return False
        if name in self.names:
            return True
        here = request.transport.get_extra_info("sockname") if request.transport is not None else None
        return self.token != "" and here is not None and name == str(here[0]).partition("%")[0]

    def _known(self, request: web.Request) -> bool:
        shown = request.cookies.get(self._cookie, "")
        given = request.query.get("token", "") if request.path == "/" else ""
        by_cookie = hmac.compare_digest(shown.encode(), self._worth.encode())
        by_token = hmac.compare_digest(given.encode(), self.token.encode())
        return by_cookie or by_token

    def _ours(self, request: web.Request) -> bool:
        peer = request.transport.get_extra_info("peername") if request.transport is not None else None
        return peer is not None and uid_of(str(peer[0]), int(peer[1])) in (self.uid, None)

    def _arrival(self) -> web.Response:
        # A redirect would be part of a navigation that another site began, and the strict cookie would not be sent with it.
        page = '<!DOCTYPE html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/"><title>vigil</title>'
        response = web.Response(text=page, content_type="text/html")
        response.set_cookie(self._cookie, self._worth, httponly=True, samesite="Strict", path="/")
        return response

    def _closed(self, response: web.StreamResponse, request: web.Request) -> web.StreamResponse:
        if not response.prepared:
            socket_url = f"ws://{request.host}" if re.fullmatch(r"[A-Za-z0-9.:\[\]-]{1,260}", request.host) else ""
            response.headers["Content-Security-Policy"] = POLICY.format(socket=socket_url)
            response.headers["X-Content-Type-Options"] = "nosniff"
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers["Cache-Control"] = "no-store"
        return response


def _same_origin(request: web.Request) -> bool:
    """Whether a page of ours asks, or a person: a socket always tells its Origin, and one that is told must be ours."""
    origin = request.headers.get("Origin")
    if origin is None:
        return request.path != "/ws"
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and parts.netloc.lower() == request.headers.get("Host", "").lower()


def _said(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=f"vigil: {text}\n")


def uid_of(address: str, port: int, proc: Path = Path("/proc/net")) -> int | None:
    """The user whose socket has this local address (proc(5), /proc/net/tcp); None where the system does not tell.

    -1 -- nobody on this machine has it
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return -1
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    wanted = {f"{_hex(one)}:{port:04X}" for one in (ip, mapped, ipaddress.ip_address(f"::ffff:{ip}") if ip.version == 4 else None) if one}
    told = False
    for name in ("tcp", "tcp6"):
        try:
            lines = (proc / name).read_text().splitlines()[1:]
        except OSError:
            continue
        told = True
        for line in lines:
            fields = line.split()
            if len(fields) > 7 and fields[1] in wanted:
                return int(fields[7])
    return -1 if told else None


def _hex(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """An address as /proc/net/tcp writes it: words of four bytes in the machine's own order."""
    packed = ip.packed
    return "".join(f"{int.from_bytes(packed[at : at + 4], sys.byteorder):08X}" for at in range(0, len(packed), 4))


def own_names() -> tuple[str, ...]:
    """What this machine calls itself."""
    name = socket.gethostname()
    return tuple(dict.fromkeys([name, name.partition(".")[0]]))
