"""What the demo does and says: steps as data. A step waits for a state, never for a time, and its caption is held to what it claims."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tui_app.screens.base import SessionScreen

if TYPE_CHECKING:
    from tui_app.demo.app import DemoApp

FAULT: Final = "misroute-event"
CHECKS: Final = ("golden-path", "isolation-frames", "isolation-rest")
WITH_CUT: Final = (*CHECKS, "recovery-cut")
USERS: Final = 3

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
        """Seconds that the caption stands at speed 1: two and a half words a second, and a look at the screen."""
        return self.seconds or 2.0 + len(self.says.split()) / 3.2


# -- what is done beside the keys


def plant(app: DemoApp) -> None:
    """The rehearsals that start from now on have the fault."""
    app.demo_link.fault = FAULT


def repair(app: DemoApp) -> None:
    """The rehearsals that start from now on are healthy."""
    app.demo_link.fault = ""


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


def probing(app: DemoApp) -> bool:
    """Pairs are being probed."""
    return any(cell.probes >= 5 for (source, observer), cell in app.view.state.cells.items() if source != observer)


def recovered(app: DemoApp) -> bool:
    """A cut has been recovered from."""
    series = app.view.state.series.get("recovery")
    return series is not None and series.n >= 4


def ended(word: str) -> When:
    """The session has ended with this word."""

    def is_so(app: DemoApp) -> bool:
        return app.view.state.ended and app.view.state.word == word

    return is_so


LAMPS: Final = "●{5}|o{5}"
LEAK: Final = r"[✗x]\d+/\d+|[✗x] \d+ leaks?"

SCRIPT: Final[tuple[Step, ...]] = (
    Step(
        "A real session follows, on the rehearsal: a staging that Vigil brings along. Real sockets, real measurements, about two minutes.",
        prepare=plant,
        until=on("start"),
        waits_for="the first screen",
        shows=("rehearsal",),
        act="Before it starts",
    ),
    Step(
        "The plan says what will be asked, what it proves and what it costs. For the demo: three users, and the checks that show most.",
        keys=("enter",),
        until=on("plan"),
        then=select_two,
        waits_for="the plan",
        shows=("isolation|Isolation|Between users|Real-time",),
    ),
    Step(
        "Live. A row is one run of the agent, and five lamps are the five events that every customer must see, in order.",
        keys=("r",),
        until=session(1, five_lamps),
        waits_for="the first run with all five events",
        shows=(LAMPS, "Agent runs"),
        act="Act 1: five lamps",
    ),
    Step(
        "Something is wrong: the matrix has turned. A fault was planted that hands an event to the wrong customer now and then. "
        "Only its name is known here; which events, nobody was told.",
        until=session(1, leaked),
        waits_for="the first leak",
        shows=(LEAK, "Isolation"),
        act="Act 2: a planted leak",
    ),
    Step(
        "Who saw whose? A row is the source, a column the one who saw it. Every customer's text carries a marker that no other can guess.",
        keys=("4",),
        until=session(1, found),
        waits_for="the verdict on isolation",
        shows=(LEAK,),
    ),
    Step(
        "Enter asks why: what was expected, what was seen, and that each user did see their own marker, so that the test itself works.",
        keys=("enter",),
        until=on("why"),
        waits_for="the evidence",
        shows=("Expected", "Seen"),
    ),
    Step(
        "Enter again: the witness. This frame, as it came over the wire, reached a socket that was not its owner's. Bytes, not opinion.",
        keys=("enter",),
        until=on("frame"),
        waits_for="the frame",
        shows=(r"u\d",),
    ),
    Step(
        "The verdict: FAIL, by name, with numbers. What was not asked reads SKIPPED, and counts for nothing.",
        keys=("6",),
        until=session(1, ended("FAIL")),
        waits_for="the end of the session",
        shows=("FAIL", "SKIP"),
    ),
    Step(
        "The fault is out, as in a repaired build. R reruns what failed, in a new session that names this one as its parent: "
        "the old verdict stays what it is.",
        keys=("R",),
        prepare=repair,
        until=session(2, probing),
        waits_for="the rerun",
        shows=("Isolation", "Agent runs"),
        act="Act 3: repaired",
    ),
    Step(
        "It passes, because enough was tried: isolation needs ten probes of every pair and 299 in all. No data is never a pass.",
        keys=("6",),
        until=session(2, ended("PASS")),
        waits_for="the end of the rerun",
        shows=("PASS", "0 leaks"),
    ),
    Step(
        "Once more, with a cut of the line, and for a room full of people: P shows one thing at a time, in large cells.",
        keys=("1", "r"),
        prepare=select_three,
        until=session(3, probing),
        waits_for="the third session",
        shows=("REHEARSAL",),
        act="Act 4: the line is cut",
    ),
    Step(
        "Presentation. Hosts and addresses are hidden, and a rehearsal says so in large letters: nobody shall take it for staging.",
        keys=("P", "space"),
        until=on("present"),
        waits_for="the presentation",
        shows=(r"● ○ ○ ○|o \. \. \.",),
    ),
    Step(
        "Connections are cut on purpose, twelve times, and each recovery is timed: from the cut to the first right event of a new run.",
        keys=("left",),
        until=session(3, recovered),
        waits_for="some recoveries",
        shows=("Recovery after a cut", "limit 5"),
    ),
    Step(
        "PASS, and what may be claimed: no leak in so many probes, recovery within its limit every time. Every number leads to its frames. "
        "You stand on the verdict now: the keys are yours.",
        keys=("escape", "6"),
        until=session(3, ended("PASS")),
        waits_for="the end",
        shows=("PASS", "Recovery"),
        act="What may be claimed",
    ),
)
