"""The way onto the WebSocket: how a token may be carried, which origins may ask, and how a refusal is told (wire contract 3.5)."""

from __future__ import annotations

import base64
import binascii

import msgspec
from starlette.websockets import WebSocket

from tui_app.rehearsal import frames
from tui_app.rehearsal.frames import Frame
from tui_app.rehearsal.jitter import Outbox
from tui_app.rehearsal.platform import Platform
from tui_app.rehearsal.session import Session
from tui_app.rehearsal.tokens import TokenRefused
from tui_app.rehearsal.web import error_response

POLICY = 1008


def tokens_of(websocket: WebSocket) -> dict[str, str]:
    """The tokens that came with the upgrade by the way they were carried, in the order in which they count."""
    found: dict[str, str] = {}
    scheme, _, token = websocket.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        found["header"] = token.strip()
    items = [item for item in websocket.scope["subprotocols"] if item.startswith("jwt.")]
    if items:
        found["subprotocol"] = _unpacked(items[0][4:])
    if websocket.query_params.get("token"):
        found["query"] = websocket.query_params["token"]
    return found


def _unpacked(value: str) -> str:
    if value.count(".") == 2:
        return value
    try:
        return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        return value


class Gateway:
    """Lets sockets in."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    async def serve(self, websocket: WebSocket) -> None:
        """The life of one socket. A refused one gets an error frame and close code 1008."""
        faults = self.platform.faults
        offered = websocket.scope["subprotocols"]
        carried = faults.apply("upgrade.tokens", tokens_of(websocket))
        token = next(iter(carried.values()), "")
        status = faults.apply("connect.status", 101, token=token)
        if status != 101:
            await websocket.send_denial_response(
                error_response(status, "The upgrade is refused", headers={"Retry-After": "1"} if status == 429 else None)
            )
            return
        chosen = faults.apply("upgrade.subprotocol", self.platform.generation.subprotocol(offered), offered=offered)
        await websocket.accept(subprotocol=chosen)
        address = websocket.client.host if websocket.client else ""
        limit = self.platform.addresses.enter(address)
        if limit:
            self.platform.log.note("socket_limited", address=address, reason=limit)
            await websocket.close(POLICY, limit)
            return
        try:
            await self._let_in(websocket, token)
        finally:
            self.platform.addresses.leave(address)

    async def _let_in(self, websocket: WebSocket, token: str) -> None:
        faults = self.platform.faults
        origin = websocket.headers.get("origin")
        if not faults.apply("origin.allowed", origin is None or origin in self.platform.origins, origin=origin, door="websocket"):
            await self._refuse(websocket, "ORIGIN_NOT_ALLOWED", "Origin not allowed", TokenRefused("ORIGIN", "Another site's page"), token)
            return
        try:
            claims = await self.platform.doors.enter("websocket", token, headers=websocket.headers)
        except TokenRefused as refused:
            self.platform.log.note("socket_refused", reason=refused.code)
            await self._refuse(websocket, "AUTH_FAILED", "Authentication failed", refused, token)
            return
        refusal = faults.apply("socket.refusal", None, claims=claims)
        if refusal is not None:
            await self._refuse(websocket, "AUTH_FAILED", "Authentication failed", TokenRefused(*refusal), token)
            return
        user_id = faults.apply("socket.identity", claims.sub, claims=claims)
        await Session(self.platform, websocket, user_id, claims, token).serve()

    async def _refuse(self, websocket: WebSocket, code: str, text: str, why: TokenRefused, token: str) -> None:
        frame: Frame = frames.error(code, text, {"reason": why.code, "message": why.message})
        frame = self.platform.faults.apply("frame.out", frame, user_id="", token=token)
        outbox = Outbox(websocket, self.platform.jitter.of_socket())
        await outbox.send(msgspec.json.encode(self.platform.generation.envelope(frame)).decode())
        await outbox.close(1008, text)
        outbox.end()
