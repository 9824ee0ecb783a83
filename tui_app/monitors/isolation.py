"""Isolation between users: every frame and answer scanned for every marker and id (criterion T4).

A probe of the cell (source, observer) is one marker-bearing action of the source, taken up by the target, while the observer has
a welcomed socket from the action's beginning until 2 s after its end. A leak is the source's marker or one of its ids where only the
observer should see. Own markers on own sockets are the positive control, without which nothing is called clean.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from tui_app.model import EVERYBODY, SECOND, Event, Row
from tui_app.monitors.actions import Actions
from tui_app.monitors.attempts import Attempts
from tui_app.monitors.cells import Action, Cell, Far, Matrix, Stray, cell_row
from tui_app.monitors.crowd import Crowd
from tui_app.monitors.derived import Derived
from tui_app.monitors.elsewhere import Elsewhere
from tui_app.monitors.identities import Identities
from tui_app.monitors.presence import Lots, Presence
from tui_app.monitors.run import same_identity
from tui_app.monitors.sightings import RULES, Sightings

QUIET: Final = 2 * SECOND
"""How long after an action's end a leak of it still counts for its probe."""
PROBES_PER_CELL: Final = 10
PROBES_IN_ALL: Final = 299
WITNESSES: Final = 16
FOREIGN_KEPT: Final = 4096
QUIET_MATRIX: Final = 10
"""With more users than this, counts are written at the end of each check and not every 250 ms."""

CROWD: Final = 128
"""With more users than this no pair has a cell of its own unless it leaks, but each source one for all its pairs."""

TAKEN: Final = ("own", "unattributed")
"""Classes of frames that show that an action was taken up. A refusal, or nothing at all, plants no marker and probes nothing."""
MANY: Final = 1 << 62
SESSION_NAMES: Final = frozenset({"welcome", "handshake", "ping", "pong", "heartbeat", "heartbeat_ack", "ack"})
CLASSES: Final = ("own", "foreign", "unattributed", "session", "malformed", "another-session")


