"""Carrying out a step that only reads: without a shell, its output streamed line by line, bounded in time and size."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Callable
from typing import Final

import msgspec

from tui_app.runbook.steps import ReadStep
from tui_app.sanitize import sanitize

SECONDS: Final = 60.0
LINES: Final = 2_000
LONGEST: Final = 500


class Carried(msgspec.Struct, frozen=True):
    """How it ended: `code` is None where it could not begin, or was ended by its time; `text` says so in words."""

    code: int | None
    text: str


async def carry_out(step: ReadStep, tell: Callable[[str], None], *, seconds: float = SECONDS) -> Carried:
    """Run a step and `tell` each line that it prints, printable. Cancelling ends the program, too."""
    if not isinstance(step, ReadStep):
        raise TypeError("only what the target file calls a read is ever run")
    program = step.arguments[0]
    if shutil.which(program) is None:
        return Carried(None, f"{sanitize(program, 80)} is not on this machine: install it, or run the command where it is")
    try:
        process = await asyncio.create_subprocess_exec(
            *step.arguments, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            limit=1 << 20, start_new_session=True,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        return Carried(None, f"{sanitize(program, 80)} cannot be run: {error}")
    assert process.stdout is not None
    told = 0
    try:
        async with asyncio.timeout(seconds):
            while raw := await _line(process.stdout):
                told += 1
                if told <= LINES:
                    tell(sanitize(raw.decode("utf-8", "replace").rstrip("\r\n"), LONGEST))
            code = await process.wait()
    except TimeoutError:
        return Carried(None, f"it did not end within {seconds:g} s and was stopped")
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    more = f"; {told - LINES} more lines were left out" if told > LINES else ""
    return Carried(code, f"it ended with code {code}{more}")


async def _line(stream: asyncio.StreamReader) -> bytes:
    """The next line, or as much of it as the stream holds at most."""
    try:
        return await stream.readuntil(b"\n")
    except asyncio.IncompleteReadError as end:
        return end.partial
    except asyncio.LimitOverrunError as full:
        return await stream.readexactly(full.consumed)
