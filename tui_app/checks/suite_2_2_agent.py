"""Suite 2.2, the agent at work: that nothing of it is canned, its tools, and its helpers."""

from __future__ import annotations

import random
import re
from typing import Final

import msgspec

from tui_app.checks import challenges
from tui_app.checks.api import Case, Check, Context, Event, Finding, Judgement, Row, User
from tui_app.checks.prompts import Kind, Prompt, make_prompt
from tui_app.checks.reading import decided, nothing_done, own_events, seqs
from tui_app.checks.rubric import score, similarity
from tui_app.checks.severities import grade
from tui_app.monitors.record import RunRecord

ALIKE: Final = 0.6
"""Two answers as alike as this are one (strategy-checks 2.2)."""
DEGRADED: Final = re.compile(r'"(?:degraded(?:_\w+)?|emergency_mode|fallback_used|is_fallback)"\s*:\s*true')
REAL = "tests/e2e/staging/test_real_agent_execution_staging.py"
VALUE = "tests/e2e/staging/test_websocket_business_value_validation_e2e.py"
FLOW = "tests/e2e/staging/test_agent_optimization_complete_flow.py"


async def _ask(ctx: Context, name: str, kinds: tuple[Kind, ...]) -> None:
    """Each of two users asks one prompt of each kind."""
    await ctx.together(_one_user(ctx, user, f"{name} {user.label}", kinds) for user in ctx.users[:2])


async def _one_user(ctx: Context, user: User, seed: str, kinds: tuple[Kind, ...]) -> None:
    rng = random.Random(ctx.seed(seed))
    async with ctx.socket(user) as socket:
        for kind in kinds:
            marker = ctx.marker(user)
            prompt = make_prompt(rng, kind, marker)
            await ctx.run_agent(socket, prompt.text, marker=marker, truth=msgspec.to_builtins(prompt))


def answered(case: Case) -> list[tuple[RunRecord, Prompt]]:
    """The runs that came to an answer, with what is known about a right one."""
    prompts = {str(step.facts.get("request")): msgspec.convert(step.facts["truth"], Prompt) for step in case.steps("agent-run")}
    return [(run, prompts[run.request]) for run in case.runs() if run.answer.strip() and not run.failed and run.request in prompts]


# -- canned


async def _not_canned(ctx: Context) -> None:
    await _ask(ctx, "not-canned", ("arithmetic", "spend", "text"))


def _judge_not_canned(case: Case) -> Judgement:
    found = answered(case)
    if len(found) < 2:
        return nothing_done("two answers")
    mine = {run.request for run, _ in found}
    findings: list[Finding] = []
    for suspicion in case.monitors.canned.suspicions():
        if mine & set(suspicion.requests):
            severity = grade("FM-67" if suspicion.rule == "impossible-time" else "FM-12") if suspicion.convicts else "info"
            findings.append(Finding(severity, f"canned: {suspicion.text}", tuple(suspicion.seqs)))
    for run, prompt in found:
        if prompt.truth.challenge_form and not score(run.answer, prompt).passed:
            text = f"{run.user}'s challenge is not solved: {prompt.truth.challenge_answer} stands nowhere in the answer"
            findings.append(Finding("major", text, (run.seq, run.end_seq)))
        flagged = [row for row, _ in own_events(case, run) if DEGRADED.search(row.text)]
        if flagged:
            findings.append(Finding(grade("FM-44"), f"{run.user}'s run calls itself degraded", seqs(flagged)[:4]))
    proof = tuple(seq for run, _ in found for seq in (run.seq, run.end_seq))
    return decided(findings, f"{len(found)} answers, each worked out for its question", "answers that only a working agent can give", proof)


# -- differing


async def _differ(ctx: Context) -> None:
    await _ask(ctx, "answers-differ", ("spend", "spend"))


def _judge_differ(case: Case) -> Judgement:
    found = answered(case)
    if len(found) < 2:
        return nothing_done("two answers")
    findings: list[Finding] = []
    most = 0.0
    for index, (run, prompt) in enumerate(found):
        for other, second in found[index + 1 :]:
            alike = similarity(run.answer, other.answer)
            if prompt.text == second.text:
                continue
            most = max(most, alike)
            if alike > ALIKE:
                text = f"two different questions got answers that are {alike:.0%} alike"
                findings.append(Finding("major", text, (run.seq, run.end_seq, other.seq, other.end_seq)))
    proof = tuple(seq for run, _ in found for seq in (run.seq, run.end_seq))
    return decided(findings, f"{len(found)} questions, answers at most {most:.0%} alike", "answers that differ with the question", proof)


# -- tools


async def _tools(ctx: Context) -> None:
    await _ask(ctx, "tool-results", ("spend", "own-data", "arithmetic"))


def empty(result: object) -> bool:
    """Whether a result holds nothing; a zero and a no are results."""
    return result is None or result in ("", {}, []) or (isinstance(result, str) and not result.strip())


def _judge_tools(case: Case) -> Judgement:
    runs = [run for run in case.runs() if run.end_seq]
    finished = [(run, row, event) for run in runs for row, event in own_events(case, run) if event.name == "tool_completed"]
    if not finished:
        return nothing_done("tools that finish")
    findings: list[Finding] = []
    for run, row, event in finished:
        if empty(event.result):
            findings.append(Finding("major", f"{run.user}: {event.tool or 'a tool'} finished without a result", (row.seq,)))
        elif not event.tool:
            findings.append(Finding("major", f"{run.user}: a tool finished that has no name", (row.seq,)))
    results = {msgspec.json.encode(event.result) for _, _, event in finished}
    asked = {run.request for run, _, _ in finished}
    if len(asked) > 2 and len(results) == 1 and not findings:
        text = f"the tools of {len(asked)} different questions all found the same"
        findings.append(Finding(grade("FM-12"), text, seqs(row for _, row, _ in finished)[:8]))
    proof = seqs(row for _, row, _ in finished)
    return decided(findings, f"{len(finished)} tools finished, each with a result", "a result from each tool", proof)


