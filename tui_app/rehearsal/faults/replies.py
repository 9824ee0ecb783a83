"""What faults of REST answers are made of: one route's answers changed, always or every second time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tui_app.rehearsal.faults.registry import Listener, Proof, Reply

Change = Callable[[Any], Any]
Listeners = Callable[[], dict[str, Listener]]
NOBODY = Proof(users=1)
"""A session of one user, and of no agent run but those of the check itself."""


def answer(
    service: str, path: str, *, method: str = "GET", status: int = 0, body: Change | None = None, of: tuple[int, ...] = (200,)
) -> Listeners:
    """One route's answers: another status, or another body by a function that returns a new one. `of`: answers of which status."""
    wanted = (service, method, path)

    def change(reply: Reply, *, service: str, method: str, path: str, **_: Any) -> Reply:
        if (service, method, path) != wanted or reply.status not in of:
            return reply
        return replace(reply, status=status or reply.status, body=body(reply.body) if body else reply.body)

    return lambda: {"rest.answer": change}


def every_second(service: str, path: str, *, status: int = 0, body: Change | None = None) -> Listeners:
    """As `answer`, and only every second time that a user (or nobody) asks for the same, as two instances behind one address would."""

    def listeners() -> dict[str, Listener]:
        asked: dict[tuple[str, str], int] = {}
        change = answer(service, path, status=status, body=body)()["rest.answer"]

        def alternate(reply: Reply, **facts: Any) -> Reply:
            if (facts["service"], facts["path"]) != (service, path):
                return reply
            key = (str(facts["user_id"]), repr(facts["params"]))
            asked[key] = asked.get(key, 0) + 1
            changed: Reply = change(reply, **facts) if asked[key] % 2 == 0 else reply
            return changed

        return {"rest.answer": alternate}

    return listeners


def having(**facts: Any) -> Change:
    """A body with these fields set."""
    return lambda body: {**body, **facts}


def tier(name: str, entry: Mapping[str, Any], status: str) -> Change:
    """A health body in which one tier reads otherwise."""
    return lambda body: {**body, "status": status, "checks": {**body["checks"], name: {**body["checks"][name], **entry}}}


def wrapped(code: str, message: str, **more: Any) -> Change:
    """A body in the platform's form of an error."""
    return lambda _: {"error": True, "error_code": code, "message": message, **more}
