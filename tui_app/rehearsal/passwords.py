"""Passwords, hashed with scrypt. The parameters are small: this is a rehearsal, and fifty people sign in at once."""

from __future__ import annotations

import hashlib
import hmac
import os

N, R, P = 2**10, 8, 1


def hashed(password: str) -> str:
    """A salted hash, `scrypt$<salt>$<digest>` in hex. Takes some milliseconds: call it in a thread."""
    salt = os.urandom(16)
    return f"scrypt${salt.hex()}${_digest(password, salt).hex()}"


def matches(password: str, stored: str) -> bool:
    """Whether `password` is the one that `stored` was made from. Takes as long as `hashed`."""
    scheme, _, rest = stored.partition("$")
    salt, _, digest = rest.partition("$")
    return scheme == "scrypt" and hmac.compare_digest(_digest(password, bytes.fromhex(salt)), bytes.fromhex(digest))


def _digest(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=N, r=R, p=P)
