"""Suite 2.1, the agent over REST: an answer in one piece, and one that is streamed. Both only where the platform offers them."""

from __future__ import annotations

import random
import re
from typing import Any, Final

import msgspec

from tui_app.checks.api import Case, Check, Context, Finding, Judgement, Row, StepRows
from tui_app.checks.prompts import Kind, Prompt, make_prompt
from tui_app.checks.reading import answered, content_text, decided, nothing_done, seqs
from tui_app.checks.rubric import score
from tui_app.checks.severities import grade
from tui_app.monitors.record import ANSWER_KEYS

NOT_OFFERED: Final = frozenset({"404", "405", "501"})
KINDS: Final[tuple[Kind, ...]] = ("arithmetic", "text")
ERROR: Final = re.compile(r"\berror executing|^\s*error\b|exception|traceback|not available for|could not be (?:executed|processed)", re.I)
MOCK: Final = re.compile(
    r"\bmock(?:ed)?\b|\bfallback\b|\bsimulated\b|recovery mechanism|\bplaceholder\b|\bcanned\b|successfully processed", re.I
)


async def _execute(ctx: Context) -> None:
    rng = random.Random(ctx.seed("rest-agent"))
    for index, kind in enumerate(KINDS):
        user = ctx.users[index % len(ctx.users)]
        prompt = make_prompt(rng, kind, ctx.marker(user))
        asked = {"type": "triage", "message": prompt.text, "context": {}}
        async with ctx.step("execute", user=user, truth=msgspec.to_builtins(prompt)):
            within = float(ctx.limits.run_s)
            answer = await ctx.http("backend", "POST", "/api/agents/execute", user=user, json=asked, within=within, runs_agent=True)
        if str(answer.status) in NOT_OFFERED:
            return


def _judge_execute(case: Case) -> Judgement:
    steps = case.steps("execute")
    heard = [(step, row, body) for step in steps for row, body in step.answers()]
    if not heard:
        return nothing_done("agents over REST")
    if all(row.type in NOT_OFFERED for _, row, _ in heard):
        return _not_offered("agents over REST", [row for _, row, _ in heard])
    findings = [finding for step, row, body in heard if (finding := _of_execute(step, row, body.get("body"), body))]
    proof = seqs(row for _, row, _ in heard)
    return decided(findings, f"{len(heard)} challenges solved over REST", "answers that only a working agent can give", proof)


def _of_execute(step: StepRows, row: Row, body: Any, facts: dict[str, Any]) -> Finding | None:
    """What is wrong with one answer, if anything: content decides, and words only say which way it went wrong."""
    if row.type != "200":
        return Finding("critical", f"running an agent over REST {answered(row, facts)}", (row.seq,))
    prompt = msgspec.convert(step.facts["truth"], Prompt)
    text = _text(body)
    if score(text, prompt).passed:
        return None
    word = str(body.get("status", "")) if isinstance(body, dict) else ""
    if ERROR.search(text):
        return Finding(grade("FM-69"), f"an error stands inside an answer called {word or 'a success'!r}", (row.seq,))
    if MOCK.search(text):
        return Finding(grade("FM-45"), "a mock or a fallback answers in the agent's place", (row.seq,))
    if word and word.lower() not in ("success", "completed", "ok"):
        return Finding("critical", f"an answer of 200 that says {word!r} and holds no answer", (row.seq,))
    return Finding(grade("FM-45"), "the answer does not solve its challenge; a canned text would not either", (row.seq,))


def _text(body: Any) -> str:
    """The answer inside a body, by the keys under which answers stand."""
    if isinstance(body, dict):
        for key in ("response", *ANSWER_KEYS):
            if body.get(key):
                return _text(body[key])
        return ""
    return content_text(body)


async def _stream(ctx: Context) -> None:
    user = ctx.users[0]
    prompt = make_prompt(random.Random(ctx.seed("chat-stream")), "spend", ctx.marker(user))
    thread = await ctx.thread(user, "stream")
    within = float(ctx.limits.run_s)
    async with ctx.step("stream", user=user, truth=msgspec.to_builtins(prompt), within=within):
        asked = {"message": prompt.text, "thread_id": thread, "stream": True}
        await ctx.http("backend", "POST", "/api/chat/stream", user=user, json=asked, within=within, runs_agent=True)


