"""HTTP exchanges as series: the whole, and the parts that the client told apart (`tui_app.wire.http`).

    http           from just before sending to the end of the body
    http_connect   TCP, on a new connection       http_tls    TLS, on a new connection
    http_wait      request sent -> the head of the answer       http_body   head -> the end of the body

What was answered counts, whatever the answer was; a failure to answer is no time of an answer.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tui_app.model import Row
from tui_app.monitors.samples import Add

PARTS: Final = {"connect_ms": "http_connect", "tls_ms": "http_tls", "wait_ms": "http_wait", "body_ms": "http_body"}


class _Told(msgspec.Struct):
    phases: dict[str, float] = {}


_read = msgspec.json.Decoder(_Told).decode


def exchanged(row: Row, add: Add) -> None:
    """Take one incoming `http` row."""
    if row.ms is None or not row.type.isdigit() or row.type == "0":
        return
    refs = (row.seq, row.seq)
    add("http", row.ms, row.t, row, refs)
    try:
        phases = _read(row.text).phases if row.text else {}
    except (msgspec.MsgspecError, RecursionError):
        return
    at = row.t - int(row.ms * 1e6)
    for key, name in PARTS.items():
        if key in phases:
            at = min(at + int(phases[key] * 1e6), row.t)
            add(name, phases[key], at, row, refs)
