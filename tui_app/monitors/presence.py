"""Who was there when a user acted, and whose probes need no look at each pair."""

from __future__ import annotations

from collections.abc import Callable, Set

import msgspec

from tui_app.monitors.cells import Cell


class Presence:
    """The welcomed sockets: conn -> (user, since), times in ns of the session."""

    def __init__(self) -> None:
        self._conns: dict[int, tuple[str, int]] = {}
        self._all: Set[str] | None = None
        self._latest = 0

    def came(self, user: str, conn: int, t: int) -> None:
        """A welcomed connection."""
        self._conns[conn] = (user, t)
        self._all = None

    def went(self, conn: int) -> str:
        """It has ended; whose it was, '' for one that was never welcomed."""
        self._all = None
        return self._conns.pop(conn, ("", 0))[0]

    def since(self, begin: int) -> Set[str]:
        """Users with a socket that was welcomed by `begin` and is open now; the same object as long as nobody comes or goes."""
        if self._all is None:
            self._all = {user for user, _ in self._conns.values()}
            self._latest = max((since for _, since in self._conns.values()), default=0)
        if self._latest <= begin:
            return self._all
        return {user for user, since in self._conns.values() if since <= begin}


class _Lot(msgspec.Struct, gc=False):
    cells: list[Cell]
    there: Set[str]
    room: int
    more: int = 0


class Lots:
    """Probes that change nothing but the counts of all of a source's pairs: counted once, and told to the cells when somebody looks.

    With 50 users an action is 49 probes, in the receive path.
    """

    def __init__(self) -> None:
        self._lots: dict[str, _Lot] = {}

    def one(self, source: str, there: Set[str]) -> int:
        """One more action of `source`, with these users there: how many probes that is, 0 where each pair must be looked at."""
        lot = self._lots.get(source)
        if lot is None or lot.there is not there or lot.more >= lot.room:
            return 0
        lot.more += 1
        return len(lot.cells)

    def begin(self, source: str, cells: list[Cell], there: Set[str], room: Callable[[Cell], int]) -> None:
        """From now on these cells have one count; `room`: how many more probes a cell takes before it must be looked at."""
        least = min(map(room, cells), default=0)
        if least > 0:
            self._lots[source] = _Lot(cells, there, least)

    def tell(self, source: str) -> None:
        """Have the cells of a source tell what was counted, each by itself from now on."""
        lot = self._lots.pop(source, None)
        if lot is not None:
            for cell in lot.cells:
                cell.probes += lot.more

    def tell_all(self) -> None:
        """Have all cells tell what was counted."""
        for source in list(self._lots):
            self.tell(source)
