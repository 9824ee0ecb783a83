"""`vigil selftest`: all jobs, those of time alone, the rest side by side; then the ablation, and the document."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tui_app import __version__
from tui_app.checks.catalogue import own
from tui_app.checks.proof import LOCAL, local
from tui_app.engine.launch import LaunchError
from tui_app.recording.sessions import state_dir
from tui_app.rehearsal.faults import FAULTS
from tui_app.selftest.ablation import ablate
from tui_app.selftest.jobs import PROOFS, Job, batch_job, fault_jobs, healthy_jobs
from tui_app.selftest.quick import BATCHES
from tui_app.selftest.session import Outcome, carry_out
from tui_app.standing import code_digest
from tui_app.verdict.self_test import SCHEMA, USUAL_SOCKETS, AblationRun, FaultResult, FaultRun, HealthyRun, SelfTest, is_caught, summed
from tui_app.wire.library import library

LANES = 2
ABLATION_ROUNDS = 2


def run(asked: argparse.Namespace) -> int:
    """Exit codes: 0 all caught and no false alarm, 1 otherwise, 2 for what is not there."""
    chosen = [name.strip() for name in asked.faults.split(",") if name.strip()]
    whole = not (chosen or asked.quick or asked.healthy_only or asked.healthy is not None)
    if asked.quick:
        jobs = [batch_job(f"quick-{number}", batch, asked.engines) for number, batch in enumerate(BATCHES, 1)]
    else:
        jobs = [] if asked.healthy_only else fault_jobs(chosen, asked.engines)
        if not chosen:
            jobs += healthy_jobs(PROOFS if asked.healthy is None else asked.healthy, engines=asked.engines)
    left_by, before = state_dir() / LOCAL, local()
    found = test(jobs, lanes=asked.lanes, keep=Path(asked.keep) if asked.keep else None)
    result = msgspec.structs.replace(document(found, whole=whole), engines=asked.engines, sockets=library())
    keep_local(left_by, before, result)
    if asked.json:
        text = msgspec.json.format(msgspec.json.encode(result), indent=1).decode() + "\n"
        if asked.json == "-":
            sys.stdout.write(text)
        else:
            Path(asked.json).write_text(text)
    if asked.json != "-":
        report(result)
    return 0 if result.summary.passed else 1


def keep_local(path: Path, before: SelfTest | None, result: SelfTest) -> None:
    """Leave the result for the screens and for what makes a check from outside proven: beside faults tried before, of the same code.

    One with several engines, or with other sockets than usual, shows what holds there and takes no other's place.
    """
    if (result.engines, result.sockets) != (1, USUAL_SOCKETS):
        return
    if before is not None and before.code == result.code and not result.whole:
        fresh = {fault.id for fault in result.faults}
        faults = (*(fault for fault in before.faults if fault.id not in fresh), *result.faults)
        healthy, ablation = result.healthy or before.healthy, result.ablation or before.ablation
        summary = summed(faults, healthy, ablation, len(own()), result.date)
        result = msgspec.structs.replace(result, faults=faults, healthy=healthy, ablation=ablation, summary=summary, whole=before.whole)
    path.write_bytes(msgspec.json.encode(result))


class Found(msgspec.Struct):
    """What all jobs came to."""

    outcomes: list[Outcome]
    ablation: list[AblationRun]
    seconds: float


def test(jobs: Sequence[Job], *, lanes: int = LANES, keep: Path | None = None) -> Found:
    """Run these jobs in state folders of their own, so that no session of an operator's is touched or listed."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="vigil-selftest-") as name:
        folder = Path(name)
        for variable, part in (("XDG_STATE_HOME", "state"), ("XDG_RUNTIME_DIR", "run")):
            (folder / part).mkdir(mode=0o700)
            os.environ[variable] = str(folder / part)
        kept = keep or folder
        kept.mkdir(parents=True, exist_ok=True)
        outcomes = asyncio.run(_all(jobs, kept, lanes))
        ablation = [ablate(one.recording, seed) for one in outcomes if one.job.keep and not one.problem for seed in range(ABLATION_ROUNDS)]
    return Found(outcomes, ablation, round(time.monotonic() - began, 1))


async def _all(jobs: Sequence[Job], folder: Path, lanes: int) -> list[Outcome]:
    done: list[Outcome] = []

    async def one(job: Job) -> None:
        try:
            outcome = await carry_out(job, folder)
        except LaunchError as error:
            outcome = Outcome(job=job, recording=folder / f"{job.name}.vigil", problem=str(error))
        done.append(outcome)
        _tell(outcome, len(done), len(jobs))
        if not job.keep and outcome.all_caught:
            outcome.recording.unlink(missing_ok=True)

    together = iter([job for job in jobs if not job.alone])

    async def lane() -> None:
        for job in together:
            await one(job)

    await asyncio.gather(*(lane() for _ in range(lanes)))
    for job in jobs:
        if job.alone:
            await one(job)
    gc.collect()  # ended engines' pipes are closed while their loop still runs
    return done


