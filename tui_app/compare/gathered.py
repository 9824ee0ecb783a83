"""What a comparison needs of one recording, read in one pass and in bounded memory. The recording may still grow."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from tui_app.compare.contract import Contract
from tui_app.model import SECOND, Row
from tui_app.recording.reader import Reader

KEPT: Final = 2_000
"""Samples of a series that are kept; of more, every second one is dropped, again and again."""


class Series(msgspec.Struct):
    """Samples of one series in the order in which they came, ms. `n`: how many there were, `tainted`: how many of them while our own
    loop was late; `stride`: each how-manieth is kept."""

    limit_ms: float | None = None
    n: int = 0
    tainted: int = 0
    stride: int = 1
    values: list[float] = msgspec.field(default_factory=list)

    def add(self, ms: float, *, tainted: bool = False) -> None:
        """Take one."""
        self.tainted += tainted
        if self.n % self.stride == 0:
            self.values.append(ms)
            if len(self.values) > KEPT:
                self.values = self.values[::2]
                self.stride *= 2
        self.n += 1


def planned(path: Path) -> frozenset[str]:
    """The checks of a recording's plan. Raises RecordingError."""
    with Reader(path) as reader:
        return frozenset(json.loads(reader.header["plan"])["checks"])


class Side(msgspec.Struct, kw_only=True):
    """One recording. `result`: the document `vigil run --json` prints; words of a session that runs are those so far.

    `ended`: whether there is a result; `seconds`: how long it went on.
    """

    path: Path
    session: str
    started: str
    vigil: str
    plan: Mapping[str, Any]
    target: Mapping[str, Any]
    build: str
    verdict: str
    ended: bool
    seconds: float
    checks: Mapping[str, Mapping[str, Any]]
    criteria: Mapping[str, Mapping[str, Any]]
    series: Mapping[str, Series]
    contract: Contract
    whole: bool = True
    """Whether it came to its own end: one that was stopped, died or runs has not asked all that its plan asks."""

    @property
    def name(self) -> str:
        """The target's name, as given by the operator."""
        return str(self.target.get("name") or "?")

    @property
    def here(self) -> bool:
        """Whether the target shares this machine with the client that measured it."""
        host = urlsplit(str(self.target.get("websocket") or self.target.get("backend") or "")).hostname or ""
        return self.environment == "rehearsal" or host in ("localhost", "::1") or host.startswith("127.")

    @property
    def environment(self) -> str:
        """What the target file claims."""
        return str(self.target.get("environment") or "")


class Gathering:
    """Reads a recording as far as it goes, and later only what has come since. Not for two threads at a time.

    among -- the checks whose samples, frames and answers count (default: all): different checks ask different things
    """

    def __init__(self, path: Path, among: Collection[str] | None = None) -> None:
        self.path = path
        self.among = among
        self._seq = 0
        self._series: dict[str, Series] = {}
        self._contract = Contract()
        self._words: dict[str, dict[str, Any]] = {}
        self._build = ""
        self._side: Side | None = None
        self._reason = ""
        self._others = False
        """Whether the plan has checks that do not count: then what belongs to no check may be theirs."""

    def read(self, result: Mapping[str, Any] | None = None) -> Side:
        """The side as of now; that of a session that has ended is read once. Raises RecordingError.

        result -- the session's document, where the recording has none of its own yet
        """
        if self._side is None or not self._side.ended:
            self._side = self._read(result)
        return self._side

    def _read(self, result: Mapping[str, Any] | None) -> Side:
        with Reader(self.path) as reader:
            header = dict(reader.header)
            document = result if result is not None else reader.result()
            self._others = self.among is not None and not set(self.among) >= set(json.loads(header["plan"])["checks"])
            for row in reader.rows(self._seq, ("sample", "frame", "http", "verdict", "target", "session")):
                self._take(row)
                self._seq = row.seq
            head = reader.row(reader.head())
        plan, known = json.loads(header["plan"]), {str(check["id"]): check for check in json.loads(header["checks"])}
        checks = {str(one["id"]): one for one in document["checks"]} if document else {
            name: {**word, "required": known.get(name, {}).get("required", True)} for name, word in self._words.items()
        }  # fmt: skip
        return Side(
            path=self.path, session=header["session"], started=header["started"], vigil=header["vigil"], plan=plan,
            target=plan.get("target") or {}, build=str(document["build"].get("start") or "") if document else self._build,
            verdict=str(document["verdict"]) if document else "", ended=document is not None, seconds=head.t / SECOND if head else 0.0,
            checks=checks, criteria={str(one["id"]): one for one in document["criteria"]} if document else {}, series=self._series,
            contract=self._contract, whole=self._reason == "complete",
        )  # fmt: skip

    def _take(self, row: Row) -> None:
        if self.among is not None and row.check and row.check not in self.among and row.kind != "verdict":
            return
        if self._others and not row.check and row.kind in ("frame", "http"):
            return
        if row.kind == "session" and row.type == "end":
            self._reason = str(row.body.get("reason") or "")
        if row.kind == "sample":
            if row.ms is not None:
                found = self._series.setdefault(row.type, Series())
                if found.limit_ms is None and isinstance(limit := row.body.get("limit_ms"), int | float):
                    found.limit_ms = float(limit)
                found.add(row.ms, tainted=row.flag == "tainted")
        elif row.kind == "verdict":
            self._words[row.check] = {"id": row.check, "verdict": row.type, "reason": str(row.body.get("reason") or "")}
        elif row.kind == "target":
            self._build = self._build or str(row.body.get("build") or "")
        else:
            self._contract.take(row)


def gather(path: Path, among: Collection[str] | None = None, result: Mapping[str, Any] | None = None) -> Side:
    """Read a recording once: see `Gathering`. Raises RecordingError."""
    return Gathering(path, among).read(result)
