"""Where the operator's own logs tell of what a recording shows: ids that a server would have logged, UTC, and a query with both.

A target file's `[logs] query` is a template in whatever language the operator's logging has:

    query = '(trace="{trace}" OR jsonPayload.run_id="{run}") AND timestamp>="{from}" AND timestamp<="{to}"'

A placeholder is a word in braces; `{{` and `}}` are braces themselves, and braces around anything else stay as they are. Ids come from
the target: whatever could end a quoted value is written as `\\uXXXX`, so that an id stays one value in any query language.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from tui_app.model import SECOND, Row
from tui_app.sanitize import sanitize
from tui_app.wire.instances import REQUEST_HEADERS, TRACE_HEADERS

PLACEHOLDERS: Final = {
    "trace": "trace id of the first row that has one",
    "request": "id of the request or message",
    "run": "run_id of the agent run",
    "thread": "thread id",
    "session": "id of Vigil's session",
    "from": "UTC, RFC 3339: the first row, less margin_s",
    "to": "UTC, RFC 3339: the last row, and margin_s",
}
"""What a query may name, with what stands there."""
MARGIN_S: Final = 30.0
"""How much of the logs before and after the evidence is asked for: two clocks never agree."""
UNKNOWN: Final = "not-known"
"""Stands for an id that the rows do not carry: an empty one would match whatever has none."""
LONGEST: Final = 200
_DEEP: Final = 4
_HELD: Final = 8
_WORD: Final = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}")
_QUOTES: Final = "\"'`"
_PLAIN: Final = re.compile(r"[^A-Za-z0-9._-]")
_QUOTED: Final = re.compile(r"[^A-Za-z0-9._:/+=@ -]")
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")  # W3C Trace Context 3.2
_TRACE_KEYS: Final = ("trace_id", "traceId", "traceparent", "trace")
_REQUEST_KEYS: Final = ("request_id", "requestId", "correlation_id", "correlationId")


class Ids(msgspec.Struct, frozen=True):
    """What a server would have logged of some rows, printable, '' where they carry none."""

    trace: str = ""
    request: str = ""
    run: str = ""
    thread: str = ""

    def words(self) -> str:
        """`trace 4bf9, request 7a1c`: the ids that are not told elsewhere."""
        return ", ".join(f"{name} {value}" for name, value in (("trace", self.trace), ("request", self.request)) if value)


def ids_of(row: Row) -> Ids:
    """The ids of one frame, request or connection: from its headers (W3C Trace Context and its relatives), else from its text."""
    if row.kind not in ("frame", "http", "conn"):
        return Ids(run=_printable(row.run), thread=_printable(row.thread))
    body = row.body
    headers = {str(key).lower(): value for key, value in found.items()} if isinstance(found := body.get("headers"), dict) else {}
    trace = next((text for name in TRACE_HEADERS if (text := _printable(headers.get(name)))), "")
    request = next((text for name in REQUEST_HEADERS if (text := _printable(headers.get(name)))), "")
    inner = [body.get("body")] if row.kind == "http" else [body]
    return Ids(
        trace=_bare(trace or _find(inner, _TRACE_KEYS)),
        request=request or _find(inner, _REQUEST_KEYS) or (_printable(body.get("message_id")) if row.dir == "out" else ""),
        run=_printable(row.run),
        thread=_printable(row.thread),
    )


def ids_among(rows: Iterable[Row]) -> Ids:
    """The first of each id that these rows carry."""
    found: dict[str, str] = {}
    for row in rows:
        for name, value in msgspec.structs.asdict(ids_of(row)).items():
            if value:
                found.setdefault(name, value)
    return Ids(**found)


def problem(template: str) -> str:
    """What is wrong with a query's template; '' where nothing is."""
    names = [match[1] for match in _WORD.finditer(template) if match[1]]
    for name in names:
        if name not in PLACEHOLDERS:
            known = ", ".join(f"{{{one}}}" for one in PLACEHOLDERS)
            return f"{{{name}}} is no placeholder. Known: {known}; {{{{{name}}}}} writes braces themselves."
    if not set(names) & {"trace", "request", "run", "thread"}:
        return "the query names no id, and would find everybody's lines. Put {trace}, {request}, {run} or {thread} into it."
    if "\n" in template or not template.isprintable():
        return "the query has to be one line of printable text."
    return ""


