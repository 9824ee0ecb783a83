"""Starting an engine: our own entry point again, detached, with its order on a pipe."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from tui_app.engine.plan import Plan

READY_S = 30.0


class LaunchError(Exception):
    """The engine did not start; the message says why."""


class Launched(msgspec.Struct):
    """A running session."""

    session: str
    recording: Path
    control: Path
    pid: int


class Secrets(msgspec.Struct):
    """What the engine needs and no recording may hold.

    accounts -- {email, password, registered}, {token, refresh}, or {email} in mode e2e
    headers -- of a gateway in front of the target;  proxy -- the operator's own for it;  e2e_key -- of the sign-in of that name
    tiers -- DSNs of the stores behind the target, by their key in [tiers]
    blocked -- why nobody can be signed in, where that is known before the start
    """

    accounts: list[dict[str, str]] = msgspec.field(default_factory=list)
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    proxy: str = ""
    e2e_key: str = ""
    tiers: dict[str, str] = msgspec.field(default_factory=dict)
    blocked: str = ""

    def __repr__(self) -> str:
        return f"Secrets({len(self.accounts)} accounts, {len(self.headers)} headers)"


def own_command() -> list[str]:
    """How to start this very program again: from a zipapp its file, whatever it is called, else the module."""
    begun = getattr(sys.modules.get("__main__"), "__file__", None)
    packed = Path(begun).absolute().parent if begun else None
    if packed is not None and packed.is_file():
        return [sys.executable, str(packed)]
    return [sys.executable, "-m", "tui_app"]


async def launch(plan: Plan, given: Secrets | None = None, *, recording: Path | None = None) -> Launched:
    """Start an engine for this plan in a session of its own, so that a hang-up of the terminal does not reach it.

    Returns once the engine has its recording and control socket. Raises `LaunchError`.
    """
    from tui_app.engine.client import whoami

    given = given or Secrets()
    order = {
        "session": secrets.token_hex(6),
        "plan": msgspec.to_builtins(plan),
        **msgspec.to_builtins(given),
        "recording": str(recording or ""),
        "who": whoami(),
    }
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    # Its last words go to a nameless file, not to a pipe: the engine outlives who started it.
    with tempfile.TemporaryFile() as errors:
        process = await asyncio.create_subprocess_exec(
            *own_command(), "_engine", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=errors,
            start_new_session=True, env=environment,
        )  # fmt: skip
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(msgspec.json.encode(order) + b"\n")
            await process.stdin.drain()
            process.stdin.close()
            line = await asyncio.wait_for(process.stdout.readline(), READY_S)
            said = json.loads(line)
        except (TimeoutError, ValueError, ConnectionError) as error:
            errors.seek(0)
            last = errors.read().decode("utf-8", "replace").strip().splitlines()
            raise LaunchError(f"the engine did not start: {last[-1] if last else type(error).__name__}") from error
    if "error" in said:
        raise LaunchError(str(said["error"]))
    return Launched(said["session"], Path(said["recording"]), Path(said["control"]), int(said["pid"]))
