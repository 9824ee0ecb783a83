"""What the events screen shows of a recording: by a filter, a pin and a mode; and the times a person types."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tui_app.model import SECOND, Row
from tui_app.recording.merged import Rows
from tui_app.recording.query import QueryError, parse
from tui_app.screens.frame_sections import Where
from tui_app.screens.row_words import short_id
from widgets.filter_bar import FilterProblem

QUIET = ("clock", "lag", "sample", "cell", "run", "attempt", "action", "client")
"""Kinds that are shown only when the filter names a kind: bookkeeping, which would hide what happened."""

TOLD = "((kind = 'engine' AND type = 'delta') OR (kind = 'user' AND type = 'elsewhere'))"
"""What engines tell each other all the time: sums, and whose each user is; left out likewise."""

REACH = 100_000
"""Rows around one in which its run's request is looked for."""

_TIME = re.compile(r"^(?:(?:(\d+):)?(\d+):)?(\d+)(?:\.(\d{1,9}))?$")


def check_filter(text: str) -> FilterProblem | None:
    """What is wrong with a filter, and where."""
    try:
        parse(text)
    except QueryError as error:
        return FilterProblem(error.message, error.start, error.end)
    return None


def selection(text: str) -> Where:
    """The rows that the screen shows for a filter; raises QueryError."""
    asked = parse(text)
    if re.search(r"\bkind:", text, re.IGNORECASE):
        return Where(asked.sql, asked.params, asked.state_only)
    quiet = ", ".join(f"'{kind}'" for kind in QUIET)
    what = f"({asked.sql}) AND kind NOT IN ({quiet}) AND NOT {TOLD}"
    return Where(what, asked.params, asked.state_only)


@dataclass(frozen=True, slots=True)
class Pin:
    """One user, or one run of one: everything else is hidden while it is pinned."""

    user: str
    run: str = ""
    request: str = ""
    asked: int = 0
    """Of a run: the row that asked for it."""

    @property
    def words(self) -> str:
        """What the chip says."""
        return f"PIN run {short_id(self.run or self.request)} of {self.user}" if self.asked else f"PIN {self.user}"

    def narrow(self, where: Where) -> Where:
        """The condition, for what is pinned alone."""
        if not self.asked:
            return Where(f"({where.sql}) AND user = ?", (*where.params, self.user), where.state_only)
        own = "(run <> '' AND run = ?) OR (user = ? AND instr(text, ?) > 0)"
        named = (self.run or "\x00", self.user, self.request or "\x00")
        return Where(f"({where.sql}) AND ({own})", (*where.params, *named))


def run_pin(row: Row, reader: Rows, place: float) -> Pin | None:
    """The run that a row belongs to: of the line that it stands beneath, or by what it names."""
    head = reader.row(int(place)) if int(place) != row.seq else row
    if head is not None and head.kind == "step" and head.type == "begin" and head.body.get("intent") == "agent-run":
        request = str(head.body.get("request") or "")
        told = reader.rows(head.seq, {"run"})
        named = next((one for one in told if one.body.get("request") == request and one.run), None)
        return Pin(head.user, named.run if named is not None else "", request, head.seq)
    if not row.run:
        return None
    rows = reader.between(max(row.seq - REACH, 0), row.seq + REACH, Where("kind = 'run' AND run = ?", (row.run,), state_only=True), 1)
    request = str(rows[0].body.get("request") or "") if rows else ""
    asked = Where("kind = 'step' AND type = 'begin' AND instr(text, ?) > 0", (request or "\x00",), state_only=True)
    heads = reader.between(max(row.seq - REACH, 0), row.seq, asked, 1)
    first = heads[0] if heads else row
    return Pin(first.user, row.run, request, first.seq)


def parse_time(text: str) -> int | None:
    """h:mm:ss, mm:ss.mmm or seconds since the session began, in nanoseconds; None where it is none of these."""
    found = _TIME.match(text.strip())
    if found is None:
        return None
    hours, minutes, seconds, fraction = found.groups()
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds)
    return whole * SECOND + int((fraction or "0").ljust(9, "0"))


def check_time(text: str) -> FilterProblem | None:
    """What is wrong with a time."""
    return None if parse_time(text) is not None else FilterProblem("not a time: 2:14 or 02:14.5 or 1:02:14", 0, len(text))
