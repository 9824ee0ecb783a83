"""Makes the pictures of the README: `python -m screenshots.make`, from real sessions on the rehearsal.

A scripted operator (Textual's pilot) drives the application; the engine, the rehearsal, the sockets and the recording
are the real ones, in folders that are gone afterwards. Each picture is taken once the session is in the state it shows.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import re
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from screenshots.raster import fonts, png

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from textual.geometry import Size
    from textual.pilot import Pilot

    from tui_app.app import VigilApp
    from tui_app.target.profile import Profile

HERE: Final = Path(__file__).parent
WIDE, MIDDLE, SMALL = (160, 45), (100, 30), (80, 24)
PATIENCE_S: Final = 120.0
FAULT: Final = "misroute-event"
FLAKY: Final = "runs-now-and-then-cut"
OPERATOR, MACHINE = "operator", "jump-host"
"""Who ran it, in the pictures: nobody's own name and machine."""


REAL: Final = {socket.gethostname(), socket.gethostname().partition(".")[0], getpass.getuser()} - {"", "localhost", OPERATOR, MACHINE}
"""What no picture may show."""


class Operator:
    """Presses keys, waits for states, takes pictures."""

    def __init__(self, app: VigilApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot
        self.taken: dict[str, tuple[str, Size]] = {}

    async def press(self, *keys: str) -> None:
        """Press keys, and let the screen that follows draw itself."""
        await self.pilot.press(*keys)
        await self.pilot.pause()
        await self.pilot.pause()

    async def until(self, what: str, holds: Callable[[], bool]) -> None:
        """Wait until the session or the screen is in a state."""
        began = time.monotonic()
        while not holds():
            if time.monotonic() - began > PATIENCE_S:
                raise SystemExit(f"never came to: {what}")
            await self.pilot.pause(0.05)

    async def size(self, size: tuple[int, int]) -> None:
        """Give the terminal another size."""
        await self.pilot.resize_terminal(*size)
        await self.pilot.pause()

    async def picture(self, name: str) -> None:
        """Keep the screen in view as a picture."""
        from tui_app.screens.base import SessionScreen

        if isinstance(self.app.screen, SessionScreen):
            self.app.screen.pulse()
        await self.pilot.pause()
        svg = offline(self.app.export_screenshot(title="vigil", simplify=True))
        shown = {name for name in REAL if re.search(rf"\b{re.escape(name)}\b", svg)}
        if shown:
            raise SystemExit(f"{name} shows whose machine this is: {', '.join(sorted(shown))}")
        self.taken[name] = (svg, self.app.size)


def save(taken: dict[str, tuple[str, Size]]) -> None:
    """Write pictures as SVG and PNG. Not while a session runs: drawing them takes the loop's time."""
    for name, (svg, (columns, rows)) in taken.items():
        image = png(svg, columns, rows)
        (HERE / f"{name}.svg").write_text(svg, "utf-8")
        (HERE / f"{name}.png").write_bytes(image)
        sys.stderr.write(f"{name:20} {columns}x{rows}  {len(image) // 1024:4} KB\n")


def offline(svg: str) -> str:
    """The SVG without the font that Rich would fetch from the network: any monospaced font fits, as each text has its length."""
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = svg.replace("font-family: Fira Code, monospace", "font-family: DejaVu Sans Mono, Menlo, Consolas, monospace")
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


@asynccontextmanager
async def operator(*, fault: str = "", checks: str = "", **asked: Any) -> AsyncIterator[Operator]:
    """The application, as `vigil` starts it, with an operator at its keys; the rehearsal it starts has the fault seeded.

    checks, asked -- what is run in place of what the plan screen shows (`tui_app.order.make_plan`)
    """
    from tui_app.app import VigilApp
    from tui_app.engine.plan import Plan, select
    from tui_app.order import make_plan
    from tui_app.screens.session_link import Choice, SessionLink

    profile = profile_of(asked.pop("limits", {}))

    class Seeded(SessionLink):
        def _plan(self, choice: Choice) -> Plan:
            plan = super()._plan(choice)
            if checks:
                plan = make_plan(profile, select(checks=checks), selected=checks.split(","), **asked)
            plan.faults = [fault] if fault else []
            return plan

    app = VigilApp(link=Seeded())
    async with app.run_test(size=WIDE) as pilot:
        yield Operator(app, pilot)


def profile_of(limits: dict[str, float]) -> Profile:
    """The rehearsal as a target, with these limits beside its own."""
    from tui_app.target.profile import Profile, load

    document = load("rehearsal").model_dump(mode="json", by_alias=True, exclude_none=True)
    return Profile.model_validate({**document, "limits": {**document.get("limits", {}), **limits}})


async def course(name: str, *keys: str, **asked: Any) -> dict[str, tuple[str, Size]]:
    """What takes its course over a session, as its own screen shows it once the session has ended."""
    async with operator(**asked) as one:
        app = one.app
        await one.press("enter", "r")
        await one.until("the end", lambda: app.view.state.ended and bool(app.view.state.word))
        await one.press(*keys)
        await one.picture(name)
        return one.taken


def under_way(app: VigilApp) -> int:
    """How many agent runs have not ended."""
    return sum(run.state == "running" for run in app.view.state.runs.values())


async def passing() -> dict[str, tuple[str, Size]]:
    """A healthy session, from the first screen to its verdict."""
    async with operator() as one:
        app = one.app
        await one.until("the first screen", lambda: getattr(app.screen, "NAME", "") == "start")
        await one.press("enter")
        await one.press("o")
        while app.plan_model.node is not None and app.plan_model.node.key != "isolation-frames":
            before = app.plan_model.cursor
            await one.press("down")
            if app.plan_model.cursor == before:
                raise SystemExit("the plan has no isolation-frames")
        await one.picture("plan")
        await one.press("r")
        await one.until("a session", lambda: bool(app.view.state.session))
        await one.until(
            "the middle of the session",
            lambda: (
                app.view.state.phases.get("2") == "running"
                and sum(cell.probes for (source, observer), cell in app.view.state.cells.items() if source != observer) >= 60
                and under_way(app) >= 2
            ),
        )
        await one.picture("live")
        await one.size(SMALL)
        await one.picture("live-80x24")
        await one.size(WIDE)
        await one.until("the end", lambda: app.view.state.ended and bool(app.view.state.word))
        await one.press("6")
        await one.picture("verdict")
        await one.press("F")
        await one.until("the self-test", lambda: getattr(app.screen, "NAME", "") == "selftest")
        await one.press()
        await one.picture("selftest")
        await one.press("6")
        if app.view.state.word != "PASS":
            raise SystemExit(f"the rehearsal is healthy and the session reads {app.view.state.word}: no pictures of that")
        await one.press("4")
        await one.size(MIDDLE)
        await one.picture("isolation")
        await one.size(WIDE)
        await one.press("5", "end")
        await one.picture("latency")
        await one.press("home")
        while app.screen.picked.name != "ping":  # type: ignore[attr-defined]
            await one.press("down")
        await one.press("enter")
        await one.picture("latency-chart")
        await one.press("escape", "3", "slash", *"type:agent_* user:u3", "enter")
        await one.press("home")
        await one.until("the filtered rows", lambda: not app.screen.query_one("#stream").view.searching)  # type: ignore[attr-defined]
        await one.picture("events")
        await one.press("enter")
        await one.until("the frame", lambda: getattr(app.screen, "NAME", "") == "frame")
        await one.size(MIDDLE)
        await one.press()
        await one.picture("frame")
        return one.taken


async def failing() -> dict[str, tuple[str, Size]]:
    """A session on a rehearsal that delivers an event to the wrong user: what failed, and why."""
    async with operator(fault=FAULT) as one:
        app = one.app
        await one.size(MIDDLE)
        await one.press()
        await one.picture("start")
        await one.size(WIDE)
        await one.press("enter")
        await one.press("r")
        await one.until("the end", lambda: app.view.state.ended and bool(app.view.state.word))
        await one.press("6")
        await one.picture("verdict-failed")
        if app.view.state.checks["isolation-frames"].word != "FAIL":
            raise SystemExit(f"the fault {FAULT} was seeded and isolation-frames reads {app.view.state.checks['isolation-frames'].word}")
        app.open_why("isolation-frames")
        await one.until("the evidence", lambda: getattr(app.screen, "NAME", "") == "why")
        await one.press()
        await one.picture("why")
        return one.taken


@contextmanager
def stage() -> Iterator[None]:
    """Folders that are gone afterwards, and nobody's name, here and in processes that are started; before Vigil is imported."""
    socket.gethostname = lambda: MACHINE
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "sitecustomize.py").write_text(f"import socket\n\nsocket.gethostname = lambda: {MACHINE!r}\n")
        paths = os.pathsep.join(filter(None, (name, os.environ.get("PYTHONPATH", ""))))
        os.environ.update(
            LOGNAME=OPERATOR, USER=OPERATOR, PYTHONPATH=paths, XDG_STATE_HOME=f"{name}/state", XDG_RUNTIME_DIR=f"{name}/run",
            COLORTERM="truecolor", TERM="xterm-256color",
        )  # fmt: skip
        os.environ.pop("NO_COLOR", None)
        (Path(name) / "run").mkdir(mode=0o700)
        yield


def main() -> None:
    """Take every picture anew. Refuses without the extra `screenshots`."""
    fonts()
    with stage():
        save({**asyncio.run(passing()), **asyncio.run(failing())})
        save(asyncio.run(course("load", "7", checks="fifty-users", users=50)))
        save(asyncio.run(course("soak", "8", checks="soak", users=5, duration_s=96.0, limits={"soak_block_s": 4.0})))
        save(asyncio.run(course("iterations", "9", "down", checks="golden-path,five-events", users=3, iterations=40, fault=FLAKY)))


if __name__ == "__main__":
    main()
