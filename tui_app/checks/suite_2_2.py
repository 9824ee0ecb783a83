"""Suite 2.2, business value: one whole journey, and answers that are worth paying for."""

from __future__ import annotations

import random

import msgspec

from tui_app.checks.api import Case, Check, Context, Finding, Judgement
from tui_app.checks.prompts import Prompt, make_prompt
from tui_app.checks.reading import decided, ends, nothing_done, of_answer, seqs
from tui_app.checks.rubric import score, similarity

VALUE_PROMPTS = 3
ALIKE = 0.6


async def _journey(ctx: Context) -> None:
    # Where it is repeated the users take turns: what hits one account or one instance shows among many journeys.
    user = ctx.users[(ctx.time - 1) % len(ctx.users)]
    marker = ctx.marker(user)
    prompt = make_prompt(random.Random(ctx.seed("golden-path")), "spend", marker)
    async with ctx.step("journey-sign-in", user=user):
        await ctx.http("auth", "GET", "/auth/me", user=user)
    async with ctx.step("journey-thread", user=user) as step:
        thread = await ctx.thread(user, f"golden path {marker}")
        step.note(thread=thread)
    async with ctx.socket(user, fresh=True) as socket:
        await ctx.run_agent(socket, prompt.text, thread=thread, marker=marker, truth=msgspec.to_builtins(prompt))
    async with ctx.step("journey-history", user=user, thread=thread):
        await ctx.http("backend", "GET", f"/api/threads/{thread}/messages", user=user, fresh=True)
    async with ctx.step("journey-list", user=user, thread=thread):
        await ctx.http("backend", "GET", "/api/threads?limit=100", user=user, fresh=True)


def _judge_journey(case: Case) -> Judgement:
    runs = case.runs()
    steps = {intent: case.steps(intent) for intent in ("journey-sign-in", "journey-thread", "journey-history", "journey-list", "agent-run")}
    if not any(steps.values()):
        return nothing_done("journey")
    findings: list[Finding] = []
    proof: list[int] = []
    for intent, name in (
        ("journey-sign-in", "sign-in"),
        ("journey-thread", "new thread"),
        ("journey-history", "history"),
        ("journey-list", "thread list"),
    ):
        got = [(row, body) for step in steps[intent] for row, body in step.answers()]
        proof += seqs(row for row, _ in got)
        if not got or any(row.type != "200" for row, _ in got):
            findings.append(Finding("critical", f"the journey breaks at: {name}", seqs(row for row, _ in got)))
    for run in runs:
        proof += ends(run)
        if run.violations or not run.answer:
            broken = run.violations[0] if run.violations else None
            shown = (*(broken.seqs if broken else ()), *ends(run))
            why = broken.text if broken else "no answer came"
            findings.append(Finding("critical", f"the journey breaks at: agent run ({why})", tuple(dict.fromkeys(shown))))
    if not runs:
        findings.append(Finding("critical", "the journey breaks at: agent run (never started)"))
    for step in steps["journey-history"]:
        for row, body in step.answers():
            texts = [str(message.get("content")) for message in of_answer(body, "messages") or [] if isinstance(message, dict)]
            if runs and runs[0].answer and not any(runs[0].answer in text for text in texts):
                findings.append(Finding("critical", "the answer that was shown is not in the history", (row.seq,)))
    for step in steps["journey-list"]:
        for row, body in step.answers():
            if str(step.facts.get("thread")) not in str(body.get("body")):
                findings.append(Finding("major", "the new thread is missing from its owner's list", (row.seq,)))
    return decided(
        findings, "sign-in, thread, prompt, five events, answer, history: every step of one journey", "every step succeeds", proof
    )


async def _value(ctx: Context) -> None:
    rng = random.Random(ctx.seed("ai-value"))
    for index in range(VALUE_PROMPTS):
        user = ctx.users[index % len(ctx.users)]
        marker = ctx.marker(user)
        prompt = make_prompt(rng, "spend", marker)
        async with ctx.socket(user) as socket:
            await ctx.run_agent(socket, prompt.text, marker=marker, truth=msgspec.to_builtins(prompt))


