"""What a self-test found: the document of `vigil selftest --json`, schema `vigil.selftest/1`.

A key that is missing has its default, and one that a later version adds is left aside.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

SCHEMA: Final = "vigil.selftest/1"
USUAL_SOCKETS: Final = "websockets"
PROBABILISTIC_SHARE: Final = 0.95
"""Of the sessions with a probabilistic fault, how many have to catch it."""


class FaultRun(msgspec.Struct, frozen=True, kw_only=True):
    """One session with one fault. `why` says what was missing where it was not caught."""

    seed: int
    caught: bool = False
    check: str = ""
    word: str = ""
    witness: str = ""
    also: tuple[str, ...] = ()
    """Checks from outside that name the fault and saw it, too."""
    why: str = ""
    seconds: float = 0.0
    rejudged_alike: bool = True


class FaultResult(msgspec.Struct, frozen=True, kw_only=True):
    """One fault over its sessions. `caught`: in all of a deterministic one; in one at least of a probabilistic one."""

    id: str
    behaviour: str = ""
    probabilistic: bool = False
    caught_by: tuple[str, ...] = ()
    runs: tuple[FaultRun, ...] = ()
    caught: bool = False
    compressed: str = ""
    """What of its time was not as in life: hours that were proved in seconds say so here."""


def is_caught(runs: Sequence[FaultRun], probabilistic: bool) -> bool:
    """Whether the sessions of one fault caught it."""
    return bool(runs) and (any if probabilistic else all)(run.caught for run in runs)


class HealthyRun(msgspec.Struct, frozen=True, kw_only=True):
    """One session without any fault. `fails` are checks and criteria that read FAIL: false alarms."""

    name: str = ""
    generation: str = ""
    jitter_ms: int = 0
    seed: int
    preset: str = ""
    word: str = ""
    exit: int = 0
    fails: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    why: str = ""
    seconds: float = 0.0
    rejudged_alike: bool = True


class AblationRun(msgspec.Struct, frozen=True, kw_only=True):
    """One recording with probes and runs taken out at random. `wrong` are checks with a gap that still read PASS."""

    recording: str = ""
    seed: int
    removed: int = 0
    touched: int = 0
    wrong: tuple[str, ...] = ()


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The figures that reports and the About screen quote."""

    faults: int = 0
    caught: int = 0
    probabilistic_sessions: int = 0
    probabilistic_caught: int = 0
    healthy_sessions: int = 0
    false_alarms: int = 0
    ablations: int = 0
    wrong_passes: int = 0
    rejudged_differently: int = 0
    compressed: int = 0
    """Faults whose times were compressed."""
    checks: int = 0
    checks_proven: int = 0
    passed: bool = False
    text: str = ""


class SelfTest(msgspec.Struct, frozen=True, kw_only=True):
    """The whole document. `date`: UTC, YYYY-MM-DD. `code`: digest of what was tested. `whole`: nothing was left out.

    `engines` shared each session's users (those apart that are driven several times); `sockets`: the library that read them.
    """

    schema: str
    version: str = ""
    date: str = ""
    code: str = ""
    whole: bool = False
    engines: int = 1
    sockets: str = USUAL_SOCKETS
    seconds: float = 0.0
    faults: tuple[FaultResult, ...] = ()
    healthy: tuple[HealthyRun, ...] = ()
    ablation: tuple[AblationRun, ...] = ()
    summary: Summary = Summary()


def summed(
    faults: tuple[FaultResult, ...], healthy: tuple[HealthyRun, ...], ablation: tuple[AblationRun, ...], checks: int, date: str
) -> Summary:
    """The figures of a self-test."""
    likely = [run for fault in faults if fault.probabilistic for run in fault.runs]
    sure = [fault for fault in faults if not fault.probabilistic]
    proven = {name for fault in faults if fault.caught for name in fault.caught_by}
    caught = sum(fault.caught for fault in faults)
    alarms = sum(len(run.fails) for run in healthy)
    broken = sum(bool(run.why) for run in healthy)
    wrong = sum(len(run.wrong) for run in ablation)
    unlike = sum(not run.rejudged_alike for fault in faults for run in fault.runs) + sum(not run.rejudged_alike for run in healthy)
    enough = sum(run.caught for run in likely) >= PROBABILISTIC_SHARE * len(likely)
    return Summary(
        faults=len(faults),
        caught=caught,
        probabilistic_sessions=len(likely),
        probabilistic_caught=sum(run.caught for run in likely),
        healthy_sessions=len(healthy),
        false_alarms=alarms,
        ablations=len(ablation),
        wrong_passes=wrong,
        rejudged_differently=unlike,
        compressed=sum(bool(fault.compressed) for fault in faults),
        checks=checks,
        checks_proven=len(proven),
        passed=all(fault.caught for fault in sure) and enough and not (alarms or wrong or unlike or broken),
        text=f"caught {caught} of {len(faults)} planted faults, {alarms} false alarms in {len(healthy)} healthy sessions, {date}",
    )
