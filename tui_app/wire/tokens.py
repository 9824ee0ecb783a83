"""Tokens as a client sees them: claims read without a key, the three ways to carry one, and bad copies of a good one.

Vigil never knows the target's signing secret, so every altered token here has a broken signature as well. Each
`BadToken` says what its refusal shows and what it does not (wire contract 3.3, 3.5; RFC 7519, RFC 8725).
"""

from __future__ import annotations

import base64
import binascii
import time
import uuid
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import jwt
import msgspec

from tui_app.wire.vocabulary import SUBPROTOCOL, SUBPROTOCOL_TOKEN_PREFIX

Carry = Literal["header", "subprotocol", "query", "none"]
CARRIERS: Final[tuple[Carry, ...]] = ("subprotocol", "header", "query")
"""The ways to bring a token to a WebSocket, in the order in which a client tries them (wire contract 10, step 4)."""


class BadToken(msgspec.Struct, frozen=True):
    """A credential that must be refused. `token` is None for no credential at all.

    `forged`: made here from a good token, as opposed to a real one used for the wrong purpose or out of time.
    `shows`: one sentence on what its refusal proves.
    """

    kind: str
    token: str | None
    shows: str
    forged: bool


class Carrier(msgspec.Struct, frozen=True):
    """Where a token travels in the upgrade request: the URL to use, headers to add, subprotocols to offer."""

    url: str
    headers: dict[str, str]
    subprotocols: tuple[str, ...]


def claims(token: str) -> dict[str, Any]:
    """The claims of a JWT, signature and times unchecked; an empty dict for what is no JWT."""
    try:
        return jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        return {}


def expires_in(token: str, now: float | None = None) -> float | None:
    """Seconds until the token's `exp`, negative when it is over; None where it names none. `now` in epoch seconds."""
    exp = claims(token).get("exp")
    if isinstance(exp, bool) or not isinstance(exp, int | float):
        return None
    return float(exp) - (time.time() if now is None else now)


def bearer(token: str) -> dict[str, str]:
    """The `Authorization` header of RFC 6750."""
    return {"Authorization": f"Bearer {token}"}


def subprotocols(token: str) -> tuple[str, ...]:
    """What the platform's frontend offers: the name to select, and the token as base64url without padding."""
    return (SUBPROTOCOL, SUBPROTOCOL_TOKEN_PREFIX + _b64(token.encode("utf-8", "replace")))


def with_query(url: str, token: str) -> str:
    """The URL with `token=` in its query, replacing one that is there."""
    parts = urlsplit(url)
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != "token"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("token", token)])))


def carry(url: str, how: Carry, token: str | None) -> Carrier:
    """The upgrade request's carrier for a token. Without a token, `subprotocol` still offers the name."""
    if how == "header" and token is not None:
        return Carrier(url, bearer(token), ())
    if how == "subprotocol":
        return Carrier(url, {}, (SUBPROTOCOL,) if token is None else subprotocols(token))
    if how == "query" and token is not None:
        return Carrier(with_query(url, token), {}, ())
    return Carrier(url, {}, ())


def bad_tokens(access: str, refresh: str | None = None, expired: str | None = None, *, subject: str | None = None) -> list[BadToken]:
    """Every bad credential that can be made from `access` without the target's secret, in a stable order.

    `refresh` (a real one) and `expired` (a real access token past its time) add their kinds where they are given.
    `subject` is whom the altered subject claims to be: an account of Vigil's own, or else somebody who does not exist.
    An opaque access token gives only the kinds that need no claims.
    """
    bad = [
        BadToken("none", None, "a connection without any credential is refused", False),
        BadToken("malformed", "not-a-token", "a text that is no JWT at all is refused", True),
    ]
    parts = _parts(access)
    if parts is not None:
        head, body, signature = parts
        mine = claims(access)
        tampered = bytes([signature[0] ^ 0xFF]) + signature[1:] if signature else b"\x00" * 32
        bad += [
            BadToken("truncated", f"{head}.{body}", "a token without its signature part is refused", True),
            BadToken(
                "wrong-signature", f"{head}.{body}.{_b64(tampered)}", "the signature is checked: the claims are good, it is not", True
            ),
            BadToken("alg-none", f"{_json({'alg': 'none', 'typ': 'JWT'})}.{body}.", "an unsigned token is refused (alg none)", True),
        ]
        for kind, change, what in (
            ("wrong-issuer", {"iss": "nobody"}, "issuer"),
            ("wrong-audience", {"aud": "nobody"}, "audience"),
            ("altered-subject", {"sub": subject or str(uuid.uuid5(uuid.NAMESPACE_URL, access))}, "subject"),
        ):
            forged = f"{head}.{_json({**mine, **change})}.{_b64(signature)}"
            shows = f"altered claims ({what}) are refused; the signature no longer fits, so not that the {what} itself is checked"
            bad.append(BadToken(kind, forged, shows, True))
    if refresh:
        bad.append(BadToken("refresh-as-access", refresh, "a genuine refresh token does not open what an access token opens", False))
    if expired:
        bad.append(BadToken("expired", expired, "a genuine access token past its time is refused", False))
    return bad


def _parts(token: str) -> tuple[str, str, bytes] | None:
    pieces = token.split(".")
    if len(pieces) != 3 or not claims(token):
        return None
    try:
        return pieces[0], pieces[1], base64.urlsafe_b64decode(pieces[2] + "=" * (-len(pieces[2]) % 4))
    except (binascii.Error, ValueError):
        return None


def _json(value: dict[str, Any]) -> str:
    return _b64(msgspec.json.encode(value))


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
