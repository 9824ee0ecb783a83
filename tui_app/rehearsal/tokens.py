"""Real HS256 JWTs with the claims of wire contract 3.3, and the reasons for which one is refused."""

from __future__ import annotations

import os
import secrets
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import jwt

from tui_app.rehearsal.faults.registry import Seeded
from tui_app.rehearsal.stores.cache import Cache

ISSUER = "netra-auth-service"
AUDIENCE = "netra-platform"
REFRESH_S = 7 * 24 * 3600
OLDEST_S = 24 * 3600
Kind = Literal["access", "refresh"]
UNSIGNED_CHECKS = ("verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_iss", "verify_sub", "verify_jti")
Door = Literal["auth", "backend", "websocket"]
FLAWS: Final[dict[str, tuple[str, str]]] = {
    "algorithm": ("VALIDATION_FAILED", "Signature verification failed"),
    "signature": ("VALIDATION_FAILED", "Signature verification failed"),
    "claims": ("VALIDATION_FAILED", "Token validation failed"),
    "issuer": ("VALIDATION_FAILED", "Token is meant for another service"),
    "audience": ("VALIDATION_FAILED", "Token is meant for another service"),
    "expired": ("TOKEN_EXPIRED", "Token has expired"),
    "early": ("VALIDATION_FAILED", "Token is not valid yet"),
    "type": ("VALIDATION_FAILED", "Not a token of this kind"),
    "age": ("VALIDATION_FAILED", "Token was issued too long ago"),
    "revoked": ("VALIDATION_FAILED", "Token has been revoked"),
    "unknown": ("VALIDATION_FAILED", "Token validation failed"),
}
"""What can be wrong with a token that can be read, gravest first: the platform's word for it, and a sentence."""


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
    sid: str = ""


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

    def issue(self, user: dict[str, Any], kind: Kind, lifetime_s: int, sid: str = "") -> tuple[str, Claims]:
        """A signed token and its claims; `exp` is exactly `iat` + `lifetime_s`. `sid` names the session, which outlives its tokens."""
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
            "sid": sid,
        }
        payload = self._faults.apply("token.claims", payload, kind=kind, user_id=user["id"])
        token = jwt.encode(payload, self._key, algorithm="HS256")
        return token, Claims(user["id"], user["email"], ("read", "write"), jti, now, now + lifetime_s, sid)

    async def verify(self, token: str, kind: Kind = "access", door: Door = "auth") -> Claims:
        """The claims of a token that is genuine, alive, of this kind and not revoked; raises TokenRefused. `door`: who asks."""
        head, claims = _read(token)
        flaws = self._forged(token, head) | _unfit(claims, kind)
        said = _said(claims)
        if not flaws and await self._cache.is_revoked(said.jti):
            flaws |= {"revoked"}
        flaws = self._faults.apply("token.flaws", frozenset(flaws), claims=said, kind=kind, door=door)
        for name, (code, message) in FLAWS.items():
            if name in flaws:
                raise TokenRefused(code, message)
        return said

    def _forged(self, token: str, head: dict[str, Any]) -> set[str]:
        signature_only: Any = dict.fromkeys(UNSIGNED_CHECKS, False)
        try:
            jwt.decode(token, self._key, algorithms=["HS256"], options=signature_only)
        except jwt.PyJWTError:
            return {"signature"} if head.get("alg") == "HS256" else {"signature", "algorithm"}
        return set()


def _read(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, nothing checked; raises TokenRefused for what is no JWT."""
    try:
        whole = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError) as error:
        raise TokenRefused("INVALID_FORMAT", "Malformed token") from error
    return whole["header"], whole["payload"]


def _unfit(claims: dict[str, Any], kind: Kind) -> set[str]:
    """What claims say against their token, whoever signed it."""
    now = time.time()
    iat, exp = _moment(claims, "iat"), _moment(claims, "exp")
    if iat is None or exp is None or not all(isinstance(claims.get(name), str) for name in ("sub", "jti")):
        return {"claims"}
    audience = claims.get("aud")
    found = {
        "issuer": claims.get("iss") != ISSUER,
        "audience": AUDIENCE not in (audience if isinstance(audience, list) else [audience]),
        "expired": exp <= now,
        "early": iat > now,
        "type": claims.get("type") != kind or claims.get("token_type") != kind,
        "age": kind == "access" and iat < now - OLDEST_S,
    }
    return {name for name, so in found.items() if so}


def _said(claims: dict[str, Any]) -> Claims:
    """What a token says, each claim of the type that it should have."""
    sub, email, jti, sid = (value if isinstance(value := claims.get(name), str) else "" for name in ("sub", "email", "jti", "sid"))
    iat, exp = (int(_moment(claims, name) or 0) for name in ("iat", "exp"))
    permissions = claims.get("permissions")
    return Claims(sub, email, tuple(permissions) if isinstance(permissions, list) else (), jti, iat, exp, sid)


def _moment(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