class Isolation:
    """Feed it every acting row in order. Derives `cell` and `attempt` rows; findings are the checks' business."""

    def __init__(self, users: int = 0) -> None:
        """`users`: so many are planned; from their number follows whether each pair has a cell of its own."""
        self.crowd = Crowd() if users > CROWD else None
        self.identities = Identities()
        self.attempts = Attempts(self.identities)
        self.classified: dict[str, int] = dict.fromkeys(CLASSES, 0)
        self.last_class = ""
        self.total_probes = 0
        self.strays: list[Stray] = []
        self.foreign: dict[int, Stray] = {}
        """What was foreign, by its row: the first `FOREIGN_KEPT`, for checks that ask about rows of their own."""
        self._users: list[str] = []
        self._cells: dict[tuple[str, str], Cell] = {}
        self._by_source: dict[str, list[Cell]] = {}
        self._proof: dict[str, int] = {}
        self._proofs: dict[str, set[str]] = {}
        self._presence, self._lots = Presence(), Lots()
        self._actions = Actions(QUIET)
        self._elsewhere = Elsewhere(self)
        self.far: Far | None = None  # set in an engine of several, for the lead to be told
        self._changed, self._waiting = dict[tuple[str, str], None](), dict[tuple[str, str], None]()  # what waits: mere counts, for a flush
        self._written: dict[tuple[str, str], tuple[str, int, int]] = {}
        self._enough = False
        self._sightings = Sightings(self)

    # -- what judges read

    @property
    def users(self) -> list[str]:
        """Labels of the users seen, in order of sign-in."""
        return list(self._users)

    def cells(self) -> list[Cell]:
        """The ordered pairs, row by row; the diagonal is in `proven`. Of a crowd: one for each source, then the pairs that leak."""
        self._lots.tell_all()
        if self.crowd is not None:
            return [*self._everybody(), *self.leaking()]
        return [self._cell(source, observer) for source in self._users for observer in self._users if source != observer]

    def leaking(self) -> list[Cell]:
        """The pairs that leak, row by row."""
        if self.crowd is None:
            return [cell for cell in self.cells() if cell.leaks] if any(cell.leaks for cell in self._cells.values()) else []
        place = {user: number for number, user in enumerate(self._users)}
        found = sorted(self._cells.values(), key=lambda cell: (place[cell.source], place[cell.observer]))
        for cell in found:
            cell.probes = self.crowd.probes(cell.source, cell.observer)
        return found

    def matrix(self) -> Matrix:
        """All pairs together."""
        pairs, leaks = len(self._users) * (len(self._users) - 1), sum(cell.leaks for cell in self._cells.values())
        if self.crowd is not None:
            rows = list(self.crowd.rows(self._users, PROBES_PER_CELL)) if pairs else []
            return Matrix(pairs, self.total_probes, min((row[1] for row in rows), default=0), sum(row[2] for row in rows), leaks)
        probes = [cell.probes for cell in self.cells()]
        return Matrix(pairs, sum(probes), min(probes, default=0), sum(count < PROBES_PER_CELL for count in probes), leaks)

    def proven(self, user: str) -> int:
        """The row at which this user first saw a marker of its own on a socket of its own; 0 if it never did."""
        return self._proof.get(user, 0)

    @property
    def another_session(self) -> list[int]:
        """The first rows that carry markers of other Vigil sessions."""
        return self._sightings.another_session

    @property
    def leaks(self) -> int:
        """Leaks in all cells, and strays."""
        return sum(cell.leaks for cell in self._cells.values()) + len(self.strays)

    # -- feeding

    def feed(self, row: Row, events: Sequence[Event]) -> Sequence[Derived]:
        """Take one acting row; return the `cell` and `attempt` rows that follow from it."""
        kind = row.kind
        self.last_class = ""
        actions = self._actions
        if actions.due and actions.due[0].due <= row.t:
            self._probe(self._elsewhere.settled(row.t))
        if kind == "frame":
            if row.dir == "out":
                self._sightings.said(row)
            else:
                self.last_class = found = self._frame(row, events)
                self.classified[found] += 1
                if self.attempts.open:
                    self.attempts.heard(row, events)
                if actions.asked and found in TAKEN and not any(event.name == "error" for event in events):
                    actions.took(row)
            if self._changed or (self.total_probes >= PROBES_IN_ALL and not self._enough):
                return self._changes(False)
            return ()
        derived: list[Derived] = []
        if kind == "http":
            if row.dir == "out":
                self._sightings.said(row)
            else:
                self.attempts.answered(row, self._sightings.classify(row) == "foreign")
                if actions.asked and row.type.startswith("2"):
                    actions.took(row)
        elif kind == "action":
            ended = self._actions.feed(row)
            if ended is not None and self.far is not None:
                self.far.acts.append((ended.source, ended.begin, ended.due))
        elif kind == "conn":
            if row.type == "welcome":
                self.arrived(row.user, row.conn, row.t)
            elif row.type in ("closed", "refused"):
                self.left(row.conn, row.t)
        elif kind == "step":
            self.identities.step(row)
            derived.extend(self.attempts.step(row))
        elif kind == "created":
            self.identities.created(row)
        elif kind == "user":
            if row.type == "ready":
                self.join(row.user)
            self.identities.user(row)
        elif kind == "engine":
            self._elsewhere.feed(row)
        elif kind == "session" and row.type == "start":
            self._sightings.session = str(row.body.get("session") or "")[:6]
        flush = False
        if self._waiting or self._changed:
            flush = (kind == "clock" and len(self._users) <= QUIET_MATRIX) or (kind in ("check", "session") and row.type == "end")
        if flush or self._changed or (self.total_probes >= PROBES_IN_ALL and not self._enough):
            derived.extend(self._changes(flush))
        return derived

    def join(self, user: str) -> None:
        """A user signed in."""
        if user and user not in self._users:
            self._users.append(user)
            self._proofs[user] = set()

    def arrived(self, user: str, conn: int, t: int) -> None:
        """A welcomed connection."""
        if user in self._proofs:
            self._presence.came(user, conn, t)
            if self.crowd is not None:
                self.crowd.came(user, conn, t)

    def left(self, conn: int, t: int) -> None:
        """It has ended."""
        gone = self._presence.went(conn)
        if gone and self.crowd is not None:
            self.crowd.went(gone, conn, t)

    def _probe(self, now: int) -> None:
        due = self._actions.due
        while due and due[0].due <= now:
            action = due.pop(0)
            if action.source not in self._proofs:
                continue
            if self.crowd is not None:
                self.total_probes += self.crowd.acted(action.source, action.begin, now)
                self._waiting[action.source, EVERYBODY] = None
                continue
            source = action.source
            present = self._presence.since(action.begin)
            if counted := self._lots.one(source, present):
                self.total_probes += counted
                continue
            self._lots.tell(source)
            probed = [cell for cell in self._from(source) if cell.observer in present]
            self.total_probes += len(probed)
            for cell in probed:
                cell.probes += 1
                (self._waiting if self._room(cell) >= 0 else self._changed)[cell.pair] = None
            if not self._changed:
                self._lots.begin(source, probed, present, self._room)

    def _room(self, cell: Cell) -> int:
        """How many more probes are mere counts, which wait to be told; negative where this one is none."""
        if cell.state not in ("measuring", "clean") or cell.probes == PROBES_PER_CELL:
            return -1
        return PROBES_PER_CELL - 1 - cell.probes if cell.probes < PROBES_PER_CELL else MANY

    # -- what another engine told (tui_app.monitors.elsewhere)

    def acted(self, source: str, begin: int, due: int) -> None:
        """An action of a user elsewhere that the target took up."""
        self._actions.counts(Action(source, begin, due, taken=True))

    def leaked(self, source: str, observer: str, what: str, rows: Sequence[int], count: int = 1) -> None:
        """Leaks that another engine saw, and the rows that tell of them."""
        if source not in self._proofs or observer not in self._proofs:
            self._stray(Stray(what, observer, rows[0], source))
            return
        cell = self._cell(source, observer)
        cell.leaks += count
        cell.what = cell.what or what
        cell.witnesses.extend(rows[: WITNESSES - len(cell.witnesses)])
        self._changed[(source, observer)] = None

    # -- scanning

    def _frame(self, row: Row, events: Sequence[Event]) -> str:
        session, malformed = bool(events), False
        identities = self.identities
        for event in events:
            name = event.name
            if name not in SESSION_NAMES:
                session = False
                if name == "malformed":
                    malformed = True
            if name == "handshake" or (event.run and event.run not in identities.runs):
                identities.event(event, row.user)
        kind = self._sightings.classify(row)
        if kind == "foreign":
            return kind
        if malformed:
            return "malformed"
        if session or (not kind and "control" in row.flag):
            return "session"
        if kind:
            return kind
        for event in events:
            sub = self.identities.sub(row.user)
            if event.user and sub and same_identity(event.user, sub):
                return "own"
            if event.user and sub and "stranger" in RULES:
                self._stray(Stray(f"{event.name} carries user id {event.user}, which is none of ours", row.user, row.seq))
        return "unattributed"

    def prove(self, user: str, tail: str, row: Row) -> None:
        seen = self._proofs.get(user)
        if seen is None or tail in seen:
            return
        self.proven_by(user, row.seq)
        if len(seen) < 4096:
            seen.add(tail)
            # How many it saw is a mere count once it was told that there is one.
            counted = not self._changed and (user, user) in self._written
            (self._waiting if counted else self._changed)[user, user] = None

    def proven_by(self, user: str, seq: int) -> None:
        """A row shows a user a marker of its own."""
        if user in self._proofs and user not in self._proof:
            self._proof[user] = seq
            if self.far is not None:
                self.far.proved.append((user, seq))
            self._changed.update(dict.fromkeys((pair for pair in self._cells if user in pair), None))

    def leak(self, source: str, row: Row, what: str) -> None:
        if self.far is not None:
            self.far.leaks.append((source, row.user, what, row.seq))
        if row.user not in self._proofs or source not in self._proofs:
            self._stray(Stray(what, row.user, row.seq, source))
            return
        self._keep(Stray(what, row.user, row.seq, source))
        cell = self._cell(source, row.user)
        cell.leaks += 1
        cell.what = cell.what or what
        if len(cell.witnesses) < WITNESSES:
            cell.witnesses.append(row.seq)
        self._changed[(source, row.user)] = None

    def _stray(self, stray: Stray) -> None:
        self._keep(stray)
        if self.far is not None and not stray.source:
            self.far.leaks.append(("", stray.observer, stray.text, stray.seq))
        if len(self.strays) < WITNESSES * 4:
            self.strays.append(stray)

    def _keep(self, seen: Stray) -> None:
        if len(self.foreign) < FOREIGN_KEPT:
            self.foreign.setdefault(seen.seq, seen)

    # -- cells

    def _cell(self, source: str, observer: str) -> Cell:
        cell = self._cells.get((source, observer))
        if cell is None:
            cell = self._cells[(source, observer)] = Cell(source, observer, pair=(source, observer))
        return cell

    def _from(self, source: str) -> list[Cell]:
        """The cells of a source, in the order of sign-in."""
        cells = self._by_source.get(source)
        if cells is None or len(cells) != len(self._users) - 1:
            cells = self._by_source[source] = [self._cell(source, observer) for observer in self._users if observer != source]
        return cells

    def _everybody(self) -> Iterator[Cell]:
        """Of a crowd: a cell for all pairs of each source."""
        assert self.crowd is not None
        leaks = Counter[str]()
        for cell in self._cells.values():
            leaks[cell.source] += cell.leaks
        proven = len(self._proof) >= len(self._users)
        yield from self.crowd.cells(self._users, leaks, proven, self.total_probes >= PROBES_IN_ALL, PROBES_PER_CELL)

    def _told(self) -> list[Derived]:
        """Rows for the sources of a crowd whose cells have changed."""
        self._waiting = {pair: None for pair in self._waiting if pair[1] != EVERYBODY}
        derived = []
        for cell in self._everybody():
            now = (cell.state, cell.probes, cell.leaks)
            if self._written.get(cell.pair) != now:
                self._written[cell.pair] = now
                derived.append(cell_row(cell))
        return derived

    def _state(self, cell: Cell) -> str:
        if cell.leaks:
            return "leak"
        if cell.source == cell.observer:
            return "clean"
        if not cell.probes or cell.source not in self._proof or cell.observer not in self._proof:
            return "unproven"
        return "clean" if cell.probes >= PROBES_PER_CELL and self.total_probes >= PROBES_IN_ALL else "measuring"

    def _changes(self, flush: bool) -> list[Derived]:
        """Rows for what changed: turning points at once, mere counts when `flush`ed, so that a storm stays readable."""
        enough = self.total_probes >= PROBES_IN_ALL
        if enough and not self._enough:
            self._enough = True  # the last probe needed settles every other cell too
            self._changed.update((pair, None) for pair, cell in self._cells.items() if cell.state == "measuring")
        self._lots.tell_all()
        pairs, self._changed = self._changed, {}
        if flush:
            pairs, self._waiting = self._waiting | pairs, {}
        derived = []
        for pair in pairs:
            if pair[1] == EVERYBODY:
                continue
            if self.crowd is not None and pair[0] != pair[1]:
                self._cell(*pair).probes = self.crowd.probes(*pair)
            cell = self._diagonal(pair[0]) if pair[0] == pair[1] else self._cell(*pair)
            cell.state = self._state(cell)
            now = (cell.state, cell.probes, cell.leaks)
            before = self._written.get(pair)
            if now == before:
                continue
            if flush or before is None or before[0] != cell.state:
                self._written[pair] = now
                self._waiting.pop(pair, None)
                derived.append(cell_row(cell))
            else:
                self._waiting[pair] = None
        return derived

    def _diagonal(self, user: str) -> Cell:
        """The positive control as a cell: how many of its own markers a user saw."""
        return Cell(user, user, len(self._proofs[user]), witnesses=[self._proof[user]])
