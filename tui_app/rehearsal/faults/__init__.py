"""Faults that can be seeded into the rehearsal, by id. One module for each part of the platform that can be at fault."""

from __future__ import annotations

from typing import Any, Final

from tui_app.rehearsal.faults import (
    answers,
    connection,
    data,
    data_stores,
    handshake,
    isolation,
    lifecycle,
    load,
    repeats,
    requests,
    sign_in,
    soak,
    tier_loss,
    tiers,
)
from tui_app.rehearsal.faults.registry import Fault

_MODULES: Final = (
    sign_in, data, data_stores, lifecycle, repeats, requests, answers, isolation, connection, handshake, load, soak, tiers,
    tier_loss,
)  # fmt: skip
FAULTS: Final[dict[str, Fault]] = {fault.id: fault for module in _MODULES for fault in module.FAULTS}


def as_json() -> list[dict[str, Any]]:
    """The registry in the shape of `vigil faults --json`."""
    return [
        {"id": fault.id, "behaviour": fault.behaviour, "caught_by": list(fault.caught_by), "probabilistic": fault.probabilistic}
        for fault in FAULTS.values()
    ]
