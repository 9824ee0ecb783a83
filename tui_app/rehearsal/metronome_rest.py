"""What the metronome answers to REST: signing in and threads, as far as a session needs them to come to its sockets.

Nothing is stored and nobody is refused. Answers have the shapes of the rehearsal's services (wire contract 3.1-3.4, 7.1).
"""

from __future__ import annotations

import json
import secrets
import time
import uuid
from typing import Any, Final

import jwt

from tui_app import __version__
from tui_app.rehearsal.frames import ENVIRONMENT

ACCESS_S: Final = 4 * 3600
"""Longer than any measurement: renewing tokens is not what is measured."""
REASONS: Final = {200: "OK", 404: "Not Found"}


class Rest:
    """The answers; accounts are an address each, and a token is good for whoever it names."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(48)

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Status and JSON for one request; `path` is without its query."""
        given = body if isinstance(body, dict) else {}
        if path in ("/auth/register", "/auth/login", "/auth/refresh") and method == "POST":
            return 200, self._signed_in(str(given.get("email") or uuid.uuid4().hex))
        if path in ("/auth/validate", "/auth/verify"):
            return 200, {"valid": True}
        if path == "/api/config/public":
            return 200, {"environment": ENVIRONMENT, "build": f"metronome-{__version__}"}
        if path in ("/", "/health", "/health/ready"):
            return 200, {"status": "healthy", "environment": ENVIRONMENT}
        if path == "/api/threads" and method == "POST":
            now = time.time()
            return 200, {"id": f"thread_{uuid.uuid4().hex[:16]}", "title": given.get("title", ""), "created_at": now, "updated_at": now}
        if path == "/auth/logout" or (path.startswith("/api/threads/") and method == "DELETE"):
            return 200, {"success": True}
        return 404, {"error": True, "error_code": "NOT_FOUND", "message": "Not Found", "details": {"status_code": 404}}

    def _signed_in(self, email: str) -> dict[str, Any]:
        user, now = str(uuid.uuid5(uuid.NAMESPACE_URL, email)), int(time.time())
        claims = {"sub": user, "email": email, "iat": now, "exp": now + ACCESS_S, "env": ENVIRONMENT, "permissions": ["read", "write"]}
        return {
            **{f"{kind}_token": self._token({**claims, "type": kind, "jti": uuid.uuid4().hex}) for kind in ("access", "refresh")},
            "token_type": "Bearer", "expires_in": ACCESS_S, "user": {"id": user, "email": email},
        }  # fmt: skip

    def _token(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self._key, algorithm="HS256")


def written(status: int, body: Any) -> bytes:
    """An answer as it travels; the connection stays open."""
    payload = json.dumps(body).encode()
    about = f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: application/json\r\nContent-Length: {len(payload)}\r\n\r\n"
    return about.encode() + payload
