"""`vigil run`: a session without the terminal application."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from tui_app.commands.options import duration, positive, target_options

if TYPE_CHECKING:
    from tui_app.commands import Commands


def add(commands: Commands) -> None:
    """`run` and its options."""
    run = commands.add_parser("run", help="a session without the terminal application: progress on stderr, the result on stdout")
    target_options(run)
    run.add_argument(
        "--against", metavar="T", help="the same plan on this target at the same time, and what differs between the two at the end"
    )
    run.add_argument("--phases", default="", metavar="1,2.3", help="phases or suites; default: all of the preset")
    run.add_argument("--checks", default="", metavar="ID,..", help="checks by id (and what they need)")
    run.add_argument(
        "--preset", default=None, metavar="NAME", help="quick, comprehensive, websocket, priority1 to priority3; default quick"
    )
    run.add_argument(
        "--failed", nargs="?", const="", metavar="SESSION",
        help="what failed in this session (default: the newest), and what it needs; a new session that names its parent",
    )  # fmt: skip
    run.add_argument(
        "--users",
        type=positive,
        metavar="N",
        help="users side by side; default 5 on the rehearsal, else 2 or as the target file says; from 50 on, a load ramp joins the plan",
    )
    run.add_argument(
        "--engines", type=positive, default=1, metavar="N",
        help="processes that share the users: from some hundred users on; the first one keeps at least five",
    )  # fmt: skip
    run.add_argument(
        "--cluster", metavar="ADDRESS", help="run the users on the workers of this Dask scheduler, tls://HOST:8786 (`vigil cluster`)"
    )
    run.add_argument("--cluster-plain", action="store_true", help="reach it without TLS, on a network that is yours alone; it is recorded")
    many = run.add_mutually_exclusive_group()
    many.add_argument(
        "--iterations", type=positive, default=1, metavar="N",
        help="drive each selected check N times; one that fails once has failed, and three failures alike in a row end it",
    )  # fmt: skip
    many.add_argument(
        "--until-fail", action="store_true", help="drive the selected checks again and again, until one fails or a limit ends it"
    )
    run.add_argument(
        "--duration",
        type=duration,
        default=0.0,
        metavar="2h",
        help="soak: go on for 90s, 15m, 2h and look for drift; with --until-fail, how long to repeat at most",
    )
    run.add_argument(
        "--unattended",
        action="store_true",
        help="load goes on although nobody watches: else it ends after 10 minutes without the TUI or a terminal that shows its progress",
    )
    run.add_argument(
        "--parallel", action=argparse.BooleanOptionalAction, default=True, help="checks of a phase side by side, unless exclusive (default)"
    )
    run.add_argument("--consent", metavar="EFFECTS", help="agree to effects off loopback: negative,fault,load:50")
    run.add_argument("--allow-production", action="store_true", help="permit reads on a production target")
    run.add_argument(
        "--honour-accepted", action="store_true", help="exit 0 where all that failed is accepted in the target file ([[accept]])"
    )
    run.add_argument("--dry-run", action="store_true", help="print what the session would do to its target, and stop")
    run.add_argument(
        "--follow",
        action="store_true",
        help="tell every happening, a line each, in plain text: on standard output, unless --json - takes that",
    )
    run.add_argument("--group", metavar="NAME", help="let the users of this group watch: they may read the recording while it is written")
    run.add_argument("--record", metavar="FILE", help="where the recording goes; default: the state directory")
    run.add_argument("--json", metavar="FILE", help="write the result (vigil.session/1); - for standard output")
    run.add_argument("--metrics-file", metavar="FILE", help="keep the session's figures in FILE while it runs (OpenMetrics)")
    run.add_argument("--metrics-port", metavar="N", help="answer with them on this machine, http://127.0.0.1:N/metrics; 0: any free port")
    run.add_argument("--junit", metavar="FILE", help="write the result as JUnit XML, a case a check; - for standard output")


def run(asked: argparse.Namespace) -> int:
    """Run one session as asked for."""
    import sys

    from tui_app.headless import run

    if asked.against:
        from tui_app import side_by_side

        streams = (sys.stdin, sys.stdout, sys.stderr)
        if asked.dry_run or asked.json == "-" or not all(stream is not None and stream.isatty() for stream in streams):
            return side_by_side.run(asked)
        from tui_app.screens.pair_run import show

        return side_by_side.run(asked, show)
    if not asked.follow:
        return run(asked)
    from tui_app.follow import follower

    with follower(beside=asked.json == "-") as follow:
        return run(asked, follow.look)
