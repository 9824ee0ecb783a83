"""Attempts to reach what another user owns: what was asked, and whether it was denied.

A `step` with intent 'attempt' names owner, actor (`row.user`), thing, id and action. What the actor itself says in an
attempt may come back in the refusal, and is no leak.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from tui_app.model import CRITICAL_EVENTS, SECOND, Event, Row
from tui_app.monitors.derived import Derived
from tui_app.monitors.identities import Identities
from tui_app.monitors.scan import LONG, MARKER, Mark, hidden, key_of, plain_markers, signs

OPEN_WORDS_KEPT: Final = 16_384
DENIED: Final = (401, 403, 404)
ECHO: Final = 5 * SECOND
"""How long after it was said on a socket a foreign id may come back there as an echo."""
GRANTED: Final = frozenset({*CRITICAL_EVENTS, "agent_stopped", "subscribed"})
"""Events about what was asked for that mean: the attempt went through."""
DENIALS: Final = ("DENIED", "FORBIDDEN", "UNAUTHORIZED", "NOT_FOUND", "AUTH", "PERMISSION", "403", "404", "401")


class Attempt(msgspec.Struct):
    """One attempt of `actor` on something of `owner`. `outcome`: denied, allowed or unclear. `seqs`: what shows it."""

    owner: str
    actor: str
    thing: str
    id: str
    action: str
    check: str
    seq: int
    status: int = 0
    outcome: str = "unclear"
    seqs: list[int] = []
    content: bool = False


class Attempts:
    """Keeps the open attempts, and what each user has said lately about others' ids."""

    def __init__(self, identities: Identities) -> None:
        self.done: list[Attempt] = []
        self._identities = identities
        self.open: dict[int, Attempt] = {}
        self._asked: dict[int, set[str]] = {}  # http request number -> foreign ids in it
        self._open_words: set[str] = set()
        """Long words that were sent and hid no marker."""
        self._said: dict[int, deque[tuple[int, str]]] = {}  # conn -> (when, foreign id)

    def step(self, row: Row) -> list[Derived]:
        """A `step` row. The end of an attempt gives its `attempt` row."""
        if row.type == "end":
            if not self.open:
                return []
            body = row.body
            attempt = self.open.pop(body.get("step", -1), None)
            return [] if attempt is None else [self._finish(attempt, row)]
        if '"attempt"' not in row.text:
            return []
        body = row.body
        if body.get("intent") == "attempt" and isinstance(body.get("step"), int):
            attempt = Attempt(
                owner=str(body.get("owner") or ""),
                actor=row.user,
                thing=str(body.get("thing") or ""),
                id=str(body.get("id") or ""),
                action=str(body.get("action") or ""),
                check=row.check,
                seq=row.seq,
            )
            self.open[body["step"]] = attempt
        return []

    def said(self, row: Row, rest: str, found: Iterable[Mark]) -> None:
        """A frame or request that a user of ours sent: remember which foreign ids it names.

        rest -- of its text, without pieces that are bare or an id of that user's own;  found -- the markers that stand in it
        """
        identities, user = self._identities, row.user
        known = identities.known
        spoken = identities.bare.words(rest.split('"'))
        named = {mark.tail for mark in found if mark.user != user}
        if not known.keys().isdisjoint(spoken):
            named.update(word for word in spoken if known.get(word, user) != user)
        # What was sent before hid no marker; a whole marker of one's own hides no other one, and neither does an id.
        new = {word for word in spoken if len(word) >= LONG} - self._open_words - identities.own(user)
        unknown = [word for word in new if not MARKER.fullmatch(word)]
        if unknown or signs(rest):
            unknown.sort()
            inside = [mark for _, reading in hidden(row.text, unknown) for mark in plain_markers(reading)]
            named.update(mark.tail for mark in inside if mark.user != user)
            if not inside:
                if len(self._open_words) > OPEN_WORDS_KEPT:
                    self._open_words.clear()
                self._open_words.update(unknown)
        if row.kind == "http":
            number = row.body.get("req")
            if named and isinstance(number, int):
                self._asked[number] = named
        elif named:
            self._said.setdefault(row.conn, deque(maxlen=64)).extend((row.t, word) for word in sorted(named))

    def mentioned(self, row: Row, word: str) -> bool:
        """Whether whoever received `row` had itself just sent this id, so that it may be an echo."""
        if row.kind == "http":
            if not self._asked:
                return False
            number = row.body.get("req")
            return isinstance(number, int) and word in self._asked.get(number, ())
        said = self._said.get(row.conn)
        if not said:
            return False
        waiting = any(attempt.actor == row.user and key_of(attempt.id) == word for attempt in self.open.values())
        return any(name == word and (waiting or row.t - when <= ECHO) for when, name in said)

    def answered(self, row: Row, foreign: bool) -> None:
        """An HTTP answer; `foreign`: it holds something of another user that was not asked for by name."""
        if self._asked:
            number = row.body.get("req")
            if isinstance(number, int):
                self._asked.pop(number, None)
        if not self.open:
            return
        attempt = self._attempt(row)
        if attempt is None:
            return
        status = int(row.type) if row.type.isdigit() else 0
        attempt.status = status
        attempt.seqs.append(row.seq)
        self._weigh(attempt, denied=status in DENIED, allowed=200 <= status < 300, content=foreign)

    def heard(self, row: Row, events: Sequence[Event]) -> None:
        """A frame that came in: it may be the answer to an attempt over a socket."""
        if not self.open:
            return
        for event in events:
            for attempt in self.open.values():
                if attempt.actor != row.user:
                    continue
                if event.name == "error":
                    code = event.code.upper()
                    denied = any(sign in code for sign in DENIALS)
                    attempt.seqs.append(row.seq)
                    self._weigh(attempt, denied=denied, allowed=False, content=False)
                elif attempt.id and attempt.id in (event.run, event.thread) and event.name in GRANTED:
                    attempt.seqs.append(row.seq)
                    self._weigh(attempt, denied=False, allowed=True, content=False)

    def _attempt(self, row: Row) -> Attempt | None:
        mine = [attempt for attempt in self.open.values() if attempt.actor == row.user and attempt.check == row.check]
        path = str(row.body.get("path") or "") if len(mine) > 1 else ""
        return next((attempt for attempt in mine if attempt.id and attempt.id in path), mine[-1] if mine else None)

    @staticmethod
    def _weigh(attempt: Attempt, *, denied: bool, allowed: bool, content: bool) -> None:
        if content or allowed:
            attempt.content = attempt.content or content
            attempt.outcome = "allowed"
        elif denied and attempt.outcome == "unclear":
            attempt.outcome = "denied"

    def _finish(self, attempt: Attempt, row: Row) -> Derived:
        self.done.append(attempt)
        return Derived(
            kind="attempt",
            check=attempt.check,
            user=attempt.actor,
            body={
                "owner": attempt.owner,
                "actor": attempt.actor,
                "thing": attempt.thing,
                "action": attempt.action,
                "outcome": attempt.outcome,
                "status": attempt.status,
                "evidence": [[1, seq] for seq in [attempt.seq, *attempt.seqs[:8], row.seq]],
            },
        )
