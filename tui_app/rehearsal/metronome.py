"""`vigil rehearse --metronome RATE`: a lean platform that says of every frame when it was handed to the kernel.

It welcomes users by their JWT and sends the events of the agent runs that they ask for at a fixed rate in all, round the
sockets, heartbeats where nothing is asked; RATE 0 answers every request at once, with its whole run. Each of these frames holds
`sent_ns`, the monotonic clock right before its own write: what a client on this machine stamps at its arrival can be held
against it. With `--log` the truth is written down: of each run when its request had come and when its first and last event
went, and of each socket how many messages it was sent.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from typing import Final

from tui_app.rehearsal.metronome_peer import Peer
from tui_app.rehearsal.metronome_rest import Rest
from tui_app.rehearsal.metronome_runs import Moment, script
from tui_app.rehearsal.options import Options
from tui_app.rehearsal.platform import TruthLog
from tui_app.stamped import StampedTransport, stamp_arrivals

HOST: Final = "127.0.0.1"
TICK_S: Final = 0.001
BEHIND_S: Final = 0.01
"""What is due for longer than this is left out: after a time without a core there is no burst that nobody asked for."""
ACCEPTS: Final = 64
BACKLOG: Final = 1024
SET_S: Final = 1.0


class Metronome:
    """The schedule, and whom it goes round."""

    def __init__(self, rate: float, events: int, log: TruthLog, round_from: int = 1) -> None:
        self.rate = rate
        self.round_from = round_from
        self.at_once = rate == 0
        self.script = script(events)
        self.log = log
        self.rest = Rest()
        self.moment = Moment()
        self.peers: list[Peer] = []
        """Whom the round goes to."""
        self.open: set[Peer] = set()
        """All that are connected and welcomed."""
        self.left_out = 0
        self._turn = 0
        self._due = 0.0
        """When the next frame is due, ns of the monotonic clock."""
        self._ticking = False
        self._set_at = 0

    def begins(self) -> None:
        """There is one more to send to."""
        if not self._ticking and not self.at_once and len(self.peers) >= self.round_from:
            self._ticking, self.round_from = True, 1
            self._due = float(time.monotonic_ns())
            self._tick()

    def _tick(self) -> None:
        now = time.monotonic_ns()
        if now - self._set_at > SET_S * 1e9:
            self._set_at = now
            self.moment.set()
        every = 1e9 / self.rate
        late = now - self._due - BEHIND_S * 1e9
        if late > 0:
            missed = int(late / every) + 1
            self.left_out += missed
            self._due += missed * every
        peers = self.peers
        while self._due <= now and peers:
            self._due += every
            self._turn = (self._turn + 1) % len(peers)
            peer = peers[self._turn]
            if not peer.full:
                peer.beat(now)
        self._ticking = bool(peers)
        if peers:
            asyncio.get_running_loop().call_later(TICK_S, self._tick)

    def listen(self) -> int:
        """Accept connections from now on; the port."""
        listener = socket.create_server((HOST, 0), backlog=BACKLOG)
        listener.setblocking(False)
        stamp_arrivals(listener)
        asyncio.get_running_loop().add_reader(listener.fileno(), self._accept, listener)
        return int(listener.getsockname()[1])

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(ACCEPTS):
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            StampedTransport(asyncio.get_running_loop(), connection, Peer(self)).begin()

    def ends(self) -> None:
        """Say what the sockets that are still open were sent."""
        for peer in self.open:
            peer.note()
        self.log.note("metronome", left_out=self.left_out)
        self.log.close()


def serve(options: Options) -> int:
    """Serve until stopped; the address line is that of the rehearsal's services, all of them at one address."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main(options))
    return 0


async def _main(options: Options) -> None:
    from tui_app.rehearsal.server import stop_at_eof, stop_on_signals

    assert options.metronome is not None
    stop = asyncio.Event()
    stop_on_signals(stop)
    if options.stop_with_stdin:
        stop_at_eof(stop, asyncio.get_running_loop())
    metronome = Metronome(options.metronome, options.run_events, TruthLog(options.log), options.round_from)
    at = f"{HOST}:{metronome.listen()}"
    urls = {**dict.fromkeys(("auth", "backend", "frontend"), f"http://{at}"), "websocket": f"ws://{at}/ws"}
    sys.stdout.write(json.dumps(urls) + "\n")
    sys.stdout.flush()
    await stop.wait()
    metronome.ends()
