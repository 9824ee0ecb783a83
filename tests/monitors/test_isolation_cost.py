"""What the isolation monitor costs must not depend on how many pairs of users there are."""

from __future__ import annotations

import msgspec

from tui_app.model import SECOND, Row
from tui_app.monitors.cells import Cell
from tui_app.monitors.isolation import Isolation

USERS = 30


class Counting(Isolation):
    """Counts how often a cell is looked at."""

    looked = 0

    def _state(self, cell: Cell) -> str:
        self.looked += 1
        return super()._state(cell)


def test_counts_that_wait_to_be_written_cost_the_rows_after_them_nothing() -> None:
    monitor, seq = Counting(), 0

    def feed(kind: str, t: int, *, type: str = "", user: str = "", conn: int = 0, **body: object) -> list[str]:
        nonlocal seq
        seq += 1
        text = msgspec.json.encode(body).decode() if body else ""
        row = Row(seq, t, kind, user=user, conn=conn, dir="in" if kind == "frame" else "", type=type, text=text)
        return [derived.kind for derived in monitor.feed(row, ())]

    feed("session", 0, type="start", session="abcdef123456")
    for index in range(USERS):
        feed("user", 0, type="ready", user=f"u{index + 1}", sub=f"sub-{index}")
        feed("conn", 0, type="welcome", user=f"u{index + 1}", conn=index + 1)
    for round_ in range(2):
        for index in range(USERS):
            marker = f"VM-abcdef-u{index + 1}-{round_:020x}"
            feed("action", SECOND, type="begin", user=f"u{index + 1}", action=index, marker=marker)
            feed("http", SECOND, type="200", user=f"u{index + 1}", dir="in")
            feed("action", SECOND, type="end", user=f"u{index + 1}", action=index, marker=marker)
        feed("clock", (10 + round_ * 10) * SECOND)
    assert monitor.total_probes == 2 * USERS * (USERS - 1)

    monitor.looked = 0
    for _ in range(100):
        feed("frame", 40 * SECOND, type="heartbeat", user="u1", conn=1, note="nothing of anybody's")
    assert monitor.looked == 0
    written = feed("check", 41 * SECOND, type="end")
    assert written.count("cell") == USERS * (USERS - 1), "and they are written at the end of the check"
