"""The line to the terminal: what was written to it, what still waits, and for how long it has taken nothing.

The toolkit's writer takes thirty writes and then blocks whoever draws, for as long as nobody reads. This one never does:
writes wait here, the application looks how much waits and draws nothing new until it is gone, and on leaving only what restores
the terminal is still sent.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque
from typing import IO, Final

from textual.drivers._writer_thread import WriterThread

PIECE: Final = 1_024
"""Bytes of one write: a terminal that has room takes so many at once."""
LEAVING_S: Final = 5.0
"""Seconds that a terminal gets to take what restores it."""
LOOK_S: Final = 0.25
END_OF_PICTURE: Final = "\x1b[?2026l"
"""What ends a picture that a terminal shows at once; a terminal that cannot do so knows nothing of it."""


class LineWriter(WriterThread):
    """Writes to the terminal in a thread of its own; nobody waits for it."""

    def __init__(self, file: IO[str]) -> None:
        super().__init__(file)
        self._encoding = getattr(file, "encoding", None) or "utf-8"
        self._waiting: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._ending: float | None = None
        self._taken = 0
        """Bytes of the first of these that the terminal has taken."""
        self.written = 0
        """Bytes that the terminal has taken."""
        self.since: float | None = None
        """Since when (monotonic seconds) something waits without the terminal taking anything; None while nothing waits."""

    def write(self, text: str) -> None:
        """Send text, now or when the terminal takes it. Characters that its encoding lacks become `?`, one cell each."""
        data = text.encode(self._encoding, "replace")
        with self._changed:
            self._waiting.append(data)
            if self.since is None:
                self.since = time.monotonic()
            self._changed.notify()

    @property
    def pending(self) -> int:
        """Bytes that wait."""
        with self._changed:
            return sum(map(len, self._waiting)) - self._taken

    def held(self, now: float) -> float:
        """For how long (seconds) the terminal has taken nothing of what waits."""
        since = self.since
        return max(now - since, 0.0) if since is not None else 0.0

    def forget(self) -> None:
        """Drop what has not begun to be sent: another picture follows it."""
        with self._changed:
            while len(self._waiting) > 1:
                self._waiting.pop()

    def run(self) -> None:
        """Send what waits, piece by piece."""
        given = self._file.fileno()
        fd = _own(given)
        try:
            while (data := self._next()) is not None and self._send_all(fd, data):
                with self._changed:
                    self._waiting.popleft()
                    self._taken = 0
        finally:
            if fd != given:
                os.close(fd)

    def _next(self) -> bytes | None:
        """What is to be sent next, once there is something; None at the end."""
        with self._changed:
            while not self._waiting:
                self.since = None
                if self._ending is not None:
                    return None
                self._changed.wait()
            return self._waiting[0]

    def _send_all(self, fd: int, data: bytes) -> bool:
        return all(self._send(fd, data[start : start + PIECE]) for start in range(0, len(data), PIECE))

    def _send(self, fd: int, piece: bytes) -> bool:
        """One piece; False once the terminal is gone, or takes nothing any more while we are leaving."""
        while piece:
            try:
                if not select.select([], [fd], [], LOOK_S)[1]:
                    if self._ending is not None and time.monotonic() > self._ending:
                        return False
                    continue
                count = os.write(fd, piece)
            except BlockingIOError:
                continue
            except OSError:
                return False
            piece = piece[count:]
            with self._changed:
                self.written += count
                self._taken += count
                self.since = time.monotonic()
        return True

    def stop(self) -> None:
        """Send what waits, as long as the terminal takes it, and end."""
        with self._changed:
            self._ending = time.monotonic() + LEAVING_S
            self._changed.notify()
        self.join(LEAVING_S + 2 * LOOK_S)


def _own(fd: int) -> int:
    """The same terminal opened once more, so that a write takes what there is room for and never waits; `fd` where it cannot be."""
    try:
        return os.open(os.ttyname(fd), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return fd
