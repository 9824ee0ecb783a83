"""The control channel: a Unix socket (0600), JSON lines, one reply each. One controller; others may only look."""

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
            writer.close()

    def _answer(self, viewer: int, who: str, command: str, asked: dict[str, Any]) -> dict[str, Any]:
        if command == "take":
            before = self.viewers.get(self.controller) if self.controller is not None else None
            self.controller = viewer
            self.act("take", {"from": before}, who)
            return {"ok": True, "controller": True}
        if command in ACTING:
            if self.controller is None:
                self.controller = viewer
            if self.controller != viewer:
                holder = self.viewers.get(self.controller, "?")
                return {"ok": False, "error": f"{holder} is in control; take it over first"}
        elif command != "status":
            return {"ok": False, "error": f"there is no command {command!r}"}
        reply = self.act(command, asked, who)
        return {"ok": True, "controller": self.controller == viewer, "viewers": len(self.viewers), **reply}
