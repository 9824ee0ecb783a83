"""Suite 3.2, sharing: limits on messages, a user who does not read, and features for working together."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from tui_app.checks.api import Case, Check, Context, Event, Finding, Judgement, Socket, StepRows
from tui_app.checks.probing import pong_of
from tui_app.checks.reading import decided, nothing_done, seqs
from tui_app.checks.severities import grade
from tui_app.monitors.throttling import SAYS

BURST = 40
"""Messages in one burst: above the thirty a minute that a platform may allow, and no more than that needs."""
UNREAD = 120
UNREAD_BYTES = 7_000
"""Answers that the slow reader leaves unread, each of a size that any platform takes: together more than a front's buffers hold."""
HEARD_S = 2.0
PROBES = 6
KINDS = ("create_workspace", "share_document", "team_handoff")
ANSWER_S = 3.0
SLOW_S = 12.0
"""For which a burst's answers are waited for while no limit was told: a target that is slow with each one has not lost the last."""
_AFTER = re.compile(r"(?:after|in)\s+(\d+(?:\.\d+)?)\s*s", re.I)


def _throttled(event: Event) -> bool:
    return event.name == "error" and bool(SAYS.search(f"{event.code} {event.text}"))


async def _limit(ctx: Context) -> None:
    user = ctx.users[0]
    socket = await ctx.dial(user=user)
    if socket is None:
        return
    told: list[Event] = []

    def refused(event: Event) -> bool:
        if _throttled(event):
            told.append(event)
        return False

    async with ctx.step("burst", user=user, conn=socket.conn, count=BURST) as step:
        watching = ctx.later(socket.expect(refused, SLOW_S + BURST * 0.02))
        pings = []
        for _ in range(BURST):
            pings.append(ctx.later(ctx.ping(socket, SLOW_S)))
            await ctx.sleep(0.02)
        _, waiting = await asyncio.wait(pings, timeout=ANSWER_S)
        if waiting and not told and socket.open:
            _, waiting = await asyncio.wait(waiting, timeout=SLOW_S)
        for ping in waiting:
            ping.cancel()
        watching.cancel()
        step.note(throttled=len(told))
    # A limit may stand for a minute: what it says itself is waited for, if that is bearable.
    after = next((float(said.group(1)) for event in told if (said := _AFTER.search(event.text))), None)
    if (told or not socket.open) and after is not None and after <= 10.0:
        for _ in range(2):
            await ctx.sleep(after + 0.5)
            again = socket if socket.open else await ctx.dial(user=user)
            if again is None:
                continue
            async with ctx.step("after-limit", user=user, conn=again.conn, waited_s=after + 0.5, told_s=after) as step:
                answer = ctx.later(again.expect(lambda event: event.name in ("pong", "error"), ANSWER_S))
                await again.send("ping", {"id": "after"}, id="after")
                found = await answer
                if found is None or found.name != "pong":
                    step.ended("refused" if found else "deadline")
    if socket.open:
        await socket.close()


def _judge_limit(case: Case) -> Judgement:
    bursts = case.steps("burst")
    if not bursts or bursts[0].end is None:
        return nothing_done("a burst of messages")
    burst, end = bursts[0], bursts[0].end
    told = [row for row in burst.rows if row.kind == "frame" and row.dir == "in" and any(_throttled(event) for event in case.events(row))]
    closed = [row for row in burst.rows if row.kind == "conn" and row.type == "closed" and row.body.get("by") != "us"]
    pings = [step for step in case.steps("answered") if burst.begin.t <= step.begin.t <= end.t]
    answered = sum(pong_of(case, step) is not None for step in pings)
    if answered < sum(step.outcome == "done" for step in pings):
        return Judgement("INCONCLUSIVE", "answers that came are not among the rows", to_decide="a whole recording")
    after = case.steps("after-limit")
    if not told and not closed:
        if answered < BURST:
            lost = BURST - answered
            finding = Finding(grade("FM-58"), f"{lost} of {BURST} quick messages get neither an answer nor a refusal", (burst.begin.seq,))
            return Judgement("FAIL", finding.text, (finding,), "an answer or a refusal for each message")
        return decided([], f"not enforced within {BURST} messages in a second: all were answered", "", (burst.begin.seq, end.seq))
    rows = seqs((told or closed)[:12])
    still = [step for step in after if step.outcome != "done"]
    if len(after) >= 2 and len(still) == len(after):
        told_s = after[0].facts["told_s"]
        text = f"after {answered} messages {burst.begin.user} is told to wait {told_s:g} s, waits longer, and is refused again"
        finding = Finding("major", text, (*rows, *seqs(row for step in still for row in (step.begin, step.end) if row)))
        return Judgement("FAIL", text, (finding,), "a limit that lifts when it says")
    if after:
        text = f"enforced after {answered} messages in a second, and lifted in the time that the target itself says"
        return decided([Finding("info", "the refusals", rows)], text, "", rows)
    text = f"enforced after {answered} messages in a second; it does not say for how long"
    return decided([Finding("info", "the refusals", rows)], text, "", rows)


