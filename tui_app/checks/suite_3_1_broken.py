"""Suite 3.1, faulty clients: what no right client sends, each on a socket that is thrown away, while another user goes on working."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from tui_app.checks.api import Case, Check, Context, Finding, Judgement, Row, Socket, StepRows, User
from tui_app.checks.reading import decided, nothing_done, seqs
from tui_app.checks.suite_2_1_forms import documented
from tui_app.monitors.throttling import throttled
from tui_app.wire.broken import BROKEN

ANSWER_S = 3.0
PING_S = 3.0
CONTROL_EVERY_S = 0.1
MOST = 1 << 20
"""No message is made greater than this: where the target says nothing of a limit, one of a mebibyte is tried, else one just over it."""
OVERSIZE = "a message over the limit"
RIGHT_TO_END = frozenset({1002, 1003, 1007, 1008, 1009})


async def _faulty(ctx: Context) -> None:
    user, other = ctx.users[0], ctx.users[-1]
    async with ctx.step("documented", user=user) as step:
        answer = await ctx.http("backend", "GET", "/ws/config", user=user)
        limit = documented(answer.json if answer.status == 200 else None)
        step.note(limit=limit)
    async with ctx.socket(other) as control:
        socket = await ctx.dial(user=user)
        for what, (frame, _) in BROKEN.items():
            # Whoever is let in again sends the next one: a platform may allow few connects a minute.
            socket = await _one(ctx, user, socket, control, what, partial(_write, frame)) if socket is not None else None
        if socket is not None:
            size = limit + 1 if 0 < limit <= MOST else MOST
            text = '{"type": "ping", "id": "' + "v" * (size - 26) + '"}'
            socket = await _one(ctx, user, socket, control, OVERSIZE, partial(_say, text), size=len(text), limit=limit)
        if socket is not None:
            await socket.close()


async def _write(frame: bytes, socket: Socket) -> None:
    await socket.send_broken(frame)


async def _say(text: str, socket: Socket) -> None:
    await socket.send_raw(text)


async def _one(
    ctx: Context, user: User, socket: Socket, control: Socket, what: str, send: Callable[[Socket], Awaitable[None]], **facts: Any
) -> Socket | None:
    """Send one; the socket on which its user is let in again, None where that or an answer is missing: one silence is enough to know."""
    async with ctx.step("broken", user=user, conn=socket.conn, deadline=ANSWER_S, what=what, **facts) as step:
        beside = ctx.later(_beside(ctx, control))
        answered = ctx.later(socket.expect(lambda event: event.name in ("error", "pong"), ANSWER_S))
        try:
            await send(socket)
        except ConnectionError as error:
            step.note(error=str(error))
        silent = await answered is None and socket.open
        if silent:
            step.ended("deadline")
        heard = await beside
        if socket.open:
            socket.abort()
    async with ctx.step("let-in", user=user, deadline=PING_S, what=what) as step:
        again = await ctx.dial(user=user)
        if again is None:
            step.ended("refused")
            return None
        if await ctx.ping(again, PING_S) is None:
            step.ended("deadline" if again.open else "lost")
            heard = False
    if heard and not silent:
        return again
    await again.close()
    return None


async def _beside(ctx: Context, control: Socket) -> bool:
    """Another user's pings, in the moments after the fault: whether all of them are answered."""
    for _ in range(3):
        if not control.open or await ctx.ping(control, PING_S) is None:
            return False
        await ctx.sleep(CONTROL_EVERY_S)
    return True


def _closed(step: StepRows) -> Row | None:
    rows = (row for row in step.rows if row.kind == "conn" and row.type == "closed" and row.conn == step.begin.conn)
    return next((row for row in rows if row.body.get("by") != "us"), None)


def _allowed(what: str) -> frozenset[int]:
    return BROKEN[what][1] if what in BROKEN else frozenset({1009, 1008})


def _judge_faulty(case: Case) -> Judgement:
    steps = [step for step in case.steps("broken") if step.end is not None and step.outcome not in ("stopped", "fault")]
    if not steps:
        return nothing_done("broken frames")
    findings: list[Finding] = []
    proof: list[int] = []
    for step in steps:
        found = _fate(step)
        if found is not None:
            findings.append(found)
        proof += [step.begin.seq, *seqs(row for row in (_closed(step),) if row is not None)]
    findings += _others(case, steps)
    shut = [step for step in case.steps("let-in") if step.outcome not in ("done", "stopped", "fault", "")]
    limited = [step for step in shut if any(throttled(row.body) for row in step.rows if row.kind == "conn")]
    findings += _not_let_in([step for step in shut if step not in limited])
    wanted = len(BROKEN) + 1
    if not any(one.severity in ("critical", "major") for one in findings) and len(steps) < wanted:
        why = f"{len(steps)} of {wanted} kinds of broken frames were sent" + (", then a limit on connects was met" if limited else "")
        decide = "a slower pace: connects_per_minute under [limits]" if limited else "run it to its end"
        return Judgement("INCONCLUSIVE", why, tuple(findings), decide)
    return decided(
        findings,
        f"{len(steps)} kinds of broken frames: each is answered with an error or ends its own connection, and nobody else's",
        "an error, or an end of the one connection with the right code",
        proof,
    )


