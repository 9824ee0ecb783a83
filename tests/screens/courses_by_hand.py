"""Rows of load ramps, soaks and recoveries made by hand: nothing here happened, every number is chosen."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

from recordings import Script, beginning, header

from tui_app.model import SECOND, Row
from tui_app.recording.fold import Fold
from tui_app.recording.state import SessionState
from tui_app.recording.writer import Writer

USERS = (1, 5, 10, 20, 35, 50)
HOLD = 20
"""Seconds that a level takes."""


def level_row(script: Script, number: int, *, under_way: bool = False, stopped: str = "", knee: bool = False) -> Row:
    """One level of a ramp in which latency grows with the users, and bends at 35."""
    users = USERS[number - 1]
    strain = 1 + users / 60 + (1.8 if users >= 35 else 0.0)
    asked = users * 4
    failed = users // 10 if stopped else 0
    done = asked // 2 if under_way else asked - failed
    began = (12 + (number - 1) * HOLD) * SECOND
    body = {
        "number": number, "of": len(USERS), "users": users, "sockets": users, "runs": max(users - 2, 1),
        "overlap": max(users - users // 9, 1),
        "asked": asked, "completed": done, "failed": failed, "throttled": 3 if users >= 35 else 0, "late": 0,
        "first_p50_ms": 38.0 * strain if users >= 5 else None, "first_p95_ms": 61.0 * strain if users >= 5 else None,
        "run_p50_ms": 1900.0 * strain if users >= 5 else None, "run_p95_ms": 2600.0 * strain if users >= 5 else None,
        "ping_p95_ms": 1.9 * strain, "control_p95_ms": 1.8 + (users / 25), "began": began,
        "ended": None if under_way else began + HOLD * SECOND, "knee": knee,
        "why": stopped or ("run p95 doubles while the rate stays" if knee else ""),
    }  # fmt: skip
    script.t = max(script.t, began + (HOLD // 2 if under_way else HOLD) * SECOND)
    return script.row(
        "level", check="fifty-users", type="stopped" if stopped else "holding" if under_way else "done", text=json.dumps(body)
    )


def ramp(script: Script, upto: int = len(USERS), *, under_way: bool = False, stopped: str = "") -> Iterator[Row]:
    """The levels 1 to `upto`, the last one under way, or stopped for a reason."""
    for number in range(1, upto + 1):
        last = number == upto
        yield level_row(script, number, under_way=under_way and last, stopped=stopped if last else "", knee=USERS[number - 1] == 35)


def block_row(script: Script, number: int, of: int, seconds: float = 300.0) -> Row:
    """One block of a soak: the seventh is slow, the eleventh excluded, sockets are renewed every fourth."""
    began = 30 * SECOND + int((number - 1) * seconds * SECOND)
    slow = number == 7
    wave = 1 + 0.15 * math.sin(number)
    excluded = number == 11
    body = {
        "number": number, "of": of, "began": began, "seconds": seconds,
        "series": {
            "ping": {"n": 1500, "median": 1.9 * wave * (3 if slow else 1), "p95": 4.1 * wave * (4 if slow else 1)},
            "first_event": {"n": 150, "median": 41.0 * wave, "p95": 77.0 * wave},
            "run": {"n": 150, "median": 1910.0 * wave, "p95": 2400.0 * wave},
            "http": {"n": 300, "median": 11.0 * wave, "p95": 21.0 * wave},
        },
        "rates": {"runs": 30.1, "events": 154.0, "errors": 0.2}, "planned": 5 if number % 4 == 0 else 0,
        "unexpected": 1 if number == 9 else 0, "recovered_ms": [310.0, 280.0, 355.0, 290.0, 412.0] if number % 4 == 0 else [],
        "own": {"rss_mb": 61.0 + number * 0.05, "fds": 31, "lag_ms": 1.2}, "why": "the session was on hold for 41 s" if excluded else "",
    }  # fmt: skip
    script.t = max(script.t, began + int(seconds * SECOND))
    return script.row("block", check="soak", type="excluded" if excluded else "measured", text=json.dumps(body))


DRIFTS = (
    ("ping", "ms", 0.04, -0.1, 0.2, 0.3, 0.5),
    ("first_event", "ms", -0.2, -1.4, 1.1, 2.6, 25.0),
    ("run", "ms", 0.9, -10.0, 27.0, 31.0, 150.0),
    ("http", "ms", 0.0, -0.7, 0.8, 1.5, 2.5),
    ("errors", "%", 0.1, -0.4, 0.7, 1.1, 0.5),
    ("own memory", "MB", 0.6, 0.4, 0.7, 0.3, 50.0),
    ("own loop lag", "ms", 0.0, -0.1, 0.1, 0.2, 1.0),
)


def drift_row(script: Script, blocks: int, drift: tuple[str, str, float, float, float, float, float], *, drifting: bool) -> Row:
    """One drift after so many blocks; `drifting` makes runs slower and slower."""
    what, unit, slope, low, high, detectable, limit = drift
    word, reason = "PASS", ""
    if what == "run" and drifting:
        word, slope, low, high, reason = "FAIL", 610.0, 482.0, 770.0, f"slower in every one of {blocks} blocks"
    if what == "errors" and blocks < 12:
        word, reason = "INCONCLUSIVE", "3 more blocks would show a drift of the limit"
    body = {
        "what": what, "unit": unit, "blocks": blocks, "slope": slope, "low": low, "high": high,
        "detectable": detectable * (24 / (blocks + 4)), "limit": limit, "reason": reason,
    }  # fmt: skip
    return script.row("drift", check="soak", type=word, text=json.dumps(body))


def soak(script: Script, done: int, of: int = 24, seconds: float = 300.0, *, drifting: bool = False) -> Iterator[Row]:
    """`done` blocks of `of`, and the drifts after the third."""
    for number in range(1, done + 1):
        yield block_row(script, number, of, seconds)
        for drift in DRIFTS if number >= 3 else ():
            yield drift_row(script, number, drift, drifting=drifting)


SERIES = {
    "connect": (41.0, 2000.0), "connect_dns": (0.4, None), "connect_tcp": (1.1, None), "connect_tls": (9.0, None),
    "connect_upgrade": (8.0, None), "connect_welcome": (22.0, None), "connect_cold": (95.0, 2000.0), "ping": (1.9, 100.0),
    "control_ping": (0.9, None), "first_event": (41.0, None), "gap": (180.0, None), "run": (1910.0, 30000.0), "one_way": (1.1, None),
    "http": (11.0, None), "http_connect": (2.0, None), "http_tls": (5.0, None), "http_wait": (6.1, None), "http_body": (0.5, None),
}  # fmt: skip
RECOVERY = {"recovery_detect": 800.0, "recovery_reconnect": 45.0, "recovery_auth": 30.0, "recovery_first": 210.0, "recovery_catch_up": 90.0}


def samples(script: Script, count: int = 60) -> Iterator[Row]:
    """So many samples of every series, and twelve recoveries with their parts."""
    for index in range(count):
        for name, (middle, limit) in SERIES.items():
            value = middle * (1 + 0.3 * math.sin(index * 1.7 + len(name)))
            body = {"ref": [script.seq, script.seq]} | ({"limit_ms": limit} if limit else {})
            yield script.row("sample", user=f"u{index % 5 + 1}", type=name, ms=round(value, 2), text=json.dumps(body))
    for index in range(12):
        parts = {name: middle * (1 + 0.4 * math.sin(index * 2.1 + len(name))) for name, middle in RECOVERY.items()}
        whole = sum(value for name, value in parts.items() if name != "recovery_catch_up")
        for name, value in {**parts, "recovery": whole}.items():
            body = {"ref": [script.seq, script.seq]} | ({"limit_ms": 5000.0} if name == "recovery" else {})
            yield script.row("sample", user=f"u{index % 5 + 1}", conn=20 + index, type=name, ms=round(value, 2), text=json.dumps(body))


def course_header(duration_s: float = 0.0) -> dict[str, str]:
    """The header of such a recording."""
    found = header()
    planned = json.loads(found["checks"])
    for suite, check, title in (("3.2", "fifty-users", "Fifty users at once"), ("3.2", "soak", "Stable for hours")):
        planned.append({"id": check, "phase": "3", "suite": suite, "title": title, "proves": title, "impact": title, "required": True})
    found["checks"] = json.dumps(planned)
    found["plan"] = json.dumps({"target": {"name": "staging", "environment": "staging"}, "preset": "quick", "duration_s": duration_s})
    return found


def state_of(rows: Iterator[Row], duration_s: float = 0.0) -> SessionState:
    """What a viewer folds from these rows."""
    fold = Fold(course_header(duration_s))
    for row in rows:
        fold.apply(row)
    return fold.state


def record_course(path: Path, rows: Iterator[Row], duration_s: float = 0.0) -> None:
    """Write these rows as a recording."""
    writer = Writer(path, course_header(duration_s))
    for row in rows:
        writer.append(row)
    writer.close()


def session(script: Script, *parts: Iterator[Row], end: bool = False) -> Iterator[Row]:
    """A session's beginning, these parts one after the other, and its end."""
    yield from beginning(script, 5)
    for part in parts:
        yield from part
    if end:
        yield script.row("session", type="end", text='{"reason": "complete"}')
