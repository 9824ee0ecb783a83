"""A real terminal for a test: a pty, `vigil` on it, and a screen that understands what it writes.

Nothing is read from the pty but while a test looks, so a terminal that nobody looks at is a frozen one.
"""

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
from pathlib import Path
from typing import Any

import pyte

from tests.engine.conftest import Home
from tui_app.model import Row
from tui_app.recording import sessions
from tui_app.recording.reader import Reader

WITHIN = 60.0
"""Seconds that a condition may take: generous, since the machine may be slow."""
DEC_MODE = re.compile(rb"\x1b\[\?([0-9;]+)([hl])")
UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[<>=][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*(?:u|\$p)|\x1b\[[0-9;]*t")
"""Keyboard protocol and queries: they draw nothing, and the emulation would."""
OF_THE_CALLER = ("LC_ALL", "SSH_TTY", "SSH_CONNECTION", "NO_COLOR")
"""What the terminal that the tests run in may have set, and these terminals have not."""
MOUSE = (1000, 1002, 1003, 1006, 1015)


def until(condition: Callable[[], Any], what: str, within: float = WITHIN) -> Any:
    """Poll a condition that another process makes true; fails with `what` after a generous while."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"did not happen within {within:.0f} s: {what}")


class Terminal:
    """`vigil ARGS` on a pty of its own, as the leader of a session with this as its terminal."""

    def __init__(self, home: Home, *args: str, columns: int = 160, rows: int = 45, wrapped: tuple[str, ...] = (), **env: str) -> None:
        self.size = (columns, rows)
        self.raw = bytearray()
        self._fed = 0
        self.code: int | None = None
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        command = [*wrapped, *home.command(*args)]
        wanted = {**home.env, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", **env}
        wanted = {
            key: value
            for key, value in wanted.items()
            if key not in ("LC_ALL", "SSH_TTY", "SSH_CONNECTION", "NO_COLOR", "COLUMNS", "LINES") or key in env
        }
        self.master, slave = pty.openpty()
        self.resize(columns, rows, tell=False)
        self.before = termios.tcgetattr(slave)
        self.name = os.ttyname(slave)
        self.pid = os.fork()
        if self.pid == 0:
            os.login_tty(slave)
            os.execvpe(command[0], command, wanted)
        os.close(slave)

    # -- what a person does

    def press(self, *keys: str) -> None:
        """Type keys, each as the terminal sends it."""
        for key in keys:
            os.write(self.master, key.encode())

    def resize(self, columns: int, rows: int, *, tell: bool = True) -> None:
        """Give the window another size."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.size = (columns, rows)
        if tell:
            self._feed()
            self._screen.resize(rows, columns)

    def kill(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def hang_up(self) -> None:
        """The line is cut: nobody holds the terminal's other end any more."""
        os.close(self.master)
        self.master = -1

    # -- what a person sees

    def read(self, seconds: float = 0.02) -> bool:
        """Read for so long; False once the terminal has ended."""
        deadline = time.monotonic() + seconds
        while True:
            ready, _, _ = select.select([self.master], [], [], max(deadline - time.monotonic(), 0))
            if not ready:
                return True
            try:
                got = os.read(self.master, 65536)
            except OSError:
                got = b""
            if not got:
                return False
            self.raw += got

    def _feed(self) -> None:
        # An escape sequence may still be on its way: it is fed with what follows.
        end = len(self.raw)
        escape = self.raw.rfind(b"\x1b", max(end - 32, self._fed))
        end = escape if escape >= 0 else end
        self._stream.feed(UNKNOWN_TO_PYTE.sub(b"", bytes(self.raw[self._fed : end])))
        self._fed = end

    def text(self) -> str:
        """The screen as it is now."""
        self._feed()
        return "\n".join(line.rstrip() for line in self._screen.display)

    def sees(self, *wanted: str, within: float = WITHIN) -> str:
        """Look until each of these is on the screen at once; gives the screen. Each is a regular expression."""
        deadline = time.monotonic() + within
        while True:
            alive = self.read(0.1)
            shown = self.text()
            if all(re.search(one, shown) for one in wanted):
                return shown
            if not alive or time.monotonic() > deadline:
                begun = self.raw.find(b"Traceback")  # what it died of stands before its summary
                last = bytes(self.raw[begun : begun + 6000] if begun >= 0 else self.raw[-1500:])
                ended = "" if alive else "; it has ended"
                raise AssertionError(f"{wanted} never showed{ended}; the screen is\n{shown}\nand it wrote last\n{last!r}")

    def looks(self, condition: Callable[[], Any], what: str, within: float = WITHIN) -> Any:
        """Go on reading until something is so."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            found = condition()
            if found:
                return found
            assert self.read(0.05), f"it ended before: {what}\n{self.tail()}"
        raise AssertionError(f"did not happen within {within:.0f} s: {what}\n{self.text()}")

    def ends(self, within: float = WITHIN) -> int:
        """Read until it has ended; its exit code (a signal's number below 0)."""
        deadline = time.monotonic() + within
        while self.code is None:
            if self.master >= 0:
                self.read(0.05)
            else:
                time.sleep(0.02)
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self.code = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > deadline:
                raise AssertionError(f"it has not ended within {within:.0f} s\n{self.text()}")
        if self.master >= 0:
            self.read(0.05)
        return self.code

    def ends_unread(self, within: float = WITHIN) -> int:
        """Wait until it has ended, without reading a byte of what it writes; its exit code."""

        def ended() -> bool:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            self.code = os.waitstatus_to_exitcode(status) if done else None
            return bool(done)

        until(ended, "its end", within)
        assert self.code is not None
        return self.code

    def tail(self) -> str:
        """What stands on the normal screen after the alternate one was left."""
        left = self.raw.rfind(b"\x1b[?1049l")
        after = bytes(self.raw[left if left >= 0 else 0 :])
        return re.sub(rb"\x1b\[[0-9;?<>=]*[a-zA-Z]", b"", after).decode("utf-8", "replace").replace("\r\n", "\n")

    def full(self) -> bool:
        """Whether whoever writes to this terminal must wait: its buffer takes no more."""
        slave = os.open(self.name, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        try:
            return not select.select([], [slave], [], 0)[1]
        finally:
            os.close(slave)

    # -- how it was left

    def modes(self) -> dict[int, bool]:
        """Each DEC private mode that was ever touched, and whether it is on now."""
        found: dict[int, bool] = {}
        for numbers, letter in DEC_MODE.findall(bytes(self.raw)):
            for number in numbers.split(b";"):
                found[int(number)] = letter == b"h"
        return found

    def assert_restored(self) -> None:
        """The normal screen, a cursor, no mouse reports, no bracketed paste, and the line discipline as it was."""
        modes = self.modes()
        assert modes[1049] is False, "the alternate screen was left"
        assert modes[25] is True, "the cursor shows"
        assert not [mode for mode in (*MOUSE, 2004, 1004) if modes.get(mode)], "nothing is reported any more"
        slave = os.open(self.name, os.O_RDWR | os.O_NOCTTY)
        try:
            after = termios.tcgetattr(slave)
        finally:
            os.close(slave)
        assert after[:4] == self.before[:4], "echo, lines and signals are as before"

    def close(self) -> None:
        """End it, whatever state it is in."""
        if self.code is None:
            try:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
            self.code = -9
        if self.master >= 0:
            self.hang_up()


def newest() -> sessions.SessionEntry | None:
    """The newest session of this home, once its recording can be read."""
    found = [entry for entry in sessions.list_sessions() if not entry.problem]
    return found[0] if found else None


def rows(path: Path, *kinds: str) -> list[Row]:
    """Everything of these kinds that a recording holds so far."""
    with Reader(path) as reader:
        return list(reader.rows(kinds=kinds or None))
