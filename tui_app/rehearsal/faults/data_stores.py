"""Faults of what is kept: messages, threads, sessions and runs in the three stores, and what REST says of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tui_app.rehearsal.faults.registry import Fault, Listener, Proof
from tui_app.rehearsal.faults.replies import NOBODY, Listeners, answer, every_second, having, wrapped

Message = dict[str, Any]
MESSAGES = "/api/threads/{thread_id}/messages"
ONE_RUN = Proof(users=1)
FIGURES = str.maketrans("0123456789", "1234567890")


def _kept(change: Callable[[Message], Message | None], role: str) -> Listeners:
    """What is stored in place of each message of a role."""

    def keep(message: Message, **_: Any) -> Message | None:
        return change(message) if message["role"] == role else message

    return lambda: {"message.stored": keep}


def _only_rest(message: Message) -> Message | None:
    """Lost when it was written over REST; what an agent was asked is kept."""
    return message if "run_id" in message["metadata"] else None


def _shortened(message: Message) -> Message:
    return {**message, "content": message["content"][:1000]}


def _reencoded(message: Message) -> Message:
    return {**message, "content": message["content"].encode("utf-8").decode("latin-1")}


def _other_figures(message: Message) -> Message:
    return {**message, "content": message["content"].translate(FIGURES)}


def _into_another_thread() -> dict[str, Listener]:
    threads: dict[str, list[str]] = {}

    def keep(message: Message, *, user_id: str, **_: Any) -> Message:
        known = threads.setdefault(user_id, [])
        if message["thread_id"] not in known:
            known.append(message["thread_id"])
        other = next((thread for thread in known if thread != message["thread_id"]), "")
        return {**message, "thread_id": other} if other and message["role"] == "assistant" else message

    return {"message.stored": keep}


def _cache_down() -> dict[str, Listener]:
    def probe(seen: Any, *, tier: str, **_: Any) -> Any:
        return replace(seen, ok=False, error="connection refused") if tier == "redis" else seen

    def keeps(kept: bool, *, tier: str, **_: Any) -> bool:
        return kept and tier != "redis"

    return {"tier.probe": probe, "tier.keeps": keeps}


def _forgets(name: str) -> Listeners:
    def keeps(kept: bool, *, tier: str, **_: Any) -> bool:
        return kept and tier != name

    return lambda: {"tier.keeps": keeps}


def _change_lost(field: str) -> Listeners:
    def change(changes: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**changes, field: None}

    return lambda: {"thread.change": change}


def _two_contexts() -> dict[str, Listener]:
    """The first run keeps its id; every later one of another user goes under it."""
    first: list[tuple[str, str]] = []

    def shared(run_id: str, *, user_id: str) -> str:
        if not first:
            first.append((user_id, run_id))
        return run_id if user_id == first[0][0] else first[0][1]

    return {"run.id": shared}


def _stream(change: Callable[[list[Any]], list[Any]]) -> Listeners:
    return lambda: {"stream.events": lambda events, **_: change(events)}


ERROR_EVENT = {"type": "streaming_error", "error": "the agent could not be reached"}

FAULTS: tuple[Fault, ...] = (
    Fault(
        id="messages-volatile",
        behaviour="What was written is there on one read and gone on the next, for the memory of one instance is not the other's.",
        caught_by=("message-flow", "message-persisted"),
        listeners=every_second("backend", MESSAGES, body=having(messages=[], total=0)),
        source=("FM-47",),
        proof=ONE_RUN,
    ),
    Fault(
        id="message-lost",
        behaviour="A message is confirmed to whoever wrote it and stored nowhere.",
        caught_by=("message-flow", "message-persisted"),
        listeners=_kept(_only_rest, "user"),
        source=("F4", "FM-47"),
        proof=ONE_RUN,
    ),
    Fault(
        id="message-truncated",
        behaviour="Long messages are cut when they are stored, so users find the end of what they wrote missing.",
        caught_by=("message-flow",),
        listeners=_kept(_shortened, "user"),
        source=("F4",),
        proof=NOBODY,
    ),
    Fault(
        id="message-reencoded",
        behaviour="Messages are stored in another encoding, so users who write with accents or other scripts read garbage.",
        caught_by=("message-flow",),
        listeners=_kept(_reencoded, "user"),
        source=("F4",),
        proof=NOBODY,
    ),
    Fault(
        id="message-order-lost",
        behaviour="A conversation is shown in another order than it was written in.",
        caught_by=("message-flow",),
        listeners=answer("backend", MESSAGES, body=lambda body: {**body, "messages": body["messages"][1::2] + body["messages"][::2]}),
        source=("F1",),
        proof=NOBODY,
    ),
    Fault(
        id="history-duplicates",
        behaviour="The latest message of a conversation is shown twice.",
        caught_by=("message-flow",),
        listeners=answer("backend", MESSAGES, body=lambda body: {**body, "messages": [*body["messages"], *body["messages"][-1:]]}),
        source=("F1",),
        proof=NOBODY,
    ),
    Fault(
        id="total-wrong",
        behaviour="A conversation is said to have more messages than it has, so pages of it stay empty.",
        caught_by=("message-flow",),
        listeners=answer("backend", MESSAGES, body=lambda body: {**body, "total": body["total"] + 1}),
        source=("F3",),
        proof=NOBODY,
    ),
    Fault(
        id="history-differs",
        behaviour="The answer in a conversation's history has other figures than the one that was given.",
        caught_by=("history-agrees",),
        listeners=_kept(_other_figures, "assistant"),
        source=("F1",),
        proof=ONE_RUN,
    ),
    Fault(
        id="answer-not-kept",
        behaviour="An answer is shown once and kept nowhere: whoever comes back finds only the question.",
        caught_by=("history-agrees",),
        listeners=_kept(lambda _: None, "assistant"),
        source=("F4",),
        proof=ONE_RUN,
    ),
    Fault(
        id="answer-in-another-thread",
        behaviour="An answer is stored in another of the user's conversations than it was asked in.",
        caught_by=("history-agrees",),
        listeners=_into_another_thread,
        source=("F1", "FM-24"),
        proof=ONE_RUN,
    ),
    Fault(
        id="cache-down",
        behaviour="The cache is down and everything goes on without it, so that signing out ends no session.",
        caught_by=("health-tiers", "tiers-persist", "tier-redis-stays"),
        listeners=_cache_down,
        source=("FM-40",),
        proof=ONE_RUN,
    ),
    Fault(
        id="analytics-not-kept",
        behaviour="The analytics store answers every probe and keeps no run, so what customers are billed and advised by is empty.",
        caught_by=("tiers-persist",),
        listeners=_forgets("clickhouse"),
        source=("A11", "F4"),
        proof=ONE_RUN,
    ),
    Fault(
        id="instances-diverge",
        behaviour="A conversation is there for one instance and unknown to the other, so it comes and goes with every click.",
        caught_by=("instances",),
        listeners=every_second("backend", "/api/threads/{thread_id}", status=404, body=wrapped("THREAD_NOT_FOUND", "Thread not found")),
        source=("FM-62",),
        proof=NOBODY,
    ),
    Fault(
        id="thread-update-lost",
        behaviour="A conversation that its owner renamed has its old name again.",
        caught_by=("thread-life",),
        listeners=_change_lost("title"),
        source=("FM-47",),
        proof=NOBODY,
    ),
    Fault(
        id="archived-still-listed",
        behaviour="A conversation that its owner put away stays in the list.",
        caught_by=("thread-life",),
        listeners=_change_lost("archived"),
        source=("FM-47",),
        proof=NOBODY,
    ),
    Fault(
        id="two-contexts",
        behaviour="Two users' requests are carried out under one run, so that each works in the other's context.",
        caught_by=("one-context",),
        listeners=_two_contexts,
        source=("F2",),
        proof=Proof(checks=("five-events",)),
    ),
    Fault(
        id="rest-mock",
        behaviour="Over REST a mock answers in the agent's place, and integrations of customers take it for advice.",
        caught_by=("rest-agent",),
        listeners=answer(
            "backend", "/api/agents/execute", method="POST", body=having(response="Mock response: your request was successfully processed.")
        ),
        source=("FM-45",),
        proof=ONE_RUN,
    ),
    Fault(
        id="rest-error-inside-success",
        behaviour="Over REST an answer that is called a success holds the text of an error.",
        caught_by=("rest-agent",),
        listeners=answer(
            "backend",
            "/api/agents/execute",
            method="POST",
            body=having(response="Error executing triage agent: the socket manager is not available for this user"),
        ),
        source=("FM-69",),
        proof=ONE_RUN,
    ),
    Fault(
        id="stream-ends-in-error",
        behaviour="A streamed answer appears word by word, under a status of success, and then turns into an error.",
        caught_by=("chat-stream",),
        listeners=_stream(lambda events: [*events[:-1], ERROR_EVENT]),
        source=("FM-46",),
        proof=ONE_RUN,
    ),
    Fault(
        id="stream-stalls",
        behaviour="A streamed answer stops in the middle, and the user's page waits for ever.",
        caught_by=("chat-stream",),
        listeners=_stream(lambda events: [*events[:1], None]),
        source=("FM-60",),
        proof=Proof(users=1, limits={"run_s": 4.0}),
    ),
    Fault(
        id="stream-loses-piece",
        behaviour="A streamed answer lacks a piece in its middle that the full answer has.",
        caught_by=("chat-stream",),
        listeners=_stream(lambda events: [*events[:1], *events[2:]]),
        source=("F1",),
        proof=ONE_RUN,
    ),
)
