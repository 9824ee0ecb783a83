"""What stands at a TLS address: whether its certificate is trusted, until when, and whether the same address also talks in the clear.

Nothing of a session travels here: no token, no cookie (RFC 5280 4.1.2.5, RFC 9110 4.2.2, RFC 6455 4.1).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import ssl
from typing import Any
from urllib.parse import urlsplit

import msgspec

from tui_app.wire.route import default_tls

SECURE_PORT = 443
PLAIN_PORT = 80


class Certificate(msgspec.Struct, frozen=True):
    """One look at a service. `problem` is '' where the handshake succeeded and all was verified; it may hold remote words.

    kind -- of the problem: 'tls' (not trusted, or no handshake), 'tcp', 'timeout', or ''
    not_after -- when the certificate ends, epoch seconds; None where it was not trusted
    """

    problem: str = ""
    kind: str = ""
    not_after: float | None = None
    issuer: str = ""
    names: tuple[str, ...] = ()
    version: str = ""


async def look(url: str, tls: ssl.SSLContext | None, within: float) -> Certificate:
    """The certificate of an https or wss address, as a client that verifies chain, time and host name finds it."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or SECURE_PORT
    context = tls if tls is not None else default_tls()
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(within):
            _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
        return _read(writer)
    except TimeoutError:
        return Certificate(f"no handshake within {within:g} s", "timeout")
    except ssl.SSLCertVerificationError as error:
        return Certificate(error.verify_message or str(error), "tls")
    except ssl.SSLError as error:
        return Certificate(error.reason or str(error), "tls")
    except (OSError, UnicodeError, ValueError) as error:
        return Certificate(str(error) or type(error).__name__, "tcp")
    finally:
        if writer is not None:
            writer.transport.abort()


def _read(writer: asyncio.StreamWriter) -> Certificate:
    found: dict[str, Any] = writer.get_extra_info("peercert") or {}
    session = writer.get_extra_info("ssl_object")
    issuer = {key: value for part in found.get("issuer", ()) for key, value in part}
    until = found.get("notAfter")
    return Certificate(
        not_after=float(ssl.cert_time_to_seconds(until)) if until else None,
        issuer=str(issuer.get("organizationName") or issuer.get("commonName") or ""),
        names=tuple(str(value) for kind, value in found.get("subjectAltName", ()) if kind in ("DNS", "IP Address")),
        version=str(session.version() or "") if session is not None else "",
    )


async def in_the_clear(url: str, within: float) -> str:
    """How the plain counterpart of a wss address answers an upgrade without a token: a status line, or '' where nothing speaks HTTP.

    The counterpart of port 443 is port 80; of any other port it is that port itself.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or SECURE_PORT
    key = base64.b64encode(os.urandom(16)).decode()
    asked = (
        f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(within):
            reader, writer = await asyncio.open_connection(host, PLAIN_PORT if port == SECURE_PORT else port)
            writer.write(asked.encode("ascii", "replace"))
            line = (await reader.readline()).decode("latin-1").strip()
            return line[:200] if line.startswith("HTTP/") else ""
    except (TimeoutError, OSError, UnicodeError, ValueError):
        return ""
    finally:
        if writer is not None:
            with contextlib.suppress(RuntimeError):
                writer.transport.abort()
