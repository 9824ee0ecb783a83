"""Several runs: each has to tell the five critical events, in order, once, each tool's start with its end, all with its own ids."""

from __future__ import annotations

import itertools
import json
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import websockets

from tui_app.repro.scripts.common import (
    FACTS,
    FIVE,
    Unclear,
    answer_of,
    connected,
    finish,
    forget_thread,
    marker,
    name_of,
    new_thread,
    run,
    said,
    sign_in,
    throttled,
    tried,
    values,
    who,
)  # fmt: skip

ROUNDS, ON_ONE, RUN_S, ALL_S, AFTER_S, EARLIER_S = FACTS.get("rounds", 12), 4, 60.0, 600.0, 0.2, 0.05

QUESTIONS = (
    *FACTS.get("questions", ()),
    "What did I spend this month? Quote my reference {} in your answer.",
    "Compare my spend of this month with last month, and tell me where I can save. Quote my reference {}.",
    "What is 4871 times 93, and what did I spend on models this month? Quote my reference {}.",
    "Using my own usage records, tell me what I spent in total, which model cost the most, and how many requests went to it. {}",
    "We spend on AI models: juniper-small takes 845000 requests a month at $0.0022 per request; dahlia-ultra takes 358000 requests "
    "a month at $0.0395 per request. Work out our total monthly spend and what we could save each month. Quote my reference {}.",
)


def inner(message: dict[str, Any]) -> dict[str, Any]:
    """What an envelope holds; the message itself where it has none."""
    found = message.get("data") or message.get("payload")
    return {**message, **found} if isinstance(found, dict) else message


def stamped(message: dict[str, Any]) -> float | None:
    """When an event is stamped, in seconds."""
    at = inner(message).get("timestamp")
    if isinstance(at, int | float):
        return float(at)
    try:
        found = datetime.fromisoformat(str(at))
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def tools(events: list[dict[str, Any]]) -> str:
    """What is wrong with the tools of a run."""
    running: list[tuple[str, str]] = []
    for message in events:
        held = inner(message)
        call, tool = str(held.get("tool_call_id") or held.get("call_id") or ""), str(held.get("tool") or held.get("tool_name") or "")
        if name_of(message) == "tool_executing":
            if call and any(call == known for known, _ in running):
                return "tool_executing comes twice for one call"
            running.append((call, tool))
        elif name_of(message) == "tool_completed":
            matched = [one for one in running if (one[0] == call if call and one[0] else one[1] == tool or not tool)]
            if not matched:
                return f"tool_completed {tool!r} ends no tool that is running"
            if tool and matched[0][1] and tool != matched[0][1]:
                return f"tool_completed names {tool!r}, and {matched[0][1]!r} is running"
            running.remove(matched[0])
        elif name_of(message) == "agent_completed" and running:
            return f"agent_completed comes while {running[0][1]!r} is still running"
    return ""


def ids(messages: list[dict[str, Any]], thread: str, names: set[str]) -> str:
    """What of its ids is not the run's own."""
    runs = set().union(*(values(message, "run_id") for message in messages if name_of(message) in FIVE))
    if len(runs) != 1:
        return f"its events name {len(runs)} runs"
    for message in messages:
        for other in values(message, "thread_id"):
            if other != thread:
                return f"{name_of(message)} names another thread than was asked in"
        for other in values(message, "user_id"):
            if not any(own.startswith(other.rstrip(".")) for own in names):
                return f"{name_of(message)} names another user than asked"
    return ""


def numbered(messages: list[dict[str, Any]]) -> str:
    """What is wrong with a run's own numbering and its stamps, where it has them."""
    found = [inner(message).get("sequence", inner(message).get("sequence_number")) for message in messages]
    numbers = [one for one in found if isinstance(one, int)]
    for before, after in itertools.pairwise(numbers):
        if numbers[0] in (0, 1) and after != before + 1:
            return f"number {after} follows number {before}"
    last = None
    for message in messages:
        at = stamped(message) if name_of(message) in FIVE else None
        if at is not None and last is not None and at + (1 if at % 1 == 0 or last % 1 == 0 else EARLIER_S) < last:
            return f"{name_of(message)} is stamped {last - at:.1f} s earlier than the event before it"
        last = at if at is not None else last
    return ""


def broken(messages: list[dict[str, Any]], thread: str, names: set[str]) -> str:
    """The first rule that a run breaks; '' where it keeps all."""
    told = [message for message in messages if name_of(message) in FIVE]
    events = [name_of(message) for message in told]
    if any(message.get("type") == "unreadable" for message in messages):
        return "a frame is no valid JSON"
    if any("error" in name_of(message) for message in messages):
        return "it fails with an error"
    for name in FIVE:
        if name not in events:
            return f"{name} does not come" + ("" if events else ", nor anything else")
    for name in ("agent_started", "agent_completed"):
        if events.count(name) > 1:
            return f"{name} comes {events.count(name)} times"
    if events[0] != "agent_started" or events[-1] != "agent_completed":
        return f"the order is {', '.join(events)}"
    thoughts = [json.dumps(inner(message), sort_keys=True) for message in told if name_of(message) == "agent_thinking"]
    if len(set(thoughts)) < len(thoughts):
        return "the same agent_thinking comes twice"
    return tools(told) or ids(messages, thread, names) or numbered(messages) or ("" if answer_of(messages) else "the answer is empty")


def again(early: list[dict[str, Any]], ended: set[str]) -> str:
    """Which event of a run that had ended comes again as if it were new; '' where none does."""
    for message in early:
        flagged = any(inner(message).get(key) for key in ("recovered", "replayed", "original_failure"))
        if name_of(message) in FIVE and not flagged and values(message, "run_id") & ended:
            return f"{name_of(message)} of a finished run comes again as if it were new"
    return ""


async def show() -> str:
    """Ask again and again, each time in a thread of its own; first on one socket, then, as there may be several instances, on new ones."""
    token = await sign_in(1)
    names, until, seen = await who(token, 1), time.monotonic() + ALL_S, 0
    ended: set[str] = set()
    async with AsyncExitStack() as stack:
        for number in range(1, ROUNDS + 1):
            if number == 1 or number > ON_ONE:
                await stack.aclose()
                early: list[dict[str, Any]] = []
                socket = await stack.enter_async_context(connected(token, heard=early))
                while (message := await said(socket, AFTER_S)) is not None:
                    early.append(message)
                if stale := again(early, ended):
                    return f"before run {number}, on a new connection: {stale}"
            if until - time.monotonic() < RUN_S:
                raise Unclear(f"{number - 1} of {ROUNDS} runs fit into {ALL_S:g} s, and did well")
            thread = await new_thread(token, f"repro {marker()}")
            try:
                messages = await run(socket, QUESTIONS[(number - 1) % len(QUESTIONS)].replace("{}", marker()), thread, RUN_S)
                while (message := await said(socket, AFTER_S)) is not None:
                    messages.append(message)
            except websockets.ConnectionClosed as closed:
                if closed.rcvd is None or throttled(closed):
                    raise
                return f"run {number}: the target closes the connection in the middle of it ({closed.rcvd.code})"
            finally:
                await forget_thread(token, thread)
            seen += len(messages)
            ended |= set().union(*(values(message, "run_id") for message in messages))
            wrong = broken(messages, thread, names)
            if wrong:
                return f"run {number}: {wrong}"
            tried()
    if not seen:
        raise Unclear("nothing came at all")
    return ""


if __name__ == "__main__":
    finish(show)
