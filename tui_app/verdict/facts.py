"""What the criteria are read from: plain numbers and words, which whoever holds the monitors fills in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec


class CheckFact(msgspec.Struct, frozen=True):
    """A planned check: its word ('' or 'RUNNING' while it has none), why, what would decide it, and its suite ('2.3')."""

    word: str
    reason: str = ""
    to_decide: str = ""
    suite: str = ""


class SeriesFact(msgspec.Struct, frozen=True):
    """Samples in ms in order of arrival, each with the client's own hiccup inside it (0: untainted); `late` never came."""

    values: Sequence[float] = ()
    hiccups: Sequence[float] = ()
    late: int = 0


class RunsFact(msgspec.Struct, frozen=True):
    """The requested agent runs.

    `judged`: they ended, or had their whole deadline on a live socket. `with_tools`: those of them that needed a tool, and so
    owe all five events. `violated`: with a broken rule; `canned`: convicted of an answer without work; `unfinished`: the
    socket was lost or the operator stopped them. `first_wrong` says what was wrong with the first. `durations`: send to end.
    """

    judged: int = 0
    with_tools: int = 0
    violated: int = 0
    canned: int = 0
    unfinished: int = 0
    first_wrong: str = ""
    durations: SeriesFact = SeriesFact()


class IsolationFact(msgspec.Struct, frozen=True):
    """The isolation matrix in numbers. `least`: probes of the least probed cell; `strays`: leaks that no cell holds."""

    users: int = 0
    probes: int = 0
    least: int = 0
    leaks: int = 0
    strays: int = 0
    unproven_users: tuple[str, ...] = ()
    first_leak: str = ""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything `read_criteria` looks at. `limits` overrides the strategy's numbers by key (`readings.LIMITS`).

    `feeds` overrides which checks answer which criterion (`criteria.FEEDS`). `series` holds connect, connect_cold, ping and
    recovery as far as they were measured. `duration_s` is what the plan asked for. `build_changed` names both builds where the
    target's build changed in mid-session.
    """

    preset: str
    users: int
    environment: str
    duration_s: float = 0.0
    checks: Mapping[str, CheckFact] = {}
    feeds: Mapping[str, tuple[str, ...]] = {}
    limits: Mapping[str, float] = {}
    series: Mapping[str, SeriesFact] = {}
    runs: RunsFact = RunsFact()
    isolation: IsolationFact = IsolationFact()
    build_changed: str = ""
    measured: Mapping[str, str] = {}
    """By criterion: what was measured, in the words of its limit, instead of a count of checks."""
