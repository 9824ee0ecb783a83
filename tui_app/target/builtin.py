"""The built-in targets, and what holds for a target unless its file says otherwise: plain facts, read before anything large is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from tui_app.target.address import BLANK, is_loopback

SERVICES: Final = ("backend", "auth", "frontend", "websocket")

BUILTIN: Final[dict[str, dict[str, Any]]] = {
    "rehearsal": {
        "target": {
            "name": "rehearsal",
            "environment": "rehearsal",
            "backend": "http://127.0.0.1:<backend-port>",
            "auth": "http://127.0.0.1:<auth-port>",
            "frontend": "http://127.0.0.1:<frontend-port>",
            "websocket": "ws://127.0.0.1:<backend-port>/ws",
        }
    },
    "docker": {
        "target": {
            "name": "docker",
            "environment": "docker",
            "backend": "http://localhost:<backend-port>",
            "auth": "http://localhost:<auth-port>",
            "frontend": "http://localhost:<frontend-port>",
            "websocket": "ws://localhost:<backend-port>/ws",
        }
    },
    "staging": {
        "target": {
            "name": "staging",
            "environment": "staging",
            "backend": "https://netra-backend-staging-<hash>.run.app",
            "auth": "https://auth-staging-<hash>.run.app",
            "frontend": "https://<frontend-host>",
            "websocket": "wss://netra-backend-staging-<hash>.run.app/ws",
        }
    },
}
"""The built-in targets. The shapes are the strategy's ('Service Endpoints'); their blanks keep them from meaning anybody's host."""


def here(urls: Mapping[str, str]) -> bool:
    """Whether every service is on this machine. One that is not makes the whole target remote."""
    return all(is_loopback(url) for url in urls.values())


def blanks_of(urls: Mapping[str, str]) -> tuple[str, ...]:
    """What must be filled in before anything can run, as `[target] backend: <hash>`; empty when all is there."""
    return tuple(f"[target] {service}: {blank}" for service, url in urls.items() for blank in dict.fromkeys(BLANK.findall(url)))


def signs_in(loopback: bool) -> Literal["register", "login"]:
    """How users get their tokens."""
    return "register" if loopback else "login"


def users_of(environment: str) -> int:
    """How many take part."""
    return 5 if environment == "rehearsal" else 2
