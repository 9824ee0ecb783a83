"""What a person does with a replay: pause, seek, speed. Whatever would act on a target is answered that this is a replay."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.screen import ModalScreen

from tui_app.model import SECOND
from tui_app.screens.catching import catch_up
from tui_app.screens.driving import DrivingApp
from tui_app.screens.one_size import OneSize
from tui_app.screens.playback import Playback, speed_text
from tui_app.screens.reasons import NO_REPLAY
from tui_app.screens.safe import clean
from tui_app.screens.selecting import check_time, parse_time
from tui_app.screens.session_link import Choice
from tui_app.screens.view import mmss
from widgets.banner import KeyBar
from widgets.filter_bar import FilterBar

LOOK_S = 0.02
"""What a key may spend on folding before it shows; the rest follows with the next beats."""
STEP_S = 5
LEAP_S = 30
MARKS = ("mark", "note", "pin")
NEAR_NS = SECOND // 2
"""Going back from a place goes to the one before it, also shortly after having come there."""


class SeekScreen(OneSize, ModalScreen[str]):
    """Asks for a time at the foot of the screen; gives it as typed, '' for none."""

    NAME = "seek"
    CSS = "SeekScreen { background: $background 0%; align: center bottom; } SeekScreen FilterBar { dock: bottom; }"

    def compose(self) -> ComposeResult:
        yield FilterBar(check_time, hint="time since the session began, as mm:ss or mm:ss.mmm", prompt="replay from", id="seek")

    def on_mount(self) -> None:
        self.query_one(FilterBar).open()

    def on_filter_bar_applied(self, message: FilterBar.Applied) -> None:
        self.dismiss(message.value)

    def on_filter_bar_left(self) -> None:
        self.dismiss("")


class ReplayingApp(DrivingApp):
    """An application that also shows a recorded session in its own time again."""

    def replay_here(self) -> Playback | None:
        """The replay in view; says it where there is none."""
        if self.view.playback is None:
            self.say(NO_REPLAY)
        return self.view.playback

    def _moved(self, said: str = "") -> None:
        """Show where the replay is now, before the next beat."""
        playback = self.view.playback
        if playback is None:
            return
        catch_up(self.view, LOOK_S)
        pulse = getattr(self.screen, "pulse", None)
        if pulse is not None:
            pulse()
        # What was said, or stood in a corner, was true of another moment.
        self.clear_notifications()
        for bar in self.screen.query(KeyBar):
            bar.hush()
        if said:
            self.say(said)

    def _to(self, t: int, said: str = "") -> None:
        playback = self.replay_here()
        if playback is not None:
            playback.seek(self.view, t)
            self._moved(said or f"{mmss(playback.position)} of {mmss(playback.total)}")

    def _by(self, seconds: int) -> None:
        playback = self.replay_here()
        if playback is not None:
            self._to(playback.position + seconds * SECOND)

    def action_replay_pause(self) -> None:
        """Pause, or go on; at the end, from the start again."""
        playback = self.replay_here()
        if playback is None:
            return
        if playback.at_end:
            playback.paused = False
            self._to(0, "from the start again")
            return
        playback.toggle()
        self._moved("paused" if playback.paused else "it goes on")

    def action_replay_back(self) -> None:
        self._by(-STEP_S)

    def action_replay_on(self) -> None:
        self._by(STEP_S)

    def action_replay_far_back(self) -> None:
        self._by(-LEAP_S)

    def action_replay_far_on(self) -> None:
        self._by(LEAP_S)

    def action_replay_start(self) -> None:
        self._to(0)

    def action_replay_end(self) -> None:
        playback = self.replay_here()
        if playback is not None:
            self._to(playback.total)

    def action_replay_slower(self) -> None:
        self._speed(-1)

    def action_replay_faster(self) -> None:
        self._speed(1)

    def _speed(self, by: int) -> None:
        playback = self.replay_here()
        if playback is not None:
            playback.faster(by)
            self._moved(f"speed {speed_text(playback.speed)}")

    def action_replay_next(self) -> None:
        """To the next finding or mark."""
        self._place(forward=True)

    def action_replay_previous(self) -> None:
        """To the finding or mark before."""
        self._place(forward=False)

    def _place(self, *, forward: bool) -> None:
        playback = self.replay_here()
        if playback is None:
            return
        reader, here = playback.reader, playback.position if forward else playback.position - NEAR_NS
        places: list[tuple[int, str]] = []
        finding = reader.finding(here, forward=forward)
        if finding is not None:
            places.append((finding.t, f"finding of {finding.check}: {finding.body.get('text', '')}"))
        for remark in reader.remarks():
            if remark.kind in MARKS and remark.seq is not None:
                t = reader.time_of(remark.seq)
                if (t > here) if forward else (t < here):
                    places.append((t, remark.text or remark.kind))
        if not places:
            self.say(f"no finding and no mark {'after' if forward else 'before'} {mmss(playback.position)}")
            return
        t, what = min(places) if forward else max(places)
        self._to(t, clean(f"{mmss(t)}  {what}")[:200])

    def action_replay_time(self) -> None:
        """Ask for a time, and go there."""
        if self.replay_here() is not None:
            self.push_screen(SeekScreen(), lambda text: self._to(parse_time(text) or 0) if text else None)

    # -- what a replay cannot do

    def no_replay(self) -> bool:
        """Whether what was asked for may act; in a replay it says why not."""
        playback = self.view.playback
        if playback is not None:
            self.say(f"this is a replay of {playback.date}: nothing here acts on a target")
        return playback is None

    def action_hold(self) -> None:
        if self.no_replay():
            super().action_hold()

    def action_take(self) -> None:
        if self.no_replay():
            super().action_take()

    def action_rerun(self) -> None:
        if self.no_replay():
            super().action_rerun()

    def launch(self, choice: Choice) -> None:
        if self.no_replay():
            super().launch(choice)
