"""Real HS256 JWTs with the claims of wire contract 3.3, and the reasons for which one is refused."""

from __future__ import annotations

import os
import secrets
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jwt

from tui_app.rehearsal.faults.registry import Seeded
from tui_app.rehearsal.stores.cache import Cache

ISSUER = "netra-auth-service"
AUDIENCE = "netra-platform"
REQUIRED = ["sub", "iat", "exp", "iss", "aud", "jti"]
REFRESH_S = 7 * 24 * 3600
OLDEST_S = 24 * 3600
Kind = Literal["access", "refresh"]


class TokenRefused(Exception):
    """A token is not accepted. `code` names why in the platform's own words (wire contract 4.6)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Claims:
    """What a verified token says."""

    sub: str
    email: str
    permissions: tuple[str, ...]
    jti: str
    iat: int
    exp: int


def load_key(directory: Path) -> bytes:
    """The signing key of a data directory, made at random the first time and never shown."""
    path = directory / "signing.key"
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(48))
    return path.read_bytes()


class Tokens:
    """Issues and verifies tokens. `access_s` is the default lifetime of access tokens in seconds."""

    def __init__(self, key: bytes, access_s: int, cache: Cache, faults: Seeded) -> None:
        self._key = key
        self.access_s = access_s
        self._cache = cache
        self._faults = faults

    def issue(self, user: dict[str, Any], kind: Kind, lifetime_s: int) -> tuple[str, Claims]:
        """A signed token and its claims; `exp` is exactly `iat` + `lifetime_s`."""
        now = int(time.time())
        jti = str(uuid.uuid4())
        payload = {
            "sub": user["id"],
            "email": user["email"],
            "permissions": ["read", "write"],
            "iat": now,
            "exp": now + lifetime_s,
            "token_type": kind,
            "type": kind,
            "iss": ISSUER,
            "aud": AUDIENCE,
            "jti": jti,
            "env": "rehearsal",
            "svc_id": "rehearsal-auth",
        }
        token = jwt.encode(payload, self._key, algorithm="HS256")
        return token, Claims(user["id"], user["email"], ("read", "write"), jti, now, now + lifetime_s)

    async def verify(self, token: str, kind: Kind = "access") -> Claims:
        """The claims of a token that is genuine, alive, of this kind and not revoked; raises TokenRefused."""
        claims = self._claims(token)
        if claims.get("type") != kind or claims.get("token_type") != kind:
            raise TokenRefused("VALIDATION_FAILED", f"Not an {kind} token")
        if claims["iat"] < time.time() - OLDEST_S and kind == "access":
            raise TokenRefused("VALIDATION_FAILED", "Token was issued too long ago")
        if await self._cache.is_revoked(claims["jti"]):
            raise TokenRefused("VALIDATION_FAILED", "Token has been revoked")
        permissions = claims.get("permissions") or []
        return Claims(claims["sub"], claims.get("email", ""), tuple(permissions), claims["jti"], claims["iat"], claims["exp"])

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            return self._decode(token, True)
        except jwt.ExpiredSignatureError as error:
            if self._faults.apply("token.expired", True):
                raise TokenRefused("TOKEN_EXPIRED", "Token has expired") from error
        except jwt.PyJWTError as error:
            raise _refusal(error) from error
        try:
            return self._decode(token, False)
        except jwt.PyJWTError as error:
            raise _refusal(error) from error

    def _decode(self, token: str, expiry: bool) -> dict[str, Any]:
        options: Any = {"require": REQUIRED, "verify_exp": expiry}
        return jwt.decode(token, self._key, algorithms=["HS256"], audience=AUDIENCE, issuer=ISSUER, options=options)


def _refusal(error: jwt.PyJWTError) -> TokenRefused:
    if isinstance(error, jwt.InvalidSignatureError | jwt.InvalidAlgorithmError):
        return TokenRefused("VALIDATION_FAILED", "Signature verification failed")
    if isinstance(error, jwt.InvalidIssuerError | jwt.InvalidAudienceError):
        return TokenRefused("VALIDATION_FAILED", "Token is meant for another service")
    if isinstance(error, jwt.DecodeError):
        return TokenRefused("INVALID_FORMAT", "Malformed token")
    return TokenRefused("VALIDATION_FAILED", "Token validation failed")
