"""What every script needs: settings, sign-in, a socket with its handshake, and three ways to end."""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import json
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, urlsplit

SHOWN, WELL, UNCLEAR = 1, 0, 2

try:
    import httpx
    import websockets
except ImportError as missing:
    sys.stdout.write(f"UNCLEAR: {missing}: this needs httpx and websockets (python -m pip install httpx websockets)\n")
    sys.exit(UNCLEAR)

FIVE = ("agent_started", "agent_thinking", "tool_executing", "tool_completed", "agent_completed")
WELCOMES = ("connection_established", "connect")
WRAPPERS = ("system_message", "agent_progress", "agent_response_complete")
FACTS: dict[str, Any] = {}
DONE: list[str] = []


class Unclear(Exception):
    """Nothing can be said; the message says why, and what to do."""


def address(service: str) -> str:
    """Where a service is: from the environment, else as it was recorded."""
    value = os.environ.get(f"REPRO_{service.upper()}") or FACTS["target"].get(service, "")
    if not value:
        raise Unclear(f"set REPRO_{service.upper()} to the address of {service}")
    return value.rstrip("/")


def here() -> bool:
    """Whether every address is on this machine: elsewhere, what could harm needs a yes."""
    named = {*FACTS["target"], "backend", "auth", "websocket"}
    given = [os.environ.get(f"REPRO_{service.upper()}") or FACTS["target"].get(service, "") for service in named]
    return all(loopback(urlsplit(url).hostname or "") for url in given if url)


def loopback(host: str) -> bool:
    """Whether a host is this machine: localhost, 127.0.0.0/8 or ::1."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def agreed(what: str) -> None:
    """Raise unless the target is here, or its operator agrees."""
    if not here() and os.environ.get("REPRO_CONSENT") != "yes":
        raise Unclear(f"{what}: set REPRO_CONSENT=yes if the target's operator agrees")


def client(token: str = "", seconds: float = 30.0) -> httpx.AsyncClient:
    """A client for REST with a connection of its own."""
    return httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"} if token else {}, timeout=seconds)


async def sign_in(number: int) -> str:
    """A token of user `number` that is good: REPRO_TOKEN_n, or a login with REPRO_EMAIL_n and REPRO_PASSWORD_n."""
    token = os.environ.get(f"REPRO_TOKEN_{number}") or await login(number)
    await who(token, number)
    return token


async def two() -> tuple[str, str]:
    """Tokens of two users that are good, and not of the same user."""
    one, other = await sign_in(1), await sign_in(2)
    if await who(one, 1) & await who(other, 2):
        raise Unclear("users 1 and 2 are the same: this needs two")
    return one, other


async def who(token: str, number: int) -> set[str]:
    """The names of whom a token belongs to, by the auth service; by the token's subject where that tells none."""
    async with client(token) as http:
        answer = await http.get(f"{address('auth')}/auth/me")
    if answer.status_code in (401, 403):
        raise Unclear(f"the token of user {number} is not good: /auth/me answers {answer.status_code}")
    names = values(answer.json(), "id", "user_id", "sub", "email") if answer.is_success else set()
    names = names or values(claims(token), "sub", "user_id")
    if not names:
        raise Unclear(f"whose token user {number} has cannot be told: /auth/me answers {answer.status_code}")
    return names


def claims(token: str) -> dict[str, Any]:
    """What a JSON Web Token says; nothing where it is none."""
    try:
        body = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValueError, IndexError):
        return {}
    return found if isinstance(found, dict) else {}


async def login(number: int) -> str:
    """A token of a new sign-in."""
    found = await session(number)
    return str(found.get("access_token") or found.get("token"))


async def session(number: int, **wish: Any) -> dict[str, Any]:
    """What a new sign-in gives; `wish` goes with it, and a target may take it or not."""
    email, password = (os.environ.get(f"REPRO_{what}_{number}") for what in ("EMAIL", "PASSWORD"))
    if not email or not password:
        raise Unclear(f"set REPRO_TOKEN_{number}, or REPRO_EMAIL_{number} and REPRO_PASSWORD_{number}")
    async with client() as http:
        answer = await http.post(f"{address('auth')}/auth/login", json={"email": email, "password": password, **wish})
    found = answer.json() if answer.status_code in (200, 201) else {}
    if not (found.get("access_token") or found.get("token")):
        raise Unclear(f"user {number} is not signed in: {answer.status_code}")
    return dict(found)


