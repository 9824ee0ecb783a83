"""Suite 3.1, staying: a conversation and a silence, and the socket that should survive both."""

from __future__ import annotations

import random

import msgspec

from tui_app.checks.api import Case, Check, Context, Finding, Judgement, Row, Socket, StepRows, User
from tui_app.checks.prompts import make_prompt
from tui_app.checks.reading import decided, nothing_done, seqs
from tui_app.checks.severities import grade
from tui_app.model import SECOND
from tui_app.monitors.deadlines import Closing, deadline
from tui_app.monitors.throttling import throttled

ROUNDS = 4
PAUSE_S = 0.4
PING_S = 5.0
FIRST_S = 2.0
QUIET_S = {"quick": 2.0}
QUIET_LONG_S = 12.0
TALKING = 2
STRATEGY = ("tests/e2e/staging/test_6_failure_recovery_staging.py", "scripts/monitor_websocket_events.py")


async def _talk(ctx: Context) -> None:
    await ctx.together(_conversation(ctx, user) for user in ctx.users[:TALKING])


async def _conversation(ctx: Context, user: User) -> None:
    """Rounds of ping and question on one socket; whoever is cut off comes back and goes on, so that again and again shows."""
    rng = random.Random(ctx.seed(f"conversation {user.label}"))
    socket: Socket | None = None
    for number in range(ROUNDS):
        if socket is None or not socket.open:
            socket = await ctx.dial(user=user)
        if socket is None:
            return
        async with ctx.step("talk", user=user, conn=socket.conn, round=number + 1) as step:
            prompt = make_prompt(rng, "arithmetic", ctx.marker(user))
            await ctx.ping(socket, PING_S)
            if socket.open:
                await ctx.run_agent(socket, prompt.text, truth=msgspec.to_builtins(prompt))
            await ctx.sleep(PAUSE_S)
            if not socket.open:
                step.ended("lost")
    if socket is not None:
        await socket.close()


def lost(rows: list[Row]) -> list[Row]:
    """The ends of welcomed sockets that nobody on our side asked for."""
    welcomed = {row.conn for row in rows if row.kind == "conn" and row.type == "welcome"}
    return [row for row in rows if row.kind == "conn" and row.type == "closed" and row.conn in welcomed and row.body.get("by") != "us"]


def closings(rows: list[Row]) -> list[Closing]:
    """How each welcomed socket ended, with its age from its welcome."""
    began = {row.conn: row.t for row in rows if row.kind == "conn" and row.type == "welcome"}
    found = []
    for row in rows:
        if row.kind == "conn" and row.type == "closed" and row.conn in began:
            body = row.body
            age, token = (row.t - began[row.conn]) / SECOND, body.get("token") == "ended"
            found.append(Closing(row.conn, age, int(body.get("code") or 0), str(body.get("by")), row.t / SECOND, token))
    return found


def at_age(rows: list[Row]) -> str:
    """Whether sockets end at one age, as by a deadline of the platform, in words; '' where nothing shows that."""
    limit = deadline(closings(rows))
    return f": all at one age, a {limit}" if limit is not None else ""


def how(row: Row) -> str:
    """How a socket ended, in words."""
    body = row.body
    if body.get("by") == "network":
        return "without a close frame"
    reason = str(body.get("reason") or "")
    return f"with close {body.get('code')}" + (f" ({reason[:80]})" if reason else "")


def _heard(step: StepRows) -> bool:
    """Whether the rows hold a frame that came in on the step's socket: without one nothing was shown to work."""
    return any(row.kind == "frame" and row.dir == "in" and row.conn == step.begin.conn for row in step.rows)


def _judge_talk(case: Case) -> Judgement:
    rounds = case.steps("talk")
    welcomed = list(case.of("conn", "welcome"))
    if not welcomed:
        return nothing_done("conversations")
    ends = lost(case.rows)
    findings = []
    for row in ends:
        if row.body.get("by") == "target" or len(ends) > 1:
            asked = [sent.seq for sent in case.of("frame") if sent.conn == row.conn and sent.dir == "out"][-1:]
            text = f"{row.user} lost the socket in mid-conversation, {how(row)}{at_age(case.rows)}"
            findings.append(Finding(grade("FM-08"), text, (*asked, row.seq)))
    limited = {row.conn for row in case.of("conn") if throttled(row.body)}
    turned_away = [row for row in case.of("conn", "refused") if row.user and ends and row.conn not in limited]
    findings += [Finding(grade("FM-08"), f"{row.user} lost the socket and was not let in again", (row.seq,)) for row in turned_away]
    if ends and not findings:
        return Judgement(
            "INCONCLUSIVE",
            f"{ends[0].user} lost the socket once, without a close frame: that may have been the network",
            (Finding("minor", "the loss", seqs(ends)),),
            "another run: a target that cuts sockets does so again",
        )
    done = [step for step in rounds if step.outcome == "done" and _heard(step)]
    never = [row for row in case.of("conn", "refused") if not ends or row.conn in limited]
    if never and not findings:
        who = never[0].user
        return Judgement("INCONCLUSIVE", f"{who} was not let in" + (" (throttled)" if limited else ""), to_decide=f"a welcome for {who}")
    if not findings and len(done) < ROUNDS:
        return Judgement(
            "INCONCLUSIVE", f"{len(done)} rounds of a conversation were held, {ROUNDS} are asked for", to_decide="run it to its end"
        )
    return decided(
        findings,
        f"{len(done)} rounds of conversation on {len(welcomed)} sockets, none of them lost",
        "a whole conversation on one socket",
        seqs(welcomed),
    )


