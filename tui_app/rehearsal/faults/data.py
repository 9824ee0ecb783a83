"""Faults of health, REST answers and the stores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tui_app.rehearsal.faults.registry import Fault, Listener, Proof, Reply

Change = Callable[[Any], Any]
ALONE = Proof(users=1)


def answer(
    service: str, path: str, *, method: str = "GET", status: int = 0, body: Change | None = None
) -> Callable[[], dict[str, Listener]]:
    """Listeners that change one route's answers: its status, or its body by a function that returns a new one."""

    def change(reply: Reply, *, service: str, method: str, path: str, **_: Any) -> Reply:
        if (service, method, path) != wanted or reply.status != 200:
            return reply
        return replace(reply, status=status or reply.status, body=body(reply.body) if body else reply.body)

    wanted = (service, method, path)
    return lambda: {"rest.answer": change}


def _with(**facts: Any) -> Change:
    """A body with these fields set."""
    return lambda body: {**body, **facts}


def _tier(name: str, entry: Mapping[str, Any], status: str) -> Change:
    """A health body in which one tier reads otherwise."""
    return lambda body: {**body, "status": status, "checks": {**body["checks"], name: {**body["checks"][name], **entry}}}


FAILED = {"status": "failed", "connected": False, "error": "connection refused"}

FAULTS: tuple[Fault, ...] = (
    Fault(
        id="auth-unhealthy-200",
        behaviour="Sign-in is unwell and says so in words that nobody reads, under a status of success.",
        caught_by=("health-services",),
        listeners=answer("auth-service", "/health", body=_with(status="unhealthy", reason="no session store")),
        source=("FM-41",),
        proof=ALONE,
    ),
    Fault(
        id="tier-down-behind-200",
        behaviour="Analytics are not stored for anybody while every light that an operator looks at stays green.",
        caught_by=("health-tiers",),
        listeners=answer("backend", "/api/health/database", body=_tier("clickhouse", FAILED, "degraded")),
        source=("A11", "FM-41"),
        proof=ALONE,
    ),
    Fault(
        id="ws-health-unhealthy-200",
        behaviour="The part that carries the chat calls itself unhealthy, under a status of success, and users are still sent to it.",
        caught_by=("critical-endpoints",),
        listeners=answer("backend", "/ws/health", body=_with(status="unhealthy", error="a component could not be loaded")),
        source=("FM-41",),
        proof=ALONE,
    ),
)
