"""Suite 2.1, ways to ask: message types and time stamps that a client may use, messages of ordinary size, and errors that are told."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from tui_app.checks.api import Case, Check, Context, Event, Finding, Judgement, Socket, StepRows, User
from tui_app.checks.prompts import make_prompt
from tui_app.checks.reading import decided, nothing_done, of_answer, own_events, seqs
from tui_app.checks.severities import grade
from tui_app.model import CRITICAL_EVENTS
from tui_app.monitors.record import RunRecord

TYPES: Final = ("user_message", "agent_request", "start_agent")
STAMPS: Final = ("number", "ISO")
LADDER: Final = (1, 7, 9, 16, 64)
"""KiB. The smallest is the control; eight and ten are limits that builds of the platform are known to have."""
ANSWER_S = 5.0
LEAK: Final = re.compile(r"\b[A-Z][A-Za-z]*(?:Error|Exception)\b|Traceback \(most recent")
FLOW = "tests/e2e/staging/test_2_message_flow_staging.py"
REALTIME = "tests/e2e/staging/test_1_websocket_events_staging.py"


# -- forms of a request


async def _forms(ctx: Context) -> None:
    await ctx.together(_one_type(ctx, ctx.users[index % len(ctx.users)], name) for index, name in enumerate(TYPES))


async def _one_type(ctx: Context, user: User, name: str) -> None:
    rng = random.Random(ctx.seed(f"request-forms {name}"))
    for stamp in STAMPS:
        marker = ctx.marker(user)
        prompt = make_prompt(rng, "arithmetic", marker)
        envelope = {"timestamp": datetime.now(UTC).isoformat()} if stamp == "ISO" else None
        async with ctx.socket(user) as socket:
            await ctx.run_agent(socket, prompt.text, marker=marker, type=name, envelope=envelope, form=name, stamp=stamp)


def became(step: StepRows, run: RunRecord | None) -> str:
    """What became of a request: served, told (an error or an ack says that it is not), lost (the connection went), or silence."""
    if run is not None and run.answer.strip() and not run.failed:
        return "served"
    if run is not None and run.lost_by == "target":
        return "lost"
    said = [row for row in step.frames() if row.conn == step.begin.conn and row.type in ("error", "ack")]
    return "told" if said else "silence"


def _shape(case: Case, run: RunRecord) -> dict[str, set[tuple[Any, ...]]]:
    """For each critical event: in which envelope it comes and which of its parts are there."""
    shape: dict[str, set[tuple[Any, ...]]] = {}
    for _, event in own_events(case, run):
        if event.critical:
            parts = tuple(bool(part) for part in (event.run, event.thread, event.user, event.at))
            shape.setdefault(event.name, set()).add((event.envelope, *parts))
    return shape


def _judge_forms(case: Case) -> Judgement:
    steps = case.steps("agent-run")
    if not steps:
        return nothing_done("requests")
    records = {run.request: run for run in case.runs()}
    fate: dict[tuple[str, str], str] = {}
    runs: dict[tuple[str, str], RunRecord] = {}
    rows: dict[tuple[str, str], tuple[int, ...]] = {}
    for step in steps:
        form = (str(step.facts["form"]), str(step.facts["stamp"]))
        run = records.get(str(step.facts.get("request")))
        fate[form] = became(step, run)
        rows[form] = (step.begin.seq, *seqs(row for row in step.rows if row.kind == "frame" and row.conn == step.begin.conn))[:12]
        if run is not None and fate[form] == "served":
            runs[form] = run
    findings: list[Finding] = []
    if not runs:
        reason = "no form of a request is served: " + ", ".join(f"{name} ({stamp}) {what}" for (name, stamp), what in fate.items())
        findings.append(Finding(grade("FM-14"), reason, tuple(seq for form in rows for seq in rows[form][:2])))
    for (name, stamp), what in fate.items():
        if what == "served":
            continue
        other = fate.get((name, "number" if stamp == "ISO" else "ISO"))
        if other == "served":
            said = f"{name} is served with a time stamp as {'a number' if stamp == 'ISO' else 'ISO text'}, and as {stamp} it gets {what}"
            findings.append(Finding(grade("FM-18"), said, rows[name, stamp]))
        elif what in ("silence", "lost"):
            findings.append(Finding(grade("FM-14"), f"{name} gets {'silence' if what == 'silence' else 'hung up on'}", rows[name, stamp]))
        elif stamp == "number":
            findings.append(Finding("info", f"{name} is not supported, and the platform says so", rows[name, stamp]))
    findings += _differing(case, runs)
    proof = tuple(seq for form in runs for seq in rows[form][:3])
    served = ", ".join(name for name in TYPES if (name, "number") in runs)
    return decided(
        findings, f"served, with both kinds of time stamps and in one schema: {served}", "every form served or refused in words", proof
    )


def _differing(case: Case, runs: dict[tuple[str, str], RunRecord]) -> list[Finding]:
    """Events of one name in different forms, depending on how the run was asked for."""
    shapes = {form: _shape(case, run) for form, run in runs.items()}
    first = next(iter(shapes), None)
    for form, shape in shapes.items():
        if first is None or form[0] == first[0]:
            continue
        for name in CRITICAL_EVENTS:
            ours, theirs = shapes[first].get(name), shape.get(name)
            if ours and theirs and ours != theirs:
                text = f"{name} has another form in runs asked for by {form[0]} than by {first[0]}"
                evidence = tuple(_first_of(case, run, name) for run in (runs[first], runs[form]))
                return [Finding("major", text, tuple(seq for seq in evidence if seq))]
    return []


def _first_of(case: Case, run: RunRecord, name: str) -> int:
    return next((row.seq for row, event in own_events(case, run) if event.name == name), 0)


# -- sizes


async def _sizes(ctx: Context) -> None:
    user = ctx.users[0]
    async with ctx.step("documented", user=user) as step:
        answer = await ctx.http("backend", "GET", "/ws/config", user=user)
        limit = documented(answer.json if answer.status == 200 else None)
        step.note(limit=limit)
    rng = random.Random(ctx.seed("message-sizes"))
    for kib in LADDER:
        if limit and kib * 1024 > limit:
            return
        marker = ctx.marker(user)
        prompt = make_prompt(rng, "arithmetic", marker)
        # Context beside the question, as a client attaches it: the question stays as short as it is.
        room = kib * 1024 - 2 * len(prompt.text) - 400
        words = " ".join(f"{rng.randrange(16**6):06x}" for _ in range(max(0, room // 7)))
        async with ctx.socket(user) as socket:
            outcome = await ctx.run_agent(socket, prompt.text, marker=marker, payload={"references": [words]}, kib=kib)
        if outcome.outcome != "done":
            return


def documented(body: Any) -> int:
    """The greatest message size, in bytes, that a configuration speaks of; 0 where it speaks of none."""
    if isinstance(body, dict):
        for key, value in body.items():
            if isinstance(value, int) and not isinstance(value, bool) and value > 0 and "max" in key and "size" in key:
                return value
        return next((found for value in body.values() if (found := documented(value))), 0)
    return 0


def _judge_sizes(case: Case) -> Judgement:
    steps = case.steps("agent-run")
    if not steps:
        return nothing_done("sizes")
    records = {run.request: run for run in case.runs()}
    limit = next((int(step.facts.get("limit") or 0) for step in case.steps("documented")), 0)
    proof = [row.seq for step in case.steps("documented") for row, body in step.answers() if of_answer(body) is not None]
    within = f"within the documented {limit} bytes" if limit else "and no limit is documented"
    best = 0
    findings: list[Finding] = []
    for step in steps:
        kib = int(step.facts["kib"])
        fate = became(step, records.get(str(step.facts.get("request"))))
        sent = [row for row in step.rows if row.kind == "frame" and row.dir == "out" and row.conn == step.begin.conn]
        size = max((row.size for row in sent), default=kib * 1024)
        rows = (step.begin.seq, *seqs(row for row in step.rows if row.kind == "frame" and row.conn == step.begin.conn))[:12]
        if fate == "served":
            best = size
            proof += rows[:3]
        elif not best:
            reason = f"even a request of {size} bytes is not served ({fate}), so that size says nothing"
            return Judgement("INCONCLUSIVE", reason, to_decide="requests that are served")
        elif fate == "told" and not limit:
            findings.append(Finding("minor", f"a request of {size} bytes is refused in words, {within}", rows))
        else:
            said = {"told": "is refused", "lost": "closes the connection"}.get(fate, "gets no answer at all")
            findings.append(Finding(grade("FM-50"), f"a request of {size} bytes {said}, one of {best} is served, {within}", rows))
    return decided(findings, f"requests of up to {best} bytes are served", f"{LADDER[-1]} KiB served, or a documented limit", proof)


# -- errors


FAILING: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("an empty text", {"payload": {"content": "", "message": ""}}),
    ("no payload", {}),
    ("a number for a text", {"payload": {"content": 42, "message": 42}}),
)


async def _errors(ctx: Context) -> None:
    user = ctx.users[0]
    socket: Socket | None = None
    for what, body in FAILING:
        if socket is None or not socket.open:
            socket = await ctx.dial(user=user)
            if socket is None:
                return
        async with ctx.step("failing", user=user, deadline=ANSWER_S, conn=socket.conn, what=what) as step:
            waiting = ctx.later(socket.expect(_answers, ANSWER_S))
            await socket.send_raw(msgspec.json.encode({"type": "user_message", **body}).decode())
            heard = await waiting is not None
            if not heard:
                step.ended("deadline" if socket.open else "lost")
            await ctx.ping(socket, ANSWER_S)
        if not heard and socket.open:
            break  # one silence is enough to know
    if socket is not None:
        await socket.close()


def _answers(event: Event) -> bool:
    return event.name == "error" or event.critical


def _judge_errors(case: Case) -> Judgement:
    steps = case.steps("failing")
    if not steps:
        return nothing_done("failing requests")
    findings: list[Finding] = []
    proof: list[int] = []
    for step in steps:
        what = str(step.facts["what"])
        frames = [row for row in step.frames() if row.conn == step.begin.conn]
        heard = [row for row in frames if any(_answers(event) for event in case.events(row))]
        closed = [row for row in step.rows if row.kind == "conn" and row.type == "closed" and row.conn == step.begin.conn]
        rows = (step.begin.seq, *seqs([*frames, *closed]))
        leaks = [row for row in frames if row.type == "error" and LEAK.search(row.text)]
        if leaks:
            name = LEAK.search(leaks[0].text)
            text = f"the error for {what} names what broke inside ({name[0] if name else ''})" + (
                " and the connection is closed" if closed else ""
            )
            findings.append(Finding(grade("FM-65") if closed else "minor", text, rows))
        elif closed:
            findings.append(Finding("major", f"a request with {what} closes the connection ({closed[0].body.get('code')})", rows))
        elif not heard:
            acked = " but an ack" if any(row.type == "ack" for row in frames) else ""
            findings.append(Finding(grade("FM-58"), f"a request with {what} gets nothing{acked} in {ANSWER_S:g} s", rows))
        proof += seqs(heard)
    return decided(findings, f"{len(steps)} requests that cannot be served are told so", "an error for each", proof)


CHECKS = (
    Check(
        id="request-forms",
        suite="2.1",
        title="Every way to ask is served or refused in words",
        proves="user_message, agent_request and start_agent, stamped as a number or ISO text, are served alike, or refused in words.",
        impact="If this fails, customers of some clients get no answer and never learn why.",
        strategy=(FLOW, "tests/e2e/staging/test_3_agent_pipeline_staging.py"),
        effects=frozenset({"write"}),
        drive=_forms,
        judge=_judge_forms,
        needs=("sign-in", "ws-connect"),
        catches=("iso-time-swallowed", "schema-differs"),
        presets=("comprehensive", "websocket", "priority1"),
        cost=lambda users, preset: {"agent_runs": 6, "connects": 3, "sockets": 3, "threads": 3, "seconds": 2},
    ),
    Check(
        id="message-sizes",
        suite="2.1",
        title="Messages of ordinary size are served",
        proves="Requests of 1 to 64 KiB, within the documented limit, are answered.",
        impact="If this fails, customers who attach context get no answer.",
        strategy=(FLOW,),
        effects=frozenset({"write"}),
        drive=_sizes,
        judge=_judge_sizes,
        needs=("sign-in", "ws-connect"),
        catches=("long-message-dropped",),
        presets=("comprehensive", "websocket"),
        cost=lambda users, preset: {"agent_runs": len(LADDER), "connects": 1, "sockets": 1, "threads": 1, "seconds": 2},
    ),
    Check(
        id="error-told",
        suite="2.1",
        title="A request that fails is told so",
        proves="Requests that cannot be served get an error that names nothing of the inside, and the connection lives on.",
        impact="If this fails, customers wait for an answer that will never come.",
        strategy=(FLOW, REALTIME),
        effects=frozenset({"write"}),
        drive=_errors,
        judge=_judge_errors,
        needs=("sign-in", "ws-connect"),
        catches=("failure-untold", "exception-named"),
        presets=("quick", "comprehensive", "websocket", "priority1", "priority3"),
        cost=lambda users, preset: {"connects": len(FAILING), "sockets": 1, "seconds": 1},
    ),
)
