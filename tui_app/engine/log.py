"""The engine's one log: every row gets its number here, is judged, and goes to the recording."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from tui_app.checks.bench import Bench
from tui_app.engine.clock import Clock
from tui_app.model import Event, Row
from tui_app.recording.secrets import Vault
from tui_app.recording.writer import Writer
from tui_app.wire.envelope import normalise

PENDING_HIGH = 200_000
PENDING_LOW = 20_000

_encode = msgspec.json.Encoder().encode


class Log:
    """Appends rows: replaces secrets, numbers, judges, hands over to the writer's thread. Never waits."""

    def __init__(self, clock: Clock, writer: Writer, bench: Bench, vault: Vault) -> None:
        self.clock = clock
        self.writer = writer
        self.bench = bench
        self.vault = vault
        self.seq = 0
        self.listeners: list[Callable[[Row], None]] = []
        self.too_slow: Callable[[bool], None] = lambda slow: None
        self._slow = False

    def add(self, kind: str, body: dict[str, Any] | None = None, *, t: int | None = None, **fields: Any) -> Row:
        """Append one acting row whose text is `body` as JSON. Returns the row as recorded."""
        text = self.vault.clean(_encode(body).decode()) if body else ""
        return self._append(Row(seq=self.seq + 1, t=self.clock.now() if t is None else t, kind=kind, text=text, **fields), ())

    def frame(self, raw: str, *, t: int, **fields: Any) -> tuple[Row, list[Event]]:
        """Append one frame as it travelled. What is judged is what is recorded: secrets are replaced before either."""
        text = self.vault.clean(raw)
        events = normalise(text)
        row = Row(seq=self.seq + 1, t=t, kind="frame", size=len(raw), text=text, **_about(events), **fields)
        return self._append(row, events), events

    def sent(self, raw: str, *, t: int, **fields: Any) -> Row:
        """Append one frame that goes out, right before it is written to the socket."""
        text = self.vault.clean(raw)
        about = {key: value for key, value in _about(normalise(text)).items() if key != "run"}
        return self._append(Row(seq=self.seq + 1, t=t, kind="frame", dir="out", size=len(raw), text=text, **about, **fields), ())

    def _append(self, row: Row, events: Sequence[Event]) -> Row:
        self.seq = row.seq
        self._keep(row)
        for derived in self.bench.feed(row, events):
            self.seq += 1
            self._keep(msgspec.structs.replace(derived, seq=self.seq))
        # Only now, and not as each is kept: who is told appends a row, which must not come between this one and what it gave rise to.
        self._bounded()
        return row

    def _keep(self, row: Row) -> None:
        self.writer.append(row)
        for listener in self.listeners:
            listener(row)

    def _bounded(self) -> None:
        """Say when the writer falls behind, and when it has caught up."""
        pending = self.writer.pending
        if not self._slow and pending > PENDING_HIGH:
            self._slow = True
            self.too_slow(True)
        elif self._slow and pending < PENDING_LOW:
            self._slow = False
            self.too_slow(False)


def _about(events: Sequence[Event]) -> dict[str, Any]:
    """The columns that a viewer filters by, from the frame's first event."""
    if not events:
        return {}
    first = events[0]
    return {"type": first.name, "run": first.run, "thread": first.thread}
