"""Times of a repeated check add up: groups, bursts, circumstances, and the two times that are worth comparing."""

from __future__ import annotations

import random

from tui_app.verdict.times import Time, Times, decides, of_times, told


def _times(words: str, **more: object) -> list[Time]:
    """A time for each letter: . passes, x fails, ? tells nothing; x and y fail in different ways."""
    said = {".": "PASS", "x": "FAIL", "y": "FAIL", "?": "INCONCLUSIVE"}
    return [
        Time(
            number=index + 1,
            word=said[sign],
            began=index * 1_000_000_000,
            signature=sign if sign in "xy" else "",
            rows=(index + 1,),
            **more,
        )  # type: ignore[arg-type]
        for index, sign in enumerate(words)
    ]


def test_three_of_a_hundred_is_flaky_between_its_bounds() -> None:
    words = list("." * 100)
    words[14] = words[50] = words[81] = "x"
    times = of_times(_times("".join(words)))
    assert (times.failed, times.judged, times.kind) == (3, 100, "flaky")
    assert times.class_text() == "flaky, 1.0 % to 8.5 % at 95 %"
    assert times.pair_text() == "last pass 00:13 (row 14) beside first fail 00:14 (row 15)"


def test_what_tells_nothing_is_in_no_rate_and_breaks_no_streak() -> None:
    times = of_times(_times("x?x?x"))
    assert (times.done, times.judged, times.in_a_row, times.kind) == (5, 3, 3, "broken")


def test_failures_with_different_signatures_are_not_broken_by_their_number_alone() -> None:
    times = of_times(_times("..xyx"))
    assert times.in_a_row == 1 and times.kind == "flaky"
    assert [(group.signature, group.count) for group in times.sorted_groups()] == [("x", 2), ("y", 1)]
    assert times.groups_text() == '2 signatures: "x" 2×, "y" 1×'


def test_what_broke_says_since_when_and_not_that_it_comes_in_bursts() -> None:
    times = of_times(_times("." * 40 + "xxx"))
    assert times.since == 41 and times.class_text().startswith("broken from the 41st on, ")
    assert times.shape_text() == ""


def test_a_first_time_that_fails_is_compared_with_the_first_pass_that_a_failure_follows() -> None:
    assert of_times(_times("x")).pair is None
    pair = of_times(_times("x..x")).pair
    assert pair is not None and (pair[0].number, pair[1].number) == (3, 4)


def test_an_instance_is_named_only_where_the_difference_is_no_chance() -> None:
    times = Times()
    for index in range(20):
        name = str(index % 2 + 1)
        times.add(Time(number=index + 1, word="FAIL" if name == "2" else "PASS", signature="x", instances=(name,)))
    assert times.claims() == ["all 10 failures are on instance 2 (10 of 10; elsewhere none of 10)"]
    few = Times()
    for index in range(4):
        few.add(Time(number=index + 1, word="FAIL" if index % 2 else "PASS", signature="x", instances=(str(index % 2 + 1),)))
    assert few.claims() == [] and len(few.told_apart()) == 2


def test_cold_times_that_fail_are_named_and_chance_is_not() -> None:
    times = Times()
    for index in range(30):
        cold = index % 10 == 0
        times.add(Time(number=index + 1, word="FAIL" if cold else "PASS", signature="x", cold=cold, build="b1"))
    assert times.claims() == ["all 3 failures are cold (3 of 3; elsewhere none of 27)"]


def test_random_failures_are_seldom_blamed_on_a_circumstance() -> None:
    rng = random.Random(9)
    blamed = 0
    for _ in range(300):
        times = Times()
        for index in range(60):
            word = "FAIL" if rng.random() < 0.2 else "PASS"
            times.add(
                Time(number=index + 1, word=word, signature="x", instances=(str(index % 3),), build=f"b{index // 30}", cold=index % 10 == 0)
            )
        blamed += bool(times.claims())
    assert blamed / 300 < 0.06


def test_of_several_instances_those_failed_whose_rows_are_guilty() -> None:
    both = Time(number=1, word="FAIL", instances=("1", "2"), guilty=("2",))
    assert told(both) == [("instance", "1", False), ("instance", "2", True)]
    assert told(Time(number=1, word="FAIL", instances=("1", "2"))) == [], "nobody knows which"
    assert told(Time(number=1, word="PASS", instances=("1", "2"))) == [("instance", "1", False), ("instance", "2", False)]


def test_clean_times_say_what_they_show_and_no_more() -> None:
    assert of_times(_times("." * 100)).clean_text() == "stable, which shows only that it fails less than 2.95 % at 95 %"
    text = of_times(_times("." * 20)).clean_text()
    assert text == "shows only that it fails less than 13.9 % at 95 %; 79 more clean ones would show it stable"
    assert decides(of_times(_times("." * 20)), 30) == "79 more clean iterations show it stable (under 3 %), and 10 are left"
    assert decides(of_times(_times("." * 20)), 100) == "79 more clean iterations show it stable (under 3 %)"


def test_memory_does_not_grow_with_the_times() -> None:
    times = Times()
    for number in range(1, 20_001):
        signature = f"way {number}" if number % 7 == 0 else ""
        times.add(Time(number=number, word="FAIL" if signature else "PASS", signature=signature, instances=(str(number),)))
    assert len(times.groups) + len(times.shares) + len(times.clusters) < 100
    assert sum(group.count for group in times.groups.values()) + times.ungrouped == times.failed == 20_000 // 7
    assert times.shape_text() and times.class_text()
