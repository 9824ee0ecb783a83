"""The command line. Nothing heavy is imported before the command that needs it is known."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence

from tui_app import __version__
from tui_app.commands import add_all, carry_out
from tui_app.looks import THEMES
from tui_app.sanitize import sanitize

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
    top.add_argument("--theme", metavar="NAME", choices=list(THEMES), help=f"of the terminal application: {', '.join(THEMES)}")
    top.add_argument("--ascii", action="store_true", help="draw with ASCII glyphs only, as VIGIL_ASCII=1 does")
    top.add_argument(
        "--mouse", action=argparse.BooleanOptionalAction, default=None, help="of the terminal application: default on, over SSH off"
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    add_all(commands)
    return top


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

    if asked.theme:
        os.environ["VIGIL_THEME"] = asked.theme
    if asked.ascii:
        os.environ["VIGIL_ASCII"] = "1"
    if asked.mouse is not None:
        os.environ["VIGIL_MOUSE"] = "1" if asked.mouse else "0"
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # an encoding that lacks a glyph must not cost the result
    try:
        return _bare() if asked.command is None else carry_out(asked)
    except (ProfileError, RecordingError, ControlError, LaunchError, ValueError) as error:
        print("vigil:", "\n".join(map(sanitize, str(error).split("\n"))), file=sys.stderr)
        return EXIT_FAULT if isinstance(error, LaunchError) else EXIT_USAGE
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read us has seen enough; nothing more may be written, not even by the interpreter's own flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _bare() -> int:
    if sys.__stderr__ is not None and sys.__stderr__.isatty() and sys.stdin is not None and sys.stdin.isatty():
        from tui_app.app import AppStart, run

        return run(AppStart())
    from tui_app.headless import run as headless

    what = "vigil: there is no terminal here; a headless session on the built-in rehearsal follows, and on nothing else"
    print(what, file=sys.stderr)
    if sys.stdout.isatty() and not sys.stderr.isatty():
        print(what, flush=True)  # somebody sits here whose standard error goes elsewhere
    return headless(parser().parse_args(["run", "--target", "rehearsal"]))
