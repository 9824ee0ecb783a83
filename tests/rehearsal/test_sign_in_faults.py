"""Sign-in in the rehearsal: which bad token each fault lets through, and that a healthy one follows sessions, origins and refusals."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from websockets.exceptions import ConnectionClosed

from tui_app.rehearsal.faults import FAULTS
from tui_app.rehearsal.faults.registry import Seeded
from tui_app.rehearsal.stores.cache import Cache
from tui_app.rehearsal.tokens import Claims, TokenRefused, Tokens, load_key
from tui_app.wire.tokens import bad_tokens

LETS_THROUGH = {
    "": set(),
    "accept-expired": {"expired"},
    "accept-bad-signature": {"wrong-signature", "altered-subject"},
    "accept-unsigned": {"alg-none"},
    "accept-wrong-audience": {"wrong-audience"},
    "accept-wrong-issuer": {"wrong-issuer"},
    "accept-refresh-token": {"refresh-as-access"},
    "accept-revoked": {"revoked"},
}


@pytest.mark.parametrize("fault", LETS_THROUGH)
async def test_a_fault_lets_its_own_kind_of_bad_token_through_and_no_other(fault: str, tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.start()
    key = load_key(tmp_path)
    tokens = Tokens(key, 900, cache, Seeded([FAULTS[fault]] if fault else []))
    user = {"id": "u", "email": "u@example.test"}
    good, claims = tokens.issue(user, "access", 900)
    refresh, _ = tokens.issue(user, "refresh", 900)
    revoked, gone = tokens.issue(user, "access", 900)
    await cache.revoke(gone.jti, time.time() + 900)
    old = {**jwt.decode(good, options={"verify_signature": False}), "iat": claims.iat - 60, "exp": claims.iat - 30}
    shown = {one.kind: one.token for one in bad_tokens(good, refresh, jwt.encode(old, key, algorithm="HS256")) if one.token}
    shown["revoked"] = revoked
    accepted = set()
    for kind, token in shown.items():
        try:
            await tokens.verify(token)
            accepted.add(kind)
        except TokenRefused:
            continue
    assert accepted == LETS_THROUGH[fault]
    assert (await tokens.verify(good)).sub == "u"
    with pytest.raises(TokenRefused):
        await tokens.verify(good, "refresh")
    cache.close()


def test_identities_are_made_up_shared_or_kept_from_the_user_before() -> None:
    def known_as(fault: str, *subs: str) -> list[str]:
        seeded = Seeded([FAULTS[fault]])
        return [seeded.apply("socket.identity", sub, claims=Claims(sub, "", (), f"jti-{sub}", 0, 0)) for sub in subs]

    assert known_as("shared-demo-identity", "a", "b") == ["demo-user-001"] * 2
    assert known_as("identity-of-user-before", "a", "a", "b", "c") == ["a", "a", "a", "b"]
    one, again, other = known_as("made-up-identity", "a", "a", "b")
    assert one == again != other
    assert one.startswith("relaxed_")


async def closed(websocket) -> tuple[int, str]:
    """How a socket was closed by the server."""
    async with asyncio.timeout(10):
        try:
            while True:
                await websocket.recv()
        except ConnectionClosed as end:
            assert end.rcvd is not None
            return end.rcvd.code, end.rcvd.reason


async def answers(websocket) -> bool:
    await websocket.send(json.dumps({"type": "ping", "id": "x"}))
    async with asyncio.timeout(10):
        while True:
            if json.loads(await websocket.recv())["type"] == "pong":
                return True


async def test_sockets_end_with_their_own_session_and_live_on_when_it_is_renewed(staging) -> None:
    brief, renewed, leaving = await staging.user(lifetime_s=2), await staging.user(lifetime_s=2), await staging.user()
    elsewhere = (await staging.sign_in(leaving)).json()["access_token"]
    async with (
        staging.raw(additional_headers=brief.headers) as dying,
        staging.raw(additional_headers=renewed.headers) as living,
        staging.raw(additional_headers=leaving.headers) as ending,
        staging.raw(additional_headers={"Authorization": f"Bearer {elsewhere}"}) as other,
    ):
        assert (await staging.rotate(renewed.refresh)).status_code == 200
        assert (await staging.http("auth", "POST", "/auth/logout", headers=leaving.headers)).status_code == 200
        assert await closed(ending) == (1008, "Signed out")
        assert await answers(other), "the other session of the same user goes on"
        assert await closed(dying) == (1008, "Token expired")
        await renewed.outlived()
        assert await answers(living)


@pytest.mark.parametrize(("cause", "fault"), [("logout", "socket-survives-logout"), ("refresh", "refresh-kicks-socket")])
async def test_a_fault_of_sessions_shows_in_its_own_cause_only(serve, cause: str, fault: str) -> None:
    staging = serve("--fault", fault)
    leaving, renewing = await staging.user(), await staging.user()
    async with staging.raw(additional_headers=leaving.headers) as one, staging.raw(additional_headers=renewing.headers) as two:
        assert (await staging.http("auth", "POST", "/auth/logout", headers=leaving.headers)).status_code == 200
        assert (await staging.rotate(renewing.refresh)).status_code == 200
        if cause == "logout":
            assert await answers(one)
            assert await answers(two)
        else:
            assert (await closed(one))[0] == (await closed(two))[0] == 1008


async def welcomed(staging, **carry) -> bool:
    async with staging.raw(**carry) as websocket:
        return json.loads(await websocket.recv())["type"] == "connection_established"


async def test_a_lock_out_closes_one_door_after_refusals_in_a_row(serve) -> None:
    staging = serve("--lock-out", "3")
    user = await staging.user()
    bad = {"Authorization": "Bearer not-a-token"}
    for _ in range(2):
        for _ in range(2):
            assert not await welcomed(staging, additional_headers=bad)
        assert await welcomed(staging, additional_headers=user.headers), "a good token in between starts the count anew"
    for _ in range(3):
        assert not await welcomed(staging, additional_headers=bad)
    assert not await welcomed(staging, additional_headers=user.headers)
    assert (await staging.http("backend", "GET", "/api/threads", headers=user.headers)).status_code == 200


async def test_only_pages_of_the_platform_may_open_a_socket_or_read_answers(staging) -> None:
    user, own = await staging.user(), staging.urls["frontend"]
    for origin in (own, "https://pages.example", "null", own.rpartition(":")[0] + ".pages.example", own + "0"):
        headers = {**user.headers, "Origin": origin}
        assert await welcomed(staging, additional_headers=headers) is (origin == own)
        answer = await staging.http("backend", "GET", "/api/threads", headers=headers)
        assert answer.status_code == 200
        assert answer.headers.get("access-control-allow-origin") == (own if origin == own else None)
        asked = {"Origin": origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
        preflight = await staging.http("auth", "OPTIONS", "/auth/me", headers=asked)
        assert preflight.status_code == (204 if origin == own else 403)
        assert ("access-control-allow-credentials" in preflight.headers) is (origin == own)


async def test_a_sign_in_over_google_is_started_and_no_token_is_given_away(staging) -> None:
    start = await staging.http("auth", "GET", "/auth/login?provider=google")
    location = urlsplit(start.headers["location"])
    query = parse_qs(location.query)
    assert (start.status_code, location.netloc) == (302, "accounts.google.com")
    assert query["redirect_uri"] == [staging.urls["auth"] + "/auth/callback"]
    assert query["state"][0]
    assert (await staging.http("auth", "GET", "/auth/login?provider=nobody")).status_code == 400
    assert (await staging.http("auth", "GET", "/auth/config")).json()["oauth_configured"] is True
    assert (await staging.http("auth", "POST", "/auth/create-token", json={"user_id": "u", "email": "u@example.test"})).status_code == 401


async def test_a_minted_token_and_a_quoted_one_are_real(serve) -> None:
    staging = serve("--fault", "tokens-for-anybody,refusal-quotes-token")
    user = await staging.user()
    minted = await staging.http("auth", "POST", "/auth/create-token", json={"user_id": user.sub, "email": user.email})
    headers = {"Authorization": "Bearer " + minted.json()["access_token"]}
    assert (await staging.http("auth", "GET", "/auth/me", headers=headers)).json()["user_id"] == user.sub
    async with staging.raw(query="?token=a.bad.token") as websocket:
        assert json.loads(await websocket.recv())["details"]["token"] == "a.bad.token"
