"""Start: whom to validate, or which session to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Input

from tui_app.model import SECOND
from tui_app.recording.retention import size_text
from tui_app.screens.actions import bindings_for, by_id, footer_for, up_and_down
from tui_app.screens.base import titled
from tui_app.screens.help import WIDEST
from tui_app.screens.moving import Moving
from tui_app.screens.one_size import OneSize
from tui_app.screens.purposes import BLURBS, PURPOSES
from tui_app.screens.safe import clean
from tui_app.screens.session_link import LinkError, SessionLine, TargetInfo
from tui_app.screens.view import View, mmss
from widgets.banner import KeyBar, KeyHint
from widgets.glyphs import SHORT, TONES, glyphs
from widgets.lines import BLANK, Line, LineView, clip, fit, spread, wrap

if TYPE_CHECKING:
    from tui_app.app import VigilApp

RECENT = 12
"""So many of the sessions that have ended are listed at least; more where there is room."""
ROOMY = 30
"""From so many rows on the way through the screens is told as well."""
FULL_WAY = 50
"""From so many rows on what each of them is for is told at length."""
ROOM_FOR_SIZE = 66
"""From so many cells on a session's line tells its build, how long it took, and its size as well; beside the list it always stands."""
ROOM_FOR_TIME = 48
"""From so many cells on the line of a pinned session tells the hour as well."""
WAY = ("plan", "live", "events", "isolation", "latency", "verdict")


@dataclass(frozen=True, slots=True)
class Entry:
    """A row that can be chosen: a target, a session, or the field for an address."""

    kind: str
    target: TargetInfo | None = None
    session: SessionLine | None = None
    note: str = ""

    def same_as(self, other: Entry) -> bool:
        """Whether both are about one target or one session, whatever is known of it by now."""
        if self.session is not None and other.session is not None:
            return (self.session.session, self.session.path) == (other.session.session, other.session.path)
        if self.target is not None and other.target is not None:
            return (self.target.key or self.target.name) == (other.target.key or other.target.name)
        return (self.kind, self.target) == (other.kind, other.target)


