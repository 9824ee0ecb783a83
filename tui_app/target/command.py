"""A program of the operator's that prints secrets: run without a shell, bounded in time and size, its output kept from everything else."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

COMMAND_SECONDS: Final = 30.0
COMMAND_BYTES: Final = 1024 * 1024


class CommandError(ValueError):
    """A command that gave nothing usable; the text names the program, and nothing that it printed."""


async def output_of(command: Sequence[str], *, alone: bool = False, within: float | None = None) -> str:
    """What a command prints on standard output. Raises CommandError.

    alone -- nobody is there to answer it: standard input is empty, and its errors go nowhere. Otherwise both are the terminal's, so
        that it may ask for a passphrase
    within -- seconds, `COMMAND_SECONDS` by default
    """
    limit = COMMAND_SECONDS if within is None else within
    nowhere = asyncio.subprocess.DEVNULL if alone else None
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=nowhere, stdout=asyncio.subprocess.PIPE, stderr=nowhere)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it cannot be a command"
        raise CommandError(f"{command[0]} cannot be run ({reason}). Correct it.") from None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(limit):
            output = b""
            while len(output) <= COMMAND_BYTES and (piece := await process.stdout.read(65_536)):
                output += piece
            if len(output) > COMMAND_BYTES:
                raise CommandError(f"{command[0]} printed more than {COMMAND_BYTES // 1024} KiB. Try it by hand.")
            code = await process.wait()
    except TimeoutError:
        raise CommandError(f"{command[0]} did not finish within {limit:.0f} s. Try it by hand.") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if code != 0:
        raise CommandError(f"{command[0]} ended with code {code}. Try it by hand.")
    return output.decode("utf-8", "replace")
