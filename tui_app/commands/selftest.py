"""`vigil selftest`: every seeded fault against its checks."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from tui_app.commands.options import positive

if TYPE_CHECKING:
    from tui_app.commands import Commands


def add(commands: Commands) -> None:
    """`selftest` and its options."""
    selftest = commands.add_parser("selftest", help="seed every fault into the rehearsal, and see its check fail: minutes, on this machine")
    selftest.add_argument("--faults", default="", metavar="ID,..", help="only these faults, and no healthy sessions")
    selftest.add_argument("--quick", action="store_true", help="every check fails at least once: a few minutes")
    selftest.add_argument("--healthy", type=int, metavar="N", help="so many healthy sessions beside the full ones; default 60")
    selftest.add_argument("--healthy-only", action="store_true", help="only healthy sessions: false alarms and gaps")
    selftest.add_argument("--lanes", type=positive, default=2, metavar="N", help="sessions side by side; default 2")
    selftest.add_argument(
        "--engines", type=positive, default=1, metavar="N", help="share each session's users among so many engines; default 1"
    )
    selftest.add_argument("--keep", metavar="DIR", help="keep recordings of what was missed, and of healthy sessions, here")
    selftest.add_argument("--json", metavar="FILE", help="write the result (vigil.selftest/1); - for standard output")


def run(asked: argparse.Namespace) -> int:
    """Run the self-test."""
    from tui_app.selftest.run import run

    return run(asked)
