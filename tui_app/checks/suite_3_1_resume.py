"""Suite 3.1, resuming: what becomes of a run whose socket is cut, and of the conversation it belonged to."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from tui_app.checks.api import Case, Check, Context, Event, Finding, Judgement, Row, RunOutcome, StepRows, User
from tui_app.checks.prompts import make_prompt
from tui_app.checks.reading import decided, nothing_done, seqs
from tui_app.checks.severities import grade
from tui_app.model import CRITICAL_EVENTS

CUT = 2
"""Users whose run is cut."""
POLL_S = 0.3
REPLAY_S = 1.0
"""How long after a reconnect a replay may still come and count."""
AGENT = frozenset({"assistant", "agent", "ai"})
STRATEGY = ("tests/e2e/staging/test_websocket_realtime_updates.py", "tests/e2e/staging/test_websocket_agent_events_comprehensive.py")


async def _missed(ctx: Context) -> None:
    # The first is cut; the second goes dark, so that the platform believes that it still tells somebody.
    dark = not ctx.no_link()
    await ctx.together(_cut_and_look(ctx, user, dark=dark and index == 1) for index, user in enumerate(ctx.users[:CUT]))


async def _cut_and_look(ctx: Context, user: User, *, dark: bool) -> None:
    rng = random.Random(ctx.seed(f"missed {user.label}"))
    prompt = make_prompt(rng, "spend", ctx.marker(user))
    thread = await ctx.thread(user)
    truth = msgspec.to_builtins(prompt)
    if not dark:
        async with ctx.socket(user, fresh=True) as victim:
            cut = _when_started(victim.abort)
            run = await ctx.run_agent(victim, prompt.text, thread=thread, doomed=True, on_event=cut, truth=truth)
        await _look(ctx, user, run, victim.conn, thread)
        return
    async with ctx.link(user) as link:
        fault = "half-open"
        going = ctx.later(
            ctx.run_agent(
                link.socket, prompt.text, thread=thread, doomed=True, on_event=_when_started(partial(link.arm, fault)), truth=truth
            )
        )
        await link.broken(fault)
        await _look(ctx, user, await going, link.socket.conn, thread)


def _when_started(act: Callable[[], None]) -> Callable[[Event], None]:
    def heard(event: Event) -> None:
        if event.name == "agent_started":
            act()

    return heard


async def _look(ctx: Context, user: User, run: RunOutcome, old: int, thread: str) -> None:
    async with ctx.step("catch-up", user=user, request=run.request, run=run.run, old=old, thread=thread) as step:
        socket = await ctx.dial(user=user)
        if socket is None:
            step.ended("refused")
            return
        step.note(new=socket.conn, welcomed_at=ctx.now_ns())
        until = ctx.now_ns() + int(float(ctx.limits.run_s) * 1e9)
        there: list[int] = []

        def last(event: Event) -> bool:
            if event.name == "agent_completed" and _mine(event, run.run, run.request):
                there.append(ctx.now_ns())
            return False

        listening = ctx.later(socket.expect(last, float(ctx.limits.run_s) + REPLAY_S))
        kept = 0
        begun = ctx.now_ns()
        while ctx.now_ns() < until:
            if not kept and await _answer_kept(ctx, user, thread):
                kept = ctx.now_ns()
            if kept and ctx.now_ns() - begun >= REPLAY_S * 1e9:
                break
            await ctx.sleep(POLL_S)
        listening.cancel()
        # All is there once its end has come on the new socket; where that never comes, once the history holds the answer.
        if there or kept:
            step.note(caught_up_at=there[0] if there else kept, how="told" if there else "kept")
        await socket.close()


async def _answer_kept(ctx: Context, user: User, thread: str) -> bool:
    answer = await ctx.http("backend", "GET", f"/api/threads/{thread}/messages", user=user)
    return any(_by_agent(one) for one in _messages(answer.json))


def _messages(body: Any) -> list[dict[str, Any]]:
    found = body.get("messages") if isinstance(body, dict) else body
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _by_agent(message: dict[str, Any]) -> bool:
    return str(message.get("role", "")).lower() in AGENT and bool(message.get("content"))


def _key(event: Event) -> tuple[str, str, str]:
    return (event.name, event.tool_call or event.tool, event.text[:200] if event.name == "agent_thinking" else "")


def _judge_missed(case: Case) -> Judgement:
    steps = case.steps("catch-up")
    if not steps:
        return nothing_done("a run that is cut")
    findings: list[Finding] = []
    told: list[Finding] = []
    undecided = ""
    for step in steps:
        wrong, outcome = _one(case, step)
        findings += wrong
        if outcome is not None and outcome.severity == "info":
            told.append(outcome)
        elif outcome is not None and outcome.severity == "minor":
            undecided = undecided or outcome.text
        elif outcome is not None:
            findings.append(outcome)
    if undecided and not findings:
        return Judgement("INCONCLUSIVE", undecided, tuple(told), "runs that are cut in their middle, and a history that can be read")
    reason = "; ".join(dict.fromkeys(one.text.partition(": ")[2] for one in told))
    return decided([*findings, *told], reason, "what was missed is replayed once, or stands in the history")


def _one(case: Case, step: StepRows) -> tuple[list[Finding], Finding | None]:
    """What is wrong after one cut, and how it came out: info where that is decided, minor where it is not."""
    user, run, request = step.begin.user, str(step.facts.get("run", "")), str(step.facts.get("request", ""))
    if step.outcome == "refused":
        return [], Finding("minor", f"{user} was not let in again, so nothing can be said of missed events", (step.begin.seq,))
    heard = [
        (row, event) for row in case.of("frame") if row.user == user and row.dir == "in" for event in case.events(row) if event.critical
    ]
    before = {_key(event): row for row, event in heard if row.conn == step.facts.get("old") and _mine(event, run, request)}
    if ("agent_started", "", "") not in {(key[0], "", "") for key in before}:
        return [], Finding("minor", f"{user}'s run had not begun when it was to be cut", (step.begin.seq,))
    if any(key[0] == "agent_completed" for key in before):
        return [], Finding("minor", f"{user}'s run had ended before the cut took effect", (step.begin.seq,))
    findings: list[Finding] = []
    after: list[tuple[Row, Event]] = []
    seen: dict[tuple[str, str, str], Row] = dict(before)
    for row, event in heard:
        if row.conn != step.facts.get("new"):
            continue
        if event.replayed:
            after.append((row, event))
            continue
        first = seen.get(_key(event)) if _mine(event, run, request) else None
        if first is not None:
            text = f"{user}, run {run[:8]}: {event.name} comes again after the reconnect as if it were new"
            findings.append(Finding(grade("FM-22"), text, (first.seq, row.seq)))
        elif not _mine(event, run, request):
            findings.append(
                Finding(grade("FM-22"), f"{user}: an event of an older run comes after the reconnect as if it were new", (row.seq,))
            )
        else:
            seen[_key(event)] = row
            after.append((row, event))
    return findings[:8], _outcome(case, step, frozenset(key[0] for key in before), after)


def _mine(event: Event, run: str, request: str) -> bool:
    return bool(run and event.run == run) or bool(request and event.request == request)


def _outcome(case: Case, step: StepRows, known: frozenset[str], after: list[tuple[Row, Event]]) -> Finding:
    """Nothing missed, replayed, or not to be replayed and kept in the history; `known`: what had come before the cut."""
    user = step.begin.user
    record = case.monitors.lifecycle.run_of(str(step.facts.get("request", "")))
    asked = (record.seq, record.first_seq) if record else (step.begin.seq,)
    rows = (*asked, *seqs(row for row, _ in after))
    ended = any(event.name == "agent_completed" for _, event in after)
    gap = [name for name in CRITICAL_EVENTS if name not in known and name not in {event.name for _, event in after}]
    if ended and any(event.replayed for _, event in after):
        return Finding("info", f"{user}: what was missed is replayed, and marked as that", rows)
    if ended:
        between = f"; {', '.join(gap)} came in between and cannot be replayed" if gap else ": nothing is missed"
        return Finding("info", f"{user}: the run goes on on the new socket{between}", rows)
    reads = [(row, body) for row, body in step.answers() if str(body.get("path", "")).endswith("/messages")]
    if any(_by_agent(one) for _, body in reads for one in _messages(body.get("body"))):
        return Finding("info", f"{user}: what was missed cannot be replayed; the history holds the answer", (*rows, reads[-1][0].seq))
    if not reads or any(row.type != "200" for row, _ in reads[-1:]):
        return Finding("minor", f"{user}'s history could not be read after the cut", (*asked, *seqs(row for row, _ in reads[-1:])))
    text = f"{user}: the run is lost with its connection: no end of it comes, and the history holds no answer"
    return Finding(grade("FM-23"), text, (*rows, reads[-1][0].seq))


async def _resume(ctx: Context) -> None:
    await ctx.together(_leave_and_return(ctx, user) for user in ctx.users[:CUT])


async def _leave_and_return(ctx: Context, user: User) -> None:
    rng = random.Random(ctx.seed(f"resume {user.label}"))
    thread = ""
    for visit in ("before", "after"):
        prompt = make_prompt(rng, "arithmetic", ctx.marker(user))
        socket = await ctx.dial(user=user)
        if socket is None:
            return
        thread = thread or await ctx.thread(user)
        async with ctx.step("visit", user=user, conn=socket.conn, visit=visit, thread=thread) as step:
            known = ctx.later(socket.expect(lambda event: event.name == "ack", 5.0))
            await socket.send("vigil_who_am_i", {})
            identity = await known
            run = await ctx.run_agent(socket, prompt.text, thread=thread, truth=msgspec.to_builtins(prompt))
            step.note(identity=identity.user if identity else "", request=run.request)
        socket.abort()
    async with ctx.step("history", user=user, thread=thread):
        await ctx.http("backend", "GET", f"/api/threads/{thread}/messages", user=user, fresh=True)


def _judge_resume(case: Case) -> Judgement:
    visits = case.steps("visit")
    users = list(dict.fromkeys(step.begin.user for step in visits))
    if not users:
        return nothing_done("coming back to a conversation")
    findings: list[Finding] = []
    undecided = next((f"{row.user} was not let in" for row in case.of("conn", "refused") if row.user not in users), "")
    for user in users:
        mine = {str(step.facts["visit"]): step for step in visits if step.begin.user == user}
        first = case.monitors.lifecycle.run_of(str(mine["before"].facts.get("request", ""))) if "before" in mine else None
        if first is None or first.state != "ok" or "after" not in mine:
            undecided = undecided or f"{user}'s conversation did not get as far as a reconnect"
            continue
        findings += _returned(case, user, mine)
    if undecided and not findings:
        return Judgement("INCONCLUSIVE", undecided, to_decide="a first run that ends well, and a reconnect")
    return decided(
        findings,
        f"{len(users)} users came back to their conversation: same identity, same thread, and the history holds both visits",
        "the thread goes on after a reconnect",
        seqs(step.begin for step in visits),
    )


def _returned(case: Case, user: str, mine: dict[str, StepRows]) -> list[Finding]:
    findings = []
    after, thread = mine["after"], str(mine["after"].facts.get("thread", ""))
    rows = (after.begin.seq, *seqs(row for row in after.rows if row.user == user and row.kind == "frame")[:12])
    was, now = (str(step.facts.get("identity", "")) for step in (mine["before"], after))
    if was and now and was != now:
        findings.append(Finding(grade("FM-33"), f"{user} comes back as somebody else", rows))
    run = case.monitors.lifecycle.run_of(str(after.facts.get("request", "")))
    if run is None or not run.began_right:
        why = run.why if run is not None and run.why else "no event of a new run"
        findings.append(Finding(grade("FM-25"), f"{user}'s conversation is not taken up after a reconnect: {why}", rows))
    elif run.broken("wrong-thread"):
        findings.append(Finding(grade("FM-25"), f"{user}'s conversation goes on in another thread after a reconnect", rows))
    for step in case.steps("history"):
        if step.begin.user != user or str(step.facts.get("thread")) != thread:
            continue
        for row, body in step.answers():
            kept = [one for one in _messages(body.get("body")) if not _by_agent(one)]
            if row.type == "200" and len(kept) < 2 and run is not None and run.began_right:
                findings.append(
                    Finding(grade("FM-47"), f"{user}'s history holds {len(kept)} of the two questions that were asked", (row.seq,))
                )
    return findings


def _cost(users: int, runs: int) -> dict[str, float]:
    who = min(users, CUT)
    return {"agent_runs": runs * who, "connects": 2 * who, "sockets": who, "threads": who, "seconds": 3}


CHECKS: tuple[Check, ...] = (
    Check(
        id="missed-events",
        suite="3.1",
        title="Work in flight survives a lost connection",
        proves="After a cut in mid-run the rest comes later, or as a marked replay, or the history holds it; nothing comes twice.",
        impact="If this fails, customers lose answers that they waited for, or see them twice.",
        strategy=STRATEGY,
        effects=frozenset({"fault", "write"}),
        drive=_missed,
        judge=_judge_missed,
        needs=("sign-in", "ws-connect"),
        catches=("run-lost-with-socket", "replay-unflagged", "delivered-is-forgotten"),
        presets=("comprehensive", "websocket"),
        cost=lambda users, preset: _cost(users, 1),
    ),
    Check(
        id="state-after-reconnect",
        suite="3.1",
        title="A conversation goes on after a reconnect",
        proves="After a cut the user has the same identity, the thread takes the next question, and the history holds both visits.",
        impact="If this fails, customers lose their conversation with every blink of the network.",
        strategy=(STRATEGY[1], "tests/e2e/staging/test_multi_user_concurrent_sessions.py"),
        effects=frozenset({"fault", "write"}),
        drive=_resume,
        judge=_judge_resume,
        needs=("sign-in", "ws-connect"),
        catches=("thread-forgotten",),
        presets=("comprehensive", "websocket"),
        cost=lambda users, preset: _cost(users, 2),
    ),
)
