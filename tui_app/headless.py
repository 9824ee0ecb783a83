"""`vigil run`: the same engine without screens. Plain progress on stderr, the result table on stdout."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import getpass
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tui_app.checks.catalogue import by_id, left_out
from tui_app.engine.client import Control, ControlError
from tui_app.engine.launch import Launched, launch
from tui_app.engine.plan import Plan, chosen, footprint, is_own_rehearsal, select
from tui_app.fleet.shares import LEAD_LEAST, split_of
from tui_app.order import make_plan, plan_of, secrets_for, warnings
from tui_app.recording import sessions
from tui_app.recording.fold import Fold
from tui_app.recording.reader import Reader
from tui_app.recording.retention import keep_within
from tui_app.recording.state import IterationsView, SessionState
from tui_app.reports import writer
from tui_app.reports.facts import gather
from tui_app.sanitize import sanitize
from tui_app.target import consent
from tui_app.target.profile import Profile, load
from tui_app.target.tables import ShareTable
from tui_app.verdict.accepting import accepts_of, never, told
from tui_app.verdict.repeats import between
from tui_app.verdict.table import verdict_table

if TYPE_CHECKING:
    from tui_app.metrics.exporting import Exporter

POLL_S = 0.1
GONE_S = 5.0
EXIT_FAULT = 5
EXIT_INTERRUPTED = 130
NOT_ABOUT_THE_BUILD = (2, 4)
"""A wrong target file and services that nobody reaches are no known failures of a build: nothing is offered to be accepted."""


def say(text: str) -> None:
    """One line of progress."""
    print(text, file=sys.stderr, flush=True)


Teller = Callable[[Reader, Fold], object]
"""Tells on standard error what a recording has gained, given what was folded from it."""


def run(asked: argparse.Namespace, teller: Teller | None = None) -> int:
    """Run one session as asked for and return its exit code; `teller` tells of it, or verdicts alone are told.

    Raises what `tui_app.cli.dispatch` turns into messages.
    """
    for line in left_out():
        say(f"vigil: {line}")
    again = _what_failed(asked) if asked.failed is not None else None
    profile, plan = ordered(asked, asked.target, again)
    checks = again.checks if again else asked.checks
    if again is not None:
        say(f"again on {profile.name}: {checks}" + (f", with the seeded faults {', '.join(plan.faults)}" if plan.faults else ""))
    document = msgspec.to_builtins(plan)
    suites, today = {name: by_id()[name].suite for name in plan.checks}, datetime.now(UTC).date().isoformat()
    standing = told(accepts_of(document), suites, {}, today, plan.known)
    for one in standing:
        if one.state in ("unknown", "expired"):
            say(f"vigil: {one.text}")
    _places_for(asked.json, asked.junit)
    asked.record = Path(asked.record).absolute() if asked.record else None
    if asked.dry_run:
        print_footprint(plan)
        for line in warnings(profile, plan):
            say(f"warning: {line}")
        return 0
    with _exporter(asked) as exporter:
        return asyncio.run(_session(profile, plan, asked, teller, exporter))


def _exporter(asked: argparse.Namespace) -> AbstractContextManager[Exporter | None]:
    """What exports metrics while the session runs, where that is asked for. Raises ValueError."""
    if asked.metrics_file is None and asked.metrics_port is None:
        return contextlib.nullcontext()
    from tui_app.metrics import missing

    if wanting := missing():
        raise ValueError(wanting)
    from tui_app.metrics.exporting import exporting

    return exporting(asked.metrics_file, asked.metrics_port)


def ordered(asked: argparse.Namespace, target: str | None, again: Again | None = None) -> tuple[Profile, Plan]:
    """What is asked for, as a plan for one target. Raises `ProfileError`, `PlanError` and `ConsentError`."""
    profile = load(target or "rehearsal")
    if again is not None and target is None:
        profile = again.profile
    if asked.group:
        profile = profile.model_copy(update={"share": ShareTable(group=asked.group)})
    checks, preset = again.checks if again else asked.checks, asked.preset or (again.plan.preset if again else "quick")
    faults = [name.strip() for name in asked.fault.split(",") if name.strip()]
    own = again.plan if again is not None and target is None else None
    users = asked.users or (again.plan.users if again else profile.credentials.users)
    soak_s = 0.0 if asked.until_fail else asked.duration
    wanted = {"phases": asked.phases, "checks": checks, "preset": preset, "users": users, "duration_s": soak_s}
    return profile, make_plan(
        profile, select(**wanted), preset=preset, users=users, iterations=asked.iterations, parallel=asked.parallel,
        consent_option=asked.consent, allow_production=asked.allow_production, faults=faults or (own.faults if own else ()),
        seed=asked.seed, generation=own.generation if own else asked.generation, rehearsal=own.rehearsal if own else (),
        parent=again.session if again else "", honour_accepted=asked.honour_accepted, until_fail=asked.until_fail,
        duration_s=asked.duration, selected=sorted(chosen(**wanted)), unattended=asked.unattended,
        engines=asked.engines, cluster=asked.cluster or "", cluster_plain=asked.cluster_plain,
    )  # fmt: skip


class Again(msgspec.Struct, frozen=True):
    """A session whose failures are run again, on the same target, with as many users."""

    session: str
    checks: str
    plan: Plan
    profile: Profile


def _what_failed(asked: argparse.Namespace) -> Again:
    """What `--failed` asks for: of a session, or of the newest that has ended."""
    entries = sessions.list_sessions() if not asked.failed else []
    entry = sessions.find(asked.failed) if asked.failed else next((one for one in entries if not one.alive), None)
    if entry is None:
        raise ValueError("no session has ended yet: there is nothing to run again")
    before = plan_of(entry.session)
    with Reader(entry.path) as reader:
        result = reader.result() or {}
    failed = [str(check["id"]) for check in result.get("checks", []) if check["verdict"] == "FAIL"]
    for name in failed:
        if name not in by_id():
            say(f"vigil: {name} failed there and is not here: it is not run again")
    here = [name for name in failed if name in by_id()]
    if not here:
        raise ValueError(f"nothing {'that is here ' if failed else ''}failed in session {entry.session}; run without --failed")
    return Again(entry.session, ",".join(here), before, Profile.model_validate(before.profile))


def print_footprint(plan: Plan) -> None:
    """What a session of this plan would do to its target, on stdout."""
    cost = footprint(plan, [by_id()[name] for name in plan.checks])
    made = cost["creates"]
    each = f" from each of {cost['sources']} addresses" if cost["sources"] > 1 else ""
    pace = f"at most {cost['connects_per_minute']} a minute{each}, " if cost["connects_per_minute"] else ""
    steps = " ".join(map(str, cost["ramp"]))
    ramp = [("load", f"{steps} users at once, level by level; it ends by itself once the target slows, refuses or limits")] if steps else []
    lines = [
        ("target", f"{plan.target['name']} ({plan.target['environment']})"),
        ("checks", f"{len(plan.checks)}, preset {plan.preset}, {plan.users} users"),
        *engine_lines(plan),
        ("agent runs", f"about {cost['agent_runs']}, stops at {cost['agent_runs_limit']} (each may call a paid model)"),
        ("connections", f"about {cost['connects']}; {pace}{cost['sockets']} at once"),
        *ramp,
        ("creates", f"about {made['threads']} threads, archived at the end, {made['messages']} messages in them; {made['users']} users"),
        ("bad tokens", f"{cost['bad_tokens']}, a known-good one after each"),
        *([("looks", cost["looks"])] if cost["looks"] else []),
        ("effects", ", ".join(cost["effects"])),
        *refused_lines(plan),
        ("takes", f"about {cost['minutes']} min"),
    ]
    if cost["soak_minutes"]:
        lines.append(("soaks", f"for {cost['soak_minutes']:g} min of it, which the limit on minutes does not count"))
    if plan.iterations > 1:
        lines.append(("repeats", f"each selected check {plan.iterations} times at most: the figures; one that breaks ends earlier"))
    if cost["until_fail"]:
        lines.append(("repeats", f"until a check fails, {cost['until_minutes']:g} min or a limit ends it; the figures are of one round"))
    for name, text in lines:
        print(f"{name:12} {text}")


def engine_lines(plan: Plan) -> list[tuple[str, str]]:
    """Which engine has which users, where there are several."""
    if plan.cluster:
        return [("engines", f"one on each worker of {plan.cluster}, and one here with the first {LEAD_LEAST} users")]
    split = split_of(plan)
    return [("engines", ", ".join(f"{number}: {share.text}" for number, share in enumerate(split, 1)))] if len(split) > 1 else []


def refused_lines(plan: Plan) -> list[tuple[str, str]]:
    """Which effects nobody has agreed to, or which were declined, and the checks that will not run for it."""
    profile = Profile.model_validate(plan.profile)
    given = msgspec.convert(plan.consent, consent.Given) if plan.consent else None
    found: dict[tuple[str, str], list[str]] = {}
    for name in plan.checks:
        stands = consent.standing(by_id()[name].effects, profile, datetime.now(UTC), given, users=plan.users)
        if stands.word != "granted":
            found.setdefault((stands.word, stands.text), []).append(name)
    words = {"missing": "BLOCKED", "declined": "SKIPPED"}
    return [(words[word], f"{', '.join(names)}: {text}") for (word, text), names in found.items()]


def left_lines(result: Mapping[str, Any]) -> list[str]:
    """What the session left behind, and why, a line a kind."""
    kinds: dict[tuple[str, str], int] = {}
    for thing in result["footprint"]["left_behind"]:
        key = (str(thing["thing"]), str(thing["reason"]))
        kinds[key] = kinds.get(key, 0) + 1
    lines = [
        sanitize(f"  left behind: {count} {thing}{'s' if count > 1 else ''}: {reason}", 200) for (thing, reason), count in kinds.items()
    ]
    more = any(thing != "user" for thing, _ in kinds)
    return [*lines, f"  `vigil cleanup {result['session'][:6]}` puts away what it can of it"] if more else lines


def signature_lines(result: Mapping[str, Any]) -> list[str]:
    """What `[[accept]]` of the target file would name to accept each failure for a while; nothing for what is never accepted."""
    lines = []
    for check in result["checks"]:
        if check["verdict"] == "FAIL" and not check["accepted"] and not never(check["id"], check["suite"]):
            for one in check["signatures"]:
                lines += ["", "[[accept]]", f'check     = "{check["id"]}"', f"signature = {json.dumps(sanitize(one), ensure_ascii=False)}"]
                lines += ['ticket    = "..."', "until     = YYYY-MM-DD"]
    return ["", "To accept a known failure for at most 30 days, write into the target file:", *lines] if lines else []


async def _session(profile: Profile, plan: Plan, asked: argparse.Namespace, teller: Teller | None, exporter: Exporter | None = None) -> int:
    ask = getpass.getpass if sys.stdin is not None and sys.stdin.isatty() else None
    secrets = await secrets_for(profile, plan, ask)
    for line in plan.notes:
        say(f"warning: {line}")
    began = await launch(plan, secrets, recording=asked.record)
    if gone := await asyncio.to_thread(keep_within):
        say(gone)
    say(f"session {began.session} on {plan.target['name']}: {len(plan.checks)} checks, {plan.users} users, preset {plan.preset}")
    if exporter is not None:
        exporter.begin(began.recording)
        if exporter.address:
            say(f"metrics at {exporter.address}")
    if profile.share.group:
        say(f"group {profile.share.group} may watch: vigil attach {began.recording}")
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    with Reader(began.recording) as reader:
        watching = await _watching(began)
        state, lost = await follow_to_end(reader, began, stopping, teller)
        if watching is not None:
            watching.close()
        result = reader.result()
    await has_left(began.pid)
    if result is None:
        why = "the engine has gone" if lost else "it ended without a result"
        say(f"{why}: session {began.session} is interrupted; the recording is kept, `vigil cleanup {began.session}` finishes its tidying")
        return EXIT_FAULT
    if asked.json:
        await asyncio.to_thread(_put, asked.json, json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    if asked.junit:
        await asyncio.to_thread(lambda: _put(asked.junit, "".join(writer("junit")(gather(began.recording, result)))))
    if "-" not in (asked.json, asked.junit):
        print(verdict_table(result))
        for line in (
            *left_lines(result),
            *([] if is_own_rehearsal(profile) or result["exit"] in NOT_ABOUT_THE_BUILD else signature_lines(result)),
        ):
            print(line)
        if result["exit"] == 0 and result["verdict"] == "FAIL":
            print("\nexit 0: every failure is accepted in the target file, and --honour-accepted asks to let these pass")
        print(f"\n{plan.selftest}")
    if state.until:
        say(f"{state.until}: {state.round} iterations in all")
    say(f"recording {began.recording}")
    return int(result["exit"])


def _places_for(*files: str | None) -> None:
    """Folders for what is written at the end: that there can be none is said before the session, not after it. Raises ValueError."""
    if files.count("-") > 1:
        raise ValueError("--json and --junit cannot both go to standard output: name a file for one of them")
    for name in filter(None, files):
        try:
            Path(name).expanduser().parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"{name} cannot be written: {error.strerror}") from error


def _put(place: str, text: str) -> None:
    """A document to where it was asked for: a file, or `-` for standard output."""
    if place == "-":
        sys.stdout.write(text)
    else:
        Path(place).expanduser().write_text(text, "utf-8")


async def _watching(began: Launched) -> Control | None:
    """A connection that stands for whoever sits at the terminal: where progress goes elsewhere, nobody is known to watch."""
    if not sys.stderr.isatty():
        return None
    with contextlib.suppress(ControlError):
        control = await Control.connect(began.control)
        await control.ask("status")
        return control
    return None


async def follow_to_end(reader: Reader, began: Launched, stopping: asyncio.Event, teller: Teller | None) -> tuple[SessionState, bool]:
    """Print what happens until the session has ended; whether the engine was lost."""
    fold = Fold(reader.header)
    told: dict[str, str] = {}
    asked_to_stop = False

    def tell() -> None:
        while fold.catch_up(reader):
            pass
        if teller is not None:
            teller(reader, fold)
        else:
            tell_verdicts(fold.state, told)

    while True:
        tell()
        if reader.result() is not None and not sessions.alive(began.session):
            return fold.state, False
        if not sessions.alive(began.session):
            tell()
            return fold.state, reader.result() is None
        if stopping.is_set() and not asked_to_stop:
            asked_to_stop = True
            say("stopping: no new sends, then tidying")
            with contextlib.suppress(ControlError):
                control = await Control.connect(began.control)
                await control.ask("take")  # a terminal that is attached may be in control; who started the session may always end it
                await control.ask("stop")
                control.close()
        await asyncio.sleep(POLL_S)


async def has_left(pid: int, within: float = GONE_S) -> None:
    """Wait until a child's process has left, so that the loop's own record of it is closed before the loop is."""
    for _ in range(int(within / 0.02)):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            break
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.02)  # what watches children tells the loop of it


def tell_verdicts(state: SessionState, told: dict[str, str], say: Callable[[str], None] = say) -> None:
    """Tell what a session has decided since it was last told, a line each; `told` remembers."""
    if state.asks != told.get("", ""):
        told[""] = state.asks
        say(sanitize(state.asks, 300) or "signed in again: the session goes on")
    minutes, seconds = divmod(state.t / 1e9, 60)
    when = f"{int(minutes):02d}:{seconds:04.1f}"
    if state.round > 1 and told.get("round") != str(state.round):
        told["round"] = str(state.round)
        say(f"{when}  iteration {state.round}")
    for view in state.iterations.values():
        said = iteration_line(view)
        if said and told.get(f"{view.check}#") != said:
            told[f"{view.check}#"] = said
            say(f"{when}  {said}")
    for check in state.checks.values():
        if check.word and check.word != told.get(check.id):
            told[check.id] = check.word
            if check.word != "RUNNING":
                say(f"{when}  {check.word:12} {check.id:20} {sanitize(check.reason, 110)}")


def iteration_line(view: IterationsView) -> str:
    """How far a repeated check is, and what that makes of it: at every tenth of its times, and at each one that did not pass."""
    last = view.times[-1] if view.times else None
    if last is None or not view.of or (last.word == "PASS" and view.done % max(view.of // 10, 1)):
        return ""
    failed, judged = view.words.get("FAIL", 0), view.words.get("FAIL", 0) + view.words.get("PASS", 0)
    rate = f"{failed} of {judged} failed, {view.kind}, {between(failed, judged)} at 95 %"
    why = f": {sanitize(last.reason, 60)}" if last.word != "PASS" else ""
    return f"{last.word:12} {view.check:20} {view.done} of {view.of}: {rate}{why}"
