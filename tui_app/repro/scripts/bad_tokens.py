"""Bad copies of a good token: each has to be refused, by REST and by the WebSocket; the good one is used before and after each."""

from __future__ import annotations

import base64
import json
import os
import uuid

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
    sign_in,
    tried,
)  # fmt: skip

REST = (("backend", "/api/threads?limit=1"), ("auth", "/auth/me"))
OPENED, REFUSED, QUOTED = "opened", "refused", "quoted"


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
    if refresh := os.environ.get("REPRO_REFRESH_1"):
        found["refresh-as-access"] = refresh
    return found


async def doors(token: str) -> dict[str, str]:
    """Each door, and whether a token opened it, was refused, or what else came."""
    found: dict[str, str] = {}
    for service, path in REST:
        async with client(token) as http:
            answer = await http.get(address(service) + path)
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
            while (message := await said(socket, 3)) is not None:
                text += json.dumps(message)
                if name_of(message) in (*WELCOMES, "handshake_response"):
                    return OPENED
        return REFUSED if "error" in text else "open without a welcome"
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
    kinds, recorded, unclear = copies(good), FACTS.get("kinds") or [], ""
    for door, word in (await doors(good)).items():
        if word != OPENED:
            raise Unclear(f"the good token does not open {door} ({word}), so a refusal there says nothing")
    for kind in sorted(kinds, key=lambda one: one not in recorded):
        for door, word in (await doors(kinds[kind])).items():
            if word == OPENED:
                return f"{door} accepts a token that is {kind}"
            if word == QUOTED:
                return f"{door} quotes the token that it refuses ({kind})"
            if word != REFUSED:
                unclear = unclear or f"{door} neither takes nor refuses a token that is {kind}: {word}"
        for door, word in (await doors(good)).items():
            if word != OPENED:
                raise Unclear(f"the good token is not taken by {door} any more ({word}), so a refusal says nothing")
        tried(kind)
    if missing := [kind for kind in recorded if kind not in DONE]:
        raise Unclear(f"not tried: {', '.join(missing)}" + (" (set REPRO_REFRESH_1)" if "refresh-as-access" in missing else ""))
    if unclear:
        raise Unclear(unclear)
    return ""


if __name__ == "__main__":
    finish(show)
