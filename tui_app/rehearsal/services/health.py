"""The backend's health endpoints (wire contract 2.1). What they say of a store, a probe of that store has just seen."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tui_app import __version__
from tui_app.rehearsal.platform import APP_NAME, ENVIRONMENT, Platform
from tui_app.rehearsal.stores.tier import Probe
from tui_app.rehearsal.web import Endpoint

SERVICE = "netra-ai-platform"


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


class Health:
    """Handlers that say how the backend is."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    def endpoints(self) -> list[Endpoint]:
        """The operations."""
        return [
            Endpoint("GET", "/health", self.alive, "Liveness"),
            Endpoint("GET", "/health/live", self.live, "Liveness with environment"),
            Endpoint("GET", "/health/ready", self.ready, "Readiness, with a probe of every store"),
            Endpoint("GET", "/api/health", self.tiers, "Health per store", query=("force",)),
            Endpoint(
                "GET", "/api/health/database", self.tiers, "Health per store, by writing, reading and deleting a row", query=("force",)
            ),
            Endpoint("GET", "/ws/health", self.websocket, "Health of the WebSocket"),
            Endpoint("GET", "/ws/config", self.websocket_config, "Limits of the WebSocket"),
            Endpoint("GET", "/api/config/public", self.config, "Environment and build", gives=("environment", "version", "build")),
        ]

    async def alive(self, _: Request) -> Response:
        """Touches no store."""
        return JSONResponse({"status": "healthy", "service": SERVICE, "version": __version__, "timestamp": time.time()})

    async def live(self, _: Request) -> Response:
        """Touches no store."""
        body = {"status": "healthy", "service": SERVICE, "version": __version__, "timestamp": _now(), "environment": ENVIRONMENT}
        return JSONResponse(body)

    async def ready(self, _: Request) -> Response:
        """503 when the core store does not serve."""
        probes = await self.platform.probes(False)
        words = {name: "connected" if probe.ok else "failed" for name, probe in probes.items()}
        ok = probes["postgresql"].ok
        body: dict[str, Any] = {
            "status": "ready" if ok else "not_ready",
            "service": SERVICE,
            "timestamp": time.time(),
            "environment": ENVIRONMENT,
            "core_db": words["postgresql"],
            "clickhouse_db": words["clickhouse"],
            "redis_db": words["redis"],
            "websocket_readiness": {"status": "healthy" if ok else "degraded", "websocket_ready": ok, "details": {"failed_services": []}},
        }
        if not ok:
            body["message"] = "Core database unavailable"
        return JSONResponse(body, 200 if ok else 503)

    async def tiers(self, request: Request) -> Response:
        """200 healthy or degraded; 503 when the core store failed. `force=true` probes now."""
        force = request.query_params.get("force", "").lower() in ("true", "1", "yes")
        probes = await self.platform.probes(force)
        failed = [name for name, probe in probes.items() if not probe.ok]
        status = "unhealthy" if "postgresql" in failed else "degraded" if failed else "healthy"
        body: dict[str, Any] = {
            "status": status,
            "timestamp": _now(),
            "uptime_seconds": time.monotonic() - self.platform.started,
            "checks": {name: probe.as_json() for name, probe in probes.items()},
            "database_details": {**{name: _details(probe) for name, probe in probes.items()}, "checked_at": _now()},
            "version": __version__,
            "environment": ENVIRONMENT,
        }
        if status == "unhealthy":
            body["detail"] = "PostgreSQL failed"
        return JSONResponse(body, 503 if status == "unhealthy" else 200)

    async def websocket(self, _: Request) -> Response:
        """Counts are those of the moment."""
        sockets = self.platform.sockets
        body = {
            "status": "healthy",
            "mode": "main",
            "components": {"manager": "healthy", "message_router": "healthy", "connection_monitor": "healthy"},
            "connections": len(sockets),
            "users": sockets.users(),
            "timestamp": _now(),
        }
        return JSONResponse(body)

    async def websocket_config(self, _: Request) -> Response:
        """What the socket enforces."""
        limits: dict[str, Any] = {
            "heartbeat_interval": self.platform.options.heartbeat_seconds,
            "max_message_size": 16 * 1024 * 1024,
            "compression_enabled": False,
        }
        return JSONResponse({"websocket_config": limits})

    async def config(self, _: Request) -> Response:
        """Where one is."""
        about = {"environment": ENVIRONMENT, "app_name": APP_NAME, "version": __version__, "build": self.platform.build}
        return JSONResponse({**about, "features": {"agents": True}})


def _details(probe: Probe) -> dict[str, Any]:
    return {"connected": probe.ok, "probe": "write, read back, delete", "error": probe.error}
