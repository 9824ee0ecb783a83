"""Bad copies of a good token: each has to be refused, by REST and by the WebSocket; the good one is used after each."""

from __future__ import annotations

import base64
import json

import websockets

from tui_app.repro.scripts.common import FACTS, Unclear, address, agreed, client, connected, finish, sign_in, welcomed


def coded(value: object) -> str:
    """A part of a JSON Web Token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def copies(good: str) -> dict[str, str]:
    """Bad tokens by kind (RFC 7519, RFC 8725)."""
    found = {"no token": "", "no JWT": "not-a-token"}
    parts = good.split(".")
    if len(parts) == 3:
        head, body, signature = parts
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        turned = ("B" if signature[:1] == "A" else "A") + signature[1:]
        found |= {
            "wrong signature": f"{head}.{body}.{turned}",
            "unsigned": f"{coded({'alg': 'none', 'typ': 'JWT'})}.{body}.",
            "no signature": f"{head}.{body}",
            "another audience": f"{head}.{coded({**claims, 'aud': 'nobody'})}.{signature}",
            "another issuer": f"{head}.{coded({**claims, 'iss': 'nobody'})}.{signature}",
        }
    return found


async def opens(token: str) -> str:
    """What a token opens; '' where nothing."""
    for service, path in (("backend", "/api/threads?limit=1"), ("auth", "/auth/me")):
        async with client(token) as http:
            answer = await http.get(address(service) + path)
        if answer.is_success:
            return f"{service} answers {path} with {answer.status_code}"
    try:
        async with connected(token, welcome=False) as socket:
            if await welcomed(socket, 3):
                return "the WebSocket welcomes it"
    except (websockets.WebSocketException, OSError):
        return ""
    return ""


async def show() -> str:
    """One after the other."""
    agreed("this sends tokens that must be refused")
    good = await sign_in(1)
    kinds = copies(good)
    for kind in FACTS.get("kinds") or kinds:
        if kind in kinds and (found := await opens(kinds[kind])):
            return f"{kind}: {found}"
        if not await opens(good):
            raise Unclear("the good token is refused, so a refusal says nothing")
    return ""


if __name__ == "__main__":
    finish(show)
