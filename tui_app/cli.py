"""The command line. Nothing heavy is imported before the command that needs it is known."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui_app import __version__
from tui_app.commands import MODULES, add_all, carry_out

if TYPE_CHECKING:
    from tui_app.recording.sessions import SessionEntry

EXIT_USAGE = 2
EXIT_FAULT = 5


def parser() -> argparse.ArgumentParser:
    """All commands and their options; the contract others script against."""
    top = argparse.ArgumentParser(
        prog="vigil",
        description="Validate a live staging deployment of an agent-chat platform. Without a command: the terminal application.",
        epilog="Exit codes: 0 all passed, 1 something failed, 3 nothing failed but something is undecided, 4 nobody answered, "
        "2 wrong usage or configuration, 5 Vigil's own fault, 130 interrupted.",
    )
    top.add_argument("--version", action="version", version=f"vigil {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", title="commands")

    run = commands.add_parser("run", help="a session without the terminal application: progress on stderr, the result on stdout")
    target_options(run)
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
    run.add_argument("--record", metavar="FILE", help="where the recording goes; default: the state directory")
    run.add_argument("--json", metavar="FILE", help="write the result (vigil.session/1); - for standard output")

    for name, text in (
        ("checks", "the catalogue of checks"),
        ("faults", "the seeded faults of the rehearsal"),
        ("sessions", "sessions, running and ended"),
    ):
        listing = commands.add_parser(name, help=text)
        listing.add_argument("--json", action="store_true", help="as JSON")
        if name == "checks":
            listing.add_argument("--strategy", action="store_true", help="the strategy's own commands, and Vigil's for each")

    selftest = commands.add_parser("selftest", help="seed every fault into the rehearsal, and see its check fail: minutes, on this machine")
    selftest.add_argument("--faults", default="", metavar="ID,..", help="only these faults, and no healthy sessions")
    selftest.add_argument("--quick", action="store_true", help="every check fails at least once: a few minutes")
    selftest.add_argument("--healthy", type=int, metavar="N", help="so many healthy sessions beside the full ones; default 60")
    selftest.add_argument("--healthy-only", action="store_true", help="only healthy sessions: false alarms and gaps")
    selftest.add_argument("--lanes", type=positive, default=2, metavar="N", help="sessions side by side; default 2")
    selftest.add_argument("--keep", metavar="DIR", help="keep recordings of what was missed, and of healthy sessions, here")
    selftest.add_argument("--json", metavar="FILE", help="write the result (vigil.selftest/1); - for standard output")
    commands.add_parser("rehearse", help="serve the built-in staging; prints one JSON line with its addresses", add_help=False)
    attach = commands.add_parser("attach", help="watch a session in the terminal application, live from its start, or after its end")
    attach.add_argument("session", nargs="?", help="id, a part of its beginning, or a recording file; default: the newest")
    stop = commands.add_parser("stop", help="end a running session from another shell: no new sends at once, then it tidies")
    stop.add_argument("session", nargs="?", help="id or a part of its beginning; default: the newest that runs")
    cleanup = commands.add_parser("cleanup", help="finish the tidying of a session whose engine died")
    cleanup.add_argument("session", help="id, or a part of its beginning")
    rejudge = commands.add_parser("rejudge", help="judge a recording anew with this version's judges")
    rejudge.add_argument("file", help="a recording, or a session's id")
    rejudge.add_argument("--json", metavar="FILE", help="write the result; - for standard output")
    add_all(commands)
    return top


def target_options(command: argparse.ArgumentParser) -> None:
    """Whom to validate; the same for every command that starts a session."""
    command.add_argument("--target", metavar="T", help="rehearsal, docker, staging or a TOML file; default rehearsal")
    command.add_argument(
        "--fault", default="", metavar="ID,..", help="seed faults into the rehearsal that Vigil starts (see `vigil faults`)"
    )
    command.add_argument("--generation", choices=("g1", "g2", "g3"), default="g2", help="which protocol the rehearsal speaks; default g2")
    command.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the rehearsal and of the questions")


def positive(text: str) -> int:
    """A whole number from 1."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1")
    return number


def duration(text: str) -> float:
    """Seconds of a duration with its unit: 90s, 15m, 2h."""
    units = {"s": 1, "m": 60, "h": 3600}
    number = text[:-1] if text[-1:] in units else text
    try:
        seconds = float(number) * units.get(text[-1:], 1)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 30 * 86400:
        raise argparse.ArgumentTypeError(f"{text} is not a duration such as 90s, 15m or 2h")
    return seconds


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of `vigil`. Ends the process with the contract's exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    if given[:1] == ["_engine"]:
        from tui_app.engine.process import main as engine

        engine()
        return
    if given[:1] == ["rehearse"]:
        from tui_app.rehearsal import serve

        sys.exit(serve(given[1:]))
    sys.exit(dispatch(parser().parse_args(given)))


