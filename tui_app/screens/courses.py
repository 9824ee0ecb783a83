"""What takes its course over a session, in words: load levels and soak blocks, what would decide them, and the time left."""

from __future__ import annotations

from statistics import median

from tui_app.model import SECOND
from tui_app.recording.state import BlockView, CheckView, DriftView, LevelView, SessionState
from tui_app.screens import tries
from tui_app.screens.safe import clean
from tui_app.screens.view import mmss
from widgets.glyphs import glyphs
from widgets.hours import amount
from widgets.ramp import ENOUGH, LevelRow

LOAD_CHECK, SOAK_CHECK = "fifty-users", "soak"
USERS_WANTED = 50
"""Users at once that the strategy's criterion is about."""
SLOW = 1.5
"""A block is slow where a median is so many times that of all measured blocks, and more than `SLOW_MS` over it."""
SLOW_MS = 1.0
ENOUGH_SAMPLES = 5
"""Fewer in a block make no median that would be called slow."""


# -- load


def level_rows(state: SessionState) -> list[LevelRow]:
    """The levels of the ramp so far, in order."""
    levels = [state.levels[number] for number in sorted(state.levels)]
    baseline = next((level.control_p95 for level in levels if level.control_p95 is not None), None)
    return [
        LevelRow(
            users=level.users, state=clean(level.state), sockets=level.sockets, overlap=level.overlap, asked=level.asked,
            completed=level.completed, failed=level.failed, throttled=level.throttled, late=level.late,
            first=(level.first_p50, level.first_p95), run=(level.run_p50, level.run_p95), ping=level.ping_p95, control=level.control_p95,
            baseline=baseline, began=level.began / SECOND, ended=level.ended / SECOND if level.ended is not None else None,
            knee=level.knee, why=clean(level.why),
        )
        for level in levels
    ]  # fmt: skip


def newest_level(state: SessionState) -> LevelView | None:
    """The level under way, or the last one."""
    return state.levels[max(state.levels)] if state.levels else None


def load_left_ns(state: SessionState) -> int | None:
    """How long the levels to come will take, from how long those took that are over; None where nothing can be said."""
    level = newest_level(state)
    took = [one.ended - one.began for one in state.levels.values() if one.ended is not None]
    if state.ended or level is None or not took or level.state == "stopped":
        return None
    each = int(median(took))
    under_way = level.ended is None
    spent = max(state.t - level.began, 0) if under_way else 0
    return max((each - spent) if under_way else 0, 0) + each * max(level.of - level.number, 0)


def load_sentence(state: SessionState) -> str:
    """The ramp at this moment: `level 3 of 6: 20 users, 18 runs at once`."""
    level = newest_level(state)
    if level is None:
        return ""
    if level.state == "stopped":
        return f"load stopped itself at {level.users} users: {clean(level.why) or 'no reason given'}"
    runs = f"{level.runs} runs at once" if level.runs != 1 else "1 run at once"
    if level.ended is not None and level.number >= level.of:
        return f"load: all {level.of} levels done, {level.users} users, {level.overlap} runs at once at most"
    if level.ended is not None:
        return f"load: level {level.number} of {level.of} done ({level.users} users), the next one comes"
    doing = "climbing to " if level.state == "climbing" else ""
    return f"load: level {level.number} of {level.of}: {doing}{_users(level.users)}, {runs}"


def _users(count: int) -> str:
    return "1 user" if count == 1 else f"{count} users"


def level_words(row: LevelRow, number: int, of: int) -> str:
    """What the table does not say of a level: which one it is, its state, what the control user felt against the first one."""
    state = {"holding": "under way"}.get(row.state, row.state)
    late = f", {row.late} answered late" if row.late else ""
    return f"level {number} of {of} {state}{late}; {control_words(row)}"


def control_words(row: LevelRow) -> str:
    """What the control user felt at a level, against the first one."""
    if row.control is None:
        return "control user: too few pings yet"
    if row.baseline is None or row.baseline <= 0 or row.control == row.baseline:
        return f"control user's ping p95 {row.control:.1f} ms"
    return f"control user's ping p95 {row.control:.1f} ms, {row.control / row.baseline:.1f} times its first"


def load_decides(state: SessionState) -> tuple[str, str]:
    """What is known of the criterion, and the tone: the check's own words once it has ended, else what is still missing."""
    check = state.checks.get(LOAD_CHECK)
    if check is not None and check.word not in ("", "RUNNING"):
        return _judged(check)
    level = newest_level(state)
    if level is None:
        return "", "dim"
    most = max(one.users for one in state.levels.values())
    wanted = f"{USERS_WANTED} sockets and runs at once, {int(ENOUGH * 100)} % of runs done, isolation clean"
    if level.state == "stopped":
        return f"undecided at {most} users: a ramp that gets to {wanted} would decide it", "warn"
    if most < USERS_WANTED and level.ended is not None and level.number >= level.of:
        return f"this ramp ends at {most} users; 50 users would take {wanted}", "dim"
    return f"decided by {wanted}; {most} users so far", "dim"


def _judged(check: CheckView) -> tuple[str, str]:
    tone = {"PASS": "good", "FAIL": "bad"}.get(check.word, "warn")
    if check.to_decide and check.word not in ("PASS", "FAIL"):
        return f"{check.word} {check.id}, to decide: {clean(check.to_decide)}. {clean(check.reason)}", tone
    return f"{check.word} {check.id}: {clean(check.reason)}", tone


