"""The table on the normal screen: within the terminal's width, nothing lost that decides."""

from __future__ import annotations

import pytest

from tui_app.verdict.criteria import CriterionReading
from tui_app.verdict.result import CheckResult, Footprint, Session, build
from tui_app.verdict.table import cells, fit, verdict_table
from tui_app.verdict.words import FAIL, INCONCLUSIVE, PASS

LONG = "3 of 3: the first by a round trip, the second by a revocation that holds, the third by a forced probe that is answered"
EVENTS = ("Five critical events delivered", "5 of 5", "10 of 10 runs", 10)


def checked(id: str, word: str, reason: str) -> CheckResult:
    return CheckResult(id=id, phase="2", suite="2.1", title="a check", verdict=word, reason=reason)


RESULT = build(
    Session(
        session="abcdef012345",
        started="2026-01-02T03:04:05Z",
        target={"name": "rehearsal"},
        build_start="rehearsal-0.1.0-g2",
        build_end="rehearsal-0.1.0-g2",
        checks=[
            checked("tiers-persist", PASS, LONG),
            checked("isolation-frames", FAIL, "2 leaks"),
            checked("ai-value", INCONCLUSIVE, "宽" * 90),
        ],
        criteria=[CriterionReading("T1", *EVENTS, PASS, "because", ""), CriterionReading("T5", *EVENTS, FAIL, "because", "")],
        users=["u1", "u2"],
        cells=[],
        latency=[],
        received=5,
        classified={"own": 5},
        footprint=Footprint(3, 2, [{"thing": "thread", "id": "t"}]),
    )
)


@pytest.mark.parametrize("width", [60, 80, 99, 100, 140, 300])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = verdict_table(RESULT, width=width).splitlines()
    assert max(cells(line) for line in lines) <= width
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize("width", [80, 140])
def test_every_criterion_and_check_has_its_line_at_any_width(width: int) -> None:
    text = verdict_table(RESULT, width=width)
    assert text.count("Five critical events") == 2 and text.count("10 of 10 runs") == 2
    assert "isolation-frames" in text and "2 leaks" in text
    assert "session abcdef012345" in text and "build rehearsal-0.1.0-g2" in text
    assert "0 left behind" in " ".join(text.split())


def test_words_stand_in_full_where_there_is_room_and_in_four_letters_where_not() -> None:
    assert "INCONCLUSIVE" in verdict_table(RESULT, width=120)
    narrow = verdict_table(RESULT, width=80)
    assert "? INCO 2.1" in narrow and "INCONCLUSIVE" not in narrow


def test_what_is_cut_says_so() -> None:
    assert fit("twelve cells", 6) == "twelv…" and fit("twelve cells", 6, True) == "twelv~"
    assert fit(PASS, 6) == "PASS  " and fit(PASS, 6, right=True) == "  PASS"
    row = next(line for line in verdict_table(RESULT, width=80).splitlines() if "3 of 3" in line)
    assert row.endswith("…")
