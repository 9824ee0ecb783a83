"""Growth, cold connects, clocks and limits: what is the target's time, and what is our own."""

from __future__ import annotations

import json
from email.utils import formatdate

import pytest

from tests.checks.lines import Line

# -- latency-growth


@pytest.mark.parametrize(
    ("alone", "crowded", "own", "word"),
    [(2.0, 60.0, 0, "PASS"), (2.0, 160.0, 0, "FAIL"), (2.0, 160.0, 150, "INCONCLUSIVE"), (150.0, 160.0, 0, "INCONCLUSIVE")],
)
def test_growth_fails_where_the_limit_is_passed_by_the_target(alone: float, crowded: float, own: float, word: str) -> None:
    line = Line("latency-growth", ping_ms=100.0)
    conn, other = line.dial(), line.dial(user="u2")
    with line.step("crowd", users=1):
        for _ in range(20):
            line.ping(conn, alone)
    with line.step("crowd", users=2):
        for number in range(59):
            line.ping((conn, other)[number % 2], crowded, user=("u1", "u2")[number % 2])
            if own:
                line.lag(own)
    said = line.judge(users=2)
    assert said.word == word, said.reason


# -- cold-start


@pytest.mark.parametrize(("cold", "word"), [(40.0, "PASS"), (2500.0, "PASS"), (12_000.0, "FAIL")])
def test_a_cold_connect_has_a_limit_of_its_own(cold: float, word: str) -> None:
    line = Line("cold-start", connect_cold_s=10.0)
    first = line.dial(took=cold, warm=False)
    for _ in range(3):
        line.dial()
    said = line.judge()
    assert said.word == word
    welcome = next(row.seq for row in line.rows if row.conn == first and row.type == "welcome")
    assert all(welcome in finding.evidence for finding in said.findings)


# -- server-clock


@pytest.mark.parametrize(
    ("frames", "service", "ours", "word"),
    [
        (0.0, 0.0, 0.0, "PASS"),
        (0.0, 0.0, 7200.0, "PASS"),  # it is this machine's clock that is wrong
        (90.0, 0.0, 0.0, "FAIL"),
        (-90.0, 0.0, -90.0, "FAIL"),
        (20.0, 0.0, 0.0, "PASS"),
        (0.0, None, 0.0, "INCONCLUSIVE"),
    ],
)
def test_the_platforms_clocks_are_compared_with_each_other(frames: float, service: float | None, ours: float, word: str) -> None:
    line, base = Line("server-clock"), 1_800_000_000.0
    conn = line.dial()
    with line.step("clock", conn=conn, wall=base + ours):
        headers = {} if service is None else {"date": formatdate(base + service, usegmt=True)}
        line.row(
            "http", json.dumps({"path": "/health", "service": "backend", "headers": headers, "body": {}}), dir="in", type="200", ms=1.0
        )
        for _ in range(3):
            line.row("frame", {"type": "pong", "timestamp": base + frames, "data": {}}, type="pong", dir="in", conn=conn)
    said = line.judge()
    assert said.word == word, said.reason


def test_one_frame_with_an_odd_stamp_is_told_and_does_not_fail() -> None:
    line, base = Line("server-clock"), 1_800_000_000.0
    conn = line.dial()
    with line.step("clock", conn=conn, wall=base):
        body = {"path": "/health", "service": "backend", "headers": {"date": formatdate(base, usegmt=True)}, "body": {}}
        line.row("http", json.dumps(body), dir="in", type="200", ms=1.0)
        for apart in (0.0, 300.0, 0.0, 0.0):
            line.row("frame", {"type": "pong", "timestamp": base + apart, "data": {}}, type="pong", dir="in", conn=conn)
    said = line.judge()
    assert said.word == "PASS" and any(finding.severity == "minor" and "300 s" in finding.text for finding in said.findings)


# -- rate-limit


def burst(*, answered: int, refused: int, later: tuple[str, ...] = ()) -> Line:
    line = Line("rate-limit")
    conn = line.dial()
    with line.step("burst", conn=conn, count=40):
        for _ in range(answered):
            line.ping(conn, 1.0)
        for _ in range(refused):
            line.ping(conn, 1.0, answer=None)
            error = {"type": "error_message", "error_code": "RATE_LIMITED", "error_message": "retry after 1 s", "details": {}}
            line.row("frame", error, type="error", dir="in", conn=conn)
    for outcome in later:
        with line.step("after-limit", conn=conn, outcome=outcome, told_s=1.0, waited_s=1.5):
            line.wait(2.0)
    return line


@pytest.mark.parametrize(
    ("answered", "refused", "later", "word"),
    [
        (40, 0, (), "PASS"),
        (30, 10, ("done", "done"), "PASS"),
        (30, 10, ("refused", "done"), "PASS"),
        (30, 10, ("refused", "refused"), "FAIL"),
        (30, 10, (), "PASS"),  # it does not say for how long: told
    ],
)
def test_a_limit_on_messages_is_told_unless_it_never_lifts(answered: int, refused: int, later: tuple[str, ...], word: str) -> None:
    said = burst(answered=answered, refused=refused, later=later).judge()
    assert said.word == word, said.reason


def test_messages_that_vanish_without_a_word_fail() -> None:
    line = Line("rate-limit")
    conn = line.dial()
    with line.step("burst", conn=conn, count=40):
        for number in range(40):
            line.ping(conn, 1.0, answer="same" if number < 30 else None)
    assert line.judge().word == "FAIL"


# -- collaboration


@pytest.mark.parametrize(
    ("answer", "outcome", "word"), [("ack", "done", "SKIPPED"), ("error", "done", "SKIPPED"), ("", "deadline", "FAIL")]
)
def test_what_a_platform_does_not_offer_is_skipped_and_what_it_swallows_fails(answer: str, outcome: str, word: str) -> None:
    line = Line("collaboration")
    conn = line.dial()
    with line.step("capability", conn=conn, kind="create_workspace", outcome=outcome) as noted:
        noted["answer"] = answer
    assert line.judge().word == word
