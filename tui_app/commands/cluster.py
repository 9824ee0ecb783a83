"""`vigil cluster`: how to spread a session over machines, and whether a scheduler is ready for it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_app.commands import Commands


def add(commands: Commands) -> None:
    """`cluster` and its options."""
    cluster = commands.add_parser(
        "cluster", help="how to start a Dask cluster for `vigil run --cluster`; `cluster check ADDRESS`: is it ready?"
    )
    cluster.add_argument("what", nargs="?", choices=["guide", "check"], default="guide", help="default: guide, which is printed")
    cluster.add_argument("address", nargs="?", metavar="tls://HOST:8786", help="of the scheduler to check")
    cluster.add_argument("--target", metavar="T", help="take the files of [cluster] from this target file")
    for name, what in (("ca", "the cluster's authority"), ("cert", "our certificate"), ("key", "its key")):
        cluster.add_argument(f"--{name}-file", default="", metavar="PEM", help=f"{what}; default: [cluster], VIGIL_CLUSTER_*, Dask's own")
    cluster.add_argument("--cluster-plain", action="store_true", help="allow tcp:// to another machine: nothing is encrypted")


def run(asked: argparse.Namespace) -> int:
    """Print the guide, or look at a scheduler: exit 0 where every worker is fit, else 2."""
    import asyncio
    import sys

    from tui_app.cluster import guide, installed
    from tui_app.fleet.api import FleetError

    if asked.what == "guide":
        print(guide(), end="")
        return 0
    if not asked.address:
        print("vigil: cluster check takes a scheduler's address, such as tls://scheduler:8786", file=sys.stderr)
        return 2
    try:
        installed()
        from tui_app.cluster.address import Tls
        from tui_app.cluster.checking import check
        from tui_app.target.profile import load

        table = load(asked.target).cluster if asked.target else None
        tls = Tls(*(getattr(asked, name) or (table and getattr(table, name)) or "" for name in ("ca_file", "cert_file", "key_file")))
        lines, fit = asyncio.run(check(asked.address, tls, plain=asked.cluster_plain))
    except FleetError as error:
        print(f"vigil: {error.what}", *filter(None, (error.why, error.what_next)), sep="\n       ", file=sys.stderr)
        return 2
    print("\n".join(lines))
    return 0 if fit else 2
