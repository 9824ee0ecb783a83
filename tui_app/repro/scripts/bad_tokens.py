"""Bad copies of a good token: each has to be refused, by REST and by the WebSocket; the good one is used after each."""

from __future__ import annotations

import base64
import json
import uuid

import websockets

from tui_app.repro.scripts.common import FACTS, TRIED, Unclear, address, agreed, client, connected, finish, sign_in, welcomed, whose


def coded(value: object) -> str:
    """A part of a JSON Web Token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def copies(good: str) -> dict[str, str]:
    """Bad tokens by kind (RFC 7519, RFC 8725)."""
    found = {"none": "", "malformed": "not-a-token"}
    parts = good.split(".")
    if len(parts) == 3:
        head, body, signature = parts
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        turned = ("B" if signature[:1] == "A" else "A") + signature[1:]
        found |= {
            "wrong-signature": f"{head}.{body}.{turned}",
            "alg-none": f"{coded({'alg': 'none', 'typ': 'JWT'})}.{body}.",
            "truncated": f"{head}.{body}",
            "wrong-audience": f"{head}.{coded({**claims, 'aud': 'nobody'})}.{signature}",
            "wrong-issuer": f"{head}.{coded({**claims, 'iss': 'nobody'})}.{signature}",
            "altered-subject": f"{head}.{coded({**claims, 'sub': str(uuid.uuid4())})}.{signature}",
        }
    return found


async def opens(token: str) -> list[str]:
    """What a token opens: the same reads as were recorded, else a list and an account; and the WebSocket."""
    found = []
    for service, path in FACTS.get("doors") or (("backend", "/api/threads?limit=1"), ("auth", "/auth/me")):
        async with client(token) as http:
            answer = await http.get(address(service) + path)
        if answer.is_success:
            found.append(f"{service} answers {path} with {answer.status_code}")
    try:
        async with connected(token, welcome=False) as socket:
            if await welcomed(socket, 3):
                found.append("the WebSocket welcomes it")
    except websockets.WebSocketException:
        pass  # refused, as it should be
    return found


async def show() -> str:
    """One after the other. The good token has to open every door, before and after, or a refusal says nothing."""
    agreed("this sends tokens that must be refused")
    good = await sign_in(1)
    await whose(good)
    doors = len(FACTS.get("doors") or (0, 0)) + 1
    kinds = copies(good)
    for kind in FACTS.get("kinds") or kinds:
        if kind not in kinds:
            raise Unclear(f"a token that is {kind} cannot be made from this one")
        if len(await opens(good)) < doors:
            raise Unclear("the good token does not open every door, so a refusal says nothing")
        TRIED.append(kind)
        if found := await opens(kinds[kind]):
            return f"a token that is {kind}: {found[0]}"
    if len(await opens(good)) < doors:
        raise Unclear("the good token does not open every door any more, so a refusal says nothing")
    return ""


if __name__ == "__main__":
    finish(show)
