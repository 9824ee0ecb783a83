"""Which tokens are accepted, on REST and on the WebSocket, and how they are rotated and revoked."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import Any

import jwt
import pytest
from websockets.exceptions import ConnectionClosedError

STRANGER = "not-the-key-of-the-platform-but-long-enough"


def claims_of(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


def b64(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def tampered(token: str, **claims: Any) -> str:
    """The claims of a good token with changes, under the good token's own signature."""
    head, _, signature = token.split(".")
    return f"{head}.{b64({**claims_of(token), **claims})}.{signature}"


async def refused_everywhere(staging, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    assert (await staging.http("backend", "GET", "/api/threads", headers=headers)).status_code == 401
    assert (await staging.http("auth", "GET", "/auth/me", headers=headers)).status_code == 401
    for method, path in (("GET", "/auth/verify"), ("POST", "/auth/verify"), ("POST", "/auth/validate")):
        answer = await staging.http("auth", method, path, headers=headers)
        assert (answer.status_code, answer.json()["valid"]) == (200, False)
    for carry in ({"additional_headers": headers}, {"query": f"?token={token}"}):
        async with staging.raw(**carry) as websocket:
            frame = json.loads(await websocket.recv())
            assert (frame["type"], frame["error_code"]) == ("error_message", "AUTH_FAILED")
            with pytest.raises(ConnectionClosedError) as closed:
                await websocket.recv()
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "Authentication failed")


