"""Pictures of every screen, to look at before a release: `python -m screenshots.gallery FOLDER`, at three sizes and in three themes.

One real session on a rehearsal that delivers an event to the wrong user; then each screen of it. The pictures are not kept here.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from screenshots.make import FAULT, Operator, operator, stage
from screenshots.raster import fonts, png

if TYPE_CHECKING:
    from textual.geometry import Size

SIZES: Final = ((80, 24), (120, 35), (200, 60))
THEMES: Final = ("vigil-light", "high-contrast", "ansi-dark")
OF_SESSION: Final = (
    "start",
    "plan",
    "live",
    "isolation",
    "events",
    "latency",
    "verdict",
    "load",
    "soak",
    "iterations",
)
"""Screens by the names that the application goes to."""
PRESENTED: Final = ("verdict", "runs", "isolation", "speed", "journeys")


async def pictures() -> dict[str, tuple[str, Size]]:
    """Each screen at each size in each theme, as SVG; by name."""
    async with operator(fault=FAULT) as one:
        app = one.app
        await one.press("enter", "r")
        await one.until("the end", lambda: app.view.state.ended and bool(app.view.state.word))
        for theme in THEMES:
            app.theme = theme
            for size in SIZES:
                await one.size(size)
                await around(one, f"{size[0]}x{size[1]}-{theme}")
        return one.taken


async def around(one: Operator, suffix: str) -> None:
    """Every screen once, at the size and in the theme there are."""
    from tui_app.screens.present import PresentScreen

    app = one.app
    for name in OF_SESSION:
        app.go(name)
        while len(app.screen_stack) > 1:  # what the theme before had opened
            await one.press("escape")
        await one.press()
        await app.workers.wait_for_complete()
        await one.picture(f"{name}-{suffix}")
    await one.press("6", "F")
    await one.until("the self-test", lambda: getattr(app.screen, "NAME", "") == "selftest")
    await one.press()
    await one.picture(f"selftest-{suffix}")
    await one.press("1", "D")
    await app.workers.wait_for_complete()
    await one.press()
    await one.picture(f"doctor-{suffix}")
    await one.press("escape", "question_mark")
    await one.picture(f"help-{suffix}")
    await one.press("escape", "6")
    app.open_why("isolation-frames")
    await one.press()
    await one.picture(f"why-{suffix}")
    await one.press("enter")
    await one.picture(f"frame-{suffix}")
    await one.press("5", "enter")
    await one.picture(f"chart-{suffix}")
    await one.press("escape", "6", "e")
    await one.picture(f"runbook-{suffix}")
    for key, name in (("c", "compare"), ("O", "handover")):
        await one.press("escape", key)
        await app.workers.wait_for_complete()
        await one.press()
        await one.picture(f"{name}-{suffix}")
    await one.press("escape", "1", "W")
    await one.until("a first poll", lambda: app.watching is not None and bool(app.watching.watched.timelines))
    await one.press()
    await one.picture(f"watch-{suffix}")
    await one.press("X", "escape", "6", "P")
    for page in PRESENTED:
        if isinstance(app.screen, PresentScreen):
            app.screen.turner.to(page)
            await one.picture(f"present-{page}-{suffix}")
    await one.press("escape")


def main() -> None:
    """Take the pictures. Refuses without the extra `screenshots`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the pictures go; made where it is missing")
    folder: Path = parser.parse_args().folder
    fonts()
    folder.mkdir(parents=True, exist_ok=True)
    with stage():
        taken = asyncio.run(pictures())
    for name, (svg, (columns, rows)) in taken.items():
        (folder / f"{name}.png").write_bytes(png(svg, columns, rows))
    sys.stderr.write(f"{len(taken)} pictures in {folder}\n")


if __name__ == "__main__":
    main()
