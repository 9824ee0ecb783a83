"""Suite 4.2, whether each tier stays: it is asked all session long, by the health body and, where a DSN is given, directly."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from tui_app.checks.api import Case, Check, Context, Finding, Judgement, StepRows
from tui_app.checks.looks import GONE, hindered, is_gone, looks, no_dsn
from tui_app.checks.reading import decided, nothing_done
from tui_app.checks.severities import grade
from tui_app.checks.tiers import tier_words

HEALTH: Final = "/api/health/database?force=true"
OTHERWISE: Final = "/api/health"
"""For builds that do not offer the other one."""
EVERY_S: Final = 3.0
AGAIN_S: Final = 1.0
"""After a round in which something was wrong: a tier that stops is told within 10 s."""
ROUNDS: Final = 2
DOWN: Final = 2
"""So many rounds in a row: one may be the network's, or a restart."""
WITHIN_S: Final = 4.0


def _watch(tier: str) -> Callable[[Context], Awaitable[None]]:
    async def drive(ctx: Context) -> None:
        number, down, direct, path = 0, 0, True, HEALTH
        while True:
            number += 1
            async with ctx.step("watch", tier=tier, number=number):
                looking = ctx.later(ctx.look(tier, "ping")) if direct else None
                answer = await ctx.http("backend", "GET", path, within=WITHIN_S)
                if answer.status in (404, 405) and path == HEALTH:
                    path = OTHERWISE
                    answer = await ctx.http("backend", "GET", path, within=WITHIN_S)
                looked = await looking if looking is not None else None
            gone = looked is not None and looked.why in GONE
            if looked is not None and looked.why:
                # What never answered from here is no use asking again; what did has gone.
                direct = gone and (number > 1 or tier_words(answer.json).get(tier) == "failed")
            said = tier_words(answer.json).get(tier, "")
            down = down + 1 if (gone and direct) or said == "failed" else 0
            if down >= DOWN or (not direct and said in ("", "skipped") and answer.status):
                return
            going = await ctx.going_on(AGAIN_S if down else EVERY_S)
            if not going and number >= ROUNDS and not down:
                return
            if not going:
                await ctx.sleep(AGAIN_S)

    return drive


@dataclass(slots=True)
class Round:
    """One round: what health said, and how a direct look ended (None: there was none)."""

    said: str
    health: int
    look: dict[str, Any] | None
    seq: int

    @property
    def gone(self) -> bool:
        return self.look is not None and is_gone(self.look)

    @property
    def evidence(self) -> tuple[int, ...]:
        return tuple(seq for seq in (self.seq, self.health) if seq)


def _round(step: StepRows, tier: str) -> Round:
    found = looks(step.rows, "ping")
    heard = [(tier_words(body.get("body")).get(tier, ""), row.seq) for row, body in step.answers(anybody=True)]
    said, health = heard[-1] if heard else ("", 0)
    return Round(said, health, found[-1][1] if found else None, found[-1][0].seq if found else 0)


def _judge(tier: str) -> Callable[[Case], Judgement]:
    def judge(case: Case) -> Judgement:
        steps = case.steps("watch")
        rounds = [_round(step, tier) for step in steps]
        if not rounds:
            return nothing_done(f"watching {tier}")
        asked = int(steps[-1].facts.get("number") or len(rounds))
        reached = any(one.look is not None and not one.look.get("why") for one in rounds)
        reached = reached or any(one.look is not None and one.look.get("before") for one in rounds)
        findings = _lost(tier, rounds, reached)
        if findings:
            return decided(findings, "", f"{tier} stays up")
        first = rounds[0].look or {}
        told = [one for one in rounds if one.said in ("connected", "failed")]
        if not reached:
            if first.get("why") == "no-dsn" and not told:
                return no_dsn(tier, str(first.get("error")))
            if first.get("why") != "no-dsn" and (hindrance := hindered(case, tier)) is not None:
                return hindrance
        blips = [one for one in rounds if one.said == "failed" or (reached and one.gone)]
        findings = [Finding("minor", f"{tier} was away {len(blips)} times, for one look each", blips[0].evidence)] if blips else []
        if asked < ROUNDS:
            return Judgement("INCONCLUSIVE", f"{tier} was asked {asked} times", tuple(findings), "a session that is run to its end")
        good = [one for one in rounds if one.said == "connected" or (one.look is not None and not one.look.get("why"))]
        if not good:
            return Judgement("INCONCLUSIVE", f"nobody told of {tier}", tuple(findings), "a health body that tells of it, or a DSN")
        how = "health and direct looks agree" if told and reached else "by direct looks" if reached else "as health says; no DSN is given"
        proof = [seq for one in (good[0], good[-1]) for seq in one.evidence]
        return decided(findings, f"{tier} answered in {asked} rounds, {how}", f"{tier} stays up", proof)

    return judge


def _lost(tier: str, rounds: list[Round], reached: bool) -> list[Finding]:
    """What the last rounds show in a row."""
    away = _trailing([reached and one.gone for one in rounds])
    failed = _trailing([one.said == "failed" for one in rounds])
    last = rounds[-1]
    found: list[Finding] = []
    if away >= DOWN:
        shown = tuple(seq for one in rounds[-away:] for seq in one.evidence)
        text = f"{tier} answers no more: {(last.look or {}).get('error')}"
        if all(one.said == "connected" for one in rounds[-DOWN:]):
            found.append(Finding(grade("FM-41"), f"health calls {tier} connected, and it answers no more", shown))
        elif failed >= DOWN:
            text += "; health says so, too"
        found.append(Finding("critical", text, shown))
    elif failed >= DOWN:
        shown = tuple(seq for one in rounds[-failed:] for seq in one.evidence)
        direct = last.look is not None and not last.look.get("why")
        text = f"health says that {tier} failed" + (", while it answers a direct look" if direct else "")
        found.append(Finding("critical", text, shown))
    return found


def _trailing(bad: list[bool]) -> int:
    return next((number for number, one in enumerate(reversed(bad)) if not one), len(bad))


def _check(key: str, tier: str, title: str, impact: str, fault: str, *more: str) -> Check:
    return Check(
        id=f"tier-{key}-stays",
        suite="4.2",
        title=f"{title} stays up",
        proves=f"All session long {title} answers, by the health body and by direct looks where a DSN is given, and both agree.",
        impact=impact,
        strategy=("scripts/check_staging_health.py",),
        effects=frozenset({"read"}),
        drive=_watch(tier),
        judge=_judge(tier),
        min_users=0,
        watch=True,
        catches=(fault, *more),
        presets=("comprehensive",),
        cost=lambda users, preset: {"statements": 20, "seconds": 0},
    )


CHECKS = (
    _check(
        "postgres", "postgresql", "PostgreSQL",
        "If this fails, customers' work stops in the middle of a sentence.", "core-store-lost-midway",
    ),
    _check(
        "redis", "redis", "Redis",
        "If this fails, customers are signed out in the middle of their work.", "cache-lost-midway", "cache-down",
    ),
    _check(
        "clickhouse", "clickhouse", "ClickHouse",
        "If this fails, what customers are billed by is lost from then on.", "analytics-lost-midway",
    ),
)  # fmt: skip
