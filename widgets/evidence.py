"""Evidence: the claim, what was expected and seen, the findings, and the frames that witness them, in columns by user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from textual.geometry import Region

from widgets.fitting import fit, printable
from widgets.glyphs import ASCII, TONES, glyphs
from widgets.lines import BLANK, Line, LineView, Span, spread, wrap

SIDES_FROM = 72
"""Width from which two users stand side by side."""
TIME_FROM = 110
"""Width from which each witness shows its time and what it says."""
LABEL = 13
FINDINGS_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Witness:
    """One row that is cited, or that a claim rests on. All text is clean."""

    seq: int
    time: str
    user: str
    dir: str
    type: str
    run: str = ""
    text: str = ""
    tone: str = ""
    guilty: bool = False
    """The row that convicts: marked ◀."""
    context: bool = False
    """Not cited: drawn faintly, to tell what went on around the cited ones."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why something reads as it does. All text is clean and none of it is markup."""

    word: str
    name: str
    when: str = ""
    title: str = ""
    claim: str = ""
    facts: Sequence[tuple[str, str, str]] = ()
    """(label, text, tone) in order: Expected, Seen, Controls, To decide, ..."""
    findings: Sequence[tuple[str, str, int]] = ()
    """(severity, text, how many rows it cites), the gravest first."""
    witnesses: Sequence[Witness] = ()
    more: int = 0
    """Witnesses that are not listed."""
    rows_title: str = "rows"
    behind: Sequence[tuple[str, str, str]] = field(default=())
    """(word, id, reason) of the checks behind a criterion; Enter opens one."""
    behind_title: str = "checks behind it"


SEVERITY_TONES = {"critical": "bad", "major": "bad", "minor": "warn", "info": "dim"}
WORD_BADGES = {"good": "goodbadge", "bad": "badbadge", "warn": "warnbadge"}


def head_lines(data: Evidence, width: int) -> list[Line]:
    """The word, whose it is, when; the title; the claim."""
    tone = TONES.get(data.word, "dim")
    word = f" {glyphs().word(data.word)} {data.word or 'WAITING'} "
    first = spread(((word, WORD_BADGES.get(tone, "badge")), ("  ", "plain"), (data.name, "strong")), ((data.when, "dim"),), width)
    lines: list[Line] = [first]
    if data.title:
        lines.append(((fit(data.title, width).rstrip(), "plain"),))
    for line in wrap(data.claim, width, limit=3):
        lines.append(((line, "strong"),))
    lines.append(((glyphs().rule * width, "dim"),))
    return lines


def fact_lines(data: Evidence, width: int) -> list[Line]:
    """Label and text, the text wrapped beside its label."""
    lines: list[Line] = []
    for label, text, tone in data.facts:
        for number, piece in enumerate(wrap(text, max(width - LABEL, 10), limit=4) or [""]):
            lines.append(((fit(label if not number else "", LABEL), "dim"), (piece, tone or "plain")))
    if len(data.findings) > 1:
        lines.append(BLANK)
        for severity, text, cites in data.findings[:FINDINGS_SHOWN]:
            tail = f"  {cites} row{'s' if cites > 1 else ''}" if cites else ""
            lines.append(
                ((fit(severity, LABEL), SEVERITY_TONES.get(severity, "plain")), (fit(text + tail, width - LABEL).rstrip(), "plain"))
            )
        if len(data.findings) > FINDINGS_SHOWN:
            lines.append(((fit("", LABEL), "dim"), (f"and {len(data.findings) - FINDINGS_SHOWN} more findings", "dim")))
    return lines


def witness_lines(data: Evidence, width: int) -> list[tuple[Line, int]]:
    """Lines with the number of the row that each stands for (0: none). Two users stand side by side, more in one column."""
    users = list(dict.fromkeys(witness.user for witness in data.witnesses))
    sides = len(users) == 2 and width >= SIDES_FROM
    lines: list[tuple[Line, int]] = []
    rule, upright = glyphs().rule, glyphs().upright
    if sides:
        half = (width - 3) // 2
        head = f"{users[0]} ".ljust(half, rule), f"{users[1]} ".ljust(width - 3 - half, rule)
        lines.append((((head[0], "head"), (f"{rule}{'+' if glyphs() is ASCII else '┬'}{rule}", "head"), (head[1], "head")), 0))
        for witness in data.witnesses:
            cell = _cell(witness, half, width >= TIME_FROM * 2)
            empty: Line = ((" " * half, "plain"),)
            middle: Line = ((f" {upright} ", "dim"),)
            lines.append(((*cell, *middle, *empty) if witness.user == users[0] else (*empty, *middle, *cell), witness.seq))
    elif data.witnesses:
        title = fit(data.rows_title, min(len(data.rows_title), width - 2))
        lines.append((((f"{title} ".ljust(width, rule), "head"),), 0))
        lines += [(_cell(witness, width, width >= 60, named=True), witness.seq) for witness in data.witnesses]
    if data.more:
        lines.append((((f"and {data.more:,} more rows: t shows them among the others", "dim"),), 0))
    return lines


