"""What happens when a user reaches for what belongs to another: the one place where REST and WebSocket say no."""

from __future__ import annotations

from tui_app.rehearsal.platform import Platform


def denied(platform: Platform, user_id: str, owner: str, thing: str, id: str, action: str) -> bool:
    """Whether `user_id` is kept from doing `action` to a thread or run of `owner`."""
    return bool(platform.faults.apply("access.denied", True, user_id=user_id, owner=owner, thing=thing, id=id, action=action))


def denial(platform: Platform, text: str, user_id: str, owner: str) -> str:
    """What whoever was kept out is told."""
    return str(platform.faults.apply("denial.text", text, user_id=user_id, owner=owner))
