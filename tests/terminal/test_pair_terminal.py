"""Two targets side by side on a real terminal: both are seen at work, and what differs opens by itself once both have ended."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.engine.conftest import Home
from tests.terminal.terminals import Terminal

PAIR = ("run", "--target", "rehearsal", "--against", "rehearsal", "--checks")


def test_both_are_seen_and_then_compared(terminal: Callable[..., Terminal]) -> None:
    vigil = terminal(*PAIR, "ws-connect,golden-path", columns=100, rows=30)
    vigil.sees("SIDE BY SIDE", "rehearsal A", "rehearsal B", "isolation")
    shown = vigil.sees("NOT WORSE", "no difference in", "decide nothing about staging")
    assert len(re.findall("✓ PASS", shown)) >= 2, "the word of each"
    vigil.press("q")
    assert vigil.ends() == 0
    vigil.assert_restored()
    assert b"Traceback" not in vigil.raw


def test_x_stops_both(home: Home, terminal: Callable[..., Terminal]) -> None:
    vigil = terminal(*PAIR, "ping-latency", columns=80, rows=24)
    vigil.sees("SIDE BY SIDE", r"session +[0-9a-f]{12}.*[0-9a-f]{12}")
    vigil.press("X")
    shown = vigil.sees("COMPARE", "INCONCLUSIVE", "did not come to its end")
    assert "0 seen" not in shown, "what was not asked is no difference"
    vigil.press("q")
    assert vigil.ends() == 130
    assert [entry["word"] for entry in home.sessions()] == ["INCONCLUSIVE", "INCONCLUSIVE"]
    assert b"Traceback" not in vigil.raw
