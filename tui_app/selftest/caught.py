"""Whether a session caught the fault that was seeded into it: the named check FAILs, with a witness that the fault really touched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from tui_app.model import Row
from tui_app.sanitize import sanitize

WITNESS_LENGTH = 160


class Truth(msgspec.Struct, frozen=True):
    """What the rehearsal says that a fault did: how often, to which runs (their ids, and their requests'), to which users (u1, u2)."""

    times: int
    runs: frozenset[str]
    users: frozenset[str]


class Caught(msgspec.Struct, frozen=True):
    """How one named check read the session."""

    check: str
    word: str
    caught: bool
    witness: str = ""
    why: str = ""


def truth_of(fault: str, lines: Iterable[bytes], labels: Mapping[str, str]) -> Truth:
    """What the truth log of a rehearsal says of one fault, with `labels` by subject."""
    noted = [line for line in map(msgspec.json.decode, lines) if line.get("what") == "fault" and line.get("fault") == fault]
    runs = frozenset(str(line[key]) for line in noted for key in ("run_id", "request_id") if line.get(key))
    users = frozenset(labels[str(line["user_id"])] for line in noted if str(line.get("user_id", "")) in labels)
    return Truth(len(noted), runs, users)


def weigh(caught_by: Sequence[str], result: Mapping[str, Any], row: Callable[[int], Row | None], truth: Truth) -> list[Caught]:
    """One answer for every check that has to catch the fault."""
    found = {check["id"]: check for check in result["checks"]}
    return [_one(name, found.get(name), row, truth) for name in caught_by]


def _one(name: str, check: Mapping[str, Any] | None, row: Callable[[int], Row | None], truth: Truth) -> Caught:
    if check is None:
        return Caught(name, "", False, why="was not planned")
    word = str(check["verdict"])
    if word != "FAIL":
        return Caught(name, word, False, why=f"reads {word}: {sanitize(check['reason'], WITNESS_LENGTH)}")
    if not truth.times:
        return Caught(name, word, False, why="the fault never took hold, so something else failed")
    grave = [finding for finding in check["findings"] if finding["severity"] in ("critical", "major") and finding["evidence"]]
    if not grave:
        return Caught(name, word, False, why="fails without a witness")
    for finding in grave:
        rows = [found for _, seq in finding["evidence"] if (found := row(seq)) is not None]
        if _touched(rows, truth):
            return Caught(name, word, True, witness=sanitize(finding["text"], WITNESS_LENGTH))
    return Caught(name, word, False, why=f"names no run or user that the fault touched: {sanitize(grave[0]['text'], WITNESS_LENGTH)}")


def _touched(rows: Sequence[Row], truth: Truth) -> bool:
    """Whether one of these rows is of a run that the fault touched, or else of such a user; of any where the fault names neither."""
    if not rows:
        return False
    if any(row.kind == "engine" for row in rows):
        # What another engine saw stands in what it told: its row, or what its judge said of it.
        told = [row.text for row in rows]
        names = truth.runs or {f'"{user}"' for user in truth.users}
        return not names or any(name in text for text in told for name in names)
    if truth.runs and any(row.run for row in rows):
        return any(row.run in truth.runs or any(run in row.text for run in truth.runs) for row in rows)
    users = [row.user for row in rows if row.user]
    if truth.users and users:
        return any(user in truth.users for user in users)
    return True
