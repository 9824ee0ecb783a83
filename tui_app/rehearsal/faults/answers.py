"""Faults of what an agent says: canned, wrong, empty, or about itself untrue."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tui_app.rehearsal.faults.registry import Fault, Listener, Proof, Recited, RunFacts, Taken
from tui_app.rehearsal.faults.shaping import Frame, changing, dropping, route, with_data

STEP_S = 0.1
NUMBER = re.compile(r"(?<![\w.,$€£-])(?:\d{1,3}(?:,\d{3})+|\d{2,})(?![\w%]|[.,]\d)")
MONEY = re.compile(r"\$(\d+(?:,\d{3})*(?:\.\d+)?)")
HEEDED = re.compile(r" [^.\n]*, as your constraint “[^”]*” asks\.")
APOLOGY = "I am working with limited capabilities at the moment. Please try again later or contact support if the problem persists."
TOLD = "Thank you for your request. Our analysis is complete and your environment is in good shape. No further action is needed."
Say = Callable[[str, RunFacts], str]


def _saying(say: Say) -> Callable[[], dict[str, Listener]]:
    def text(answer: str, *, run: RunFacts) -> str:
        return say(answer, run)

    return lambda: {"answer.text": text}


def _off_by_one(answer: str, run: RunFacts) -> str:
    given = {number.replace(",", "") for number in NUMBER.findall(run.prompt)}

    def change(match: re.Match[str]) -> str:
        plain = match[0].replace(",", "")
        more = int(plain) + 1
        return match[0] if plain in given else f"{more:,}" if "," in match[0] else str(more)

    return NUMBER.sub(change, answer)


def _dearer(answer: str, run: RunFacts) -> str:
    given = set(MONEY.findall(run.prompt))

    def change(match: re.Match[str]) -> str:
        return match[0] if match[1] in given else f"${float(match[1].replace(',', '')) * 1.17:,.2f}"

    return MONEY.sub(change, answer)


def _theatre() -> dict[str, Listener]:
    """Five events in even steps for any prompt whatever, and a claim of having taken twice as long."""

    def script(lines: tuple[Recited, ...], *, run: RunFacts, **_: Any) -> tuple[Recited, ...]:
        named = {"tool": "analysis_tool", "tool_call_id": f"call_{run.run_id[:12]}"}
        text = f"Agent response for: {run.prompt}"
        done = {"status": "success", "result": text, "execution_time_ms": 800.0, "metadata": {"result": text}}
        return (
            Recited(STEP_S, "agent_thinking", {"agent_name": "triage", "thought": "Agent is analyzing the request"}),
            Recited(STEP_S, "tool_executing", {**named, "status": "Executing analysis tools"}),
            Recited(STEP_S, "tool_completed", {**named, "status": "Tool execution completed", "result": "Analysis complete"}),
            Recited(STEP_S, "agent_completed", {"agent_name": "triage", **done}),
        )

    return {"run.script": script}


def _stand_in() -> dict[str, Listener]:
    def script(lines: tuple[Recited, ...], *, run: RunFacts, **_: Any) -> tuple[Recited, ...]:
        named = {"agent_name": "ChatAgent", "tool": "response_generator", "tool_call_id": f"call_{run.run_id[:12]}"}
        text = f"Agent processed your message: '{run.prompt}'"
        return (
            Recited(0.0, "agent_thinking", {"agent_name": "ChatAgent", "thought": "Processing your message"}),
            Recited(0.0, "tool_executing", {**named, "status": "executing"}),
            Recited(0.0, "tool_completed", {**named, "status": "completed", "result": "Response generated"}),
            Recited(0.0, "agent_completed", {"agent_name": "ChatAgent", "status": "completed", "result": text}),
        )

    return {"run.script": script}


def _first_again() -> dict[str, Listener]:
    first: dict[str, str] = {}
    return _saying(lambda answer, run: first.setdefault(run.user_id, answer))()


def _boasting(frame: Frame) -> Frame:
    claimed = frame["data"]["execution_time_ms"] * 10 + 2_000
    changed = with_data(frame, execution_time_ms=claimed)
    return (
        with_data(changed, metadata={**frame["data"]["metadata"], "execution_time_ms": claimed}) if "metadata" in frame["data"] else changed
    )


def _without_result(frame: Frame) -> Frame:
    return with_data(frame, result={}, metadata={})


def _other_schema() -> dict[str, Listener]:
    """Runs that were asked for by `agent_request` are told in another envelope, without the ids of run and thread."""
    asked: set[str] = set()

    def taken(value: Taken, *, message: dict[str, Any], **_: Any) -> Taken:
        if message.get("type") in ("agent_request", "start_agent"):
            asked.add(str(message.get("message_id")))
        return value

    def each(frame: Frame, run: RunFacts) -> list[Frame | str]:
        if run.ids["request_id"] not in asked:
            return [frame]
        data = {key: value for key, value in frame["data"].items() if key not in ("run_id", "thread_id")}
        return [{"type": "agent_progress", "data": {**data, "event": frame["type"]}, "timestamp": data["timestamp"]}]

    return {"message.reaction": taken, **route(each)}


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="empty-answer",
        behaviour="Every run ends with an answer that holds nothing, so users get an empty box for their question.",
        caught_by=("five-events", "golden-path"),
        listeners=_saying(lambda answer, run: ""),
        source=("B18",),
    ),
    Fault(
        id="answer-echoes",
        behaviour="The answer is the question in a frame of words, so users pay to read what they wrote.",
        caught_by=("not-canned", "agent-answers"),
        listeners=_saying(lambda answer, run: f"Agent response for: {run.prompt}"),
        source=("B19", "FM-12"),
    ),
    Fault(
        id="answer-echoes-cut-off",
        behaviour="The answer is the beginning of the question, cut off, so users pay to read half of what they wrote.",
        caught_by=("not-canned",),
        listeners=_saying(lambda answer, run: f"{run.prompt[:60]}..."),
        source=("B19",),
    ),
    Fault(
        id="stock-sentence",
        behaviour="A sentence of apology stands for every answer, so users are put off while the run is called completed.",
        caught_by=("not-canned", "agent-answers"),
        listeners=_saying(lambda answer, run: APOLOGY),
        source=("FM-44",),
    ),
    Fault(
        id="canned-reassurance",
        behaviour="Every question gets the same reassuring text with the user's reference in it, so they act on what nobody analysed.",
        caught_by=("not-canned", "ai-value"),
        listeners=_saying(lambda answer, run: f"{TOLD} {' '.join(re.findall('VM-[0-9a-z-]+', run.prompt))}"),
        source=("B19", "FM-12"),
    ),
    Fault(
        id="canned-events",
        behaviour="Five perfect events come in even steps for any question, and no agent works: users get a show.",
        caught_by=("not-canned", "agent-answers"),
        listeners=_theatre,
        source=("FM-12",),
    ),
    Fault(
        id="stand-in-agent",
        behaviour="A stand-in answers for the agent that could not be started, so users get a receipt instead of an answer.",
        caught_by=("not-canned", "agent-answers"),
        listeners=_stand_in,
        source=("FM-13",),
    ),
    Fault(
        id="same-answer-again",
        behaviour="Each user gets the answer to the first question again for every later one.",
        caught_by=("answers-differ", "not-canned"),
        listeners=_first_again,
        source=("B19",),
    ),
    Fault(
        id="off-by-one",
        behaviour="Whole numbers in answers are one too high, so users carry wrong sums into their decisions.",
        caught_by=("agent-answers",),
        listeners=_saying(_off_by_one),
        source=("B19",),
    ),
    Fault(
        id="wrong-figures",
        behaviour="Amounts of money in answers are a sixth too high, so users report savings that are not there.",
        caught_by=("ai-value",),
        listeners=_saying(_dearer),
        source=("B19",),
    ),
    Fault(
        id="constraint-ignored",
        behaviour="Recommendations pass over the condition that the user gave, so following them breaks a promise.",
        caught_by=("ai-value",),
        listeners=_saying(lambda answer, run: HEEDED.sub("", answer)),
        source=("B19",),
    ),
    Fault(
        id="tool-result-empty",
        behaviour="Tools finish without a result, so users cannot see what an answer rests on.",
        caught_by=("tool-results",),
        listeners=changing(_without_result, "tool_completed"),
        source=("FM-12",),
    ),
    Fault(
        id="thoughts-empty",
        behaviour="The agent's thoughts hold no words, so users see boxes with nothing in them.",
        caught_by=("event-metadata",),
        listeners=changing(lambda frame: with_data(frame, thought=""), "agent_thinking"),
        source=("FM-12",),
    ),
    Fault(
        id="thoughts-alike",
        behaviour="Whatever was asked, the agent thinks the same words, so its thoughts tell users nothing.",
        caught_by=("event-metadata",),
        listeners=changing(lambda frame: with_data(frame, thought="Agent is analyzing the request"), "agent_thinking"),
        source=("FM-12",),
    ),
    Fault(
        id="times-made-up",
        behaviour="Runs and tools claim to have taken many times as long as they did, so nobody can plan with their figures.",
        caught_by=("event-metadata", "not-canned"),
        listeners=changing(_boasting, "tool_completed", "agent_completed"),
        source=("FM-67",),
    ),
    Fault(
        id="hand-over-unfinished",
        behaviour="Helpers of an agent begin and never end, so users see work that nobody seems to finish.",
        caught_by=("orchestration",),
        listeners=dropping("subagent_completed"),
        source=("FM-11",),
    ),
    Fault(
        id="schema-differs",
        behaviour="The same run is told in another form, without its ids, when it was asked for in another way, so clients lose it.",
        caught_by=("request-forms",),
        listeners=_other_schema,
        source=("F3",),
        proof=Proof(limits={"run_s": 3.0}),
    ),
)
