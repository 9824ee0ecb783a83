"""What the times of repeated checks come to, in words and rows, from the session's state alone."""

from __future__ import annotations

from itertools import pairwise
from math import ceil
from statistics import median

from tui_app.recording.state import IterationsView, IterationView, SessionState
from tui_app.screens.safe import clean
from tui_app.screens.view import mmss
from tui_app.verdict.repeats import between, percent
from tui_app.verdict.times import Time, Times, decides, of_times, ordinal, share_name
from widgets.glyphs import TONES, glyphs
from widgets.lines import BLANK, Line, clip, fit, wrap
from widgets.tries import TriedRow

PACED_BY = 20
"""The last so many times tell how long one takes."""
STOPPED = ("broken",)
LISTED = 200
"""Times that are listed at most; the grid has them all."""


def views_of(state: SessionState) -> list[IterationsView]:
    """The repeated checks, in the plan's order."""
    order = {name: place for place, name in enumerate(state.checks)}
    return sorted(state.iterations.values(), key=lambda view: order.get(view.check, len(order)))


def times_of(view: IterationsView) -> Times:
    """What its times come to, reckoned as the judge does."""
    return of_times([time_of(one) for one in view.times])


def time_of(one: IterationView) -> Time:
    """A time as the statistics take it."""
    return Time(
        number=one.number, word=one.word, began=one.began, signature=one.signature, build=one.build,
        instances=tuple(name for name in one.instance.split(", ") if name), guilty=tuple(name for name in one.guilty.split(", ") if name),
        cold=one.cold, rows=one.evidence,
    )  # fmt: skip


def pace_ns(view: IterationsView) -> int | None:
    """How long one time takes, from one beginning to the next; None before there are two."""
    begins = [one.began for one in view.times[-PACED_BY - 1 :]]
    gaps = [later - before for before, later in pairwise(begins) if later > before]
    return int(median(gaps)) if gaps else None


def left_ns(view: IterationsView, state: SessionState) -> int | None:
    """How long the times to come will take; None where nobody knows, or nothing is to come."""
    pace = pace_ns(view)
    if pace is None or not going_on(view, state) or not view.of or not view.times:
        return None
    spent = max(min(state.t - view.times[-1].began - pace, pace), 0)
    return max(pace * (view.of - view.done) - spent, 0)


def going_on(view: IterationsView, state: SessionState) -> bool:
    """Whether more times of this check are to come."""
    check = state.checks.get(view.check)
    under_way = check is None or check.word == "RUNNING" or check.ended is None or view.done < view.of
    return not state.ended and not (view.of and view.done >= view.of) and view.kind not in STOPPED and under_way


def tried_rows(state: SessionState) -> list[TriedRow]:
    """The table."""
    return [tried_row(view, state) for view in views_of(state)]


def tried_row(view: IterationsView, state: SessionState) -> TriedRow:
    """One repeated check as a line of the table."""
    failed, passed = view.words.get("FAIL", 0), view.words.get("PASS", 0)
    check = state.checks.get(view.check)
    left = left_ns(view, state)
    return TriedRow(
        name=clean(view.check), word=check.word if check else "", kind=view.kind, rate=f"{failed} of {passed + failed}",
        between=between(failed, passed + failed), done=view.done, of=view.of, left=mmss(left, tenths=False) if left is not None else "",
        words=tuple(one.word for one in view.times),
    )  # fmt: skip


def sentence(state: SessionState) -> str:
    """All repeated checks at this moment."""
    views = views_of(state)
    counts = {kind: sum(view.kind == kind for view in views) for kind in ("broken", "flaky", "stable", "inconclusive")}
    said = ", ".join(f"{count} {'undecided' if kind == 'inconclusive' else kind}" for kind, count in counts.items() if count)
    return f"{len(views)} repeated check{'s' if len(views) > 1 else ''}: {said}"


def whole_left_ns(state: SessionState) -> int | None:
    """How long until the last of them is done; those of one phase run side by side, so that this is the least."""
    left = [one for view in views_of(state) if (one := left_ns(view, state)) is not None]
    return max(left) if left else None


def about_line(view: IterationsView, one: IterationView, width: int) -> list[Line]:
    """The time under the cursor: when, how long, where, and why."""
    took = f", {one.ms / 1000:.2f} s" if one.ms is not None else ""
    circumstances = [f"instance {clean(one.instance)}"] if one.instance else []
    circumstances += ["cold"] if one.cold else []
    where = f", {', '.join(circumstances)}" if circumstances else ""
    tone = {"PASS": "good", "FAIL": "bad"}.get(one.word, "warn")
    head = f"the {ordinal(one.number)}, at {mmss(one.began)}{took}{where}: "
    text = wrap(f"{head}{one.word}: {clean(one.reason)}", width, 2)
    return [((part, tone if index == 0 and one.word != "PASS" else "plain"),) for index, part in enumerate(text)]


