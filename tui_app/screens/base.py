"""What every session screen shares: the banner, the key bar, freezing, and `tick()`.

A screen subclasses `SessionScreen`, sets `NAME` and `BINDINGS = bindings_for(NAME)`, yields its widgets from `body()`, and
fills them in `tick()`. The application calls `tick()` at most every 100 ms, only when something changed, only on the screen
in view, and never while it is frozen; and once when the screen comes into view or its size changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.app import ComposeResult
from textual.events import ScreenResume
from textual.screen import Screen
from textual.widget import Widget

from tui_app import now
from tui_app.recording.errors import RecordingError
from tui_app.recording.state import SessionState
from tui_app.screens.actions import SCREENS, footer_for
from tui_app.screens.control import watching_chip
from tui_app.screens.one_size import OneSize
from tui_app.screens.playback import Playback, speed_text
from tui_app.screens.reasons import why_not
from tui_app.screens.safe import clean
from tui_app.screens.switching import SwitchingApp
from tui_app.screens.view import PHASES, View, mmss
from widgets.banner import Banner, BannerBar, KeyBar, KeyHint, PhaseMark
from widgets.lines import Line, LineView, wrap

if TYPE_CHECKING:
    from tui_app.app import VigilApp
    from tui_app.recording.reader import Reader

W = TypeVar("W", bound=Widget)


def titled(widget: W, title: str) -> W:
    """`widget` with a title in its border. Titles are our own words: the toolkit reads markup in them."""
    widget.border_title = title
    return widget


class SessionScreen(OneSize, Screen[None]):
    """A screen on a session. `view.state` and `view.reader` are the only sources it has."""

    NAME: ClassVar[str] = ""
    SMALLEST: ClassVar[tuple[int, int]] = (60, 16)
    """Columns and rows below which the screen gives way to its summary in words; (0, 0): it draws itself at any size."""
    DEFAULT_CSS = """
    SessionScreen #tiny { display: none; padding: 0 1; }
    SessionScreen.-little > * { display: none !important; }
    SessionScreen.-little > BannerBar, SessionScreen.-little > KeyBar, SessionScreen.-little > #tiny { display: block !important; }
    """

    def __init__(self, view: View) -> None:
        super().__init__()
        self.view = view
        self.frozen_at: int | None = None

    @property
    def state(self) -> SessionState:
        """The session as of now."""
        return self.view.state

    @property
    def reader(self) -> Reader | None:
        """The recording, or None before there is one."""
        return self.view.reader

    @property
    def vigil(self) -> VigilApp:
        """The application, for what leaves this screen: `open_why`, `open_frame`, `open_events`."""
        from tui_app.app import VigilApp

        assert isinstance(self.app, VigilApp)
        return self.app

    def compose(self) -> ComposeResult:
        yield BannerBar(id="banner")
        yield from self.body()
        yield LineView(id="tiny")
        yield KeyBar(id="keys")

    def body(self) -> ComposeResult:
        """The screen's own widgets, between the banner and the key bar."""
        yield from ()

    def tick(self) -> None:
        """Show the state as it is now."""

    def chips(self) -> list[tuple[str, str]]:
        """Modes of this screen that are not the default, as (text, tone)."""
        return [(f"FROZEN +{self.state.seq - self.frozen_at:,}", "warn")] if self.frozen_at is not None else []

    def banner(self) -> Banner:
        """The two header lines."""
        return banner(self.view, self.chips())

    def summary(self) -> str:
        """What `y` copies: a few lines of plain text, ready for a chat."""
        from tui_app.screens.farewell import summary

        return summary(self.state)

    def pulse(self) -> None:
        """Called by the application whenever something may have changed: header always, the rest unless frozen."""
        if not self.is_mounted or self._pruning:
            return  # not all of it is there yet, or it is being taken away for another session's: it is drawn once it is there
        self.show_banner()
        self.show_keys()
        little = self.size.width < self.SMALLEST[0] or self.size.height < self.SMALLEST[1]
        self.set_class(little, "-little")
        if little:
            self.query_one("#tiny", LineView).draw(lambda width, height: (tiny_lines(self, width, height), None))
        if self.frozen_at is None:
            try:
                self.tick()
            except RecordingError as error:
                self.view.gone = self.view.gone or clean(str(error))
        if isinstance(self.app, SwitchingApp) and self.is_current:
            self.app.filled()

    def show_banner(self) -> None:
        """The header alone: what a key changed about the mode is seen at once."""
        self.query_one("#banner", BannerBar).update(self.banner())

    def applies(self, action_id: str) -> bool:
        """Whether the key bar is to offer an action now."""
        if action_id == "back":
            return self.frozen_at is not None or len(self.app.screen_stack) > 1 or self.NAME == "plan"
        return not why_not(self.view, action_id) and (action_id != "freeze" or self.view.running)

    def show_keys(self) -> None:
        """Fill the key bar from the registry, leaving out what does not apply now."""
        self.query_one("#keys", KeyBar).update(hints(self))

    def on_mount(self) -> None:
        self.show_keys()
        self.call_after_refresh(self.pulse)

    def on_screen_resume(self, event: ScreenResume) -> None:
        if isinstance(self.app, SwitchingApp):
            event.refresh_styles = self.app.looks_changed(self)
        self.call_after_refresh(self.pulse)

    def on_resize(self) -> None:
        self.call_after_refresh(self.pulse)

    def action_freeze(self) -> None:
        """Hold the picture still, or let it move again; a session goes on either way, a replay waits."""
        if self.view.playback is not None:
            self.vigil.action_replay_pause()
            return
        self.frozen_at = self.state.seq if self.frozen_at is None else None
        self.pulse()

    def action_present(self) -> None:
        """This session for a room, on top of the screen in view."""
        from tui_app.screens.present import PresentScreen

        self.app.push_screen(PresentScreen(self.view))

    def action_back(self) -> None:
        """One step back: off the stack of this tab; a frozen picture moves again first."""
        if self.frozen_at is not None:
            self.action_freeze()
        elif len(self.app.screen_stack) > 1:
            self.app.pop_screen()


