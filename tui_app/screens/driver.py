"""The terminal as the application holds it: drawn on without waiting, read without dying of what is typed, given back however it ends."""

from __future__ import annotations

import os
import signal
from typing import Any

from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver

from tui_app.screens.line import END_OF_PICTURE, LineWriter
from tui_app.screens.typed import hang_up, read_typed


class LineDriver(LinuxDriver):
    """The toolkit's driver for terminals, with a writer that never blocks who draws."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.line: LineWriter | None = None
        self._suspending = False
        super().__init__(*args, **options)

    @property
    def _writer_thread(self) -> LineWriter | None:
        return self.line

    @_writer_thread.setter
    def _writer_thread(self, made: WriterThread | None) -> None:
        self.line = LineWriter(made._file) if made is not None else None

    def _get_terminal_size(self) -> tuple[int, int]:
        """Columns and rows as the terminal itself says them: what the environment says (COLUMNS, LINES) does not follow a resize."""
        try:
            size = os.get_terminal_size(self._file.fileno() if self._file is not None else self.fileno)
        except (OSError, ValueError):
            return super()._get_terminal_size()
        return size.columns, size.lines

    def write(self, data: str) -> None:
        """Send data to the terminal; nothing is sent to one that has been left."""
        if self.line is not None:
            self.line.write(data)

    def run_input_thread(self) -> None:
        """Pass on what is typed until the application leaves, or is stopped."""
        read_typed(self.fileno, self.exit_event, self.process_message, hang_up)

    # -- leaving, and being stopped meanwhile

    def stop_application_mode(self) -> None:
        """Leave the terminal as it was found. A terminal that takes nothing is not first sent pictures that nobody saw."""
        if not self._suspending:  # for good: whoever stops us from here on finds the terminal as it is, and nobody takes it again
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)
            signal.signal(signal.SIGCONT, signal.SIG_DFL)
        if self.line is not None:
            self.line.forget()
            self.line.write(END_OF_PICTURE)
        super().stop_application_mode()

    def suspend_application_mode(self) -> None:
        """Leave the terminal for a while."""
        self._suspending = True
        try:
            super().suspend_application_mode()
        finally:
            self._suspending = False

    def _sigcont_application(self, *_: object) -> None:
        """Go on, whoever stopped us.

        A stop that nobody can handle (SIGSTOP) gave nothing back. The terminal is left first, else its state, as it is now, would count as
        the one to restore, and two threads would read from it.
        """
        if not self._auto_restart:
            return
        if not self._must_signal_resume:
            if not self._in_front():
                os.kill(os.getpid(), signal.SIGSTOP)
                return
            self.suspend_application_mode()
            self._must_signal_resume = True
        self.resume_application_mode()

    def _in_front(self) -> bool:
        """Whether the terminal is ours to use now; a job in the background may not."""
        try:
            return os.tcgetpgrp(self.fileno) == os.getpgrp()
        except OSError:
            return True
