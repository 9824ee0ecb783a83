"""What a hang-up and a kill do: the terminal is restored where it can be, the process always ends, the session goes on.

The toolkit handles neither. A hang-up leaves nothing to restore, and writing to the dead terminal would block for ever;
a kill restores the terminal, with a watchdog for a terminal that no longer reads.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

HANGUP_EXIT = 129
TERM_EXIT = 143
GRACE_S = 2.0


def install(loop: asyncio.AbstractEventLoop, leave: Callable[[], object], end: Callable[[int], object] = os._exit) -> None:
    """Handle SIGHUP and SIGTERM for an application that `leave` ends in an orderly way. Call it in the main thread."""

    def hang_up(_number: int, _frame: FrameType | None) -> None:
        end(HANGUP_EXIT)

    def terminate(_number: int, _frame: FrameType | None) -> None:
        watchdog = threading.Timer(GRACE_S, end, args=(TERM_EXIT,))
        watchdog.daemon = True
        watchdog.start()
        with contextlib.suppress(RuntimeError):  # the loop has ended: it is leaving already
            loop.call_soon_threadsafe(leave)

    signal.signal(signal.SIGHUP, hang_up)
    signal.signal(signal.SIGTERM, terminate)
