"""The application stands up on a hand-made session and draws its header and keys."""

from __future__ import annotations

from states import running, view_of

from tui_app.app import VigilApp


async def test_header_answers_target_build_verdict_time_and_runs() -> None:
    app = VigilApp(view_of(running()), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        text = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
    assert " STAGING  beta-14 " in text
    assert "FAIL so far" in text
    assert "02:14 of 04:00" in text
    assert "18/60" in text
