"""Alert hooks: the operator's own command and webhook, told of what the debounce has settled; one that fails is said, and stops nothing.

A command is a list of arguments, run without a shell: the facts are in its environment (VIGIL_WATCH_*) and as JSON on its standard
input, never in its arguments. A webhook goes to an allowed https host only, once, without following redirects.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from typing import Final

import httpx
import msgspec

from tui_app.sanitize import sanitize
from tui_app.target.tables import WatchTable

WITHIN_S: Final = 15.0
WAITING: Final = 32
"""Alerts that wait for their hooks at most; more are dropped, and that is said."""


class Alert(msgspec.Struct, frozen=True):
    """What a hook is told. at -- epoch seconds."""

    target: str
    subject: str
    before: str
    now: str
    why: str
    at: float


async def send(table: WatchTable, alert: Alert, trust: ssl.SSLContext | None = None) -> list[str]:
    """Tell every hook; what failed, in words. trust -- of the target's private authority; None: the system's authorities."""
    found = await asyncio.gather(_command(table, alert), _webhook(table, alert, trust))
    return [line for line in found if line]


async def _command(table: WatchTable, alert: Alert) -> str:
    if not table.command:
        return ""
    facts = {f"VIGIL_WATCH_{key.upper()}": sanitize(str(value), 500) for key, value in msgspec.to_builtins(alert).items()}
    name = sanitize(table.command[0], 80)
    try:
        process = await asyncio.create_subprocess_exec(
            *table.command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, **facts}, start_new_session=True,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        return f"hook {name} did not start: {error}"
    try:
        await asyncio.wait_for(process.communicate(msgspec.json.encode(alert) + b"\n"), WITHIN_S)
    except TimeoutError:
        return f"hook {name} was ended after {WITHIN_S:g} s"
    except OSError as error:
        return f"hook {name}: {error}"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return f"hook {name} ended with {process.returncode}" if process.returncode else ""


async def _webhook(table: WatchTable, alert: Alert, trust: ssl.SSLContext | None) -> str:
    if not table.webhook:
        return ""
    try:
        async with (
            asyncio.timeout(WITHIN_S),
            httpx.AsyncClient(timeout=WITHIN_S, follow_redirects=False, trust_env=False, verify=trust or True) as client,
        ):
            answer = await client.post(table.webhook, json=msgspec.to_builtins(alert))
    except TimeoutError:
        return f"webhook gave no answer in {WITHIN_S:g} s"
    except (httpx.HTTPError, OSError) as error:
        return f"webhook: {sanitize(str(error) or type(error).__name__, 160)}"
    return f"webhook answered {answer.status_code}" if answer.status_code >= 300 else ""