def tiny_lines(screen: SessionScreen, width: int, height: int) -> list[Line]:
    """A screen for which there is no room: what is awaited, as much of its summary as fits, and the size that it takes."""
    size, least = screen.size, screen.SMALLEST
    hint = f"{screen_title(screen.NAME)} is drawn from {least[0]}x{least[1]} on; this terminal is {size.width}x{size.height}."
    foot: list[Line] = [((part, "dim"),) for part in wrap(hint, width)]
    awaited = [now.sentence(screen.state, screen.view.gone, 2 * width)] if screen.view.running else []
    lines: list[Line] = [((part, "plain"),) for text in awaited + screen.summary().splitlines() for part in wrap(clean(text), width)]
    return [*lines[: max(height - len(foot), 1)], *foot]


def hints(screen: SessionScreen) -> list[KeyHint]:
    """The key bar of a screen: its own actions, the screens' digits, and help at the right."""
    found = [KeyHint(action.key_text, action.label, action.footer) for action in footer_for(screen.NAME) if screen.applies(action.id)]
    places = [KeyHint("0-9", "screens", 5), KeyHint("q", "leave", 6)]
    helps = [hint for hint in found if hint.rank == 9]
    return [hint for hint in found if hint.rank != 9] + places + helps


def verdict_text(state: SessionState) -> str:
    """The session's word so far, in words."""
    if state.ended:
        return state.word or "interrupted"
    if not state.session:
        return ""
    return f"{state.word} so far" if state.word else "no verdict yet"


def phase_marks(state: SessionState) -> tuple[PhaseMark, ...]:
    """The bar of phases; a phase that is done shows its worst word."""
    marks = []
    for phase, name in PHASES.items():
        checks = [check for check in state.checks.values() if check.phase == phase]
        if not checks:
            continue
        done = [check for check in checks if check.word not in ("", "RUNNING")]
        words = [check.word for check in checks if check.required]
        worst = next((word for word in ("FAIL", "BLOCKED", "INCONCLUSIVE") if word in words), "PASS" if "PASS" in words else "SKIPPED")
        if len(done) == len(checks):
            word = worst
        elif state.phases.get(phase) == "running" or any(check.word == "RUNNING" for check in checks):
            word = "FAIL" if "FAIL" in words else "RUNNING"
        else:
            word = ""
        marks.append(PhaseMark(name, word, len(done), len(checks)))
    return tuple(marks)


def replay_chips(playback: Playback) -> list[tuple[str, str]]:
    """That it is a replay, of when, where in it, how fast, and whether it moves."""
    place = f"{mmss(playback.position, tenths=False)} of {mmss(playback.total, tenths=False)} {speed_text(playback.speed)}"
    halted = "AT THE END" if playback.at_end else "PAUSED" if playback.paused else ""
    return [(f"REPLAY of {clean(playback.date)}", "warn"), (place, "badge"), *([(halted, "warn")] if halted else [])]


def banner(view: View, chips: list[tuple[str, str]]) -> Banner:
    """The two header lines for a view."""
    state = view.state
    sealed = view.reader is not None and view.reader.sealed
    found = list(chips)
    if view.caught_up < 1:
        found.append((f"CATCHING UP {view.caught_up:.0%}".replace("%", " %"), "warn"))
    if view.gone:
        found.append(("ENGINE GONE" if view.role in ("driving", "watching") else "DAMAGED", "bad"))
    if state.engine > 1:
        found.append((f"ENGINE {state.engine} ALONE", "warn"))
    if state.parent:
        found.append((f"RERUN of {clean(state.parent[:6])}", "badge"))
    if state.faults:
        found.append((f"FAULT {clean(', '.join(state.faults))}", "warn"))
    if view.playback is not None:
        found += replay_chips(view.playback)
    elif view.role == "opened" and not sealed:
        found.append(("RECORDING", "badge"))
    elif view.role == "watching" or sealed:
        found.append((watching_chip(view), "warn"))
    if state.asks:
        found.append(("SIGN IN: H", "bad"))
    elif state.held:
        found.append(("HELD", "warn"))
    if state.stopping and not state.ended:
        found.append(("STOPPING", "warn"))
    if state.client_slow:
        found.append(("CLIENT TOO SLOW", "bad"))
    quiet = [(f"{view.rate_why or 'SLOW LINK'} {view.rate_hz} Hz", f"{view.rate_hz} Hz")] if view.rate_hz < 10 else []
    quiet += [(f"MOUSE {view.mouse}", f"MOUSE {view.mouse}")] if view.mouse else []
    limit = f"/{state.runs_limit}" if state.runs_limit else ""
    return Banner(
        target=("REPLAY " if view.playback is not None else "") + clean(state.target or "no session").upper(),
        build=clean(state.build),
        verdict=state.word,
        verdict_text=verdict_text(state),
        elapsed=mmss(state.t, tenths=False),
        about="" if state.ended else view.about,
        utc=f"{view.clock():%H:%M:%S} UTC",
        runs=f"{state.runs_asked}{limit} run{'s' * (bool(limit) or state.runs_asked != 1)}",
        stand_in=view.stand_in,
        phases=phase_marks(state),
        chips=tuple(found),
        quiet=tuple(quiet),
    )


def screen_title(name: str) -> str:
    """What a person reads for a screen's name."""
    return SCREENS.get(name, name)