def _judge_stream(case: Case) -> Judgement:
    heard = [(step, row, body) for step in case.steps("stream") for row, body in step.answers()]
    if not heard:
        return nothing_done("streamed answers")
    if all(row.type in NOT_OFFERED for _, row, _ in heard):
        return _not_offered("streamed answers", [row for _, row, _ in heard])
    findings: list[Finding] = []
    pieces = 0
    for step, row, facts in heard:
        seq = (row.seq,)
        events = sse_events(facts.get("body"))
        if row.type == "0" and events:
            text = f"the stream stalls: {len(events)} events, and no end within {step.facts['within']:g} s"
            findings.append(Finding(grade("FM-60"), text, seq))
        elif row.type != "200":
            findings.append(Finding("critical", f"a streamed answer {answered(row, facts)}", seq))
        elif not events:
            findings.append(Finding("major", "what should be a stream holds no event", seq))
        else:
            pieces += len(events)
            findings += _of_stream(events, msgspec.convert(step.facts["truth"], Prompt), seq)
    passed = f"{pieces} events streamed to their end: the pieces add up to the answer, and it is a right one"
    return decided(findings, passed, "a stream that ends with its answer", seqs(row for _, row, _ in heard))


def _of_stream(events: list[dict[str, Any]], prompt: Prompt, seq: tuple[int, ...]) -> list[Finding]:
    last = events[-1]
    wrong = [event for event in events if "error" in _type(event) or event.get("error")]
    if wrong:
        return [Finding(grade("FM-46"), f"the stream answers 200 and {'ends in' if wrong[-1] is last else 'holds'} an error", seq)]
    if not _is_end(last):
        return [Finding(grade("FM-46"), f"the stream breaks off: its last event is {_type(last) or 'nameless'!r} and no end", seq)]
    joined = "".join(_piece(event) for event in events if not _is_end(event))
    whole = _piece(last)
    found: list[Finding] = []
    if whole and joined and joined != whole:
        found.append(
            Finding("major", f"the pieces add up to {len(joined)} characters, the answer has {len(whole)}: they are not the same", seq)
        )
    if not score(whole or joined, prompt).passed:
        found.append(Finding(grade("FM-12"), "what is streamed does not answer what was asked", seq))
    return found


def sse_events(text: Any) -> list[dict[str, Any]]:
    """The events of a server-sent stream (WHATWG HTML 9.2), also of JSON lines; what is no JSON object becomes a piece of text."""
    if not isinstance(text, str):
        return [text] if isinstance(text, dict) and "type" in text else []
    events: list[dict[str, Any]] = []
    for block in re.split(r"\r?\n\r?\n", text):
        name, data = "", []
        for line in block.splitlines():
            field, _, value = line.partition(":")
            if field == "event":
                name = value.strip()
            elif field == "data":
                data.append(value.removeprefix(" "))
            elif line.startswith("{"):
                data.append(line)
        if not data:
            continue
        joined = "\n".join(data)
        try:
            decoded = msgspec.json.decode(joined)
        except msgspec.DecodeError:
            decoded = {"type": "end"} if joined.strip() == "[DONE]" else {"type": name or "chunk", "content": joined}
        if isinstance(decoded, dict):
            events.append({"type": name, **decoded} if name else decoded)
    return events


def _type(event: dict[str, Any]) -> str:
    return str(event.get("type") or event.get("event") or "").lower()


def _is_end(event: dict[str, Any]) -> bool:
    return bool(re.search(r"complete|done|\bend\b|_end$|finish|final", _type(event)))


def _piece(event: dict[str, Any]) -> str:
    for key in ("content", "delta", "chunk", "text", "token", "response", "result", "data"):
        if event.get(key):
            return _piece(event[key]) if isinstance(event[key], dict) else content_text(event[key])
    return ""


def _not_offered(what: str, rows: list[Row]) -> Judgement:
    shown = Finding("info", "how it was refused", seqs(rows))
    return Judgement("SKIPPED", f"{what}: not supported by the platform (answers {rows[0].type})", (shown,))


CHECKS = (
    Check(
        id="rest-agent",
        suite="2.1",
        title="The agent answers over REST too",
        proves="Over REST an agent solves two challenges that no mock, fallback or error text can.",
        impact="If this fails, integrations of customers are fed made-up answers that are called a success.",
        strategy=("tests/e2e/staging/test_3_agent_pipeline_staging.py",),
        effects=frozenset({"write"}),
        drive=_execute,
        judge=_judge_execute,
        needs=("sign-in",),
        catches=("rest-mock", "rest-error-inside-success"),
        required=False,
        presets=("comprehensive",),
        cost=lambda users, preset: {"agent_runs": len(KINDS), "seconds": 2},
    ),
    Check(
        id="chat-stream",
        suite="2.1",
        title="A streamed answer comes to its end",
        proves="A streamed answer is read to its end: no error inside, its pieces add up to the answer, and the answer is right.",
        impact="If this fails, customers watch an answer appear that breaks off or turns into an error.",
        strategy=("tests/e2e/staging/test_5_response_streaming_staging.py",),
        effects=frozenset({"write"}),
        drive=_stream,
        judge=_judge_stream,
        needs=("sign-in",),
        catches=("stream-ends-in-error", "stream-stalls", "stream-loses-piece"),
        required=False,
        presets=("comprehensive",),
        cost=lambda users, preset: {"agent_runs": 1, "threads": 1, "messages": 2, "seconds": 2},
    ),
)
