"""Faults of a run's events and of its answer."""

from __future__ import annotations

from typing import Any

from tui_app.rehearsal.faults.registry import Delivery, Fault, Listener


def _drop_tool_completed() -> dict[str, Listener]:
    def route(deliveries: list[Delivery], **_: Any) -> list[Delivery]:
        return [one for one in deliveries if one[1].get("type") != "tool_completed"]

    return {"event.route": route}


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="drop-tool-completed",
        behaviour="That a tool has finished is never told, so users watch a step that seems to hang until the answer appears.",
        caught_by=("five-events",),
        listeners=_drop_tool_completed,
        source=("B4", "FM-11"),
    ),
)
