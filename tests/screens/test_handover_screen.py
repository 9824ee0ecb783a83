"""The hand-over at the sizes people have, its way to the evidence, and what it says where there is little to say."""

from __future__ import annotations

from pathlib import Path

import pytest
from looking import check_golden, settle, showing, text_of
from states import NOON, planned, view_of

from tests.handover_night import night
from tui_app.app import AppStart, VigilApp
from tui_app.recording.sessions import entry_of
from tui_app.screens.session_link import SessionLink


@pytest.mark.parametrize(("size", "keys"), [((80, 24), ""), ((80, 24), "G"), ((160, 45), "")], ids=["80x24", "80x24-end", "160x45"])
async def test_a_night_at_both_sizes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], keys: str, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    (tmp_path / "run").mkdir(mode=0o700)
    app = VigilApp(link=SessionLink(), start=AppStart(attach=entry_of(night())), beat=False)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        app.view.clock = lambda: NOON
        app.catch_up()
        await pilot.press("O")
        await settle(pilot)
        await app.workers.wait_for_complete()
        await pilot.press(*keys)
        app.beat()
        await settle(pilot)
        check_golden(f"handover-{request.node.callspec.id}", text_of(app))


async def test_without_a_session_the_key_says_so_and_nothing_opens() -> None:
    async with showing(view_of(planned()), "verdict") as (app, pilot):
        app.view.state.session = ""
        await pilot.press("O")
        await settle(pilot)
        assert app.screen.__class__.__name__ == "VerdictScreen" and "there is no session yet" in text_of(app)
