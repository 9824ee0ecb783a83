"""What the demo does and says: steps as data. A step waits for a state, never for a time, and its caption is held to what it claims."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tui_app.screens.base import SessionScreen
from tui_app.screens.present import PresentScreen

if TYPE_CHECKING:
    from tui_app.demo.app import DemoApp

FAULT: Final = "misroute-event"
CHECKS: Final = ("golden-path", "isolation-frames", "isolation-rest")
WITH_CUT: Final = (*CHECKS, "recovery-cut")
USERS: Final = 3
SPOKEN_OF: Final = 6
"""How much slower than usual the agents are in the session that most is said of."""
PASSING: Final = 3
"""The same, in the sessions after it."""

When = Callable[["DemoApp"], bool]


def always(app: DemoApp) -> bool:
    """Nothing to wait for."""
    return True


@dataclass(frozen=True, slots=True)
class Step:
    """One caption: what is done for it, the state it waits for, what it says, and what must be on the screen while it stands."""

    says: str
    keys: tuple[str, ...] = ()
    """Pressed one after the other, as a person would."""
    prepare: Callable[[DemoApp], None] | None = None
    """What no key does: planting or removing a fault, and which checks the plan has. Done before the keys."""
    then: Callable[[DemoApp], None] | None = None
    """The same, done once the state has come."""
    until: When = always
    """The state that the caption waits for, after the keys."""
    after: tuple[str, ...] = ()
    """Keys that are pressed once the state has come."""
    waits_for: str = ""
    """That state in words, for whoever waits."""
    shows: tuple[str, ...] = ()
    """Regular expressions, each found on the screen while the caption stands: what it claims."""
    act: str = ""
    """Not empty: an act of this title begins here."""
    seconds: float = field(default=0.0)
    """How long to read it at speed 1; 0: by its words."""

    @property
    def reading_s(self) -> float:
        """Seconds that the caption stands at speed 1: three and a half words a second, and a look at the screen."""
        return self.seconds or 2.0 + len(self.says.split()) / 3.5


# -- what is done beside the keys


def plant(app: DemoApp) -> None:
    """The rehearsals that start from now on have the fault."""
    app.demo_link.fault, app.demo_link.slowness = FAULT, SPOKEN_OF


def repair(app: DemoApp) -> None:
    """The rehearsals that start from now on are healthy."""
    app.demo_link.fault, app.demo_link.slowness = "", PASSING


def select_two(app: DemoApp) -> None:
    """The plan has two checks and three users."""
    _select(app, CHECKS)


def select_three(app: DemoApp) -> None:
    """The plan has the cut as well."""
    _select(app, WITH_CUT)


def _select(app: DemoApp, checks: tuple[str, ...]) -> None:
    app.plan_model.selected = set(checks) | {"sign-in", "ws-connect"}
    app.plan_model.set_users(USERS)
    if isinstance(app.screen, SessionScreen):
        app.screen.pulse()


def turn_to_speed(app: DemoApp) -> None:
    """The presentation shows how fast it is."""
    if isinstance(app.screen, PresentScreen):
        app.screen.turner.to("speed")
        app.screen.pulse()


# -- states


def on(name: str) -> When:
    """A screen is in view."""

    def shown(app: DemoApp) -> bool:
        return getattr(app.screen, "NAME", "") == name

    return shown


def session(number: int, condition: When = always) -> When:
    """The session of this number is in view, and this is so in it."""

    def is_so(app: DemoApp) -> bool:
        return app.sessions_seen == number and bool(app.view.state.session) and condition(app)

    return is_so


def five_lamps(app: DemoApp) -> bool:
    """A run has had all five events."""
    return any(run.lamps == "sssss" for run in app.view.state.runs.values())


def leaked(app: DemoApp) -> bool:
    """Somebody saw what was another's."""
    return any(cell.leaks for cell in app.view.state.cells.values())


def found(app: DemoApp) -> bool:
    """The check of isolation has its verdict."""
    check = app.view.state.checks.get("isolation-frames")
    return check is not None and check.word == "FAIL"


def recovered(app: DemoApp) -> bool:
    """A cut has been recovered from."""
    series = app.view.state.series.get("recovery")
    return series is not None and series.n >= 2


def ended(word: str) -> When:
    """The session has ended with this word."""

    def is_so(app: DemoApp) -> bool:
        return app.view.state.ended and app.view.state.word == word

    return is_so