async def said(socket: Any, seconds: float) -> dict[str, Any] | None:
    """The next message, or None when the time is over; the messages of a batch come one by one."""
    if left := getattr(socket, "left_of_batch", []):
        return dict(left.pop(0))
    try:
        text = await asyncio.wait_for(socket.recv(), max(seconds, 0.001))
    except TimeoutError:
        return None
    try:
        message = json.loads(text)
    except ValueError:
        return {"type": "unreadable"}
    if not isinstance(message, dict):
        return {"type": "unreadable"}
    if message.get("type") == "event_batch":
        about = {key: value for key, value in message.items() if key not in ("type", "events", "data", "payload")}
        parts = (message, message.get("data"), message.get("payload"))
        events: list[Any] = next((part["events"] for part in parts if isinstance(part, dict) and isinstance(part.get("events"), list)), [])
        batch = [{**about, **one} for one in events if isinstance(one, dict)]
        socket.left_of_batch = batch[1:]
        return batch[0] if batch else message
    return message


async def welcomed(socket: Any, seconds: float = 10.0, heard: list[dict[str, Any]] | None = None) -> bool:
    """Whether the platform welcomes the socket; a handshake that it asks for is answered. `heard` takes what came."""
    until = time.monotonic() + seconds
    while (message := await said(socket, until - time.monotonic())) is not None:
        if heard is not None:
            heard.append(message)
        kind = name_of(message)
        if kind in WELCOMES:
            return True
        if kind == "handshake_response":
            inner = message.get("data") or message.get("payload") or {}
            thread = inner.get("thread_id") or message.get("thread_id", "")
            await socket.send(json.dumps({"type": "handshake_acknowledged", "thread_id": thread, "timestamp": time.time()}))
        if "error" in kind:
            return False
    return False


def carried(token: str) -> dict[str, Any]:
    """How a token travels with the upgrade: as a subprotocol, which is all that a browser can do, or as REPRO_CARRY says."""
    url, how = address("websocket"), os.environ.get("REPRO_CARRY")
    if how == "query":
        return {"uri": f"{url}{'&' if '?' in url else '?'}token={quote(token)}" if token else url}
    if how == "header":
        return {"uri": url, "additional_headers": {"Authorization": f"Bearer {token}"} if token else {}}
    coded = base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")
    return {"uri": url, "subprotocols": ["jwt-auth", *([f"jwt.{coded}"] if token else [])]}


@asynccontextmanager
async def connected(token: str, *, welcome: bool = True, heard: list[dict[str, Any]] | None = None) -> AsyncIterator[Any]:
    """An open socket, welcomed."""
    async with websockets.connect(**carried(token), ping_interval=None, compression=None, max_size=None) as socket:
        if welcome and not await welcomed(socket, heard=heard):
            raise Unclear("the socket is not welcomed")
        yield socket


async def still_open(socket: Any, seconds: float = 5.0) -> bool:
    """Whether a ping of the application is answered; a pong that names another ping is none."""
    name, until = secrets.token_hex(6), time.monotonic() + seconds
    await socket.send(json.dumps({"type": "ping", "id": name, "timestamp": time.time()}))
    while (message := await said(socket, until - time.monotonic())) is not None:
        if message.get("type") == "pong":
            named = values(message, "id", "ping_id", "request_id")
            if not named or name in named:
                return True
    return False


def throttled(closed: websockets.ConnectionClosed | websockets.InvalidStatus) -> bool:
    """Whether it was a limit on connects that refused this: that says nothing of how well the target works."""
    if isinstance(closed, websockets.InvalidStatus):
        return closed.response.status_code == 429
    reason = closed.rcvd.reason.lower() if closed.rcvd else ""
    return "limit" in reason or "too many" in reason


def marker() -> str:
    """A text that nobody can guess."""
    return f"VM-repro-{secrets.token_hex(10)}"


