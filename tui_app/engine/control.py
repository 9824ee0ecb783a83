"""The control channel: a Unix socket (0600), JSON lines, one reply each. One controller; others may only look.

Who is in control, and since when, is in the recording: `take` and `leave` rows name the viewer by number and by user@host, so
that every viewer sees it there, also the one who has lost control.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode
ACTING = frozenset({"hold", "resume", "stop", "mark", "sign-in"})
LINE_LIMIT = 64 * 1024


class ControlServer:
    """Serves one session. `act(command, facts, who)` carries a command out and returns the reply's facts."""

    def __init__(self, path: Path, act: Callable[[str, dict[str, Any], str], dict[str, Any]]) -> None:
        self.path = path
        self.act = act
        self.viewers: dict[int, str] = {}
        self.controller: int | None = None
        self.closing = False
        """Set once the session ends: from then on nothing is told to `act` that nobody asked for."""
        self._next = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; an old socket file of a dead engine is replaced."""
        self.path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self.path, limit=LINE_LIMIT)
        self.path.chmod(0o600)

    async def stop(self) -> None:
        """Stop listening and remove the socket file."""
        if self._server is not None:
            self._server.close()
        self.path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._next += 1
        viewer, who = self._next, "?"
        try:
            while line := await reader.readline():
                try:
                    asked = msgspec.json.decode(line, type=dict[str, Any])
                except msgspec.DecodeError:
                    reply: dict[str, Any] = {"ok": False, "error": "not a JSON object on one line"}
                else:
                    who = str(asked.get("who", who))
                    self.viewers[viewer] = who
                    reply = self._answer(viewer, who, str(asked.get("command", "")), asked)
                writer.write(_encode(reply) + b"\n")
                await writer.drain()
        except (ConnectionError, asyncio.LimitOverrunError, ValueError):
            return
        finally:
            self.viewers.pop(viewer, None)
            if self.controller == viewer:
                self.controller = None
                if not self.closing:
                    self.act("leave", {"viewer": viewer}, who)
            writer.close()

    def _answer(self, viewer: int, who: str, command: str, asked: dict[str, Any]) -> dict[str, Any]:
        if command not in ACTING and command not in ("status", "take"):
            return {"ok": False, "error": f"there is no command {command!r}"}
        if command in ACTING and self.controller not in (None, viewer):
            return {"ok": False, "error": f"{self.driver} is in control; take it over first"}
        # Whoever acts while nobody is in control has taken it; a newcomer who asks for it only if it is free disturbs nobody.
        if command in ACTING or (command == "take" and (self.controller is None or not asked.get("free"))):
            self._take(viewer, who)
        reply = self.act("status" if command == "take" else command, asked, who)
        state = {"controller": self.controller == viewer, "driver": self.driver, "viewer": viewer, "viewers": len(self.viewers)}
        return {"ok": True, **state, **reply}

    @property
    def driver(self) -> str:
        """Who is in control, as user@host; '' where nobody is."""
        return self.viewers.get(self.controller, "?") if self.controller is not None else ""

    def _take(self, viewer: int, who: str) -> None:
        if self.controller != viewer:
            before, self.controller = self.driver, viewer
            self.act("take", {"from": before, "viewer": viewer}, who)
