"""What shows one customer's data to another is told before all else, then who gets in."""

from __future__ import annotations

from tui_app.gravity import gravest, gravest_first
from tui_app.recording.state import CheckView, FindingView


def check(name: str, findings: int) -> CheckView:
    view = CheckView(name, "2", "2.1", name, word="FAIL")
    view.findings = [FindingView("major", "wrong", [], seq) for seq in range(findings)]
    return view


def test_isolation_goes_before_sign_in_and_both_before_the_rest_however_much_was_found() -> None:
    failed = [check("five-events", 9), check("token-matrix", 5), check("isolation-frames", 1), check("golden-path", 2)]
    names = [one.id for one in gravest_first(failed, lambda one: one.id)]
    assert names == ["isolation-frames", "token-matrix", "five-events", "golden-path"]
    assert gravest(failed).id == "isolation-frames"
    assert gravest([failed[3], failed[0]]).id == "five-events", "among equals the one of which more was found"
