"""Bad tokens are bad in the one way that they say, and never made with a secret."""

from __future__ import annotations

import base64
import json

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.wire.tokens import bad_tokens, bearer, carry, claims, expires_in, subprotocols, with_query

SECRET = "a-secret-that-only-this-test-knows-0123456789"
CLAIMS = {
    "sub": "4836bd79-349e-4158-9d09-bed5fe631f07", "iat": 1_700_000_000, "exp": 4_000_000_000, "type": "access", "token_type": "access",
    "iss": "issuer", "aud": "audience", "jti": "j-1", "email": "a@example.org",
}  # fmt: skip
ACCESS = jwt.encode(CLAIMS, SECRET, "HS256")
REFRESH = jwt.encode({**CLAIMS, "type": "refresh", "token_type": "refresh"}, SECRET, "HS256")
EXPIRED = jwt.encode({**CLAIMS, "exp": 1_700_000_900}, SECRET, "HS256")


def server_says(token: str | None) -> str:
    """A strict server that does know the secret: `ok`, or why not."""
    if token is None:
        return "none"
    try:
        read = jwt.decode(token, SECRET, algorithms=["HS256"], audience="audience", issuer="issuer")
    except jwt.PyJWTError as error:
        return type(error).__name__
    return "ok" if read["type"] == "access" else "not-access"


def test_every_kind_is_refused_for_its_own_reason() -> None:
    said = {bad.kind: server_says(bad.token) for bad in bad_tokens(ACCESS, REFRESH, EXPIRED)}
    assert server_says(ACCESS) == "ok"
    assert said == {
        "none": "none", "malformed": "DecodeError", "truncated": "DecodeError", "wrong-signature": "InvalidSignatureError",
        "alg-none": "InvalidAlgorithmError", "wrong-issuer": "InvalidSignatureError", "wrong-audience": "InvalidSignatureError",
        "altered-subject": "InvalidSignatureError", "refresh-as-access": "not-access", "expired": "ExpiredSignatureError",
    }  # fmt: skip


def test_what_a_naive_server_would_have_believed() -> None:
    """Each forged kind differs from the good token exactly where it says, so that its acceptance proves one thing."""
    bad = {item.kind: item for item in bad_tokens(ACCESS, REFRESH)}
    good = claims(ACCESS)
    tampered = bad["wrong-signature"].token or ""
    assert tampered.rpartition(".")[0] == ACCESS.rpartition(".")[0] and len(tampered) == len(ACCESS)
    assert claims(bad["alg-none"].token or "") == good and jwt.get_unverified_header(bad["alg-none"].token or "")["alg"] == "none"
    for kind, key in (("wrong-issuer", "iss"), ("wrong-audience", "aud"), ("altered-subject", "sub")):
        altered = claims(bad[kind].token or "")
        assert {name for name in good if altered[name] != good[name]} == {key}
        assert "signature no longer fits" in bad[kind].shows
    assert [item.kind for item in bad.values() if not item.forged] == ["none", "refresh-as-access"]


def test_an_altered_subject_may_claim_to_be_another_account_of_ours() -> None:
    subjects = {
        claims(next(bad.token or "" for bad in bad_tokens(ACCESS, subject=who) if bad.kind == "altered-subject"))["sub"]
        for who in (None, "u2")
    }
    assert "u2" in subjects and CLAIMS["sub"] not in subjects and len(subjects) == 2


def test_an_opaque_token_gives_what_needs_no_claims() -> None:
    assert [bad.kind for bad in bad_tokens("opaque-token", "opaque-refresh")] == ["none", "malformed", "refresh-as-access"]


@given(st.text(max_size=60) | st.sampled_from(["a.b.c", "..", ACCESS[:-4], "e30.e30.", "W10.W10.W10"]))
def test_no_text_makes_the_reader_raise(text: str) -> None:
    assert isinstance(claims(text), dict)
    assert expires_in(text) is None or text.startswith("ey")
    bad_tokens(text, text, text)


def test_expiry_is_in_seconds_from_now() -> None:
    assert expires_in(EXPIRED, now=1_700_000_000) == 900
    assert expires_in(EXPIRED, now=1_700_001_000) == -100
    assert (expires_in(EXPIRED) or 0) < 0 < (expires_in(ACCESS) or 0)
    assert expires_in(jwt.encode({"sub": "x"}, SECRET)) is None
    assert expires_in("not a token") is None


def test_carriers() -> None:
    name, item = subprotocols(ACCESS)
    assert name == "jwt-auth" and item.startswith("jwt.") and "=" not in item
    assert base64.urlsafe_b64decode(item[4:] + "=" * (-len(item[4:]) % 4)).decode() == ACCESS
    assert bearer("t") == {"Authorization": "Bearer t"}
    assert with_query("ws://h/ws?mode=main&token=old", "a+b") == "ws://h/ws?mode=main&token=a%2Bb"
    assert carry("ws://h/ws", "header", "t").headers == bearer("t")
    assert carry("ws://h/ws", "query", "t").url == "ws://h/ws?token=t"
    assert carry("ws://h/ws", "subprotocol", "t").subprotocols[0] == "jwt-auth"


@pytest.mark.parametrize("how", ["header", "subprotocol", "query", "none"])
def test_without_a_token_nothing_is_carried(how: str) -> None:
    carrier = carry("ws://h/ws?mode=main", how, None)  # type: ignore[arg-type]
    assert carrier.url == "ws://h/ws?mode=main" and carrier.headers == {}
    assert json.dumps(carrier.subprotocols) == ('["jwt-auth"]' if how == "subprotocol" else "[]")
