"""A viewer says how many engines there are, what each did, and who is lost with which users."""

from __future__ import annotations

import msgspec
import pytest

from tui_app.model import SECOND, Row
from tui_app.recording.engines import engines_sentence
from tui_app.recording.fold import Fold


def folded(*told: tuple[str, dict[str, object]]) -> Fold:
    fold = Fold({})
    for seq, (type, body) in enumerate(told, 1):
        fold.apply(Row(seq, seq * SECOND, "engine", type=type, text=msgspec.json.encode(body).decode()))
    return fold


JOIN = ("join", {"engine": 2, "where": "local", "users": ["u6", "u7"], "text": "u6-u7"})
DELTA = ("delta", {"engine": 2, "sums": {"rows": 900, "received": 412, "runs": 7}, "joined": [["u6", "sub-6"], ["u7", "sub-7"]]})


def test_users_of_other_engines_are_users_of_the_session() -> None:
    state = folded(JOIN, DELTA).state
    assert list(state.users) == ["u6", "u7"]
    assert state.runs_asked == 7, "what the banner counts is the session's"
    assert engines_sentence(state.engines, state.t) == ("2 engines: engine 2 (u6-u7) 412 frames", False)


def test_one_engine_alone_is_not_spoken_of() -> None:
    assert engines_sentence({}, 0) == ("", False)


def test_who_is_lost_and_since_when_nothing_was_heard_is_said() -> None:
    state = folded(JOIN, DELTA).state
    assert engines_sentence(state.engines, 5 * SECOND)[0].endswith("heard of all within 3.0 s")
    text, bad = engines_sentence(folded(JOIN, DELTA, ("lost", {"engine": 2, "why": "it ended"})).state.engines, 0)
    assert bad and text == "2 engines: engine 2 with u6-u7 lost (it ended): those users are INCONCLUSIVE"


def test_a_cell_for_everybody_is_no_user() -> None:
    fold = Fold({})
    body = {"source": "u1", "observer": "*", "probes": 12, "leaks": 0, "state": "clean"}
    fold.apply(Row(1, 1, "cell", user="u1", text=msgspec.json.encode(body).decode()))
    assert "*" not in fold.state.users and fold.state.cells["u1", "*"].probes == 12


@pytest.mark.parametrize(("before", "after"), [("PASS", "INCONCLUSIVE"), ("FAIL", "FAIL")])
def test_while_an_engine_is_lost_the_session_does_not_read_pass(before: str, after: str) -> None:
    fold = folded(JOIN, DELTA)
    fold.apply(Row(9, 3 * SECOND, "verdict", check="ws-connect", type=before, text='{"reason":"so it is"}'))
    assert fold.state.word == before
    fold.apply(Row(10, 4 * SECOND, "engine", type="lost", text='{"engine":2,"why":"it ended"}'))
    assert fold.state.word == after