# -- helpers


async def _orchestrate(ctx: Context) -> None:
    user = ctx.users[0]
    rng = random.Random(ctx.seed("orchestration"))
    marker = ctx.marker(user)
    parts = [challenges.text(rng).question, challenges.arithmetic(rng).question, "Look at my own usage data: which model cost me the most?"]
    async with ctx.socket(user) as socket:
        await ctx.run_agent(
            socket,
            f"I have three questions for your specialists. {' '.join(parts)} Quote my reference {marker} in your answer.",
            marker=marker,
            payload={"require_multi_agent": True},
        )


def _helpers(events: list[tuple[Row, Event]]) -> tuple[dict[str, list[int]], set[str]]:
    """The rows at which each helper began that has not ended, and the names of all agents that took part."""
    running: dict[str, list[int]] = {}
    names: set[str] = set()
    for row, event in events:
        if event.agent:
            names.add(event.agent)
        if event.name == "subagent_started":
            running.setdefault(event.agent, []).append(row.seq)
        elif event.name == "subagent_completed" and running.get(event.agent):
            running[event.agent].pop()
    return {name: rows for name, rows in running.items() if rows}, names


def _judge_orchestration(case: Case) -> Judgement:
    runs = [run for run in case.runs() if run.end_seq]
    if not runs:
        return nothing_done("a run with several agents")
    findings: list[Finding] = []
    proof: list[int] = []
    seen: set[str] = set()
    for run in runs:
        events = own_events(case, run)
        open_ones, names = _helpers(events)
        seen |= names
        proof += seqs(row for row, event in events if event.name.startswith("subagent_") or event.critical)[:12]
        for name, rows in open_ones.items():
            text = f"{run.user}: {name or 'a helper'} was started {len(rows)} times more often than it ended"
            findings.append(Finding(grade("FM-11"), text, (*rows, run.end_seq)))
    if len(seen) < 2 and not findings:
        reason = f"not observed: {len(seen)} agent took part where the question has work for several"
        return Judgement("INCONCLUSIVE", reason, to_decide="a platform that hands work over, or tells of it")
    return decided(findings, f"{len(seen)} agents took part, and each that began has ended", "every helper ends", proof)


CHECKS = (
    Check(
        id="not-canned",
        suite="2.2",
        title="Nothing of it is canned",
        proves="Challenges are solved, questions get answers of their own, none is the question itself, and claimed times are possible.",
        impact="If this fails, customers watch a show and pay for it.",
        strategy=(REAL, VALUE),
        effects=frozenset({"write"}),
        drive=_not_canned,
        judge=_judge_not_canned,
        needs=("sign-in", "ws-connect"),
        catches=(
            "answer-echoes",
            "answer-echoes-cut-off",
            "stock-sentence",
            "canned-reassurance",
            "canned-events",
            "stand-in-agent",
            "same-answer-again",
            "times-made-up",
        ),
        presets=("comprehensive", "websocket", "priority1"),
        cost=lambda users, preset: {"agent_runs": 6, "connects": 2, "sockets": 2, "threads": 2, "seconds": 3},
    ),
    Check(
        id="answers-differ",
        suite="2.2",
        title="Different questions, different answers",
        proves="The same user's questions about different figures get answers that share less than 60 % of their phrases.",
        impact="If this fails, customers all get the same advice, whatever they run.",
        strategy=(VALUE, "tests/e2e/staging/test_business_problem_solving_real_llm_e2e.py"),
        effects=frozenset({"write"}),
        drive=_differ,
        judge=_judge_differ,
        needs=("sign-in", "ws-connect"),
        catches=("same-answer-again",),
        presets=("comprehensive",),
        cost=lambda users, preset: {"agent_runs": 4, "connects": 2, "sockets": 2, "threads": 2, "seconds": 2},
    ),
    Check(
        id="tool-results",
        suite="2.2",
        title="Tools come back with results",
        proves="Every tool that finishes names itself and brings a result that belongs to the question.",
        impact="If this fails, answers rest on nothing.",
        strategy=(FLOW, REAL),
        effects=frozenset({"write"}),
        drive=_tools,
        judge=_judge_tools,
        needs=("sign-in", "ws-connect"),
        catches=("tool-result-empty",),
        presets=("comprehensive", "priority1"),
        cost=lambda users, preset: {"agent_runs": 6, "connects": 2, "sockets": 2, "threads": 2, "seconds": 3},
    ),
    Check(
        id="orchestration",
        suite="2.2",
        title="Helpers are started, and end",
        proves="A question with work for several agents is handed over, and every helper that is started ends.",
        impact="If this fails, customers see work that nobody finishes.",
        strategy=(
            "tests/e2e/staging/test_4_agent_orchestration_staging.py",
            "tests/e2e/staging/test_9_coordination_staging.py",
            FLOW,
        ),
        effects=frozenset({"write"}),
        drive=_orchestrate,
        judge=_judge_orchestration,
        needs=("sign-in", "ws-connect"),
        required=False,
        catches=("hand-over-unfinished",),
        presets=("comprehensive", "priority3"),
        cost=lambda users, preset: {"agent_runs": 1, "connects": 1, "sockets": 1, "threads": 1, "seconds": 1},
    ),
)
