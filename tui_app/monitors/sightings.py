"""What of others stands in a row: markers, parts of markers and ids, as they are or in an encoded form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from tui_app.model import Row
from tui_app.monitors.attempts import Attempts
from tui_app.monitors.identities import Identities
from tui_app.monitors.scan import LONG, MARKER, WHOLE, Mark, Parts, hidden, hides_nothing, packed, plain_markers, signs
from tui_app.words import words

RULES: Final[dict[str, str]] = {
    "marker": "another user's marker, whole or with at least 8 of its last 20 digits",
    "part-of-marker": "at least 16 digits in a row of another user's marker, without what stands before them",
    "run-id": "the id of another user's run",
    "thread-id": "the id of another user's thread",
    "request-id": "the id of another user's request",
    "user-id": "another user's own id",
    "stranger": "an event that names a user who is none of ours",
}
"""What makes a frame or an answer foreign, by name. Markers, parts and ids are also looked for in every form of `scan.FORMS`."""
NOBODYS_KEPT: Final = 65_536
ANOTHER_KEPT: Final = 16

WHERE: Final = {"http": " in an HTTP answer"}
"""What is said of where a leak was seen; a frame needs no word."""


def _in(form: str) -> str:
    return f", {form}" if form else ""


def named(kind: str, owner: str, row: Row) -> str:
    """What was seen of `owner` where a row carries an id of theirs: what a person would say that it is."""
    if row.kind != "frame":
        return f"{owner}'s {kind} id" + WHERE.get(row.kind, "")
    return f"events that name {owner}" if kind == "user" else f"events of {owner}'s {kind}"


class Book(Protocol):
    """Who keeps what was seen (`tui_app.monitors.isolation.Isolation`)."""

    identities: Identities
    attempts: Attempts

    def leak(self, source: str, row: Row, what: str) -> None:
        """Something of `source` in a row of somebody else's."""

    def prove(self, user: str, tail: str, row: Row) -> None:
        """A user's own marker on a socket of its own."""


