"""Metrics while a session runs: a file that a collector of text files reads, or an endpoint that answers on this machine alone."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST

from tui_app.metrics.collector import RecordingCollector
from tui_app.recording.errors import RecordingError

EVERY_S: Final = 2.0
"""Between two writings of the file."""
HERE: Final = "127.0.0.1"
_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})


def port_of(text: str) -> int:
    """The port that `--metrics-port` names, with this machine before it or nothing. Raises ValueError."""
    host, colon, number = text.rpartition(":")
    if colon and host not in _NAMES:
        raise ValueError(
            f"--metrics-port {text}: metrics are answered on this machine alone; give a port, and forward it (ssh -L) where needed"
        )
    if not number.isdecimal() or int(number) > 65_535:
        raise ValueError(f"--metrics-port {text}: a port is a number up to 65535; 0 takes any that is free")
    return int(number)


class Exporter:
    """Takes its port at once, so that one that is taken is told before the session starts; `begin` says what to export.

    Raises ValueError where the port cannot be had or the file cannot be written.
    """

    def __init__(self, file: Path | None, port: int | None) -> None:
        self.file = file
        self._collector: RecordingCollector | None = None
        self._done = threading.Event()
        self._threads: list[threading.Thread] = []
        self._server: _Server | None = None
        if file is not None:
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                replace(file, "# EOF\n")
            except OSError as error:
                raise ValueError(f"--metrics-file {file} cannot be written: {error.strerror}") from error
        if port is not None:
            try:
                self._server = _Server(port, self)
            except OSError as error:
                raise ValueError(f"--metrics-port {port} cannot be had: {error.strerror}; 0 takes any that is free") from error

    @property
    def address(self) -> str:
        """Where it answers; '' where it does not."""
        return f"http://{HERE}:{self._server.server_address[1]}/metrics" if self._server else ""

    def begin(self, recording: Path) -> None:
        """Export this recording from now on. Raises RecordingError."""
        self._collector = RecordingCollector(recording)
        if self._server is not None:
            self._spawn(self._server.serve_forever)
        if self.file is not None:
            self._spawn(self._write_on)

    def text(self) -> str:
        """The metrics as they are now."""
        return self._collector.text() if self._collector else "# EOF\n"

    def close(self) -> None:
        """The last writing, and no more answers."""
        self._done.set()
        if self._server is not None:
            if self._collector is not None:
                self._server.shutdown()
            self._server.server_close()
        for thread in self._threads:
            thread.join()
        if self._collector is not None:
            if self.file is not None:
                self._write()
            self._collector.close()

    def _spawn(self, do: object) -> None:
        thread = threading.Thread(target=do, name="metrics", daemon=True)  # type: ignore[arg-type]
        thread.start()
        self._threads.append(thread)

    def _write_on(self) -> None:
        self._write()
        while not self._done.wait(EVERY_S):
            self._write()

    def _write(self) -> None:
        # A full disk or a recording that cannot be read for a moment must not end the session; the file then keeps its age.
        assert self.file is not None
        with contextlib.suppress(OSError, RecordingError):
            replace(self.file, self.text())


def replace(file: Path, text: str) -> None:
    """Put a text in the place of a file at once: whoever reads sees the old one or the new one, whole. Raises OSError."""
    handle, made = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
        os.chmod(made, 0o644)  # noqa: PTH101 -- a collector of text files runs as another user, and no figure here is secret
        os.replace(made, file)  # noqa: PTH105
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(made)  # noqa: PTH108
        raise


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, exporter: Exporter) -> None:
        super().__init__((HERE, port), _Handler)
        self.exporter = exporter


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "vigil"
    sys_version = ""

    def do_GET(self) -> None:
        # A page of somebody else's whose name was turned to this machine carries its own name here (DNS rebinding).
        if self.headers.get("Host", "").rpartition(":")[0] not in _NAMES:
            self._answer(403, "text/plain; charset=utf-8", "only by the name of this machine\n")
        elif self.path.partition("?")[0] != "/metrics":
            self._answer(404, "text/plain; charset=utf-8", "/metrics\n")
        else:
            try:
                self._answer(200, CONTENT_TYPE_LATEST, self.server.exporter.text())
            except RecordingError as error:
                self._answer(503, "text/plain; charset=utf-8", f"{error}\n")

    def _answer(self, status: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Scrapes are no news."""


@contextmanager
def exporting(file: str | None, port: str | None) -> Iterator[Exporter]:
    """An exporter for the options of `vigil run`. Raises ValueError."""
    exporter = Exporter(Path(file).expanduser().absolute() if file else None, port_of(port) if port is not None else None)
    try:
        yield exporter
    finally:
        exporter.close()
