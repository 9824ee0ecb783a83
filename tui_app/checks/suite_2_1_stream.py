"""Suite 2.1, the stream: events as work proceeds, progress, and text that adds up."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import NamedTuple

import msgspec

from tui_app.checks.api import Case, Check, Context, Event, Finding, Judgement, Row, User
from tui_app.checks.prompts import make_prompt
from tui_app.checks.reading import decided, nothing_done, own_events, seqs
from tui_app.monitors.record import RunRecord

RUNS = 4
NOTICEABLE_MS = 250.0
"""What a person notices. A run that is over sooner cannot hold anything back that matters."""
SHORT_MS = 1000.0
"""Runs as short as this whose stamps show that the work itself took no noticeable time had nothing to hold back either."""
AT_ONCE = 0.3
"""Events that arrive within this share of the time over which they were stamped were kept back and told together."""
PIECES = frozenset({"stream_chunk", "response_chunk", "partial_result", "chunk", "message_chunk"})
STRATEGY = ("tests/e2e/staging/test_5_response_streaming_staging.py", "tests/e2e/staging/test_websocket_realtime_updates.py")


async def _runs(ctx: Context) -> None:
    asking = ctx.users[:2]
    await ctx.together(_one_user(ctx, user, -(-RUNS // len(asking))) for user in asking)


async def _one_user(ctx: Context, user: User, runs: int) -> None:
    rng = random.Random(ctx.seed(f"stream {user.label}"))
    async with ctx.socket(user) as socket:
        for _ in range(runs):
            marker = ctx.marker(user)
            prompt = make_prompt(rng, "spend", marker)
            await ctx.run_agent(socket, prompt.text, marker=marker, truth=msgspec.to_builtins(prompt))


class Told(NamedTuple):
    """Over how many ms a run's events were stamped (or the run claims to have worked), and over how many they arrived."""

    worked: float
    arrived: float
    lasted: float
    rows: tuple[int, ...]

    @property
    def at_once(self) -> bool:
        return self.worked >= NOTICEABLE_MS and self.arrived < AT_ONCE * self.worked


def told(run: RunRecord, events: list[tuple[Row, Event]]) -> Told:
    """How the events of one run came, against what they say of themselves."""
    stamps = [event.at for _, event in events if event.at is not None]
    times = [row.t for row, _ in events]
    worked = (max(stamps) - min(stamps)) * 1000 if stamps else 0.0
    lasted = run.duration_ms or 0.0
    # A claim beyond the run's whole length is fiction, which another check reads.
    if run.claimed_ms is not None and run.claimed_ms <= lasted * 1.1:
        worked = max(worked, run.claimed_ms)
    arrived = (max(times) - min(times)) / 1e6 if times else 0.0
    return Told(worked, arrived, lasted, tuple(dict.fromkeys((run.seq, *(row.seq for row, _ in events))))[:16])


def _judge_real_time(case: Case) -> Judgement:
    runs = [run for run in case.runs() if run.end_seq and not run.failed]
    if not runs:
        return nothing_done("runs that end")
    all_told = [(run, told(run, own_events(case, run))) for run in runs]
    held = [(run, one) for run, one in all_told if one.at_once]
    findings = [
        Finding("major", f"{run.user}: {one.worked:.0f} ms of work were told within {one.arrived:.0f} ms, at the end of the run", one.rows)
        for run, one in held
    ]
    if len(held) > 1 or (held and len(runs) == 1):
        return decided(findings, "", "events that are told as the work proceeds")
    if held:
        reason = f"1 of {len(runs)} runs was told all at once, which a stall of our own could do as well"
        return Judgement("INCONCLUSIVE", reason, to_decide="more runs")
    proof = tuple(seq for _, one in all_told for seq in one.rows[:2])
    spread = [one for _, one in all_told if one.worked >= NOTICEABLE_MS]
    if spread:
        least = min(one.arrived for one in spread)
        return decided([], f"{len(spread)} runs were told while they went on, over {least:.0f} ms and more", "", proof)
    longest = max(one.lasted for _, one in all_told)
    if longest < NOTICEABLE_MS or (longest < SHORT_MS and all(one.worked for _, one in all_told)):
        return decided([], f"nothing was held back that mattered: each of {len(runs)} runs was over in {longest:.0f} ms", "", proof)
    reason = "the runs took their time, and their events say nothing of when they happened"
    return Judgement("INCONCLUSIVE", reason, to_decide="events with time stamps")


def _letters(text: str) -> str:
    return "".join(text.split())


def adds_up(pieces: list[str], answer: str) -> bool:
    """Whether pieces are the answer: one after the other, or each all that there was so far. White space does not count."""
    if _letters("".join(pieces)) == _letters(answer):
        return True
    grown = [_letters(piece) for piece in pieces]
    return grown[-1] == _letters(answer) and all(later.startswith(piece) for piece, later in pairwise(grown))


def _judge_pieces(case: Case) -> Judgement:
    runs = [run for run in case.runs() if run.end_seq and not run.failed and run.answer]
    if not runs:
        return nothing_done("runs with an answer")
    findings: list[Finding] = []
    proof: list[int] = []
    count = 0
    for run in runs:
        pieces = [(row, event.text) for row, event in own_events(case, run) if event.name in PIECES]
        if not pieces:
            continue
        count += 1
        rows = (*seqs(row for row, _ in pieces), run.end_seq)
        proof += rows
        if not adds_up([text for _, text in pieces], run.answer):
            findings.append(Finding("major", f"{run.user}: the {len(pieces)} pieces of the answer do not add up to it", rows))
    if not count:
        return Judgement("SKIPPED", "not supported by the platform: it sends no answer in pieces")
    return decided(findings, f"the pieces of {count} answers add up to them", "pieces that add up", proof)


CHECKS = (
    Check(
        id="real-time",
        suite="2.1",
        title="Events are told while the work goes on",
        proves="Events arrive over the time over which they were stamped, instead of all at once when the run is over.",
        impact="If this fails, customers stare at a still screen and get everything at once.",
        strategy=STRATEGY,
        effects=frozenset({"write"}),
        drive=_runs,
        judge=_judge_real_time,
        needs=("sign-in", "ws-connect"),
        catches=("told-at-the-end",),
        presets=("comprehensive", "websocket", "priority1"),
        cost=lambda users, preset: {"agent_runs": RUNS, "connects": 2, "sockets": 2, "threads": 2, "seconds": 3},
    ),
    Check(
        id="stream-adds-up",
        suite="2.1",
        title="Streamed text adds up to the answer",
        proves="Where an answer is sent in pieces, the pieces joined are the answer.",
        impact="If this fails, customers read an answer with holes in it.",
        strategy=STRATEGY[:1],
        effects=frozenset({"write"}),
        drive=_runs,
        judge=_judge_pieces,
        needs=("sign-in", "ws-connect"),
        required=False,
        catches=("lost-piece",),
        presets=("comprehensive", "websocket", "priority1"),
        cost=lambda users, preset: {"agent_runs": RUNS, "connects": 2, "sockets": 2, "threads": 2, "seconds": 3},
    ),
)
