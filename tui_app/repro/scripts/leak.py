"""One user listens while another one asks: nothing of the other's may arrive, plain or encoded."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from typing import Any
from urllib.parse import unquote

import websockets

from tui_app.repro.scripts.common import (
    FACTS,
    Unclear,
    address,
    answer_of,
    ask,
    client,
    connected,
    finish,
    forget_thread,
    marker,
    name_of,
    new_thread,
    said,
    still_open,
    tried,
    two,
    values,
    who,
)  # fmt: skip

ROUNDS, QUIET_S, PART = 12, 2.0, 16
IDS = ("run_id", "request_id", "thread_id", "user_id")


def readings(text: str) -> Iterator[tuple[str, str]]:
    """A text as it is, and what it reads like once a common encoding is undone: (how it was encoded, reading)."""
    yield "", text
    yield "escaped", re.sub(r"\\+u00([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), text)
    yield "percent-escaped", unquote(text)
    yield "reversed", text[::-1]
    for word in re.findall(r"[0-9a-fA-F]{32,}", text):
        yield "in hexadecimal", bytes.fromhex(word[: len(word) // 2 * 2]).decode("utf-8", "replace")
    for word in re.findall(r"[A-Za-z0-9+/_-]{22,}", text):
        plain = word.replace("-", "+").replace("_", "/")
        for skip in range(4):
            part = plain[skip:][: (len(plain) - skip) // 4 * 4]
            rest = plain[skip:][len(part) :]
            decoded = base64.b64decode(part + (rest + "=" * (4 - len(rest)) if len(rest) > 1 else ""))
            yield "in base64", decoded.decode("utf-8", "replace")
            try:
                yield "compressed", zlib.decompressobj(wbits=47).decompress(decoded, 1 << 16).decode("utf-8", "replace")
            except zlib.error:
                continue


def foreign(message: dict[str, Any], theirs: set[str], mine: set[str]) -> str:
    """What of the other's a message holds; '' where nothing."""
    text = json.dumps(message)
    for how, reading in readings(text):
        for one in theirs:
            if one in reading:
                return f"{one} {how}".strip()
    for one in values(message, "user_id"):
        if not any(own.startswith(one.rstrip(".")) for own in mine):
            return f"user id {one}, which is not user 1's"
    return ""


def parts(mark: str) -> set[str]:
    """A mark by any 16 of its digits in a row."""
    digits = mark.rpartition("-")[2]
    return {digits[start : start + PART] for start in range(len(digits) - PART + 1)}


async def show() -> str:
    """Everything that the listener gets is searched for the other's marks, ids, titles and answers."""
    listener, other = await two()
    mine, theirs = await who(listener, 1), await who(other, 2)
    heard: list[dict[str, Any]] = []
    sockets = max(1, min(int(FACTS.get("users", 2)), 30) - 1)
    done = 0
    async with AsyncExitStack() as stack:
        quiet = [await stack.enter_async_context(connected(listener, heard=heard)) for _ in range(sockets)]

        async def listen(socket: Any) -> None:
            with suppress(websockets.ConnectionClosed):
                while True:
                    message = await said(socket, 3600)
                    if message is not None:
                        heard.append(message)

        listening = [asyncio.create_task(listen(socket)) for socket in quiet]
        for _ in range(ROUNDS):  # on a socket of its own each: behind one address there may be several instances
            mark, messages = marker(), []
            thread, renamed = await new_thread(other, f"repro {mark}"), marker()
            theirs |= {thread} | parts(mark) | parts(renamed)
            async with connected(other) as busy:
                theirs.add(await ask(busy, f"Quote my reference {mark} in your answer. What did I spend this month?", thread))
                while (message := await said(busy, 60)) is not None:
                    messages.append(message)
                    theirs |= {one for one in values(message, *IDS) if len(one) >= 8 and not one.endswith("...")}
                    if name_of(message) in ("agent_completed", "agent_error"):
                        break
                async with client(other) as http:
                    await http.put(f"{address('backend')}/api/threads/{thread}", json={"title": f"repro {renamed}"})
            await forget_thread(other, thread)
            if answer := answer_of(messages):
                done += 1
                theirs |= {one for one in (answer, *(text for one in messages for text in values(one, "title"))) if len(one) >= PART}
        async with connected(listener, heard=heard):
            await asyncio.sleep(QUIET_S)
        theirs -= mine
        for message in heard:
            if found := foreign(message, theirs, mine):
                return f"user 1 got {name_of(message)!r}, which holds of user 2: {found[:200]}"
        for task in listening:
            if task.done():
                raise Unclear("a socket of the listener's was lost, so what came later was not heard")
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
        for socket in quiet:
            if not await still_open(socket):
                raise Unclear("a socket of the listener's answers no ping at the end, so it may have heard nothing")
    if done < ROUNDS:
        raise Unclear(f"{done} of {ROUNDS} runs of user 2 came to an answer, so there was less that could leak")
    for _ in range(done):
        tried()
    return ""


if __name__ == "__main__":
    finish(show)
