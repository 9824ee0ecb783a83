"""The requests that were answered wrongly, once more: each has to be answered with success, and its body must not say otherwise."""

from __future__ import annotations

import os
from typing import Any

from tui_app.repro.scripts.common import (
    FACTS,
    address,
    client,
    finish,
    forget_thread,
    login,
    marker,
    new_thread,
    tried,
    who,
)  # fmt: skip

HEALTHY = ("healthy", "ok", "ready", "alive", "up")
OPTIONAL = ("skipped_optional", "not_configured")
ILL = ("unhealthy", "down", "disconnected", "failed", "error", "degraded", "not_ready", "not ready")


def complains(body: Any, key: str = "") -> str:
    """What in a health body is not well; '' where nothing is."""
    if isinstance(body, dict):
        if body.get("connected") is False and body.get("status") not in OPTIONAL:
            return f"{key}: not connected"
        return next((found for name, value in body.items() if (found := complains(value, str(name)))), "")
    if isinstance(body, list):
        return next((found for value in body if (found := complains(value, key))), "")
    ill = isinstance(body, str) and (body.lower() in ILL or (key.endswith("_db") and body not in ("connected", *OPTIONAL)))
    return f"{key}: {body}" if ill else ""


def lacking(body: Any, request: dict[str, Any]) -> str:
    """What an answer of success does not hold that it must; '' where it is all there."""
    held = body if isinstance(body, dict) else {}
    keys = [key for key in request.get("keys", ()) if key not in held or (request.get("filled") and not held[key])]
    word = body.get("status") if isinstance(body, dict) else None
    if keys:
        return f"answers without {', '.join(keys)}"
    if request.get("healthy") and str(word).lower() not in HEALTHY:
        return f"answers with success and says of its status {word!r}"
    wrong = complains(body) if "health" in request["path"] else ""
    return f"answers with success and says {wrong}" if wrong else ""


async def show() -> str:
    """Only reads."""
    for request in FACTS["requests"]:
        token = (os.environ.get("REPRO_TOKEN_1") or await login(1)) if request["signed_in"] else ""
        thread = await new_thread(token, f"repro {marker()}") if "{thread}" in request["path"] else ""
        async with client(token) as http:
            answer = await http.get(address(request["service"]) + request["path"].replace("{thread}", thread))
        if thread:
            await forget_thread(token, thread)
        where = f"{request['service']} {request['path']}"
        if token and answer.status_code in (401, 403):
            await who(token, 1)  # which says that it is the token that is not good
        if not answer.is_success:
            return f"{where} is answered with {answer.status_code}"
        try:
            body = answer.json()
        except ValueError:
            body = None
        if wrong := lacking(body, request):
            return f"{where} {wrong}"
        tried()
    return ""


if __name__ == "__main__":
    finish(show)
