"""Of a crowd the matrix says exactly what cells for every pair would say, whoever comes, goes and comes back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_app.model import EVERYBODY, SECOND, Row
from tui_app.monitors import isolation
from tui_app.monitors.isolation import CROWD, Isolation

USERS = 3
KINDS = ["came", "went", "acts", "acts", "acts", "both act", "both act", "wait", "leak", "check"]
deeds = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(1, USERS), st.integers(1, USERS)),
    min_size=8, max_size=50,
)  # fmt: skip


def rows_of(early: int, script: list[tuple[str, int, int]]) -> list[Row]:
    rows: list[Row] = []
    now = 0

    def add(kind: str, *, type: str = "", user: str = "", conn: int = 0, dir: str = "", check: str = "", **body: Any) -> None:
        rows.append(Row(len(rows) + 1, now, kind, check, user, conn, dir, type, text=msgspec.json.encode(body).decode()))

    def act(*users: int) -> None:
        nonlocal now
        for user in users:
            add("action", type="begin", user=f"u{user}", action=len(rows), marker=f"VM-abcdef-u{user}-{len(rows):020x}")
        for user in users:
            add("http", type="200", user=f"u{user}", dir="in")
            now += SECOND // 10
            marker = next(row.body for row in reversed(rows) if row.kind == "action" and row.user == f"u{user}")
            add("action", type="end", user=f"u{user}", **marker)

    add("session", type="start", session="abcdef123456")
    for user in range(1, USERS + 1):
        add("user", type="ready", user=f"u{user}", sub=f"sub-{user}")
    conns: dict[int, list[int]] = {}
    script = [*(("came", user, 0) for user in range(1, early + 1)), *script]
    for what, one, other in script:
        now += SECOND // 3
        if what == "came":
            add("conn", type="welcome", user=f"u{one}", conn=len(rows))
            conns.setdefault(one, []).append(len(rows) - 1)
        elif what == "went" and conns.get(one):
            add("conn", type="closed", user=f"u{one}", conn=conns[one].pop(other % len(conns[one])))
        elif what == "acts":
            act(one)
        elif what == "both act" and one != other:
            act(one, other)
        elif what == "wait":
            now += 3 * SECOND
            add("clock")
        elif what == "leak" and one != other:
            add("frame", user=f"u{other}", dir="in", conn=9_000 + other, note=f"VM-abcdef-u{one}-{1:020x}")
        elif what == "check":
            add("check", type="end", check="isolation-frames")
    now += 3 * SECOND
    add("clock")
    add("check", type="end", check="isolation-frames")
    return rows


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([0, 2, USERS, USERS]), deeds)
def test_the_matrix_of_a_crowd_is_that_of_its_pairs(early: int, script: list[tuple[str, int, int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(isolation, "PROBES_PER_CELL", 2)
        patch.setattr(isolation, "PROBES_IN_ALL", 14)
        compare(rows_of(early, script))


def compare(rows: list[Row]) -> None:
    pairwise, crowd = Isolation(), Isolation(CROWD + 1)
    written: dict[str, tuple[int, int, str]] = {}
    for row in rows:
        pairwise.feed(row, ())
        for derived in crowd.feed(row, ()):
            if derived.kind == "cell" and derived.body["observer"] == EVERYBODY:
                written[derived.body["source"]] = (derived.body["probes"], derived.body["leaks"], derived.body["state"])
    assert crowd.matrix() == pairwise.matrix()
    seen = [[(cell.source, cell.observer, cell.probes, cell.leaks) for cell in one.leaking()] for one in (crowd, pairwise)]
    assert seen[0] == seen[1]
    for source, (probes, leaks, state) in written.items():
        cells = [cell for cell in pairwise.cells() if cell.source == source]
        assert (probes, leaks) == (min(cell.probes for cell in cells), sum(cell.leaks for cell in cells))
        words = {cell.state for cell in cells}
        assert state == next(word for word in ("leak", "unproven", "measuring", "clean") if word in words)
