"""A row of a recording in a person's words: one line for the stream, short ids, times. Nothing here touches a widget's state."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from tui_app.model import CRITICAL_EVENTS, SECOND, Event, Row
from tui_app.screens.safe import clean
from tui_app.wire.envelope import normalise
from widgets.glyphs import ASCII, glyphs

if TYPE_CHECKING:
    from widgets.stream import StreamRow

LOOK: Final = 600
"""How much of a text is looked at for one line."""
DECODE: Final = 65_536
"""Frames longer than this are not decoded for one line: their beginning is shown as it travelled."""

_WORDED: Final = re.compile(r"^(?:(?:run|thread|thr|req|request|msg|message|conn|user)[_-])+", re.IGNORECASE)
_SPACE: Final = re.compile(r"\s+")

Tone = str


def clock_time(ns: int) -> str:
    """Nanoseconds since the session began as mm:ss.mmm; from 100 minutes on with fewer digits, so that the width stays."""
    minutes, rest = divmod(max(ns, 0), 60 * SECOND)
    seconds = rest // 1_000_000
    text = f"{minutes:02d}:{seconds // 1000:02d}.{seconds % 1000:03d}"
    return text[:9]


def short_id(value: str, length: int = 4) -> str:
    """The beginning of an id, without a leading word such as `run_`."""
    return clean(_WORDED.sub("", value[:200])[:length])


def arrow(row: Row) -> str:
    """← for what came from the target, → for what we sent."""
    incoming, outgoing = ("<", ">") if glyphs() is ASCII else ("←", "→")
    return {"in": incoming, "out": outgoing}.get(row.dir, "")


def one_line(text: str, limit: int = LOOK) -> str:
    """The beginning of a remote text on one line, clean."""
    return clean(_SPACE.sub(" ", text[:limit]).strip())


def number(value: Any) -> str:
    """Milliseconds in a sentence."""
    return (
        f"{value:,.0f} ms"
        if isinstance(value, int | float) and value >= 10
        else f"{value:.1f} ms"
        if isinstance(value, int | float)
        else ""
    )


def stream_row(row: Row, gap: float | None = None, hint: str = "") -> StreamRow:
    """The line of `row`. `hint` is what its beginning said and it does not: a request's method, a step's intent."""
    from widgets.stream import StreamRow  # the toolkit: plain-text lines use the words of this module without it

    kind, text, tone = describe(row, hint)
    return StreamRow(
        seq=row.seq,
        time=clock_time(row.t),
        user=clean(row.user[:20]),
        dir=arrow(row),
        type=kind,
        run=short_id(row.run),
        thread=short_id(row.thread, 6),
        ms=row.ms,
        gap=gap,
        text=text,
        tone=tone,
        conn=str(row.conn) if row.conn else "",
    )


def describe(row: Row, hint: str = "") -> tuple[str, str, Tone]:
    """What a row is, what it says, and the tone that repeats it."""
    if row.kind == "frame":
        return _frame(row)
    tell = _TELL.get(row.kind)
    kind, text, tone = tell(row, row.body) if tell else (row.kind, one_line(f"{row.type} {row.text}"), "dim")
    if row.kind == "http" and hint and not row.body.get("method"):
        text = f"{hint} {text}"
    if row.kind == "step" and hint and row.type == "end":
        text = hint + text.removeprefix(f"step {row.body.get('step')}")
    return clean(kind), one_line(text), tone


def _of(row: Row) -> str:
    """The check a row belongs to, behind what it says."""
    return f"  ({row.check})" if row.check else ""


def _s(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    return value if isinstance(value, str) else "" if value is None else str(value)


# -- frames


def _frame(row: Row) -> tuple[str, str, Tone]:
    name = clean(row.type[:40]) or "frame"
    if row.flag in ("binary", "control", "oversize"):
        size = f", {row.size:,} bytes" if row.size else ""
        return name, one_line(f"{row.flag} frame{size}  {row.text}"), "dim" if row.flag == "control" else "warn"
    if len(row.text) > DECODE:
        return name, f"{row.size or len(row.text):,} bytes  {one_line(row.text)}", _tone(row, name)
    events = normalise(row.text)
    if len(events) > 1:
        return name, one_line(f"{len(events)} events: " + ", ".join(event.name for event in events[:12])), _tone(row, name)
    return name, one_line(event_words(events[0]) or ""), _tone(row, events[0].name)


def _tone(row: Row, name: str) -> Tone:
    if name in ("error", "malformed"):
        return "warn"  # a refusal is often what was asked for; red is for what a judge holds against the target
    if row.dir == "out":
        return "out"
    if name in CRITICAL_EVENTS:
        return "accent"
    return "dim" if name in ("pong", "heartbeat", "heartbeat_ack", "ping") else ""


def event_words(event: Event) -> str:
    """What an event says, without its name."""
    if event.name == "malformed":
        return f"not readable as a message ({event.code})"
    if event.name == "error":
        return f"{event.code}  {event.text}".strip()
    if event.name in ("tool_executing", "tool_completed"):
        return f"{event.tool or 'no tool named'}  {event.text}".strip()
    if event.name in ("ping", "pong"):
        return event.request
    parts = [event.agent if event.name == "agent_started" else "", event.text, "replayed by the platform" if event.replayed else ""]
    return "  ".join(part for part in parts if part)


# -- everything that is not a frame

Told = tuple[str, str, Tone]


def _http(row: Row, body: Mapping[str, Any]) -> Told:
    path = _s(body, "path")
    service = _s(body, "service")
    where = f"  ({service})" if service and service != "backend" else ""
    method = row.type if row.dir == "out" else _s(body, "method")
    lead = f"{method} " if method and (row.dir == "out" or method) else ""
    if row.dir == "out":
        return "http", f"{lead}{path}{where}", "out"
    if row.type in ("", "0"):
        return "http", f"{lead}{path} no answer: {_s(body, 'error') or 'unknown'}{where}", "bad"
    tone = "bad" if row.type.startswith("5") else "warn" if row.type.startswith("4") else ""
    return "http", f"{lead}{path} {row.type} {number(row.ms)}{where}", tone


def _conn(row: Row, body: Mapping[str, Any]) -> Told:
    name = f"connection {row.conn}"
    took = f" in {number(row.ms)}" if row.ms is not None else ""
    if row.type == "dialing":
        return "socket", f"dialing {name}, token by {_s(body, 'carry') or 'none'}", "dim"
    if row.type == "open":
        return "socket", f"opened {name}{took}", "good"
    if row.type == "welcome":
        return "socket", f"welcomed on {name}{took}", "good"
    if row.type == "refused":
        why = " ".join(part for part in (_s(body, "status"), _s(body, "code"), _s(body, "reason")) if part)
        return "socket", f"refused {name}: {why or 'no reason given'}", "warn"
    by = {"us": "by us", "target": "by the target", "network": "by the network"}.get(_s(body, "by"), "")
    code = " ".join(part for part in (_s(body, "code"), _s(body, "reason")) if part)
    return "socket", f"closed {name} {by} {code}", "dim" if by == "by us" else "warn"


def _step(row: Row, body: Mapping[str, Any]) -> Told:
    intent = _s(body, "intent") or f"step {_s(body, 'step')}"
    if row.type == "begin":
        limit = body.get("deadline_ms")
        within = f", at most {limit / 1000:g} s" if isinstance(limit, int | float) and limit else ""
        return "step", f"{intent} begins{within}{_of(row)}", "dim"
    outcome = _s(body, "outcome") or "done"
    took = f" in {number(row.ms)}" if row.ms is not None else ""
    return "step", f"{intent} {outcome}{took}{_of(row)}", "dim" if outcome == "done" else "warn"


def _check(row: Row, body: Mapping[str, Any]) -> Told:
    if row.type == "start":
        return "check", f"{row.check} begins", "dim"
    outcome, reason = _s(body, "outcome"), _s(body, "reason")
    said = "has acted" if outcome == "driven" else outcome or "ends"
    return "check", f"{row.check} {said}{': ' + reason if reason else ''}", "dim" if outcome in ("", "driven") else "warn"


def _verdict(row: Row, body: Mapping[str, Any]) -> Told:
    tone = {"PASS": "good", "FAIL": "bad", "SKIPPED": "dim"}.get(row.type, "warn")
    return "verdict", f"{glyphs().word(row.type)} {row.type} {row.check}: {_s(body, 'reason')}", tone


def _criterion(row: Row, body: Mapping[str, Any]) -> Told:
    tone = {"PASS": "good", "FAIL": "bad", "SKIPPED": "dim"}.get(row.type, "warn")
    measured = f": {_s(body, 'measured')}" if _s(body, "measured") else ""
    return "criterion", f"{glyphs().word(row.type)} {row.type} {_s(body, 'id')} {_s(body, 'title')}{measured}", tone


def _result(row: Row, body: Mapping[str, Any]) -> Told:
    word = _s(body, "verdict") or row.type
    return "result", f"{glyphs().word(word)} {word} is the session's word", {"PASS": "good", "FAIL": "bad"}.get(word, "warn")


def _finding(row: Row, body: Mapping[str, Any]) -> Told:
    tone = "bad" if row.flag in ("critical", "major") else "warn" if row.flag == "minor" else "dim"
    return "finding", f"{row.flag}: {_s(body, 'text')}{_of(row)}", tone


def _session(row: Row, body: Mapping[str, Any]) -> Told:
    reason = " ".join(part for part in (_s(body, "reason"), _s(body, "text")) if part)
    return "session", "the session begins" if row.type == "start" else f"the session ends: {reason}", "accent"


def _plain(row: Row, body: Mapping[str, Any]) -> Told:
    facts = ", ".join(f"{key} {value}" for key, value in body.items() if isinstance(value, str | int | float) and value != "")
    took = f" {number(row.ms)}" if row.ms is not None else ""
    where = f"{row.check}: " if row.check else ""
    return row.kind, f"{where}{row.type}{took}  {facts}", "dim"


def _phase(row: Row, body: Mapping[str, Any]) -> Told:
    return "phase", f"phase {_s(body, 'phase')} {'begins' if row.type == 'start' else 'ends'}", "accent"


def _user(row: Row, body: Mapping[str, Any]) -> Told:
    name = _s(body, "name") or _s(body, "sub")
    if row.type == "elsewhere":
        return "user", f"{row.user} is another engine's, as {name}", "dim"
    return (
        "user",
        f"{row.user} signed in as {name}" if row.type == "ready" else f"{row.user} lost: {name}",
        "" if row.type == "ready" else "warn",
    )


def _created(row: Row, body: Mapping[str, Any]) -> Told:
    done = {"made": "made", "tidied": "tidied away", "left": "left behind", "reused": "reused"}.get(row.type, row.type)
    name = short_id(_s(body, "id"), 40 if _s(body, "thing") == "user" else 8)
    return "created", f"{_s(body, 'thing')} {name} {done}", "warn" if row.type == "left" else "dim"


def _attempt(row: Row, body: Mapping[str, Any]) -> Told:
    actor, owner, outcome = _s(body, "actor") or row.user, _s(body, "owner"), _s(body, "outcome")
    tone = {"denied": "good", "allowed": "bad"}.get(outcome, "warn")
    status = f" ({_s(body, 'status')})" if body.get("status") else ""
    action = _s(body, "action")
    action += {"read messages": " of", "write": " to"}.get(action, "")
    mark = glyphs().word({"denied": "PASS", "allowed": "FAIL"}.get(outcome, "INCONCLUSIVE"))
    return "attempt", f"{mark} {outcome}{status}: {actor} tried to {action} {owner}'s {_s(body, 'thing')}", tone


def _tier(row: Row, body: Mapping[str, Any]) -> Told:
    """A direct look into a store."""
    rows = body.get("rows")
    found = f"{rows} found" if rows else "answered" if body.get("found") else _s(body, "error") or "nothing found"
    waited = body.get("waited_ms")
    after = f" after {number(float(waited))}" if isinstance(waited, int | float) else ""
    tone = "" if body.get("found") else "warn"
    return "look", f"{row.type} {_s(body, 'ask')}: {found}{after}", tone


def _engine(row: Row, body: Mapping[str, Any]) -> Told:
    """Another engine of this session, as it tells of itself."""
    number, sums = _s(body, "engine"), body.get("sums") or {}
    if row.type == "witness":
        return "engine", f"engine {number}, row {_s(body, 'seq')}: {_s(body, 'user')} {_s(body, 'dir')} {_s(body, 'type')}", ""
    if row.type == "leak":
        return "engine", f"{_s(body, 'observer')} saw {_s(body, 'what')}", "bad"
    if row.type == "lost":
        return "engine", f"engine {number} with {_s(body, 'users')} was lost: {_s(body, 'why')}", "bad"
    if row.type == "said":
        return "engine", f"engine {number}: {_s(body, 'word')} {_s(body, 'check')}: {_s(body, 'reason')}", ""
    if row.type == "join":
        return "engine", f"engine {number} ({_s(body, 'where')}) drives {_s(body, 'text')}", ""
    told = f"{sums.get('rows', 0):,} rows, {sums.get('received', 0):,} frames in, {sums.get('runs', 0):,} runs"
    return "engine", f"engine {number}{' ended' if row.type == 'end' else ''}: {told}", ""


_TELL: Final = {
    "http": _http, "conn": _conn, "step": _step, "check": _check, "verdict": _verdict, "criterion": _criterion, "finding": _finding,
    "result": _result, "attempt": _attempt,
    "session": _session, "phase": _phase, "user": _user, "created": _created,
    **dict.fromkeys(("target", "action", "lag", "clock", "control", "client", "run", "cell", "sample"), _plain), "tier": _tier,
    "engine": _engine,
}  # fmt: skip
