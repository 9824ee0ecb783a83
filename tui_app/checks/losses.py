"""Credentials that were lost in mid-session, seen in the rows: no check FAILS by what only that explains.

A user is *lost* when the account does not open any more (a `user` row says so); a socket is lost when the platform closed it because
its token had ended. What a check found on that user's own rows from then on says nothing of the target. All else stays as it is:
findings with a row of anybody else, or with one from before, convict as ever.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection
from sys import intern
from typing import Final

import msgspec

from tui_app.checks.judgement import Finding, Judgement
from tui_app.model import Row
from tui_app.monitors.bodies import body_of

REMEMBERED: Final = 50_000
"""Rows whose user is remembered, at least: a loss is judged by what was near it."""
GRAVE: Final = ("critical", "major")
DECIDE: Final = "sign in again, and run it again"


class Loss(msgspec.Struct, frozen=True):
    """What was lost: the user, from which row on that explains what happened, and why in words."""

    user: str
    floor: int
    why: str


class Losses:
    """Follows who is lost, and which checks were under way then; `whole` are those that are judged over the whole session."""

    kinds: Final[frozenset[str] | None] = None
    """Kinds of rows that it makes something of; None: all."""

    def __init__(self, whole: Collection[str]) -> None:
        self._whole = frozenset(whole)
        self._seqs = array("q")
        self._users: list[str] = []
        self._steps: dict[int, tuple[str, int]] = {}
        self._open: set[str] = set()
        self._found: dict[str, list[Loss]] = {}

    def frame(self, row: Row) -> None:
        """A frame, or any other row that tells of no loss."""
        # In sixteen bytes a row: it is done with every row of a session of hours.
        self._seqs.append(row.seq)
        self._users.append(intern(row.user))
        if len(self._users) >= 2 * REMEMBERED:
            del self._seqs[:REMEMBERED], self._users[:REMEMBERED]

    def acting(self, row: Row) -> None:
        """A row of what happened."""
        self.frame(row)
        kind = row.kind
        if kind == "step":
            self._step(row)
        elif kind == "check":
            (self._open.add if row.type == "start" else self._open.discard)(row.check)
        elif kind == "user" and row.type == "lost":
            body = body_of(row)
            since = body.get("since")
            self._lost(row, since + 1 if isinstance(since, int) and since > 0 else row.seq, str(body.get("reason")), self._open)
        elif kind == "conn" and row.type == "closed" and body_of(row).get("token") == "ended":
            self._lost(row, row.seq, "the platform closed a socket whose token had ended", {row.check})

    def weigh(self, check: str, judgement: Judgement) -> Judgement:
        """The judgement, or INCONCLUSIVE where a loss alone explains a FAIL."""
        losses = self._found.get(check)
        if judgement.word != "FAIL" or not losses:
            return judgement
        grave = [finding for finding in judgement.findings if finding.severity in GRAVE]
        users = dict(zip(self._seqs, self._users, strict=True))
        if not all(any(self._explains(loss, finding, users) for loss in losses) for finding in grave):
            return judgement
        mild = tuple(msgspec.structs.replace(one, severity="info") if one.severity in GRAVE else one for one in judgement.findings)
        why = f"{losses[0].user} was not signed in any more while it ran ({losses[0].why}), which explains: {judgement.reason}"
        return Judgement("INCONCLUSIVE", why, mild, DECIDE)

    def _lost(self, row: Row, floor: int, why: str, checks: Collection[str]) -> None:
        begun = [begin for user, begin in self._steps.values() if user == row.user]
        loss = Loss(row.user, min([floor, *begun]), why)
        for check in {*checks, *self._whole}:
            self._found.setdefault(check, []).append(loss)

    def _step(self, row: Row) -> None:
        number = body_of(row).get("step")
        if isinstance(number, int):
            if row.type == "begin":
                self._steps[number] = (row.user, row.seq)
            else:
                self._steps.pop(number, None)

    @staticmethod
    def _explains(loss: Loss, finding: Finding, users: dict[int, str]) -> bool:
        return all(seq >= loss.floor and users.get(seq, "?") in (loss.user, "") for seq in finding.evidence)
