"""The server: textual-serve's way of running an application in a browser, with pages of our own and the guard before them."""

from __future__ import annotations

import asyncio
import contextlib
import html
import os
import shlex
import signal
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Final

from aiohttp import web
from textual_serve.server import Server

from tui_app.web.guard import Guard

NOT_PASSED_ON: Final = ("TMUX", "STY", "SSH_TTY", "SSH_CONNECTION", "NO_COLOR", "VIGIL_ASCII", "LC_ALL")
"""What says something about the terminal that the server was started on, and nothing about the browser."""
LIKE: Final = ("TERM=xterm-256color", "COLORTERM=truecolor")
"""What the terminal in the page can show."""
SIZES: Final = range(8, 41)


class WebServer:
    """Serves until it is told to end. `url` is where, once `start` has returned."""

    def __init__(self, *, host: str, port: int, token: str, names: tuple[str, ...], control: bool, session: str | None) -> None:
        self.host, self.port, self.token = host, port, token
        self._names = names
        self._title = "vigil" if control else "vigil, read-only"
        self._behind = Server(child_command(control, session), host=host, port=port)
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The address to open; the token is not part of it."""
        shown = "127.0.0.1" if self.host in ("0.0.0.0", "::", "localhost") else self.host
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{self.port}/"

    async def start(self) -> None:
        """Listen. Raises OSError where that cannot be; port 0 takes any that is free."""
        guard = Guard(port=self.port, token=self.token, names=self._names)
        app = web.Application(middlewares=[guard.middleware])
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/page.js", self._script),
                web.get("/ws", self._behind.handle_websocket),
                web.get("/download/{key}", self._behind.handle_download),
                web.static("/static", Path(self._behind.statics_path)),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
        await site.start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """End every connection, and with it its application."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _page(self, request: web.Request) -> web.Response:
        asked = request.query.get("fontsize", "")
        size = int(asked) if asked.isdecimal() and int(asked) in SIZES else 15
        page = _part("page.html").format(title=html.escape(self._title), socket=html.escape(f"ws://{request.host}/ws"), size=size)
        return web.Response(text=page, content_type="text/html")

    async def _script(self, _request: web.Request) -> web.Response:
        return web.Response(text=_part("page.js"), content_type="text/javascript")


def _part(name: str) -> str:
    """A part of the page."""
    return resources.files("tui_app.web").joinpath(name).read_text("utf-8")


def child_command(control: bool, session: str | None) -> str:
    """The line for a shell that runs one browser's application."""
    unset = [part for name in NOT_PASSED_ON for part in ("-u", name)]
    path = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])])
    own = [sys.executable, "-m", "tui_app.web", *(["--control"] if control else []), *([session] if session else [])]
    # 60 frames a second, as textual-serve asks for, are more than numbers need.
    return f"exec {shlex.join(['env', *unset, f'PYTHONPATH={path}', 'TEXTUAL_FPS=15', *LIKE, *own])}"


async def serve(server: WebServer, ready: Callable[[], object]) -> None:
    """Serve until SIGINT or SIGTERM."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, ended.set)
    await server.start()
    try:
        ready()
        await ended.wait()
    finally:
        await server.stop()
