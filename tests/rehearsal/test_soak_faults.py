"""Faults that only time brings to light do what they say, and grow as they say."""

from __future__ import annotations

import itertools

import pytest

from tui_app.rehearsal.faults import FAULTS
from tui_app.rehearsal.faults.registry import Reply, RunFacts, Seeded
from tui_app.rehearsal.faults.soak import BASE_S, DEADLINE_S


def seeded(name: str) -> Seeded:
    return Seeded([FAULTS[name]])


@pytest.mark.parametrize("scale", [1.0, 0.002])
def test_a_message_waits_a_hundredth_longer_each_minute_whatever_the_scale_of_its_clock(scale: float) -> None:
    """What it adds is scaled once it waits, and must come out as long as it would in life."""
    faults = seeded("drift-1-percent-a-minute")
    waits = [
        faults.apply("message.wait", 0.0, user_id="a", type="ping", users=1, now=at * 60.0, scale=scale) * scale for at in (0, 60, 120)
    ]
    assert waits == pytest.approx([BASE_S, BASE_S * 1.6, BASE_S * 2.2])


def test_sockets_drop_at_no_age_in_particular() -> None:
    faults = seeded("drops-at-any-age")
    ages = [faults.apply("socket.cut", None, user_id="a").after_s for _ in range(7)]
    assert min(abs(a - b) / max(a, b) for a, b in itertools.combinations(ages, 2)) > 0.1, "no two of them make a deadline"


def test_whoever_was_cut_is_kept_out_for_six_seconds() -> None:
    faults = seeded("cut-and-kept-out")
    facts = {"user_id": "a", "stage": "accepted", "ordinal": 2}
    assert faults.apply("socket.cut", None, user_id="a").after_s == DEADLINE_S
    assert faults.apply("connect.close", None, **facts, lost_ago=5.9) is not None
    assert faults.apply("connect.close", None, **facts, lost_ago=6.1) is None
    assert faults.apply("connect.close", None, **facts, lost_ago=None) is None


def test_work_dies_with_a_cut_and_only_then() -> None:
    faults = seeded("cut-loses-runs")
    run: RunFacts | None = None
    assert faults.apply("run.survives", True, run=run) is False
    assert faults.apply("socket.cut", None, user_id="a").after_s == DEADLINE_S


def test_more_requests_fail_the_more_there_were() -> None:
    faults = seeded("errors-rise")
    facts = {"service": "backend", "method": "GET", "params": {}, "user_id": "a"}
    failed = [faults.apply("rest.answer", Reply(200, []), path="/api/threads", **facts).status == 503 for _ in range(120)]
    assert not any(failed[:10]) and sum(failed[:60]) < sum(failed[60:]) < 60
    assert faults.apply("rest.answer", Reply(200, []), path="/health", **facts).status == 200
