"""The rehearsal's command line."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

from tui_app.rehearsal.faults import FAULTS

GENERATIONS = ("g1", "g2", "g3")
HEARTBEAT_S = {"g1": 15.0, "g2": 30.0, "g3": 30.0}
"""How often a generation keeps a connection alive, unless it is told otherwise."""

LEAST_EVENTS = 5
"""Of a run: the critical ones."""
SERVERS = ("postgres", "redis", "clickhouse")
"""The tiers that may be stored on a server, by the name of their options."""


@dataclass(frozen=True)
class Options:
    """What one rehearsal process serves. `data` None means a temporary directory, removed at the end."""

    faults: tuple[str, ...] = ()
    generation: str = "g2"
    seed: int = 1
    data: Path | None = None
    access_seconds: int = 900
    delay_scale: float = 1.0
    heartbeat_seconds: float = 30.0
    tls: bool = False
    e2e_key_env: str = ""
    """Name of the variable with the key of the e2e sign-in; never the key itself."""
    postgres_env: str = ""
    redis_env: str = ""
    clickhouse_env: str = ""
    """Names of the variables with the DSN of a tier's server; without one, a SQLite file stands in for it."""
    show_stores: bool = False
    wait_scale: float = 1.0
    connect_limit: tuple[int, float] | None = None
    address_limit: tuple[int, float, int] | None = None
    """Connects in so many seconds, and sockets at once, of one client address."""
    crowd_scale: float = 1.0
    jitter_ms: float = 0.0
    instances: int = 1
    lock_out: int = 0
    stop_with_stdin: bool = False
    log: Path | None = None
    numbered: bool = False
    metronome: float | None = None
    """Events a second in all, 0: as they are asked for; None for the whole platform."""
    run_events: int = 20
    """Events of each of the metronome's runs."""
    round_from: int = 1
    """With how many sockets the metronome's round begins."""


