"""`python -m tui_app.chaos --to HOST:PORT [--listen PORT] [--fault cut-at=60]...`: the fault proxy alone, until a signal ends it.

Prints one JSON line, {"listen": "127.0.0.1:PORT", "port": PORT, "to": "HOST:PORT"}. On stdin it takes commands, one a line: a fault for
every open connection (`rst`), or for one (`half-open 3`); `stand latency=300+-200` for those to come. With `--log` it writes what it
did to stderr, a JSON line each. Exit codes: 0 stopped, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import stat
import sys
from collections.abc import Sequence

from tui_app.chaos.proxy import Did, Proxy
from tui_app.chaos.toxics import MEANING, Toxic, parse


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host.strip("[]"), int(port)


def _toxic(text: str) -> Toxic:
    try:
        return parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _tell(did: Did) -> None:
    sys.stderr.write(json.dumps({"at": did.at, "what": did.what, "conn": did.conn, **did.facts}) + "\n")
    sys.stderr.flush()


async def _serve(target: tuple[str, int], port: int, toxics: Sequence[Toxic], log: bool) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    proxy = Proxy(*target, told=_tell if log else None)
    proxy.stand(*toxics)
    await proxy.start(port)
    async with proxy:
        host, at = proxy.address
        sys.stdout.write(json.dumps({"listen": f"{host}:{at}", "port": at, "to": f"{target[0]}:{target[1]}"}) + "\n")
        sys.stdout.flush()
        commands = loop.create_task(_commands(proxy))
        await stop.wait()
        commands.cancel()


async def _commands(proxy: Proxy) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    with contextlib.suppress(ValueError, OSError):  # a closed stdin brings no commands
        kind = os.fstat(sys.stdin.fileno()).st_mode
        if not (sys.stdin.isatty() or stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind)):
            return  # a file or /dev/null, which a loop cannot wait for
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := (await reader.readline()).decode("utf-8", "replace").split():
            try:
                if line[0] == "stand":
                    proxy.stand(*(parse(one) for one in line[1:]))
                else:
                    proxy.apply(parse(line[0]), int(line[1]) if len(line) > 1 else None)
            except ValueError as error:
                sys.stderr.write(json.dumps({"error": str(error)}) + "\n")
                sys.stderr.flush()


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; see the module's text."""
    listed = "\n".join(f"  {kind:13} {meaning}" for kind, meaning in MEANING.items())
    parser = argparse.ArgumentParser(
        "python -m tui_app.chaos",
        description="A TCP fault proxy on loopback. Faults of the line:\n" + listed,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--to", type=_address, required=True, metavar="HOST:PORT", help="where bytes are forwarded to")
    parser.add_argument("--listen", type=int, default=0, metavar="PORT", help="port on 127.0.0.1 (default: one that is free)")
    parser.add_argument("--fault", type=_toxic, action="append", default=[], metavar="FAULT", help="on every connection, such as cut-at=60")
    parser.add_argument("--log", action="store_true", help="tell on stderr what was done")
    chosen = parser.parse_args(argv)
    try:
        asyncio.run(_serve(chosen.to, chosen.listen, chosen.fault, chosen.log))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"chaos: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
