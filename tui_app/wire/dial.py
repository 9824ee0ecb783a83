"""Opens the TCP, TLS and WebSocket layers one by one, each timed, each failure named by where it happened."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from asyncio import sslproto
from collections.abc import AsyncIterator, Mapping
from typing import Final, cast

import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidProxy, InvalidStatus, ProxyError

from tui_app.stamped import StampedTransport, stamp_arrivals
from tui_app.wire.link import Failure, Link, Phases
from tui_app.wire.route import ProxyUnusable, default_tls, proxy_for

_BODY: Final = 4096


class DialFailed(Exception):
    """The dial ended without an open socket; `failure` says where and how."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.failure = failure


class Dial:
    """One attempt to open a WebSocket. `phase` is where it is, `phases` what it took so far."""

    def __init__(
        self, within: float, upgrade_within: float | None, tls: ssl.SSLContext | None, proxy: str | bool | None,
        via: tuple[str, int] | None = None, source: str = "",
    ) -> None:  # fmt: skip
        self.source = source
        self.within = within
        self.upgrade_within = upgrade_within
        self.tls = tls
        self.proxy = proxy
        self.via = via
        """Where TCP goes in place of the target: a forwarder of our own. Host header, SNI and certificate check stay the target's."""
        self.phase = "dns"
        self.phases = Phases()

    async def run(self, opener: connect, headers: Mapping[str, str], user_agent: str) -> Link:
        """The upgraded connection. Raises `DialFailed`, and nothing else for what network and target do."""
        link: Link | None = None
        try:
            async with asyncio.timeout(self.within):
                link = await self._tcp_and_tls(opener)
                self.phase = "upgrade"
                async with asyncio.timeout(self.upgrade_within):
                    await link.handshake(headers, user_agent)
            return link
        except TimeoutError as error:
            if error.errno is not None:  # the system's own, which comes from a connect that nobody answered
                raise self._failed("tcp", _words(error)) from error
            if link is not None and link.open_seen:
                return link  # answered in the very turn in which the deadline fell: an answer is an answer
            self._drop(link)
            limit = self.within if self.phase != "upgrade" or self.upgrade_within is None else min(self.within, self.upgrade_within)
            raise self._failed("timeout", f"no end of the {self.phase} phase within {limit:g} s") from None
        except InvalidStatus as error:
            self._drop(link)
            raise self._refused(error) from error
        except (ProxyError, InvalidProxy, ProxyUnusable) as error:
            self._drop(link)
            raise self._failed("tcp", f"proxy: {error}") from error
        except InvalidMessage as error:
            self._drop(link)
            cut = isinstance(error.__cause__, EOFError | OSError)
            raise self._failed("tcp" if cut else "protocol", _words(error)) from error
        except InvalidHandshake as error:
            self._drop(link)
            raise self._failed("protocol", _words(error)) from error
        except (OSError, UnicodeError, ConnectionClosed) as error:
            self._drop(link)
            kind = "tls" if isinstance(error, ssl.SSLError) or self.phase == "tls" else "dns" if self.phase == "dns" else "tcp"
            raise self._failed(kind, _words(error)) from error
        except BaseException:
            self._drop(link)
            raise

    async def _tcp_and_tls(self, opener: connect) -> Link:
        uri = opener.ws_uri
        opener.proxy = proxy_for(opener.uri, self.proxy if isinstance(self.proxy, str) else "") if self.proxy and not self.via else None
        kwargs = opener.create_connection_kwargs
        if uri.secure:
            kwargs["ssl"] = self.tls if self.tls is not None else default_tls()
        if opener.proxy is not None:
            self.phase = "tcp"
            if opener.proxy.startswith("https:"):
                kwargs["proxy_ssl"] = self.tls if self.tls is not None else default_tls()
            return cast(Link, await opener.open_tcp_connection())
        sock = await self._connect(*(self.via or (uri.host, uri.port)))
        self.phase = "tls" if uri.secure else "tcp"
        started = time.monotonic_ns()
        link = cast(Link, opener.factory(uri))
        if uri.secure:
            await self._stamped_tls(sock, link, kwargs["ssl"], uri.host)
            self._took(tls_ms=(link.made_at - started) / 1e6)
        else:
            link.wire = StampedTransport(asyncio.get_running_loop(), sock, link)
            link.wire.begin()
        link.phases = self.phases
        return link

    async def _stamped_tls(self, sock: socket.socket, link: Link, tls: ssl.SSLContext, host: str) -> None:
        """The loop's own TLS transport would read the socket itself: the standard library's protocol reads through ours."""
        loop = asyncio.get_running_loop()
        secured: asyncio.Future[None] = loop.create_future()
        protocol = sslproto.SSLProtocol(loop, link, tls, secured, server_side=False, server_hostname=host)
        link.wire = StampedTransport(loop, sock, protocol)
        link.wire.begin()
        try:
            await secured
        except BaseException:
            link.wire.abort()
            raise

    async def _connect(self, host: str, port: int) -> socket.socket:
        loop = asyncio.get_running_loop()
        started = time.monotonic_ns()
        addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        looked_up = time.monotonic_ns()
        self._took(dns_ms=(looked_up - started) / 1e6)
        self.phase = "tcp"
        problem: OSError = OSError(f"{host} has no address")
        for family, kind, proto, _, address in addresses:
            attempt = time.monotonic_ns()
            async with _own(socket.socket(family, kind, proto)) as sock:
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                stamp_arrivals(sock)
                try:
                    if self.source:
                        sock.bind((self.source, 0))
                    await loop.sock_connect(sock, address)
                except OSError as error:
                    problem = error
                    sock.close()
                    continue
            self._took(tcp_ms=(time.monotonic_ns() - attempt) / 1e6)
            return sock
        raise problem

    def _took(self, **ms: float) -> None:
        self.phases = msgspec.structs.replace(self.phases, **ms)

    def _failed(self, kind: str, text: str) -> DialFailed:
        return DialFailed(Failure(kind, self.phase, text, phases=self.phases))

    def _refused(self, error: InvalidStatus) -> DialFailed:
        answer = error.response
        return DialFailed(
            Failure(
                "http",
                "upgrade",
                f"the upgrade was answered with HTTP {answer.status_code}",
                status=answer.status_code,
                phases=self.phases,
                headers={name.lower(): value for name, value in answer.headers.raw_items()},
                body=bytes(answer.body or b"")[:_BODY].decode("utf-8", "replace"),
            )
        )

    @staticmethod
    def _drop(link: Link | None) -> None:
        if link is not None:
            link.transport.abort()


@contextlib.asynccontextmanager
async def _own(sock: socket.socket) -> AsyncIterator[socket.socket]:
    """Closes the socket if the block is left by an exception, a cancellation included."""
    try:
        yield sock
    except BaseException:
        sock.close()
        raise


def _words(error: BaseException) -> str:
    cause = error.__cause__
    text = str(error) or type(error).__name__
    return f"{text}: {cause}" if cause is not None and str(cause) else text
