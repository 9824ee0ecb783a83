"""A token after its session was signed out: it has to open nothing. Signs in by itself, so that no session of yours ends."""

from __future__ import annotations

import websockets

from tui_app.repro.scripts.common import Unclear, address, client, connected, finish, login, tried, welcomed


async def show() -> str:
    """Sign in, look, sign out, look again."""
    token = await login(1)
    doors = (("auth", "/auth/me"), ("backend", "/api/threads?limit=1"))
    async with client(token) as http:
        for service, path in doors:
            if not (await http.get(address(service) + path)).is_success:
                raise Unclear(f"{service} does not answer {path} while the session lasts")
        async with connected(token):
            pass
        ended = await http.post(f"{address('auth')}/auth/logout")
        if not ended.is_success:
            return f"the sign-out is answered with {ended.status_code}"
    for service, path in doors:
        async with client(token) as http:
            answer = await http.get(address(service) + path)
        if answer.is_success:
            return f"{service} answers {path} with {answer.status_code} after the sign-out"
        if answer.status_code not in (401, 403):
            raise Unclear(f"{service} {path} is neither refused nor opened after the sign-out: {answer.status_code}")
        tried()
    try:
        async with connected(token, welcome=False) as socket:
            if await welcomed(socket):
                return "the WebSocket welcomes the token after the sign-out"
    except (websockets.ConnectionClosed, websockets.InvalidStatus):
        tried()
    else:
        tried()
    return ""


if __name__ == "__main__":
    finish(show)
