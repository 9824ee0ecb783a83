"""Certificates as a client finds them, and what else speaks at their address: real TLS on loopback."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from tui_app.wire.certificate import in_the_clear, look

AUTHORITY, STRANGER = trustme.CA(), trustme.CA()
NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


@asynccontextmanager
async def served(
    authority: trustme.CA | None, host: str = "127.0.0.1", until: datetime = NOW + 2 * DAY, says: bytes = b""
) -> AsyncIterator[str]:
    """A server that shows a certificate of this authority (None: no TLS at all), and says this to whoever speaks."""
    context = None
    if authority is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(host, not_before=NOW - 9 * DAY, not_after=until).configure_cert(context)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if says and await reader.readline():
            writer.write(says)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_trusted_certificate_says_until_when_for_whom_and_over_what() -> None:
    async with served(AUTHORITY) as address:
        seen = await look(f"wss://{address}/ws", trusting(), 5.0)
    assert (seen.problem, seen.kind, seen.names) == ("", "", ("127.0.0.1",))
    assert seen.not_after is not None
    assert abs(seen.not_after - (NOW + 2 * DAY).timestamp()) < 2
    assert seen.version in ("TLSv1.2", "TLSv1.3")
    assert seen.issuer


@pytest.mark.parametrize(
    ("authority", "host", "until", "kind", "words"),
    [
        (AUTHORITY, "127.0.0.1", NOW - DAY, "tls", "expired"),
        (AUTHORITY, "elsewhere.example", NOW + DAY, "tls", "not valid for"),
        (STRANGER, "127.0.0.1", NOW + DAY, "tls", "issuer"),
        (None, "127.0.0.1", NOW + DAY, "tls", ""),
    ],
)
async def test_what_is_wrong_with_a_certificate_is_said(
    authority: trustme.CA | None, host: str, until: datetime, kind: str, words: str
) -> None:
    async with served(authority, host, until, b"HTTP/1.1 400 Bad Request\r\n\r\n") as address:
        seen = await look(f"https://{address}", trusting(), 5.0)
    assert (seen.kind, seen.not_after) == (kind, None)
    assert seen.problem
    assert words in seen.problem


async def test_where_nothing_listens_it_is_no_fault_of_a_certificate() -> None:
    async with served(AUTHORITY) as address:
        pass
    assert (await look(f"https://{address}", trusting(), 5.0)).kind == "tcp"
    assert await in_the_clear(f"wss://{address}/ws", 5.0) == ""


async def test_only_an_answer_in_the_clear_is_one() -> None:
    async with served(AUTHORITY, says=b"HTTP/1.1 101 Switching Protocols\r\n\r\n") as address:
        assert await in_the_clear(f"wss://{address}/ws", 5.0) == ""
    async with served(None, says=b"HTTP/1.1 101 Switching Protocols\r\n\r\n") as address:
        assert await in_the_clear(f"wss://{address}/ws", 5.0) == "HTTP/1.1 101 Switching Protocols"
    async with served(None, says=b"SSH-2.0-something\r\n") as address:
        assert await in_the_clear(f"wss://{address}/ws", 5.0) == ""
