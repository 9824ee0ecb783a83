"""TLS and plain text on one port, as where a redirect was forgotten."""

from __future__ import annotations

import asyncio
import contextlib
import socket

HANDSHAKE = 0x16
"""The first byte of a TLS record that begins a handshake (RFC 8446 5.1)."""
CHUNK = 65_536


class EitherWay:
    """Passes connections on by their first byte: to `secure` what begins a handshake, to `plain` anything else."""

    def __init__(self, secure: tuple[str, int], plain: tuple[str, int]) -> None:
        self._secure = secure
        self._plain = plain
        self._server: asyncio.Server | None = None

    async def serve(self, listener: socket.socket) -> None:
        """Accept from now on."""
        self._server = await asyncio.start_server(self._taken, sock=listener)

    def close(self) -> None:
        """Accept no more."""
        if self._server is not None:
            self._server.close()

    async def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            first = await reader.read(CHUNK)
            if not first:
                writer.close()
                return
            inner_reader, inner_writer = await asyncio.open_connection(*(self._secure if first[0] == HANDSHAKE else self._plain))
            inner_writer.write(first)
            await asyncio.gather(_pipe(reader, inner_writer), _pipe(inner_reader, writer))


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    except OSError:
        return
    finally:
        writer.close()
