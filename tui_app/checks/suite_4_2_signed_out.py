"""Suite 4.2, one truth about sessions: a sign-out holds on whichever instance is asked."""

from __future__ import annotations

from typing import Final

from tui_app.checks.api import Case, Check, Context, Finding, Judgement
from tui_app.checks.reading import answered, decided, seqs
from tui_app.checks.refusals import NO_CONTROL, OWN_DATA, controls, good_over_rest, no_spare, over_rest, spare_of
from tui_app.checks.severities import grade

TIMES: Final = 5
"""Fresh connections without cookies: as many instances as a load balancer spreads them over are asked."""


async def _everywhere(ctx: Context) -> None:
    user = ctx.users[0]
    spare = await spare_of(ctx, user)
    if spare is None:
        return
    async with ctx.step("before", user=user):
        for _ in range(TIMES):
            # Each instance has seen the token as good, so that a verdict that one of them keeps is that of a good token.
            await ctx.http("backend", "GET", OWN_DATA, user=user, token=spare.access, fresh=True)
    async with ctx.step("sign-out", user=user):
        left = await ctx.http("auth", "POST", "/auth/logout", user=user, token=spare.access, json={})
    if left.status not in (200, 204):
        return
    ctx.secret("bad-revoked", user, spare.access)
    for _ in range(TIMES):
        heard: list[bool] = []

        async def good(heard: list[bool] = heard) -> bool:
            heard.append(await good_over_rest(ctx, user))
            return heard[-1]

        async with ctx.bad_token(good), ctx.step("bad-token", user=user, kind="revoked", carry="rest"):
            await ctx.http("backend", "GET", OWN_DATA, user=user, token=spare.access, fresh=True)
        if not all(heard):
            return


def _judge_everywhere(case: Case) -> Judgement:
    before, out, after = case.steps("before"), case.steps("sign-out"), case.steps("bad-token")
    if not before:
        return no_spare(case, "nothing could be signed out")
    good = [(row, body) for step in before for row, body in step.answers()]
    if not good or any(row.type != "200" for row, _ in good):
        return Judgement("INCONCLUSIVE", "the second session was never good everywhere", to_decide="REST takes a fresh token")
    left = [(row, body) for step in out for row, body in step.answers()]
    if not left or left[0][0].type not in ("200", "204"):
        said = answered(*left[0]) if left else "was never answered"
        return Judgement("INCONCLUSIVE", f"signing out {said}", to_decide="a sign-out that is taken")
    shown = [next((row for row, _ in step.answers()), None) for step in after]
    words = [over_rest(row) for row in shown]
    taken = [row for row, (word, _) in zip(shown, words, strict=True) if row is not None and word == "accepted"]
    findings, seen = controls(case)
    if taken:
        text = f"a token that was signed out is still taken {len(taken)} of {len(words)} times: not every instance knows of the sign-out"
        findings.append(Finding(grade("FM-39"), text, (left[0][0].seq, *seqs(taken))))
    unclear = [how for word, how in words if word not in ("accepted", "refused")]
    if not findings and (unclear or len(words) < TIMES or not seen):
        why = unclear[0] if unclear else f"{len(words)} of {TIMES} times" if len(words) < TIMES else NO_CONTROL
        return Judgement("INCONCLUSIVE", f"whether a sign-out holds everywhere is not clear: {why}", to_decide="401 each time")
    proof = seqs([*(row for row, _ in (*good, *left)), *(row for row in shown if row is not None)])
    return decided(
        findings, f"a token was good {len(good)} times on fresh connections and, once signed out, refused {len(words)} times",
        "a sign-out that every instance knows of", proof,
    )  # fmt: skip


CHECKS = (
    Check(
        id="signed-out-everywhere",
        suite="4.2",
        title="Signing out holds on every instance",
        proves="A token that was good on five fresh connections is refused on five more, once it was signed out.",
        impact="If this fails, a customer who signed out is still signed in whenever another server answers.",
        strategy=("tests/e2e/staging/test_auth_complete_workflows.py",),
        effects=frozenset({"write", "negative"}),
        drive=_everywhere,
        judge=_judge_everywhere,
        needs=("sign-in",),
        catches=("signed-out-at-one-instance", "accept-revoked"),
        presets=("comprehensive",),
        cost=lambda users, preset: {"bad_tokens": 5, "seconds": 1},
    ),
)
