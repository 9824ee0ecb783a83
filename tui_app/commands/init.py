"""`vigil init`: a target file, commented, by asking; or, with --backend and --yes, from what is proposed."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tui_app.commands import Commands
    from tui_app.init.text import Answers

EXIT_USAGE = 2


def add(commands: Commands) -> None:
    """`init` and its options."""
    command = commands.add_parser("init", help="write a target file by asking: whom to validate, as whom, what it may cost")
    command.add_argument("file", nargs="?", default="target.toml", metavar="FILE", help="default: target.toml")
    command.add_argument("--backend", metavar="URL", help="the backend's address; the rest is proposed from it")
    command.add_argument("--yes", action="store_true", help="ask nothing: take what is proposed for --backend")
    for name in ("auth", "frontend", "websocket"):
        command.add_argument(f"--{name}", metavar="URL", help=f"with --yes: the {name}, where the proposal is not right")
    command.add_argument("--probe", action="store_true", help="with --yes: one GET to each proposed address, to take the one that answers")
    command.add_argument("--force", action="store_true", help="replace a FILE that is there")


def run(asked: argparse.Namespace) -> int:
    """Write the file; 0 when it stands, 2 where nothing could be written, 130 after Ctrl-C."""
    from pathlib import Path

    path = Path(asked.file).expanduser()
    if asked.yes and not asked.backend:
        return _refuse("--yes asks nothing, so it needs --backend URL")
    terminal = sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()
    if not terminal and not asked.yes:
        return _refuse("there is no terminal to ask on. Without one: vigil init FILE --backend URL --yes")
    if path.is_dir() or not path.absolute().parent.is_dir():
        return _refuse(f"{path} is {'a folder' if path.is_dir() else 'in a folder that does not exist'}; name a file to write")
    if path.exists() and not asked.force and asked.yes:
        return _refuse(f"{path} is there already and stays as it is. Name another file, or add --force to replace it")
    try:
        answers = _proposed(asked) if asked.yes else _asked(asked, path)
    except (KeyboardInterrupt, EOFError):
        there = f"{path} stays as it was" if path.exists() else f"{path} was not written"
        print(f"\nvigil: ended before the last question: {there}; files that were made on the way stay", file=sys.stderr)
        return 130
    return _write(answers, path) if answers is not None else EXIT_USAGE


def _proposed(asked: argparse.Namespace) -> Answers | None:
    """What the address leads to, as the options correct it; None where something is missing, which was then said."""
    import asyncio

    from tui_app.init.asking import probe, problem, proposed
    from tui_app.target.address import BLANK

    answers, found = proposed(asked.backend)
    if asked.probe:
        asyncio.run(probe(found, answers, print))
    for name in ("auth", "frontend", "websocket"):
        setattr(answers, name, getattr(asked, name) or getattr(answers, name))
    if BLANK.search(answers.auth):
        _refuse("the auth service cannot be guessed from this backend's name: give it with --auth URL")
        return None
    if wrong := problem(answers):
        _refuse(wrong)
        return None
    return answers


def _asked(asked: argparse.Namespace, path: Path) -> Answers | None:
    from datetime import UTC, datetime

    from tui_app.engine.client import whoami
    from tui_app.init.asking import interview
    from tui_app.init.files import make_accounts

    person = _Terminal()
    if path.exists() and not asked.force and not person.agrees(f"{path} is there already. Replace it at the end?"):
        person.say(f"{path} stays as it is. Name another: vigil init FILE")
        return None
    person.say(f"This writes {path}, a target file: whom to validate, as whom, and what it may cost.")
    person.say("Enter takes what stands in [ ]. Ctrl-C ends, and then nothing is written.")
    person.say()

    def accounts(name: str) -> str:
        return make_accounts(path.parent / name)

    today = datetime.now(UTC).date()
    return interview(person, today=today, who=whoami(), make_accounts=accounts, address=asked.backend or "")


def _write(answers: Answers, path: Path) -> int:
    from datetime import UTC, datetime

    from tui_app.init.text import target_file
    from tui_app.target.files import replace
    from tui_app.target.profile import Profile, load

    local = Profile.model_validate(answers.document).loopback
    text = target_file(answers, path=str(path), today=datetime.now(UTC).date(), local=local)
    try:
        replace(path, text)
    except OSError as error:
        return _refuse(f"{path} cannot be written ({error.strerror})")
    load(path)
    print(f"\nWrote {path}. Every setting stands in it, with what it does. Next:")
    print(f"  vigil doctor --target {path}            whether this machine and the way there are fit for it")
    print(f"  vigil run --target {path} --dry-run     what a session would do, without doing it")
    return 0


def _refuse(text: str) -> int:
    print(f"vigil: {text}", file=sys.stderr)
    return EXIT_USAGE


class _Terminal:
    """Who sits at the terminal."""

    def ask(self, question: str) -> str:
        return input(question)

    def say(self, line: str = "") -> None:
        """A line, broken between words where the terminal is narrower, under its own beginning."""
        import shutil
        import textwrap

        indent = len(line) - len(line.lstrip())
        column = line.rfind("  ") + 2 if "  " in line.strip() else indent
        width = max(shutil.get_terminal_size().columns, 40)
        print("\n".join(textwrap.wrap(line, width, subsequent_indent=" " * column, break_long_words=False, break_on_hyphens=False)) or line)

    def agrees(self, question: str) -> bool:
        return self.ask(f"{question} [y/N] ").strip().lower() in ("y", "yes")
