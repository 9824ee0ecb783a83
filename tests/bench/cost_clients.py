"""Bare clients for `bench_cost.py`, which only count: sign in, ask, look at each event's name and ids, ask again, close.

Nobody asks before all are connected, so that memory is that of so many users.

python tests/bench/cost_clients.py websockets|websockets+uvloop|picows ORDER.json      # prints what it counted
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid
from pathlib import Path
from typing import Any, Final

import msgspec

ORDER: Final = ("agent_started", "agent_thinking", "tool_executing", "tool_completed", "agent_completed")
CONNECTING: Final = 100
"""Handshakes in flight."""


class Data(msgspec.Struct):
    """What is looked at of an event's data."""

    request_id: str = ""
    user_id: str = ""


class Event(msgspec.Struct):
    """What is looked at of an event."""

    type: str
    data: Data


class Count:
    """What a client saw."""

    def __init__(self) -> None:
        self.events = self.messages = self.wrong = 0
        self.began_s = self.ended_s = self.began_cpu_s = self.ended_cpu_s = 0.0

    def begins(self) -> None:
        """The first connection is about to be made."""
        self.began_s, self.began_cpu_s = time.monotonic(), time.process_time()

    def ends(self) -> None:
        """The last connection is closed."""
        self.ended_s, self.ended_cpu_s = time.monotonic(), time.process_time()

    def told(self) -> dict[str, float]:
        """For the bench."""
        return {
            "events": self.events, "messages": self.messages, "wrong": self.wrong,
            "work_s": self.ended_s - self.began_s, "work_cpu_s": self.ended_cpu_s - self.began_cpu_s,
        }  # fmt: skip


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Event).decode


def message(user: int, number: int) -> tuple[str, bytes]:
    """A request's id and the message: the envelope and the texts that Vigil's own have."""
    request, thread = uuid.uuid4().hex, f"thread-u{user}"
    said = f"Quote my reference {request}-{number:06d} in your answer."
    payload = {"content": said, "message": said, "turn_id": request, "thread_id": thread}
    return request, _encode(
        {"type": "user_message", "payload": payload, "timestamp": time.time(), "message_id": request, "thread_id": thread}
    )


async def by_websockets(url: str, tokens: list[str], messages: int, count: Count) -> None:
    """The library's own client, as its documentation has it; without compression and pings."""
    from websockets.asyncio.client import connect

    turn = asyncio.Semaphore(CONNECTING)

    async def one(number: int, token: str) -> None:
        async with turn:
            socket = await connect(url, additional_headers={"Authorization": f"Bearer {token}"}, compression=None, ping_interval=None)
            user = _decode(await socket.recv(decode=False)).data.user_id
        await all_there.wait()
        for each in range(messages):
            request, text = message(number, each)
            await socket.send(text, text=True)
            count.messages += 1
            for name in ORDER:
                event = _decode(await socket.recv(decode=False))
                count.events += 1
                if event.type != name or event.data.request_id != request or event.data.user_id != user:
                    count.wrong += 1
        await socket.close()

    all_there = asyncio.Barrier(len(tokens))
    count.begins()
    await asyncio.gather(*(one(number, token) for number, token in enumerate(tokens)))
    count.ends()


async def by_picows(url: str, tokens: list[str], messages: int, count: Count) -> None:
    """The library's own listener: no task per connection."""
    from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

    class Client(WSListener):
        def __init__(self, number: int) -> None:
            self.number, self.asked, self.at, self.request, self.user = number, 0, 0, "", ""
            self.over = asyncio.get_running_loop().create_future()

        def ask(self, transport: WSTransport) -> None:
            if self.asked == messages:
                transport.send_close(WSCloseCode.OK)
                return
            self.request, text = message(self.number, self.asked)
            self.asked += 1
            self.at = 0
            count.messages += 1
            transport.send(WSMsgType.TEXT, text)

        def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
            if frame.msg_type != WSMsgType.TEXT:
                if frame.msg_type == WSMsgType.CLOSE:
                    transport.disconnect()
                return
            event = _decode(frame.get_payload_as_memoryview())
            if not self.user:
                self.user = event.data.user_id
                there.append((self, transport))
                if len(there) == len(tokens):
                    for client, its in there:
                        client.ask(its)
                return
            count.events += 1
            if event.type != ORDER[self.at] or event.data.request_id != self.request or event.data.user_id != self.user:
                count.wrong += 1
            self.at += 1
            if self.at == len(ORDER):
                self.ask(transport)

        def on_ws_disconnected(self, transport: WSTransport) -> None:
            if not self.over.done():
                self.over.set_result(None)

    there: list[tuple[Client, WSTransport]] = []
    turn = asyncio.Semaphore(CONNECTING)

    async def one(number: int, token: str) -> None:
        async with turn:
            _, client = await ws_connect(
                lambda: Client(number), url, extra_headers={"Authorization": f"Bearer {token}"}, enable_auto_ping=False
            )
        await client.over  # type: ignore[attr-defined]

    count.begins()
    await asyncio.gather(*(one(number, token) for number, token in enumerate(tokens)))
    count.ends()


def main() -> None:
    """Run one of them."""
    name, about = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
    count = Count()
    client: Any = by_picows if name == "picows" else by_websockets
    work = client(about["url"], about["tokens"], about["messages"], count)
    if name == "websockets":
        asyncio.run(work)
    else:
        import uvloop

        uvloop.run(work)
    print(json.dumps(count.told()))


if __name__ == "__main__":
    main()