def query(template: str, ids: Ids, *, session: str, began: str, first: int, last: int, margin_s: float = MARGIN_S) -> str:
    """A template filled. began: RFC 3339 of t = 0; first, last: ns of the rows it is about."""
    values = {
        **msgspec.structs.asdict(ids),
        "session": session,
        "from": utc(began, first - round(margin_s * SECOND)),
        "to": utc(began, last + round(margin_s * SECOND)),
    }
    pieces, place, quote = [], 0, ""
    for match in _WORD.finditer(template):
        between = template[place : match.start()]
        quote, place = _within(between, quote), match.end()
        name = match[1]
        shown = match[0][0] if not name else values[name] if name in ("from", "to") else _value(values[name], quoted=bool(quote))
        pieces += [between, shown]
    return "".join([*pieces, template[place:]])


def of_rows(logs: Mapping[str, Any] | None, rows: Iterable[Row], header: Mapping[str, str]) -> str:
    """The query for some rows by the `[logs]` table of a recording's plan; '' where the target file has none or there are no rows."""
    found = sorted(rows, key=lambda row: row.t)
    template = str((logs or {}).get("query") or "")
    if not template or not found or problem(template):
        return ""
    margin = (logs or {}).get("margin_s")
    return query(
        template,
        ids_among(found),
        session=header.get("session", ""),
        began=header.get("started", ""),
        first=found[0].t,
        last=found[-1].t,
        margin_s=float(margin) if isinstance(margin, int | float) else MARGIN_S,
    )


def logs_of(plan: object) -> dict[str, Any]:
    """The `[logs]` table of the target that a plan (a recording's header, decoded) is for; empty where it has none."""
    profile = plan.get("profile") if isinstance(plan, dict) else None
    logs = profile.get("logs") if isinstance(profile, dict) else None
    return logs if isinstance(logs, dict) else {}


def utc(began: str, t: int) -> str:
    """The moment `t` ns after `began`, RFC 3339 with milliseconds; '' where the start is unknown."""
    try:
        start = datetime.fromisoformat(began)
    except ValueError:
        return ""
    start = start if start.tzinfo else start.replace(tzinfo=UTC)
    return (start.astimezone(UTC) + timedelta(microseconds=t // 1000)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _value(text: str, *, quoted: bool) -> str:
    kept = (_QUOTED if quoted else _PLAIN).sub(lambda found: _escaped(found[0]), text or UNKNOWN)
    return kept if quoted or not kept.startswith("-") else "\\u002d" + kept[1:]


def _escaped(letter: str) -> str:
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place : place + 2].hex()}" for place in range(0, len(units), 2))


def _within(text: str, quote: str) -> str:
    """The quote that is open after this text, where `quote` was open before it."""
    skip = False
    for letter in text:
        if skip:
            skip = False
        elif letter == "\\" and quote != "`":
            skip = True
        elif quote:
            quote = "" if letter == quote else quote
        elif letter in _QUOTES:
            quote = letter
    return quote


def _find(values: list[Any], keys: tuple[str, ...]) -> str:
    """The value of the first of these keys, outermost first."""
    level = values
    for _ in range(_DEEP):
        maps = [value for value in level if isinstance(value, dict)]
        for key in keys:
            for value in maps:
                if text := _printable(value.get(key)):
                    return text
        level = [inner for value in maps for inner in list(value.values())[: _HELD * 8]]
    return ""


def _printable(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return sanitize(str(value), LONGEST)


def _bare(text: str) -> str:
    """The trace id alone, of a header that has a span and flags beside it."""
    parent = _TRACEPARENT.fullmatch(text)
    if parent:
        return parent[1]
    named = re.search(r"(?:^|;)Root=([^;]+)", text)
    return named[1] if named else re.split(r"[/;]", text)[0] if re.fullmatch(r"[0-9a-f]{32}/\d+(;o=\d)?", text) else text
