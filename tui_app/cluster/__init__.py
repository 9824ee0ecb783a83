"""Engines on the workers of a Dask cluster: how they are reached, started, heard and ended. What they tell is the fleet's affair."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_app.cluster.address import Tls
    from tui_app.cluster.dask_fleet import DaskFleet


def installed() -> None:
    """Raises `FleetError` where the extra is not installed."""
    from tui_app.fleet.api import FleetError

    missing = [name for name in ("distributed", "cryptography") if find_spec(name) is None]
    if missing:
        raise FleetError("a cluster needs the extra `cluster`", f"{' and '.join(missing)} cannot be found", "install vigil[cluster]")


async def connect(address: str, argv: Sequence[str], *, tls: Tls | None = None, plain: bool = False) -> DaskFleet:
    """See `DaskFleet.connect`; nothing of Dask is loaded before. Raises `FleetError`, also where the extra is not installed."""
    installed()
    from tui_app.cluster.dask_fleet import DaskFleet

    return await DaskFleet.connect(address, argv, tls=tls, plain=plain)


def guide() -> str:
    """How to start a cluster, as Markdown."""
    from importlib.resources import files

    return files(__package__).joinpath("guide.md").read_text(encoding="utf-8")
