"""The other engines of a session, as the lead's recording tells of them: what they did, what their judges said, and who was lost.

Sums are those of an engine's last word. A message that is missing makes everything after it worthless: an engine with a gap is lost.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from tui_app.model import Row

LEFT_KEPT: Final = 10_000


class Said(msgspec.Struct, frozen=True):
    """What an engine's own judge said of a check; `findings` are (severity, text, rows of this recording)."""

    engine: int
    word: str
    reason: str
    to_decide: str = ""
    findings: tuple[tuple[str, str, tuple[int, ...]], ...] = ()


class Other(msgspec.Struct):
    """Another engine. `state`: up | lost | ended; `at`: up to when (ns of this session) it has told everything."""

    engine: int
    where: str
    users: list[str]
    text: str = ""
    """Its users in words, such as u6-u10."""
    state: str = "up"
    why: str = ""
    at: int = 0
    seq: int = 0
    """The row that said last what became of it."""
    sums: dict[str, int] = {}
    classified: dict[str, int] = {}
    names: dict[str, int] = {}
    first_wrong: str = ""
    canned: int = 0
    created: list[dict[str, str]] = []
    left: list[dict[str, str]] = []
    made: dict[tuple[str, str], dict[str, str]] = {}
    """What it told that it made on the target and has not tidied: left there if it is lost."""
    said: dict[str, Said] = {}


class Engines:
    """Feed it every acting row. `planned`: how many engines the plan has, the lead among them."""

    def __init__(self, planned: int = 1) -> None:
        self.planned = planned
        self.others: dict[int, Other] = {}

    def feed(self, row: Row) -> None:
        """Take one acting row."""
        if row.kind != "engine":
            return
        body = row.body
        number = int(body.get("engine", 0))
        if row.type == "join" or (row.type == "lost" and number not in self.others):  # an engine may be lost before it joins
            self.others[number] = Other(number, str(body.get("where")), list(body.get("users", ())), str(body.get("text")), seq=row.seq)
        other = self.others.get(number)
        if other is None or other.state == "lost":
            return
        if row.type in ("delta", "end"):
            other.at = int(body.get("at", other.at))
            other.sums = dict(body.get("sums", other.sums))
            other.first_wrong = str(body.get("first_wrong", other.first_wrong))
            for thing, name, owner in body.get("made", ()):
                if len(other.made) < LEFT_KEPT:
                    other.made[thing, name] = {"thing": thing, "id": name, "owner": owner}
            for thing, name in body.get("tidied", ()):
                other.made.pop((thing, name), None)
        if row.type == "end":
            other.state, other.seq = "ended", row.seq
            other.classified, other.names = dict(body.get("classified", {})), dict(body.get("names", {}))
            other.canned = int(body.get("canned", 0))
            other.created, other.left = list(body.get("created", ())), list(body.get("left", ()))[:LEFT_KEPT]
        elif row.type == "lost":
            other.state, other.why, other.seq = "lost", str(body.get("why")), row.seq
            other.created = list(other.made.values())
            other.left = [{**made, "reason": f"engine {number} was lost before it tidied"} for made in other.created]
        elif row.type == "said":
            findings = tuple((str(one["severity"]), str(one["text"]), tuple(one["rows"])) for one in body.get("findings", ()))
            check = str(body.get("check"))
            other.said[check] = Said(number, str(body["word"]), str(body["reason"]), str(body.get("to_decide", "")), findings)

    def said(self, check: str) -> list[Said]:
        """What the other engines' judges said of a check, in the order of their numbers."""
        return [other.said[check] for _, other in sorted(self.others.items()) if check in other.said]

    def silent(self, check: str) -> list[Other]:
        """Engines that have not said anything of a check."""
        return [other for _, other in sorted(self.others.items()) if check not in other.said]

    @property
    def missing(self) -> int:
        """Engines of the plan of which nothing was ever heard."""
        return self.planned - 1 - len(self.others)

    def total(self, name: str) -> int:
        """A sum over all other engines."""
        return sum(other.sums.get(name, 0) for other in self.others.values())

    def counts(self, of: str) -> dict[str, int]:
        """`classified` or `names`, added up."""
        found: dict[str, int] = {}
        for other in self.others.values():
            counts: dict[str, int] = getattr(other, of)
            for name, number in counts.items():
                found[name] = found.get(name, 0) + number
        return found

    def as_json(self) -> list[dict[str, Any]]:
        """The engines as the result document lists them."""
        return [
            {
                "engine": other.engine,
                "where": other.where,
                "users": other.text,
                "state": other.state,
                "why": other.why,
                "rows": other.sums.get("rows", 0),
            }
            for _, other in sorted(self.others.items())
        ]
