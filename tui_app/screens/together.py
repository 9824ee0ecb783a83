"""What the stream of events is read from: the lead's recording, or those of all engines that are here as one."""

from __future__ import annotations

import time
from typing import Final

import msgspec

from tui_app.model import Row
from tui_app.recording.merged import Merged, Rows
from tui_app.recording.reader import Reader
from tui_app.recording.shards import LEAD, Shards
from tui_app.recording.state import SessionState
from tui_app.recording.upto import ReaderUpTo
from tui_app.recording.witness import address
from tui_app.screens.others import Elsewhere, OtherEngines, copies
from tui_app.screens.row_words import clock_time
from tui_app.screens.safe import clean

AGAIN_S: Final = 1.0
"""After so long it is looked again for shards that were not there."""
LATE_S: Final = 1.0
"""Rows that wait for longer than this until another engine has told are spoken of."""


class Together:
    """Turns rows of the stream into addresses and back. In a session of one engine a row's number is both."""

    def __init__(self) -> None:
        self.others = OtherEngines()
        self._lead: Reader | None = None
        self._whole: Reader | None = None
        self._shards: Shards | None = None
        self._merged: Merged | None = None
        self._looked = 0.0
        self._missing: dict[int, str] = {}
        self._numbers: dict[int, int] = {}
        self._copies: tuple[object, dict[tuple[int, int], int]] = ((), {})

    def close(self) -> None:
        """Let all go but the lead's."""
        self.others.close()
        if self._shards is not None:
            self._shards.close()
        if self._whole is not None and self._whole is not self._lead:
            self._whole.close()
        self._lead = self._whole = self._shards = self._merged = None
        self._missing, self._numbers, self._copies = {}, {}, ((), {})

    def look(self, lead: Reader) -> Rows:
        """What there is to read now; another object where another engine's recording has come to it."""
        if self._lead is not lead or self._shards is None or self._whole is None:
            self.close()
            self._lead = lead
            self._whole = Reader(lead.path, sealed=True) if isinstance(lead, ReaderUpTo) else lead
            self._shards = Shards(self._whole)
            self._looked = 0.0
        if time.monotonic() - self._looked > AGAIN_S:
            self._looked = time.monotonic()
            here = self._shards.here()
            self._missing = self._shards.missing()
            if len(here) > 1 and (self._merged is None or self._merged.engines != [engine for engine, _ in here]):
                self._merged, self._numbers = Merged(lead, self._shards, here), {}
        if self._merged is None:
            return lead
        self._merged.look()
        return self._merged

    # -- in words

    def name(self, number: int) -> str:
        """A row's address in words: whose it is, where there are several engines."""
        engine, seq = self.address(number)
        return f"row {seq:,}" if self._merged is None else f"engine {engine}, row {seq:,}"

    def problems(self, state: SessionState) -> list[str]:
        """What is not in the stream though the session had it, in words."""
        broken = self._merged.broken if self._merged is not None else {}
        gone = {**self._missing, **broken}
        found = [f"without the rows of engine {engine}: {clean(why)}" for engine, why in sorted(gone.items())]
        found += [
            f"engine {one.engine} lost at {clock_time(one.t)[:5]} ({clean(one.why)}): its rows end there"
            for one in state.engines.values()
            if one.state == "lost" and one.engine not in gone
        ]
        waiting = self._merged.waiting() if self._merged is not None else 0.0
        return found if waiting < LATE_S else [*found, f"the newest {waiting:.1f} s wait until every engine has told of its own"]

    # -- addresses

    def address(self, number: int) -> tuple[int, int]:
        """(engine, seq) of a row of the stream."""
        if self._merged is None or not 0 < number <= self._merged.head():
            return LEAD, number
        return self._merged.address(number)

    def number(self, seq: int) -> int:
        """Where a row of the lead's is in the stream, or what it is a copy of; 0 where it is not (yet)."""
        if self._merged is None or self._whole is None:
            return seq
        if seq not in self._numbers:
            row = self._whole.row(seq)
            engine, own = address(row) if row is not None else (LEAD, seq)
            number = self._merged.number(engine, own) or self._merged.number(LEAD, seq)
            if number is None:
                return 0
            self._numbers[seq] = number
        return self._numbers[seq]

    def led(self, number: int) -> int:
        """The row of the lead's by which this one is remarked on: itself, or the last before it."""
        return number if self._merged is None else self._merged.led(number)

    def as_cited(self, row: Row, state: SessionState) -> Row:
        """The row under the number by which findings name it; 0 where none does."""
        engine, seq = self.address(row.seq)
        if engine != LEAD and self._lead is not None:
            cited = tuple(len(check.findings) for check in state.checks.values())
            if self._copies[0] != cited:
                self._copies = (cited, copies(self._lead, state))
            seq = self._copies[1].get((engine, seq), 0)
        return row if seq == row.seq else msgspec.structs.replace(row, seq=seq)

    def find(self, number: int, state: SessionState) -> tuple[Row | None, Elsewhere | None]:
        """A row of the stream as its recording has it, and where that is if it is another engine's."""
        engine, seq = self.address(number)
        if self._lead is None or engine == LEAD:
            return (self._lead.row(seq) if self._lead is not None else None), None
        there = self.others.at(engine, seq, self._lead, state)
        return (there.row if there is not None else None), there
