"""One GET to a service: whether it answers, what its clock and its certificate say, and what it calls its environment."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx
import msgspec

from tui_app import __version__
from tui_app.wire.route import ProxyUnusable, default_tls, proxy_for

PATHS: Final = {"backend": "/health", "auth": "/health", "frontend": "/", "websocket": ""}
"""What is asked of each service; the WebSocket's own address is asked for as a page, which needs no sign-in to be refused."""
WITHIN_S: Final = 10.0
MAX_BODY: Final = 64 * 1024


class Looked(msgspec.Struct, frozen=True):
    """What one GET told. `status` is 0 where no answer came, and `error` says why.

    ahead_s -- how far the service's clock is before ours: its Date header against the middle of the exchange; None without one
    bound_s -- how far that may be off: half of the exchange, and half of the second to which a Date header is cut (RFC 9110 6.6.1)
    ends -- when its certificate ends (epoch seconds), None without TLS;  issuer -- who signed it
    """

    service: str
    url: str
    status: int = 0
    error: str = ""
    ms: float = 0.0
    ahead_s: float | None = None
    bound_s: float = 0.0
    ends: float | None = None
    issuer: str = ""
    refused: str = ""
    """Why its certificate was not accepted."""
    environment: str = ""


async def look(
    service: str, url: str, *, headers: Mapping[str, str] | None = None, tls: ssl.SSLContext | None = None, proxy: str = ""
) -> Looked:
    """Ask `url` once. Never raises for what the network does.

    headers -- a gateway's;  tls -- trust of a private authority;  proxy -- the operator's own for this target
    """
    plain = url.replace("wss://", "https://", 1).replace("ws://", "http://", 1).rstrip("/") + PATHS.get(service, "/")
    try:
        through = proxy_for(url, proxy)
    except ProxyUnusable as error:
        return Looked(service, url, error=str(error))
    sent = {"User-Agent": f"vigil/{__version__}", **(headers or {})}
    began, at = time.time(), time.monotonic()
    try:
        async with (
            httpx.AsyncClient(verify=tls or default_tls(), proxy=through, trust_env=False, timeout=WITHIN_S, headers=sent) as client,
            client.stream("GET", plain) as answer,
        ):
            took = time.monotonic() - at
            ends, issuer = _certificate(answer)
            body = b""
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > MAX_BODY:
                    break
            ahead, bound = ahead_of(answer.headers.get("date", ""), began, took)
            return Looked(
                service, url, answer.status_code, "", took * 1000, ahead, bound, ends, issuer, "", _environment(body)
            )  # fmt: skip
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        refused = _refusal(error)
        return Looked(service, url, 0, refused or _words(error), (time.monotonic() - at) * 1000, refused=refused)


def ahead_of(date: str, began: float, took: float) -> tuple[float | None, float]:
    """How far the clock that wrote a Date header is before ours, s, and how far that may be off; None for no such header.

    began -- our clock when the request was sent, epoch seconds;  took -- seconds until the head of the answer
    """
    try:
        told = parsedate_to_datetime(date)
    except (ValueError, TypeError, IndexError):
        return None, 0.0
    said = (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp() + 0.5
    return said - (began + took / 2), took / 2 + 0.5


def services_of(urls: Mapping[str, str]) -> dict[str, str]:
    """What to ask: each service once, the WebSocket only where it is on a host or port of its own."""

    def place(url: str) -> str:
        return url.partition("://")[2].partition("/")[0]

    others = {place(url) for name, url in urls.items() if name != "websocket"}
    return {name: url for name, url in urls.items() if name != "websocket" or place(url) not in others}


def _certificate(answer: httpx.Response) -> tuple[float | None, str]:
    stream = answer.extensions.get("network_stream")
    connection = stream.get_extra_info("ssl_object") if stream is not None else None
    facts: dict[str, Any] = connection.getpeercert() if connection is not None else {}
    if not facts:
        return None, ""
    issuer = {key: value for pairs in facts.get("issuer", ()) for key, value in pairs}
    return float(ssl.cert_time_to_seconds(facts["notAfter"])), issuer.get("organizationName") or issuer.get("commonName", "")


def _environment(body: bytes) -> str:
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    word = document.get("environment") if isinstance(document, dict) else None
    return word if isinstance(word, str) and len(word) < 60 else ""


def _refusal(error: BaseException) -> str:
    """What a certificate was refused for, '' where it was something else."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return seen.verify_message or "the certificate is not accepted"
        seen = seen.__cause__ or seen.__context__
    return ""


def _words(error: BaseException) -> str:
    said = str(error) or type(error).__name__
    if isinstance(error, httpx.TimeoutException):
        return f"no answer within {WITHIN_S:g} s"
    return said


def when(ends: float) -> str:
    """A certificate's end as a day."""
    return f"{datetime.fromtimestamp(ends, UTC):%Y-%m-%d}"
