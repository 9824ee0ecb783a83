"""`vigil web`: the same application in a browser, on this machine alone unless a token is set, and read-only unless asked for more."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tui_app.commands import Commands

EXIT_USAGE: Final = 2
PORT: Final = 8420
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


def add(commands: Commands) -> None:
    """`web` and its options."""
    command = commands.add_parser("web", help="the application in a browser: a read-only viewer on this machine, unless asked for more")
    command.add_argument("session", nargs="?", help="which session to watch; default: the newest, whenever a page is opened")
    command.add_argument(
        "--control", action="store_true", help="the whole application: whoever may open the page may start and stop sessions"
    )
    command.add_argument("--port", type=int, default=PORT, metavar="N", help=f"default {PORT}; 0: any that is free")
    command.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="listen elsewhere than on this machine alone; needs a token"
    )
    command.add_argument("--token", action="store_true", help="ask for a token, made now and printed once as part of the address")
    command.add_argument("--token-env", metavar="NAME", help="ask for the token that this variable holds")
    command.add_argument(
        "--name", action="append", default=[], metavar="HOST", help="a name by which others call this machine; may be repeated"
    )


def run(asked: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    import asyncio
    import os
    import secrets

    if missing := _missing():
        return _refuse(f"the browser's part is not installed ({missing}): python -m pip install -e '.[web]' in Vigil's folder")
    from tui_app.recording.sessions import find
    from tui_app.web.guard import SHORTEST_TOKEN, own_names
    from tui_app.web.server import WebServer, serve

    local = asked.host in LOOPBACK
    token = secrets.token_urlsafe(32) if asked.token else ""
    if asked.token_env:
        # Taken out of the environment, so that no application of a browser inherits it.
        token = os.environ.pop(asked.token_env, "").strip()
        if len(token) < SHORTEST_TOKEN:
            return _refuse(f"the variable {asked.token_env} holds no token of at least {SHORTEST_TOKEN} characters")
    if not local and not token:
        return _refuse(
            f"{asked.host} can be reached by others, so a token is needed: --token makes one, --token-env NAME takes your own. "
            "From elsewhere without one: ssh -L 8420:127.0.0.1:8420 to this machine"
        )
    session = find(asked.session).session if asked.session else None
    names = (*asked.name, *(own_names() if token else ()))
    server = WebServer(host=asked.host, port=asked.port, token=token, names=names, control=asked.control, session=session)

    def ready() -> None:
        # The fixed part after ? is the token: printed once, kept nowhere.
        shown = f"{server.url}?token={token}" if token and not asked.token_env else server.url
        print(shown, flush=True)
        what = "the whole application: whoever opens it may start and stop sessions" if asked.control else "a read-only viewer"
        who = "whoever has the token" if token else "you alone, on this machine (also through ssh -L)"
        _say(f"{what}, for {who}; Ctrl-C ends it, sessions go on")
        if asked.token_env:
            _say(f"add ?token= and what {asked.token_env} held to the address, once for each browser")
        if not local:
            _say("plain HTTP: on a network that others can listen to, use ssh -L or a TLS proxy")

    try:
        asyncio.run(serve(server, ready))
    except OSError as error:
        return _refuse(f"cannot listen on {asked.host}, port {asked.port} ({error.strerror or error}); --port 0 takes any that is free")
    return 0


def _missing() -> str:
    """The module that is not there, '' where all are."""
    from importlib.util import find_spec

    return next((name for name in ("textual_serve", "aiohttp") if find_spec(name) is None), "")


def _say(text: str) -> None:
    print(f"vigil: {text}", file=sys.stderr, flush=True)


def _refuse(text: str) -> int:
    _say(text)
    return EXIT_USAGE