LAMPS: Final = "●{5}|o{5}"
LEAK: Final = r"[✗x]\d+/\d+|[✗x] \d+ leaks?"

SCRIPT: Final[tuple[Step, ...]] = (
    Step(
        "A real session, on a staging that Vigil brings along, with real sockets; its agents are slowed, for you to watch. Three minutes.",
        prepare=plant,
        until=on("start"),
        waits_for="the first screen",
        shows=("rehearsal",),
        act="Before it starts",
    ),
    Step(
        "The plan: what is asked, what it proves, what it costs. Here: three users, and the checks that show most.",
        keys=("enter",),
        until=on("plan"),
        then=select_two,
        after=("minus", "home", "down", "right", "down", "down", "down", "right", "down"),
        waits_for="the plan",
        shows=(r"\[\*\] isolation-frames", "If this fails", "3 users"),
    ),
    Step(
        "Live. A row is one run of the agent. Its five lamps are the five events that every customer must see, in order.",
        keys=("r",),
        until=session(1, five_lamps),
        waits_for="the first run with all five events",
        shows=(LAMPS, "Agent runs"),
        act="Act 1: five lamps",
    ),
    Step(
        "And the matrix turns red. A fault was planted in this staging: now and then an event goes to the wrong customer.",
        until=session(1, leaked),
        waits_for="the first leak",
        shows=(LEAK, "Isolation", FAULT),
        act="Act 2: a planted leak",
    ),
    Step(
        "Who saw whose? Down is the owner, across is who saw it. Each customer's text carries a marker that nobody can guess.",
        keys=("4",),
        until=session(1, found),
        waits_for="the verdict on isolation",
        shows=(LEAK,),
    ),
    Step(
        "Enter asks why: what was expected, what was seen, and the control: both users did see their own markers.",
        keys=("enter",),
        until=on("why"),
        waits_for="the evidence",
        shows=("Expected +no frame", "Seen", "saw their own markers: yes"),
    ),
    Step(
        "Enter again opens the witness: the frame itself, as it came over the wire to a socket that was not its owner's.",
        keys=("enter",),
        until=on("frame"),
        waits_for="the frame",
        shows=(r"u\d +connection \d", '"type": '),
    ),
    Step(
        "The verdict: FAIL, by name and number. What was not asked reads SKIPPED, and is never counted as passed.",
        keys=("6",),
        until=session(1, ended("FAIL")),
        waits_for="the end of the session",
        shows=("FAIL", "T4 No cross", "SKIP"),
    ),
    Step(
        "The fault is taken out, as a repaired build would be. R reruns what failed; the new session names this one as its parent.",
        keys=("R",),
        prepare=repair,
        until=session(2, five_lamps),
        waits_for="the rerun",
        shows=("Isolation", "Agent runs", LAMPS),
        act="Act 3: repaired",
    ),
    Step(
        "It passes, because enough was tried: ten probes of every pair, 299 in all. No data is never a pass.",
        keys=("6",),
        until=session(2, ended("PASS")),
        after=("end",),
        waits_for="the end of the rerun",
        shows=("PASS", r"0 leaks in \d{3} probes"),
    ),
    Step(
        "Once more, all of it, and one thing beside it: the line will be cut.",
        keys=("1", "minus", "home", "down", "down"),
        prepare=select_three,
        until=on("plan"),
        waits_for="the plan",
        shows=(r"\[~\] Resilience, performance \+ +1/", r"3\.1 Recovery +1 of"),
        act="Act 4: the line is cut",
    ),
    Step(
        "P, for a room: one thing at a time, in large cells. Hosts are hidden, and a rehearsal says that it is one.",
        keys=("r",),
        until=session(3, five_lamps),
        after=("P", "space"),
        waits_for="the third session",
        shows=(r"● ○ ○ ○|o \. \. \.",),
    ),
    Step(
        "Twelve connections are cut on purpose. Each recovery is timed, from the cut to the first right event of a new run.",
        until=session(3, recovered),
        then=turn_to_speed,
        waits_for="the first recoveries",
        shows=("Recovery after a cut", "limit 5"),
    ),
    Step(
        "PASS, and what may be claimed: no leak in so many probes, every recovery within 5 s. Each number leads to its frames. "
        "The keys are yours.",
        keys=("escape", "6"),
        until=session(3, ended("PASS")),
        waits_for="the end",
        shows=("PASS", r"T4 No cross.* 0 leaks", r"P5 Recovery +max"),
        act="What may be claimed",
    ),
)
