"""What there is to say about one row: pretty, raw, timing, and who cites it.

Pretty and raw hold the text as it came: whoever draws or copies it cleans what is seen of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tui_app.logged import ids_of
from tui_app.model import SECOND, Row
from tui_app.recording.reader import Reader
from tui_app.recording.state import SessionState
from tui_app.screens.masking import is_masked, masked
from tui_app.screens.row_words import arrow, clock_time, describe, number, short_id
from tui_app.screens.safe import clean
from tui_app.wire.envelope import normalise
from widgets.frame_view import Section

if TYPE_CHECKING:
    from tui_app.screens.others import Elsewhere

NEAR: Final = SECOND
"""Loop lag counts as near a row within this many nanoseconds."""
CLOSED: Final = 64
"""Characters up to which a list of plain values is shown on one line."""
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)")


@dataclass(frozen=True, slots=True)
class Where:
    """A condition on rows for the reader, where the query language has no word for it."""

    sql: str
    params: Sequence[Any] = ()
    state_only: bool = False


def same_socket(row: Row) -> Where:
    """Frames of the connection that `row` belongs to; of every one, where it belongs to none."""
    return Where("kind = 'frame' AND conn = ?", (row.conn,)) if row.conn else Where("kind = 'frame'")


def utc(started: str, t: int) -> str:
    """The moment `t` ns after `started` (RFC 3339), as hh:mm:ss.mmm UTC; empty where the start is unknown."""
    try:
        begin = datetime.fromisoformat(started)
    except ValueError:
        return ""
    begin = begin if begin.tzinfo else begin.replace(tzinfo=UTC)
    moment = (begin + timedelta(microseconds=t / 1000)).astimezone(UTC)
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d} UTC"


def pretty(text: str) -> list[str] | None:
    """JSON indented, otherwise as it travelled (number forms and repeated keys are kept); None where it is no JSON."""
    try:
        msgspec.json.decode(text)
        shaped = msgspec.json.format(text, indent=2)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError):
        return None
    if "\\u" in shaped:
        shaped = _ESCAPE.sub(_shown, shaped)
    return _closed(shaped.split("\n"))


def _closed(lines: list[str]) -> list[str]:
    """Short lists of plain values on one line each; the rest as it is."""
    out: list[str] = []
    opened = -1  # where in `out` the last list began, while nothing but plain values followed
    for line in lines:
        out.append(line)
        last = line[-1:]
        if last in "[{":
            opened = len(out) - 1 if last == "[" else -1
        elif line.lstrip()[:1] in ("]", "}"):
            if opened >= 0 and line.lstrip()[0] == "]":
                values = " ".join(item.strip() for item in out[opened + 1 : -1])
                if len(values) + len(out[opened]) <= CLOSED:
                    out[opened:] = [f"{out[opened]}{values}{line.strip()}"]
            opened = -1
        elif opened >= 0 and len(out) - opened > CLOSED:
            opened = -1
    return out


def _shown(found: re.Match[str]) -> str:
    """An escaped letter as the letter; what is not printable, or is half of a pair, stays escaped."""
    if not found.group(1):
        return found.group()
    letter = chr(int(found.group(1), 16))
    return letter if letter.isprintable() and letter not in '"\\' else found.group()


def sections(row: Row, reader: Reader | None, state: SessionState, there: Elsewhere | None = None) -> list[Section]:
    """All readings of a row, in the order of their tabs; `there`: it is another engine's."""
    if is_masked(row, state):
        row = masked(row)
    shaped = pretty(row.text)
    cited = cited_by(state, row.seq)
    raw = row.text.splitlines() or ["nothing was carried"]
    return [
        Section("pretty", shaped, "json") if shaped is not None else Section("pretty", raw),
        Section("raw", raw),
        Section("timing", facts=timing(row, reader, state) if there is None else timing_there(there, state)),
        Section(f"cited by {len(cited)}", facts=cited or [("", "no finding and no verdict names this row", "dim")]),
    ]


def heading(row: Row) -> tuple[str, str, str]:
    """What the row is in one line, where it belongs, and the tone."""
    kind, text, tone = describe(row)
    name = f"{arrow(row)} {kind}".strip()
    first = f"{name}  {text}"
    place = [f"connection {row.conn}" if row.conn else "", f"run {short_id(row.run)}" if row.run else ""]
    place += [f"thread {short_id(row.thread)}" if row.thread else "", clean(row.check)]
    return first, "  ".join(part for part in (clean(row.user), *place) if part), tone


