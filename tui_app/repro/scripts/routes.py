"""The requests that were answered wrongly, once more: each has to be answered with success, and its body must not say otherwise."""

from __future__ import annotations

import os
from typing import Any

from tui_app.repro.scripts.common import FACTS, address, client, finish, login, tried, who

ILL = ("unhealthy", "down", "disconnected", "failed", "error", "degraded", "not_ready", "not ready")


def complains(body: Any, key: str = "") -> str:
    """What in a health body is not well; '' where nothing is."""
    if isinstance(body, dict):
        return next((found for name, value in body.items() if (found := complains(value, str(name)))), "")
    if isinstance(body, list):
        return next((found for value in body if (found := complains(value, key))), "")
    return f"{key}: {body}" if isinstance(body, str) and body.lower() in ILL else ""


async def show() -> str:
    """Only reads."""
    for request in FACTS["requests"]:
        token = (os.environ.get("REPRO_TOKEN_1") or await login(1)) if request["signed_in"] else ""
        async with client(token) as http:
            answer = await http.get(address(request["service"]) + request["path"])
        where = f"{request['service']} {request['path']}"
        if token and answer.status_code in (401, 403):
            await who(token, 1)  # which says that it is the token that is not good
        if not answer.is_success:
            return f"{where} is answered with {answer.status_code}"
        try:
            wrong = complains(answer.json()) if "health" in request["path"] else ""
        except ValueError:
            wrong = "no JSON"
        if wrong:
            return f"{where} is answered with {answer.status_code} and says {wrong}"
        tried()
    return ""


if __name__ == "__main__":
    finish(show)
