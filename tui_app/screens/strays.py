"""Runs that frames name and nobody here asked for: found with a few questions to the recording, however many runs there are."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

from textual.cache import LRUCache

from tui_app.recording.merged import Rows
from tui_app.screens.frame_sections import Where
from tui_app.screens.selecting import REACH

SOON: Final = 1_024
"""Rows within which the request and the judge's word stand around a run's first frame, nearly always."""
MOST: Final = 50_000
_REQUEST_ID: Final = re.compile(r'"request_id"\s*:\s*"([^"\\]+)"')
_JUDGED: Final = Where("kind = 'run' AND text LIKE '%\"request\":\"_%'", (), state_only=True)
_BEGUN: Final = Where("kind = 'step' AND type = 'begin'", (), state_only=True)


class Strays:
    """Remembers of the runs of a recording whether they were asked for."""

    def __init__(self, reader: Rows, settled: int) -> None:
        self.reader = reader
        self.settled = settled
        """So many rows later, what is said about a run will not change any more."""
        self._asked: LRUCache[str, bool] = LRUCache(maxsize=2_048)

    def among(self, low: int, high: int, own: Collection[str]) -> list[str]:
        """The runs that frames with low <= seq <= high name and nobody asked for; those in `own` are known to be ours."""
        named = self.reader.runs_named(low, high)
        unknown = {run: seq for run, seq in named.items() if run not in own and run not in self._asked}
        if unknown:
            first, last = min(unknown.values()), max(unknown.values())
            for reach in (SOON, REACH):
                self._judged(unknown, first - reach, last + reach)
                if unknown:
                    self._answering(unknown, first - reach, last)
                if not unknown:
                    break
            head = self.reader.head()
            for run, seq in unknown.items():
                if head > seq + self.settled:  # what the judge makes of a row comes soon after it
                    self._asked[run] = False
        return [run for run in named if run in unknown or (run not in own and self._asked.get(run) is False)]

    def _judged(self, unknown: dict[str, int], low: int, high: int) -> None:
        """By the judge's word, which names the request."""
        self._are_asked(unknown, (row.run for row in self.reader.between(max(low, 0), high, _JUDGED, MOST) if row.run in unknown))

    def _answering(self, unknown: dict[str, int], low: int, high: int) -> None:
        """By the request that the frame answers."""
        rows = {run: self.reader.row(seq) for run, seq in unknown.items()}
        found = {run: _REQUEST_ID.search(row.text) for run, row in rows.items() if row is not None}
        requests = {match.group(1): run for run, match in found.items() if match}
        if requests:
            begun = [row.text for row in self.reader.between(max(low, 0), high, _BEGUN, MOST)]
            self._are_asked(unknown, [run for request, run in requests.items() if any(request in text for text in begun)])

    def _are_asked(self, unknown: dict[str, int], runs: Iterable[str]) -> None:
        for run in list(runs):
            self._asked[run] = True
            unknown.pop(run, None)
