"""Faults of a run's events: missing, twice, out of order, or with somebody else's ids."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from typing import Any

import msgspec

from tui_app.model import CRITICAL_EVENTS
from tui_app.rehearsal.faults.registry import Delivery, Fault, Listener, Proof, RunFacts
from tui_app.rehearsal.faults.shaping import Frame, Late, PerRun, changing, doubling, dropping, route, with_data

PLAIN = Proof()
SHORT = Proof(limits={"run_s": 1.0})
"""For faults that keep a run from ending: every one of its runs lasts as long as the limit."""
NUMBERED = Proof(options=("--numbered",))
SKEW = 90.0
DROP = 0.05


def _event(
    id: str, behaviour: str, source: tuple[str, ...], listeners: Callable[[], dict[str, Listener]],
    proof: Proof = PLAIN, caught_by: tuple[str, ...] = ("five-events",), probabilistic: bool = False,
) -> Fault:  # fmt: skip
    return Fault(id, behaviour, caught_by, listeners, probabilistic, source, proof)


def _second_tool_open() -> dict[str, Listener]:
    count = PerRun()

    def each(frame: Frame, run: RunFacts) -> list[Frame | str]:
        return [] if frame["type"] == "tool_completed" and count(frame, run) == 2 else [frame]

    return route(each)


def _died() -> dict[str, Listener]:
    dead: set[str] = set()

    def each(frame: Frame, run: RunFacts) -> list[Frame | str]:
        told = run.run_id not in dead
        if frame["type"] == "agent_thinking":
            dead.add(run.run_id)
        return [frame] if told else []

    return route(each)


def _end_before_tool() -> dict[str, Listener]:
    """The last tool's end is told behind the run's: which tool is the last shows only at the end, so each is kept until the next event."""
    kept: dict[str, list[Frame | str]] = {}

    def each(frame: Frame, run: RunFacts) -> list[Frame | str]:
        name = run.run_id
        if frame["type"] == "tool_completed":
            kept[name] = [frame]
            return []
        if frame["type"] == "agent_completed":
            return [frame, *kept.pop(name, [])]
        if frame["type"] == "tool_executing":
            return [*kept.pop(name, []), frame]
        return [frame]

    return route(each)


def _orphan(frame: Frame, run: RunFacts) -> list[Frame | str]:
    if frame["type"] != "agent_thinking":
        return [frame]
    never = {"tool": "ledger_lookup", "tool_call_id": f"call_{run.run_id[:16]}", "status": "completed", "result": {"rows": 3}}
    return [frame, {**with_data(frame, **never), "type": "tool_completed"}]


def _afterwards(frame: Frame, run: RunFacts) -> list[Frame | str]:
    if frame["type"] != "agent_completed":
        return [frame]
    return [frame, {**with_data(frame, thought="Let me look at this once more.", type="reasoning"), "type": "agent_thinking"}]


def _wrapped_too(frame: Frame, run: RunFacts) -> list[Frame | str]:
    if frame["type"] not in CRITICAL_EVENTS:
        return [frame]
    return [frame, {"type": "system_message", "data": {**frame["data"], "event": frame["type"]}, "timestamp": frame["data"]["timestamp"]}]


def _cut_short(frame: Frame) -> str:
    return msgspec.json.encode(frame).decode()[:-7]


def _final_text_only(frame: Frame, run: RunFacts) -> list[Frame | str]:
    if frame["type"] != "agent_completed":
        return []
    data = {key: frame["data"][key] for key in ("run_id", "thread_id", "user_id", "request_id", "timestamp")}
    return [{"type": "agent_response", "data": {**data, "message": frame["data"]["result"]}, "timestamp": data["timestamp"]}]


def _backwards(frame: Frame) -> Frame:
    earlier = frame["data"]["timestamp"] - SKEW
    return {**with_data(frame, timestamp=earlier), "timestamp": earlier}


def _other_run() -> dict[str, Listener]:
    return route(lambda frame, run: [with_data(frame, run_id=str(uuid.uuid4()))] if frame["type"] == "tool_completed" else [frame])


def _other_ids(key: str) -> Callable[[], dict[str, Listener]]:
    def listeners() -> dict[str, Listener]:
        stranger = str(uuid.uuid4())
        return route(lambda frame, run: [with_data(frame, **{key: stranger})] if frame["type"] in CRITICAL_EVENTS[1:] else [frame])

    return listeners


def _sometimes() -> dict[str, Listener]:
    dice: dict[int, random.Random] = {}

    def lose(deliveries: list[Delivery], *, frame: Frame, seed: int = 0, **_: Any) -> list[Delivery]:
        if frame["type"] not in CRITICAL_EVENTS:
            return deliveries
        return [] if dice.setdefault(seed, random.Random(f"{seed} lost")).random() < DROP else deliveries

    return {"event.route": lose}


def _held_back() -> dict[str, Listener]:
    kept: dict[str, list[Frame | str]] = {}

    def each(frame: Frame, run: RunFacts) -> list[Frame | str]:
        kept.setdefault(run.run_id, []).append(frame)
        return kept.pop(run.run_id) if frame["type"] in ("agent_completed", "agent_error", "agent_stopped") else []

    return route(each)


def _stale_replay() -> dict[str, Listener]:
    last: dict[str, list[dict[str, Any]]] = {}

    def remember(deliveries: list[Any], *, run: RunFacts, frame: Frame, **_: Any) -> list[Any]:
        kept = last.setdefault(run.user_id, [])
        if kept and kept[0]["data"]["run_id"] != run.run_id:
            kept.clear()
        if frame["type"] in CRITICAL_EVENTS:
            kept.append(frame)
        return deliveries

    def replay(frames: list[Any], *, user_id: str, **_: Any) -> list[Any]:
        return [*frames, *last.get(user_id, [])]

    return {"event.route": remember, "socket.opened": replay}


def _lost_piece() -> dict[str, Listener]:
    return route(lambda frame, run: [] if frame["type"] == "stream_chunk" and frame["data"]["index"] == 1 else [frame])


FAULTS: tuple[Fault, ...] = (
    _event(
        "drop-agent-started",
        "A run begins without a word, so users wonder whether their question was taken at all.",
        ("B1", "FM-11"), dropping("agent_started"),
    ),
    _event(
        "drop-agent-thinking",
        "What the agent has in mind is never told, so users see nothing between their question and the tools.",
        ("B2", "FM-11"), dropping("agent_thinking"),
    ),
    _event(
        "drop-tool-executing",
        "Tools end that never began, so users cannot follow what is being done for them.",
        ("B3", "FM-20"), dropping("tool_executing"),
    ),
    _event(
        "drop-tool-completed",
        "That a tool has finished is never told, so users watch a step that seems to hang until the answer appears.",
        ("B4", "FM-11"), dropping("tool_completed"),
    ),
    _event(
        "drop-agent-completed",
        "The work is done and nobody is told, so users wait for an answer that lies ready.",
        ("B5", "FM-11"), dropping("agent_completed"), SHORT,
    ),
    _event(
        "tools-untold",
        "Work with tools is not told at all, so users are kept in the dark for the longest part of a run.",
        ("FM-11",), dropping("tool_executing", "tool_completed"),
    ),
    _event(
        "second-tool-open",
        "In a run with several tools the second one never ends, so a step spins on beside the finished answer.",
        ("FM-11", "FM-20"), _second_tool_open,
    ),
    _event(
        "started-twice", "A run is announced twice, so users see two runs where they asked for one.",
        ("B6", "FM-21"), doubling("agent_started"),
    ),
    _event(
        "thinking-twice",
        "Each thought is told twice, so users read everything double.",
        ("FM-21",), doubling("agent_thinking"),
    ),
    _event(
        "tool-twice",
        "Each tool is announced twice, so users believe that it was used twice.",
        ("FM-21",), doubling("tool_executing"),
    ),
    _event(
        "completed-twice", "The end of a run is told twice, so the answer stands in the chat twice.",
        ("B7", "FM-21"), doubling("agent_completed"),
    ),
    _event(
        "completed-before-tool",
        "The answer is there before the tool that it rests on has finished, so users cannot trust it.",
        ("B8", "FM-20"), _end_before_tool,
    ),
    _event(
        "orphan-tool-completed",
        "A tool is reported as finished that was never started, so users see work that nobody asked for.",
        ("B9", "FM-20"), lambda: route(_orphan),
    ),
    _event(
        "tool-misnamed",
        "What finishes has another name than what began, so users cannot tell which step a result belongs to.",
        ("FM-20",), changing(lambda frame: with_data(frame, tool=f"{frame['data']['tool']}_v2"), "tool_completed"),
    ),
    _event(
        "started-after-thinking",
        "A run is announced after its first thought, so that thought hangs in the air.",
        ("B10", "FM-20"), lambda: route(Late("agent_started", "agent_thinking")),
    ),
    _event(
        "thinking-after-end",
        "The agent goes on thinking behind its own answer, so users do not know whether it is final.",
        ("B11", "FM-21"), lambda: route(_afterwards),
    ),
    _event(
        "other-run-id",
        "The end of a tool carries the id of a run that nobody asked for, so it shows up nowhere or in the wrong place.",
        ("B12", "FM-24"), _other_run,
    ),
    _event(
        "other-thread-id",
        "Events carry the id of a thread that does not exist, so answers land in no conversation.",
        ("FM-24",), _other_ids("thread_id"),
    ),
    _event(
        "other-user-id",
        "A user's own events name somebody else, so a client that checks them throws them away.",
        ("B12", "FM-24"), _other_ids("user_id"),
    ),
    _event(
        "agent-dies",
        "The agent dies after its first thought while the connection lives on, so users wait for ever.",
        ("B13", "FM-16"), _died, Proof(limits={"run_s": 1.0}, options=("--heartbeat-seconds", "0.4")),
    ),
    _event(
        "sequence-gap",
        "Progress is told with a number missing: something was lost on the way, and nobody noticed.",
        ("B14",), dropping("agent_progress"), NUMBERED,
    ),
    _event(
        "reordered",
        "Neighbouring events change places within milliseconds, so progress runs ahead of the step that it counts.",
        ("B15", "FM-20"), lambda: route(Late("tool_completed", "agent_progress")), NUMBERED,
    ),
    _event(
        "clock-steps-back",
        "Events of one run are stamped by clocks that differ by a minute and a half, so histories show them in a wrong order.",
        ("E8", "FM-19"), changing(_backwards, "tool_completed"),
    ),
    _event(
        "broken-frame",
        "Some frames are cut off in the middle, so a client stumbles over them or loses what they said.",
        ("B16",), changing(_cut_short, "agent_progress"), PLAIN, ("five-events", "frames-accounted"),
    ),
    _event(
        "sent-bare-and-wrapped",
        "Every event is sent twice, once bare and once inside a wrapper, so a client that knows both shows all of it double.",
        ("B17", "FM-21"), lambda: route(_wrapped_too),
    ),
    _event(
        "final-text-only", "A run tells nothing of its work: after a long silence a text appears.",
        ("FM-10",), lambda: route(_final_text_only), SHORT, ("five-events", "golden-path"),
    ),
    _event(
        "events-sometimes-lost", "One event in twenty is lost, so now and then a chat stops moving.",
        ("B21", "FM-11"), _sometimes, Proof(limits={"run_s": 1.0}, iterations=3), probabilistic=True,
    ),
    _event(
        "stale-replay",
        "After a reconnect the events of the last run come once more as if they were new, so users see an old answer to a new question.",
        ("FM-22",), _stale_replay,
    ),
    _event(
        "told-at-the-end",
        "All events of a run are kept back and told at its end, so users watch nothing happen and then everything at once.",
        ("B20",), _held_back, Proof(delay_scale=3.0, alone=True), ("real-time",),
    ),
    _event(
        "lost-piece", "A piece of a streamed answer never comes, so users read a text with a hole.",
        ("FM-60",), _lost_piece, caught_by=("stream-adds-up",),
    ),
)  # fmt: skip
