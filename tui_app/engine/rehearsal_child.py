"""The rehearsal staging that the engine starts and owns: it stops when the engine is gone."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tui_app.engine.launch import own_command
from tui_app.engine.plan import Plan
from tui_app.recording import sessions

START_S = 20.0
STOP_S = 5.0
SERVERS = {name: f"VIGIL_REHEARSAL_{name.upper()}" for name in ("postgres", "redis", "clickhouse")}
"""The variable whose DSN, where it is set, makes the rehearsal store a tier on that server; by the name of the tier in a target file."""
PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "SYSTEMROOT")
PASSED_ON_ALIKE = ("LC_", "XDG_", "PYTHON", "COVERAGE")


class RehearsalError(Exception):
    """The rehearsal did not start; the message says why."""


def data_dir(session: str) -> Path:
    """Where the rehearsal of a session keeps its three stores; removed with the session's tidying."""
    return sessions.state_dir() / "rehearsal" / session


class RehearsalChild:
    """A rehearsal process, from its start to the removal of its stores."""

    def __init__(self, session: str, plan: Plan) -> None:
        self.session = session
        self.plan = plan
        self.process: asyncio.subprocess.Process | None = None
        self.tiers: dict[str, str] = {}
        """Where it stores, as the [tiers] of a target file say it: `env:NAME`, or `sqlite:///path` of a stand-in."""

    async def start(self) -> dict[str, str]:
        """Start it; returns its URLs, and under "ca" the file of the authority to trust where it serves TLS. Raises `RehearsalError`."""
        folder = data_dir(self.session)
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        command = [
            *own_command(),
            "rehearse",
            "--stop-with-stdin",
            "--data",
            str(folder),
            "--seed",
            str(self.plan.seed),
            "--generation",
            self.plan.generation,
            "--show-stores",
            *self.plan.rehearsal,
        ]
        for tier, variable in SERVERS.items():
            if f"--{tier}-env" not in self.plan.rehearsal and os.environ.get(variable, "").strip():
                command += [f"--{tier}-env", variable]
        key_env = self.plan.profile.get("credentials", {}).get("key_env")
        if self.plan.mode == "e2e" and key_env and os.environ.get(key_env, "").strip():
            command += ["--e2e-key-env", str(key_env)]
        if self.plan.faults:
            command += ["--fault", ",".join(self.plan.faults)]
        with (folder / "rehearsal.log").open("wb") as errors:
            self.process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=errors, start_new_session=True,
                env=passed_on(command),
            )  # fmt: skip
        assert self.process.stdout is not None
        try:
            line = await asyncio.wait_for(self.process.stdout.readline(), START_S)
            found: dict[str, Any] = json.loads(line)
            self.tiers = {str(tier): str(dsn) for tier, dsn in found.pop("tiers", {}).items()}
            return {key: str(value) for key, value in found.items()}
        except (TimeoutError, ValueError) as error:
            said = (folder / "rehearsal.log").read_text(errors="replace").strip().splitlines()
            await self.stop()
            raise RehearsalError(f"the rehearsal staging did not start: {said[-1] if said else error}") from error

    def server(self, tier: str) -> str:
        """The variable with the DSN of the server that keeps a tier, '' where a file stands in."""
        scheme, _, rest = self.tiers.get(tier, "").partition(":")
        return rest if scheme == "env" else ""

    async def stop(self) -> None:
        """Stop it and remove its files; what it stored on servers stays there."""
        if self.process is not None and self.process.returncode is None:
            if self.process.stdin is not None:
                self.process.stdin.close()
            try:
                await asyncio.wait_for(self.process.wait(), STOP_S)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
        await asyncio.to_thread(shutil.rmtree, data_dir(self.session), ignore_errors=True)


def passed_on(command: Sequence[str]) -> dict[str, str]:
    """What of the environment the rehearsal gets: what a process needs, and the variables that its options name. No other secret."""
    named = {value for option, value in itertools.pairwise(command) if option.startswith("--") and option.endswith("-env")}
    return {
        name: value for name, value in os.environ.items() if name in PASSED_ON or name in named or name.upper().startswith(PASSED_ON_ALIKE)
    }
