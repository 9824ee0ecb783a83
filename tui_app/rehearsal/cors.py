"""Which other sites' pages may read answers (CORS), and requests that are refused before any handler sees them."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tui_app.rehearsal.platform import Platform

METHODS: Final = "GET, POST, PUT, DELETE, OPTIONS"


class Cors:
    """Adds the headers of the fetch standard's CORS protocol for the platform's own pages, and for no other."""

    def __init__(self, app: ASGIApp, platform: Platform, service: str) -> None:
        self.app = app
        self.platform = platform
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        faults = self.platform.faults
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        allowed = origin is not None and faults.apply("origin.allowed", origin in self.platform.origins, origin=origin, door="rest")

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and origin is not None:
                added = MutableHeaders(scope=message)
                added.add_vary_header("Origin")
                if allowed:
                    added["access-control-allow-origin"] = origin
                    added["access-control-allow-credentials"] = "true"
            await send(message)

        status = faults.apply("rest.status", 0, service=self.service, method=scope["method"], path=scope["path"])
        response: Response | None = None
        if status:
            response = JSONResponse({"error": True, "detail": "Internal server error", "details": {"status_code": status}}, status)
        elif scope["method"] == "OPTIONS" and origin is not None and "access-control-request-method" in headers:
            asked = headers.get("access-control-request-headers", "authorization, content-type")
            granted = {"access-control-allow-methods": METHODS, "access-control-allow-headers": asked, "access-control-max-age": "600"}
            response = Response(status_code=204 if allowed else 403, headers=granted if allowed else None)
        await (response or self.app)(scope, receive, answer)
