"""Suite 3.1, coming back: many reconnects of one user, and the limits that they meet."""

from __future__ import annotations

import itertools
import re

from tui_app.checks.api import Case, Check, Context, Finding, Judgement, Row, StepRows, User
from tui_app.checks.reading import decided, nothing_done, seqs
from tui_app.checks.severities import grade
from tui_app.monitors.throttling import throttled
from tui_app.verdict.statistics import convicting_over

TIMES = 20
ALLOWED = TIMES // 20
"""95 % of the reconnects must succeed (strategy)."""
WAITS_S = (1.0, 2.0, 4.0)
"""How long a refused reconnect waits before each further try: a limiter that says a second gets more than that."""
PING_S = 5.0
_USED_UP = re.compile(r"maximum number|manager limit|limit of .*manager", re.I)
_AFTER = re.compile(r"(?:after|in)\s+(\d+(?:\.\d+)?)\s*s", re.I)


async def _reconnects(ctx: Context) -> None:
    user = ctx.users[0]
    waits: tuple[float, ...] = (0.0, *WAITS_S)
    for number in range(TIMES):
        if not await _once(ctx, user, number + 1, waits):
            if len(waits) == 1:
                return
            waits = (0.0,)  # whoever is shut out for good is so at once the next time


async def _once(ctx: Context, user: User, number: int, waits: tuple[float, ...]) -> bool:
    async with ctx.step("reconnect", user=user, number=number) as step:
        for wait in waits:
            if wait:
                await ctx.sleep(wait)
            socket = await ctx.dial(user=user)
            if socket is not None:
                answered = await ctx.ping(socket, PING_S) is not None
                socket.abort()
                if not answered:
                    step.ended("deadline")
                return True
        step.ended("refused")
    return False


class _Refusal:
    """Why one dial came to nothing."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows
        self.t = rows[-1].t
        bodies = [row.body for row in rows if row.kind == "conn"]
        self.said = " ".join(str(body.get("reason") or "") for body in bodies) + " ".join(row.text for row in rows if row.kind == "frame")
        statuses = {body.get("status") for body in bodies}
        codes = {body.get("code") for body in bodies}
        self.used_up = bool(_USED_UP.search(self.said))
        self.throttled = not self.used_up and any(throttled(body) for body in bodies)
        after = _AFTER.search(self.said) if self.throttled else None
        asked = next((str(body["retry_after"]) for body in bodies if body.get("retry_after")), "")
        self.after_s = float(after.group(1)) if after else float(asked) if asked.isdecimal() else None
        self.how = next((f"close {code}" for code in codes if code), None) or next((f"HTTP {one}" for one in statuses if one), "no answer")

    def sentence(self, user: str, number: int) -> str:
        """What happened, for a reader."""
        if self.used_up:
            return f"{user} is let in no more at reconnect {number}: a limit of connections is used up ({self.how})"
        return f"{user}'s reconnect {number} is refused: {self.how}"


def _refusals(step: StepRows) -> list[_Refusal]:
    tried = list(dict.fromkeys(row.conn for row in step.rows if row.kind == "conn" and row.type == "dialing"))
    by_conn = [[row for row in step.rows if row.conn == conn and row.kind in ("conn", "frame")] for conn in tried]
    return [_Refusal(rows) for rows in by_conn if any(row.type == "refused" for row in rows)]


def _judge(case: Case) -> Judgement:
    steps = case.steps("reconnect")
    if not steps:
        return nothing_done("reconnects")
    limit_ms = float(case.limits.get("recovery_s", 5.0)) * 1000
    failed: list[Finding] = []
    throttled: list[_Refusal] = []
    waiting = stuck_for_ever = False
    for step in steps:
        refusals = _refusals(step)
        number, user = int(step.facts["number"]), step.begin.user
        throttled += [one for one in refusals if one.throttled]
        if step.outcome == "refused" and all(one.throttled for one in refusals):
            stuck = _never_lifts(refusals)
            waiting |= stuck is None
            if stuck:
                stuck_for_ever = True
                text = f"{user} is told to wait {stuck[0].after_s:g} s, waits longer, and is refused again"
                failed.append(Finding("major", text, _shown(stuck)))
        elif step.outcome == "refused" or any(not one.throttled for one in refusals):
            worst = next(one for one in refusals if not one.throttled)
            failed.append(Finding(grade("FM-52") if worst.used_up else "major", worst.sentence(user, number), seqs(worst.rows)))
        elif step.outcome != "done":
            failed.append(Finding("major", f"{user}'s reconnect {number} is welcomed and its ping not answered", seqs(step.rows[:12])))
    took = [row.ms for step in steps for row in step.rows if row.type == "welcome" and row.ms is not None]
    over = sum(ms >= limit_ms for ms in took)
    notes = [Finding("info", f"{len(throttled)} dials were throttled by the target", _shown(throttled))] if throttled else []
    if over >= convicting_over(TIMES):
        failed.append(
            Finding("major", f"{over} of {len(took)} reconnects took {limit_ms / 1000:g} s or more", seqs(case.of("conn", "welcome")))
        )
    shut_out = any(step.outcome == "refused" for step in steps) and not waiting
    if len(failed) > ALLOWED or stuck_for_ever or (failed and (shut_out or failed[0].severity == "critical")):
        reason = f"{len(failed)} of {len(steps)} reconnects fail: {failed[0].text}"
        return Judgement("FAIL", reason, (*failed, *notes), f"at least {TIMES - ALLOWED} of {TIMES} reconnects")
    slips = [Finding("minor", one.text, one.evidence) for one in failed]
    if waiting or len(took) < TIMES - ALLOWED:
        reason = f"{len(took)} of {TIMES} reconnects were made" + (", the others were throttled" if waiting else "")
        return Judgement("INCONCLUSIVE", reason, (*slips, *notes), "a slower pace: connects_per_minute under [limits]")
    slowest = max(took) if took else 0.0
    text = f"{len(took)} of {TIMES} reconnects of one user welcomed and answering, the slowest in {slowest:.0f} ms"
    return decided([*slips, *notes], text, "", seqs(case.of("conn", "welcome")))


def _never_lifts(refusals: list[_Refusal]) -> list[_Refusal] | None:
    """The refusals that came although what the target itself had asked for was waited out, twice at least; else None."""
    kept = [
        later
        for earlier, later in itertools.pairwise(refusals)
        if earlier.after_s is not None and (later.t - earlier.t) / 1e9 > earlier.after_s
    ]
    return kept if len(kept) >= 2 else None


def _shown(refusals: list[_Refusal] | None) -> tuple[int, ...]:
    return tuple(seq for one in refusals or () for seq in seqs(one.rows))[:40]


CHECKS: tuple[Check, ...] = (
    Check(
        id="reconnects",
        suite="3.1",
        title="Twenty reconnects in a row succeed",
        proves="Cut twenty times, one user is let in and answered again at least 19 times, and no limit of connections is used up.",
        impact="If this fails, a customer on a poor network is locked out after a few reconnects.",
        strategy=("tests/e2e/staging/test_error_recovery_resilience.py",),
        effects=frozenset({"fault", "read"}),
        drive=_reconnects,
        judge=_judge,
        needs=("sign-in", "ws-connect"),
        exclusive=True,
        catches=("manager-limit", "limiter-never-lifts", "storm-limiter-429"),
        presets=("comprehensive", "websocket"),
        cost=lambda users, preset: {"connects": TIMES, "sockets": 1, "seconds": 3},
    ),
)
