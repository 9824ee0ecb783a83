"""The sixteen criteria of the strategy, and how each is read from a session's facts (the Verdicts contract).

A criterion is asked where the plan's shape asks for it and at least one of the checks that answer it is planned; otherwise
it reads SKIPPED, 'not in this plan'. What is asked and has no data is never PASS; a leak that was seen is a failure
whichever checks were planned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from tui_app.verdict import readings
from tui_app.verdict.facts import CheckFact, Facts
from tui_app.verdict.readings import LIMITS
from tui_app.verdict.statistics import NO_TIME, Reading
from tui_app.verdict.words import BLOCKED, FAIL, INCONCLUSIVE, PASS, SKIPPED, Word, aggregate

NOT_IN_PLAN: Final = "not in this plan"

FEEDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "T1": ("five-events",),
        "T2": ("connect-latency",),
        "T3": ("response-time",),
        "T4": ("isolation-frames", "isolation-rest"),
        "T5": ("sign-in-triangle", "token-matrix"),
        "T6": ("tiers-persist",),
        "B1": ("golden-path",),
        "B2": ("ai-value",),
        "B3": ("isolation-frames", "isolation-rest"),
        "B4": ("golden-path", "five-events", "recovery-cut", "message-persisted"),
        "B5": ("production-parity",),
        "P1": ("ping-latency",),
        "P2": ("response-time",),
        "P3": ("fifty-users",),
        "P4": ("soak",),
        "P5": ("recovery-cut",),
    }
)
"""Which checks answer a criterion. A plan that leaves one of them out does not ask for the criterion."""
ALSO: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "T4": ("isolation-active", "isolation-windows", "isolation-lists", "isolation-errors"),
        "T5": (
            "token-ways", "token-claims", "token-refresh", "session-end", "good-after-bad", "identity", "anonymous-doors", "test-header",
            "signed-out-everywhere",
        ),
        "T6": ("message-persisted", "instances", "tier-postgres-message", "tier-redis-session", "tier-clickhouse-run"),
        "B2": ("not-canned", "answers-differ"),
        "B3": (
            "isolation-active", "isolation-lists", "isolation-errors", "isolation-windows", "memory", "context-bleed", "tool-isolation",
            "two-sockets", "run-reaches-asker", "sessions-independent",
        ),
        "B5": ("tls", "tls-only"),
        "P5": ("reconnects",),
    }
)  # fmt: skip
"""Checks that count, too, where they are planned: a deeper plan asks more. What a criterion passed without is said with it."""


class CriterionReading(msgspec.Struct, frozen=True):
    """A criterion as read: the JSON result's fields in their order, and what would decide an open one."""

    id: str
    title: str
    limit: str
    measured: str
    n: int | None
    verdict: Word
    reason: str
    to_decide: str = ""


class Criterion(msgspec.Struct, frozen=True):
    """One row of the table. `limit` may hold one key of `LIMITS` in braces; `reading` and `when` are for people."""

    id: str
    title: str
    limit: str
    reading: str
    when: str
    asked: Callable[[Facts], bool]
    read: Callable[[Facts], Reading]
    checks_too: bool = True
    """Whether the word of its checks counts besides the numbers."""
    key: str = ""
    always_watched: bool = False
    """Every frame of every session is looked at for it, so what was seen counts without a check that answers it."""
    on_request: bool = False
    """Asked for by an option of its own, so that a plan without a check for it leaves it undecided instead of out."""


def _always(_facts: Facts) -> bool:
    return True


def _comprehensive(facts: Facts) -> bool:
    return facts.preset == "comprehensive"


def _several(facts: Facts) -> bool:
    return facts.users >= 2


