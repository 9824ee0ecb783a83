"""`vigil watch`: how a target is, for hours: timelines on a terminal, else plain lines."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from tui_app.commands.options import duration, positive

if TYPE_CHECKING:
    from tui_app.commands import Commands


def add(commands: Commands) -> None:
    """`watch` and its options."""
    watch = commands.add_parser("watch", help="poll a target's services and tiers for hours: transitions, uptime, restarts, new builds")
    watch.add_argument("--target", default="rehearsal", metavar="T", help="a TOML file; default: a rehearsal that this watch starts")
    watch.add_argument("--every", type=duration, metavar="30s", help="from one poll to the next; default 30s")
    watch.add_argument("--for", dest="for_s", type=duration, metavar="8h", help="how long; default: until interrupted")
    watch.add_argument("--alert-after", type=positive, metavar="N", help="polls in a row that must agree; default 2")
    watch.add_argument("--runs-per-day", type=int, metavar="N", help="agent runs at most in a day, for event delivery; default 24, 0: none")
    watch.add_argument("--bell", action="store_true", help="ring the terminal's bell with an alert")
    watch.add_argument(
        "--revalidate", type=positive, nargs="?", const=10, default=0, metavar="N",
        help="after an outage and N good polls in a row (10), run a session of the preset quick; default: never",
    )  # fmt: skip
    watch.add_argument(
        "--load-every", type=duration, metavar="6h",
        help="a load of 50 users so often, once all is steady and one run of one user has passed; default: never",
    )  # fmt: skip
    watch.add_argument("--follow", action="store_true", help="plain lines, as without a terminal")
    watch.add_argument("--keep", type=positive, default=14, metavar="N", help="files kept, one a day or 64 MB; default 14")


def run(asked: argparse.Namespace) -> int:
    """Watch. Exit 0: nothing is down at the end, 1: something is, 2: no such target, 4: nothing could be measured."""
    import asyncio
    import sys

    from tui_app.target.credentials import CredentialsError
    from tui_app.target.profile import ProfileError, load
    from tui_app.watch.running import Running, StandInError, asked_of
    from tui_app.watch.sessions import refused

    try:
        profile = load(asked.target)
    except ProfileError as error:
        print(f"vigil: {error}", file=sys.stderr)
        return 2
    if profile.blanks and profile.environment != "rehearsal":
        print(f"vigil: {asked.target} has addresses to fill in first: {', '.join(profile.blanks)}", file=sys.stderr)
        return 2
    wanted = asked_of(
        profile, asked.target, every_s=asked.every, for_s=asked.for_s, alert_after=asked.alert_after, bell=asked.bell, keep=asked.keep,
        runs_per_day=asked.runs_per_day, revalidate_after=asked.revalidate,
        load_every_s=asked.load_every,
    )  # fmt: skip
    if wanted.load_every_s and (why := refused(profile)):
        print(f"vigil: a watch is to load {asked.target}, and {why}", file=sys.stderr)
        return 2
    if not asked.follow and sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty():
        from tui_app.app import AppStart
        from tui_app.app import run as run_app

        return run_app(AppStart(watch=wanted))
    from tui_app.watch.headless import say, watch

    try:
        return asyncio.run(watch(Running(profile, wanted, say)))
    except (CredentialsError, ProfileError, StandInError) as error:
        print(f"vigil: {error}", file=sys.stderr)
        return 2
