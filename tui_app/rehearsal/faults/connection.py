"""Faults of connecting, staying connected, recovering and keeping pace."""

from __future__ import annotations

from tui_app.rehearsal.faults.registry import Fault

FAULTS: tuple[Fault, ...] = ()
