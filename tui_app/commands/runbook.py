"""`vigil runbook`: what to do about what failed, with the operator's own commands."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_app.commands import Commands


def add(commands: Commands) -> None:
    """`runbook` and its options."""
    runbook = commands.add_parser("runbook", help="from what failed to the steps that the strategy names, with your own commands for each")
    runbook.add_argument("file", nargs="?", default="", help="a recording, or a session's id; default: the newest session that has ended")
    runbook.add_argument("--failure", metavar="CLASS", default="", help="for this class of failure, without a recording; `list` names them")
    runbook.add_argument("--target", metavar="T", help="the target file whose [runbook] is meant; default: that of the session")
    runbook.add_argument("--docker", choices=("restored", "failed"), default="", help="how local Docker is")


def run(asked: argparse.Namespace) -> int:
    """Print the runbook; nothing is run from here. Exit 0: there is one; 2: no such class, session or target."""
    import json
    import sys

    from tui_app.anew import result_of
    from tui_app.recording.reader import Reader
    from tui_app.recording.sessions import list_sessions, recording_of
    from tui_app.runbook.failure import BY_ID, Shown, failure_of
    from tui_app.runbook.protocol import checklist
    from tui_app.runbook.steps import steps
    from tui_app.runbook.told import classes, lines
    from tui_app.target.profile import Profile, load

    if asked.failure == "list":
        sys.stdout.write("\n".join(classes()) + "\n")
        return 0
    if asked.failure and asked.failure not in BY_ID:
        sys.stderr.write(f"vigil: there is no class {asked.failure!r}; known are {', '.join(BY_ID)}\n")
        return 2
    ended = next((entry for entry in list_sessions() if not entry.alive and not entry.problem), None) if not asked.failure else None
    if asked.failure or (not asked.file and ended is None):
        if not asked.failure:
            sys.stderr.write("vigil: no session has ended yet; choose a class of failure:\n")
            sys.stdout.write("\n".join(classes()) + "\n")
            return 2
        shown = Shown(BY_ID[asked.failure], (), ())
        found = steps(shown.failure, load(asked.target or "staging"))
        sys.stdout.write("\n".join(lines(shown, found, checklist(()))) + "\n")
        return 0
    path = recording_of(asked.file) if asked.file or ended is None else ended.path
    with Reader(path) as reader:
        result, _ = result_of(reader)
        profile = load(asked.target) if asked.target else Profile.model_validate(json.loads(reader.header["plan"])["profile"])
        shown = failure_of(result, docker=asked.docker)
        found = steps(shown.failure, profile, str(result["session"]))
        sys.stdout.write("\n".join(lines(shown, found, checklist(reader.annotations()))) + "\n")
    return 0