def _judge_value(case: Case) -> Judgement:
    steps = case.steps("agent-run")
    records = {run.request: run for run in case.runs()}
    if not steps:
        return nothing_done("value")
    findings: list[Finding] = []
    proof: list[int] = []
    answers: list[str] = []
    scores: list[str] = []
    for step in steps:
        run = records.get(str(step.facts.get("request")))
        rows = seqs(row for row in step.rows if row.kind == "frame" and row.user == step.begin.user)
        if run is None or not run.answer:
            findings.append(Finding("critical", f"{step.begin.user}'s question was never answered", (step.begin.seq, *rows)))
            continue
        prompt = msgspec.convert(step.facts["truth"], Prompt)
        result = score(run.answer, prompt)
        scores.append(f"{result.points:g} of {result.max:g}")
        answers.append(run.answer)
        proof += [step.begin.seq, *rows]
        if not result.passed:
            text = f"{step.begin.user}'s answer scores {result.points:g} of {result.max:g}: {result.why}"
            findings.append(Finding("major", text, rows))
    for index, first in enumerate(answers):
        for second in answers[index + 1 :]:
            if similarity(first, second) > ALIKE:
                findings.append(Finding("major", "two different questions got nearly the same answer", tuple(proof)))
    for suspicion in case.monitors.canned.suspicions():
        if suspicion.convicts:
            findings.append(Finding("major", f"canned: {suspicion.text}", tuple(suspicion.seqs)))
    if len(answers) < VALUE_PROMPTS and not findings:
        return Judgement("INCONCLUSIVE", f"{len(answers)} of {VALUE_PROMPTS} questions answered", to_decide=f"{VALUE_PROMPTS} answers")
    return decided(
        findings,
        f"{len(answers)} answers over the threshold ({', '.join(scores)}), none alike",
        "figures and advice that fit each question",
        proof,
    )


CHECKS = (
    Check(
        id="golden-path",
        suite="2.2",
        title="The golden path, from sign-in to history",
        proves="One user's whole journey works: sign-in, thread, prompt, five events, answer, history.",
        impact="If this fails, the product does not do what it is sold for.",
        strategy=("tests/e2e/staging/test_golden_path_post_ssot_consolidation.py",),
        effects=frozenset({"write"}),
        drive=_journey,
        judge=_judge_journey,
        needs=("sign-in", "ws-connect"),
        catches=("final-text-only", "empty-answer", "runs-now-and-then-cut", "breaks-after-a-while", "second-instance-silent"),
        presets=("quick", "comprehensive", "websocket", "priority1"),
        cost=lambda users, preset: {"agent_runs": 1, "connects": 1, "sockets": 1, "threads": 1, "seconds": 2},
    ),
    Check(
        id="ai-value",
        suite="2.2",
        title="Answers of substance",
        proves="Questions about AI spend get the right figures, advice that uses the given constraint, and differ from each other.",
        impact="If this fails, customers get words for which they would not pay.",
        strategy=(
            "tests/e2e/staging/test_business_problem_solving_real_llm_e2e.py",
            "tests/e2e/staging/test_websocket_business_value_validation_e2e.py",
            "tests/e2e/staging/test_agent_optimization_complete_flow.py",
        ),
        effects=frozenset({"write"}),
        drive=_value,
        judge=_judge_value,
        needs=("sign-in", "ws-connect"),
        catches=("canned-reassurance", "wrong-figures", "constraint-ignored"),
        presets=("quick", "comprehensive"),
        cost=lambda users, preset: {
            "agent_runs": VALUE_PROMPTS,
            "connects": min(users, 3),
            "sockets": 1,
            "threads": VALUE_PROMPTS,
            "seconds": 3,
        },
    ),
)
