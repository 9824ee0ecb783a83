"""The engine's process: one session from its order (read from standard input) to its last row."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import ssl
import sys
import time
from collections.abc import Coroutine
from typing import Any
from urllib.request import getproxies

import msgspec

from tui_app import __version__
from tui_app.checks.api import User
from tui_app.checks.bench import Bench
from tui_app.checks.catalogue import as_json, by_id, left_out
from tui_app.engine.clock import Clock, Gate, tick, watch_lag
from tui_app.engine.control import ControlServer
from tui_app.engine.log import Log
from tui_app.engine.member import Member
from tui_app.engine.order import Order
from tui_app.engine.others import Others, Shared
from tui_app.engine.plan import is_own_rehearsal
from tui_app.engine.pulse import Pulse
from tui_app.engine.refusal import Refusal
from tui_app.engine.rehearsal_child import RehearsalChild, RehearsalError
from tui_app.engine.renewal import Keeper
from tui_app.engine.runner import Runner
from tui_app.engine.sockets import Sockets
from tui_app.engine.sources import sources_of
from tui_app.engine.tiers import Tiers
from tui_app.engine.unattended import end_unattended
from tui_app.engine.usage import Usage, watch_usage
from tui_app.engine.world import World, wall
from tui_app.fleet.api import FleetError
from tui_app.fleet.lead import Lead
from tui_app.fleet.shares import budget, split_of
from tui_app.recording import sessions
from tui_app.recording.errors import RecordingError
from tui_app.recording.schema import HEADER_KEYS
from tui_app.recording.secrets import Vault
from tui_app.recording.sharing import group_id, list_here, shared_path
from tui_app.recording.writer import Writer
from tui_app.target.accounts import Account, Lease, Store
from tui_app.target.network import trust_of
from tui_app.target.profile import Profile, ProfileError
from tui_app.wire.created import Created
from tui_app.wire.http import HttpClient
from tui_app.wire.pacing import Pacing
from tui_app.wire.route import secrets_of

SWITCH_S = 0.000_05


class Engine:
    """One session's engine."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.plan = order.plan
        self.profile = Profile.model_validate(order.plan.profile)
        self.own = is_own_rehearsal(self.profile)
        self.alone = self.plan.engine == 1
        """Whether this is the session's only engine, or the lead of several."""
        self.fleet: Lead | None = None
        self.member: Member | None = None
        self.authority = order.authority
        self.clock = Clock()
        self.gate = Gate()
        known = by_id()
        self.missing = [name for name in self.plan.checks if name not in known]
        self.checks = [known[name] for name in self.plan.checks if name in known]
        self.child: RehearsalChild | None = None
        self.runner: Runner | None = None
        self.keeper: Keeper | None = None
        self.later: set[asyncio.Task[None]] = set()
        self.urls = self.profile.urls
        self.leases: list[Lease] = []
        self.tls: ssl.SSLContext | None = None
        self.sources: tuple[str, ...] = ("",)

    async def run(self) -> None:
        """The whole session. Raises nothing: what goes wrong ends in the recording or on standard output as an error line."""
        if self.missing:
            self._refuse("; ".join((f"the engine does not find {', '.join(self.missing)}", *left_out())))
            return
        paths = sessions.new_paths(self.order.session)
        try:
            gid = group_id(self.profile.share.group) if self.profile.share.group else None
            # A path without a folder is one of this machine's own recordings, whichever machine this is.
            recording = sessions.sessions_dir() / self.order.recording if self.order.recording else paths.recording
            if gid is not None and not self.order.recording:
                recording = shared_path(paths.recording, gid)
        except RecordingError as error:
            self._refuse(str(error))
            return
        claim = sessions.claim(self.order.session, recording, gid) if self.alone else None
        if self.own:
            self.child = RehearsalChild(self.order.session, self.plan)
            try:
                found = await self.child.start()
                self.authority = found.pop("ca", "")
                self.profile = self.profile.filled(**found)
                self.urls = self.profile.urls
            except RehearsalError as error:
                self._refuse(str(error))
                return
        try:
            self.tls = trust_of(self.profile, self.authority)
            self.sources = sources_of(self.profile, self.plan.own_users, self.urls["websocket"])
        except ProfileError as error:
            self._refuse(str(error))
            return
        others = Others(self.order, self.clock)
        try:
            await others.reach()
        except FleetError as error:
            self._refuse(str(error))
            return
        vault = Vault()
        header = self._header()
        try:
            writer = Writer(recording, header, gid=gid)
        except RecordingError as error:
            self._refuse(str(error))
            return
        if gid is not None and not self.order.recording:
            list_here(recording, paths.recording)
        bench = Bench(self.checks, msgspec.to_builtins(self.plan), header)
        log = Log(self.clock, writer, bench, vault)
        world = self._world(log, vault)
        sockets = Sockets(log, self.gate, world, self.urls["websocket"], 10.0)
        log.too_slow = lambda slow: self._too_slow(log, sockets, slow)
        refusal = Refusal(self.plan, self.profile, world)
        self.runner = Runner(world, sockets, self.checks, refusal)
        self.runner.look = lambda: refusal.look(when="between")
        self.keeper = Keeper(world, sockets, self.profile.limits.sign_in_s, self.runner.give_up)
        sockets.fresh = self.keeper.fresh
        control = ControlServer(paths.control, lambda command, facts, who: self._act(log, world, command, facts, who))
        if self.alone:
            await control.start()
        usage = Usage()
        background = [
            asyncio.create_task(watch_lag(lambda ms: _drop(log.add("lag", ms=ms)), usage.late), name="lag"),
            asyncio.create_task(watch_usage(usage, lambda told: log.add("client", told, type="usage")), name="usage"),
            asyncio.create_task(tick(lambda: _drop(log.add("clock"))), name="clock"),
            asyncio.create_task(Pulse(sockets, self.checks).run(), name="pulse"),
        ]
        self._signals(log)
        if self.alone and not self.plan.unattended:
            background.append(asyncio.create_task(end_unattended(self.runner, lambda: len(control.viewers)), name="unattended"))
        keep_the_loop_free()
        log.add(
            "session",
            {"session": self.order.session, "target": self.profile.target.name, "urls": self.urls, "who": self.order.who},
            type="start",
        )
        log.add("clock", {"wall": time.time(), "origin_ns": self.clock.origin}, type="wall")
        if self.alone:
            say({"session": self.order.session, "recording": str(recording), "control": str(paths.control), "pid": os.getpid()})
        reason, text = "fault", ""
        try:
            await refusal.look()
            if self.alone:
                try:
                    self.fleet = self.runner.fleet = await others.start(log, recording, self._shared())
                except FleetError as error:
                    self.runner.give_up(f"{error.what}: {error.why}" if error.why else error.what, error.what_next, "engines")
                if self.fleet is not None:
                    world.meet = self.fleet.meet
                    world.on_ready.append(self._introduce)
                reason = await self.runner.run()
            else:
                self.member = Member(log, self.runner, lambda command: _drop(self._act(log, world, command, {}, "lead")))
                world.meet = self.member.meet
                reason = await self.member.run()
            text = self.runner.fault
            self.keeper.ending = True
            await self.runner.tidy()
            if self.fleet is not None:
                await self.fleet.finish()
            await refusal.look(when="end")
        except Exception as error:  # noqa: BLE001  whatever happens, the recording says that the session ended and why
            text = f"{type(error).__name__}: {error}"
            reason = "fault"
        finally:
            for task in background:
                task.cancel()
            await self.keeper.close()
            control.closing = True
            log.add("session", {"reason": reason, "text": text, "answered": sorted(world.answered), "asked": sorted(world.asked),
                                "connects": sockets.connects, **self._rounds()}, type="end")  # fmt: skip
            if self.member is not None:
                self.member.over()
            if self.fleet is not None:
                await self.fleet.close()
            await world.close()
            await world.tiers.close()
            await asyncio.to_thread(writer.close)
            await control.stop()
            if self.child is not None:
                await self.child.stop()
            if claim is not None:
                claim.release()

    def _introduce(self, user: User) -> None:
        if self.fleet is not None:
            self._meanwhile(self.fleet.introduce([(user.label, user.sub)]))

    def _meanwhile(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this beside everything else."""
        task = asyncio.get_running_loop().create_task(work)
        self.later.add(task)
        task.add_done_callback(self.later.discard)

    def _shared(self) -> Shared:
        return Shared(self.profile, self.authority, self.child is not None, [check.id for check in self.checks if check.spread])

    def _refuse(self, why: str) -> None:
        """Say to whoever started this engine why it does not begin."""
        say({"error": why} if self.alone else {"n": 1, "what": "refused", "why": why.rstrip(".")})

    def _rounds(self) -> dict[str, Any]:
        """How often the selected checks were driven, and what ended that, where nobody knew it before."""
        if self.runner is None or not self.plan.until_fail:
            return {}
        return {"iterations": self.runner.round, "until": self.runner.until}

    def _world(self, log: Log, vault: Vault) -> World:
        limits = self.profile.limits
        created = Created()
        split = split_of(self.plan)

        def part(limit: int | None) -> int | None:
            return budget(limit, self.plan.users, split, self.plan.engine)

        own = self.child is not None or self.order.own
        pacing = Pacing(
            connects_per_minute=part(limits.connects_per_minute),
            sockets=part(limits.sockets),
            agent_runs=part(limits.agent_runs) or 0,
            # What the operator asked for by a duration is not ended by a cap on time, nor is time on hold spent.
            minutes=limits.minutes + self.plan.soak_s / 60,
            clock=lambda: time.monotonic() - self.gate.held_ns() / 1e9,
            sources=self.sources,
        )
        services = {name: url for name, url in self.urls.items() if name != "websocket"}
        world = World(
            session=self.order.session, plan=self.plan, limits=limits, urls=self.urls, log=log, gate=self.gate, vault=vault,
            created=created,
            pacing=pacing,
            client=lambda: HttpClient(services, created, headers=self.order.headers, tls=self.tls, proxy=self.order.proxy),
            tls=self.tls, proxy=self.order.proxy, headers=self.order.headers, profile=self.profile,
            accounts=self.order.accounts, e2e_key=self.order.e2e_key, blocked=self.order.blocked, keeps_accounts=not own,
            stored_by=self.child.server("postgres") if self.child is not None else "",
        )  # fmt: skip
        for account in self.order.accounts:
            for kind in ("password", "token", "refresh"):
                if account.get(kind):
                    vault.add(kind, "?", account[kind])
        for value in self.order.headers.values():
            vault.add("header", "?", value)
        vault.add("e2e-key", "?", self.order.e2e_key)
        for proxy in (self.order.proxy, *getproxies().values()):
            for secret in secrets_of(proxy):
                vault.add("proxy", "?", secret)
        world.tiers = Tiers.given(self.profile.tiers, self.order.tiers, self.child.tiers if self.child is not None else {})
        for kind, tier, value in world.tiers.secrets:
            vault.add(kind, tier, value)
        if not own and self.plan.mode == "register":
            self._reuse_accounts(world)
        return world

    def _reuse_accounts(self, world: World) -> None:
        """Accounts of Vigil's own: those that nobody else is using now, and a new one kept for each that is missing."""
        store, auth = Store(sessions.state_dir()), self.profile.auth
        self.leases = store.take(auth, self.plan.own_users)
        for lease in self.leases:
            world.vault.add("password", "?", lease.account.password)
            world.accounts.append({"email": lease.account.email, "password": lease.account.password, "registered": "yes"})
        world.on_registered = lambda email, password: self.leases.append(store.keep(auth, Account(email, password, wall())))
        world.on_unknown = lambda email: store.forget(auth, email)

    def _header(self) -> dict[str, str]:
        header = {
            "schema": "vigil.recording/1",
            "session": self.order.session,
            "engine": str(self.plan.engine),
            "parent": self.plan.parent,
            "vigil": __version__,
            "started": self.clock.began,
            "host": self.order.who,
            "plan": msgspec.json.encode(self.plan).decode(),
            "checks": json.dumps([as_json(check) for check in self.checks]),
        }
        assert header.keys() == HEADER_KEYS.keys()
        return header

    def _too_slow(self, log: Log, sockets: Sockets, slow: bool) -> None:
        sockets.pause_all(slow)
        what = "the recording cannot keep up: reading is held back" if slow else "the recording has caught up"
        log.add("client", {"what": "writer", "text": what}, type="slow" if slow else "ok")

    def _act(self, log: Log, world: World, command: str, facts: dict[str, Any], who: str) -> dict[str, Any]:
        if self.fleet is not None and command in ("hold", "resume", "stop"):
            self._meanwhile(self.fleet.tell({"do": command}))
        if command == "hold":
            self.gate.hold()
        elif command == "resume":
            if self.keeper is not None and self.keeper.lost:
                return {"ok": False, "error": "it waits for credentials: sign in, or stop it"}
            self.gate.resume()
        elif command == "sign-in" and self.keeper is not None:
            self.keeper.said = "trying"
            self._meanwhile(self.keeper.offer(str(facts.get("user", "")), facts))
        elif command == "stop" and self.runner is not None:
            self.runner.stop()
        if command != "status":
            told = {key: facts[key] for key in ("viewer", "from") if facts.get(key)} if command in ("take", "leave") else {}
            log.add("control", {"who": who, "text": str(facts.get("text", "")), **told}, type=command)
        return {
            "session": self.order.session,
            "held": self.gate.held,
            "stopping": self.gate.stopping,
            "rows": log.seq,
            "runs": world.pacing.runs,
            "needs": dict(self.keeper.lost) if self.keeper is not None else {},
            "said": self.keeper.said if self.keeper is not None else "",
        }

    def _signals(self, log: Log) -> None:
        loop = asyncio.get_running_loop()

        def stop(name: str) -> None:
            log.add("control", {"who": "signal", "text": name}, type="stop")
            if self.runner is not None:
                self.runner.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop, number.name)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a closed terminal leaves the session running


def keep_the_loop_free() -> None:
    """Keep the recording's thread and the garbage collector's full passes from holding up the receive path.

    While the writer's thread is at work, each read of a socket gives the interpreter away and has it back after a switch interval,
    5 ms by default: meanwhile frames wait in the kernel, which joins them (tests/bench/bench_accuracy.py).

    What is loaded by now stays for good and need not be looked at; what a session adds is rows and records without cycles,
    so the oldest generation, whose pass takes longer the longer a session is, is looked at a hundred times less often.
    """
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 1_000)


def _drop(row: object) -> None:
    """For callbacks whose caller wants nothing back."""


def say(line: dict[str, Any]) -> None:
    """The one line that the launcher waits for."""
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def main() -> None:
    """Entry point of the engine's process: order on standard input, one line on standard output."""
    import uvloop

    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    uvloop.run(Engine(order).run())
