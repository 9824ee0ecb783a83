"""What the truth log says of the wire: when requests had arrived, and when answers were handed to the kernel.

Of a run its request and its ends, of an application ping and its pong both ways, of a connection its upgrade and its welcome:
so that what a client measures in between can be held against it. Times in ns of the monotonic clock.
"""

from __future__ import annotations

import re
import time
from typing import Any, Final

from tui_app.rehearsal.platform import TruthLog
from tui_app.stamped import StampedTransport

_HEAD: Final = 60
_OUT: Final = re.compile(r'"type":\s?"(agent_started|agent_completed|agent_error|pong|connection_established)"')
_IN: Final = re.compile(r'"type":\s?"(user_message|ping)"')
_ID: Final = re.compile(r'"(run_id|request_id|connection_id|message_id|id)":\s?"([^"]{1,80})"')


class WireLog:
    """The notes of one connection."""

    def __init__(self, log: TruthLog) -> None:
        self._log = log
        self._upgrade: dict[str, int] = {}

    def came(self, text: str, transport: Any) -> None:
        """A message came in with what the transport read last."""
        found = _IN.search(text) if self._log.on else None
        if found:
            self._log.note("came", type=found[1], ns=arrived(transport), **dict(_ID.findall(text)))

    def told(self, text: str, transport: Any, before: int) -> None:
        """A message was written last; `before`: when writing began, which stands where the transport does not say."""
        found = _OUT.search(text[:_HEAD]) if self._log.on else None
        if found:
            ns = transport.sent if isinstance(transport, StampedTransport) else before
            upgrade, self._upgrade = self._upgrade, {}
            self._log.note("told", type=found[1], ns=ns, **dict(_ID.findall(text)), **upgrade)

    def upgraded(self, asked_ns: int, answered_ns: int) -> None:
        """The connection was upgraded: told with its welcome, which names it."""
        self._upgrade = {"asked_ns": asked_ns, "answered_ns": answered_ns}


def arrived(transport: Any) -> int:
    """When the newest bytes of a connection had arrived."""
    return transport.arrived if isinstance(transport, StampedTransport) else time.monotonic_ns()
