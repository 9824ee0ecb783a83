"""`vigil verify`: whether a bundle is as it was made."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_app.commands import Commands


def add(commands: Commands) -> None:
    """`verify` and its options."""
    verify = commands.add_parser("verify", help="whether a bundle is as it was made, to the byte")
    verify.add_argument("bundle", metavar="BUNDLE", help="what `vigil bundle` wrote")
    verify.add_argument("--digest", metavar="SHA256", help="what `vigil bundle` printed; a bundle made anew has another")


def run(asked: argparse.Namespace) -> int:
    """Exit 0 if nothing is wrong, 1 with a line for each file that is."""
    import sys
    from pathlib import Path

    from tui_app.bundles.check import check
    from tui_app.bundles.make import digest_of
    from tui_app.sanitize import sanitize

    path = Path(asked.bundle).expanduser()
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    manifest, wrong = check(path)
    if not wrong and asked.digest and asked.digest.lower() != digest_of(path):
        wrong = [f"{path.name}: is whole, and another bundle than the one with this digest"]
    for line in wrong:
        print(f"vigil: {line}", file=sys.stderr)
    if wrong:
        print(f"{path.name} is NOT as it was made", file=sys.stderr)
        return 1
    said = ", ".join(sanitize(str(manifest[key]), 60) for key in ("verdict", "session", "started"))
    kind = "an incident bundle, " if manifest.get("kind") == "incident" else ""
    print(f"{path.name} is as it was made: {kind}{said}; {len(manifest['files'])} files, sha256 {digest_of(path)}")
    return 0
