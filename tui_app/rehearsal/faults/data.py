"""Faults of health: what the platform says of itself."""

from __future__ import annotations

from typing import Any

from tui_app.rehearsal.faults.registry import Fault, Listener, Proof, Reply
from tui_app.rehearsal.faults.replies import NOBODY, answer, every_second, having, tier, wrapped

FAILED = {"status": "failed", "connected": False, "error": "connection refused"}
SLOW_S = 12.0


def _backend_503() -> dict[str, Listener]:
    def unavailable(reply: Reply, *, service: str, **_: Any) -> Reply:
        if service != "backend":
            return reply
        body = {"error": "service_not_ready", "details": {"state": "starting", "failed_services": ["agents"], "retry_after_seconds": 10}}
        return Reply(503, body, {"Retry-After": "10"})

    return {"rest.answer": unavailable}


def _slow_readiness() -> dict[str, Listener]:
    def slow(seconds: float, *, service: str, path: str, **_: Any) -> float:
        return SLOW_S if (service, path) == ("backend", "/health/ready") else seconds

    return {"rest.delay": slow}


def _failed_services(body: dict[str, Any]) -> dict[str, Any]:
    readiness = {"status": "degraded", "websocket_ready": False, "details": {"failed_services": ["agent_supervisor"], "warnings": []}}
    return {**body, "websocket_readiness": readiness}


def _core_down() -> dict[str, Listener]:
    bodies = {"/api/health": tier("postgresql", FAILED, "unhealthy"), "/api/health/database": tier("postgresql", FAILED, "unhealthy")}

    def down(reply: Reply, *, service: str, path: str, **_: Any) -> Reply:
        return Reply(503, bodies[path](reply.body)) if service == "backend" and path in bodies else reply

    return {"rest.answer": down}


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="auth-unhealthy-200",
        behaviour="Sign-in is unwell and says so in words that nobody reads, under a status of success.",
        caught_by=("health-services",),
        listeners=answer("auth-service", "/health", body=having(status="unhealthy", reason="no session store")),
        source=("FM-41",),
        proof=NOBODY,
    ),
    Fault(
        id="backend-503",
        behaviour="The backend turns every request away while sign-in works, so users get in and can do nothing.",
        caught_by=("health-services", "critical-endpoints"),
        listeners=_backend_503,
        source=("FM-07",),
        proof=NOBODY,
    ),
    Fault(
        id="tier-down-behind-200",
        behaviour="Analytics are not stored for anybody while every light that an operator looks at stays green.",
        caught_by=("health-tiers", "health-agrees"),
        listeners=answer("backend", "/api/health/database", body=tier("clickhouse", FAILED, "degraded")),
        source=("FM-41",),
        proof=NOBODY,
    ),
    Fault(
        id="liveness-hides-core",
        behaviour="The core database is down, nothing that users do is kept, and the address that is watched goes on to say healthy.",
        caught_by=("health-agrees", "health-tiers"),
        listeners=_core_down,
        source=("A11",),
        proof=NOBODY,
    ),
    Fault(
        id="ws-health-unhealthy-200",
        behaviour="The part that carries the chat calls itself unhealthy, under a status of success, and users are still sent to it.",
        caught_by=("critical-endpoints", "health-agrees"),
        listeners=answer("backend", "/ws/health", body=having(status="unhealthy", error="a component could not be loaded")),
        source=("FM-41",),
        proof=NOBODY,
    ),
    Fault(
        id="readiness-slow",
        behaviour="The backend takes longer to say that it is ready than anybody waits, so good instances are taken from users.",
        caught_by=("readiness",),
        listeners=_slow_readiness,
        source=("FM-42",),
        proof=Proof(users=1, limits={"ready_s": 2.0}, alone=True),
    ),
    Fault(
        id="ready-with-failed-services",
        behaviour="An instance calls itself ready although its agents did not start, and users who are sent there get no answer.",
        caught_by=("readiness",),
        listeners=answer("backend", "/health/ready", body=_failed_services),
        source=("FM-41",),
        proof=NOBODY,
    ),
    Fault(
        id="environment-disagrees",
        behaviour="One endpoint of the backend calls its environment by another name, so its operators change what they did not mean to.",
        caught_by=("health-agrees",),
        listeners=answer("backend", "/health/live", body=having(environment="development")),
        source=("FM-41",),
        proof=NOBODY,
    ),
    Fault(
        id="environment-unmarked",
        behaviour="The backend no longer says which environment it is, so what works on real users' data is taken for a trial.",
        caught_by=("production-parity",),
        listeners=answer("backend", "/api/config/public", body=lambda body: {key: body[key] for key in body if key != "environment"}),
        source=("FM-41",),
        proof=NOBODY,
    ),
    Fault(
        id="bypass-active",
        behaviour="A way around authentication that is meant for tests is switched on, for users and strangers alike.",
        caught_by=("production-parity",),
        listeners=answer("backend", "/ws/health", body=having(e2e_testing={"enabled": True, "auth_bypass_active": True})),
        source=("FM-31",),
        proof=NOBODY,
    ),
    Fault(
        id="documented-route-gone",
        behaviour="A route that is documented is there no more, and the pages that were built on it fail for users.",
        caught_by=("contract",),
        listeners=answer("backend", "/ws/config", status=404, body=wrapped("NOT_FOUND", "Not Found")),
        source=("FM-48",),
        proof=NOBODY,
    ),
    Fault(
        id="documented-key-gone",
        behaviour="How many messages a conversation has is told no more, and pages that were built on it show users nothing.",
        caught_by=("contract",),
        listeners=answer(
            "backend", "/api/threads/{thread_id}/messages", body=lambda body: {key: body[key] for key in body if key != "total"}
        ),
        source=("F3", "F5"),
        proof=NOBODY,
    ),
    Fault(
        id="list-of-threads-500",
        behaviour="Users open the application and, in place of their conversations, get a server error.",
        caught_by=("contract", "thread-life"),
        listeners=answer("backend", "/api/threads", status=500, body=wrapped("INTERNAL_ERROR", "Failed to list threads")),
        source=("FM-49",),
        proof=NOBODY,
    ),
    Fault(
        id="mistake-500-with-trace",
        behaviour="A slip of a user's is answered with a server error that shows the inside of the server.",
        caught_by=("error-shape",),
        listeners=answer(
            "backend",
            "/api/threads/{thread_id}",
            status=500,
            of=(404,),
            body=wrapped("INTERNAL_ERROR", 'Traceback (most recent call last):\n  File "threads.py", line 41, in get\nKeyError: None'),
        ),
        source=("FM-49", "FM-65"),
        proof=NOBODY,
    ),
    Fault(
        id="mistake-answered-200",
        behaviour="A request without its text is called a success, and what the user meant to say is nowhere.",
        caught_by=("error-shape",),
        listeners=answer(
            "backend", "/api/threads/{thread_id}/messages", method="POST", status=200, of=(422,), body=lambda _: {"status": "success"}
        ),
        source=("FM-58", "FM-69"),
        proof=NOBODY,
    ),
    Fault(
        id="instances-differ-in-build",
        behaviour="Behind one address two builds answer in turn, so users meet another product with every request.",
        caught_by=("instances",),
        listeners=every_second("backend", "/api/config/public", body=having(version="0.0.0", build="rehearsal-0.0.0-g1")),
        source=("FM-62",),
        proof=NOBODY,
    ),
)
