"""What passes a scheduler is sealed between the client and one worker: X25519 (RFC 7748), HKDF (RFC 5869), ChaCha20-Poly1305 (RFC 8439).

Keys live for one engine and are never written. Neither the scheduler's state and event log, nor anybody's log of messages, shows what
is inside. It is no defence against a scheduler that acts with intent: who owns a Dask scheduler may run any code on its workers.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY: Final = 32
NONCE: Final = 12


class SealError(ValueError):
    """It was not sealed with this key under this number. The message shows nothing of it."""


class Half:
    """One side's key pair, for one engine."""

    def __init__(self) -> None:
        self._private = X25519PrivateKey.generate()
        self.public = self._private.public_key().public_bytes_raw()
        """32 bytes, for the other side."""

    def channel(self, other: bytes, *, client: bool) -> Channel:
        """The channel with whom `other` belongs to. Raises `SealError` for a key that is none."""
        try:
            secret = self._private.exchange(X25519PublicKey.from_public_bytes(other))
        except ValueError:
            raise SealError("the other side's key is not an X25519 key") from None
        ours, theirs = (self.public, other) if client else (other, self.public)
        keys = HKDF(SHA256(), 2 * KEY, salt=ours + theirs, info=b"vigil cluster 1").derive(secret)
        forth, back = ChaCha20Poly1305(keys[:KEY]), ChaCha20Poly1305(keys[KEY:])
        return Channel(forth, back) if client else Channel(back, forth)


class Channel:
    """Seals and opens numbered messages; a number is used once in each direction."""

    def __init__(self, out: ChaCha20Poly1305, back: ChaCha20Poly1305) -> None:
        self._out = out
        self._in = back

    def seal(self, number: int, content: bytes) -> bytes:
        """`content` so that only the other side can read it, and only as message `number`."""
        return self._out.encrypt(number.to_bytes(NONCE, "big"), content, None)

    def open(self, number: int, box: bytes) -> bytes:
        """What the other side sealed as `number`. Raises `SealError`."""
        try:
            return self._in.decrypt(number.to_bytes(NONCE, "big"), box, None)
        except InvalidTag:
            raise SealError(f"message {number} was not sealed by the other side") from None