def _fate(step: StepRows) -> Finding | None:
    """What became of one broken frame; None where that is right."""
    what = str(step.facts["what"])
    closed = _closed(step)
    frames = [row for row in step.frames() if row.conn == step.begin.conn]
    told = [row for row in frames if row.type == "error"]
    rows = (step.begin.seq, *seqs([*told, *([closed] if closed else [])]), *((step.end.seq,) if step.end else ()))
    code = closed.body.get("code") if closed is not None else None
    if closed is not None and code in _allowed(what):
        return None
    if closed is not None and code == 1006:
        return Finding("minor", f"{what} ends the connection without a close frame", rows)
    if closed is not None and code in RIGHT_TO_END:
        return Finding("minor", f"{what} ends the connection with {code}, where {_codes(what)} is meant for it", rows)
    if closed is not None:
        said = " as if all were well" if code in (1000, 1001, 1005) else " as if the platform itself had failed" if code == 1011 else ""
        return Finding("major", f"{what} ends the connection with {code}{said}; {_codes(what)} is meant for it", rows)
    if told:
        return None
    if what == OVERSIZE:
        if not any(row.type == "pong" for row in frames):
            return Finding(
                "major", f"a message of {step.facts.get('size')} bytes gets no answer, no error and no end of the connection", rows
            )
        if 0 < int(step.facts.get("limit") or 0) < int(step.facts.get("size") or 0):
            return Finding("minor", f"a message over the documented {step.facts['limit']} bytes is served all the same", rows)
        return None
    return Finding("major", f"{what} gets neither an error nor an end of the connection (RFC 6455 7.1.7)", rows)


def _codes(what: str) -> str:
    return " or ".join(str(code) for code in sorted(_allowed(what)))


def _others(case: Case, steps: Sequence[StepRows]) -> list[Finding]:
    """Another user's pings that got no answer while somebody's frames were broken."""
    findings = []
    pings = case.steps("answered")
    for step in steps:
        end = step.end.t if step.end is not None else step.begin.t
        mine = [one for one in pings if step.begin.t <= one.begin.t <= end and one.begin.conn != step.begin.conn]
        dead = [one for one in mine if one.outcome in ("deadline", "lost")]
        if dead:
            text = f"{dead[0].begin.user} gets no answer while {step.begin.user} sends {step.facts['what']}"
            shown = (step.begin.seq, *seqs(row for one in dead for row in (one.begin, one.end) if row is not None))
            findings.append(Finding("critical", text, shown))
    return findings[:3]


def _not_let_in(steps: Sequence[StepRows]) -> list[Finding]:
    return [
        Finding(
            "major",
            f"after {step.facts['what']} {step.begin.user} is not let in again" if step.outcome == "refused"
            else f"after {step.facts['what']} {step.begin.user} is let in again and gets no answer",
            (step.begin.seq, *seqs(row for row in step.rows if row.kind in ("conn", "frame") and row.user == step.begin.user)[:8]),
        )
        for step in steps[:3]
    ]  # fmt: skip


CHECKS = (
    Check(
        id="broken-frames",
        suite="3.1",
        title="A faulty client harms only itself",
        proves="Frames that break the protocol, and one over the size limit, get an error or the right close code; others go on working.",
        impact="If this fails, one customer's faulty client can stop the chat for everybody.",
        strategy=("tests/e2e/staging/test_6_failure_recovery_staging.py", "tests/e2e/staging/test_1_websocket_events_staging.py"),
        effects=frozenset({"fault", "write"}),
        drive=_faulty,
        judge=_judge_faulty,
        needs=("sign-in", "ws-connect"),
        min_users=2,
        catches=("violation-ignored", "violation-1011", "violation-stops-all"),
        presets=("comprehensive",),
        cost=lambda users, preset: {
            "connects": len(BROKEN) + 3, "sockets": 2, "messages": 4 * len(BROKEN) + 5, "seconds": 4,
        },
    ),
)  # fmt: skip
