"""Every user belongs to one engine, and all engines together spend no more than the session may."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui_app.fleet.shares import LEAD_LEAST, budget, shares


@given(st.integers(1, 5_000), st.integers(1, 40))
def test_every_user_belongs_to_one_engine(users: int, engines: int) -> None:
    split = shares(users, engines)
    assert [label for share in split for label in share.labels] == [f"u{number}" for number in range(1, users + 1)]
    assert split[0].count >= min(users, LEAD_LEAST) and all(share.count for share in split)
    assert len(split) == max(1, min(engines, users - LEAD_LEAST + 1))
    assert max(share.count for share in split[1:] or split) - min(share.count for share in split[1:] or split) <= 1


@given(st.integers(1, 2_000), st.integers(2, 20), st.integers(40, 100_000))
def test_all_engines_together_spend_no_more_than_the_session(users: int, engines: int, limit: int) -> None:
    split = shares(users, engines)
    parts = [budget(limit, users, split, engine) for engine in range(1, len(split) + 1)]
    assert all(part is not None and part >= 1 for part in parts)
    assert sum(part or 0 for part in parts) <= limit
    assert budget(None, users, split, 1) is None
