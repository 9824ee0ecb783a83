"""Presentation: this session for a room full of people, one thing at a time, in large cells.

Pages change by themselves, and at once to what was just found wrong; a key turns them, or makes one stay. Hosts, addresses and
e-mail are hidden. Where the target is a rehearsal, or the session is shown again, large letters say so on every page.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from copy import deepcopy
from typing import Final

from textual.app import ComposeResult

from tui_app.recording.state import SessionState
from tui_app.screens import base
from tui_app.screens.actions import bindings_for
from tui_app.screens.discreet import hidden, names_of
from tui_app.screens.plainly import Saying, running_check
from tui_app.screens.present_pages import PAGES, Page
from tui_app.screens.safe import clean
from tui_app.screens.view import View, mmss
from widgets.banner import BADGES, KeyBar
from widgets.big import big
from widgets.glyphs import glyphs
from widgets.lines import BLANK, Line, LineView, Span, clip, spread, wrap

DWELL_S: Final = 12.0
"""How long a page stays before the next one comes by itself."""


class Turner:
    """Which page is shown: the next one after a while, unless it is to stay."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.index = 0
        self.staying = False
        self._since = clock()
        self._found: tuple[int, int] | None = None

    @property
    def page(self) -> Page:
        """The page in view."""
        return PAGES[self.index]

    def turn(self, state: SessionState, by: int = 1) -> None:
        """To the next page that has something on it, or the one before."""
        for _ in PAGES:
            self.index = (self.index + by) % len(PAGES)
            if self.page.ready(state):
                break
        self._since = self.clock()

    def to(self, name: str) -> None:
        """To a page by its name."""
        self.index = next(index for index, page in enumerate(PAGES) if page.name == name)
        self._since = self.clock()

    def look(self, state: SessionState) -> None:
        """Turn if it is time; what fails, and the end, show themselves at once."""
        failed = sum(1 for check in state.checks.values() if check.word == "FAIL")
        leaks = sum(1 for cell in state.cells.values() if cell.leaks)
        before, self._found = self._found, (failed + state.ended, leaks)
        if self.staying:
            return
        if before is not None and self._found[0] > before[0]:
            self.to("verdict")
        elif before is not None and leaks > before[1]:
            self.to("isolation")
        elif not state.ended and self.clock() - self._since >= DWELL_S:
            self.turn(state)


