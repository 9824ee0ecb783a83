"""The frontend: its own health, and a page that says what it is. Its health says nothing of the chat (wire contract 2.3)."""

from __future__ import annotations

import time

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from tui_app import __version__
from tui_app.rehearsal.platform import APP_NAME, ENVIRONMENT, Platform
from tui_app.rehearsal.web import Endpoint, application

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>%(name)s</title></head>
<body><main><h1>%(name)s</h1>
<p>An agent-chat platform on loopback, for rehearsing a validation session. Build %(build)s.</p></main></body></html>
"""


def frontend(platform: Platform) -> Starlette:
    """The service."""

    async def health(_: Request) -> Response:
        return JSONResponse(
            {
                "status": "healthy",
                "service": "frontend",
                "version": __version__,
                "environment": ENVIRONMENT,
                "uptime_seconds": time.monotonic() - platform.started,
                "timestamp": time.time(),
            }
        )

    async def page(_: Request) -> Response:
        return HTMLResponse(PAGE % {"name": APP_NAME, "build": platform.build})

    return application(
        "frontend",
        [
            Endpoint("GET", "/", page, "The page"),
            Endpoint("GET", "/health", health, "Liveness"),
            Endpoint("GET", "/api/health", health, "Liveness"),
        ],
        faults=platform.faults,
    )
