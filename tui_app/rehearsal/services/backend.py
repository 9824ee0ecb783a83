"""The backend: health, threads, the description of itself, and the WebSocket."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import WebSocketRoute

from tui_app.rehearsal.gateway import Gateway
from tui_app.rehearsal.platform import APP_NAME, Platform
from tui_app.rehearsal.services.agents import Agents
from tui_app.rehearsal.services.chat import Chat
from tui_app.rehearsal.services.health import Health
from tui_app.rehearsal.services.openapi import describe
from tui_app.rehearsal.services.threads import Threads
from tui_app.rehearsal.web import Endpoint, application


def backend(platform: Platform) -> Starlette:
    """The service. What `/openapi.json` lists is what is routed: both come from `endpoints`."""

    async def openapi(_: Request) -> Response:
        return JSONResponse(described)

    endpoints = [
        *Health(platform).endpoints(),
        *Threads(platform).endpoints(),
        *Agents(platform).endpoints(),
        *Chat(platform).endpoints(),
        Endpoint("GET", "/openapi.json", openapi, "This description"),
    ]
    described = describe(APP_NAME, endpoints)
    return application("backend", endpoints, [WebSocketRoute("/ws", Gateway(platform).serve)], faults=platform.faults)
