"""Real time is judged by what events say of themselves, streamed text by what it adds up to."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.sessions import Session, Told, work


def told(runs: int, **how: Any) -> tuple[str, str]:
    session = Session("real-time")
    for _ in range(runs):
        session.run(work(), **how)
    judgement = session.judged()
    return judgement.word, judgement.reason


@pytest.mark.parametrize(
    ("runs", "how", "word"),
    [
        (4, {"gap": 120.0}, "PASS"),
        (4, {"gap": 3.0}, "PASS"),
        (4, {"gap": 3.0, "flat": True}, "PASS"),
        (4, {"gap": 120.0, "flat": True}, "FAIL"),
        (1, {"gap": 120.0, "flat": True}, "FAIL"),
        (0, {}, "INCONCLUSIVE"),
    ],
    ids=["streamed", "quick", "quick-and-at-once", "at-once", "one-at-once", "nothing"],
)
def test_what_was_stamped_over_a_while_must_not_come_at_once(runs: int, how: dict[str, Any], word: str) -> None:
    assert told(runs, **how)[0] == word


def test_one_run_of_several_that_came_at_once_decides_nothing() -> None:
    session = Session("real-time")
    session.run(work(), gap=120.0)
    session.run(work(), gap=120.0, flat=True)
    assert session.judged().word == "INCONCLUSIVE"


def pieces(*texts: str, answer: str = "Atlas costs most, by far.") -> Session:
    session = Session("stream-adds-up")
    parts: list[Told] = [("stream_chunk", {"chunk": text}) for text in texts]
    events = work(answer)
    session.run([*events[:-1], *parts, events[-1]])
    return session


@pytest.mark.parametrize(
    ("texts", "word"),
    [
        (("Atlas costs", " most,", " by far."), "PASS"),
        (("Atlas", "Atlas costs most", "Atlas costs most, by far."), "PASS"),
        (("Atlas costs", " by far."), "FAIL"),
        ((" most,", "Atlas costs", " by far."), "FAIL"),
        (("Atlas costs most, by far.", " And more."), "FAIL"),
        ((), "SKIPPED"),
    ],
    ids=["in-turn", "growing", "hole", "swapped", "too-much", "none"],
)
def test_pieces_are_the_answer_or_the_stream_is_wrong(texts: tuple[str, ...], word: str) -> None:
    assert pieces(*texts).judged().word == word