class PresentScreen(base.SessionScreen):
    """One thing at a time."""

    NAME = "present"
    BINDINGS = bindings_for("present")
    CSS = """
    PresentScreen LineView { padding: 0 2; }
    PresentScreen #facts { height: 1; }
    PresentScreen #page { height: 1fr; padding: 0 2 1 2; }
    PresentScreen #said { height: 3; }
    PresentScreen #pages { height: 1; dock: bottom; margin-bottom: 1; }
    PresentScreen.-staging #facts, PresentScreen.-high #facts { height: 2; }
    PresentScreen.-high #said { height: 5; }
    PresentScreen.-wide LineView { padding: 0 8; }
    PresentScreen.-wide #page { padding: 1 8 2 8; }
    """

    def __init__(self, view: View, turner: Turner | None = None) -> None:
        super().__init__(view)
        self.turner = turner or Turner()
        self.saying = Saying()
        self.moment: SessionState | None = None
        self._names: tuple[int, frozenset[str]] = (-1, frozenset())

    @property
    def state(self) -> SessionState:
        """The session as of now, or as of the moment that is held."""
        return self.moment if self.moment is not None else self.view.state

    def compose(self) -> ComposeResult:
        yield LineView(id="facts", bar=True)
        yield LineView(id="large", bar=True)
        yield LineView(id="page", bar=True)
        yield LineView(id="said", bar=True)
        yield LineView(id="pages", bar=True)
        yield KeyBar(id="keys")

    def pulse(self) -> None:
        """Everything anew: the toolkit paints only the lines that differ."""
        if not self.is_mounted or self._pruning:
            return
        self.set_class(self.size.height >= 34, "-high")
        state = self.state
        if self.moment is None:
            self.turner.look(state)
        large = self.query_one("#large", LineView)
        large.display = bool(self._stand_in())
        large.styles.height = len(big("X")) + 1
        self.set_class(not self._stand_in(), "-staging")
        self._draw("large", self._large)
        self._draw("facts", lambda width, height: [self._facts(width)])
        self._draw("page", lambda width, height: self.turner.page.draw(state, width, height))
        self._draw("said", self._said)
        self._draw("pages", lambda width, height: [self._places(width)])
        self.show_keys()

    def _draw(self, name: str, make: Callable[[int, int], list[Line]]) -> None:
        def made(width: int, height: int) -> tuple[list[Line], None]:
            return [tuple((hidden(text, self.names), tone) for text, tone in line) for line in make(width, height)][:height], None

        self.query_one(f"#{name}", LineView).draw(made)

    @property
    def names(self) -> frozenset[str]:
        """Hosts and people of this session that are known by a name alone."""
        if self._names[0] != self.view.version:
            header = self.view.reader.header if self.view.reader is not None else {}
            state = self.view.state
            self._names = (self.view.version, names_of(header, state.host, state.environment))
        return self._names[1]

    def _stand_in(self) -> str:
        words = ["REPLAY"] if self.view.role == "replay" else []
        return " ".join([*words, "REHEARSAL"] if self.view.rehearsal else words)

    def _large(self, width: int, _height: int) -> list[Line]:
        word = self._stand_in()
        rows = big(word) if word else []
        return [((row, "accent"),) for row in rows] if rows and len(rows[0]) <= width else [((f" {word} ", "badge"),)]

    def _facts(self, width: int) -> Line:
        state = self.state
        parts = [clean(state.environment).upper() or "NO SESSION", clean(state.build), mmss(state.t, tenths=False)]
        if self.view.about and not state.ended:
            parts[-1] += f" of about {self.view.about}"
        parts.append(f"{state.runs_asked:,} runs")
        left: list[Span] = [("vigil", "head")]
        for part in filter(None, parts):
            left += [(f" {glyphs().upright} ", "dim"), (part, "plain")]
        right: list[Span] = []
        for text, tone in self.chips():
            right += [(" ", "plain")] if right else []
            right.append((f" {text} ", BADGES.get(tone, "badge")))
        return spread(tuple(left), tuple(right), width) if right else clip(tuple(left), width)

    def chips(self) -> list[tuple[str, str]]:
        """What is not as it usually is."""
        found: list[tuple[str, str]] = []
        if self.moment is not None:
            found.append((f"FROZEN +{self.view.state.seq - self.moment.seq:,}", "warn"))
        elif self.turner.staying:
            found.append(("STAYS", "badge"))
        standing = base.banner(self.view, []).chips
        return found + [chip for chip in standing if not chip[0].startswith("REPLAY")]

    def _said(self, width: int, height: int) -> list[Line]:
        """What is being proven, then what happens now."""
        state = self.state
        check = running_check(state)
        lines: list[Line] = []
        if self.view.gone:
            return [((text, "bad"),) for text in wrap("Vigil's own engine has gone: the session is interrupted.", width, height)]
        now = self.saying.now(state)
        if self.moment is not None:
            now = f"Held at {mmss(state.t)}: {now}"
        if check is not None and not state.ended:
            lines.append(clip(((clean(check.title), "accent"), (f". {clean(check.impact)}" if width >= 100 else "", "dim")), width))
        if height > 4:
            lines.append(BLANK)
        return [*lines, *(((text, "strong"),) for text in wrap(now, width, 2))]

    def _places(self, width: int) -> Line:
        glyph = glyphs()
        dots: list[Span] = []
        for index, _ in enumerate(PAGES):
            dots.append(
                (f"{glyph.seen if index == self.turner.index else glyph.unseen} ", "accent" if index == self.turner.index else "dim")
            )
        return spread((*dots, (f" {self.turner.page.title}", "dim")), ((f"{self.view.clock():%H:%M} UTC", "dim"),), width)

    def applies(self, action_id: str) -> bool:
        return action_id == "back" or super().applies(action_id)

    def action_next_page(self) -> None:
        self.turner.turn(self.state)
        self.pulse()

    def action_previous_page(self) -> None:
        self.turner.turn(self.state, -1)
        self.pulse()

    def action_stay(self) -> None:
        """Stay on this page, or let them change again."""
        self.turner.staying = not self.turner.staying
        self.pulse()

    def action_freeze_moment(self) -> None:
        """Hold this moment on every page, or go on."""
        self.moment = deepcopy(self.view.state) if self.moment is None else None
        self.pulse()

    def action_end_presentation(self) -> None:
        self.action_back()

    def action_back(self) -> None:
        """A held moment goes on first; then back to the screen before."""
        if self.moment is not None:
            self.action_freeze_moment()
        else:
            self.app.pop_screen()
