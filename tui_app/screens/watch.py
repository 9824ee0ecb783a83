"""Watch: how a target is, for hours, without a session: timelines above, what changed below, and the poll under the cursor."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import ComposeResult

from tui_app.screens.actions import bindings_for
from tui_app.screens.base import SessionScreen, titled
from tui_app.screens.moving import Moving
from tui_app.screens.safe import clean
from tui_app.screens.view import View
from tui_app.watch.model import SPANS
from widgets.banner import Banner
from widgets.lines import BLANK, Line, LineView, clip, fit, wrap
from widgets.timelines import FIXED, TONES, TimelineRow, head, legend, row_line, slowest_line

if TYPE_CHECKING:
    from tui_app.watch.model import Happening, Timeline
    from tui_app.watch.running import Running

KINDS: Final = {"transition": "", "restart": "warn", "build": "accent"}


class WatchScreen(Moving, SessionScreen):
    """A line per subject, then every change, newest first; Enter shows the poll behind either."""

    NAME = "watch"
    BINDINGS = bindings_for("watch")
    CSS: ClassVar[str] = """
    WatchScreen #lines { height: auto; }
    WatchScreen #changes { height: 1fr; }
    """

    def __init__(self, view: View, running: Running | None = None) -> None:
        super().__init__(view)
        self.running = running
        self.at = 0
        """Subjects first, then changes."""
        self.back = 0
        """Cells before the newest."""
        self.span = 0
        self.opened: dict[str, object] = {}
        self.rings = running.rings if running is not None else 0

    def body(self) -> ComposeResult:
        yield titled(LineView(id="lines", classes="pane"), "Services and tiers")
        yield titled(LineView(id="changes", classes="pane"), "What changed, newest first")

    def banner(self) -> Banner:
        """Of the target that is watched."""
        running = self.running
        if running is None:
            return Banner(target="WATCH")
        profile = running.profile
        lines = list(running.watched.timelines.values())
        wrong = [line.last.subject for line in lines if line.last is not None and line.last.word in ("down", "degraded")]
        note = (
            running.problem
            or running.trouble
            or (
                f"not up: {', '.join(wrong)}"
                if wrong
                else f"every {running.asked.every_s:g} s{spending(running)}; nothing is repaired from here"
            )
        )
        said = ("ENDED" if running.over.is_set() else "", "TROUBLE" if running.trouble else "")
        chips = tuple((text, "warn") for text in said if text)
        return Banner(target=f"WATCH {clean(profile.name).upper()}", stand_in=profile.environment == "rehearsal", note=clean(note),
                      chips=chips, utc=f"{self.view.clock():%H:%M:%S} UTC")  # fmt: skip

    def tick(self) -> None:
        running = self.running
        if running is None:
            return
        if running.rings > self.rings and running.asked.bell:
            self.app.bell()
        self.rings = running.rings
        self.at = max(0, min(self.at, len(self._subjects()) + len(self._changes()) - 1))
        lines = self.query_one("#lines", LineView)
        lines.styles.height = max(len(self._subjects()), 1) + 5
        lines.draw(lambda width, _height: (self._lines(width), None))
        below = self.query_one("#changes", LineView)
        below.border_title = "The poll under the cursor (Esc: back to what changed)" if self.opened else "What changed, newest first"
        below.draw(lambda width, _height: self._below(width))

    def _subjects(self) -> list[str]:
        return list(self.running.watched.timelines) if self.running is not None else []

    def _changes(self) -> list[Happening]:
        return list(reversed(self.running.watched.happenings)) if self.running is not None else []

    def _cell_s(self) -> float:
        return (self.running.watched.cell_s if self.running is not None else 60.0) * SPANS[self.span]

    def _lines(self, width: int) -> list[Line]:
        subjects = self._subjects()
        if self.running is None or not subjects:
            return [((self.running.said[-1] if self.running is not None and self.running.said else "the first poll is on its way", "dim"),)]
        room = max(width - FIXED, 4)
        self.back = max(0, min(self.back, room - 1))
        now = time.time()
        found = [head(_utc((int(now // self._cell_s()) - room + 1) * self._cell_s())[3:8])]
        rows = [self._row(name, self.running.watched.timelines[name], now, room) for name in subjects]
        found += [row_line(row, width, room - 1 - self.back, here=index == self.at) for index, row in enumerate(rows)]
        found.append(slowest_line(rows[min(self.at, len(rows) - 1)]))
        return [clip(line, width) for line in (*found, legend(_lasting(self._cell_s())))]

    def _row(self, name: str, line: Timeline, now: float, room: int) -> TimelineRow:
        cells = line.strip(now, room, SPANS[self.span])
        state = line.last.word if line.last is not None else ""
        words = [cell.word if cell is not None else "" for cell in cells]
        slowest = [cell.ms if cell is not None else None for cell in cells]
        p50, p95 = line.percentile(0.5), line.percentile(0.95)
        return TimelineRow(clean(name), state, line.uptime, line.measured, p50, p95, line.samples, words, slowest)

    def _below(self, width: int) -> tuple[list[Line], int | None]:
        if self.opened:
            return poll_lines(self.opened, width), None
        changes = self._changes()
        if not changes:
            return [(("nothing has changed since the watch began", "dim"),)], None
        here = self.at - len(self._subjects())
        return [self._change(one, width) for one in changes], here if here >= 0 else None

    def _change(self, one: Happening, width: int) -> Line:
        word = one.text.partition(" -> ")[2].partition(":")[0] if one.kind == "transition" else ""
        tone = TONES.get(word, "plain") if word else KINDS.get(one.kind, "plain")
        when = time.strftime("%d %H:%M:%S", time.gmtime(one.at))
        return clip(((f"{when}  ", "dim"), (fit(clean(one.subject), 12), "plain"), (fit(one.kind, 11), tone or "plain"),
                     (clean(one.text), tone or "plain")), width)  # fmt: skip

    # -- acting

    def _move(self, by: int) -> None:
        self.opened = {}
        self.at = max(0, self.at + by)
        self.pulse()

    def action_left(self) -> None:
        self.opened, self.back = {}, self.back + 1
        self.pulse()

    def action_right(self) -> None:
        self.opened, self.back = {}, max(self.back - 1, 0)
        self.pulse()

    def action_span(self) -> None:
        """The next span of a cell."""
        self.span = (self.span + 1) % len(SPANS)
        self.vigil.say(f"a cell is {_lasting(self._cell_s())}")
        self.pulse()

    def action_open(self) -> None:
        """The poll behind the cell or the change under the cursor: what was asked, what came, what it was read as."""
        subjects, changes = self._subjects(), self._changes()
        if self.running is None or not subjects:
            return
        if self.at >= len(subjects):
            one = changes[self.at - len(subjects)]
            subject, begin, end = one.subject, one.at, one.at + 0.001
        else:
            subject, span = subjects[self.at], self._cell_s()
            begin = (int(time.time() // span) - self.back) * span
            end = begin + span
            last = self.running.watched.timelines[subject].last
            if self.back == 0 and last is not None and last.at < begin:
                begin, end = last.at, last.at + 0.001  # the newest there is, where nothing was polled in the newest cell yet
        try:
            row = self.running.store.find(subject, begin, end)
        except (sqlite3.Error, OSError) as error:
            self.vigil.say(f"the watch's file cannot be read: {clean(str(error))}", bad=True)
            return
        self.opened = row or {"subject": subject, "word": "", "between": f"{_utc(begin)} to {_utc(end)} UTC"}
        self.pulse()

    def action_back(self) -> None:
        """From the poll to what changed; else to the screen before, and the watch goes on."""
        if self.opened:
            self.opened = {}
            self.pulse()
            return
        if self.running is not None and not self.running.over.is_set():
            self.vigil.say("the watch goes on; W shows it again")
        super().action_back()

    def action_end_watch(self) -> None:
        """No more polls; what was seen stays on the screen and in its files."""
        if self.running is None:
            return
        self.running.over.set()
        kept = self.running.store.path
        self.vigil.say(f"the watch has ended{f'; kept in {kept}' if kept else ''}")
        self.pulse()

    def summary(self) -> str:
        """The table, ready for a chat."""
        from tui_app.watch.headless import table

        return "\n".join(table(self.running.watched, time.time())) if self.running is not None else ""


def spending(running: Running) -> str:
    """What the watch asks of the target beyond looking: runs of today's budget, and what larger sessions may begin."""
    runs, asked = running.runs_per_day, running.asked
    found = "" if not runs else f", {runs} runs a day at most" if running.spent is None else f", {running.spent} of {runs} runs today"
    found += f", a load every {asked.load_every_s / 3600:g} h" if asked.load_every_s else ""
    return found + (", a session after a recovery" if asked.revalidate_after else "")


