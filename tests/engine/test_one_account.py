"""With one account alone nothing can be said of isolation: every check of it is blocked, and says what would unblock it."""

from __future__ import annotations

from tests.engine.conftest import Home
from tui_app.checks.catalogue import catalogue


def test_isolation_is_blocked_everywhere_with_one_account(home: Home) -> None:
    between = [check.id for check in catalogue() if check.suite == "2.3" and check.min_users > 1]
    assert {"isolation-frames", "isolation-rest", "isolation-active", "isolation-windows", "context-bleed"} <= set(between)
    ran = home.vigil("run", "--target", "rehearsal", "--users", "1", "--checks", ",".join(between))
    assert ran.code == 3, ran.err
    assert ran.result is not None
    for one in ran.result["checks"]:
        if one["id"] in between:
            assert one["verdict"] == "BLOCKED", one
            assert "2" in one["to_decide"] and "account" in one["to_decide"], one
    assert {one["id"]: one["verdict"] for one in ran.result["criteria"]}["T4"] in ("BLOCKED", "SKIPPED")
    assert ran.result["isolation"]["cells"] == []
