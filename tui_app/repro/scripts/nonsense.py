"""Messages that mean nothing: the connection has to survive them, and answer a ping afterwards."""

from __future__ import annotations

import websockets

from tui_app.repro.scripts.common import Unclear, agreed, connected, finish, sign_in, still_open, tried

ODD = ("{not json", '{"no": "type"}', '{"type": "repro_unheard_of"}', "[]", '"text"')


async def show() -> str:
    """One after the other, on one socket."""
    agreed("this sends messages that must be refused")
    async with connected(await sign_in(1)) as socket:
        if not await still_open(socket):
            raise Unclear("no ping is answered even before")
        for odd in ODD:
            try:
                await socket.send(odd)
                if not await still_open(socket):
                    return f"after {odd} no ping is answered"
                tried()
            except websockets.ConnectionClosed as closed:
                return f"after {odd} the connection is closed ({closed.rcvd.code if closed.rcvd else 'no close frame'})"
    return ""


if __name__ == "__main__":
    finish(show)