def document(found: Found, *, whole: bool) -> SelfTest:
    """The document of these outcomes."""
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    faults: dict[str, list[FaultRun]] = {}
    for outcome in found.outcomes:
        for fault in outcome.job.faults:
            faults.setdefault(fault, []).append(_fault_run(outcome, fault))
    results = tuple(
        FaultResult(
            id=name,
            behaviour=FAULTS[name].behaviour,
            probabilistic=FAULTS[name].probabilistic,
            caught_by=FAULTS[name].caught_by,
            runs=tuple(sorted(runs, key=lambda run: run.seed)),
            caught=is_caught(runs, FAULTS[name].probabilistic),
            compressed=FAULTS[name].proof.compressed,
        )
        for name, runs in sorted(faults.items(), key=lambda item: list(FAULTS).index(item[0]))
    )
    healthy = tuple(_healthy_run(outcome) for outcome in found.outcomes if not outcome.job.faults)
    checks = len(own())
    return SelfTest(
        schema=SCHEMA,
        version=__version__,
        date=date,
        code=code_digest(),
        whole=whole,
        seconds=found.seconds,
        faults=results,
        healthy=healthy,
        ablation=tuple(found.ablation),
        summary=summed(results, healthy, tuple(found.ablation), checks, date),
    )


def _fault_run(outcome: Outcome, fault: str) -> FaultRun:
    said, missed = outcome.caught.get(fault, []), outcome.missed(fault)
    shown = missed or (said[0] if said else None)
    return FaultRun(
        seed=outcome.job.seed,
        caught=bool(said) and missed is None,
        check=shown.check if shown else FAULTS[fault].caught_by[0],
        word=shown.word if shown else "",
        witness=shown.witness if shown else "",
        also=tuple(outcome.also.get(fault, ())),
        why=outcome.problem or (f"{missed.check} {missed.why}" if missed else ""),
        seconds=outcome.seconds,
        rejudged_alike=not outcome.differs,
    )


def _healthy_run(outcome: Outcome) -> HealthyRun:
    checks = outcome.result.get("checks", [])
    return HealthyRun(
        name=outcome.job.name,
        generation=outcome.job.plan.generation,
        jitter_ms=outcome.job.jitter_ms,
        seed=outcome.job.seed,
        preset=outcome.job.plan.preset,
        word=str(outcome.result.get("verdict", "")),
        exit=int(outcome.result.get("exit", 5)),
        fails=tuple(one["id"] for one in (*checks, *outcome.result.get("criteria", [])) if one["verdict"] == "FAIL"),
        undecided=tuple(check["id"] for check in checks if check["verdict"] in ("INCONCLUSIVE", "BLOCKED")),
        why=outcome.problem,
        seconds=outcome.seconds,
        rejudged_alike=not outcome.differs,
    )


def _tell(outcome: Outcome, number: int, total: int) -> None:
    job = outcome.job
    if outcome.problem:
        word, said = "BROKEN", outcome.problem
    elif job.faults:
        missed = [f"{one.check} {one.why}" for fault in job.faults if (one := outcome.missed(fault))]
        first = outcome.caught[job.faults[0]]
        word, said = (
            ("missed", "; ".join(missed)) if missed else ("caught", first[0].witness if len(job.faults) == 1 else ", ".join(job.faults))
        )
    else:
        fails = _healthy_run(outcome).fails
        word, said = ("ALARM", ", ".join(fails)) if fails else ("healthy", f"{job.plan.generation}, jitter {job.jitter_ms} ms")
    if outcome.differs:
        word, said = "DIFFERS", f"judged anew: {', '.join(outcome.differs[:4])}; {said}"
    print(f"[{number:3}/{total}] {word:8} {job.name:32} {outcome.seconds:5.1f} s  {said}", file=sys.stderr, flush=True)


def report(result: SelfTest) -> None:
    """What was missed, and the figures, on standard output."""
    for fault in result.faults:
        for run_ in fault.runs:
            if not run_.caught:
                print(f"missed   {fault.id} (seed {run_.seed}): {run_.why}")
    for one in result.healthy:
        if one.fails or one.why:
            print(f"alarm    {one.name} ({one.generation}, jitter {one.jitter_ms} ms): {', '.join(one.fails) or one.why}")
    for gone in result.ablation:
        if gone.wrong:
            print(f"wrong    {gone.recording}: passes with a gap: {', '.join(gone.wrong)}")
    summary = result.summary
    if summary.compressed:
        print(f"time-compressed: {', '.join(fault.id for fault in result.faults if fault.compressed)}")
    many = "one engine" if result.engines == 1 else f"{result.engines} engines"
    arranged = "" if (result.engines, result.sockets) == (1, USUAL_SOCKETS) else f" ({many}, {result.sockets})"
    print(f"self-test{arranged}: {summary.text}")
    print(
        f"{summary.checks_proven} of {summary.checks} checks seen to fail; {summary.wrong_passes} wrong passes in {summary.ablations} "
        f"recordings with gaps; {summary.rejudged_differently} sessions judged otherwise anew; {result.seconds:.0f} s"
    )