CRITERIA: Final[tuple[Criterion, ...]] = (
    Criterion(
        "T1", "Five critical events delivered", "5 of 5",
        "in every one of >= 10 runs: present, ordered, paired, once, right ids, not canned", "always", _always, readings.five_events,
    ),
    Criterion(
        "T2", "Connection established", "{} s", "p95 of warm connects, DNS to welcome; cold ones apart",
        "comprehensive", _comprehensive, readings.percentile("connect", "connect_s", 1000), checks_too=False, key="connect_s",
    ),
    Criterion(
        "T3", "Agent execution end to end", "{} s", "every one of >= 10 runs, send to agent_completed, time-outs counted at the cap",
        "always", _always, readings.every_run, checks_too=False, key="run_s",
    ),
    Criterion("T4", "No cross-contamination", "0 leaks", "0 leaks, >= 10 probes per pair, >= 299 in all, own markers seen; both channels",
              "always, >= 2 users", _several, readings.isolation, always_watched=True),
    Criterion("T5", "Authentication with real JWT validation", "all", "every good token accepted with one identity, every bad one refused",
              "always; negatives by consent", _always, readings.from_checks),
    Criterion("T6", "Persistence across all tiers", "3 of 3", "through the API; directly too where a DSN is given",
              "always", _always, readings.from_checks),
    Criterion("B1", "Golden path journey", "all steps", "one traced journey, sign-in to history",
              "always", _always, readings.from_checks),
    Criterion("B2", "Substantive AI value", "rubric", ">= 3 prompts over the threshold, none canned",
              "always", _always, readings.from_checks),
    Criterion("B3", "Enterprise multi-user features", "all", "the checks of suite 2.3",
              "always, >= 2 users", _several, readings.from_checks),
    Criterion("B4", "Revenue-protecting functionality", "all", "every journey protected",
              "always", _always, readings.from_checks),
    Criterion("B5", "Production parity", "all", "environment marker, TLS, front headers, real sign-in mode, no bypass active",
              "staging and docker", lambda facts: facts.environment in ("staging", "docker"), readings.from_checks),
    Criterion(
        "P1", "Message latency", "{} ms", "p95 of application pings on an open schedule", "comprehensive", _comprehensive,
        readings.percentile("ping", "ping_ms", 1), checks_too=False, key="ping_ms",
    ),
    Criterion(
        "P2", "Agent response", "{} s mean", "95 % bound of the mean",
        "always", _always, readings.mean_run, checks_too=False, key="response_s",
    ),
    Criterion("P3", "50 concurrent users", "{} users", "sockets open and runs overlapping, completion >= 95 %, isolation holding",
              "--users >= 50", lambda facts: facts.users >= readings.limit_of(facts, "users"), readings.from_checks, key="users",
              on_request=True),
    Criterion("P4", "Stable for 2 h", "{} h", "no unexplained drop, no drift over the printed bound", "--duration >= 2h",
              lambda facts: facts.duration_s >= readings.limit_of(facts, "stable_h") * 3600, readings.from_checks, key="stable_h",
              on_request=True),
    Criterion("P5", "Recovery", "{} s", "every one of >= 10, fault's end to first right event of a new run", "always (fault by consent)",
              _always, readings.recovery, key="recovery_s"),
)  # fmt: skip
"""The contract's table, in its order."""


def read_criteria(facts: Facts) -> list[CriterionReading]:
    """All sixteen, in the table's order."""
    return [_read(criterion, facts) for criterion in CRITERIA]


def limit_text(criterion: Criterion, facts: Facts) -> str:
    """The limit in force, and the strategy's beside it where a target file set another."""
    if not criterion.key:
        return criterion.limit
    ours, strategy = readings.limit_of(facts, criterion.key), LIMITS[criterion.key]
    text = criterion.limit.format(f"{ours:g}")
    return text if ours == strategy else f"{text} (strategy: {criterion.limit.format(f'{strategy:g}')})"


def feeding(criterion: str, facts: Facts) -> tuple[dict[str, CheckFact], list[str]]:
    """The planned checks that answer a criterion, and the ids of those that are not planned."""
    planned: dict[str, CheckFact] = {}
    missing: list[str] = []
    for feed in facts.feeds.get(criterion, FEEDS[criterion]):
        if feed in facts.checks:
            planned[feed] = facts.checks[feed]
        else:
            missing.append(feed)
    for more in ALSO.get(criterion, ()):
        if more in facts.checks and facts.checks[more].word != SKIPPED:
            planned[more] = facts.checks[more]
    return planned, missing


