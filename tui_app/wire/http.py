"""HTTP to the target's services: one keep-alive client each, timed, bounded, and unable to touch what is not ours.

A network failure, a deadline or a refused certificate is an answer with status 0, never an exception.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import msgspec

from tui_app import __version__
from tui_app.wire.created import Created, check_request
from tui_app.wire.dial import default_tls, is_loopback
from tui_app.wire.tokens import bearer

USER_AGENT: Final = f"vigil/{__version__}"
MAX_BODY: Final = 1024 * 1024
"""Bytes of an answer's body that are read; `HttpResult.truncated` says that there was more."""


class HttpResult(msgspec.Struct, frozen=True):
    """An answer. `status` is 0 where none came; `error` then starts with its kind: `tcp`, `tls`, `timeout` or `protocol`.

    `ms` is from just before sending (`sent_ns`) to the end of the body (`got_ns`), both `time.monotonic_ns()`. Header
    names are in lower case, repeated ones joined by ", ". `json` is None where the body is none. `truncated`: cut at `MAX_BODY`.
    """

    status: int
    json: Any
    text: str
    headers: dict[str, str]
    ms: float
    error: str
    sent_ns: int
    got_ns: int
    truncated: bool = False


class HttpClient:
    """The services of one target by name (`backend`, `auth`, ...), for one user or nobody: cookies are kept per client."""

    def __init__(
        self,
        services: Mapping[str, str],
        created: Created,
        *,
        headers: Mapping[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        max_body: int = MAX_BODY,
    ) -> None:
        self._services = {name: url.rstrip("/") for name, url in services.items() if url}
        self._created = created
        self._headers = {"User-Agent": USER_AGENT, **(headers or {})}
        self._tls = tls
        self._max_body = max_body
        self._kept: dict[str, httpx.AsyncClient] = {}

    async def request(
        self,
        service: str,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: str | bytes | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        within: float = 10.0,
        fresh: bool = False,
        ours: tuple[str, str] | None = None,
    ) -> HttpResult:
        """Ask `service` for `path` (which starts with a slash), waiting at most `within` seconds for the whole answer.

        `fresh` uses a new connection without cookies, as another client would. Redirects are not followed. Raises `NotOurs`
        before anything is sent (see `check_request`), `KeyError` for a service that the target lacks, `ValueError` for a path that is none.
        """
        base = self._services[service]
        if not path.startswith("/") or path.startswith("//"):
            raise ValueError("a path starts with one slash")
        check_request(method, path, self._created, ours, body=_json(content) if json is None else json, params=params)
        sending = dict(headers or {})
        if token is not None:
            sending.update(bearer(token))
        client = self._new(base) if fresh else self._client(service, base)
        try:
            return await self._exchange(
                client, within, method=method.upper(), url=base + path, json=json, content=content, headers=sending, params=params
            )
        finally:
            if fresh:
                await client.aclose()

    def cookies(self, service: str) -> dict[str, str]:
        """The cookies that the kept client of a service holds, such as a load balancer's affinity."""
        client = self._kept.get(service)
        return {} if client is None else {cookie.name: cookie.value or "" for cookie in client.cookies.jar}

    async def aclose(self) -> None:
        """Close every kept connection."""
        while self._kept:
            _, client = self._kept.popitem()
            await client.aclose()

    def _client(self, service: str, base: str) -> httpx.AsyncClient:
        if service not in self._kept:
            self._kept[service] = self._new(base)
        return self._kept[service]

    def _new(self, base: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            headers=self._headers,
            verify=self._tls if self._tls is not None else default_tls(),
            # No queue for a connection inside what is timed; and none reused that a server may be closing just then (many
            # close after 5 s of silence), because that would read as a failure of the target.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=3.0),
            timeout=None,  # one deadline for the whole exchange is ours, below
            follow_redirects=False,
            trust_env=not is_loopback(urlsplit(base).hostname or ""),
        )

    async def _exchange(self, client: httpx.AsyncClient, within: float, **request: Any) -> HttpResult:
        body = bytearray()
        truncated = False
        answer: httpx.Response | None = None
        error = ""
        sent = time.monotonic_ns()
        try:
            async with asyncio.timeout(within), client.stream(**request) as answer:
                async for piece in answer.aiter_bytes():
                    room = self._max_body - len(body)
                    body += piece[:room]
                    if len(piece) > room:
                        truncated = True
                        break
        except TimeoutError:
            error = f"timeout: no whole answer within {within:g} s"
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, UnicodeError, ValueError) as problem:
            error = f"{_kind(problem)}: {problem or type(problem).__name__}"
        got = time.monotonic_ns()
        ms = (got - sent) / 1e6
        if answer is None or error:
            headers = _headers(answer) if answer is not None else {}
            if answer is not None:
                error += f" (after the head of an HTTP {answer.status_code})"
            return HttpResult(0, None, body.decode("utf-8", "replace"), headers, ms, error, sent, got)
        text = (
            body.decode(answer.charset_encoding or "utf-8", "replace")
            if _known(answer.charset_encoding)
            else body.decode("utf-8", "replace")
        )
        return HttpResult(answer.status_code, _json(bytes(body)), text, _headers(answer), ms, "", sent, got, truncated)


def _headers(answer: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}


def _known(encoding: str | None) -> bool:
    try:
        "".encode(encoding or "utf-8")
    except (LookupError, UnicodeError, ValueError):
        return False
    return True


def _json(body: bytes | str | None) -> Any:
    try:
        return msgspec.json.decode(body) if body else None
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError):
        return None


def _kind(problem: BaseException) -> str:
    cause: BaseException | None = problem
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "tls"
        cause = cause.__cause__ or cause.__context__
    if isinstance(problem, httpx.TimeoutException):
        return "timeout"
    return "tcp" if isinstance(problem, httpx.NetworkError | httpx.ProxyError | OSError) else "protocol"
