"""A journey is protected only where all that stands for it passed."""

from __future__ import annotations

import pytest

from tui_app.checks.catalogue import by_id
from tui_app.verdict.journeys import JOURNEYS, read_journeys

ALL = {name: "PASS" for journey in JOURNEYS for name in journey.checks}


def test_every_check_of_a_journey_exists() -> None:
    assert set(ALL) <= set(by_id())


def test_all_passed_protects_all() -> None:
    assert {journey.word for journey in read_journeys(ALL)} == {"protected"}


@pytest.mark.parametrize(
    ("word", "then"), [("FAIL", "at risk"), ("INCONCLUSIVE", "not shown"), ("BLOCKED", "not shown"), ("SKIPPED", "not shown")]
)
def test_one_check_that_did_not_pass_unprotects_its_journey_and_no_other(word: str, then: str) -> None:
    for name in ALL:
        found = {journey.id: journey.word for journey in read_journeys({**ALL, name: word})}
        for journey in JOURNEYS:
            assert found[journey.id] == (then if name in journey.checks else "protected")


def test_what_was_not_planned_is_never_protected() -> None:
    assert all(journey.word == "not shown" and journey.unplanned for journey in read_journeys({}))
