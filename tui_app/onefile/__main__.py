"""`python -m tui_app.onefile --output vigil.pyz`: the one file, from this checkout and what is installed beside it."""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
from pathlib import Path

from tui_app.onefile.build import BuildError, archive, stage


def main() -> int:
    """Build it; the exit code is 2 where something that it needs is missing."""
    parser = argparse.ArgumentParser(prog="python -m tui_app.onefile", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("vigil.pyz"), help="the file to write (vigil.pyz)")
    parser.add_argument("--with", dest="extras", default="", metavar="NAMES", help="extras to take along, by comma: tiers,web")
    parser.add_argument(
        "--platform",
        default="",
        metavar="TAG",
        help="for another kind of machine, by its wheels' tag (manylinux_2_28_aarch64); asks the index",
    )
    asked = parser.parse_args()
    extras = [name for name in asked.extras.split(",") if name]
    with tempfile.TemporaryDirectory(prefix="vigil-onefile-") as folder:
        try:
            names = stage(Path(folder), extras, asked.platform)
            archive(Path(folder), asked.output, asked.platform)
        except BuildError as error:
            sys.stderr.write(f"vigil: {error}\n")
            return 2
    size = asked.output.stat().st_size / 2**20
    kind = asked.platform or f"{platform.system()} {platform.machine()}"
    sys.stdout.write(
        f"{asked.output}: {size:.1f} MiB, Python {'.'.join(platform.python_version_tuple()[:2])}, {kind}, {len(names)} packages\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