class Sightings:
    """Classifies rows, and tells its book of every leak and every own marker. `session`: the first six digits of ours."""

    def __init__(self, book: Book) -> None:
        self.session = ""
        self.another_session: list[int] = []
        self._book = book
        self._sent = Parts()

    def classify(self, row: Row) -> str:
        """Classify a row by the markers and ids in it: foreign, another-session, own, or '' where it names nobody."""
        text = row.text
        plain = self._at_a_glance(row, text)
        if plain is not None:
            return plain
        found = words(text)
        seen = self._markers(row, plain_markers(text), "")
        if "foreign" in seen:
            return "foreign"
        seen |= self._ids(row, found, "")
        if "foreign" in seen:
            return "foreign"
        seen |= self._hidden(row, text, found)
        if "foreign" in seen:
            return "foreign"
        if "own" in seen:
            return "own"
        if "another-session" in seen:
            if len(self.another_session) < ANOTHER_KEPT:
                self.another_session.append(row.seq)
            return "another-session"
        return ""

    def _at_a_glance(self, row: Row, text: str) -> str | None:
        """'own' or '' for nearly every row: all its words were seen before, or are its owner's own. None: it must be looked into."""
        identities, user = self._book.identities, row.user
        bare, nobodys, mine = identities.bare, identities.nobodys, identities.own(user)
        pieces = set(text.split('"')) - bare.known - nobodys
        known = not mine.isdisjoint(pieces)
        if known:
            pieces = pieces - mine
        if not pieces:
            return "own" if known else ""
        rest = '"'.join(pieces)
        if signs(rest):
            return None
        marks = plain_markers(text) if "VM-" in rest else ()
        if marks and not (user and all(self._own(mark, user) for mark in marks)):
            return None
        new = bare.words(pieces) - nobodys
        if new:
            if not mine.isdisjoint(new):
                known = True
                new = new - mine
            if marks:
                new = {word for word in new if not MARKER.fullmatch(word)}
            if new and not self._plain(new, rest):
                return None
        if marks:
            for mark in dict.fromkeys(marks) if row.kind == "frame" else ():
                self._book.prove(user, mark.tail, row)
            return "own"
        return "own" if known else ""

    def _own(self, mark: Mark, user: str) -> bool:
        return mark.user == user and len(mark.tail) == WHOLE and (not self.session or mark.session == self.session)

    def _plain(self, new: set[str], text: str) -> bool:
        """Whether it shows at a glance that words never seen before are nobody's and hide nothing; then they count as seen."""
        known, nobodys = self._book.identities.known, self._book.identities.nobodys
        if not known.keys().isdisjoint(new):
            return False
        long = False
        for word in new:
            if len(word) >= LONG:
                long = True
                if not hides_nothing(word, known):
                    return False
        if long and packed(text):
            return False
        nobodys |= new
        if len(nobodys) > NOBODYS_KEPT:
            nobodys.clear()
        return True

    def _markers(self, row: Row, found: Sequence[Mark], form: str) -> set[str]:
        if not found or "marker" not in RULES:
            return set()
        seen: set[str] = set()
        leaked: dict[str, None] = {}
        for mark in dict.fromkeys(found):
            if self.session and mark.session != self.session:
                seen.add("another-session")
            elif mark.user == row.user:
                seen.add("own")
                if row.kind == "frame" and not form:
                    self._book.prove(row.user, mark.tail, row)
            elif not self._book.attempts.mentioned(row, mark.tail):
                leaked[mark.user] = None
        for source in leaked:  # a frame is one leak of a user, however often it names them
            self._book.leak(source, row, f"{source}'s marker{_in(form)}" + WHERE.get(row.kind, ""))
        return seen | {"foreign"} if leaked else seen

    def _ids(self, row: Row, found: list[str], form: str) -> set[str]:
        # An answer to nobody in particular may name the user it is about (a sign-in); another's marker it may not.
        seen: set[str] = set()
        for word in self._book.identities.hits(found) if row.user else ():
            owner, kind = self._book.identities.owner(word), self._book.identities.kind(word)
            if owner == row.user:
                seen.add("own")
            elif f"{kind}-id" in RULES and not self._book.attempts.mentioned(row, word):
                self._book.leak(owner, row, named(kind, owner, row) + _in(form))
                return seen | {"foreign"}
        return seen

    def _hidden(self, row: Row, text: str, found: list[str]) -> set[str]:
        """What only shows once an encoded form is undone, or is but a part of a marker."""
        harmless, known = self._book.identities.nobodys, self._book.identities.known
        unknown = [word for word in found if len(word) >= LONG and word not in harmless and word not in known]
        seen: set[str] = set()
        for form, reading in hidden(text, unknown):
            inside = words(reading)
            seen |= self._markers(row, plain_markers(reading), form) | self._ids(row, inside, form)
            if "foreign" not in seen:
                seen |= self._parts(row, inside, form)
            if "foreign" in seen:
                return seen
        if not unknown:
            return seen
        if self._parts(row, unknown, ""):
            return seen | {"foreign"}
        if len(harmless) > NOBODYS_KEPT:
            harmless.clear()
        harmless.update(unknown)
        return seen

    def _parts(self, row: Row, found: list[str], form: str) -> set[str]:
        if "part-of-marker" not in RULES:
            return set()
        for word in found:
            if len(word) < LONG or plain_markers(word):
                continue  # a marker with its name was looked at already
            owner = self._sent.find(word)
            if owner is not None and owner[0] != row.user and not self._book.attempts.mentioned(row, owner[1]):
                self._book.leak(owner[0], row, f"a part of {owner[0]}'s marker{_in(form)}" + WHERE.get(row.kind, ""))
                return {"foreign"}
        return set()

    def said(self, row: Row) -> None:
        """What a user of ours sends: their markers are known from now on, also by a part."""
        identities = self._book.identities
        pieces = identities.bare.rest(row.text) - identities.own(row.user)
        rest = '"'.join(sorted(pieces))
        found = dict.fromkeys(plain_markers(rest))
        for mark in found:
            if mark.user == row.user:
                self._sent.learn(mark)
        self._book.attempts.said(row, rest, found)
