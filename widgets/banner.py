"""The two lines at the top of every session screen, and the key bar at its foot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from textual.timer import Timer

from widgets.glyphs import TONES, glyphs, spelled
from widgets.lines import BLANK, Line, LineView, Span, clip, fit, line_width, spread


@dataclass(frozen=True, slots=True)
class PhaseMark:
    """One phase of the bar: its name, '' | 'RUNNING' | a verdict word, checks finished and planned."""

    name: str
    word: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Banner:
    """What the first lines answer: which target and build, what verdict so far, how long, UTC, runs spent."""

    target: str
    build: str = ""
    verdict: str = ""
    verdict_text: str = ""
    elapsed: str = ""
    about: str = ""
    utc: str = ""
    runs: str = ""
    stand_in: bool = False
    """The target is no real staging (a rehearsal) or the session no live one (a replay): said in a badge."""
    phases: tuple[PhaseMark, ...] = ()
    note: str = ""
    """Stands where the phases would, where there are none."""
    chips: tuple[tuple[str, str], ...] = field(default=())
    """Modes that are not the default: (text, tone)."""
    quiet: tuple[tuple[str, str], ...] = field(default=())
    """Modes of this terminal that change nothing in what is shown: (at length, in short). The phases go before them."""


BADGES = {"good": "goodbadge", "bad": "badbadge", "warn": "warnbadge"}


def _first_line(data: Banner, about: str, build: str) -> Line:
    parts: list[Line] = [((f" {data.target} ", "badge" if data.stand_in else "warnbadge"), (f" {build}" if build else "", "plain"))]
    if data.verdict_text:
        tone = TONES.get(data.verdict, "dim")
        mark = f"{glyphs().word(data.verdict)} " if data.verdict else ""
        parts.append(((f"{mark}{data.verdict_text}", tone),))
    for text in (data.elapsed + about, data.utc, data.runs):
        if text:
            parts.append(((text, "plain"),))
    line: list[Span] = []
    for index, part in enumerate(parts):
        line += [(f" {glyphs().upright} ", "dim")] if index else []
        line.extend(part)
    return tuple(line)


def banner_lines(data: Banner, width: int) -> list[Line]:
    """Two lines of at most `width` cells."""
    first: Line = BLANK
    # What gives way on a narrow terminal, one after the other: the build's tail, the word "about", the expected length.
    short = data.build.split(" ")[0]
    full = f" of about {data.about}" if data.about else ""
    brief = full.replace("about ", "")
    for about, build in (
        (full, data.build),
        (full, short),
        (brief, short),
        ("", short),
        (brief, fit(short, 9)),
        ("", fit(short, 9)),
        ("", ""),
    ):
        first = _first_line(data, about, build)
        if line_width(first) <= width:
            break
    second: Line = BLANK
    # What gives way then: the gaps, what the quiet chips say at length, the quiet chips, and at last the tail of the phases.
    for gap, form in ((3, 0), (2, 0), (2, 1), (1, 1), (2, 2), (1, 2), (2, 2)):
        phases, chips = _phases(data, gap), _chips(data, form)
        second = spread(phases, chips, width) if chips else clip(phases, width)
        if line_width(phases) + line_width(chips) < width:
            break
    return [clip(first, width), second]


def _phases(data: Banner, gap: int) -> Line:
    phases: list[Span] = [(data.note, "dim")] if data.note else []
    for index, phase in enumerate(data.phases):
        if index:
            phases.append((" " * gap, "plain"))
        count = f"{phase.total}" if phase.word not in ("RUNNING",) else f"{phase.done}/{phase.total}"
        phases.append((f"{phase.name} ", "plain" if phase.word else "dim"))
        phases.append((f"{glyphs().word(phase.word)} {count}", TONES.get(phase.word, "dim")))
    return tuple(phases)


def _chips(data: Banner, form: int) -> Line:
    """The chips; `form` 0: the quiet ones at length, 1: in short, 2: not at all."""
    texts = [*data.chips, *((chip[form], "warn") for chip in data.quiet if form < 2)]
    chips: list[Span] = []
    for text, tone in texts:
        chips += [(" ", "plain")] if chips else []
        chips.append((f" {text} ", BADGES.get(tone, "badge")))
    return tuple(chips)


class BannerBar(LineView):
    """The header of a session screen."""

    DEFAULT_CSS = "BannerBar { height: 2; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, bar=True)
        self.data: Banner | None = None

    def update(self, data: Banner) -> None:
        """Show `data`; lines that do not differ are not painted."""
        self.data = data
        self.draw(lambda width, _height: (banner_lines(data, width), None))


@dataclass(frozen=True, slots=True)
class KeyHint:
    """A key as the bar shows it; ranks over what fits are left out, the highest first."""

    key: str
    label: str
    rank: int


def key_line(hints: Sequence[KeyHint], width: int) -> Line:
    """One line of hints: the last hint is set to the right; what does not fit gives way by rank."""
    if not hints:
        return BLANK
    *body, last = hints
    right: Line = ((spelled(last.key), "key"), (f" {last.label}", "dim"))
    room = width - line_width(right) - 2
    shown = list(body)
    while shown:
        spans: list[Span] = []
        for index, hint in enumerate(shown):
            spans += [("  " if index else "", "plain"), (spelled(hint.key), "key"), (f" {hint.label}", "dim")]
        if line_width(tuple(spans)) <= room:
            return spread(tuple(spans), right, width)
        worst = max(hint.rank for hint in shown)
        del shown[max(index for index, hint in enumerate(shown) if hint.rank == worst)]
    return spread(BLANK, right, width)


SAID_S = 5.0
"""How long a word stays in the place of the hints."""


class KeyBar(LineView):
    """The foot of a screen: what can be done here."""

    DEFAULT_CSS = "KeyBar { height: 1; dock: bottom; background: $panel; }"

    def __init__(self, hints: Sequence[KeyHint] = (), *, id: str | None = None) -> None:
        super().__init__(id=id, bar=True)
        self.said: Line | None = None
        self._until: Timer | None = None
        self.update(hints)

    def update(self, hints: Sequence[KeyHint]) -> None:
        """Show these hints, once what was said has been there long enough."""
        self.hints = tuple(hints)
        said = self.said
        self.draw(lambda width, _height: ([clip(said, width) if said is not None else key_line(self.hints, width)], None))

    def say(self, text: str, *, bad: bool = False, seconds: float = SAID_S) -> None:
        """A short word in the place of the hints, over nothing that is measured; the newest one wins."""
        self.said = ((text, "bad" if bad else "strong"),)
        if self._until is not None:
            self._until.stop()
        self._until = self.set_timer(seconds, self._said_enough)
        self.update(self.hints)

    def hush(self) -> None:
        """Take back what was said: it is true no more."""
        if self._until is not None:
            self._until.stop()
        if self.said is not None:
            self._said_enough()

    def _said_enough(self) -> None:
        self.said = None
        self.update(self.hints)
