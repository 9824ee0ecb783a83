"""What a watch does beside its polls: hooks, the budget of agent runs, certificates, and the poll behind a cell."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest
from pydantic import ValidationError

from tui_app.app import AppStart, VigilApp
from tui_app.order import make_plan
from tui_app.screens.view import View
from tui_app.screens.watch import WatchScreen
from tui_app.target.profile import Profile
from tui_app.target.tables import WatchTable
from tui_app.watch import delivery, expiry
from tui_app.watch.hooks import Alert, send
from tui_app.watch.model import Happening, Poll, Watched
from tui_app.watch.poller import Looked
from tui_app.watch.running import Asked, Running
from tui_app.watch.store import Store
from tui_app.wire.certificate import Certificate
from widgets.lines import LineView

URLS = {"backend": "http://127.0.0.1:1", "auth": "http://127.0.0.1:2"}
STUB = "import json,os,sys; json.dump([sys.argv[2:], os.environ['VIGIL_WATCH_WHY'], json.load(sys.stdin)], open(sys.argv[1], 'w'))"


def profile(**watch: object) -> Profile:
    return Profile.model_validate({"target": {"name": "beside", "environment": "docker", **URLS}, "watch": watch})


async def test_a_hook_gets_its_arguments_as_they_are_and_the_facts_beside_them(tmp_path: Path) -> None:
    log, odd = tmp_path / "log", 'a b; "c" $(id) {why}'
    table = WatchTable(command=[sys.executable, "-c", STUB, str(log), odd])
    alert = Alert("beside", "backend", "up", "down", "tcp: $(touch x); `id`", 1.0)
    assert await send(table, alert) == []
    arguments, why, facts = json.loads(log.read_text())
    assert (arguments, why, facts["now"]) == ([odd], alert.why, "down")
    assert (await send(WatchTable(command=[sys.executable, "-c", "exit(3)"]), alert))[0].endswith("ended with 3")
    assert "did not start" in (await send(WatchTable(command=[str(tmp_path / "no such")]), alert))[0]


def test_a_webhook_goes_to_an_allowed_https_host_only_and_into_no_recording() -> None:
    with pytest.raises(ValidationError, match="does not allow"):
        WatchTable(webhook="https://elsewhere.example/secret", webhook_hosts=["hooks.example"])
    with pytest.raises(ValidationError, match="no https address"):
        WatchTable(webhook="http://hooks.example/secret", webhook_hosts=["hooks.example"])
    plan = make_plan(profile(webhook="https://hooks.example/secret", webhook_hosts=["hooks.example"]))
    assert "secret" not in json.dumps(plan.profile)


def test_agent_runs_are_spread_over_the_day_and_never_more_than_its_budget() -> None:
    now, spent = 10 * delivery.DAY_S, list[float]()
    end = now + delivery.DAY_S
    while now < end:
        now += delivery.due_in(24, spent[-1] if spent else None, len(spent), now)
        if now < end:
            spent.append(now)
    assert len(spent) == 24 and spent[1] - spent[0] == pytest.approx(3600)


def test_a_run_is_read_by_its_checks_and_silence_is_not_delivery() -> None:
    passed = {"checks": [{"id": "sign-in", "verdict": "PASS"}, {"id": "golden-path", "verdict": "PASS"}]}
    assert delivery.read(passed, [("sssss", 900.0)], "a").word == "up"
    failed = {"checks": [{"id": "sign-in", "verdict": "PASS"}, {"id": "golden-path", "verdict": "FAIL", "reason": "one is missing"}]}
    told = delivery.read(failed, [("ss.sx", None)], "a")
    assert told.word == "down" and "3 of 5 events" in told.why
    blocked = {"checks": [{"id": "sign-in", "verdict": "BLOCKED"}, {"id": "golden-path", "verdict": "BLOCKED"}]}
    assert delivery.read(blocked, [], "a").word == "unknown"
    assert delivery.read(None, [], "a").word == "unknown"


@pytest.mark.parametrize(
    ("seen", "word"),
    [
        (Certificate(not_after=90 * 86_400.0), "up"),
        (Certificate(not_after=13 * 86_400.0), "degraded"),
        (Certificate("certificate has expired", "tls"), "down"),
        (Certificate("no route", "tcp"), "unknown"),
    ],
)
def test_a_certificate_warns_two_weeks_before_its_end(seen: Certificate, word: str) -> None:
    assert expiry.read(seen, 0.0)[0] == word


async def test_enter_opens_the_poll_of_a_cell_and_a_gap_is_a_gap(tmp_path: Path) -> None:
    running = Running(profile(), Asked("beside"))
    running.store = running.watch._store = Store("beside", folder=tmp_path)
    now = time.time()
    running.watch.take(Looked([Poll(now - 400, "backend", "up", ms=3.0)], "backend", "/api/health", 200, '{"status":"healthy"}', ""))
    running.watch.take(Looked([Poll(now, "backend", "down", "tcp: refused")], "backend", "/api/health", 0, "", "tcp: refused"))
    app = VigilApp(View(), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(WatchScreen(app.view, running))
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, WatchScreen)
        await pilot.pause()
        running.say("09:00:00 HOOK notify ended with 3")
        screen.pulse()
        await pilot.pause()
        assert "HOOK notify ended with 3" in screen.query_one("#banner", LineView).plain()
        assert "50.00 % of 2" in screen.query_one("#lines", LineView).plain()
        below = screen.query_one("#changes", LineView)
        assert "up -> down: tcp: refused" in below.plain()
        await pilot.press("enter")
        assert "GET /api/health" in below.plain() and "tcp: refused" in below.plain()
        await pilot.press("left", "left", "left", "enter")
        assert "not polled" in below.plain()
    running.store.close()


def test_a_watch_goes_on_where_the_one_before_it_ended(tmp_path: Path) -> None:
    earlier = Store("beside", folder=tmp_path, max_bytes=1, keep=9)
    for at, word, ms in ((0.0, "up", 5.0), (61.0, "down", None), (62.0, "up", 9.0), (300.0, "up", 7.0)):
        poll = Poll(at, "backend", word, ms=ms)  # type: ignore[arg-type]
        earlier.add(
            Looked([poll], "backend", "/api/health", 200, "", ""), [Happening(at, "backend", "transition", "up -> down")] * (word == "down")
        )
    earlier.close()
    other = Store("another", folder=tmp_path)
    other.add(Looked([Poll(30.0, "backend", "degraded")], "backend", "/", 200, "", ""), [])
    other.close()
    watched = Watched(60.0)
    watched.recall(*Store("beside", folder=tmp_path).past(1.0, 60.0))
    assert watched.timelines == {}, "what is not polled any more has no line"
    watched.feed(Poll(360.0, "backend", "up", ms=2.0))
    line = watched.timelines["backend"]
    cells = [cell and (cell.word, cell.polls, cell.ms) for cell in line.strip(360.0, 7)]
    assert cells == [None, ("down", 2, 9.0), None, None, None, ("up", 1, 7.0), ("up", 1, 2.0)]
    assert line.measured == 1 and [one.at for one in watched.happenings] == [61.0], "figures are of this watch alone"


@pytest.mark.parametrize(("words", "code"), [(["up", "up"], 0), (["up", "down"], 1), (["unknown"], 4)])
async def test_the_screens_watch_ends_with_the_words_of_the_plain_one(tmp_path: Path, words: list[str], code: int) -> None:
    app = VigilApp(View(), start=AppStart(watch=Asked("beside")), beat=False)
    app.watching = Running(profile(), Asked("beside"))
    for at, word in enumerate(words):
        app.watching.watched.feed(Poll(float(at), "backend", word))  # type: ignore[arg-type]
    assert app.exit_code() == code