def dispatch(asked: argparse.Namespace) -> int:
    """Carry one command out; returns its exit code. Errors that a user can mend are one clear message, never a traceback."""
    from tui_app.engine.client import ControlError
    from tui_app.engine.launch import LaunchError
    from tui_app.recording.errors import RecordingError
    from tui_app.target.problems import ProfileError

    try:
        return _command(asked)
    except (ProfileError, RecordingError, ControlError, LaunchError, ValueError) as error:
        print(f"vigil: {error}", file=sys.stderr)
        return EXIT_FAULT if isinstance(error, LaunchError) else EXIT_USAGE
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read us has seen enough; nothing more may be written, not even by the interpreter's own flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _command(asked: argparse.Namespace) -> int:
    command = asked.command
    if command is None:
        return _bare()
    if command in MODULES:
        return carry_out(asked)
    if command == "run":
        from tui_app.headless import run

        return run(asked)
    if command == "attach":
        from tui_app.app import AppStart
        from tui_app.app import run as run_app
        from tui_app.recording.sessions import find

        entry = find(asked.session)
        manage_credentials(entry)
        return run_app(AppStart(attach=entry))
    if command == "checks":
        return _checks(asked.json, asked.strategy)
    if command == "faults":
        return _faults(asked.json)
    if command == "selftest":
        from tui_app.selftest.run import run as selftest

        return selftest(asked)
    from tui_app import manage

    if command == "sessions":
        return manage.sessions(asked.json)
    if command == "stop":
        return manage.stop(asked.session)
    if command == "cleanup":
        return manage.cleanup(asked.session)
    return manage.rejudge(asked.file, asked.json)


def manage_credentials(entry: SessionEntry) -> None:
    """Before the screens stand: a session that lost its credentials gets new ones from a hidden prompt."""
    if not entry.alive or entry.control is None or sys.stdin is None or not sys.stdin.isatty():
        return
    from tui_app.manage import sign_in_again

    sign_in_again(entry)


def _bare() -> int:
    if sys.__stderr__ is not None and sys.__stderr__.isatty() and sys.stdin is not None and sys.stdin.isatty():
        from tui_app.app import AppStart, run

        return run(AppStart())
    from tui_app.headless import run as headless

    print("vigil: there is no terminal here; a headless session on the built-in rehearsal follows, and on nothing else", file=sys.stderr)
    return headless(parser().parse_args(["run", "--target", "rehearsal"]))


def commands() -> frozenset[str]:
    """The names of the commands that this build has."""
    found = next(action for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    return frozenset(found.choices)


def _checks(as_json: bool, strategy: bool) -> int:
    from tui_app.checks import strategy as table

    if strategy:
        print(json.dumps(table.as_json(commands()), indent=1) if as_json else table.as_text(commands()))
        return 0
    from tui_app.checks.catalogue import OWN, PHASES, SUITES, catalogue, left_out, origin, proven

    tell(left_out())
    if as_json:
        print(json.dumps(table.entries(), indent=1))
        return 0
    width = max(shutil.get_terminal_size().columns, 60)
    phase = suite = ""
    for check in catalogue():
        if check.phase != phase:
            phase = check.phase
            print(f"\n{phase}  {PHASES[phase]}")
        if check.suite != suite:
            suite = check.suite
            print(f"  {suite}  {SUITES[suite]}")
        names = ", ".join(check.catches)
        proof = f"fails on {names}" if proven(check) else f"unproven: no self-test has seen it fail on {names}" if names else "unproven"
        whose = "" if origin(check) == OWN else f"; {origin(check)}"
        lines = (f"    {check.id:20} {check.proves}", f"{'':24} {', '.join(sorted(check.effects))}; {proof}{whose}")
        print("\n".join(textwrap.fill(line, width, subsequent_indent=" " * 25, break_on_hyphens=False) for line in lines))
    return 0


def tell(lines: Sequence[str]) -> None:
    """What could not join the catalogue, on stderr: left out, and never in silence."""
    for line in lines:
        print(f"vigil: {line}", file=sys.stderr)


def _faults(as_json: bool) -> int:
    from tui_app.rehearsal import list_faults

    faults = list_faults()
    if as_json:
        print(json.dumps(faults, indent=1))
        return 0
    for fault in faults:
        print(f"{fault['id']:22} {fault['behaviour']}\n{'':22} caught by {', '.join(fault['caught_by'])}")
    return 0
