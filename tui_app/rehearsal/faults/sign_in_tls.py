"""Faults of TLS: certificates that nobody should trust, and a way in beside them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tui_app.rehearsal.faults.registry import Fault, Listener, Proof

SOON = timedelta(hours=5)


def _leaf(**change: Any) -> Any:
    """Another leaf for the backend."""

    def listeners() -> dict[str, Listener]:
        def certificate(wanted: Any, *, service: str) -> Any:
            if service != "backend":
                return wanted
            return replace(wanted, **{name: value(wanted) if callable(value) else value for name, value in change.items()})

        return {"tls.certificate": certificate}

    return listeners


def _plain() -> dict[str, Listener]:
    return {"tls.plain": lambda _, **__: True}


PROOF = Proof(options=("--tls",))
FAULTS: tuple[Fault, ...] = (
    Fault(
        id="certificate-expired",
        behaviour="The backend's certificate has expired, so browsers warn customers away and applications can't connect.",
        caught_by=("tls",),
        listeners=_leaf(not_before=lambda leaf: leaf.not_before - timedelta(days=9), not_after=lambda leaf: leaf.not_before),
        source=("A12",),
        proof=PROOF,
    ),
    Fault(
        id="certificate-ends-soon",
        behaviour="The backend's certificate ends within hours and nothing has renewed it, so the platform will be gone by tomorrow.",
        caught_by=("tls",),
        listeners=_leaf(not_after=lambda leaf: leaf.not_before + SOON),
        source=("A12",),
        proof=PROOF,
    ),
    Fault(
        id="certificate-of-another-host",
        behaviour="The backend shows another host's certificate, so no client can tell it from somebody who poses as it.",
        caught_by=("tls",),
        listeners=_leaf(hosts=("elsewhere.example",)),
        source=("A12",),
        proof=PROOF,
    ),
    Fault(
        id="certificate-by-a-stranger",
        behaviour="The backend's certificate is by an authority that nobody trusts, so anybody could have made it.",
        caught_by=("tls",),
        listeners=_leaf(foreign=True),
        source=("A12",),
        proof=PROOF,
    ),
    Fault(
        id="plain-beside-tls",
        behaviour="The WebSocket opens without TLS as well, so tokens and conversations can be read by anybody on the way.",
        caught_by=("tls-only",),
        listeners=_plain,
        source=("A12",),
        proof=PROOF,
    ),
)
