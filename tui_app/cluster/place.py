"""What the client calls on a worker, outside of any task: `Client.run` names these functions, the worker's own installation has them.

All take and give plain values, so that two versions of Vigil can at least tell each other that they differ.
"""

from __future__ import annotations

import asyncio
import platform
import socket
import time
from functools import partial
from importlib.metadata import version
from typing import Any, Final

from tui_app import __version__
from tui_app.cluster.offset import now
from tui_app.cluster.relay import Relay

_relays: Final[dict[str, Relay]] = {}
FORGOTTEN_S: Final = 60.0
"""How long a place waits for its order."""


async def look(dask_worker: Any = None) -> dict[str, Any]:
    """Who this worker is: versions, host, name and clock (seconds since the epoch). Starts nothing."""
    return {
        "vigil": __version__,
        "python": platform.python_version(),
        "distributed": version("distributed"),
        "host": socket.gethostname(),
        "name": str(dask_worker.name),
        "clock": time.time(),
    }


async def open_place(token: str, topic: str, dask_worker: Any = None) -> bytes:
    """A place for one engine, known as `token`, that tells under `topic`. Returns the public key that its order is to be sealed for."""
    relay = _relays[token] = Relay(token, partial(dask_worker.log_event, topic))
    asyncio.get_running_loop().call_later(FORGOTTEN_S, _forget, token, relay)
    return relay.half.public


async def begin(token: str, other: bytes, box: bytes) -> None:
    """See `Relay.begin`."""
    await _relays[token].begin(other, box)


async def tell(token: str, number: int, box: bytes) -> None:
    """See `Relay.tell`."""
    await _relays[token].tell(number, box)


async def keep(token: str) -> tuple[str, int]:
    """See `Relay.keep`. Returns `tui_app.cluster.offset.now`."""
    _relays[token].keep()
    return now()


async def end(token: str) -> None:
    """See `Relay.end`; afterwards the place is gone. One that never was is as good."""
    if (relay := _relays.pop(token, None)) is not None:
        await relay.end()


def _forget(token: str, relay: Relay) -> None:
    if not relay.begun and _relays.get(token) is relay:
        del _relays[token]
