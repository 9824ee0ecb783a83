"""The WebSocket report: connection timers, close codes, event coverage, latency, isolation, and which journeys hang on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tui_app.reports.facts import Facts
from tui_app.reports.templates import render

SUITES: Final = ("2.1", "2.3", "3.1", "3.2")
"""Whose checks speak of the WebSocket, beside `ws-connect`."""


def write(facts: Facts) -> Iterator[str]:
    """Markdown."""
    checks = [check for check in facts.result["checks"] if check["suite"] in SUITES or check["id"] in ("ws-connect", "token-ways")]
    yield render("websocket.md.j2", facts, chosen=checks)
