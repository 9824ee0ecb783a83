"""Suite 1.2, sign-in again and again: one that works by luck fails in a rhythm."""

from __future__ import annotations

from tui_app.checks.api import Case, Check, Context, Finding, Judgement
from tui_app.checks.reading import answered, answers, decided, nothing_done, seqs
from tui_app.checks.severities import grade

TIMES = 10
EVERY_S = 0.15


async def _again(ctx: Context) -> None:
    user = ctx.users[0]
    for number in range(TIMES):
        async with ctx.step("sign-in-again", user=user, number=number + 1) as step:
            if await ctx.spare_login(user, {}) is None:
                step.ended("refused")
        await ctx.sleep(EVERY_S)


def _judge(case: Case) -> Judgement:
    steps = case.steps("sign-in-again")
    if not steps:
        return nothing_done("repeated sign-ins")
    asked = [(row, body) for row, body in answers(case) if str(body.get("path", "")).startswith("/auth/login")]
    if not asked:
        return Judgement("BLOCKED", "this session's accounts have no password", to_decide="accounts that sign in with a password")
    throttled = [row for row, _ in asked if row.type == "429"]
    wrong = [(number, row, body) for number, (row, body) in enumerate(asked, 1) if row.type not in ("200", "201", "429")]
    if wrong:
        which = ", ".join(str(number) for number, _, _ in wrong)
        text = f"{len(wrong)} of {len(asked)} sign-ins of one proven account fail (number {which}): it {answered(wrong[0][1], wrong[0][2])}"
        finding = Finding(grade("FM-35"), text, seqs(row for _, row, _ in wrong))
        return Judgement("FAIL", text, (finding,), "every sign-in with the right password")
    if len(asked) - len(throttled) < TIMES // 2:
        return Judgement("INCONCLUSIVE", f"{len(throttled)} of {len(asked)} sign-ins were throttled", to_decide="a slower pace")
    notes = [Finding("info", f"{len(throttled)} sign-ins were throttled", seqs(throttled))] if throttled else []
    text = f"{len(asked) - len(throttled)} of {len(asked)} sign-ins of one account succeed, within seconds; slower rhythms are for a soak"
    return decided(notes, text, "", seqs(row for row, _ in asked))


CHECKS: tuple[Check, ...] = (
    Check(
        id="sign-in-rhythm",
        suite="1.2",
        title="Signing in works every time",
        proves="One account signs in ten times in a row, and no time fails.",
        impact="If this fails, customers are let in or locked out by luck.",
        strategy=("tests/e2e/staging/test_auth_complete_workflows.py",),
        effects=frozenset({"write"}),
        drive=_again,
        judge=_judge,
        needs=("sign-in",),
        catches=("sign-in-rhythm",),
        presets=("comprehensive",),
        cost=lambda users, preset: {"seconds": 4},
    ),
)
