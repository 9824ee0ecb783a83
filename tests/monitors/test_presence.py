"""Probes that are counted for all pairs of a source at once are those that a look at each pair would have counted."""

from __future__ import annotations

from collections import Counter

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from tui_app.model import SECOND, Row
from tui_app.monitors.isolation import QUIET, Isolation

USERS = ("u1", "u2", "u3")
STEPS = st.one_of(
    st.tuples(st.just("act"), st.sampled_from(USERS), st.integers(1, 14)),
    st.tuples(st.sampled_from(("come", "go", "look", "told")), st.sampled_from(USERS), st.just(1)),
)


class Session:
    """Feeds a monitor, and counts each pair by itself."""

    def __init__(self) -> None:
        self.monitor = Isolation(len(USERS))
        self.seq = self.t = 0
        self.since: dict[int, tuple[str, int]] = {}
        self.told: dict[tuple[str, str], str] = {}
        self.pairs: Counter[tuple[str, str]] = Counter()
        self.feed("session", type="start", session="abcdef123456")
        for user in USERS:
            self.feed("user", type="ready", user=user, sub=f"sub-{user}")
            self.come(user)
            self.feed("frame", user=user, conn=self.seq, own=f"VM-abcdef-{user}-{self.seq:020x}")

    def feed(self, kind: str, *, type: str = "", user: str = "", conn: int = 0, **body: object) -> None:
        self.seq += 1
        self.t += 1
        text = msgspec.json.encode(body).decode() if body else ""
        for told in self.monitor.feed(Row(self.seq, self.t, kind, user=user, conn=conn, dir="in", type=type, text=text), ()):
            self.told[told.body["source"], told.body["observer"]] = told.body["state"]

    def come(self, user: str) -> None:
        self.feed("conn", type="welcome", user=user, conn=self.seq + 1)
        self.since[self.seq] = (user, self.t)

    def go(self, user: str) -> None:
        for conn in [conn for conn, (owner, _) in self.since.items() if owner == user][:1]:
            self.feed("conn", type="closed", user=user, conn=conn)
            del self.since[conn]

    def act(self, user: str, times: int) -> None:
        for _ in range(times):
            self.feed("action", type="begin", user=user, action=self.seq)
            begun, named = self.t, self.seq - 1
            self.feed("http", type="200", user=user)
            self.feed("action", type="end", user=user, action=named)
            self.t += QUIET + SECOND
            self.feed("lag")
            self.pairs.update((user, other) for other in {who for who, since in self.since.values() if since <= begun} - {user})


@example([("act", "u1", 3), ("go", "u2", 1), ("act", "u1", 2), ("come", "u2", 1), ("act", "u1", 12)])
@given(st.lists(STEPS, max_size=30))
def test_every_pair_has_the_probes_that_it_took_whoever_comes_and_goes_and_looks(steps: list[tuple[str, str, int]]) -> None:
    session = Session()
    for what, user, times in steps:
        if what == "act":
            session.act(user, times)
        elif what == "told":
            session.feed("clock")
        elif what == "look":
            session.monitor.matrix()
        else:
            getattr(session, what)(user)
    assert {(cell.source, cell.observer): cell.probes for cell in session.monitor.cells() if cell.probes} == dict(session.pairs)
    assert session.monitor.total_probes == session.pairs.total()


def test_a_pair_that_turns_is_told_at_once() -> None:
    session = Session()
    session.act("u1", 150)
    session.act("u2", 9)
    assert session.told["u1", "u2"] == "clean"
    assert session.told["u2", "u1"] == "measuring"
    session.act("u2", 1)
    assert session.told["u2", "u1"] == session.told["u2", "u3"] == "clean"