async def _quiet(ctx: Context) -> None:
    for _ in range(2):  # one loss without a close frame may be the network's; two in a row are not
        if await _silence(ctx, ctx.users[0]) != "lost":
            return


async def _silence(ctx: Context, user: User) -> str:
    seconds = QUIET_S.get(ctx.preset, QUIET_LONG_S)
    socket = await ctx.dial(user=user)
    if socket is None:
        return "refused"
    if await ctx.ping(socket, PING_S) is None:
        return "deaf"
    async with ctx.step("silence", user=user, conn=socket.conn, seconds=seconds) as step:
        await ctx.sleep(seconds)
        survived = socket.open
        if not survived:
            step.ended("lost")
    if survived:
        async with ctx.step("speak-again", user=user, conn=socket.conn, deadline=PING_S) as step:
            # Twice: one answer that is late says nothing of a silence before it.
            if await ctx.ping(socket, FIRST_S) is None and (not socket.open or await ctx.ping(socket, PING_S) is None):
                step.ended("deadline" if socket.open else "lost")
        if socket.open:
            await socket.close()
    return "survived" if survived else "lost"


def _judge_idle(case: Case) -> Judgement:
    silences = case.steps("silence")
    if not silences:
        return nothing_done("an idle socket")
    cut = [step for step in silences if step.outcome == "lost"]
    findings = []
    for step in cut:
        rows = [row for row in lost(case.rows) if row.conn == step.begin.conn]
        if len(cut) > 1 or any(row.body.get("by") == "target" for row in rows):
            said = how(rows[0]) if rows else "without a word"
            text = f"{step.begin.user}'s idle socket was cut within {step.facts['seconds']:g} s, {said}"
            findings.append(Finding(grade("FM-53"), text, (step.begin.seq, *seqs(rows))))
    spoken = case.steps("speak-again")
    for step in spoken:
        if step.outcome != "done":
            state = "still looks open and hears nothing" if step.outcome == "deadline" else "ends at the first word"
            shown = (step.begin.seq, *seqs(row for row in step.rows if row.conn == step.begin.conn), *seqs([step.end] if step.end else []))
            findings.append(Finding("major", f"after a silence {step.begin.user}'s socket {state}", shown))
    if not findings and (spoken or not cut) and not any(_heard(step) for step in spoken):
        return nothing_done("words after a silence")
    if cut and not findings and not spoken:
        return Judgement("INCONCLUSIVE", "the idle socket was lost once, without a close frame", to_decide="another run")
    longest = max((float(step.facts["seconds"]) for step in silences if step.outcome == "done"), default=0.0)
    return decided(
        findings,
        f"a socket that was idle for {longest:g} s still answers; longer silences are for a soak",
        "a silence that the socket survives",
        seqs(step.begin for step in (*silences, *spoken)),
    )


CHECKS = (
    Check(
        id="conversation",
        suite="3.1",
        title="A conversation keeps its socket",
        proves="Questions and pings over several rounds stay on one socket: the target neither closes nor loses it.",
        impact="If this fails, customers are thrown out of the chat while they use it.",
        strategy=STRATEGY,
        effects=frozenset({"write"}),
        drive=_talk,
        judge=_judge_talk,
        needs=("sign-in", "ws-connect"),
        catches=("close-1011-on-request", "lost-midway", "cut-at-age"),
        presets=("comprehensive", "websocket"),
        cost=lambda users, preset: {
            "agent_runs": ROUNDS * min(users, TALKING), "connects": min(users, TALKING), "sockets": min(users, TALKING),
            "threads": min(users, TALKING), "seconds": 4,
        },
    ),
    Check(
        id="idle",
        suite="3.1",
        title="An idle socket still works",
        proves="A socket on which its owner says nothing for a while is neither cut nor deaf afterwards.",
        impact="If this fails, a customer who stops to think has to start over.",
        strategy=("tests/e2e/staging/test_7_startup_resilience_staging.py", "scripts/monitor_websocket_events.py"),
        effects=frozenset({"read"}),
        drive=_quiet,
        judge=_judge_idle,
        needs=("sign-in", "ws-connect"),
        catches=("cut-when-idle", "half-open"),
        silent=True,
        presets=("comprehensive", "websocket"),
        cost=lambda users, preset: {"connects": 1, "sockets": 1, "seconds": QUIET_S.get(preset, QUIET_LONG_S) + 1},
    ),
)  # fmt: skip
