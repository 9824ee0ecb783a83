"""`vigil sessions`: sessions, running and ended; which of them are kept, and which go."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui_app.commands import Commands
    from tui_app.recording.retention import Judged, Limits
    from tui_app.recording.sessions import SessionEntry

INDENT: Final = 14
COLUMNS: Final = 64
"""Cells before what is told in words: a line of 80 cells leaves 16 for it, and what is longer goes on below."""


def add(commands: Commands) -> None:
    """`sessions`, its options, and what can be done with them."""
    listing = commands.add_parser("sessions", help="sessions, running and ended: list, pin, unpin, prune")
    listing.add_argument("--json", action="store_true", help="as JSON")
    doing = listing.add_subparsers(dest="doing", metavar="WHAT", title="what can be done with them")
    for name, text in (("pin", "keep a session, whatever retention says"), ("unpin", "leave it to retention again")):
        one = doing.add_parser(name, help=text)
        one.add_argument("session", help="id or a part of its beginning")
    prune = doing.add_parser(
        "prune",
        help="delete the oldest sessions beyond a limit, with all that stands beside them",
        description="Delete the oldest sessions beyond a limit. What is pinned, running, unreadable or not yet tidied stays, and "
        "counts against no limit. Without options, the limits are those of VIGIL_KEEP_SESSIONS and VIGIL_KEEP_SIZE.",
    )
    prune.add_argument("--keep", type=_count, metavar="N", help="so many sessions stay at most")
    prune.add_argument("--max-size", type=_size, metavar="2GB", help="they take so much room at most")
    prune.add_argument("--dry-run", action="store_true", help="say what would go, and delete nothing")
    prune.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="as JSON")


def _count(text: str) -> int:
    from tui_app.recording.retention import count_of

    return _given(count_of, text)


def _size(text: str) -> int:
    from tui_app.recording.retention import bytes_of

    return _given(bytes_of, text)


def _given(read: Callable[[str], int], text: str) -> int:
    try:
        return read(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def run(asked: argparse.Namespace) -> int:
    """List them, the newest first; or pin, unpin, prune."""
    if asked.doing == "prune":
        return _prune(asked)
    return _list(as_json=asked.json) if asked.doing is None else _pin(asked.session, kept=asked.doing == "pin")


def _list(*, as_json: bool) -> int:
    import json
    import shutil
    import sys

    import msgspec

    from tui_app.recording import sessions as known

    entries = known.list_sessions()
    if as_json:
        print(json.dumps([msgspec.to_builtins(entry, enc_hook=str) for entry in entries], indent=1))
        return 0
    if not entries:
        print("no sessions yet; `vigil` starts one")
        return 0
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    print(f"{'session':12}  {'verdict':12}  {'began (UTC)':16}  {'took':>7}  {'size':>7}  target and build")
    for entry in entries:
        print("\n".join(lines_of(entry, width)))
    print(total(entries))
    return 0


def lines_of(entry: SessionEntry, width: int) -> list[str]:
    """One session: what all have in columns, then target, build and what is particular; `width` 0: on one line, however long."""
    import textwrap

    from tui_app.recording.retention import size_text
    from tui_app.recording.sharing import group_of
    from tui_app.sanitize import sanitize

    state = ("so far, running" if entry.word else "running") if entry.alive else "" if entry.ended == "complete" else entry.ended or "?"
    group = group_of(entry.path)
    told = [
        " ".join(part for part in (sanitize(entry.target, 40), sanitize(entry.build, 40)) if part) or "?",
        state,
        "pinned" if entry.pinned else "",
        f"rerun of {sanitize(entry.parent, 12)}" if entry.parent else "",
        sanitize(entry.problem, 120),
        f"group {group} may watch: vigil attach {entry.path}" if group else "",
    ]
    began = entry.started[:16].replace("T", " ")
    columns = f"{entry.session:12}  {entry.word or '-':12}  {began:16}  {took(entry.seconds):>7}  {size_text(entry.size):>7}  "
    text = ", ".join(part for part in told if part)
    if not width or len(columns) + len(text) <= width:
        return [columns + text]
    room = max(width - len(columns), 12)
    first = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)[0]
    rest = text[len(first) :].lstrip()
    if len(first) > room:
        first, rest = "", text
    below = textwrap.wrap(rest, max(width - INDENT, 20), break_long_words=False, break_on_hyphens=False)
    return [(columns + first).rstrip(), *(" " * INDENT + line for line in below)]


def took(seconds: float) -> str:
    """A duration as m:ss, or h:mm:ss."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def total(entries: Sequence[SessionEntry]) -> str:
    """How many there are, what room they take, and what holds for them."""
    from tui_app.recording.retention import size_text, standing

    pinned = sum(entry.pinned for entry in entries)
    try:
        rule = told_of(standing())
    except ValueError as error:
        rule = f"all are kept, for a limit cannot be read ({error})"
    some = f"{len(entries)} session{'s' if len(entries) > 1 else ''}, {size_text(sum(entry.size for entry in entries))}"
    return f"{some}{f', {pinned} pinned' if pinned else ''}; {rule}"


