"""Pictures as text of what opens from a verdict: why, the frame that convicts, the chart of a series; and of the doctor."""

from __future__ import annotations

from pathlib import Path

import pytest
from looking import check_golden, settle, showing, text_of
from recordings import record
from states import running, view_of

from tui_app.app import VigilApp
from tui_app.recording.fold import Fold
from tui_app.recording.reader import Reader
from tui_app.screens.view import View

SIZES = {"80x24": (80, 24), "120x35": (120, 35)}


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording with a leak."""
    path = tmp_path_factory.mktemp("pictures") / "session.vigil"
    record(path, 3_000)
    return path


@pytest.mark.parametrize("size", SIZES)
async def test_from_a_failure_to_its_frame(recording: Path, size: str) -> None:
    with Reader(recording) as reader:
        fold = Fold(reader.header)
        while fold.catch_up(reader, 5000):
            pass
        view = View(state=fold.state, reader=reader, fold=fold, path=recording)
        view.role, view.clock = "opened", view_of(running()).clock
        app = VigilApp(view, beat=False)
        async with app.run_test(size=SIZES[size]) as pilot:
            app.open_why("isolation-frames")
            await settle(pilot)
            check_golden(f"why-{size}", text_of(app))
            await pilot.press("enter")
            await settle(pilot)
            check_golden(f"frame-{size}", text_of(app))


@pytest.mark.parametrize("size", SIZES)
async def test_a_chart_and_the_doctor(size: str) -> None:
    async with showing(view_of(running()), "latency", SIZES[size]) as (app, pilot):
        await pilot.press("enter")
        await settle(pilot)
        check_golden(f"chart-{size}", text_of(app))
        await pilot.press("D")
        await settle(pilot)
        await app.workers.wait_for_complete()
        await settle(pilot)
        check_golden(f"doctor-{size}", text_of(app))