def group_lines(times: Times, view: IterationsView, state: SessionState, width: int) -> list[Line]:
    """What the failures have in common, where they differ, and what would decide the class."""
    lines: list[Line] = []
    glyph = glyphs()
    if times.failed:
        shape = times.shape_text()
        if times.since:
            shape = f"every one since the {ordinal(times.since)}"
        head = f"{times.failed} of {times.judged} failed: {times.class_text()}" + (f"; {shape}" if shape else "")
        lines += [((part, "strong"),) for part in wrap(head, width)]
    elif times.judged:
        lines += [((part, "strong"),) for part in wrap(f"none of {times.judged} failed: {times.clean_text()}", width)]
    for claim in times.claims():
        lines += [((part, "warn"),) for part in wrap(claim, width)]
    for group in times.sorted_groups():
        first, last = group.first, group.last
        span = f"the {ordinal(first.number)}" + (f" to the {ordinal(last.number)}" if group.count > 1 else "")
        count = fit(f"{group.count}{'×' if glyph.passed != '+' else 'x'}", 5, "right")
        parts = wrap(f"{clean(group.signature) or 'no message'} ({span})", max(width - 6, 8), 2)
        lines += [((count if index == 0 else " " * 5, "bad"), (f" {part}", "plain")) for index, part in enumerate(parts)]
    if times.ungrouped:
        lines.append(((f"{times.ungrouped} more failures, each with a signature of its own", "dim"),))
    pair = times.pair
    if pair is not None:
        before, fail = pair
        text = (
            f"last pass beside first fail: the {ordinal(before.number)} at {mmss(before.began)}, the {ordinal(fail.number)} at "
            f"{mmss(fail.began)}"
        )
        lines += [((part, "plain"),) for part in wrap(text, width)]
    took = durations(view)
    if took:
        lines.append(((took, "dim"),))
    shares = times.told_apart()
    if shares:
        lines.append(BLANK)
        claimed = " ".join(times.claims())
        for share in shares:
            low, high = times.share_interval(share)
            rate = f"{share.failed} of {share.n} failed, {percent(low)} to {percent(high)}"
            lines.append(((fit(clean(share_name(share)), 24), "dim"), (rate, "plain")))
        if times.failed and not claimed:
            lines += [((part, "dim"),) for part in wrap("no difference between these that chance does not explain", width)]
    return lines


def listed(view: IterationsView, chosen: IterationView | None) -> list[IterationView]:
    """The times to list: those that did not pass and the one under the cursor, the newest first; without any, the newest of all."""
    found = [one for one in view.times if one.word != "PASS" or one is chosen]
    if all(one.word == "PASS" for one in found):
        found = view.times[-LISTED:]
    return list(reversed(found))[:LISTED]


def list_lines(times: list[IterationView], chosen: IterationView | None, width: int) -> tuple[list[Line], int | None]:
    """A line a time: which, when, how long, where, and its signature or what it says; also the line of the one under the cursor."""
    place = max([0, *(len(clean(one.instance)) for one in times)])
    place = min(max(place, 8), 20) + 2 if place else 0
    head = f"{'':2}{'time':>5}  {'at':<9}{'took, s':>8}  " + (fit("instance", place) if place else "") + fit("", 6)
    lines: list[Line] = [((fit(head, width), "dim"),)]
    for one in times:
        tone = TONES.get(one.word, "dim")
        took = f"{one.ms / 1000:.2f}" if one.ms is not None else ""
        where = fit(clean(one.instance), place) if place else ""
        lead = f"{one.number:>5,}  {mmss(one.began):<9}{took:>8}  {where}{'cold' if one.cold else '':<6}"
        lines.append(((f"{glyphs().word(one.word)} ", tone), (lead, "plain"), (clean(one.signature or one.reason), "dim")))
    at = next((index for index, one in enumerate(times) if one is chosen), None)
    return [clip(line, width) for line in lines], None if at is None else at + 1


def durations(view: IterationsView) -> str:
    """How long its times took; percentiles from as many as they need (the Samples contract)."""
    took = sorted(one.ms for one in view.times if one.ms is not None)
    if len(took) < 2:
        return ""
    shown = [("p50", 0.5, 20), ("p95", 0.95, 20), ("p99", 0.99, 100)]
    parts = [f"{name} {took[ceil(q * len(took)) - 1] / 1000:.2f} s" for name, q, least in shown if len(took) >= least]
    return f"one time took {', '.join([*parts, f'{took[0] / 1000:.2f} to {took[-1] / 1000:.2f} s'])}"


def decide_line(times: Times, view: IterationsView, state: SessionState) -> tuple[str, str]:
    """What would decide the class, and the tone."""
    if view.kind == "broken":
        over = f", it was not driven on after {view.done} of {view.of}" if view.of and view.done < view.of else ""
        return f"decided: broken{over}", "bad"
    text = decides(times, view.of if going_on(view, state) else 0)
    return (f"to decide: {text}", "dim") if text else (f"decided: {view.kind}", "bad" if view.kind == "flaky" else "good")


def neighbour(view: IterationsView, number: int, step: int, word: str) -> IterationView | None:
    """The nearest time before (-1) or after (1) that read `word`."""
    found = view.times[: number - 1] if step < 0 else view.times[number:]
    return next((one for one in (reversed(found) if step < 0 else found) if one.word == word), None)