async def _slow(ctx: Context) -> None:
    slow, ears = ctx.users[0], ctx.users[1:3]
    async with ctx.sockets(ears) as listening:
        await _listen(ctx, listening, "before")
        victim = await ctx.dial(user=slow)
        if victim is None:
            return
        victim.pause(True)
        stuffing = ctx.later(_stuff(ctx, victim))
        await ctx.sleep(1.0)
        await _listen(ctx, listening, "meanwhile")
        victim.abort()
        stuffing.cancel()
        await ctx.sleep(0.2)
        await _listen(ctx, listening, "after")


async def _stuff(ctx: Context, victim: Socket) -> None:
    """Ask for answers that nobody reads, until the target's side is full or all are asked for."""
    try:
        for number in range(UNREAD):
            name = f"{number}-{'x' * UNREAD_BYTES}"
            await victim.send("ping", {"id": name}, id=name)
    except ConnectionError:
        return  # the closed row of this connection says it


async def _listen(ctx: Context, sockets: Sequence[Socket], phase: str) -> None:
    for socket in sockets:
        async with ctx.step("listen", user=socket.user, conn=socket.conn, phase=phase) as step:
            probes = []
            for _ in range(PROBES):
                probes.append(ctx.later(ctx.ping(socket, HEARD_S)))
                await ctx.sleep(0.03)
            heard = [await probe is not None for probe in probes]
            step.note(asked=len(heard), heard=sum(heard))


def _judge_slow(case: Case) -> Judgement:
    steps = [step for step in case.steps("listen") if step.end is not None]
    phases = {phase: [step for step in steps if step.facts["phase"] == phase] for phase in ("before", "meanwhile", "after")}
    if not phases["meanwhile"]:
        return nothing_done("others' messages beside a slow reader")
    unread = [row for row in case.of("frame") if row.dir == "out" and row.size > UNREAD_BYTES] or list(case.of("conn", "welcome"))
    if any(_pongs(step) < int(step.facts["heard"]) for step in steps):
        return Judgement("INCONCLUSIVE", "answers that came are not among the rows", to_decide="a whole recording")
    if any(step.facts["heard"] < step.facts["asked"] for step in phases["before"]):
        reason = "others were not answered before anybody read slowly, so nothing can be said of the slow reader"
        return Judgement("INCONCLUSIVE", reason, to_decide="answered pings to begin with")
    findings = []
    for step in phases["meanwhile"]:
        missing = int(step.facts["asked"]) - int(step.facts["heard"])
        if missing >= PROBES // 2:
            again = any(other.begin.user == step.begin.user and other.facts["heard"] for other in phases["after"])
            text = f"{step.begin.user}: {missing} of {PROBES} pings get no answer within {HEARD_S:g} s while u1 does not read" + (
                ", and are answered again once that socket is gone" if again else ""
            )
            findings.append(Finding("critical", text, (step.begin.seq, step.end.seq if step.end else 0, *seqs(unread[:2]))))
    count = sum(row.type != "welcome" for row in unread)
    return decided(
        findings,
        f"{len(phases['meanwhile'])} others were answered while one user left up to {count} answers unread",
        "others who are answered, whoever reads slowly",
        seqs(step.begin for step in phases["meanwhile"]),
    )


def _pongs(step: StepRows) -> int:
    return sum(row.kind == "frame" and row.dir == "in" and row.type == "pong" and row.conn == step.begin.conn for row in step.rows)


