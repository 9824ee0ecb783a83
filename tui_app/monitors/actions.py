"""Marker-bearing actions: which the target took up, and when each counts as a probe."""

from __future__ import annotations

from bisect import insort

from tui_app.model import Row
from tui_app.monitors.bodies import body_of
from tui_app.monitors.cells import Action


class Actions:
    """Feed it `action` rows. `due`: what was taken up and has ended, by when it counts."""

    def __init__(self, quiet: int) -> None:
        """`quiet`: ns after an action's end until it counts."""
        self._quiet = quiet
        self._acting: dict[tuple[str, str], Action] = {}
        self.asked: dict[tuple[str, str], list[Action]] = {}
        """(user, check): actions that nothing has come back for yet."""
        self.due: list[Action] = []

    def feed(self, row: Row) -> Action | None:
        """An `action` row; an action that is over, where the target took it up."""
        body = body_of(row)
        key = (row.user, str(body.get("marker") or body.get("action") or ""))
        if row.type == "begin":
            action = self._acting[key] = Action(row.user, row.t, 0)
            self.asked.setdefault((row.user, row.check), []).append(action)
        elif ended := self._acting.pop(key, None):
            ended.due = row.t + self._quiet
            if ended.taken:
                self.counts(ended)
                return ended
            waiting = self.asked.pop((row.user, row.check), [])
            if left := [action for action in waiting if action is not ended]:
                self.asked[row.user, row.check] = left
        return None

    def took(self, row: Row) -> None:
        """The target answered this user in this check: what was under way was taken up, and its marker is there to leak."""
        for action in self.asked.pop((row.user, row.check), ()):
            action.taken = True

    def counts(self, action: Action) -> None:
        """From its `due` on it is a probe."""
        insort(self.due, action, key=lambda one: one.due)
