"""A program on a pty, every byte it writes stamped as it comes, and what its screen showed at any of those moments."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyte

UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[<>=][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*(?:u|\$p)|\x1b\[[0-9;]*t")
"""Keyboard protocol and queries: they draw nothing, and the emulation would."""


@dataclass(frozen=True)
class Usage:
    """What a process has used: processor seconds, and what of it is in memory now."""

    processor_s: float
    resident_mib: float


class Watched:
    """`command` on a pty of a size, started when this is made."""

    def __init__(self, command: list[str], env: dict[str, str], size: tuple[int, int]) -> None:
        self.size = size
        self.chunks: list[tuple[float, bytes]] = []
        self.bytes = 0
        self.master, slave = pty.openpty()
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.begun = time.monotonic()
        self.pid = os.fork()
        if self.pid == 0:
            os.login_tty(slave)
            os.execvpe(command[0], command, env)
        os.close(slave)

    def read(self, seconds: float) -> bool:
        """Read for so long; False once the program has ended."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if not select.select([self.master], [], [], left)[0]:
                return True
            try:
                got = os.read(self.master, 1 << 16)
            except OSError:
                return False
            self.chunks.append((time.monotonic(), got))
            self.bytes += len(got)
        return True

    def until_bytes(self, wanted: bytes, within: float = 20.0) -> float:
        """Read until these bytes came; seconds since the start."""
        seen, at = b"", 0
        while time.monotonic() - self.begun < within:
            alive = self.read(0.005)
            while at < len(self.chunks):
                stamp, got = self.chunks[at]
                seen, at = seen + got, at + 1
                if wanted in seen:
                    return stamp - self.begun
            if not alive:
                break
        raise RuntimeError(f"{wanted!r} never came; it wrote last {seen[-600:]!r}")

    def press(self, key: str) -> float:
        """Type; gives the moment before."""
        now = time.monotonic()
        os.write(self.master, key.encode())
        return now

    def usage(self) -> Usage:
        """What the program has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        resident = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text())
        ticks = os.sysconf("SC_CLK_TCK")
        return Usage((int(fields[11]) + int(fields[12])) / ticks, int(resident.group(1)) / 1024 if resident else 0.0)

    def shown_after(self, begun: float, ended: float, seen: Callable[[Any], Any]) -> float | None:
        """Seconds from `begun` until `seen(screen)` differs from what it was then; None if it never does before `ended`."""
        screen = self._until(begun)
        was = seen(screen)
        for stamp, got in self.chunks[self._fed :]:
            if stamp > ended:
                return None
            self._feed(got)
            if seen(screen) != was:
                return stamp - begun
        return None

    _fed = 0
    _screen: Any = None

    def _until(self, moment: float) -> Any:
        if self._screen is None:
            self._screen = pyte.Screen(*self.size)
            self._stream = pyte.ByteStream(self._screen)
        while self._fed < len(self.chunks) and self.chunks[self._fed][0] <= moment:
            self._feed(self.chunks[self._fed][1])
        return self._screen

    def _feed(self, got: bytes) -> None:
        self._stream.feed(UNKNOWN_TO_PYTE.sub(b"", got))
        self._fed += 1

    def close(self) -> None:
        """End the program."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.master)


def shows(pattern: str) -> Callable[[Any], Any]:
    """Whether the screen has this (a regular expression)."""
    wanted = re.compile(pattern)
    return lambda screen: bool(wanted.search("\n".join(screen.display)))


def chip(word: str) -> Callable[[Any], Any]:
    """Whether a mode is named on the screen."""
    return shows(re.escape(word))


def moved(screen: Any) -> Any:
    """Where the line under the cursor is: the rows whose ground differs from the most usual one."""
    width = screen.columns
    grounds = [tuple(screen.buffer[y][x].bg for x in (3, width // 3)) for y in range(screen.lines)]
    usual = max(set(grounds), key=grounds.count)
    return tuple(y for y, one in enumerate(grounds) if one != usual)
