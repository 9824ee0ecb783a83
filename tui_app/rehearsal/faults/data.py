"""Faults of health, REST answers and the stores."""

from __future__ import annotations

from tui_app.rehearsal.faults.registry import Fault

FAULTS: tuple[Fault, ...] = ()
