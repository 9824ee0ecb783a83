"""What lost credentials explain convicts nobody; what they do not explain convicts as ever. Rows in, word out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tui_app.checks.judgement import Finding, Judgement
from tui_app.checks.losses import Losses
from tui_app.model import Row

CHECK = "five-events"


class Rows:
    """Feeds numbered rows to a `Losses`."""

    def __init__(self, *whole: str) -> None:
        self.losses = Losses(whole)
        self.seq = 0

    def add(self, kind: str, type: str = "", body: dict[str, Any] | None = None, **fields: Any) -> int:
        self.seq += 1
        text = json.dumps(body) if body else ""
        self.losses.acting(Row(seq=self.seq, t=self.seq, kind=kind, type=type, text=text, **fields))
        return self.seq

    def word(self, *findings: Finding, check: str = CHECK) -> Judgement:
        return self.losses.weigh(check, Judgement("FAIL", "it is broken", findings))


def begun() -> Rows:
    rows = Rows()
    rows.add("check", "start", check=CHECK)
    return rows


def lost(rows: Rows, user: str = "u1", since: int = 0) -> None:
    rows.add("user", "lost", {"reason": "the refresh is refused", "since": since}, user=user)


def test_what_happened_to_the_lost_user_from_then_on_is_undecided() -> None:
    rows = begun()
    good = rows.add("http", "200", user="u1", check=CHECK)
    refused = rows.add("http", "401", user="u1", check=CHECK)
    lost(rows, since=good)
    said = rows.word(Finding("critical", "REST refuses u1", (refused,)))
    assert said.word == "INCONCLUSIVE" and "u1 was not signed in any more" in said.reason and "sign in again" in said.to_decide
    assert [finding.severity for finding in said.findings] == ["info"]


def test_a_run_that_was_under_way_is_undecided_from_its_beginning() -> None:
    rows = begun()
    begin = rows.add("step", "begin", {"step": 1, "intent": "agent-run"}, user="u1", check=CHECK)
    frame = rows.add("frame", "agent_started", user="u1", check=CHECK)
    lost(rows)
    assert rows.word(Finding("critical", "it never ended", (begin, frame))).word == "INCONCLUSIVE"


@pytest.mark.parametrize("case", ["before", "another's", "a step that had ended", "another check's time", "nobody lost"])
def test_what_the_loss_does_not_explain_fails_as_ever(case: str) -> None:
    rows = begun()
    begin = rows.add("step", "begin", {"step": 1, "intent": "attempt"}, user="u1", check=CHECK)
    if case == "a step that had ended":
        rows.add("step", "end", {"step": 1, "outcome": "done"}, user="u1", check=CHECK)
    before = rows.add("frame", "leak", user="u1", check=CHECK)
    if case == "another check's time":
        rows.add("check", "end", check=CHECK)
    if case != "nobody lost":
        lost(rows, user="u1" if case != "before" else "u2")
    after = rows.add("http", "401", user="u2" if case == "another's" else "u1", check=CHECK)
    evidence = {"before": (before,), "another's": (after,), "a step that had ended": (begin,)}.get(case, (after,))
    assert rows.word(Finding("critical", "it is broken", evidence)).word == "FAIL"


def test_one_finding_that_is_not_explained_is_enough() -> None:
    rows = begun()
    lost(rows)
    mine, theirs = rows.add("http", "401", user="u1", check=CHECK), rows.add("frame", "leak", user="u2", check=CHECK)
    assert rows.word(Finding("critical", "u1 is refused", (mine,)), Finding("critical", "u2 reads u1's", (theirs,))).word == "FAIL"
    assert rows.word(Finding("critical", "u1 is refused", (mine,)), Finding("minor", "u2 is slow", (theirs,))).word == "INCONCLUSIVE"


def test_a_socket_that_was_closed_because_its_token_had_ended_excuses_its_own_check_alone() -> None:
    for token, words in (("ended", ["INCONCLUSIVE", "FAIL"]), (None, ["FAIL", "FAIL"])):
        rows = begun()
        rows.add("check", "start", check="other")
        begin = rows.add("step", "begin", {"step": 1, "intent": "agent-run"}, user="u1", check=CHECK)
        rows.add("conn", "closed", {"code": 1008, "by": "target", **({"token": token} if token else {})}, user="u1", check=CHECK, conn=3)
        finding = Finding("critical", "it never ended", (begin,))
        assert [rows.word(finding, check=check).word for check in (CHECK, "other")] == words


def test_a_check_over_the_whole_session_is_excused_whenever_it_was() -> None:
    rows = Rows("one-context")
    lost(rows)
    refused = rows.add("http", "401", user="u1", check="other")
    assert rows.word(Finding("major", "u1 has no context", (refused,)), check="one-context").word == "INCONCLUSIVE"


def test_a_pass_stays_a_pass() -> None:
    rows = begun()
    lost(rows)
    assert rows.losses.weigh(CHECK, Judgement("PASS", "fine")).word == "PASS"
