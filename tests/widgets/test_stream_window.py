"""Where the reader stands: against a plain list, whatever he does and however the stream grows."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from hypothesis import given, settings
from hypothesis import strategies as st

from widgets.stream_window import StreamPage, StreamRow, StreamWindow


class Listed:
    """A stream in a list: rows are shown where their number is in `every`; a search looks at `reach` numbers at most."""

    block = 1

    def __init__(self, count: int, every: int = 1, reach: int = 10**9) -> None:
        self.every = every
        self.reach = reach
        self.total = 0
        self.seqs: list[int] = []
        self.spans: list[tuple[int, int, int]] = []
        self.grow(count)

    def grow(self, count: int) -> None:
        self.seqs += [seq for seq in range(self.total + 1, self.total + count + 1) if seq % self.every == 0]
        self.total += count

    def window(self, anchor: int, before: int, after: int) -> StreamPage:
        self.spans.append((anchor, before, after))
        at = bisect_left(self.seqs, anchor)
        floor, roof = max(1, anchor - self.reach), min(self.total, anchor + self.reach)
        older = [seq for seq in self.seqs[max(0, at - before) : at] if seq >= floor]
        newer = [seq for seq in self.seqs[at : at + after] if seq <= roof]
        low = older[0] if len(older) == before and older else anchor if not before else 0 if floor == 1 else floor
        high = newer[-1] if len(newer) == after and newer else roof if after else anchor - 1
        return StreamPage([StreamRow(seq, f"{seq}") for seq in older + newer], low, high)

    def renew(self, rows: list[StreamRow], end: int) -> list[StreamRow] | None:
        return None

    def head(self) -> int:
        return self.total

    def count(self, after: int) -> tuple[int, int]:
        upto = min(self.total, after + self.reach)
        return bisect_right(self.seqs, upto) - bisect_right(self.seqs, after), upto


def opened(count: int, height: int = 10, every: int = 1) -> tuple[Listed, StreamWindow]:
    source = Listed(count, every)
    view = StreamWindow(source, height)
    view.tick()
    return source, view


def shown(view: StreamWindow) -> list[int]:
    return [row.seq for row in view.visible()]


def test_it_opens_at_the_end_and_follows() -> None:
    source, view = opened(1000)
    assert shown(view) == list(range(991, 1001))
    source.grow(5)
    assert view.tick()
    assert shown(view) == list(range(996, 1006))
    assert not view.tick(), "nothing new, nothing to draw"


def test_rows_that_arrive_do_not_slide_under_a_reader_who_looked_back() -> None:
    source, view = opened(1000)
    view.move(-50)
    before = shown(view)
    for _ in range(100):
        source.grow(1)
        view.tick()
    assert shown(view) == before
    assert view.waiting == 100
    view.go_end()
    assert shown(view)[-1] == 1100 and view.follow and view.waiting == 0


def test_frozen_is_a_snapshot_even_at_its_end() -> None:
    source, view = opened(1000)
    view.freeze()
    source.grow(214)
    view.tick()
    assert shown(view) == list(range(991, 1001)) and view.waiting == 214
    view.move(-3)
    view.go_end()
    view.move(40)
    assert shown(view)[-1] == 1000 and view.cursor == 1000
    view.freeze()
    assert view.frozen_at is None


def test_thawing_goes_on_where_the_reader_was() -> None:
    source, view = opened(1000)
    view.freeze()
    source.grow(10)
    view.tick()
    view.freeze()
    assert view.follow and shown(view)[-1] == 1010
    view.move(-30)
    view.freeze()
    kept = shown(view)
    source.grow(10)
    view.tick()
    view.freeze()
    assert shown(view) == kept and not view.follow


def test_down_from_the_last_row_follows_again() -> None:
    source, view = opened(100)
    view.move(-1)
    assert not view.follow
    view.move(1)
    view.move(1)
    assert view.follow
    source.grow(1)
    view.tick()
    assert view.cursor == 101


def test_a_short_stream_fills_from_the_top() -> None:
    source, view = opened(3)
    assert shown(view) == [1, 2, 3]
    view.move(-1)
    source.grow(2)
    view.tick()
    assert shown(view) == [1, 2, 3, 4, 5] and view.cursor == 2


def test_an_empty_stream_takes_its_first_rows() -> None:
    source, view = opened(0)
    assert shown(view) == [] and view.cursor == 0
    for step in (-1, 1, -100):
        view.move(step)
        view.scroll(step)
    view.go_home()
    view.freeze()
    view.freeze()
    view.go_on()
    source.grow(1)
    view.tick()
    assert shown(view) == [1]


def test_another_selection_keeps_the_place() -> None:
    source, view = opened(10_000)
    view.jump(5000)
    sparse = Listed(10_000, every=7)
    view.change(sparse)
    assert view.cursor == 5005
    view.change(source)
    assert view.cursor == 5005


def test_a_selection_without_any_row_is_searched_once_and_not_again_for_each_new_row() -> None:
    source, view = opened(1000, every=10**9)
    assert shown(view) == []
    source.spans.clear()
    source.grow(5)
    view.tick()
    assert source.spans == [(1001, 0, 11)], "only what is new is looked at"


def test_a_long_search_goes_on_tick_by_tick() -> None:
    source = Listed(100_000, every=30_000, reach=4_000)
    view = StreamWindow(source, 10)
    view.tick()
    assert view.searching
    for _ in range(40):
        view.tick()
    assert shown(view) == [30_000, 60_000, 90_000] and not view.searching
    source.spans.clear()
    view.tick()
    assert source.spans == []
    view.jump(45_000)
    for _ in range(40):
        view.tick()
    assert shown(view) == [30_000, 60_000, 90_000]


def test_what_is_held_is_bounded_whatever_is_scrolled() -> None:
    source, view = opened(50_000)
    most = 0
    for _ in range(5_600):
        view.move(-9)
        most = max(most, len(view.rows))
    assert view.cursor == 1
    for _ in range(2_000):
        view.move(9)
        most = max(most, len(view.rows))
    assert most <= 5 * view.chunk
    assert len(source.spans) < 5_000, "a page is not a query"


def test_share_reaches_both_ends() -> None:
    _, view = opened(1000)
    assert view.share()[1] == 1.0
    view.go_home()
    assert view.share()[0] == 0.0 and view.share()[1] < 0.02
    view.jump(500)
    assert 0.48 < view.share()[0] < 0.51


MOVES = st.one_of(
    st.tuples(st.just("move"), st.integers(-200, 200)),
    st.tuples(st.just("scroll"), st.integers(-200, 200)),
    st.tuples(st.just("grow"), st.integers(1, 120)),
    st.tuples(st.just("jump"), st.integers(0, 900)),
    st.tuples(st.just("resize"), st.integers(1, 40)),
    st.tuples(st.sampled_from(["freeze", "home", "end", "on", "change"]), st.just(0)),
)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 400), st.sampled_from([1, 3, 50]), st.sampled_from([7, 60, 10**9]), st.lists(MOVES, max_size=40))
def test_whatever_happens_the_view_is_an_unbroken_part_of_the_stream(
    count: int, every: int, reach: int, moves: list[tuple[str, int]]
) -> None:
    source = Listed(count, every, reach)
    view = StreamWindow(source, 10)
    view.tick()
    for name, value in moves:
        if name == "grow":
            source.grow(value)
            before = (shown(view), view.follow, view.frozen_at, view.height)
            view.tick()
            if before[2] is not None:
                assert shown(view) == before[0]
            elif not before[1]:
                assert shown(view)[: len(before[0])] == before[0]
        elif name in ("move", "scroll", "jump", "resize"):
            getattr(view, name)(value)
        elif name == "change":
            longer = Listed(source.total, 2 if source.every == 1 else 1, reach)
            source = longer
            view.change(source)
        else:
            {"freeze": view.freeze, "home": view.go_home, "end": view.go_end, "on": view.go_on}[name]()
        for _ in range(1000):
            if not view.searching:
                break
            view.tick()
        end = view.end
        there = source.seqs[: bisect_right(source.seqs, end)]
        seen = shown(view)
        assert len(seen) == min(view.height, len(there)), (name, value)
        if seen:
            at = bisect_left(there, seen[0])
            assert there[at : at + len(seen)] == seen
            assert view.cursor in seen
        if view.follow and view.frozen_at is None and there:
            assert seen[-1] == there[-1]
