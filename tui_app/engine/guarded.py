"""The context of a check from outside: what it does must be what it declares, because by that it was let in.

Consent, production guard, budgets, pacing and the guard of created things hold for everybody below; this adds that a check
which declares `read` cannot write, and that one without `negative` or `fault` cannot send bad tokens or cut connections.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, cast

from tui_app.checks.api import Answer, Carry, Check, RunOutcome, Socket, User
from tui_app.engine.context import LiveContext
from tui_app.engine.held import HeldSocket
from tui_app.engine.links import LiveLink
from tui_app.engine.live_socket import LiveSocket
from tui_app.engine.sockets import Sockets
from tui_app.engine.world import World
from tui_app.model import Event

READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
IDENTITY: Final = frozenset({"authorization", "proxy-authorization", "cookie", "sec-websocket-protocol"})
HARMLESS: Final = frozenset({"ping", "pong", "heartbeat"})
"""Messages on a socket that change nothing on the target."""


class Undeclared(Exception):
    """A check did what it does not declare; nothing was sent."""


class GuardedContext(LiveContext):
    """See the module's line."""

    def __init__(self, world: World, sockets: Sockets, check: Check) -> None:
        super().__init__(world, sockets, check.id)
        self._effects = check.effects

    def declared(self, effect: str, what: str) -> None:
        """Raises `Undeclared` where the check does not declare this effect."""
        if effect not in self._effects:
            raise Undeclared(f"it declares {', '.join(sorted(self._effects))} and would {what}: its effects must name {effect}")

    async def http(
        self, service: str, method: str, path: str, *, user: User | None = None, token: str | None = None, json: Any = None,
        fresh: bool = False, within: float = 10.0, ours: tuple[str, str] | None = None, headers: Mapping[str, str] | None = None,
        runs_agent: bool = False,
    ) -> Answer:  # fmt: skip
        """One request, reading unless `write` is declared."""
        if method.upper() not in READS:
            self.declared("write", f"send {method} {path}")
        self._known(token)
        self._plain(headers)
        return await super().http(
            service, method, path, user=user, token=token, json=json, fresh=fresh, within=within, ours=ours, headers=headers,
            runs_agent=runs_agent,
        )  # fmt: skip

    @asynccontextmanager
    async def socket(self, user: User, *, fresh: bool = False) -> AsyncIterator[HeldSocket]:
        """A welcomed socket that holds the check to its effects."""
        async with super().socket(user, fresh=fresh) as socket:
            yield cast(HeldSocket, GuardedSocket(socket, self))

    async def dial(
        self, *, user: User | None = None, token: str | None = None, carry: Carry = "subprotocol", headers: Mapping[str, str] | None = None,
        cookies: bool = True,
    ) -> LiveSocket | None:  # fmt: skip
        """A new connection with a user's own token, or with another where `negative` is declared."""
        self._known(token)
        self._plain(headers)
        if user is None and token is None:
            self.declared("negative", "connect without a token")
        socket = await super().dial(user=user, token=token, carry=carry, headers=headers, cookies=cookies)
        return cast(LiveSocket, GuardedSocket(socket, self)) if socket is not None else None

    @asynccontextmanager
    async def link(self, user: User, *, watch: bool = True, line: Sequence[str] = ()) -> AsyncIterator[LiveLink]:
        """A connection that can be broken: for those that declare it."""
        self.declared("fault", "break a connection")
        async with super().link(user, watch=watch, line=line) as link:
            link.socket = cast(LiveSocket, GuardedSocket(link.socket, self))
            yield link

    async def run_agent(
        self, socket: Socket, prompt: str, *, thread: str = "", marker: str = "", tools: bool = True,
        deadline: float | None = None, on_event: Callable[[Event], None] | None = None, **facts: Any,
    ) -> RunOutcome:  # fmt: skip
        """Ask the agent: that writes."""
        self.declared("write", "ask the agent")
        return await super().run_agent(
            socket, prompt, thread=thread, marker=marker, tools=tools, deadline=deadline, on_event=on_event, **facts
        )

    @asynccontextmanager
    async def bad_token(self, show_good: Callable[[], Awaitable[bool]]) -> AsyncIterator[None]:
        """One bad token."""
        self.declared("negative", "send a bad token")
        async with super().bad_token(show_good):
            yield

    async def in_the_clear(self, service: str) -> str:
        """An upgrade without a token, in the clear."""
        self.declared("negative", "try an address without TLS")
        return await super().in_the_clear(service)

    async def sign_in(self) -> None:
        """Signing the session's users in is the check `sign-in`'s alone: a second time they would be others."""
        raise Undeclared('it would sign the session\'s users in again; needs=("sign-in",) has them signed in before it')

    def _plain(self, headers: Mapping[str, str] | None) -> None:
        """Headers that carry an identity, or ask to be let in without one, are an attempt on the target's guards, too."""
        for name in headers or ():
            if name.lower() in IDENTITY or "bypass" in name.lower() or name.lower().startswith("x-test"):
                self.declared("negative", f"send a header {name}")

    def _known(self, token: str | None) -> None:
        """A token that is nobody's of this session, or none at all on purpose, is an attempt on the target's guards."""
        own = {value for user in (*self._world.users, *self._world.spares) for value in (user.access, user.refresh)}
        if token and token not in own and token not in self._world.retired:
            self.declared("negative", "show a token that Vigil did not sign in with")


class GuardedSocket:
    """A live socket that holds whoever has it to the effects of its check."""

    def __init__(self, socket: LiveSocket | HeldSocket, guard: GuardedContext) -> None:
        self._socket = socket
        self._guard = guard

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    async def send(self, type: str, payload: Mapping[str, Any] | None = None, **extra: Any) -> None:
        """Send one message; all but a ping needs `write`."""
        if type not in HARMLESS:
            self._guard.declared("write", f"send {type!r}")
        await self._socket.send(type, payload, **extra)

    async def send_raw(self, text: str | bytes) -> None:
        """Send text as it is: nobody can tell what it does."""
        self._guard.declared("write", "send text as it is")
        await self._socket.send_raw(text)

    async def send_broken(self, frame: bytes) -> None:
        """Send bytes that are no right frame."""
        self._guard.declared("fault", "send a broken frame")
        await self._socket.send_broken(frame)

    def abort(self) -> None:
        """Cut the connection."""
        self._guard.declared("fault", "cut a connection")
        self._socket.abort()
