"""The other end of the control channel."""

from __future__ import annotations

import asyncio
import getpass
import socket
from pathlib import Path
from typing import Any

import msgspec


class ControlError(Exception):
    """The engine cannot be reached or refused; the message says why."""


class Control:
    """A connection to one engine. `ask` sends one command and returns its reply."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()
        self.who = whoami()

    @classmethod
    async def connect(cls, path: Path) -> Control:
        """Connect to the engine that listens on this socket. Raises `ControlError`."""
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_unix_connection(path), 3)
        except (OSError, TimeoutError) as error:
            raise ControlError(
                f"the engine does not answer on its control socket ({error.__class__.__name__}); `vigil sessions` shows what runs"
            ) from error
        return cls(reader, writer)

    async def ask(self, command: str, **facts: Any) -> dict[str, Any]:
        """Send a command: status, hold, resume, stop (now=True), take (free=True: only if nobody has it), mark (text), or
        sign-in (user, and email, password or token). The reply says who is in control (`driver`), whether that is this
        connection (`controller`), and by which number the recording names this connection (`viewer`).

        The reply to `sign-in` comes at once; `status` then tells who still waits (`needs`) and why (`said`). Raises `ControlError`
        when refused or gone.
        """
        async with self._turn:
            try:
                self._writer.write(msgspec.json.encode({"command": command, "who": self.who, **facts}) + b"\n")
                await self._writer.drain()
                line = await asyncio.wait_for(self._reader.readline(), 5)
            except (OSError, TimeoutError) as error:
                raise ControlError("the engine has gone") from error
        if not line:
            raise ControlError("the engine has gone")
        reply = msgspec.json.decode(line, type=dict[str, Any])
        if not reply.get("ok"):
            raise ControlError(str(reply.get("error", "refused")))
        return reply

    def close(self) -> None:
        """Let go; the session goes on."""
        self._writer.close()


def whoami() -> str:
    """user@host, for what is recorded about who did what."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "?"
    return f"{user}@{socket.gethostname()}"
