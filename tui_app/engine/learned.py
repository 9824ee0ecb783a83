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
KIND: Final = "handshake"
"""Of a token that a handshake hands out: unlike one of a sign-in, it is meant to stand in a frame."""


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


class SessionToken:
    """The session token that a handshake may hand out on one connection: hidden there, from the frame that brings it on.

    It is not looked for anywhere else: a connection brings a new one, and to have the vault look for hundreds would hold up the
    receive path for longer each time.
    """

    def __init__(self, vault: Vault, owner: str) -> None:
        self._vault = vault
        self._owner = owner or "?"
        self._token = ""

    def learn(self, text: str) -> None:
        """Look for it in a frame that came in, which must be a handshake's.

        A text that is a marker is none: replaced, it could be seen nowhere any more, and a leak of it would be hidden.
        """
        if '"session_token"' not in text or '"handshake_response"' not in text:
            return
        try:
            message = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return
        scopes = (message, message.get("payload"), message.get("data")) if isinstance(message, dict) else ()
        token = next((scope["session_token"] for scope in scopes if isinstance(scope, dict) and "session_token" in scope), None)
        if not isinstance(token, str) or len(token) < SHORTEST or MARKER.search(token) is not None:
            return
        if token in text:
            self._token = token
        else:
            self._vault.add(KIND, self._owner, token)  # it is escaped: the vault knows every form

    def hidden(self, text: str) -> str:
        """A frame of this connection as it may be recorded."""
        if not self._token or self._token not in text:
            return text
        return text.replace(self._token, self._vault.stand_in(KIND, self._owner, self._token))
