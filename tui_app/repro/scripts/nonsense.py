"""Messages that mean nothing: the connection has to survive them, and answer a ping afterwards."""

from __future__ import annotations

import json

import websockets

from tui_app.repro.scripts.common import Unclear, agreed, connected, finish, said, sign_in, tried

ODD = ("{not json", '{"no": "type"}', '{"type": "repro_unheard_of"}', "[]", '"text"')


async def pings(socket: object) -> bool:
    """Whether a ping is answered."""
    await socket.send(json.dumps({"type": "ping", "id": "repro"}))  # type: ignore[attr-defined]
    while (message := await said(socket, 5)) is not None:
        if message.get("type") == "pong":
            return True
    return False


async def show() -> str:
    """One after the other, on one socket."""
    agreed("this sends messages that must be refused")
    async with connected(await sign_in(1)) as socket:
        if not await pings(socket):
            raise Unclear("no ping is answered even before")
        for odd in ODD:
            try:
                await socket.send(odd)
                if not await pings(socket):
                    return f"after {odd} no ping is answered"
                tried()
            except websockets.ConnectionClosed as closed:
                return f"after {odd} the connection is closed ({closed.rcvd.code if closed.rcvd else 'no close frame'})"
    return ""


if __name__ == "__main__":
    finish(show)
