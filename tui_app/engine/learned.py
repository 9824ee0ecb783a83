"""Secrets that the target hands out, which the vault must know before anything of them is recorded."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from tui_app.recording.secrets import Vault
from tui_app.wire.vocabulary import MARKER

SECRET_KEYS: Final = {
    "access_token": "access",
    "refresh_token": "refresh",
    "session_token": "session",
    "id_token": "id",
    "token": "token",
}
SHORTEST: Final = 12


def learn(vault: Vault, value: Any, owner: str) -> None:
    """Every secret in a decoded answer, at whatever depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            kind = SECRET_KEYS.get(key.lower())
            if kind is not None and isinstance(inner, str) and len(inner) >= SHORTEST:
                vault.add(kind, owner or "?", inner)
            else:
                learn(vault, inner, owner)
    elif isinstance(value, list):
        for inner in value:
            learn(vault, inner, owner)


def learn_session(vault: Vault, text: str, owner: str) -> None:
    """The session token of a handshake, from a frame that came before the welcome.

    A text that is a marker is none: replaced, it could be seen nowhere any more, and a leak of it would be hidden.
    """
    if '"session_token"' not in text:
        return
    try:
        message = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return
    token = message.get("session_token") if isinstance(message, dict) else None
    if isinstance(token, str) and len(token) >= SHORTEST and MARKER.search(token) is None:
        vault.add("session", owner or "?", token)
