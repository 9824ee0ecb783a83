"""A row of another engine on a screen: from its own recording where that is here, else the copy of it that the lead's has."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from tui_app.model import Row
from tui_app.recording.reader import Reader
from tui_app.recording.shards import Shards
from tui_app.recording.state import SessionState
from tui_app.recording.witness import address, unwrapped
from tui_app.screens.frame_sections import Where, same_socket
from tui_app.screens.safe import clean


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A row of another engine. `row` has the number of its copy in the lead's recording, 0 where there is none, and the lead's time;
    `own` is as its own recording has it, None where that is not here, and `note` says why."""

    engine: int
    seq: int
    row: Row
    own: Row | None = None
    reader: Reader | None = None
    note: str = ""

    @property
    def name(self) -> str:
        """Its address in words."""
        return f"engine {self.engine}, row {self.seq:,}"


class OtherEngines:
    """Finds rows of other engines for one screen, which closes it when it goes."""

    def __init__(self) -> None:
        self._shards: Shards | None = None

    def close(self) -> None:
        """Let the shards go."""
        if self._shards is not None:
            self._shards.close()
            self._shards = None

    def _of(self, lead: Reader) -> Shards:
        if self._shards is None or self._shards.lead is not lead:
            self.close()
            self._shards = Shards(lead)
        return self._shards

    def at(self, engine: int, seq: int, lead: Reader, state: SessionState) -> Elsewhere | None:
        """A row by its address; None where its recording is not here, or has no such row."""
        shards = self._of(lead)
        reader = shards.reader(engine)
        own = reader.row(seq) if reader is not None else None
        return None if own is None else self._found(engine, own, lead, state)

    def _found(self, engine: int, own: Row, lead: Reader, state: SessionState) -> Elsewhere:
        # By the number of its copy it is known who cites it, and what of it is held back.
        shards = self._of(lead)
        row = msgspec.structs.replace(own, seq=copies(lead, state).get((engine, own.seq), 0), t=own.t + shards.shift(engine))
        return Elsewhere(engine, own.seq, row, own, shards.reader(engine))

    def behind(self, row: Row, lead: Reader) -> Elsewhere | None:
        """What a row of the lead's recording is a copy of; None where it is no copy."""
        engine, seq = address(row)
        if engine == 1:
            return None
        copy, shards = unwrapped(row), self._of(lead)
        reader = shards.reader(engine)
        own = reader.row(seq) if reader is not None else None
        if own is None:
            why = shards.why_not(engine) or f"row {seq:,} is not in the shard of engine {engine}"
            return Elsewhere(engine, seq, copy, note=f"the copy that engine {engine} sent; all else of it: {clean(why)}")
        return Elsewhere(engine, seq, msgspec.structs.replace(own, seq=row.seq, t=copy.t), own, reader)

    def beside(self, one: Elsewhere, forward: bool, lead: Reader, state: SessionState) -> Elsewhere | None:
        """The next frame on its socket, or the one before; None where there is none."""
        if one.own is None or one.reader is None:
            return None
        where = same_socket(one.own)
        found = one.reader.first(where, one.own.seq) if forward else one.reader.last(where, one.own.seq - 1)
        if found is None:
            return None
        return self._found(one.engine, found, lead, state)


def copies(lead: Reader, state: SessionState) -> dict[tuple[int, int], int]:
    """The rows of other engines that findings name, by address, each with the number of its copy in the lead's recording."""
    cited = sorted({number for check in state.checks.values() for finding in check.findings for _, number in finding.evidence})
    found: dict[tuple[int, int], int] = {}
    for start in range(0, len(cited), 500):
        some = cited[start : start + 500]
        where = Where(f"kind = 'engine' AND seq IN ({', '.join('?' * len(some))})", some, state_only=True)
        for row in lead.between(some[0], some[-1], where):
            found.setdefault(address(row), row.seq)
    return found
