"""Suite 4.2, one source of truth: ids belong to one run and one user, the socket and the history agree, no frame is unaccounted for."""

from __future__ import annotations

import random

import msgspec

from tui_app.checks.api import Answer, Case, Check, Context, Finding, Judgement
from tui_app.checks.prompts import make_prompt
from tui_app.checks.reading import answered, content_text, decided, ends, messages_of, nothing_done
from tui_app.checks.settling import until
from tui_app.monitors.record import RunRecord


async def _nothing(ctx: Context) -> None:
    """Reads what the session's other checks recorded; asks nothing more of the target."""


def _judge_context(case: Case) -> Judgement:
    runs = [run for run in case.monitors.lifecycle.runs() if run.run]
    if not runs:
        return nothing_done("user contexts")
    findings: list[Finding] = []
    owners: dict[str, set[str]] = {}
    threads: dict[str, set[str]] = {}
    requests: dict[str, set[str]] = {}
    for run in runs:
        owners.setdefault(run.run, set()).add(run.user)
        requests.setdefault(run.run, set()).add(run.request)
        if run.thread:
            threads.setdefault(run.thread, set()).add(run.user)
    for name, users in owners.items():
        if len(users) > 1:
            findings.append(Finding("critical", f"run {name[:8]} belongs to {len(users)} users", _of(runs, run=name)))
        if len(requests[name]) > 1:
            findings.append(Finding("critical", f"run {name[:8]} serves {len(requests[name])} requests", _of(runs, run=name)))
    for name, users in threads.items():
        if len(users) > 1:
            findings.append(Finding("critical", f"thread {name[:8]} is shared by {len(users)} users", _of(runs, thread=name)))
    proof = [run.seq for run in runs[:200]]
    return decided(findings, f"{len(runs)} runs: each id of one request, one thread of one user", "no id shared", proof)


def _of(runs: list[RunRecord], *, run: str = "", thread: str = "") -> tuple[int, ...]:
    return tuple(seq for one in runs if (run and one.run == run) or (thread and one.thread == thread) for seq in ends(one))


async def _history(ctx: Context) -> None:
    for index, user in enumerate(ctx.users[:2]):
        marker = ctx.marker(user)
        prompt = make_prompt(random.Random(ctx.seed(f"history {index}")), "spend", marker)
        # Another conversation beside it, begun first: an answer may end up in the wrong one of two.
        beside, thread = await ctx.thread(user, "beside"), await ctx.thread(user, "history")
        said = {"message": f"beside: {ctx.marker(user)}"}
        await ctx.http("backend", "POST", f"/api/threads/{beside}/messages", user=user, json=said, ours=("thread", beside))
        async with ctx.socket(user) as socket:
            outcome = await ctx.run_agent(socket, prompt.text, thread=thread, marker=marker, truth=msgspec.to_builtins(prompt))
        await until(ctx, user, f"/api/threads/{thread}/messages", _answered)
        async with ctx.step("history", user=user, request=outcome.request):
            await ctx.http("backend", "GET", f"/api/threads/{thread}/messages", user=user, fresh=True)


def _answered(answer: Answer) -> bool:
    return any(message.get("role") == "assistant" for message in messages_of({"body": answer.json}))


def _judge_history(case: Case) -> Judgement:
    steps = case.steps("history")
    if not steps:
        return nothing_done("history")
    records = {run.request: run for run in case.runs()}
    findings: list[Finding] = []
    proof: list[int] = []
    for step in steps:
        run = records.get(str(step.facts["request"]))
        if run is None or not run.answer:
            findings.append(Finding("critical", f"{step.begin.user}'s run gave no answer to compare", (step.begin.seq,)))
            continue
        for row, body in step.answers():
            if row.type != "200":
                findings.append(Finding("critical", f"{step.begin.user}: the history {answered(row, body)}", (row.seq,)))
                continue
            proof += [row.seq, *ends(run)]
            kept = [content_text(message.get("content")) for message in messages_of(body) if message.get("role") == "assistant"]
            if not any(run.answer in text for text in kept):
                text = (
                    "what the socket said and what the history keeps differ" if kept else "the answer on the socket is not in the history"
                )
                findings.append(Finding("critical", f"{step.begin.user}: {text}", (row.seq, *ends(run)[-1:])))
    return decided(findings, f"{len(steps)} answers: the same on the socket and in the history", "socket and history agree", proof)


def _judge_frames(case: Case) -> Judgement:
    frames = case.monitors.frames
    counts = frames.classified
    received = frames.received
    if not received:
        return nothing_done("frames")
    counted = sum(counts.values())
    text = ", ".join(f"{number} {name}" for name, number in sorted(counts.items()) if number)
    if not frames.balanced:
        reason = f"{received} frames received, {counted} classified ({text})"
        return Judgement("FAIL", reason, (Finding("major", reason, tuple(frames.unclassified)),), "every frame classified")
    if counts.get("malformed"):
        shown = tuple(seq for conn in frames.conns.values() for seq in conn.malformed)
        finding = Finding("major", f"{counts['malformed']} frames cannot be read", shown)
        return Judgement("FAIL", finding.text, (finding,), "every frame readable")
    shown = tuple(row for conn in list(frames.conns.values())[:20] for row in conn.first)
    return decided([], f"{received} frames received, every one classified ({text})", "", shown)


CHECKS = (
    Check(
        id="one-context",
        spread="each",
        suite="4.2",
        title="One context per request and user",
        proves="No run id serves two requests, no run or thread belongs to two users.",
        impact="If this fails, one customer's session runs inside another's.",
        strategy=("tests/e2e/staging/test_ssot_user_execution_context_staging.py",),
        effects=frozenset({"read"}),
        drive=_nothing,
        judge=_judge_context,
        intents=frozenset(),
        needs=("sign-in", "ws-connect"),
        after=("five-events",),
        catches=("two-contexts",),
        at_end=True,
        presets=("quick", "comprehensive", "websocket", "priority3"),
    ),
    Check(
        id="history-agrees",
        suite="4.2",
        title="Socket and history tell the same",
        proves="The answer on the socket is the answer in the thread's history.",
        impact="If this fails, customers come back to another answer than they were given.",
        strategy=("tests/e2e/staging/test_ssot_event_validator_staging.py",),
        effects=frozenset({"write"}),
        drive=_history,
        judge=_judge_history,
        needs=("sign-in", "ws-connect"),
        catches=("history-differs", "answer-not-kept", "answer-in-another-thread"),
        presets=("quick", "comprehensive", "websocket", "priority3"),
        cost=lambda users, preset: {
            "agent_runs": min(users, 2),
            "connects": min(users, 2),
            "sockets": 1,
            "threads": 4,
            "messages": 2,
            "seconds": 2,
        },
    ),
    Check(
        id="frames-accounted",
        spread="each",
        suite="4.2",
        title="Every frame is accounted for",
        proves="Each frame received was read and put down to its owner, the session, or a finding.",
        impact="If this fails, the rest of this verdict may rest on frames that nobody looked at.",
        strategy=("tests/e2e/staging/event_validator_ssot/test_golden_path_event_validation.py",),
        effects=frozenset({"read"}),
        drive=_nothing,
        judge=_judge_frames,
        intents=frozenset(),
        needs=("ws-connect",),
        catches=("broken-frame",),
        at_end=True,
        presets=("quick", "comprehensive", "websocket", "priority3"),
    ),
)
