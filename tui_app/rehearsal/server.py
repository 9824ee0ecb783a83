"""The process: three uvicorn servers in one event loop, on loopback, on ports that the system chooses."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

from tui_app.rehearsal.faults.registry import Seeded
from tui_app.rehearsal.options import Options, parse

HOST = "127.0.0.1"
GOING_AWAY = 1001
SEND_BUFFER = 65_536
ACCEPTS = 64
"""Connections taken in one turn of the loop."""
AUTHORITY = "ca.pem"
SWITCH_S = 0.001
"""How long a computing thread may keep the event loop waiting for the interpreter."""


class Unusable(Exception):
    """The data directory cannot be used; the message says why."""


def serve(argv: list[str] | None = None) -> int:
    """Run until stopped by a signal (or by the end of stdin, if asked for). Exit codes: 0 stopped, 2 wrong usage."""
    options = parse(argv)
    if options.metronome is not None:
        from tui_app.rehearsal.metronome import serve as keep_time

        return keep_time(options)
    try:
        with _tidy_when_terminated(), _directory(options.data) as directory:
            return _serve(options, directory)
    except Unusable as error:
        print(f"rehearsal: {error}", file=sys.stderr)  # noqa: T201
        return 2


@contextlib.contextmanager
def _tidy_when_terminated() -> Iterator[None]:
    """Until the event loop handles it, SIGTERM unwinds like any exit, so that a temporary directory is removed."""

    def leave(*_: object) -> None:
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _directory(given: Path | None) -> Iterator[Path]:
    """The data directory, held by this process alone; a temporary one is removed at the end."""
    # Named before it is made: a signal may come between the two, and what is made after it has a name is removed.
    directory = given or Path(tempfile.gettempdir()) / f"vigil-rehearsal-{secrets.token_hex(8)}"
    handle: IO[str] | None = None
    try:
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = (directory / "lock").open("w")
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Unusable("another rehearsal is using this data directory") from error
        except OSError as error:
            raise Unusable(f"cannot use the data directory: {error.strerror}") from error
        yield directory
    finally:
        if handle is not None:
            handle.close()
        if given is None:
            shutil.rmtree(directory, ignore_errors=True)


def _serve(options: Options, directory: Path) -> int:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main(options, directory))
    return 0


async def _main(options: Options, directory: Path) -> None:
    import uvicorn
    from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
    from websockets.frames import Close, Frame, Opcode

    from tui_app.rehearsal.cors import Cors
    from tui_app.rehearsal.either import EitherWay
    from tui_app.rehearsal.instances import Front, instance
    from tui_app.rehearsal.platform import assemble
    from tui_app.rehearsal.services.auth import Auth
    from tui_app.rehearsal.services.backend import backend
    from tui_app.rehearsal.services.frontend import frontend
    from tui_app.rehearsal.stores.tier import TierDown
    from tui_app.rehearsal.wire_log import WireLog, arrived
    from tui_app.stamped import StampedTransport, stamp_arrivals

    class Server(uvicorn.Server):
        """Says when it accepts. Signals are ours to handle: three servers would take them from each other."""

        def __init__(self, config: uvicorn.Config) -> None:
            super().__init__(config)
            self.accepts = asyncio.Event()
            self._listening: list[int] = []
            self._leaving = asyncio.Event()

        def leave(self) -> None:
            self.should_exit = True
            self._leaving.set()

        async def main_loop(self) -> None:
            while not await self.on_tick(0):  # once a second, for the Date header, instead of the ten looks a second of the default
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._leaving.wait(), 1.0)

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            # In the clear the connections go over our own transport, which knows when bytes came and went.
            await super().startup(sockets if self.config.ssl else [])
            for listener in () if self.config.ssl else sockets or ():
                listener.setblocking(False)
                stamp_arrivals(listener)
                self._listening.append(listener.fileno())
                asyncio.get_running_loop().add_reader(listener.fileno(), self._accept, listener)
            self.accepts.set()

        def _accept(self, listener: socket.socket) -> None:
            for _ in range(ACCEPTS):
                try:
                    connection, _address = listener.accept()
                except OSError:
                    return
                connection.setblocking(False)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                make = cast(Any, self.config.http_protocol_class)
                protocol = make(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)
                StampedTransport(asyncio.get_running_loop(), connection, protocol, stamp_sends=platform.log.on).begin()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            for listening in self._listening:
                asyncio.get_running_loop().remove_reader(listening)
            await super().shutdown(sockets)

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    class Upgrade(WebSocketsSansIOProtocol):
        """Gives a session the means to cut its TCP connection, as a front that dies would, and notes what crosses the wire."""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            self.notes = WireLog(platform.log)
            self.asked_at = 0

        def handle_text(self, event: Frame) -> None:
            if event.fin and platform.log.on:
                self.notes.came(bytes(event.data).decode("utf-8", "replace"), self.transport)
            super().handle_text(event)

        async def send(self, message: Any) -> None:
            before = time.monotonic_ns()
            await super().send(message)
            if message["type"] == "websocket.send" and message.get("text"):
                self.notes.told(message["text"], self.transport, before)
            elif message["type"] == "websocket.accept":
                self.notes.upgraded(self.asked_at, getattr(self.transport, "sent", before))

        def handle_connect(self, event: Any) -> None:
            self.asked_at = arrived(self.transport)
            super().handle_connect(event)
            if self.response.status_code == 101:
                extensions: dict[str, Any] = cast(Any, self.scope)["extensions"]
                extensions["rehearsal.abort"] = self.transport.abort

        def handle_ping(self) -> None:
            if platform.faults.apply("ping.answered", True):
                super().handle_ping()
            else:
                self.conn.data_to_send()  # where the pong was waiting

        def handle_parser_exception(self) -> None:
            sent = self.conn.close_sent
            code = platform.faults.apply("frame.violation", sent.code if sent is not None else 1002)
            if sent is None or code == sent.code:
                super().handle_parser_exception()
                return
            self.conn.data_to_send()
            if code:
                self.transport.write(Frame(Opcode.CLOSE, Close(code, "").serialize()).serialize(mask=False))
                self.queue.put_nowait({"type": "websocket.disconnect", "code": code})
                self.close_sent = True
                self.transport.close()

    sys.setswitchinterval(SWITCH_S)
    stop = asyncio.Event()
    stop_on_signals(stop)
    if options.stop_with_stdin:
        stop_at_eof(stop, asyncio.get_running_loop())
    try:
        platform = assemble(options, directory)
        await platform.open()
    except TierDown as down:
        raise Unusable(str(down)) from down
    apps: dict[str, Any] = {"auth": Auth(platform).app(), "backend": backend(platform), "frontend": frontend(platform)}
    contexts = await asyncio.to_thread(_tls, options, directory, platform.faults, tuple(apps))
    scheme = "https" if contexts else "http"
    servers: list[Server] = []
    running: list[asyncio.Task[None]] = []
    urls: dict[str, str] = {}
    front: Front | None = None
    listeners = {name: _listener() for name in apps}
    for name, listener in listeners.items():
        urls[name] = f"{scheme}://{HOST}:{listener.getsockname()[1]}"
    served = [(apps[name], listener, contexts.get(name)) for name, listener in listeners.items()]
    if options.instances > 1:
        # The front takes the backend's address; the instances behind it speak in the clear, as behind a load balancer.
        (backends,) = (one for one in served if one[1] is listeners["backend"])
        served.remove(backends)
        behind = [(instance(apps["backend"], number), _listener(), None) for number in range(1, options.instances + 1)]
        front = Front([listener.getsockname() for _, listener, _ in behind])
        await front.listen(listeners["backend"], contexts.get("backend"))
        served += behind
    either: EitherWay | None = None
    if contexts and front is None and platform.faults.apply("tls.plain", False, service="backend"):
        served = [one for one in served if one[1] is not listeners["backend"]]
        secure, plain = _listener(), _listener()
        either = EitherWay(secure.getsockname(), plain.getsockname())
        await either.serve(listeners["backend"])
        served += [(apps["backend"], secure, contexts["backend"]), (apps["backend"], plain, None)]
    try:
        for app, listener, context in served:
            config = uvicorn.Config(
                platform.jitter.answers(Cors(app, platform)),
                http="h11",
                ws=Upgrade,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                ws_ping_interval=None,
                ws_per_message_deflate=False,
                timeout_graceful_shutdown=1,
                ssl_context_factory=_given(context) if context else None,
            )
            server = Server(config)
            servers.append(server)
            running.append(asyncio.create_task(server.serve(sockets=[listener])))
        platform.urls, platform.origins = urls, {urls["frontend"]}
        for one in servers:
            await one.accepts.wait()
        urls["websocket"] = urls["backend"].replace("http", "ws", 1) + "/ws"
        if contexts:
            urls["ca"] = str((directory / AUTHORITY).absolute())
        stores: dict[str, Any] = {"tiers": platform.stores} if options.show_stores else {}
        sys.stdout.write(json.dumps({**urls, **stores}) + "\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await platform.sockets.close_all(GOING_AWAY, "Rehearsal stops")
        for one in servers:
            one.leave()
        if front is not None:
            await front.end()
        if either is not None:
            either.close()
        await asyncio.gather(*running, return_exceptions=True)
        await platform.disconnect()
        platform.close()


def _tls(options: Options, directory: Path, faults: Seeded, services: tuple[str, ...]) -> dict[str, ssl.SSLContext]:
    """A server context for each service where `--tls` asks for it: then nothing is served in the clear."""
    if not options.tls:
        return {}
    from tui_app.rehearsal.certificates import Certificates

    certificates = Certificates(directory / AUTHORITY, faults)
    return {service: certificates.context(service) for service in services}


def _given(context: ssl.SSLContext) -> Callable[..., ssl.SSLContext]:
    return lambda *_: context


def _listener() -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind((HOST, 0))
    # As small as behind a front: somebody who does not read is noticed after some hundred kilobytes, not after megabytes.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    listener.listen(512)
    listener.setblocking(False)
    return listener


def stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)


def stop_at_eof(stop: asyncio.Event, loop: asyncio.AbstractEventLoop) -> None:
    def watch() -> None:
        # Read from the descriptor itself: a buffered reader would hold its lock when the interpreter goes down.
        try:
            while os.read(0, 4096):
                continue
        except OSError:
            pass
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=watch, name="owner", daemon=True).start()
