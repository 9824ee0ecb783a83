"""A session that lost its credentials, and whoever attends to it: what to ask for, and how it is handed over.

Used by `vigil attach` before the screens stand, and by the screens. Passwords and tokens are asked for without echo and go
through the control socket (0600) to the engine, nowhere else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from tui_app.engine.client import Control
from tui_app.sanitize import sanitize

Ask = Callable[[str], str]
TRY_S = 40.0


def question(needs: Mapping[str, Any]) -> list[str]:
    """Who waits, and why, a line each."""
    return [sanitize(str(why), 200) for _, why in sorted(needs.items())]


def asked(label: str, mode: str, ask: Ask) -> dict[str, str]:
    """New credentials of one user from a hidden prompt. Nothing given means: try the old way again."""
    if mode == "tokens":
        token = ask(f"New access token for {label} (empty: try the old one): ").strip()
        return {"token": token} if token else {}
    secret = ask(f"Password for {label} (empty: try again as before): ")
    if not secret:
        return {}
    email = ask(f"E-mail of {label} (empty: the same account): ").strip()
    return {"password": secret, **({"email": email} if email else {})}


async def hand_over(control: Control, label: str, given: Mapping[str, str]) -> str:
    """Give the engine what was asked for; '' once the user is signed in, else why not. Raises `ControlError`."""
    await control.ask("sign-in", user=label, **given)
    for _ in range(int(TRY_S / 0.1)):
        status = await control.ask("status")
        if label not in status.get("needs", {}):
            return ""
        if status.get("said") != "trying":
            return sanitize(str(status.get("said", "")), 200)
        await asyncio.sleep(0.1)
    return f"{label}: the target has not answered yet"


async def attend(control: Control, mode: str, ask: Ask, say: Callable[[str], None]) -> bool:
    """Ask for what a session waits for, once per user; whether it goes on. Raises `ControlError`."""
    needs = (await control.ask("status")).get("needs", {})
    for line in question(needs):
        say(line)
    for label in sorted(needs):
        refused = await hand_over(control, label, asked(label, mode, ask) if label != "gateway" else {})
        if refused:
            say(refused)
    return not (await control.ask("status")).get("needs", {})
