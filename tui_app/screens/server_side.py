"""`Y`: a query of the target's own logging for the evidence in view, by the template in the target file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from textual.app import App

from tui_app import logged
from tui_app.model import Row
from tui_app.recording.reader import Reader
from tui_app.screens.view import View

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ROWS = 60
"""Rows of evidence that a query is made for: its time spans them all, its ids are the first of each."""


def query_for(rows: list[Row], reader: Reader) -> tuple[str, str]:
    """What to copy for some rows, and what to tell about it: the target file's query, filled, or without one the ids and times."""
    try:
        plan = msgspec.json.decode(reader.header.get("plan", "") or "{}")
    except msgspec.DecodeError:
        plan = {}
    if made := logged.of_rows(logged.logs_of(plan), rows, reader.header):
        return made, ""
    ids, began = logged.ids_among(rows), reader.header.get("started", "")
    first, last = (logged.utc(began, edge(row.t for row in rows)) for edge in (min, max))
    named = [f"{name} {value}" for name, value in msgspec.structs.asdict(ids).items() if value]
    return "  ".join([f"{first} to {last}", *named]), "ids and times: the target file has no [logs] query"


class ServerSideApp(App[int]):
    """Mixed into the application."""

    view: View

    if TYPE_CHECKING:

        def say(self, text: str, *, bad: bool = False) -> None: ...
        async def _copy(self, text: str, chat: Callable[[], Awaitable[str]] | None) -> None: ...

    def action_copy_logs(self) -> None:
        """The query for the rows that the screen in view names as its evidence, into the clipboard."""
        evidence, reader = getattr(self.screen, "evidence_rows", None), self.view.reader
        if evidence is None or reader is None:
            return
        named: list[int | Row] = evidence()
        rows = [row for one in named[:ROWS] if (row := one if isinstance(one, Row) else reader.row(one)) is not None]
        if not rows:
            self.say("there is no row here to ask the logs about")
            return
        text, told = query_for(rows, reader)
        if told:
            self.notify(told, markup=False, timeout=6)
        self.run_worker(self._copy(text, None), group="copy", exclusive=True, exit_on_error=False)