def _read(criterion: Criterion, facts: Facts) -> CriterionReading:
    limit = limit_text(criterion, facts)
    planned, missing = feeding(criterion.id, facts)
    if criterion.on_request and criterion.asked(facts) and not planned:
        reason = f"asked for ({criterion.when}), and no check of this plan measures it"
        return CriterionReading(criterion.id, criterion.title, limit, "", None, INCONCLUSIVE, reason, f"run {', '.join(missing)}")
    if criterion.always_watched and criterion.asked(facts) and (not planned or missing):
        seen = criterion.read(facts)
        if seen.word == FAIL:
            reason = seen.reason if planned else f"{seen.reason}; no check of this plan asked for it, but every frame is looked at"
            return CriterionReading(criterion.id, criterion.title, limit, seen.measured, seen.n, FAIL, reason)
    if not criterion.asked(facts) or not planned:
        return CriterionReading(criterion.id, criterion.title, limit, "", None, SKIPPED, NOT_IN_PLAN)
    if missing and _first(planned, FAIL) is None:
        return CriterionReading(criterion.id, criterion.title, limit, "", None, SKIPPED, f"{NOT_IN_PLAN}: {', '.join(missing)}")
    own = [planned[name] for name in facts.feeds.get(criterion.id, FEEDS[criterion.id]) if name in planned]
    if own and all(fact.word == SKIPPED for fact in own):
        reason = next((fact.reason for fact in own if fact.reason), "left out by the operator")
        return CriterionReading(criterion.id, criterion.title, limit, "", None, SKIPPED, reason)
    reading = criterion.read(facts)
    if criterion.checks_too:
        reading = _with_checks(criterion, reading, planned, missing)
    elif reading.word == INCONCLUSIVE:
        blocked = _first(planned, BLOCKED)
        if blocked and not any(fact.word == PASS for fact in planned.values()):
            reading = Reading(BLOCKED, reading.measured, reading.n, f"{blocked[0]}: {blocked[1].reason}", blocked[1].to_decide)
    slow = _first(planned, INCONCLUSIVE)
    if not criterion.checks_too and slow and slow[1].reason.startswith(NO_TIME) and reading.word != INCONCLUSIVE:
        reading = Reading(INCONCLUSIVE, reading.measured, reading.n, slow[1].reason, slow[1].to_decide)
    if facts.build_changed and reading.word == PASS:
        reason = f"build changed in mid-session ({facts.build_changed}), so no one build passed; before that: {reading.reason}"
        reading = Reading(INCONCLUSIVE, reading.measured, reading.n, reason, "a session over one build")
    n = reading.n if criterion.read is not readings.from_checks else None
    measured = facts.measured.get(criterion.id, reading.measured)
    return CriterionReading(criterion.id, criterion.title, limit, measured, n, reading.word, reading.reason, reading.to_decide)


def _with_checks(criterion: Criterion, reading: Reading, planned: Mapping[str, CheckFact], missing: list[str]) -> Reading:
    """The worse of the numbers and the checks. A part that was declined leaves the whole undecided."""
    only_checks = criterion.read is readings.from_checks
    words = [fact.word for fact in planned.values() if fact.word != SKIPPED]
    left_out = missing + [name for name, fact in planned.items() if fact.word == SKIPPED]
    if left_out:
        words.append(INCONCLUSIVE)
    passed = sum(fact.word == PASS for fact in planned.values())
    counted = f"{passed} of {len(planned)}, {len(missing)} not planned" if missing else f"{passed} of {len(planned)} checks"
    measured = counted if only_checks else reading.measured
    n = len(planned) if only_checks else reading.n
    word = aggregate([*words, reading.word])
    if word == reading.word and not only_checks and (word != INCONCLUSIVE or reading.to_decide):
        return reading
    if word == PASS:
        unasked = [name for name in ALSO.get(criterion.id, ()) if name not in planned]
        without = f"; not in this plan: {', '.join(unasked)}" if unasked else ""
        return Reading(PASS, measured, n, f"{', '.join(planned)}: passed{without}")
    deciding = _first(planned, word) or _open(planned)
    if deciding:
        return Reading(word, measured, n, f"{deciding[0]}: {deciding[1].reason}".removesuffix(": "), deciding[1].to_decide)
    return Reading(word, measured, n, f"left out: {', '.join(left_out)}", f"run {', '.join(left_out)} too")


def _first(planned: Mapping[str, CheckFact], word: str) -> tuple[str, CheckFact] | None:
    return next(((name, fact) for name, fact in planned.items() if fact.word == word), None)


def _open(planned: Mapping[str, CheckFact]) -> tuple[str, CheckFact] | None:
    """The first check that has no word yet."""
    for name, fact in planned.items():
        if fact.word in ("", "RUNNING"):
            return name, CheckFact(fact.word, "has not ended yet", "its end")
    return None