class StartScreen(Moving, OneSize, Screen[None]):
    """Targets, running sessions, recent ones. The cursor begins on the rehearsal, so Enter, Enter never reaches anything else."""

    NAME = "start"
    BINDINGS = bindings_for("start")
    AUTO_FOCUS = ""
    CSS = """
    StartScreen #title { height: auto; padding: 0 2; }
    StartScreen #list { width: 44; }
    StartScreen #about { width: 1fr; }
    StartScreen #way { height: auto; display: none; }
    StartScreen.-roomy #title { padding: 1 2; }
    StartScreen.-roomy #way { display: block; }
    StartScreen.-normal #list { width: 56; }
    StartScreen #address { display: none; height: 3; border: round $accent; padding: 0 1; background: $background; }
    StartScreen #address.-open { display: block; }
    StartScreen.-wide #list { width: 84; }
    StartScreen.-tiny #list { width: 1fr; }
    StartScreen.-tiny #about { display: none; }
    """

    def __init__(self, view: View) -> None:
        super().__init__()
        self.view = view
        self.entries: list[Entry] = []
        self.cursor = 0
        self.problem = ""
        self.looked = False
        """The sessions have been read."""

    @property
    def vigil(self) -> VigilApp:
        """The application."""
        from tui_app.app import VigilApp

        assert isinstance(self.app, VigilApp)
        return self.app

    def compose(self) -> ComposeResult:
        yield LineView(id="title", bar=True)
        with Horizontal():
            yield titled(LineView(id="list", classes="pane"), "Whom to validate")
            yield titled(LineView(id="about", classes="pane"), "About it")
        yield titled(LineView(id="way", classes="pane"), "The way through")
        yield Input(id="address", placeholder="https://backend address, or the path of a TOML file", select_on_focus=False)
        hints = [KeyHint(action.key_text, action.label, action.footer) for action in footer_for("start")]
        keys = [KeyHint("Enter", "open", 1), KeyHint(up_and_down(), "move", 3), KeyHint("q", "leave", 2)]
        yield KeyBar(keys + [hint for hint in hints if hint.rank == 9])

    def on_mount(self) -> None:
        self.list_all([])
        self.call_after_refresh(self.load)  # to read many recordings takes longer than a first picture may

    def on_screen_resume(self) -> None:
        if self.looked:
            self.load()

    def on_resize(self) -> None:
        self.draw()

    def load(self) -> None:
        """Read targets and sessions anew; the cursor stays on its row, and begins on the rehearsal."""
        link = self.vigil.link
        sessions: list[SessionLine] = []
        try:
            sessions = link.sessions() if link is not None else []
        except LinkError as error:
            self.problem = str(error)
        self.looked = True
        self.list_all(sessions)

    def list_all(self, sessions: list[SessionLine]) -> None:
        """List the targets, and these sessions."""
        link = self.vigil.link
        kept = self.entries[self.cursor] if self.entries else None
        targets = link.builtin() if link is not None else []
        entries = [Entry("target", target=target) for target in targets]
        last = next((line.target for line in sessions if line.target), "")
        position = next((index for index, entry in enumerate(entries) if entry.target and entry.target.name == last), -1)
        if position >= 0:
            found = entries.pop(position)
            entries.insert(0, Entry("target", target=found.target, note="last used"))
        entries.append(Entry("address"))
        running = [line for line in sessions if line.alive]
        entries += [Entry("running", session=line) for line in running]
        entries += [Entry("recent", session=line) for line in sessions if not line.alive][: max(RECENT, self.size.height - 24)]
        self.entries = entries
        at = next((index for index, entry in enumerate(entries) if kept is not None and entry.same_as(kept)), -1)
        if at >= 0:
            self.cursor = at
        else:
            self.cursor = next((i for i, entry in enumerate(entries) if entry.target is not None and entry.target.key == "rehearsal"), 0)
        self.draw()

    def draw(self) -> None:
        """Show the list and what the row under the cursor is about."""
        self.set_class(self.size.height >= ROOMY, "-roomy")
        title = self.query_one("#title", LineView)
        title.styles.height = len(_title(max(self.size.width - 4, 10))) + (2 if self.size.height >= ROOMY else 0)
        title.draw(lambda width, _height: (_title(width), None))
        way = self.query_one("#way", LineView)
        full = self.size.height >= FULL_WAY
        way.styles.height = len(way_lines(max(self.size.width - 6, 20), full=full)) + 2
        way.draw(lambda width, _height: (way_lines(width, full=full), None))
        self.query_one("#list", LineView).draw(lambda width, _height: self._list(width))
        self.query_one("#about", LineView).draw(lambda width, _height: (self._about(width), None))

    def _list(self, width: int) -> tuple[list[Line], int | None]:
        lines: list[Line] = []
        at: int | None = None
        heads = {"running": "Running now", "recent": "Recent sessions"}
        before = "target"
        for index, entry in enumerate(self.entries):
            if entry.kind != before and entry.kind in heads:
                lines += [BLANK, ((heads[entry.kind], "head"),)]
            before = entry.kind
            if index == self.cursor:
                at = len(lines)
            lines.append(_row(entry, width))
        if not any(entry.session is not None for entry in self.entries):
            lines += [
                BLANK,
                (("Recent sessions", "head"),),
                (("none yet; they will be listed here" if self.looked else "reading them" + glyphs().ellipsis, "dim"),),
            ]
        return lines, at

    def _about(self, width: int) -> list[Line]:
        lines: list[Line] = [((text, "bad"),) for text in wrap(clean(self.problem), width)]
        if lines:
            lines.append(BLANK)
        if not self.entries:
            return lines
        entry = self.entries[self.cursor]
        if entry.target is not None:
            lines += target_lines(entry.target, width)
        elif entry.session is not None:
            lines += session_lines(entry.session, width)
        else:
            text = "Paste the address of a backend and Vigil proposes the rest from it, or give the path of a target file (TOML)."
            lines += [((part, "plain"),) for part in wrap(text, width)]
        return lines

    # -- acting

    def chosen_target(self) -> TargetInfo | None:
        """The target under the cursor; None on any other row."""
        return self.entries[self.cursor].target if self.entries else None

    def action_left(self) -> None:
        self._move(-1)

    def action_right(self) -> None:
        self._move(1)

    def _move(self, by: int) -> None:
        self.cursor = max(0, min(len(self.entries) - 1, self.cursor + by))
        self.problem = ""
        self.draw()

    def action_open(self) -> None:
        """A target goes to its plan, a session to its screens, the address row to the field."""
        if not self.entries:
            return
        entry = self.entries[self.cursor]
        if entry.target is not None:
            self.vigil.choose_target(entry.target)
        elif entry.session is not None:
            self.vigil.open_session(entry.session)
        else:
            field = self.query_one("#address", Input)
            field.add_class("-open")
            field.focus()

    def action_keep(self) -> None:
        """Pin the session under the cursor, or let it go again."""
        link, entry = self.vigil.link, self.entries[self.cursor] if self.entries else None
        if link is None or entry is None or entry.session is None:
            self.vigil.say("only a session can be pinned")
            return
        kept = not entry.session.pinned
        try:
            link.pin(entry.session, kept=kept)
        except LinkError as error:
            self.vigil.say(str(error), bad=True)
            return
        self.load()
        self.vigil.say(f"session {entry.session.session} is {'pinned: it stays' if kept else 'not pinned any more'}")

    def action_back(self) -> None:
        """Away with the field; else back to the session there is."""
        field = self.query_one("#address", Input)
        if field.has_class("-open"):
            self._close_field()
        elif self.view.state.session:
            self.vigil.go("live")

    def _close_field(self) -> None:
        field = self.query_one("#address", Input)
        field.remove_class("-open")
        self.set_focus(None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """An address or a path was given."""
        link, text = self.vigil.link, event.value.strip()
        event.input.value = ""
        self._close_field()
        if not text or link is None:
            return
        try:
            self.vigil.propose_target(link.describe(text))
        except LinkError as error:
            self.problem = str(error)
            self.draw()


def _title(width: int) -> list[Line]:
    """What Vigil is for, in one line where it fits."""
    name, what = "vigil  ", "validates a live staging of the agent chat, and shows what proves it"
    parts = wrap(what, max(width - len(name), 20))
    return [((name if index == 0 else " " * len(name), "head"), (part, "plain")) for index, part in enumerate(parts)]


def way_lines(width: int, *, full: bool = False) -> list[Line]:
    """The screens that a session goes through, each with its digit and what it shows, in one line or in `full`."""
    lines: list[Line] = []
    for action in [by_id(f"go-{name}") for name in WAY]:
        said = wrap(PURPOSES[action.id.removeprefix("go-")], min(width - 14, WIDEST)) if full else [action.help]
        for index, part in enumerate(said):
            name: Line = ((f"{action.key_text}  ", "key"), (fit(action.label, 11), "strong")) if index == 0 else ((" " * 14, "plain"),)
            lines.append(clip((*name, (part, "plain")), width))
        lines += [BLANK] if full else []
    return lines[:-1] if full else lines


def whom(line: SessionLine) -> str:
    """The target of a session, and in capitals that it is a rehearsal: a PASS on one says nothing of a staging."""
    name, rehearsal = clean(line.target or "?"), line.environment == "rehearsal"
    return name if not rehearsal else "REHEARSAL" if name == "rehearsal" else f"REHEARSAL {name}"


def _row(entry: Entry, width: int) -> Line:
    if entry.target is not None:
        target = entry.target
        state = "blanks to fill" if target.blanks else "starts at once" if target.key == "rehearsal" else ""
        note = ", ".join(part for part in (entry.note, state) if part)
        left: Line = ((fit(clean(target.name), max(width - 27, 10)), "plain" if not target.blanks else "dim"),)
        return spread(left, ((note, "dim"),), width)
    if entry.session is not None:
        line = entry.session
        word = "RUNNING" if line.alive and not line.word else line.word
        mark = glyphs().running if line.alive else glyphs().word(word)
        when = line.started[5:16].replace("T", " ")
        shown = SHORT.get(word, "") if word else "none"
        columns = f" {when} {clean(line.session[:6])}"
        if width >= ROOM_FOR_SIZE:
            took = mmss(int(line.seconds * SECOND), tenths=False)
            columns = f" {'pinned' if line.pinned else '':6} {took:>5} {size_text(line.size):>7} {columns}"
        elif line.pinned:
            columns = f" pinned {when if width >= ROOM_FOR_TIME else when[:5]} {clean(line.session[:6])}"
        name = whom(line)
        if width >= ROOM_FOR_SIZE:
            name = f"{name} {clean(line.build)}"
        return clip(
            ((f"{mark} {shown} ", TONES.get(word, "dim")), (fit(name, max(width - 7 - len(columns), 8)), "plain"), (columns, "dim")), width
        )
    return (("another address or a target file", "plain"), (glyphs().ellipsis, "plain"))


def target_lines(target: TargetInfo, width: int) -> list[Line]:
    """What is known of a target before anything is sent to it."""
    kind = "built in" if target.key in BLURBS else clean(target.environment)
    lines: list[Line] = [((clean(target.name), "head"), (f"   {kind}", "dim"))]
    blurb = BLURBS.get(target.key, "")
    lines += [((part, "plain"),) for part in wrap(blurb, width)] + [BLANK]
    if target.blanks:
        lines.append((("Blanks to fill before it can run:", "warn"),))
        for blank in target.blanks:
            lines += [((f"  {part}", "plain"),) for part in wrap(clean(blank), width - 2)]
        text = "`vigil init` asks for them and writes a target file. Or choose the line below, and paste the backend's address."
        lines += [*[((part, "plain"),) for part in wrap(text, width)], BLANK]
    elif not target.loopback:
        text = "Off this machine: the plan shows its footprint and asks before it runs."
        lines += [*[((part, "dim"),) for part in wrap(text, width)], BLANK]
    for text in target.lines:
        lines += [((part, "dim" if target.blanks else "plain"),) for part in wrap(clean(text), width)]
    if not target.blanks:
        lines += [BLANK, *(rehearsing(width) if target.key == "rehearsal" else planning(width))]
    return lines


def _pressing(text: str, width: int, key: str = "Enter") -> list[Line]:
    first, *rest = wrap(text, max(width - 6, 10))
    return [((fit(key, 6), "key"), (first, "plain")), *((("      ", "plain"), (part, "plain")) for part in rest)]


def planning(width: int) -> list[Line]:
    """What can be done with a target that has all its addresses."""
    watching = "watches it for hours: timelines, what changed."
    return [*_pressing("shows the plan; r asks to run it.", width), *_pressing(watching, width, by_id("watch").key_text)]


def rehearsing(width: int) -> list[Line]:
    """What Enter does on the rehearsal, and what a staging of one's own takes."""
    lines = _pressing("shows the plan: what is asked, and what it costs. Enter again runs it.", width)
    lines += _pressing("watches it for hours: timelines, what changed.", width, by_id("watch").key_text)
    text = "For a staging of yours Vigil needs its address and how its users sign in: `vigil init` asks, and writes a target file."
    return [*lines, BLANK, *[((part, "dim"),) for part in wrap(text, width)]]


def session_lines(line: SessionLine, width: int) -> list[Line]:
    """What is known of a session from its recording."""
    state = "running now" if line.alive else line.ended or "ended"
    facts = (
        ("session", line.session + (", pinned" if line.pinned else "")),
        ("rerun of", line.parent),
        ("target", line.target or "unknown"),
        ("build", line.build),
        ("began", line.started),
        ("took", "" if line.problem else mmss(int(line.seconds * SECOND), tenths=False)),
        ("verdict", (line.word or "none") + (" so far" if line.alive and line.word else "")),
        ("state", state),
        ("size", size_text(line.size) if line.size else ""),
    )
    lines: list[Line] = [((fit(name, 10), "dim"), (clean(value), "plain")) for name, value in facts if value]
    if line.problem:
        lines += [BLANK, *[((part, "bad"),) for part in wrap(clean(line.problem), width)]]
    if not line.alive and line.ended == "interrupted":
        lines += [
            BLANK,
            *[((part, "warn"),) for part in wrap(f"Its engine died. `vigil cleanup {line.session}` finishes its tidying.", width)],
        ]
    lines += [BLANK, *_pressing("attaches to it." if line.alive else "opens its recording.", width)]
    if not line.problem:
        said = "leaves it to the limits on old sessions again." if line.pinned else "pins it: no limit on old sessions deletes it."
        lines += _pressing(said, width, by_id("keep").key_text)
    return lines
