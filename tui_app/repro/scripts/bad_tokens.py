"""Bad copies of a good token: each has to be refused, by REST and by the WebSocket; the good one is used before and after each."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
import uuid

import httpx
import websockets

from tui_app.repro.scripts.common import (
    DONE,
    FACTS,
    WELCOMES,
    Unclear,
    address,
    agreed,
    claims,
    client,
    connected,
    finish,
    name_of,
    said,
    session,
    sign_in,
    tried,
)  # fmt: skip

REST = (("backend", "/api/threads?limit=1"), ("auth", "/auth/me"))
OPENED, REFUSED, QUOTED, LATE = "opened", "refused", "quoted", "left without an answer"
ANSWER_S, SHORT_S = 8.0, 5.0
BROUGHT = {"refresh-as-access": "REPRO_REFRESH_1", "expired": "REPRO_EXPIRED_1"}


def coded(value: object) -> str:
    """A part of a JSON Web Token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def copies(good: str) -> dict[str, str]:
    """Bad tokens by kind (RFC 7519, RFC 8725)."""
    found = {"none": "", "malformed": "not-a-token"}
    parts = good.split(".")
    if len(parts) == 3:
        head, body, signature = parts
        said_by = claims(good)
        turned = ("B" if signature[:1] == "A" else "A") + signature[1:]
        found |= {
            "wrong-signature": f"{head}.{body}.{turned}",
            "alg-none": f"{coded({'alg': 'none', 'typ': 'JWT'})}.{body}.",
            "truncated": f"{head}.{body}",
            "wrong-audience": f"{head}.{coded({**said_by, 'aud': 'nobody'})}.{signature}",
            "altered-subject": f"{head}.{coded({**said_by, 'sub': str(uuid.uuid4())})}.{signature}",
            "wrong-issuer": f"{head}.{coded({**said_by, 'iss': 'nobody'})}.{signature}",
        }
    return found


async def brought(kinds: list[str]) -> dict[str, str]:
    """What cannot be made of a good token: from the environment, else from a sign-in of this script's own."""
    found = {kind: token for kind, name in BROUGHT.items() if (token := os.environ.get(name))}
    own = bool(os.environ.get("REPRO_EMAIL_1") and os.environ.get("REPRO_PASSWORD_1"))
    if own and "refresh-as-access" in kinds and "refresh-as-access" not in found:
        refresh = (await session(1)).get("refresh_token")
        found |= {"refresh-as-access": str(refresh)} if refresh else {}
    if own and "expired" in kinds and "expired" not in found:
        token = str((await session(1, lifetime_s=1)).get("access_token"))
        said_by = claims(token)
        lifetime = float(said_by.get("exp", 0)) - float(said_by.get("iat", 0))
        if 0 < lifetime <= SHORT_S:
            await asyncio.sleep(lifetime + 1.5)
            found["expired"] = token
    if own and "revoked" in kinds:
        token = str((await session(1)).get("access_token"))
        async with client(token) as http:
            if (await http.post(f"{address('auth')}/auth/logout")).is_success:
                found["revoked"] = token
    if "expired" in found and not 0 < float(claims(found["expired"]).get("exp", 0)) < time.time():
        raise Unclear("REPRO_EXPIRED_1 holds no token whose time is over")
    return found


async def doors(token: str) -> dict[str, str]:
    """Each door, and whether a token opened it, was refused, or what else came."""
    found: dict[str, str] = {}
    for service, path in REST:
        try:
            async with client(token, ANSWER_S) as http:
                answer = await http.get(address(service) + path)
        except httpx.ReadTimeout:
            found[f"{service} {path}"] = LATE
            continue
        word = OPENED if answer.is_success else REFUSED if answer.status_code in (401, 403) else f"status {answer.status_code}"
        quotes = len(token) > 20 and not answer.is_success and token in answer.text + str(answer.headers)
        found[f"{service} {path}"] = QUOTED if quotes else word
    found["the WebSocket"] = await upgraded(token)
    return found


async def upgraded(token: str) -> str:
    """What the WebSocket makes of a token."""
    text = ""
    try:
        async with connected(token, welcome=False) as socket:
            while (message := await said(socket, ANSWER_S)) is not None:
                text += json.dumps(message)
                if name_of(message) in (*WELCOMES, "handshake_response"):
                    return OPENED
        return REFUSED if "error" in text else LATE
    except websockets.ConnectionClosed as closed:
        close = closed.rcvd
        text += close.reason if close else ""
        word = REFUSED if "error" in text or (close and close.code in (1008, 4001, 4003)) else f"closed with {close and close.code}"
    except websockets.InvalidStatus as answer:
        text += (answer.response.body or b"").decode("utf-8", "replace") + str(answer.response.headers)
        status = answer.response.status_code
        word = REFUSED if status in (401, 403) else f"status {status}"
    return QUOTED if len(token) > 20 and token in text else word


async def show() -> str:
    """One kind after the other, the recorded ones first."""
    agreed("this sends tokens that must be refused")
    good = await sign_in(1)
    recorded, unclear = FACTS.get("kinds") or [], ""
    kinds = {**copies(good), **await brought(recorded)}
    for door, word in (await doors(good)).items():
        if word != OPENED:
            raise Unclear(f"the good token does not open {door} ({word}), so a refusal there says nothing")
    for kind in sorted(kinds, key=lambda one: one not in recorded):
        for door, word in (await doors(kinds[kind])).items():
            if word == OPENED:
                return f"{door} accepts a token that is {kind}"
            if word == QUOTED:
                return f"{door} quotes the token that it refuses ({kind})"
            if word == LATE and FACTS.get("late"):
                return f"{door} leaves a token that is {kind} without an answer for {ANSWER_S:g} s"
            if word != REFUSED:
                unclear = unclear or f"{door} neither takes nor refuses a token that is {kind}: {word}"
        for door, word in (await doors(good)).items():
            if word != OPENED:
                raise Unclear(f"the good token is not taken by {door} any more ({word}), so a refusal says nothing")
        tried(kind)
    if missing := [kind for kind in recorded if kind not in DONE]:
        wanted = [BROUGHT.get(kind, "REPRO_EMAIL_1, REPRO_PASSWORD_1") for kind in missing]
        raise Unclear(f"not tried: {', '.join(missing)}" + (f" (set {', '.join(wanted)})" if wanted else ""))
    if unclear:
        raise Unclear(unclear)
    return ""


if __name__ == "__main__":
    finish(show)