async def accepted_everywhere(staging, token: str, sub: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    assert (await staging.http("backend", "GET", "/api/threads", headers=headers)).status_code == 200
    assert (await staging.http("auth", "GET", "/auth/me", headers=headers)).json()["user_id"] == sub
    assert (await staging.http("auth", "POST", "/auth/validate", json={"token": token})).json()["user_id"] == sub
    async with staging.raw(additional_headers=headers) as websocket:
        assert json.loads(await websocket.recv())["data"]["user_id"] == f"{sub[:8]}..."
        await websocket.send(json.dumps({"type": "who-am-i"}))
        assert json.loads(await websocket.recv())["user_id"] == sub


async def test_a_good_token_carries_the_promised_claims_and_one_identity(staging) -> None:
    user = await staging.user()
    answer = (await staging.sign_in(user)).json()
    claims = claims_of(answer["access_token"])
    assert jwt.get_unverified_header(answer["access_token"])["alg"] == "HS256"
    assert claims["exp"] - claims["iat"] == answer["expires_in"] == 900
    assert (claims["iss"], claims["aud"], claims["env"]) == ("netra-auth-service", "netra-platform", "rehearsal")
    assert (claims["sub"], claims["email"], claims["type"], claims["token_type"]) == (user.sub, user.email, "access", "access")
    assert claims["jti"] and claims["svc_id"] and claims["permissions"]
    await accepted_everywhere(staging, answer["access_token"], user.sub)


BAD = ["signature", "alg none", "issuer", "audience", "another key", "refresh", "malformed", "no exp", "extended"]


@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_token_is_refused_on_rest_and_websocket(staging, kind: str) -> None:
    user = await staging.user()
    good, claims = user.access, claims_of(user.access)
    token = {
        "signature": good[:-6] + ("AAAAAA" if not good.endswith("AAAAAA") else "BBBBBB"),
        "alg none": f"{b64({'alg': 'none', 'typ': 'JWT'})}.{b64(claims)}.",
        "issuer": tampered(good, iss="somebody-else"),
        "audience": tampered(good, aud="another-platform"),
        "another key": jwt.encode(claims, STRANGER, algorithm="HS256"),
        "refresh": user.refresh,
        "malformed": "not.a-token",
        "no exp": jwt.encode({key: value for key, value in claims.items() if key != "exp"}, STRANGER, algorithm="HS256"),
        "extended": tampered(good, exp=claims["exp"] + 9000),
    }[kind]
    await refused_everywhere(staging, token)
    await accepted_everywhere(staging, good, user.sub)


async def test_wrong_issuer_audience_and_time_are_refused_under_the_right_signature(tmp_path) -> None:
    """The server's own verification, with its key at hand: what no client can forge is refused, too."""
    from tui_app.rehearsal.faults.registry import Seeded
    from tui_app.rehearsal.stores.cache import Cache
    from tui_app.rehearsal.tokens import TokenRefused, Tokens, load_key

    cache = Cache(tmp_path)
    cache.start()
    key = load_key(tmp_path)
    tokens = Tokens(key, 900, cache, Seeded())
    good, _ = tokens.issue({"id": "u", "email": "u@example.test"}, "access", 900)
    assert (await tokens.verify(good)).sub == "u"
    now = int(time.time())
    for change in (
        {"iss": "somebody-else"},
        {"aud": "another-platform"},
        {"exp": now - 1},
        {"iat": now + 3600},
        {"iat": now - 90_000},
        {"type": "refresh"},
        {"jti": None},
    ):
        claims = {name: value for name, value in {**claims_of(good), **change}.items() if value is not None}
        with pytest.raises(TokenRefused):
            await tokens.verify(jwt.encode(claims, key, algorithm="HS256"))
    assert load_key(tmp_path) == key
    assert (tmp_path / "signing.key").stat().st_mode & 0o077 == 0
    cache.close()


async def test_missing_tokens_are_refused(staging) -> None:
    answer = await staging.http("backend", "GET", "/api/threads")
    body = answer.json()
    assert (answer.status_code, body["error"], body["details"]["status_code"]) == (403, True, 403)
    assert body["trace_id"] and body["error_code"] == "AUTH_FAILED"
    async with staging.raw() as websocket:
        assert json.loads(await websocket.recv())["error_code"] == "AUTH_FAILED"


async def test_a_short_lived_token_dies_and_a_long_one_cannot_be_asked_for(staging) -> None:
    user = await staging.user(lifetime_s=1)
    claims = claims_of(user.access)
    assert claims["exp"] - claims["iat"] == 1
    await user.outlived()
    await refused_everywhere(staging, user.access)
    longer = await staging.sign_in(user, lifetime_s=86_400)
    assert longer.json()["expires_in"] == 900


async def test_refresh_rotates_and_a_replay_is_refused(staging) -> None:
    user = await staging.user()
    first = await staging.rotate(user.refresh)
    assert first.status_code == 200
    renewed = first.json()
    assert renewed["refresh_token"] != user.refresh
    await accepted_everywhere(staging, renewed["access_token"], user.sub)
    assert (await staging.rotate(user.refresh)).status_code == 401
    assert (await staging.rotate(user.access)).status_code == 401
    assert (await staging.http("auth", "POST", "/auth/refresh", json={})).status_code == 422
    assert (await staging.rotate(renewed["refresh_token"])).status_code == 200


async def test_two_refreshes_at_once_have_one_winner(staging) -> None:
    user = await staging.user()
    both = await asyncio.gather(*(staging.rotate(user.refresh) for _ in range(4)))
    assert sorted(answer.status_code for answer in both) == [200, 401, 401, 401]


async def test_logout_revokes_both_tokens_of_the_session_and_no_other(staging) -> None:
    user = await staging.user()
    other = (await staging.sign_in(user)).json()["access_token"]
    assert (await staging.http("auth", "POST", "/auth/logout", headers=user.headers)).status_code == 200
    await refused_everywhere(staging, user.access)
    assert (await staging.rotate(user.refresh)).status_code == 401
    await accepted_everywhere(staging, other, user.sub)


async def test_accounts(staging) -> None:
    user = await staging.user()
    again = {"email": user.email.upper(), "password": "another password"}
    assert (await staging.http("auth", "POST", "/auth/register", json=again)).status_code == 409
    assert (await staging.http("auth", "POST", "/auth/login", json=again)).status_code == 401
    assert (await staging.http("auth", "POST", "/auth/login", json={"email": user.email})).status_code == 422
    assert (
        await staging.http("auth", "POST", "/auth/register", json={"email": "no address", "password": "long enough"})
    ).status_code == 422
    assert (await staging.http("auth", "POST", "/auth/register", json={"email": "a@b.test", "password": "short"})).status_code == 422
    assert (await staging.http("auth", "POST", "/auth/register", content=b"{")).status_code == 422


async def test_many_wrong_passwords_are_throttled_for_that_account_only(staging) -> None:
    user, other = await staging.user(), await staging.user()
    wrong = {"email": user.email, "password": "wrong password"}
    codes = [(await staging.http("auth", "POST", "/auth/login", json=wrong)).status_code for _ in range(21)]
    assert codes == [401] * 20 + [429]
    assert (await staging.sign_in(other)).status_code == 200
