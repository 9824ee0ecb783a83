"""From one screen to another at once: what the toolkit does on the way and nobody sees the use of is left out, the rest done before."""

from __future__ import annotations

import gc
import inspect
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Final
from weakref import WeakKeyDictionary

from textual.app import App
from textual.screen import Screen

WARM_AFTER: Final = 0.4
"""Seconds after the first frame until screens are prepared that are not asked for yet."""
WARM_EVERY: Final = 0.06
"""Seconds between two of those: a key waits for one at most."""
HOLD_S: Final = 0.05
"""Seconds for which an old screen stays in view at most while the new one is filled."""
BEHIND: Final = ("tui_app.target.profile", "tui_app.checks.catalogue", "tui_app.engine.plan", "tui_app.engine.launch")
"""What is loaded after the screens: nothing of it is needed to draw the first one."""
PREPARE_AFTER: Final = 0.6
"""Seconds until the screens of a session are made that are not in view."""
PREPARE_EVERY: Final = 0.2
COLLECT_EVERY: Final = 30.0
"""Seconds between two looks through all of the memory: they may take longer than a key should wait."""
NEVER: Final = 1_000_000


class SwitchingApp(App[int]):
    """An application whose screens have their style rules to themselves (`SCOPED_CSS`), and know their own first picture."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._ends: list[Callable[[], None]] = []
        self._looks: WeakKeyDictionary[Screen[Any], tuple[object, ...]] = WeakKeyDictionary()
        super().__init__(*args, **options)

    # -- nothing is drawn until the new screen is filled, and not a moment longer

    def delay_update(self, delay: float = HOLD_S) -> None:
        """Draw nothing until the screen in view says that it is `filled`, or for `delay` seconds."""
        self._begin_batch()

        def end() -> None:
            if end in self._ends:
                self._ends.remove(end)
                self._end_batch()
                if not self._batch_count:
                    self.screen.refresh()

        self._ends.append(end)
        self.set_timer(delay, end, name="delay_update")

    def filled(self) -> None:
        """The screen in view shows what it is to show."""
        for end in list(self._ends):
            end()

    # -- style rules

    def made(self, screen: Screen[None]) -> Screen[None]:
        """A new screen of a mode: its widgets get their styles when they are mounted, so that nothing has to be styled anew for it."""
        screen._css_update_count = self._css_update_count
        self._looks[screen] = self._look()
        return screen

    def looks_changed(self, screen: Screen[Any]) -> bool:
        """Whether anything that styles depend on has changed in the application since `screen` was last in view."""
        look = self._look()
        was, self._looks[screen] = self._looks.get(screen), look
        return was != look

    def _look(self) -> tuple[object, ...]:
        return (self._css_update_count, frozenset(self.classes), frozenset(self.get_pseudo_classes()))

    def _load_screen_css(self, screen: Screen[Any]) -> None:
        """Take a screen's rules in. They are for its own widgets alone, so that those of other screens stay as they are."""
        if screen.css_path or not screen.SCOPED_CSS:
            super()._load_screen_css(screen)
        else:
            self._take_rules(type(screen))

    def _take_rules(self, kind: type[Screen[Any]]) -> None:
        if kind.CSS:
            source = (inspect.getfile(kind), f"{kind.__name__}.CSS")
            if not self.stylesheet.has_source(*source):
                self.stylesheet.add_source(kind.CSS, read_from=source, is_default_css=False, scope=kind._css_type_name)

    # -- what can be done before it is asked for

    def warm(self, names: Sequence[str]) -> None:
        """Load the modules of these screens and their rules, one by one, while nothing else is to do."""
        waiting = list(names)

        def next_one() -> None:
            module = import_module(f"tui_app.screens.{waiting.pop(0)}")
            for kind in vars(module).values():
                if isinstance(kind, type) and issubclass(kind, Screen) and kind.__module__ == module.__name__:
                    self._take_rules(kind)
            _ = self.stylesheet.rules  # read now
            if waiting:
                self.set_timer(WARM_EVERY, next_one)
            else:
                self.run_worker(self._load_behind, thread=True, exit_on_error=False)

        if waiting:
            self.set_timer(WARM_AFTER, next_one)

    def prepare(self, names: Sequence[str]) -> None:
        """Make the screens of these modes, one by one, so that going there only has to draw them."""
        waiting = list(names)

        def next_one() -> None:
            name = waiting.pop(0)
            if name in self._modes and name not in self._screen_stacks:
                self._init_mode(name)
            if waiting:
                self.set_timer(PREPARE_EVERY, next_one)

        if waiting:
            self.set_timer(PREPARE_AFTER, next_one)

    def _load_behind(self) -> None:
        """What the first plan and the first session need, loaded in a thread: nobody waits for it unless they were faster."""
        for name in BEHIND:
            import_module(name)
        self.call_from_thread(self._spare_memory)

    def _spare_memory(self) -> None:
        """What is loaded by now stays, so that the collector need not walk it; all of the rest it walks seldom, when we say so."""
        gc.freeze()
        gc.set_threshold(*gc.get_threshold()[:2], NEVER)
        self.set_interval(COLLECT_EVERY, self._collect)

    def _collect(self) -> None:
        gc.collect()
