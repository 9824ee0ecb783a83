"""A check that is driven several times: each time apart, and what failed once stays failed."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tui_app.checks import bench as bench_module
from tui_app.checks.api import Case, Check, Context, Finding, Judgement
from tui_app.checks.bench import Bench
from tui_app.model import Row


async def drive(ctx: Context) -> None:
    """Rows come by hand."""


def judge(case: Case) -> Judgement:
    """FAIL for an answer of 500, PASS from two answers of 200 on, else too few."""
    answers = list(case.of("http"))
    bad = tuple(Finding("major", f"answers {row.type}", (row.seq,)) for row in answers if row.type != "200")
    if bad:
        return Judgement("FAIL", f"{len(bad)} of {len(answers)} answers are wrong", bad)
    if len(answers) < 2:
        return Judgement("INCONCLUSIVE", f"{len(answers)} of 2 samples", to_decide="more samples")
    return Judgement("PASS", f"{len(answers)} answers", (Finding("info", "the answers", tuple(row.seq for row in answers)),))


CHECK = Check(
    id="again", suite="1.1", title="t", proves="p", impact="i", strategy=(), effects=frozenset({"read"}), drive=drive, judge=judge
)


class Session:
    """Rows of one check by hand: each time is (outcome, statuses of its answers)."""

    def __init__(self, of: int) -> None:
        self.bench = Bench([CHECK], {}, {})
        self.of = of
        self.seq = 0
        self.said: list[str] = []
        self.derived: list[Row] = []
        self.rows: dict[int, Row] = {}
        self.conn = 1

    def row(self, kind: str, type: str, body: dict[str, Any] | None = None, check: str = "again", dir: str = "", conn: int = 0) -> None:
        self.seq += 1
        way = dir or ("in" if kind == "http" else "")
        row = Row(seq=self.seq, t=self.seq, kind=kind, type=type, check=check, dir=way, conn=conn, text=json.dumps(body or {}))
        self.rows[row.seq] = row
        said = self.bench.feed(row)
        self.derived += said
        self.seq += len(said)
        self.said += [one.type for one in said if one.kind == "verdict"]

    def time(self, number: int, *statuses: str, outcome: str = "driven", reason: str = "") -> None:
        time = {"iteration": number, "of": self.of}
        self.row("check", "start", time)
        for status in statuses:
            self.row("http", status)
        self.row("check", "end", {"outcome": outcome, "reason": reason, **time})

    def on(self, number: int, *, conn: int, instance: str, status: str) -> None:
        """One time that sends on a connection, and then gets two answers of one status from an instance."""
        time = {"iteration": number, "of": self.of}
        self.row("check", "start", time)
        if conn != self.conn or number == 1:
            self.row("conn", "open", conn=conn)
            self.conn = conn
        self.row("frame", "ping", conn=conn, dir="out")
        for _ in range(2):
            self.row("http", status, {"instance": instance}, conn=conn)
        self.row("check", "end", {"outcome": "driven", **time})

    def rows_of(self, kind: str) -> list[Row]:
        return [row for row in self.derived if row.kind == kind]

    def end(self) -> Judgement:
        self.row("session", "end", {"reason": "complete"}, check="")
        return self.bench.judgements["again"]


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_one_time_that_fails_makes_the_whole_fail_and_says_k_of_n(failing: int) -> None:
    session = Session(3)
    for number in (1, 2, 3):
        session.time(number, "200", "500" if number == failing else "200")
    judgement = session.end()
    which = {1: "1st", 2: "2nd", 3: "3rd"}[failing]
    assert judgement.word == "FAIL"
    assert judgement.reason.startswith("1 of 3 iterations failed: flaky, 6.1 % to 79 % at 95 %; ")
    assert f"first the {which}: 1 of 2 answers are wrong" in judgement.reason
    assert [finding.text for finding in judgement.findings if finding.severity == "major"] == ["answers 500"]
    assert "PASS" not in session.said[session.said.index("FAIL") :], "a time that passes later takes nothing back"


def test_every_time_that_fails_counts_and_shows_its_own_rows() -> None:
    session = Session(3)
    session.time(1, "500")
    session.time(2, "200", "200")
    session.time(3, "500")
    judgement = session.end()
    assert judgement.reason.startswith("2 of 3 iterations failed: flaky, ") and "first the 1st" in judgement.reason
    assert len({finding.evidence for finding in judgement.findings if finding.severity == "major"}) == 2


def test_all_that_pass_pass() -> None:
    session = Session(2)
    session.time(1, "200", "200")
    session.time(2, "200", "200")
    judgement = session.end()
    assert judgement.word == "PASS"
    assert judgement.reason == (
        "2 of 2 iterations passed: shows only that it fails less than 77.6 % at 95 %; 97 more clean ones would show it stable; "
        "the last: 2 answers"
    )


def test_too_few_samples_each_may_be_enough_together() -> None:
    session = Session(2)
    session.time(1, "200")
    session.time(2, "200")
    judgement = session.end()
    assert (judgement.word, judgement.reason) == ("PASS", "over all 2 iterations: 2 answers")


@pytest.mark.parametrize(
    ("of", "word", "reason"),
    [
        (3, "INCONCLUSIVE", r"2 of 3 iterations were done and passed \(.*77.6 %.*\), then: no agent runs left"),
        (0, "PASS", r"2 of 2 iterations passed until no agent runs left: .*77.6 %.*; the last: 2 answers"),
    ],
)
def test_a_budget_that_ends_it(of: int, word: str, reason: str) -> None:
    session = Session(of)
    session.time(1, "200", "200")
    session.time(2, "200", "200")
    session.time(3, outcome="blocked", reason="no agent runs left")
    judgement = session.end()
    assert judgement.word == word and re.fullmatch(reason, judgement.reason)


def test_a_budget_that_leaves_nothing_to_be_done_blocks_as_ever() -> None:
    session = Session(3)
    session.time(1, outcome="blocked", reason="no agent runs left")
    assert session.end() == Judgement("BLOCKED", "no agent runs left")


def test_a_session_that_ends_in_between_and_a_time_whose_rows_are_gone_do_not_pass() -> None:
    short = Session(3)
    short.time(1, "200", "200")
    assert short.end().word == "INCONCLUSIVE"
    gone = Session(3)
    gone.time(1, "200", "200")
    gone.time(3, "200", "200")
    judgement = gone.end()
    assert judgement.word == "INCONCLUSIVE" and "before the 3rd are missing" in judgement.reason


def test_until_one_fails_each_time_says_its_word() -> None:
    session = Session(0)
    session.time(1, "200", "200")
    session.time(2, "200", "200")
    assert session.bench.peek("again") == "PASS"
    session.time(3, "200", "500")
    assert session.bench.peek("again") == "FAIL" and session.said == ["PASS", "PASS", "FAIL"]
    assert session.end().reason.startswith("1 of 3 iterations failed: flaky")


def test_three_that_fail_alike_end_it_and_what_passes_is_never_cut_short() -> None:
    session = Session(100)
    for number in (1, 2, 3, 4):
        session.time(number, "200", "200")
        assert session.bench.decided("again") == ""
    for number in (5, 6):
        session.time(number, "500")
    assert session.bench.decided("again") == ""
    session.time(7, "500")
    assert session.bench.decided("again") == "3 in a row failed alike"
    judgement = session.end()
    assert judgement.word == "FAIL"
    said = "3 of 7 iterations failed: broken from the 5th on, 16 % to 75 % at 95 %; ended after 7 of 100: 3 in a row failed alike; "
    assert judgement.reason.startswith(f"{said}first the 5th: ")


def test_three_that_fail_differently_go_on() -> None:
    session = Session(100)
    for number, status in enumerate(("500", "404", "429", "500"), start=1):
        session.time(number, status)
    assert session.bench.decided("again") == ""
    assert [row.body["signature"] for row in session.rows_of("iteration")] == [
        "status 500: answers 500", "status 404: answers 404", "status 429: answers 429", "status 500: answers 500",
    ]  # fmt: skip


def test_each_time_has_a_row_with_its_place_its_class_and_its_evidence() -> None:
    session = Session(3)
    session.time(1, "200", "200")
    session.time(2, "200", "500")
    first, second = session.rows_of("iteration")
    assert (first.type, first.check, first.body["number"], first.body["of"]) == ("PASS", "again", 1, 3)
    assert (second.type, second.body["class"], second.body["signature"]) == ("FAIL", "flaky", "status 500: answers 500")
    assert 0 < second.body["low"] < 0.5 < second.body["high"] < 1
    cited = [seq for _, seq in second.body["evidence"]]
    assert session.rows[cited[0]].type == "500" and second.body["first"] in cited and second.body["last"] in cited
    assert all(second.body["first"] <= seq <= second.body["last"] for seq in cited)


def test_the_last_pass_stands_beside_the_first_failure_with_the_rows_of_both() -> None:
    session = Session(3)
    for number, status in ((1, "200"), (2, "200"), (3, "500")):
        session.time(number, "200", status)
    finding = next(one for one in session.end().findings if one.text.startswith("last pass beside first fail"))
    kinds = {session.rows[seq].body.get("iteration") for seq in finding.evidence if session.rows[seq].kind == "check"}
    assert finding.severity == "info" and kinds == {2, 3}


def test_failures_are_named_by_instance_and_cold_connection_where_that_is_no_chance() -> None:
    session = Session(40)
    for number in range(1, 21):
        cold = number % 5 == 1
        session.on(number, conn=number if cold else session.conn, instance="b" if cold else "a", status="500" if cold else "200")
    reason = session.end().reason
    assert "all 4 failures are on instance b (4 of 4; elsewhere none of 16)" in reason
    assert reason.startswith("4 of 20 iterations failed: flaky"), "those after the last failure count, too"
    assert "all 4 failures are cold (4 of 4; elsewhere none of 16)" in reason


def test_rows_are_not_kept_beyond_what_can_be_judged_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_module, "ROWS_KEPT", 0)
    monkeypatch.setattr(bench_module, "LEAST_KEPT", 6)
    session = Session(9)
    for number in range(1, 10):
        session.time(number, "200")
    judgement = session.end()
    assert judgement.word == "INCONCLUSIVE" and "1 of 2 samples" in judgement.reason
    assert len(session.bench.cases["again"].rows) <= 6
    broken = Session(9)
    broken.time(1, "500")
    assert broken.bench.cases["again"].rows == [], "what failed is settled"
