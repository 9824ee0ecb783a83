"""Which other sites' pages may read the answers of a service (the fetch standard's CORS protocol)."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tui_app.rehearsal.platform import Platform

METHODS: Final = "GET, POST, PUT, DELETE, OPTIONS"


class Cors:
    """A service whose answers say so where the platform's own pages may read them, and to no other page."""

    def __init__(self, app: ASGIApp, platform: Platform) -> None:
        self.app = app
        self.platform = platform

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; a preflight is answered here."""
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

        response: Response | None = None
        if scope["method"] == "OPTIONS" and origin is not None and "access-control-request-method" in headers:
            asked = headers.get("access-control-request-headers", "authorization, content-type")
            granted = {"access-control-allow-methods": METHODS, "access-control-allow-headers": asked, "access-control-max-age": "600"}
            response = Response(status_code=204 if allowed else 403, headers=granted if allowed else None)
        await (response or self.app)(scope, receive, answer)
