"""What an engine is told on its standard input."""

from __future__ import annotations

import msgspec

from tui_app.engine.plan import Plan


class Order(msgspec.Struct, kw_only=True):
    """What the launcher writes to the engine's standard input: the plan, and secrets that may stand nowhere else."""

    session: str
    plan: Plan
    accounts: list[dict[str, str]] = msgspec.field(default_factory=list)
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    proxy: str = ""
    e2e_key: str = ""
    tiers: dict[str, str] = msgspec.field(default_factory=dict)
    blocked: str = ""
    recording: str = ""
    who: str = ""
    own: bool = False
    """The target is a rehearsal that the lead has started, whose authority is `authority` (PEM)."""
    authority: str = ""
