"""What the REST services have in common: one table of endpoints, JSON bodies, and errors in the platform's wrapper form."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jwt
import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from tui_app import __version__
from tui_app.rehearsal.faults.registry import Reply, Seeded
from tui_app.rehearsal.platform import Platform
from tui_app.rehearsal.stores.tier import TierDown
from tui_app.rehearsal.tokens import Claims, Door, TokenRefused

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 1 << 20
CODES = {
    400: "BAD_REQUEST",
    401: "AUTH_UNAUTHORIZED",
    403: "AUTH_FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    409: "CONFLICT",
    413: "PAYLOAD_TOO_LARGE",
    422: "VALIDATION_ERROR",
    429: "RATE_LIMITED",
    503: "SERVICE_UNAVAILABLE",
}
Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Endpoint:
    """One operation: what it is, who may call it, and the JSON it takes. `/openapi.json` is made from these."""

    method: str
    path: str
    handler: Handler
    summary: str
    signed_in: bool = False
    body: dict[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    """Keys that the JSON object of a success always has."""


class Refused(Exception):
    """An answer other than success. `headers` are added to it."""

    def __init__(self, status: int, message: str, code: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code or CODES.get(status, "ERROR")
        self.headers = headers or {}


def error_response(status: int, message: str, code: str = "", headers: dict[str, str] | None = None) -> JSONResponse:
    """The wrapper form of an error (wire contract 3.4)."""
    body = {
        "error": True,
        "error_code": code or CODES.get(status, "ERROR"),
        "message": message,
        "detail": message,
        "details": {"status_code": status},
        "trace_id": uuid.uuid4().hex,
        "timestamp": time.time(),
    }
    return JSONResponse(body, status, headers)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return error_response(error.status, error.message, error.code, error.headers)


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return error_response(error.status_code, error.detail, headers=dict(error.headers or {}))


async def _tier_down(_: Request, error: Exception) -> Response:
    assert isinstance(error, TierDown)
    return error_response(503, str(error), "SERVICE_UNAVAILABLE", {"Retry-After": "5"})


async def _internal(_: Request, error: Exception) -> Response:
    return error_response(500, f"Internal error: {type(error).__name__}", "INTERNAL_ERROR")


def application(name: str, endpoints: Sequence[Endpoint], extra: Sequence[BaseRoute] = (), *, faults: Seeded | None = None) -> Starlette:
    """The Starlette application of one service: exactly these endpoints, and errors in the wrapper form."""
    by_path: dict[str, list[Endpoint]] = {}
    for one in endpoints:
        by_path.setdefault(one.path, []).append(one)
    routes: list[BaseRoute] = [*extra]
    for path, group in by_path.items():
        table = {one.method: _named(name, one, faults or Seeded()) for one in group}
        routes.append(Route(path, _dispatch(table), methods=sorted(table)))
    handlers: dict[Any, Any] = {Refused: _refused, HTTPException: _http_error, TierDown: _tier_down, Exception: _internal}
    made = Starlette(routes=routes, exception_handlers=handlers)
    made.add_middleware(_Numbered)
    return made


class _Numbered:
    """Each answer, that to an upgrade, too, names the id under which a service's logs would have it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.accept", "websocket.http.response.start"):
                message = {**message, "headers": [*message.get("headers", ()), (b"x-request-id", uuid.uuid4().hex.encode())]}
            await send(message)

        await self.app(scope, receive, sending)


def _named(name: str, endpoint: Endpoint, faults: Seeded) -> Handler:
    """The endpoint's handler, its errors turned into answers, with the service's own headers on each."""
    where = {"service": name, "method": endpoint.method, "path": endpoint.path}

    async def call(request: Request) -> Response:
        wait = faults.apply("rest.delay", 0.0, **where)
        if wait:
            await asyncio.sleep(wait)
        try:
            response = await endpoint.handler(request)
        except Refused as error:
            response = await _refused(request, error)
        except TierDown as error:
            response = await _tier_down(request, error)
        if faults.listens("rest.answer") and isinstance(response, JSONResponse):
            found = Reply(response.status_code, msgspec.json.decode(response.body))
            facts = {"params": dict(request.path_params), "user_id": _subject(request), "busy": faults.crowd()}
            reply = faults.apply("rest.answer", found, **facts, **where)
            if reply is not found:
                response = JSONResponse(reply.body, reply.status, dict(reply.headers))
        response.headers["x-service-name"] = name
        response.headers["x-service-version"] = __version__
        return response

    return call


def _subject(request: Request) -> str:
    """Whom the bearer token names, looked at and not verified: a fact for faults, never for a service."""
    try:
        return str(jwt.decode(bearer(request), options={"verify_signature": False}).get("sub", ""))
    except jwt.PyJWTError:
        return ""


def _dispatch(table: dict[str, Handler]) -> Handler:
    async def call(request: Request) -> Response:
        handler = table.get(request.method) or table["GET"]  # HEAD is answered as GET without a body
        return await handler(request)

    return call


async def json_body(request: Request, required: Sequence[str] = ()) -> dict[str, Any]:
    """The request's JSON object; an empty body is an empty object. Raises Refused 413 or 422."""
    if int(request.headers.get("content-length") or 0) > MAX_BODY:
        raise Refused(413, "Request body is too large")
    raw = await request.body()
    if len(raw) > MAX_BODY:
        raise Refused(413, "Request body is too large")
    try:
        body = msgspec.json.decode(raw) if raw.strip() else {}
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refused(422, "Body is not valid JSON") from error
    if not isinstance(body, dict):
        raise Refused(422, "Body must be a JSON object")
    missing = [name for name in required if not isinstance(body.get(name), str) or not body[name].strip()]
    if missing:
        raise Refused(422, f"Field required: {', '.join(missing)}")
    return body


def bearer(request: Request) -> str:
    """The token of the Authorization header, or an empty string."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def caller(platform: Platform, request: Request, door: Door = "backend") -> Claims:
    """Who calls: Refused 403 without a token, 401 with one that is not accepted (wire contract 3.4)."""
    token = bearer(request)
    try:
        return await platform.doors.enter(door, token, headers=request.headers, path=request.url.path)
    except TokenRefused as error:
        if not token:
            raise Refused(403, "Not authenticated", "AUTH_FAILED") from error
        raise Refused(401, error.message, "AUTH_UNAUTHORIZED", {"WWW-Authenticate": "Bearer"}) from error


def whole_number(request: Request, name: str, default: int, low: int, high: int) -> int:
    """A query parameter as an integer within bounds; Refused 422 otherwise."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.lstrip("-").isdigit() or not low <= int(text) <= high:
        raise Refused(422, f"{name} must be an integer from {low} to {high}")
    return int(text)
