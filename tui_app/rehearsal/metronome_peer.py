"""One connection to the metronome: REST until it is upgraded, and then a user's WebSocket.

What comes in is rare and read with the protocol library; what goes out is the measurement and is written past it, whole frames
straight to the transport (RFC 6455: a server's frames are not masked).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import time
import uuid
from collections import deque
from typing import Any, Final, Protocol
from urllib.parse import parse_qs, urlsplit

import jwt
import msgspec
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol as WireProtocol
from websockets.protocol import Side
from websockets.utils import accept_key

from tui_app.rehearsal import frames
from tui_app.rehearsal.metronome_rest import Rest, written
from tui_app.rehearsal.metronome_runs import Moment, RunFrames, head, heartbeat
from tui_app.rehearsal.platform import TruthLog
from tui_app.stamped import StampedTransport

MAX_MESSAGE: Final = 1 << 20
RUN_TYPES: Final = frozenset({"user_message", "chat", "message", "start_agent"})
_encode = msgspec.json.Encoder().encode


class Round(Protocol):
    """What a connection needs of the metronome."""

    rest: Rest
    moment: Moment
    log: TruthLog
    script: tuple[str, ...]
    at_once: bool
    peers: list[Peer]
    open: set[Peer]

    def begins(self) -> None:
        """There is somebody to send to."""


class Peer(asyncio.Protocol):
    """A connection. Once it is welcomed, `beat` sends its next frame."""

    transport: StampedTransport

    def __init__(self, round: Round) -> None:
        self._round = round
        self._waiting = b""
        self._wire: WireProtocol | None = None
        self._asked: deque[tuple[dict[str, Any], int]] = deque()
        self._run: RunFrames | None = None
        self._facts: dict[str, Any] = {}
        self._at = self._began = self._last = self._gap = 0
        self._idle = b""
        self.user = ""
        self.connection_id = f"main_{uuid.uuid4().hex[:8]}"
        self.frames = self.events = self.runs = 0
        """Text messages, events of runs among them, and whole runs that were sent."""
        self.full = False

    # -- the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, StampedTransport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self._wire is None:
            self._waiting += data
            while self._wire is None and self._request():
                continue
            data, self._waiting = (self._waiting, b"") if self._wire is not None else (b"", self._waiting)
        if self._wire is not None and data:
            self._wire.receive_data(data)
            for event in self._wire.events_received():
                if isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.BINARY):
                    self._heard(bytes(event.data))
            self._flush()

    def eof_received(self) -> None:
        self._leave()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False

    # -- REST, and the upgrade

    def _request(self) -> bool:
        """Answer one whole request, if there is one."""
        top, end, rest = self._waiting.partition(b"\r\n\r\n")
        if not end:
            return False
        first, *lines = top.decode("latin-1").split("\r\n")
        method, target, *_ = [*first.split(" "), "", ""]
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        size = int(headers.get("content-length") or 0)
        if len(rest) < size:
            return False
        self._waiting = rest[size:]
        if headers.get("upgrade", "").lower() == "websocket":
            self._upgrade(target, headers)
            return True
        try:
            body = json.loads(rest[:size] or b"null")
        except ValueError:
            body = None
        self.transport.write(written(*self._round.rest.answer(method, urlsplit(target).path, body)))
        return True

    def _upgrade(self, target: str, headers: dict[str, str]) -> None:
        offered = [item.strip() for item in headers.get("sec-websocket-protocol", "").split(",")]
        carried = next((item[4:] for item in offered if item.startswith("jwt.")), "")
        token = (
            headers.get("authorization", "").removeprefix("Bearer ")
            or _unpacked(carried)
            or parse_qs(urlsplit(target).query).get("token", [""])[0]
        )
        answer = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
        answer.append(f"Sec-WebSocket-Accept: {accept_key(headers.get('sec-websocket-key', ''))}")
        if "jwt-auth" in offered:
            answer.append("Sec-WebSocket-Protocol: jwt-auth")
        self.transport.write(("\r\n".join(answer) + "\r\n\r\n").encode())
        self._wire = WireProtocol(Side.SERVER, max_size=MAX_MESSAGE)
        try:
            self.user = str(jwt.decode(token, options={"verify_signature": False})["sub"])
        except (jwt.PyJWTError, KeyError):
            self._tell(frames.error("AUTH_FAILED", "Authentication failed"))
            self._wire.send_close(1008, "Authentication failed")
            self._flush()
            return
        self._idle = heartbeat(self._round.moment)
        self._tell(frames.welcome(self.user, self.connection_id))
        self._round.open.add(self)
        self._join()

    def _flush(self) -> None:
        """What the protocol itself has to say: pongs, and the end."""
        assert self._wire is not None
        for data in self._wire.data_to_send():
            if data:
                self.transport.write(data)
        if self._wire.close_sent is not None or self._wire.parser_exc is not None:
            self._leave()
            self.transport.close()

    # -- what a user says

    def _heard(self, payload: bytes) -> None:
        try:
            message = json.loads(payload)
        except ValueError:
            self._tell(frames.error("JSON_PARSE_ERROR", "Invalid JSON format"))
            return
        type_ = message.get("type") if isinstance(message, dict) else None
        if type_ in RUN_TYPES:
            self._asked.append((message, self.transport.arrived))
            self._join()
            while self._round.at_once and (self._asked or self._run is not None):
                self.beat(time.monotonic_ns())
        elif type_ == "ping":
            inner = message.get("payload")
            name = message.get("id", inner.get("id") if isinstance(inner, dict) else None)
            self._tell(frames.message("pong", {"id": name, "timestamp": message.get("timestamp"), "user_id": self.user}))
        elif type_ == "disconnect":
            self._tell(frames.message("disconnect_acknowledged", {"user_id": self.user}))
            self._rests()
        elif type_ not in ("pong", "heartbeat_ack"):
            self._tell(frames.ack(str(type_ or "unknown"), self.user))

    def _tell(self, frame: dict[str, Any]) -> None:
        payload = _encode(frame)
        self.frames += 1
        self.transport.write(head(len(payload)) + payload)

    # -- what a user is sent

    def beat(self, ns: int) -> None:
        """Send the next event of the run under way, or a heartbeat where none is asked for, stamped as it leaves."""
        if self._run is None and self._asked:
            self._next_run()
        run, slots = self._run, self._round.moment.slots
        self.frames += 1
        if run is None:
            ns = time.monotonic_ns()
            self.transport.write(self._idle % slots(ns, 0, 0, ns))
            return
        template, at, since = run.template(self._at), self._at, self._began or ns
        ns = time.monotonic_ns()
        self.transport.write(template % slots(ns, at, run.calls[at], since))
        self.events += 1
        if at == 0:
            self._began = self._last = self._facts["first_ns"] = ns
            self._gap = 0
        self._gap, self._last = max(self._gap, ns - self._last), ns
        self._at += 1
        if self._at == len(run.names):
            self.runs += 1
            self._round.log.note("run", **self._facts, last_ns=ns, gap_ns=self._gap, events=self._at)
            self._run, self._at, self._began = None, 0, 0

    def _next_run(self) -> None:
        message, came = self._asked.popleft()
        said = message.get("payload")
        payload = said if isinstance(said, dict) else {}
        thread = str(message.get("thread_id") or payload.get("thread_id") or f"thread_{uuid.uuid4().hex[:16]}")
        request = str(message.get("message_id") or uuid.uuid4().hex)
        ids = {"run_id": str(uuid.uuid4()), "thread_id": thread, "request_id": request, "user_id": self.user}
        self._facts = {**ids, "came_ns": came}
        self._run = RunFrames(ids, str(payload.get("content") or payload.get("message") or ""), self._round.script, self._round.moment)

    def _join(self) -> None:
        """Be one of those whom the round goes to."""
        if self not in self._round.peers:
            self._round.peers.append(self)
            self._round.begins()

    def _rests(self) -> None:
        """Be sent nothing more, unless asked."""
        if self in self._round.peers:
            self._round.peers.remove(self)

    def note(self) -> None:
        """Say in the log what this socket was sent."""
        self._round.log.note(
            "sent", user_id=self.user, connection_id=self.connection_id, frames=self.frames, events=self.events, runs=self.runs
        )

    def _leave(self) -> None:
        self._rests()
        if self in self._round.open:
            self._round.open.remove(self)
            self.note()


def _unpacked(carried: str) -> str:
    """The token of a subprotocol item, base64url without padding; '' for what is none."""
    try:
        return base64.urlsafe_b64decode(carried + "=" * (-len(carried) % 4)).decode()
    except (binascii.Error, ValueError):
        return ""
