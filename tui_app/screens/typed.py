"""What is typed, read in a thread of its own: any bytes at all, for as long as there is a terminal.

The toolkit's own reader takes every byte for strict UTF-8 and every escape sequence for a sound one: a key of a terminal in Latin-1, a
Meta key that sets the eighth bit, or a sequence with a number too large ends the application.
"""

from __future__ import annotations

import os
import select
import signal
import termios
from codecs import getincrementaldecoder
from collections.abc import Callable
from threading import Event
from typing import Final

from textual import log
from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.message import Message

AT_ONCE: Final = 4_096
"""Bytes of one read."""
LOOK_S: Final = 0.1
"""Seconds after which a lone Escape counts as a key, and between two looks whether to end."""

BROKEN: Final = (ParseError, ValueError, ArithmeticError, LookupError, RuntimeError)
"""What the toolkit's parser raises for sequences that are none: a character beyond the last one, pixels of no width."""


def read_typed(fd: int, ended: Event, give: Callable[[Message], None], gone: Callable[[], None]) -> None:
    """Pass each key, paste and report to `give` until `ended`; call `gone`, and end, once the terminal is no more."""
    decoder = getincrementaldecoder("utf-8")("replace")
    parser = XTermParser()
    while not ended.is_set():
        text = ""
        if select.select([fd], [], [], LOOK_S)[0]:
            data = _read(fd)
            if data is None:
                gone()
                return
            if not data:
                ended.wait(LOOK_S)
            text = decoder.decode(data)
        try:
            found = list(parser.feed(text)) if text else []
            found += parser.tick()
        except BROKEN as error:
            log.warning(f"typed, and not understood: {error!r}")
            parser, found = XTermParser(), []
        for message in found:
            give(message)


def hang_up() -> None:
    """End as a hang-up ends it: nobody told us that the terminal has gone, as it happens in a session that is not its own."""
    os.kill(os.getpid(), signal.SIGHUP)


def _read(fd: int) -> bytes | None:
    """What there is to read; b'' where it was somebody else's, or an end of file typed by hand. None: there is no terminal any more."""
    try:
        data = os.read(fd, AT_ONCE)
    except BlockingIOError:
        return b""
    except OSError:
        return None
    if not data:
        try:
            termios.tcgetattr(fd)
        except termios.error:
            return None
    return data
