"""Showing bad tokens without doing harm, and reading whether they were refused.

After every bad token a known-good one is shown at the same door, because a platform may count each door's refusals by itself and
lock everybody out after five in a row (wire contract 3.6). Where the good one is refused, no further bad one is sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from tui_app.checks.api import Case, Context, Finding, Judgement, Row, StepRows, User, Word
from tui_app.checks.reading import seqs

REFUSED = ("401", "403")
OWN_DATA = "/api/threads?limit=1"
Told = Literal["refused", "accepted", "late", "unclear"]
TOKEN_STAND_IN = re.compile(r"⟨secret:(?:access|refresh|jwt|bad-(?!malformed)[a-z-]+):")


async def good_over_rest(ctx: Context, user: User) -> bool:
    """Show a known-good token to REST; whether it was taken."""
    async with ctx.step("good-token", user=user, carry="rest") as step:
        status = (await ctx.http("backend", "GET", OWN_DATA, user=user)).status
        step.note(taken=status == 200)
    return status == 200


async def good_over_websocket(ctx: Context, user: User) -> bool:
    """Show a known-good token to the WebSocket; whether it was welcomed."""
    async with ctx.step("good-token", user=user, carry="websocket") as step:
        socket = await ctx.dial(user=user)
        step.note(taken=socket is not None)
        if socket is not None:
            await socket.close()
    return socket is not None


async def bad_over_rest(
    ctx: Context, user: User, kind: str, token: str, control: User, path: str = OWN_DATA, headers: Mapping[str, str] | None = None
) -> bool:
    """Show a bad token ('' for none) to REST, and a good one after it. False where nothing more should be sent."""
    heard: list[bool] = []

    async def good() -> bool:
        heard.append(await good_over_rest(ctx, control))
        return heard[-1]

    within = float(ctx.limits.first_event_s)
    async with ctx.bad_token(good), ctx.step("bad-token", user=user if token else None, kind=kind, carry="rest", path=path):
        answer = await ctx.http("backend", "GET", path, user=user if token else None, token=token, within=within, headers=headers)
    return all(heard) and not answer.error.startswith("timeout")


async def bad_over_websocket(
    ctx: Context, user: User, kind: str, token: str, control: User, headers: Mapping[str, str] | None = None
) -> bool:
    """As `bad_over_rest`, at the WebSocket's door."""
    heard: list[bool] = []

    async def good() -> bool:
        heard.append(await good_over_websocket(ctx, control))
        return heard[-1]

    async with ctx.bad_token(good), ctx.step("bad-token", user=user if token else None, kind=kind, carry="websocket"):
        socket = await ctx.dial(user=user if token else None, token=token, carry="subprotocol" if token else "none", headers=headers)
        if socket is not None:
            await socket.close()
    return all(heard)


async def spare_of(ctx: Context, user: User, extra: Mapping[str, Any] | None = None) -> User | None:
    """A second sign-in of the same account; that an account without a password cannot have one is recorded."""
    if user.password:
        return await ctx.spare_login(user, extra or {})
    async with ctx.step("no-password", user=user):
        return None


def no_spare(case: Case, so: str) -> Judgement:
    """No second sign-in was had: BLOCKED where the account has no password, undecided where one was tried or nothing is known."""
    word: Word = "BLOCKED" if case.steps("no-password") else "INCONCLUSIVE"
    return Judgement(word, f"a second sign-in of an account could not be had, so {so}", to_decide="accounts that sign in with a password")


def told(step: StepRows) -> tuple[Told, str]:
    """How a bad token was answered, and in words."""
    rows = step.rows
    if step.facts.get("carry") == "rest":
        return over_rest(next((row for row in rows if row.kind == "http" and row.dir == "in"), None))
    return over_websocket(rows)


def over_rest(row: Row | None) -> tuple[Told, str]:
    """An HTTP answer to a bad token."""
    if row is None:
        return "unclear", "no answer was recorded"
    if row.type in REFUSED:
        return "refused", row.type
    if row.type == "0":
        error = str(row.body.get("error"))
        return ("late" if error.startswith("timeout") else "unclear"), error
    return ("accepted" if row.type.startswith("2") else "unclear"), f"status {row.type}"


def over_websocket(rows: Iterable[Row]) -> tuple[Told, str]:
    """A dial with a bad token: a welcome is an acceptance, whatever follows it."""
    conns = [row for row in rows if row.kind == "conn"]
    if any(row.type == "welcome" for row in conns):
        return "accepted", "welcomed"
    closed = next((row.body for row in conns if row.type == "closed" and row.body.get("by") != "us"), {})
    refused = next((row.body for row in conns if row.type == "refused"), {})
    if closed.get("code") == 1008 or refused.get("status") in (401, 403):
        return "refused", f"closed with {closed.get('code')}" if closed else f"HTTP {refused.get('status')}"
    if closed:
        return "unclear", f"closed with {closed.get('code')}"
    reason = str(refused.get("reason") or "no answer")
    return ("late" if refused.get("kind") == "timeout" or "by the deadline" in reason else "unclear"), reason


def reflections(rows: Iterable[Row]) -> list[Row]:
    """What the target sent that holds a token (its stand-in): frames, refusals, and the upgrade's answer. Sign-in answers are not asked."""
    found = []
    for row in rows:
        if (row.kind == "frame" and row.dir == "in") or (row.kind == "conn" and row.type in ("open", "refused", "closed")):
            text = row.text
        elif row.kind == "http" and row.dir == "in":
            body = row.body
            text = f"{body.get('body')} {body.get('headers')}"
        else:
            continue
        if TOKEN_STAND_IN.search(text):
            found.append(row)
    return found


def taken(step: StepRows) -> bool | None:
    """Whether a known-good token was taken, by the rows alone; None where they do not say."""
    if step.facts.get("carry") == "rest":
        statuses = [row.type for row in step.rows if row.kind == "http" and row.dir == "in"]
        return None if not statuses else "200" in statuses
    conns = [row for row in step.rows if row.kind == "conn"]
    if any(row.type == "welcome" for row in conns):
        return True
    return False if any(row.type in ("refused", "closed") for row in conns) else None


def controls(case: Case) -> tuple[list[Finding], bool]:
    """A finding for every known-good token that was refused after a bad one, and whether each of them was seen to be taken or refused."""
    findings, seen = [], True
    for step in case.steps("good-token"):
        word = taken(step)
        seen = seen and word is not None
        if word is False and step.outcome == "done":
            door = "REST" if step.facts.get("carry") == "rest" else "the WebSocket"
            shown = seqs(row for row in step.rows if row.kind in ("conn", "http"))
            findings.append(Finding("critical", f"{door} refuses {step.begin.user}'s good token after a bad one", (step.begin.seq, *shown)))
    return findings, seen and bool(case.steps("good-token"))


NO_CONTROL = "whether a known-good token was taken after a bad one is not seen"