def knee_words(rows: list[LevelRow]) -> str:
    """Where the knee is, '' where none was seen."""
    knee = next((row for row in rows if row.knee), None)
    if knee is None:
        return ""
    return f"{glyphs().knee} knee at {knee.users} users" + (f": {knee.why}" if knee.why and knee.state != "stopped" else "")


# -- soak


def blocks_of(state: SessionState) -> list[BlockView]:
    """The blocks that are over, in order."""
    return [state.blocks[number] for number in sorted(state.blocks)]


def slow_series(block: BlockView, usual: dict[str, float]) -> list[str]:
    """The series whose median in this block is far over the usual one."""
    return [
        name
        for name, (count, middle, _) in block.series.items()
        if count >= ENOUGH_SAMPLES
        and middle is not None
        and name in usual
        and middle > usual[name] * SLOW
        and middle - usual[name] > SLOW_MS
    ]


def usual_medians(blocks: list[BlockView]) -> dict[str, float]:
    """The median over the measured blocks of each series' medians, ms."""
    found: dict[str, list[float]] = {}
    for block in blocks:
        if block.state == "measured":
            for name, (_, middle, _) in block.series.items():
                if middle is not None:
                    found.setdefault(name, []).append(middle)
    return {name: median(values) for name, values in found.items()}


def soak_span_ns(state: SessionState) -> tuple[int, int]:
    """(spent, wanted) of the soak, ns: from its first block's beginning; wanted is 0 where it is not known."""
    blocks = blocks_of(state)
    if not blocks:
        return 0, int(state.duration_s * SECOND)
    first, last = blocks[0], blocks[-1]
    wanted = int(state.duration_s * SECOND) or int(last.of * max(first.seconds, 0.0) * SECOND)
    over = state.ended or last.number >= last.of > 0
    end = last.began + int(last.seconds * SECOND) if over else state.t
    return min(max(end - first.began, 0), wanted or end), wanted


def _named(drift: DriftView) -> str:
    return clean(drift.what).replace("_", " ")


def drift_words(state: SessionState) -> str:
    """Drift so far in a few words: what is named, or that nothing is and what would have been seen."""
    if not state.drifts:
        return "drift: too few blocks yet"
    worst = [drift for drift in state.drifts.values() if drift.word == "FAIL"]
    if worst:
        return "drift in " + ", ".join(map(_named, worst[:3]))
    known = [drift for drift in state.drifts.values() if drift.word == "PASS"]
    if not known:
        return "drift: not yet to be told"
    shown = next((drift for drift in sorted(known, key=lambda drift: drift.what != "ping") if drift.detectable), None)
    bound = f" ({_named(shown)}: from {amount(shown.detectable)} {clean(shown.unit)}/h)" if shown is not None else ""
    return f"no drift{bound}" if len(known) == len(state.drifts) else f"no drift in {len(known)} of {len(state.drifts)}{bound}"


def soak_sentence(state: SessionState, *, drift: bool = True) -> str:
    """The soak at this moment: `soak 42:10 of 2:00:00, block 9 of 24; no drift (ping: from 0.5 ms/h)`, the least that would have shown."""
    blocks = blocks_of(state)
    check = state.checks.get(SOAK_CHECK)
    if not blocks:
        span = f" of {mmss(int(state.duration_s * SECOND), tenths=False)}" if state.duration_s else ""
        return f"soak{span}: the first block is under way" if check is not None and check.word == "RUNNING" else ""
    spent, wanted = soak_span_ns(state)
    last = blocks[-1]
    under_way = not state.ended and last.number < last.of
    words = f"; {drift_words(state)}" if drift else ""
    block = f"block {last.number + 1} of {last.of}" if under_way else f"{last.number} of {last.of} blocks"
    return f"soak {mmss(spent, tenths=False)} of {mmss(wanted, tenths=False)}, {block}{words}"


def soak_left_ns(state: SessionState) -> int | None:
    """How long the soak goes on, None where it is over or not known."""
    spent, wanted = soak_span_ns(state)
    blocks = blocks_of(state)
    if state.ended or not blocks or not wanted or blocks[-1].number >= blocks[-1].of > 0:
        return None
    return max(wanted - spent, 0)


def soak_decides(state: SessionState) -> tuple[str, str]:
    """What is known of the criterion, and the tone."""
    check = state.checks.get(SOAK_CHECK)
    if check is not None and check.word not in ("", "RUNNING"):
        return _judged(check)
    if not state.blocks:
        return "", "dim"
    last = blocks_of(state)[-1]
    dropped = sum(block.unexpected for block in state.blocks.values())
    if dropped:
        return f"{dropped} unexpected drop{'s' if dropped > 1 else ''} to be explained: the soak fails where one stays unexplained", "bad"
    left = max(last.of - last.number, 0)
    return f"decided by {left} more block{'' if left == 1 else 's'} without an unexplained drop or drift over its limit", "dim"


def course_sentences(state: SessionState) -> list[tuple[str, str]]:
    """What takes its course, for the Live screen: a sentence and the key of its screen; the newest course first."""
    found = [(soak_sentence(state), "8"), (load_sentence(state), "7")]
    newest = newest_level(state)
    blocks = blocks_of(state)
    if newest is not None and (not blocks or newest.seq > blocks[-1].seq):
        found.reverse()
    found.append((tries.sentence(state) if state.iterations else "", "9"))
    return [(text, key) for text, key in found if text]