async def new_thread(token: str, title: str) -> str:
    """A thread of this user's own."""
    async with client(token) as http:
        answer = await http.post(f"{address('backend')}/api/threads", json={"title": title})
    found = answer.json() if answer.status_code in (200, 201) else {}
    thread = found.get("id") or found.get("thread_id")
    if not thread:
        raise Unclear(f"no thread is made: {answer.status_code}")
    return str(thread)


async def forget_thread(token: str, thread: str) -> None:
    """Take away what this script made."""
    async with client(token) as http:
        await http.delete(f"{address('backend')}/api/threads/{thread}")


async def ask(socket: Any, text: str, thread: str = "") -> str:
    """Send a question; its message id."""
    request = secrets.token_hex(8)
    message = {"type": "user_message", "payload": {"content": text, "message": text}, "message_id": request, "timestamp": time.time()}
    if thread:
        message["thread_id"] = thread
        message["payload"]["thread_id"] = thread  # type: ignore[index]
    await socket.send(json.dumps(message))
    return request


def name_of(message: dict[str, Any]) -> str:
    """What a message tells, whichever envelope it came in."""
    inner = message.get("data") or message.get("payload")
    inner = inner if isinstance(inner, dict) else {}
    for part in (message, inner):
        for key in ("type", "event", "event_type"):
            if part.get(key) in FIVE:
                return str(part[key])
    sent = message.get("type")
    told = inner.get("event") or message.get("event")
    return str(told if told and (not sent or sent in WRAPPERS) else sent)


def values(message: Any, *keys: str) -> set[str]:
    """Every text under one of these keys, anywhere in a message."""
    found: set[str] = set()
    if isinstance(message, dict):
        for key, value in message.items():
            if key in keys and isinstance(value, str) and value:
                found.add(value)
            found |= values(value, *keys)
    elif isinstance(message, list):
        for value in message:
            found |= values(value, *keys)
    return found


async def run(socket: Any, text: str, thread: str = "", seconds: float = 60.0) -> list[dict[str, Any]]:
    """Ask, and every message until the run has ended or the time is over."""
    await ask(socket, text, thread)
    messages: list[dict[str, Any]] = []
    until = time.monotonic() + seconds
    while (message := await said(socket, until - time.monotonic())) is not None:
        messages.append(message)
        if name_of(message) in ("agent_completed", "agent_error"):
            break
    return messages


def answer_of(messages: list[dict[str, Any]]) -> str:
    """The text of the answer; '' where none came."""
    for message in messages:
        if name_of(message) == "agent_completed":
            texts = values(message, "result", "answer", "response", "content", "final_response")
            return max(texts, key=len, default="")
    return ""


def tried(what: str = "") -> None:
    """One try more in which the failure could have shown; `what` where one kind of several was tried."""
    DONE.append(what)


def say(text: str) -> None:
    """One line of the outcome, in plain ASCII: what a target sent must not move a cursor, nor make a second line."""
    sys.stdout.write(text.encode("unicode_escape").decode("ascii") + "\n")


def finish(show: Callable[[], Coroutine[Any, Any, str]]) -> None:
    """Run the family's part: the text it gives says what was shown; an empty one, that the target did well in what was tried."""
    try:
        shown = asyncio.run(show())
        beyond, enough = FACTS.get("beyond"), FACTS.get("enough", 1)
        if not shown and not DONE:
            raise Unclear("nothing could be tried")
        if not shown and len(DONE) < enough:
            raise Unclear(f"it did not show in {len(DONE)} tries, and what was seen so seldom ({FACTS['seldom']}) takes {enough} to tell")
        if not shown and beyond:
            raise Unclear(f"what this script tries did not show in {len(DONE)} tries; recorded was also what it does not try: {beyond}")
    except Unclear as why:
        say(f"UNCLEAR: {why}")
        sys.exit(UNCLEAR)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  whatever went wrong here says nothing about the target
        say(f"UNCLEAR: {type(error).__name__}: {error}")
        sys.exit(UNCLEAR)
    say(f"SHOWN: {shown}" if shown else f"WELL: what was recorded did not show in {len(DONE)} {'try' if len(DONE) == 1 else 'tries'}")
    sys.exit(SHOWN if shown else WELL)