def timing(row: Row, reader: Reader | None, state: SessionState) -> list[tuple[str, str, str]]:
    """When it came, and what came before it: the facts that a latency claim rests on."""
    done = {"in": "arrived", "out": "sent"}.get(row.dir, "happened")
    started = reader.header.get("started", "") if reader is not None else state.started
    facts = [
        (done, f"{clock_time(row.t)}  since the session began", ""),
        ("", utc(started or state.started, row.t), ""),
    ]
    facts += [(name, value, "") for name, value in carried(row)]
    if row.ms is not None:
        facts.append(("took", number(row.ms), ""))
    if row.kind == "frame":
        facts.append(("size", f"{row.size or len(row.text.encode('utf-8', 'replace')):,} bytes", ""))
        if reader is not None:
            facts += _since_request(row, reader)
            before = reader.last(same_socket(row), row.seq - 1, budget=0.05)
            if before is not None:
                what = f"{arrow(before)} {clean(before.type[:40])}, row {before.seq:,}"
                facts.append(("since previous", f"{number((row.t - before.t) / 1e6)}  after {what}", ""))
            else:
                facts.append(("since previous", "the first on this socket", "dim"))
    if reader is not None:
        facts.append(("loop lag", *lag_near(row, reader)))
    return facts


def timing_there(there: Elsewhere, state: SessionState) -> list[tuple[str, str, str]]:
    """The same of another engine's row: what came before it is looked up where it came, and its own time is told by the lead's clock."""
    if there.own is None:
        return [*timing(there.row, None, state), ("recorded", there.note, "warn")]
    first, *rest = timing(there.own, there.reader, state)
    return [(first[0], f"{clock_time(there.row.t)}  since the session began", first[2]), *rest, ("recorded", there.name, "dim")]


def carried(row: Row) -> list[tuple[str, str]]:
    """The ids by which the server's own logs know a frame or a request; Y copies a query with them."""
    if row.kind not in ("frame", "http") or len(row.text) > 1_000_000:
        return []
    ids = ids_of(row)
    named = (("trace id", ids.trace), ("request id", ids.request), ("run id", ids.run), ("thread id", ids.thread))
    return [(name, clean(value)) for name, value in named if value]


def _since_request(row: Row, reader: Reader) -> list[tuple[str, str, str]]:
    """How long after its request it came, and how far the server's own clock is from ours there."""
    if row.dir != "in" or len(row.text) > 1_000_000:
        return []
    event = normalise(row.text)[0]
    facts: list[tuple[str, str, str]] = []
    if event.request:
        asked = Where("kind = 'frame' AND dir = 'out' AND instr(text, ?) > 0", (event.request,))
        sent = reader.last(asked, row.seq - 1, budget=0.1)
        if sent is None:
            facts.append(("since its request", "no request of ours that has its id was found", "dim"))
        else:
            own = sent.conn == row.conn
            whose = "" if own else f", sent by {clean(sent.user)} on connection {sent.conn}: not this socket"
            took = number((row.t - sent.t) / 1e6)
            facts.append(
                ("since its request", f"{took}  after {arrow(sent)} {clean(sent.type[:40])}, row {sent.seq:,}{whose}", "" if own else "bad")
            )
    begun = reader.header.get("started", "")
    if event.at is not None and begun:
        try:
            ours = datetime.fromisoformat(begun).timestamp() + row.t / SECOND
        except (ValueError, OverflowError):
            return facts
        facts.append(("server's stamp", f"{number((ours - event.at) * 1000)}  before arrival, by two clocks", "dim"))
    return facts


def lag_near(row: Row, reader: Reader) -> tuple[str, str]:
    """The worst lateness of the engine's own loop within a second of the row, and its tone."""
    lags = Where("kind = 'lag'", state_only=True)
    found = [reader.last(lags, row.seq, budget=0.05), reader.first(lags, row.seq, budget=0.05)]
    near = [lag.ms for lag in found if lag is not None and lag.ms is not None and abs(lag.t - row.t) <= NEAR]
    if not near:
        return "none noted within a second", "dim"
    worst = max(near)
    return f"{number(worst)} late at most, within a second", "warn" if worst > 5 else ""


def cited_by(state: SessionState, seq: int) -> list[tuple[str, str, str]]:
    """Findings that name this row, and the verdict of their check."""
    facts: list[tuple[str, str, str]] = []
    for check in state.checks.values():
        citing = [finding for finding in check.findings if any(number == seq for _, number in finding.evidence)]
        for finding in citing:
            tone = "bad" if finding.severity in ("critical", "major") else "warn" if finding.severity == "minor" else ""
            facts.append((clean(check.id), f"{finding.severity}: {clean(finding.text)}", tone))
        if citing and check.word:
            facts.append(("", f"the check reads {check.word}: {clean(check.reason)}", ""))
    return facts


def citing_check(state: SessionState, seq: int) -> str:
    """The first check that cites this row, '' if none does."""
    for check in state.checks.values():
        if any(number == seq for finding in check.findings for _, number in finding.evidence):
            return check.id
    return ""