def told_of(limits: Limits) -> str:
    """What is kept, in words."""
    from tui_app.recording.retention import size_text

    parts = [
        f"the newest {limits.keep}" if limits.keep is not None else "",
        f"at most {size_text(limits.size)}" if limits.size is not None else "",
    ]
    said = " and ".join(part for part in parts if part)
    return f"{said} are kept, besides pinned and running ones" if said else "all are kept (vigil sessions prune --help)"


def _pin(session: str, *, kept: bool) -> int:
    from tui_app.engine.client import whoami
    from tui_app.recording.retention import pin
    from tui_app.recording.sessions import find

    entry = find(session)
    changed = pin(entry, whoami(), kept=kept)
    state = "pinned: retention never deletes it" if kept else "not pinned: retention may delete it"
    print(f"session {entry.session} is {state if changed else f'{state}, as it was'}")
    return 0


def _prune(asked: argparse.Namespace) -> int:
    import json

    from tui_app.recording.retention import STUCK, Limits, prune, size_text, standing

    given = Limits(asked.keep, asked.max_size)
    limits = given if given.any else standing()
    if not limits.any:
        raise ValueError(
            "nothing says how many sessions to keep: give --keep N or --max-size 2GB, or set VIGIL_KEEP_SESSIONS or VIGIL_KEEP_SIZE"
        )
    judged = prune(limits, dry=asked.dry_run)
    if asked.json:
        print(json.dumps([_document(one, dry=asked.dry_run) for one in judged], indent=1))
    else:
        _tell(judged, dry=asked.dry_run)
        gone = [one for one in judged if one.goes]
        stay = len(judged) - len(gone)
        print(
            f"{len(gone)} {'would go' if asked.dry_run else 'deleted'}, {size_text(sum(one.entry.size for one in gone))}; "
            f"{stay} {'would stay' if asked.dry_run else 'left'}; rule: {told_of(limits)}"
        )
    return 1 if any(one.why.startswith(STUCK) for one in judged) else 0


def _tell(judged: Sequence[Judged], *, dry: bool) -> None:
    from tui_app.recording.retention import size_text
    from tui_app.sanitize import sanitize

    for one in judged:
        if not one.why:
            continue
        entry = one.entry
        word = ("would go" if dry else "deleted") if one.goes else "stays"
        began = entry.started[:16].replace("T", " ")
        print(
            f"{word:8}  {entry.session:12}  {began:16}  {size_text(entry.size):>7}  {sanitize(entry.target, 20)}: {sanitize(one.why, 160)}"
        )


def _document(one: Judged, *, dry: bool) -> dict[str, object]:
    return {"session": one.entry.session, "size": one.entry.size, "pinned": one.entry.pinned,
            "deleted": one.goes and not dry, "beyond_a_limit": one.goes, "why": one.why}  # fmt: skip
