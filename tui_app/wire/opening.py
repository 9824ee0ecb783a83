"""The beginning of a connection, whatever generation the platform is of (wire contract 4.2).

Pure: it is fed the first events of one connection and says what they amount to. The welcome may come bare, in a wrapper, or
after a handshake of three steps; which of these it was tells the generation.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tui_app.model import Event
from tui_app.wire import vocabulary as v

RESPONSE_S: Final = 10.0
"""Within which the first frame must come: the welcome, or the first step of a handshake."""
COMPLETE_S: Final = 2.0
"""From our acknowledgement to `handshake_complete`."""
PAUSE_S: Final = 0.5
"""For which a client must be silent after `handshake_complete`."""
WELCOME_S: Final = 5.0
"""From `handshake_complete` to the welcome."""
RETRY_AFTER_S: Final = 3.0
"""Before a handshake that failed is tried once more."""
TRIES: Final = 2

_WRAPPED: Final = frozenset({"V1w", "V9"})


class Offer(msgspec.Struct, frozen=True):
    """What a handshake hands out: the first message of the connection is to use these ids."""

    thread: str
    run: str
    request: str


class Opening:
    """What the first events of one connection have said so far.

    `welcome` is the event that welcomes, `error` one that came instead of it, `offer` the first step of a handshake,
    `completed` whether its last step has come. `generation`: g1 | g2 | g3, '' while nothing tells.
    """

    def __init__(self) -> None:
        self.generation = ""
        self.offer: Offer | None = None
        self.completed = False
        self.welcome: Event | None = None
        self.error: Event | None = None

    @property
    def begun(self) -> bool:
        """Whether anything came that says how it goes on."""
        return self.offer is not None or self.over

    @property
    def over(self) -> bool:
        """Whether the connection is welcomed or refused."""
        return self.welcome is not None or self.error is not None

    def feed(self, event: Event) -> bool:
        """Take one event in order of arrival; whether it changed anything."""
        if self.error is not None:
            return False
        if event.name == v.HANDSHAKE:  # also after a welcome that came before its time
            self.generation = "g3"
            if event.code == v.HANDSHAKE_COMPLETE:
                self.completed = True
            else:
                # A server that starts anew means its newest ids.
                self.offer, self.completed = Offer(event.thread, event.run, event.request), False
        elif self.welcome is not None:
            return False
        elif event.name == v.WELCOME:
            self.welcome = event
            self.generation = self.generation or ("g1" if event.envelope in _WRAPPED else "g2")
        elif event.name == v.ERROR:
            self.error = event
        else:
            return False
        return True
