"""Load without a viewer ends after ten minutes (architecture, Doing no harm): nobody would see what it does to a target."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from typing import Final, Protocol

UNATTENDED_S: Final = 600.0
LOOK_S: Final = 1.0


class Driven(Protocol):
    """Who drives checks (`tui_app.engine.runner.Runner`)."""

    def loading(self) -> Collection[str]:
        """The checks under way that load the target."""

    def end(self, check: str, why: str, decide: str) -> None:
        """End one check's drive, and say why."""


async def end_unattended(
    runner: Driven, viewers: Callable[[], int], *, within_s: float = UNATTENDED_S, look_s: float = LOOK_S,
    clock: Callable[[], float] = time.monotonic,
) -> None:  # fmt: skip
    """End load once nobody has watched it for so long; for as long as the session runs.

    A viewer is a connection on the control channel: the TUI, or `vigil run` whose progress goes to a terminal.
    """
    alone_since: float | None = None
    while True:
        await asyncio.sleep(look_s)
        loading = runner.loading()
        if viewers() or not loading:
            alone_since = None
            continue
        alone_since = clock() if alone_since is None else alone_since
        if clock() - alone_since >= within_s:
            for check in list(loading):
                why = f"load ended by itself: nobody has watched it for {within_s / 60:g} min"
                runner.end(check, why, "somebody who watches (vigil attach), or --unattended")
            alone_since = None
