"""Whose id is this? Everything the session knows about the owners of run, thread, request and user ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Final

from tui_app.model import Event, Row
from tui_app.monitors.bodies import body_of
from tui_app.monitors.scan import Bare, key_of

NOTHING: Final[Set[str]] = frozenset()


class Identities:
    """Learns ids from rows. An id that two users turn out to share belongs to nobody, and is listed in `shared`."""

    def __init__(self) -> None:
        self.shared: dict[str, tuple[str, str]] = {}
        self._owner: dict[str, str] = {}
        self._kind: dict[str, str] = {}
        self._subs: dict[str, str] = {}
        self.runs: set[str] = set()
        """Whose owner is known: nothing more is learned of them from events."""
        self.nobodys: set[str] = set()
        """Words that were looked at, are nobody's id and hide nothing: most of a text. One that is learned later leaves it."""
        self.bare = Bare()
        self._own: dict[str, set[str]] = {}

    def sub(self, user: str) -> str:
        """The subject of a user's token, '' while unknown."""
        return self._subs.get(user, "")

    @property
    def known(self) -> Mapping[str, str]:
        """Whose each known id is."""
        return self._owner

    def own(self, user: str) -> Set[str]:
        """The ids of one user."""
        return self._own.get(user, NOTHING)

    def owner(self, word: str) -> str:
        """The label of the user whose id this is, or ''."""
        return self._owner.get(word, "")

    def kind(self, word: str) -> str:
        """What this id names: run, thread, request, user."""
        return self._kind.get(word, "")

    def hits(self, words: list[str]) -> Iterable[str]:
        """Those of `words` that are ids somebody owns, in a stable order."""
        if self._owner.keys().isdisjoint(words):
            return ()
        return [word for word in dict.fromkeys(words) if word in self._owner]

    def learn(self, identifier: object, kind: str, user: str) -> None:
        """`identifier` belongs to `user` from now on."""
        word = key_of(identifier) if isinstance(identifier, str) else ""
        if not word or not user or word in self.shared:
            return
        known = self._owner.setdefault(word, user)
        if known != user:
            self.shared[word] = (known, user)
            del self._owner[word]
            self._own[known].discard(word)
            return
        if word not in self._kind:
            self._kind[word] = kind
            self._own.setdefault(user, set()).add(word)
            self.nobodys.discard(word)

    def user(self, row: Row) -> None:
        """A `user` row: the subject of a sign-in, here or on another engine."""
        if row.type == "elsewhere":
            self.learn(row.body.get("sub"), "user", row.user)
        if row.type == "ready":
            sub = row.body.get("sub")
            if isinstance(sub, str) and sub:
                self._subs[row.user] = sub
                self.learn(sub, "user", row.user)

    def step(self, row: Row) -> None:
        """A `step` row: a requested run names its request and thread."""
        if row.type == "begin" and '"agent-run"' in row.text:
            body = body_of(row)
            if body.get("intent") == "agent-run":
                self.learn(body.get("request"), "request", row.user)
                self.learn(body.get("thread"), "thread", row.user)

    def created(self, row: Row) -> None:
        """A `created` row: a thread or run that we made."""
        if row.type == "made":
            body = body_of(row)
            if body.get("thing") in ("thread", "run"):
                owner = body.get("owner")
                self.learn(body.get("id"), str(body["thing"]), owner if isinstance(owner, str) and owner else row.user)

    def event(self, event: Event, receiver: str) -> None:
        """An event: a run id that came with a request or thread of ours belongs to whoever asked.

        The ids of a handshake belong to whoever it was held with first.
        """
        if event.name == "handshake":
            for word, kind in ((event.thread, "thread"), (event.run, "run"), (event.request, "request")):
                if not self.owner(key_of(word)):
                    self.learn(word, kind, receiver)
            return
        if event.run and event.run not in self.runs:
            owner = self.owner(key_of(event.request)) if event.request else ""
            if not owner and event.thread:
                owner = self.owner(key_of(event.thread))
                # A run of this thread that only somebody else sees, and that names no request, may be anybody's.
                owner = owner if owner == receiver else ""
            if owner:
                self.runs.add(event.run)
                self.learn(event.run, "run", owner)