def _cell(witness: Witness, width: int, told: bool, named: bool = False) -> Line:
    """One witness in `width` cells: number, direction, event, run; the mark of the guilty at the end."""
    mark = (" <<" if glyphs() is ASCII else " ◀") if witness.guilty else ""
    tone = "bad" if witness.guilty else "dim" if witness.context else "plain"
    # Rows that are not cited stand without their number: colour alone must not tell the two apart.
    spans: list[Span] = [(" " * 8 if witness.context else f"{witness.seq:>7,} ", "dim")]
    if told:
        spans.append((f"{witness.time} ", "dim"))
    if named:
        spans.append((fit(witness.user, 4) + " ", "plain"))
    spans.append((fit(witness.dir, 1) + " " + fit(witness.type, 16) + " ", tone))
    spans.append((fit(witness.run, 4), "dim"))
    room = width - sum(len(text) for text, _ in spans) - len(mark)
    text = printable(witness.text)
    spans.append((" " + fit(text, room - 1) if room > 6 else " " * max(room, 0), "dim" if witness.context else "plain"))
    spans.append((mark, "bad"))
    return tuple(spans)


def behind_lines(data: Evidence, width: int) -> list[tuple[Line, str]]:
    """The checks behind a criterion, with the id that each line stands for."""
    if not data.behind:
        return []
    lines: list[tuple[Line, str]] = [(((f"{data.behind_title} ".ljust(width, glyphs().rule), "head"),), "")]
    room = min(max(len(name) for _, name, _ in data.behind) + 2, width // 2)
    for word, name, reason in data.behind:
        mark = f"{glyphs().word(word)} "
        cells = (mark, TONES.get(word, "dim")), (fit(name, room), "plain"), (fit(reason, width - room - 2).rstrip(), "dim")
        lines.append((cells, name))
    return lines


class EvidenceHead(LineView):
    """The word and the claim: stays while the rest is scrolled."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, bar=True)
        self.data: Evidence | None = None

    def update(self, data: Evidence) -> None:
        """Draw the head of `data`."""
        self.data = data
        self.on_resize()

    def on_resize(self) -> None:
        width = self.scrollable_content_region.width
        if self.data is not None and width:
            lines = head_lines(self.data, width)
            self.styles.height = len(lines)
            self.show(lines)


class EvidenceView(LineView):
    """Draws what an `Evidence` rests on; the cursor goes over what can be opened: witnesses (rows) and checks."""

    DEFAULT_CSS = "EvidenceView { scrollbar-gutter: stable; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.data: Evidence | None = None
        self.picked = 0
        self.items: list[int | str] = []
        """What the cursor can stand on: numbers of rows, ids of checks."""

    @property
    def item(self) -> int | str | None:
        """What is under the cursor."""
        return self.items[self.picked] if self.items else None

    def update(self, data: Evidence, pick: int | str | None = None) -> None:
        """Draw `data`; the cursor stays on what it was on, else goes to `pick`, else to the guilty row."""
        standing = self.item
        self.data = data
        self._draw()
        guilty = next((witness.seq for witness in data.witnesses if witness.guilty), None)
        for wanted in (standing, pick, guilty):
            if wanted is not None and wanted in self.items:
                self.picked = self.items.index(wanted)
                break
        self._draw()

    def move(self, step: int) -> None:
        """Move the cursor; with nothing to stand on, scroll."""
        if not self.items:
            self.scroll_relative(y=step, animate=False)
            return
        self.picked = min(max(self.picked + step, 0), len(self.items) - 1)
        self._draw()

    def on_resize(self) -> None:
        self._draw()
        if self.cursor is not None:
            self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, force=True)

    def _draw(self) -> None:
        if self.data is None or not self.size.width:
            return
        width = self.scrollable_content_region.width
        lines = fact_lines(self.data, width)
        places: list[int] = []
        self.items = []
        found: list[tuple[Line, int | str]] = [*behind_lines(self.data, width), *witness_lines(self.data, width)]
        if found:
            lines.append(BLANK)
        for line, item in found:
            if item:
                self.items.append(item)
                places.append(len(lines))
            lines.append(line)
        self.picked = min(self.picked, max(len(self.items) - 1, 0))
        self.show(lines, places[self.picked] if places else None)


def evidence_text(data: Evidence) -> str:
    """Plain text, ready for a chat: no colours, no columns that need a fixed font."""
    lines = [f"{data.word or 'WAITING'}  {data.name}  {data.when}".rstrip()]
    lines += [text for text in (data.title, data.claim) if text]
    lines += [f"{label}: {text}" if label else f"  {text}" for label, text, _ in data.facts]
    if len(data.findings) > 1:
        lines += [f"- {severity}: {text}" for severity, text, _ in data.findings]
    lines += [f"- {word or 'WAITING'} {name}: {reason}" for word, name, reason in data.behind]
    if data.witnesses:
        lines.append("Rows:")
    for witness in data.witnesses:
        parts = [
            "(not cited)" if witness.context else f"{witness.seq}",
            witness.time,
            witness.user,
            witness.dir,
            witness.type,
            f"run {witness.run}" if witness.run else "",
        ]
        lines.append("  " + " ".join(part for part in parts if part) + ("  <- this one" if witness.guilty else ""))
    if data.more:
        lines.append(f"  and {data.more} more")
    return "\n".join(lines)