async def _collaborate(ctx: Context) -> None:
    user = ctx.users[0]
    async with ctx.socket(user) as socket:
        for kind in KINDS:
            async with ctx.step("capability", user=user, conn=socket.conn, deadline=ANSWER_S, kind=kind) as step:
                waiting = ctx.later(socket.expect(lambda event: event.name not in ("heartbeat", "ping"), ANSWER_S))
                await socket.send(kind, {"name": "vigil", "content": "vigil"})
                found = await waiting
                step.note(answer=found.name if found else "")
                if found is None:
                    step.ended("deadline" if socket.open else "lost")
            if found is None:
                return


def _judge_collaborate(case: Case) -> Judgement:
    asked = case.steps("capability")
    if not asked or any(step.end is None for step in asked):
        return nothing_done("features for working together")
    silent = [step for step in asked if step.outcome != "done"]
    rows = seqs(row for step in asked for row in (step.begin, step.end) if row is not None)
    if silent:
        kinds = ", ".join(str(step.facts["kind"]) for step in silent)
        finding = Finding(grade("FM-58"), f"a message of a type that it may not know gets no answer at all: {kinds}", rows)
        return Judgement("FAIL", finding.text, (finding,), "an acknowledgement, an error, or the feature")
    unknown = [step for step in asked if step.facts.get("answer") in ("ack", "error")]
    if len(unknown) == len(asked):
        return Judgement(
            "SKIPPED",
            f"not supported by the platform: {', '.join(KINDS)} are only acknowledged, as any unknown message is",
            (Finding("info", "the answers", rows),),
        )
    known = ", ".join(f"{step.facts['kind']} ({step.facts['answer']})" for step in asked if step not in unknown)
    return Judgement("INCONCLUSIVE", f"the platform seems to know {known}; what it means there is not known here", to_decide="its contract")


CHECKS: tuple[Check, ...] = (
    Check(
        id="rate-limit",
        suite="3.2",
        title="A limit on messages is told and lifts",
        proves="Forty quick messages are all answered, or refused in words; a limit that says when it lifts does so.",
        impact="If this fails, an eager customer is locked out without knowing why or for how long.",
        strategy=("tests/e2e/staging/test_performance_scaling.py",),
        effects=frozenset({"load"}),
        drive=_limit,
        judge=_judge_limit,
        needs=("sign-in", "ws-connect"),
        exclusive=True,
        catches=("message-limiter-never-lifts",),
        presets=("comprehensive", "priority1", "priority2"),
        cost=lambda users, preset: {"connects": 1, "sockets": 1, "messages": BURST, "seconds": 2},
    ),
    Check(
        id="slow-reader",
        suite="3.2",
        title="One slow reader slows nobody else",
        proves="While one user reads nothing, the pings of others are answered as before.",
        impact="If this fails, a single customer on a poor network stops everybody's chat.",
        strategy=("tests/e2e/staging/test_6_failure_recovery_staging.py", "tests/e2e/staging/test_5_response_streaming_staging.py"),
        effects=frozenset({"fault", "load"}),
        drive=_slow,
        judge=_judge_slow,
        needs=("sign-in", "ws-connect"),
        exclusive=True,
        min_users=2,
        catches=("slow-reader-blocks",),
        presets=("comprehensive",),
        cost=lambda users, preset: {"connects": 3, "sockets": 3, "messages": UNREAD, "seconds": 4},
    ),
    Check(
        id="collaboration",
        suite="3.2",
        title="Working together, where the platform offers it",
        proves="Messages of shared work are acknowledged as unknown, refused, or served: never swallowed.",
        impact="If this fails, a team waits for a shared workspace that never answers.",
        strategy=("tests/e2e/staging/test_websocket_realtime_collaboration_e2e.py",),
        effects=frozenset({"write"}),
        drive=_collaborate,
        judge=_judge_collaborate,
        needs=("sign-in", "ws-connect"),
        catches=("unknown-type-swallowed",),
        required=False,
        presets=("comprehensive",),
        cost=lambda users, preset: {"connects": 1, "sockets": 1, "messages": len(KINDS), "seconds": 1},
    ),
)
