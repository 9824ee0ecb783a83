"""The application in a real browser: what it shows, that keys reach it, and that a viewer can stop nothing."""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pyte
import pytest

from tests.engine.conftest import Home
from tests.terminal.terminals import UNKNOWN_TO_PYTE
from tests.web.conftest import Served, chromium

if importlib.util.find_spec("playwright") is None:
    pytest.skip("no playwright here: nothing drives a browser", allow_module_level=True)
if not chromium():
    pytest.skip("no Chromium here: the pages of `vigil web` were not looked at", allow_module_level=True)

from playwright.sync_api import Browser, Page, sync_playwright

WITHIN = 60.0


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    own = {name: str(tmp_path_factory.mktemp("browser")) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")}
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"], env={**os.environ, **own}
        )  # fmt: skip
        yield found
        found.close()


class Seen:
    """A page, the terminal in it as an emulation of what its socket brought, and everything that went wrong."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.page: Page = browser.new_page(viewport={"width": 1100, "height": 700})
        self.wrong: list[str] = []
        self.asked: list[str] = []
        self.screen = pyte.Screen(200, 60)
        self._stream = pyte.ByteStream(self.screen)
        self.closed = False
        self.page.on("console", lambda said: self.wrong.append(said.text) if said.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("requestfailed", lambda request: self.wrong.append(request.url))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("websocket", self._follow)
        self.page.goto(url)

    def _follow(self, socket: Any) -> None:
        socket.on("framereceived", self._feed)
        socket.on("close", lambda _: setattr(self, "closed", True))

    def _feed(self, data: str | bytes) -> None:
        if isinstance(data, bytes):
            self._stream.feed(UNKNOWN_TO_PYTE.sub(b"", data))

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    def sees(self, *wanted: str) -> str:
        """Look until each of these is shown at once."""
        self.until(lambda: all(one in self.text for one in wanted), f"{wanted} in\n{self.text}")
        return self.text

    def until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + WITHIN
        while not condition():
            assert time.monotonic() < deadline, f"did not happen: {what}\n{self.text}"
            self.page.wait_for_timeout(50)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)


@pytest.fixture
def look(browser: Browser) -> Iterator[Callable[[str], Seen]]:
    made: list[Seen] = []

    def start(url: str) -> Seen:
        made.append(Seen(browser, url))
        return made[-1]

    yield start
    for one in made:
        one.page.close()


def test_the_newest_session_is_shown_and_keys_reach_it(home: Home, serve: Callable[..., Served], look: Callable[[str], Seen]) -> None:
    served = serve()
    seen = look(served.url)
    seen.sees("REHEARSAL", "READ ONLY", "ws-connect", "? help")
    assert seen.page.title() == "vigil, read-only"
    rows = [number for number, line in enumerate(seen.screen.display) if line.strip()]
    box = seen.page.locator(".xterm-screen").bounding_box()
    assert box is not None and box["y"] + box["height"] <= 700 and box["x"] + box["width"] <= 1100, "no row or column is cut"
    assert len(rows) > 20
    seen.press("3")
    seen.sees("the session ends: complete")
    assert seen.wrong == [] and all(url.startswith((served.base, "data:", f"ws://{served.place}")) for url in seen.asked)
    seen.press("q")
    seen.until(lambda: seen.closed, "the application ends")
    seen.page.wait_for_selector("text=Open again")
    served.until_alone()


def test_a_viewer_cannot_stop_a_session_and_whoever_controls_can(
    home: Home, serve: Callable[..., Served], look: Callable[[str], Seen]
) -> None:
    """A session that goes on until it is stopped: a viewer leaves without a word, the whole application asks what becomes of it."""
    running = home.start("run", "--target", "rehearsal", "--checks", "ws-connect", "--users", "2", "--until-fail", "--unattended")
    try:
        assert running.stderr is not None
        assert "session" in running.stderr.readline()
        viewing = look(serve().url)
        viewing.sees("READ ONLY", "so far", "Agent runs")
        for key in ("H", "T", "R", "q"):
            viewing.press(key)
        viewing.until(lambda: viewing.closed, "the viewer leaves")
        assert "What becomes of it?" not in viewing.text
        assert [one["alive"] for one in home.sessions()][:1] == [True], "the session goes on"
        assert viewing.wrong == []
        driving = look(serve("--control", home.sessions()[0]["session"]).url)
        driving.sees("so far", "Agent runs")
        driving.press("T")
        driving.page.wait_for_timeout(300)
        driving.press("T", "q")
        driving.sees("What becomes of it?")
        driving.press("s")
        running.communicate(timeout=60)
        assert home.sessions()[0]["alive"] is False
    finally:
        running.kill()
        running.communicate()


def test_another_sites_page_gets_nothing(serve: Callable[..., Served], browser: Browser) -> None:
    """A page of elsewhere, in the browser that holds the cookie, opens neither the page in a frame nor the socket."""
    served, other = serve("--token"), serve()
    context = browser.new_context()
    page = context.new_page()
    page.goto(served.url)
    page.wait_for_selector("body.-first-byte", timeout=WITHIN * 1000)
    assert "token" not in page.url
    assert page.evaluate("document.cookie") == "", "no script reads the cookie"
    evil = context.new_page()
    evil.goto(other.url)
    told = evil.evaluate(
        """place => new Promise(done => {
            const socket = new WebSocket(`ws://${place}/ws`);
            socket.onopen = () => done("open"); socket.onerror = () => done("refused");
        })""",
        served.place,
    )
    assert told == "refused"
    context.close()
    served.until_alone()


def test_a_wrong_token_is_told_so(serve: Callable[..., Served], look: Callable[[str], Seen]) -> None:
    served = serve("--token")
    seen = look(f"{served.base}?token=wrong")
    assert "A token is needed" in seen.page.content()
    assert served.children() == []
