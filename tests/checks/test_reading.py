"""What judges share: a PASS shows rows behind it, however many there are."""

import pytest

from tui_app.checks.reading import SHOWN, decided


@pytest.mark.parametrize(
    ("rows", "kept", "text"),
    [(1, 1, "the rows behind it"), (SHOWN, SHOWN, "the rows behind it"), (5_000, SHOWN, f"the first {SHOWN} of 5,000 rows behind it")],
)
def test_a_pass_shows_the_first_rows_behind_it_and_says_how_many_there_are(rows: int, kept: int, text: str) -> None:
    said = decided([], "fine", "", (seq for seq in range(1, rows + 1)))
    (finding,) = said.findings
    assert said.word == "PASS" and (finding.text, finding.evidence) == (text, tuple(range(1, kept + 1)))