def poll_lines(row: dict[str, object], width: int) -> list[Line]:
    """One kept poll: when, what was asked, what came, and what it was read as."""
    word = str(row["word"])
    if not word:
        return [((f"{clean(str(row['subject']))}: not polled, {row['between']}", "dim"),)]
    lines: list[Line] = [
        ((f"{_utc(float(str(row['at'])))} UTC  ", "dim"), (f"{clean(str(row['subject']))} {word}", TONES.get(word, "plain")))
    ]
    took = f", {float(str(row['ms'])):.1f} ms" if row["ms"] is not None else ""
    asked = f"GET {row['path']}" if str(row["path"]).startswith("/") else str(row["path"])
    ended = f"ended{took}" if took else "no answer"
    came = f"HTTP {row['status']}{took}" if row["status"] else ended
    facts = (("read as", f"{word}{': ' if row['why'] else ''}{row['why']}"), ("asked", asked), ("came", came),
             ("error", row["error"]), ("instance", row["instance"]), ("build", row["build"]),
             ("up for", f"{float(str(row['uptime'])):.0f} s, as it says" if row["uptime"] is not None else ""))  # fmt: skip
    for name, value in facts:
        if value:
            parts = wrap(clean(str(value)), width - 10)
            lines += [((fit(name if index == 0 else "", 10), "dim"), (part, "plain")) for index, part in enumerate(parts)]
    if row["answer"]:
        lines += [BLANK, (("answer", "dim"),), *[((part, "plain"),) for part in wrap(clean(str(row["answer"])), width)]]
    return lines


def _utc(at: float) -> str:
    return time.strftime("%d %H:%M:%S", time.gmtime(at))


def _lasting(seconds: float) -> str:
    return f"{seconds:g} s" if seconds < 120 else f"{seconds / 60:g} min" if seconds < 7200 else f"{seconds / 3600:g} h"
