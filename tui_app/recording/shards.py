"""One reader over the recordings of all engines of a session: the lead's, and the shard of each other engine beside it.

A row is addressed by (engine, seq). Their one order is made by `tui_app.recording.merged`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from tui_app.recording.errors import RecordingError
from tui_app.recording.places import SHARD, SUFFIX
from tui_app.recording.reader import Reader

LEAD: Final = 1


class _Engine(msgspec.Struct):
    where: str
    recording: str
    shift: int


class _Plan(msgspec.Struct):
    engines: int = 1
    cluster: str = ""


def _plan(text: str) -> _Plan:
    try:
        return msgspec.json.decode(text, type=_Plan)
    except msgspec.MsgspecError:
        return _Plan()


def shard_of(recording: Path, engine: int) -> Path:
    """Where the shard of an engine of this machine stands."""
    real = recording.resolve()
    return real.with_name(f"{real.name.removesuffix(SUFFIX)}.{engine}{SHARD}")


def lead_of(shard: Path) -> Path:
    """The lead's recording beside which a shard of this machine stands."""
    real = shard.resolve()
    return real.with_name(real.name.removesuffix(SHARD).rpartition(".")[0] + SUFFIX)


def part_sentence(engine: int, recording: Path | None) -> str:
    """What a shard alone is, in words."""
    whole = f", {lead_of(recording).name}" if recording is not None and recording.name.endswith(SHARD) else ""
    return f"this is the part of engine {engine} alone, not the session: the verdict is in the lead's recording{whole}"


class Shards:
    """All engines' recordings of the session that `lead` reads. Shards are opened when they are first asked for."""

    def __init__(self, lead: Reader) -> None:
        self.lead = lead
        self._known: dict[int, _Engine] = {}
        self._looked = 0
        self._readers: dict[int, Reader] = {}
        self._lock = threading.RLock()
        plan = _plan(lead.header.get("plan", ""))
        self._planned, self._cluster = plan.engines, bool(plan.cluster)

    def close(self) -> None:
        """Let the shards go; the lead's reader stays its owner's."""
        with self._lock:
            for reader in self._readers.values():
                reader.close()
            self._readers.clear()

    def engines(self) -> list[int]:
        """The engines that have joined so far, the lead first."""
        with self._lock:
            head = self.lead.head()
            # Only rows that are new are looked at, and none once every engine of the plan is known.
            if head > self._looked and (self._cluster or len(self._known) < self._planned - 1):
                for row in self.lead.rows(self._looked, {"engine"}):
                    if row.type == "join":
                        self._join(row.body)
                self._looked = head
            return [LEAD, *sorted(self._known)]

    def _join(self, body: Mapping[str, Any]) -> None:
        number, shift = body.get("engine"), body.get("shift")
        if isinstance(number, int) and number > LEAD:
            where, recording = str(body.get("where") or ""), str(body.get("recording") or "")
            self._known[number] = _Engine(where, recording, shift if isinstance(shift, int) else 0)

    def reader(self, engine: int) -> Reader | None:
        """The recording of an engine, None where it is not here (`why_not` says where it is)."""
        if engine == LEAD:
            return self.lead
        with self._lock:
            if engine not in self._readers:
                path = shard_of(self.lead.path, engine)
                try:
                    reader = Reader(path)
                except RecordingError:
                    return None
                if reader.header.get("engine") != str(engine):
                    reader.close()
                    return None
                self._readers[engine] = reader
            return self._readers[engine]

    def why_not(self, engine: int) -> str:
        """Why the frames of an engine cannot be read here, in words; '' where they can."""
        if self.reader(engine) is not None:
            return ""
        if engine not in self.engines():
            return f"there is no engine {engine} in this session"
        path, known = shard_of(self.lead.path, engine), self._known[engine]
        if path.exists():
            return f"the shard of engine {engine} at {path} cannot be read"
        if known.where in ("", "local"):
            return f"the shard of engine {engine} is not beside this recording: {path.name}"
        return f"kept by worker {known.where} at {known.recording or 'a path that it did not name'}"

    def shift(self, engine: int) -> int:
        """What is added to an engine's times to make them the lead's, ns."""
        if engine == LEAD:
            return 0
        self.engines()
        return self._known[engine].shift if engine in self._known else 0

    def missing(self) -> dict[int, str]:
        """The engines whose frames cannot be read here, each with the reason in words."""
        return {engine: why for engine in self.engines() if (why := self.why_not(engine))}

    def here(self) -> list[tuple[int, Reader]]:
        """The recordings that can be read, the lead's first."""
        return [(engine, reader) for engine in self.engines() if (reader := self.reader(engine)) is not None]
