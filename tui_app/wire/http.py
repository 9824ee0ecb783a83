"""HTTP to the target's services: one keep-alive client each, timed, bounded, and unable to touch what is not ours.

A network failure, a deadline or a refused certificate is an answer with status 0, never an exception.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping
from http.cookiejar import CookieJar
from typing import Any, Final

import httpx
import msgspec

from tui_app import __version__
from tui_app.wire.created import Created, check_request
from tui_app.wire.route import ProxyUnusable, default_tls, proxy_for
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
    phases: dict[str, float] = {}
    """ms of what could be told apart: connect_ms and tls_ms (on a new connection), wait_ms (request sent -> head), body_ms."""


class _Trace:
    """The instants of one exchange, from httpx's `trace` extension (its documentation, Advanced, Extensions)."""

    def __init__(self) -> None:
        self._at: dict[str, int] = {}

    async def __call__(self, event: str, _about: Mapping[str, Any]) -> None:
        self._at[event.partition(".")[2]] = time.monotonic_ns()

    def phases(self, got: int) -> dict[str, float]:
        """What took how long, ms; `got`: when the whole answer was there."""
        at = {**self._at, "got": got}
        spans = {
            "connect_ms": ("connect_tcp.started", "connect_tcp.complete"),
            "tls_ms": ("start_tls.started", "start_tls.complete"),
            "wait_ms": ("send_request_body.complete", "receive_response_headers.complete"),
            "body_ms": ("receive_response_headers.complete", "got"),
        }
        return {name: (at[end] - at[begin]) / 1e6 for name, (begin, end) in spans.items() if begin in at and end in at}


class HttpClient:
    """The services of one target by name (`backend`, `auth`, ...), for one user or nobody: cookies are kept per client.

    headers -- sent with every request, as the mapping is at that time
    proxy -- the operator's own for this target, in place of the system's (`tui_app.wire.route`)
    """

    def __init__(
        self,
        services: Mapping[str, str],
        created: Created,
        *,
        headers: Mapping[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        proxy: str = "",
        max_body: int = MAX_BODY,
    ) -> None:
        self._services = {name: url.rstrip("/") for name, url in services.items() if url}
        self._created = created
        self._headers: Mapping[str, str] = headers if headers is not None else {}
        self._tls = tls
        self._proxy = proxy
        self._jar = httpx.Cookies()
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
        sending = httpx.Headers({**self._headers})
        sending.update(headers)
        if token is not None:
            sending.update(bearer(token))
        try:
            client = self._new(base) if fresh else self._client(service, base)
        except ProxyUnusable as error:
            now = time.monotonic_ns()
            return HttpResult(0, None, "", {}, 0.0, f"tcp: proxy: {error}", now, now)
        try:
            return await self._exchange(
                client, within, method=method.upper(), url=base + path, json=json, content=content, headers=sending, params=params
            )
        finally:
            if fresh:
                await client.aclose()

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that are kept, such as a load balancer's affinity: name -> value."""
        return {cookie.name: cookie.value or "" for cookie in self._jar.jar}

    def cookie_header(self, url: str) -> str:
        """What these cookies say to `url` (http, https, ws or wss): a Cookie header's value, '' where none belongs there (RFC 6265 5.4)."""
        request = httpx.Request("GET", _as_http(url))
        self._jar.set_cookie_header(request)
        return str(request.headers.get("cookie", ""))

    def learn_cookies(self, url: str, headers: Mapping[str, str]) -> None:
        """Keep the cookie that an answer from elsewhere sets, such as that of a WebSocket's upgrade."""
        if "set-cookie" in headers:
            answer = httpx.Response(200, headers={"set-cookie": headers["set-cookie"]}, request=httpx.Request("GET", _as_http(url)))
            self._jar.extract_cookies(answer)

    async def aclose(self) -> None:
        """Close every kept connection."""
        while self._kept:
            _, client = self._kept.popitem()
            await client.aclose()

    def _client(self, service: str, base: str) -> httpx.AsyncClient:
        if service not in self._kept:
            # One jar for all services of one user, as a browser has: the cookie of a load balancer covers what shares its host.
            self._kept[service] = self._new(base, self._jar.jar)
        return self._kept[service]

    def _new(self, base: str, jar: CookieJar | None = None) -> httpx.AsyncClient:
        tls = self._tls if self._tls is not None else default_tls()
        through = proxy_for(base, self._proxy)
        secure = through is not None and through.startswith("https:")
        return httpx.AsyncClient(
            proxy=None if through is None else httpx.Proxy(through, ssl_context=tls if secure else None),
            headers={"User-Agent": USER_AGENT},
            cookies=jar,
            verify=tls,
            # No queue for a connection inside what is timed; and none reused that a server may be closing just then (many
            # close after 5 s of silence), because that would read as a failure of the target.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=3.0),
            timeout=None,  # one deadline for the whole exchange is ours, below
            follow_redirects=False,
            trust_env=False,  # proxies are looked up above, and a .netrc would slip in credentials that nobody asked for
        )

    async def _exchange(self, client: httpx.AsyncClient, within: float, **request: Any) -> HttpResult:
        body = bytearray()
        truncated = False
        answer: httpx.Response | None = None
        error = ""
        trace = _Trace()
        sent = time.monotonic_ns()
        try:
            async with asyncio.timeout(within), client.stream(**request, extensions={"trace": trace}) as answer:
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
        phases = trace.phases(got)
        return HttpResult(answer.status_code, _json(bytes(body)), text, _headers(answer), ms, "", sent, got, truncated, phases)


def _as_http(url: str) -> str:
    return "http" + url[2:] if url.startswith("ws") else url


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
