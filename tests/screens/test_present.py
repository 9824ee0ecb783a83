"""Presentation: true at any size and when held, silent about hosts and people, and never to be mistaken for staging."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from looking import showing, text_of
from states import failed, passed, running, view_of
from textual.pilot import Pilot

from tui_app.app import VigilApp
from tui_app.model import SECOND
from tui_app.recording.state import CellView, SessionState, Waiting
from tui_app.screens.discreet import hidden, names_of
from tui_app.screens.plainly import CALM_NS, Saying
from tui_app.screens.present import DWELL_S, PresentScreen, Turner
from tui_app.screens.present_pages import PAGES, newest_runs
from widgets.big import big
from widgets.glyphs import use_ascii
from widgets.lines import line_text, line_width

SIZES = [(80, 24), (120, 35), (200, 60), (40, 12)]


@pytest.fixture
def ascii_only() -> Iterator[None]:
    use_ascii(True)
    yield
    use_ascii(False)


async def presented(app: VigilApp, pilot: Pilot[int]) -> PresentScreen:
    await pilot.press("P")
    await pilot.pause()
    await pilot.pause()
    assert isinstance(app.screen, PresentScreen)
    return app.screen


def large(word: str, text: str) -> bool:
    """Whether a word stands in the text in large letters."""
    lines = text.splitlines()
    rows = [row.rstrip() for row in big(word)]
    return any(
        all(row in line for row, line in zip(rows, lines[top:], strict=False)) and len(lines[top:]) >= len(rows)
        for top in range(len(lines))
    )


@pytest.mark.parametrize("size", SIZES[:3])
@pytest.mark.parametrize(("role", "target", "said"), [
    ("driving", "rehearsal", ["REHEARSAL"]), ("replay", "staging", ["REPLAY"]), ("replay", "rehearsal", ["REPLAY", "REHEARSAL"]),
    ("driving", "staging", []),
])  # fmt: skip
async def test_every_page_says_in_large_letters_what_is_no_live_staging(
    size: tuple[int, int], role: str, target: str, said: list[str]
) -> None:
    state = running()
    state.target = state.environment = target
    async with showing(view_of(state, role), "live", size) as (app, pilot):
        await presented(app, pilot)
        for page in PAGES:
            shown = text_of(app)
            assert page.title in shown
            for word in ("REPLAY", "REHEARSAL"):
                assert large(word, shown) is (word in said), (page.name, word)
            await pilot.press("right")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("users", [2, 5, 8, 50])
def test_a_page_stays_within_its_room(page: object, size: tuple[int, int], users: int) -> None:
    for state in (running(users), failed(), SessionState()):
        lines = page.draw(state, size[0] - 4, size[1] - 8)  # type: ignore[attr-defined]
        assert all(line_width(line) <= size[0] - 4 for line in lines), size
        if size[0] >= 80:
            assert len(lines) <= size[1] - 8, (page, size, users, "\n".join(map(line_text, lines)))


async def test_ascii_shows_nothing_else(ascii_only: None) -> None:
    async with showing(passed(), "live", (120, 35)) as (app, pilot):
        await presented(app, pilot)
        for _ in PAGES:
            shown = text_of(app)
            assert shown.isascii(), shown
            assert large("REHEARSAL", shown)
            await pilot.press("right")


async def test_hosts_and_people_are_hidden_on_every_page() -> None:
    state = running()
    state.build = "beta-14 on api.staging.corp.example"
    leak = state.checks["tool-isolation"]
    leak.impact = "If this fails, customers of 10.20.30.40:8443 read ada@corp.example on console."
    leak.title = "Asks https://api.staging.corp.example/ws"
    leak.word = "FAIL"
    async with showing(state, "live", (120, 35)) as (app, pilot):
        screen = await presented(app, pilot)
        assert "console" in screen.names and "operator" in screen.names
        for _ in PAGES:
            shown = text_of(app)
            for secret in ("corp", "10.20", "ada", "8443", "console", "operator"):
                assert secret not in shown, shown
            await pilot.press("right")
        assert "▒▒▒" in shown or "beta-14" in shown


def test_what_is_no_address_is_shown_as_it_is() -> None:
    for text in ("2 of 310 tries", "limit 5 s, 0.3 of it", "beta-14 rev 213", "at 12:34:56 UTC", "tool_completed of this run", "v0.1.0-g2"):
        assert hidden(text) == text
    header = {"plan": '{"target": {"name": "blue", "environment": "staging", "backend": "https://jumpbox:8000"}}'}
    names = names_of(header, "alice@jump01", "staging")
    assert hidden("blue on jumpbox by alice from jump01, staging", names) == "▒▒▒ on ▒▒▒ by ▒▒▒ from ▒▒▒, staging"


async def test_a_held_moment_is_that_moment_on_every_page_and_says_so() -> None:
    state = running()
    async with showing(state, "live", (120, 35)) as (app, pilot):
        screen = await presented(app, pilot)
        await pilot.press("z")
        state.seq += 214
        state.t += 10 * SECOND
        state.word = "PASS"
        state.cells["u1", "u2"] = CellView("u1", "u2", 15, 7, "leak")
        screen.pulse()
        shown = text_of(app)
        assert "FROZEN +214" in shown and "Held at 02:14.0" in shown and "02:24" not in shown
        await pilot.press("right", "right")
        assert "2 of 246 tries" in text_of(app), "the leaks of that moment, not those since"
        await pilot.press("z")
        assert "FROZEN" not in text_of(app) and "9 of" in text_of(app)


def test_pages_turn_calmly_unless_told_to_stay_and_what_fails_shows_itself() -> None:
    now = [0.0]
    turner = Turner(lambda: now[0])
    state = running()
    turner.look(state)
    assert turner.page.name == "verdict"
    now[0] += DWELL_S - 0.1
    turner.look(state)
    assert turner.page.name == "verdict"
    now[0] += 0.1
    turner.look(state)
    assert turner.page.name == "runs"
    turner.staying = True
    now[0] += 10 * DWELL_S
    turner.look(state)
    assert turner.page.name == "runs"
    turner.staying = False
    state.checks["five-events"].word = "FAIL"
    turner.look(state)
    assert turner.page.name == "verdict"
    now[0] += DWELL_S
    state.ended = True
    turner.look(state)
    now[0] += DWELL_S
    turner.look(state)
    assert turner.page.name == "verdict", "the verdict stays once it is one"


def test_pages_with_nothing_on_them_are_passed_over() -> None:
    turner = Turner(lambda: 0.0)
    state = SessionState(session="0")
    turner.turn(state)
    assert turner.page.name == "verdict"


def test_one_sentence_tells_what_happens_now_in_plain_words() -> None:
    state = running()
    state.waiting = {7: Waiting("recovery-cut", "u3", "recover", state.t - 1_200_000_000, 10_000.0)}
    assert Saying().now(state) == "Cutting user 3's connection to see how fast it recovers: 1.2 s so far, limit 5 s"
    state.waiting = {n: Waiting("isolation-frames", f"u{n}", "agent-run", state.t - n * SECOND, 30_000.0) for n in (1, 2)}
    saying = Saying()
    assert saying.now(state) == "Users 1 and 2 are waiting for the agent's answer: 2.0 s so far, limit 30 s"
    state.waiting = {}
    state.t += CALM_NS // 2
    assert saying.now(state).startswith("Users 1 and 2"), "it stays long enough to be read"
    state.t += CALM_NS
    assert saying.now(state) == "Watching what arrives"
    state.held = True
    assert "On hold" in saying.now(state)
    assert Saying().now(failed()) == "1 of 14 checks failed: Customers can rely on it."
    assert Saying().now(passed()) == "All 15 checks passed."
    assert not re.search(r"u\d", Saying().now(state))


def test_each_user_keeps_a_row_and_shows_the_newest_run() -> None:
    state = running()
    assert [run.user for run in newest_runs(state)] == ["u1", "u2", "u3", "u4", "u5"]
    assert all(run.seq == max(one.seq for one in state.runs.values() if one.user == run.user) for run in newest_runs(state))
