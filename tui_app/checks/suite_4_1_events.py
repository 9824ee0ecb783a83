"""Suite 4.1, event metadata: ids, time stamps, claims, and thoughts that say something."""

from __future__ import annotations

import random
import re
from typing import Final

import msgspec

from tui_app.checks.api import Case, Check, Context, Event, Finding, Judgement, Row, User
from tui_app.checks.prompts import Kind, make_prompt
from tui_app.checks.reading import decided, nothing_done, own_events, seqs
from tui_app.checks.severities import grade
from tui_app.monitors.canned import claim_of
from tui_app.monitors.record import RunRecord

KINDS: Final[tuple[Kind, ...]] = ("spend", "arithmetic", "text")
PLACEHOLDER: Final = re.compile(
    r"^(?:test|demo|mock|default|temp|placeholder|dummy|emergency|relaxed)[_-]|^(?:test|default|unknown|none|null|1)$", re.I
)
"""Ids that the platform itself refuses as made up (wire contract 5.3), and those of identities that it makes up (3.6)."""
SLACK_MS: Final = 50.0
Told = list[tuple[Row, Event]]


async def _runs(ctx: Context) -> None:
    await ctx.together(_one_user(ctx, user) for user in ctx.users[:2])


async def _one_user(ctx: Context, user: User) -> None:
    rng = random.Random(ctx.seed(f"event-metadata {user.label}"))
    async with ctx.socket(user) as socket:
        for kind in KINDS:
            marker = ctx.marker(user)
            prompt = make_prompt(rng, kind, marker)
            await ctx.run_agent(socket, prompt.text, marker=marker, truth=msgspec.to_builtins(prompt))


def _judge(case: Case) -> Judgement:
    runs = [(run, [(row, event) for row, event in own_events(case, run) if event.critical]) for run in case.runs() if run.end_seq]
    told = [pair for _, events in runs for pair in events]
    if not told:
        return nothing_done("events")
    findings = [*_ids(told), *_stamps(runs), *_claims(runs), *_thoughts(runs)]
    proof = seqs(row for row, _ in told)[:24]
    passed = f"{len(told)} events of {len(runs)} runs name run, thread and time, claim what is possible, and their thoughts say something"
    return decided(findings, passed, "ids and stamps on every event", proof)


def _ids(told: Told) -> list[Finding]:
    findings: list[Finding] = []
    for name in ("run", "thread"):
        without = [row for row, event in told if not getattr(event, name)]
        if without:
            share = 1 - len(without) / len(told)
            findings.append(Finding("major", f"{share:.0%} of {len(told)} events name their {name}", seqs(without)[:8]))
        made_up = [(row, getattr(event, name)) for row, event in told if PLACEHOLDER.search(getattr(event, name))]
        if made_up:
            findings.append(Finding("major", f"a {name} has the made-up id {made_up[0][1]!r}", seqs(row for row, _ in made_up)[:8]))
    return findings


def _stamps(runs: list[tuple[RunRecord, Told]]) -> list[Finding]:
    findings: list[Finding] = []
    told = [pair for _, events in runs for pair in events]
    without = [row for row, event in told if event.at is None]
    if without:
        share = 1 - len(without) / len(told)
        findings.append(Finding(grade("FM-19"), f"{share:.0%} of {len(told)} events have a readable time stamp", seqs(without)[:8]))
    for run, events in runs:
        stamps = {event.at for _, event in events if event.at is not None}
        if len(events) > 2 and len(stamps) == 1 and (run.duration_ms or 0) > 1_500:
            findings.append(
                Finding(grade("FM-19"), f"{run.user}: all events of a run have the same time stamp", seqs(row for row, _ in events)[:8])
            )
    return findings


def _claims(runs: list[tuple[RunRecord, Told]]) -> list[Finding]:
    """Durations that events state of themselves and that are longer than the whole run had taken by then."""
    findings: list[Finding] = []
    for run, events in runs:
        for row, event in events:
            claimed, elapsed = claim_of(row.text), (row.t - run.start) / 1e6
            if claimed is not None and claimed > elapsed * 1.1 + SLACK_MS:
                text = f"{run.user}: {event.name} claims {claimed:.0f} ms, {elapsed:.0f} ms after the request was sent"
                findings.append(Finding(grade("FM-67"), text, (run.seq, row.seq)))
                break
    return findings


def _thoughts(runs: list[tuple[RunRecord, Told]]) -> list[Finding]:
    thoughts = [(run, row, event.text.strip()) for run, events in runs for row, event in events if event.name == "agent_thinking"]
    empty = [row for _, row, text in thoughts if not text]
    if empty:
        return [Finding("major", f"{len(empty)} of {len(thoughts)} thoughts hold no words", seqs(empty)[:8])]
    asked = {run.prompt for run, _, _ in thoughts}
    if len(asked) > 2 and len({text for _, _, text in thoughts}) == 1:
        text = f"the thoughts on {len(asked)} different questions are the same words"
        return [Finding(grade("FM-12"), text, seqs(row for _, row, _ in thoughts)[:8])]
    return []


CHECKS = (
    Check(
        id="event-metadata",
        suite="4.1",
        title="Events say whose they are, when, and something",
        proves="Every event names its run, its thread and its time, claims no impossible duration, and thoughts hold words of their own.",
        impact="If this fails, customers cannot follow or trust what they are shown.",
        strategy=("tests/e2e/staging/test_8_lifecycle_events_staging.py", "tests/e2e/staging/test_3_agent_pipeline_staging.py"),
        effects=frozenset({"write"}),
        drive=_runs,
        judge=_judge,
        needs=("sign-in", "ws-connect"),
        catches=("thoughts-empty", "thoughts-alike", "times-made-up"),
        presets=("comprehensive", "websocket", "priority1"),
        cost=lambda users, preset: {"agent_runs": 6, "connects": 2, "sockets": 2, "threads": 2, "seconds": 3},
    ),
)