def parse(argv: list[str] | None) -> Options:
    """The options in `argv`; wrong usage prints a message on stderr and raises SystemExit(2)."""
    parser = argparse.ArgumentParser(
        prog="vigil rehearse",
        description="Serve the built-in staging on loopback. Prints one JSON line with the addresses once all services accept.",
        epilog="Generations: g1 wraps its welcome and part of its events, and pings; g2 welcomes bare, with strict authentication; "
        "g3 begins with a handshake of three steps and wraps every event. With --instances, connections take turns, and the cookie "
        "'affinity' keeps a client on one.",
    )
    parser.add_argument("--fault", action="append", default=[], metavar="ID,..", help="seed these faults; `vigil faults` lists them")
    parser.add_argument("--generation", choices=GENERATIONS, default="g2", help="protocol generation (default g2)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the usage data and of the service times")
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep accounts and history here (default: a temporary directory)")
    parser.add_argument("--access-seconds", type=int, default=900, metavar="N", help="lifetime of access tokens (default 900)")
    parser.add_argument("--delay-scale", type=float, default=1.0, metavar="X", help="scale of the modelled service times, 0 for none")
    parser.add_argument(
        "--heartbeat-seconds", type=float, metavar="N", help="idle time before a heartbeat (default 30), or between pings of g1 (15)"
    )
    parser.add_argument(
        "--jitter-ms", type=float, default=0.0, metavar="N", help="add 0 to N ms to the way of each frame and REST answer, in order"
    )
    parser.add_argument(
        "--instances", type=int, default=1, metavar="N", help="backend instances over the same stores, behind one address (default 1)"
    )
    parser.add_argument("--tls", action="store_true", help='TLS on every service; the authority\'s certificate is printed as "ca"')
    parser.add_argument(
        "--e2e-key-env", default="", metavar="NAME", help="variable with the key of the e2e sign-in (default: none, it is off)"
    )
    for name in SERVERS:
        parser.add_argument(
            f"--{name}-env", default="", metavar="NAME", help=f"variable with the DSN of a {name} server to store in (default: a file)"
        )
    parser.add_argument("--show-stores", action="store_true", help='print where each tier is stored, as "tiers"')
    parser.add_argument(
        "--connect-limit", type=_limit, metavar="N/S", help="at most N connects of a user in S seconds, then 1008 until that is over"
    )
    parser.add_argument(
        "--address-limit", type=_address_limit, metavar="N/S,M",
        help="at most N connects in S seconds and M sockets at once of a client address, then 1008: a platform's own is 10/60,5",
    )  # fmt: skip
    parser.add_argument(
        "--crowd-scale", type=float, default=1.0, metavar="X",
        help="scale of the numbers of users at which seeded faults of load begin (default 1)",
    )  # fmt: skip
    parser.add_argument(
        "--wait-scale", type=float, default=1.0, metavar="X", help="scale of the times that seeded faults wait or let pass (default 1)"
    )
    parser.add_argument(
        "--lock-out", type=int, default=0, metavar="N", help="close a door for 30 s after N refused tokens in a row (default: never)"
    )
    parser.add_argument("--stop-with-stdin", action="store_true", help="stop when standard input ends (its owner is gone)")
    parser.add_argument("--log", type=Path, metavar="FILE", help="append what was done as JSON lines")
    parser.add_argument("--numbered", action="store_true", help="number the events of each run from 1, as `sequence`")
    parser.add_argument(
        "--metronome", type=float, metavar="RATE",
        help="serve a lean platform instead, whose events leave at RATE a second in all, each with the moment of its sending, "
        "`sent_ns`; 0: each request is answered at once. Goes with --run-events, --log and --stop-with-stdin",
    )  # fmt: skip
    parser.add_argument("--run-events", type=int, default=20, metavar="N", help="events of each of the metronome's runs (default 20)")
    parser.add_argument(
        "--round-from",
        type=int,
        default=1,
        metavar="N",
        help="the metronome begins once N sockets are open (default 1), not on the first alone",
    )
    found = parser.parse_args(argv)
    if found.metronome is not None and not 0 <= found.metronome <= 1_000_000:
        parser.error("--metronome must lie between 0 and 1000000")
    if found.run_events < LEAST_EVENTS:
        parser.error(f"--run-events must be at least {LEAST_EVENTS}")
    if found.access_seconds < 1:
        parser.error("--access-seconds must be at least 1")
    if found.heartbeat_seconds is None:
        found.heartbeat_seconds = HEARTBEAT_S[found.generation]
    if not 0 < found.heartbeat_seconds <= 3600:
        parser.error("--heartbeat-seconds must lie between 0 and 3600")
    if found.lock_out < 0:
        parser.error("--lock-out must not be negative")
    if not 0 <= found.delay_scale <= 100:
        parser.error("--delay-scale must lie between 0 and 100")
    for option in ("e2e_key_env", *(f"{name}_env" for name in SERVERS)):
        variable = getattr(found, option)
        if variable and not os.environ.get(variable, "").strip():
            parser.error(f"--{option.replace('_', '-')}: the variable {variable} is not set, or empty")
    if not 0 < found.wait_scale <= 100:
        parser.error("--wait-scale must lie between 0 and 100")
    if not 0 < found.crowd_scale <= 100:
        parser.error("--crowd-scale must lie between 0 and 100")
    if found.address_limit and found.instances > 1:
        parser.error("--address-limit needs one instance: behind a front all connects come from one address")
    if not 0 <= found.jitter_ms <= 10_000:
        parser.error("--jitter-ms must lie between 0 and 10000")
    if not 1 <= found.instances <= 8:
        parser.error("--instances must lie between 1 and 8")
    faults = tuple(dict.fromkeys(name.strip() for group in found.fault for name in group.split(",") if name.strip()))
    unknown = [name for name in faults if name not in FAULTS]
    if unknown:
        parser.error(f"unknown fault {', '.join(unknown)}; `vigil faults` lists those that can be seeded")
    asked = {**vars(found), "faults": faults}
    del asked["fault"]
    return Options(**asked)


def _limit(text: str) -> tuple[int, float]:
    """'5/2' as five in two seconds."""
    count, _, seconds = text.partition("/")
    try:
        limit = int(count), float(seconds)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no limit such as 5/2") from None
    if limit[0] < 1 or not 0 < limit[1] <= 3600:
        raise argparse.ArgumentTypeError("at least one connect, and at most an hour")
    return limit


def _address_limit(text: str) -> tuple[int, float, int]:
    """'10/60,5' as ten connects in a minute and five sockets at once."""
    pace, comma, at_once = text.partition(",")
    if not comma or not at_once.strip().isdigit() or int(at_once) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no limit such as 10/60,5")
    return *_limit(pace), int(at_once)
