"""The one registry of actions: what can be done, by which key, and where.

It feeds the key bindings, the key bar at the foot of each screen, the command palette, the help screen and the table in
the README. An action `some-name` is the method `action_some_name` of the app (scope 'app') or of the screens in `where`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from textual.binding import Binding, BindingType

from widgets.glyphs import spelled

SCREENS: Final = {
    "start": "Start",
    "plan": "Plan",
    "live": "Live",
    "events": "Events",
    "isolation": "Isolation",
    "latency": "Latency",
    "verdict": "Verdict",
    "load": "Load",
    "soak": "Soak",
    "iterations": "Iterations",
    "engines": "Engines",
    "why": "Why",
    "frame": "Frame",
    "chart": "Chart",
    "runbook": "Runbook",
    "compare": "Compare",
    "behind": "Behind a difference",
    "sideframe": "Frame of a side",
    "pair": "Side by side",
    "handover": "Hand-over",
    "present": "Presentation",
    "selftest": "Self-test",
    "about": "About",
    "doctor": "Doctor",
    "watch": "Watch",
    "help": "Help",
}
"""Names that `where` uses, with what a person reads."""

COURSES: Final = ("load", "soak", "iterations")
"""What takes its course over a session: levels of users, blocks of hours, times of a repeated check."""
SESSION: Final = ("live", "events", "isolation", "latency", "verdict", *COURSES, "engines", "why", "frame", "chart")
PRESENTABLE: Final = (*SESSION, "present")
FRAMES: Final = ("frame", "sideframe")
OPENING: Final = ("start", "live", "events", "isolation", "latency", "verdict", *COURSES, "engines", "why", "frame", "runbook", "handover",
                  "compare", "behind", "pair", "selftest", "watch", "help")  # fmt: skip
SIDEWAYS: Final = (*(name for name in OPENING if name not in ("runbook", "handover", "pair")), "plan", "doctor", "sideframe")
"""Screens with something at the left and the right."""
LISTS: Final = (*OPENING, "plan", "doctor", "sideframe")
ALL: Final = tuple(SCREENS)

KEY_TEXT: Final = {
    "question_mark": "?",
    "slash": "/",
    "minus": "-",
    "plus": "+",
    "equals_sign": "=",
    "comma": ",",
    "full_stop": ".",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "left_parenthesis": "(",
    "right_parenthesis": ")",
    "at": "@",
    "enter": "Enter",
    "escape": "Esc",
    "space": "Space",
    "ctrl+c": "Ctrl-C",
    "ctrl+l": "Ctrl-L",
    "ctrl+p": "Ctrl-P",
    "ctrl+q": "Ctrl-Q",
    "ctrl+t": "Ctrl-T",
    "ctrl+z": "Ctrl-Z",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "tab": "Tab",
}


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person can do. `keys` are Textual key names; the first is the one shown."""

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    group: str
    where: tuple[str, ...] = ALL
    scope: Literal["app", "screen"] = "screen"
    footer: int = 0
    """0: not in the key bar; else its rank there (1 is the last to give way on a narrow terminal)."""
    palette: bool = True

    @property
    def method(self) -> str:
        """The name of the method that does it, without `action_`."""
        return self.id.replace("-", "_")

    @property
    def key_text(self) -> str:
        """The first key as a person reads it."""
        return key_text(self.keys[0])

    @property
    def keys_text(self) -> str:
        """All keys as a person reads them."""
        return " ".join(key_text(key) for key in self.keys)


def key_text(key: str) -> str:
    """A Textual key name as a person reads it."""
    return spelled(KEY_TEXT.get(key, key))


def up_and_down() -> str:
    """The two keys that move in any list."""
    return f"{key_text('up')} {key_text('down')}"


def _screen(number: str, name: str, help: str) -> Action:
    return Action(f"go-{name}", (number,), SCREENS[name], help, "Screens", scope="app")


ACTIONS: Final[tuple[Action, ...]] = (
    _screen("1", "plan", "what will be asked, what it proves, what it costs"),
    _screen("2", "live", "the whole session at a glance"),
    _screen("3", "events", "every frame, filtered, frozen or followed"),
    _screen("4", "isolation", "who saw whose markers, per pair and per user"),
    _screen("5", "latency", "every series with its percentiles and limit"),
    _screen("6", "verdict", "the sixteen criteria, every check, the decision"),
    _screen("7", "load", "users against time, what each level of them did, the knee"),
    _screen("8", "soak", "the hours block by block, drift with its bound, reconnects"),
    _screen("9", "iterations", "every time of each repeated check, how often it fails, and what failures have in common"),
    _screen("0", "engines", "each engine of the session: its users, what it does, whether it is heard, what its loss means"),
    # -- moving
    Action("up", ("up", "k"), "up", "move up", "Moving", LISTS, palette=False),
    Action("down", ("down", "j"), "down", "move down", "Moving", LISTS, palette=False),
    Action("left", ("left", "h"), "left", "move left, fold, or the pane before", "Moving", SIDEWAYS, palette=False),
    Action("right", ("right", "l"), "right", "move right, unfold, or the next pane", "Moving", SIDEWAYS, palette=False),
    Action("page-up", ("pageup",), "page up", "a page up", "Moving", LISTS, palette=False),
    Action("page-down", ("pagedown",), "page down", "a page down", "Moving", LISTS, palette=False),
    Action("first", ("home", "g"), "first", "to the first line", "Moving", LISTS, palette=False),
    Action("last", ("end", "G"), "last", "to the last line", "Moving", LISTS, palette=False),
    Action("open", ("enter",), "open", "open what the cursor is on", "Moving", OPENING, footer=1, palette=False),
    Action("back", ("escape",), "back", "one step back", "Moving", footer=2, palette=False),
    # -- plan
    Action("select", ("space",), "select", "select or leave out a check, a suite or a phase", "Plan", ("plan",), footer=1),
    Action("users", ("u",), "users", "how many users take part: 2, 3, 5, 8, 50", "Plan", ("plan",), footer=3),
    Action("preset", ("o",), "preset", "quick, comprehensive, websocket, priority1 to 3", "Plan", ("plan",), footer=3),
    Action("load-users", ("L",), "load", "add the load of 50 users, or leave it out", "Plan", ("plan",), footer=5),
    Action("duration", ("d",), "soak", "add a soak of 10 min, 30 min or 2 h, or leave it out", "Plan", ("plan",), footer=5),
    Action("times", ("x",), "times", "drive each selected check 1, 10, 30 or 100 times", "Plan", ("plan",), footer=6),
    Action("run", ("r",), "run", "run the plan (off loopback it asks first)", "Plan", ("plan",), footer=1),
    Action("begin", ("enter",), "rehearse", "run the plan on the rehearsal, and on nothing else", "Plan", ("plan",), palette=False),
    Action("target", ("t",), "target", "choose another target", "Plan", ("plan",)),
    Action("fold-all", ("minus",), "fold all", "fold every group", "Looking", ("plan", "verdict", "latency"), footer=8),
    Action("unfold-all", ("plus", "equals_sign"), "unfold", "unfold every group", "Looking", ("plan", "verdict", "latency"), footer=8),
    Action("search", ("slash",), "search", "only what has these words; Enter keeps the search, Esc clears it", "Looking",
           ("plan", "verdict", "selftest"), footer=3),
    # -- looking
    Action("freeze", ("space",), "freeze", "hold the picture still; the session goes on", "Looking",
           ("live", "events", "isolation", "latency", *COURSES, "engines"), footer=3),
    Action("follow", ("f",), "follow", "keep the newest event in view", "Looking", ("events",), footer=2),
    Action("filter", ("slash",), "filter", 'only what matches: type: user: run: dir: flag: >ms "text"', "Looking", ("events",), footer=2),
    Action("fold", ("space",), "fold", "open or fold the group under the cursor", "Looking", ("verdict",)),
    Action("next-open", ("n",), "next issue", "the next criterion or check that did not pass, folded ones too", "Looking",
           ("verdict",), footer=2),
    Action("previous-open", ("N",), "previous issue", "the one before it", "Looking", ("verdict",)),
    Action("next-failure", ("n",), "next failure", "the next time that did not pass", "Looking", ("iterations",), footer=2),
    Action("previous-failure", ("N",), "previous failure", "the one before it", "Looking", ("iterations",)),
    Action("sort", ("s",), "sort", "in the catalogue's order, or what is wrong first", "Looking", ("verdict", "selftest"), footer=4),
    Action("other-side", ("v",), "faults or checks", "faults and who catches them, or checks and what they catch", "Looking",
           ("selftest",), footer=2),
    Action("users-view", ("u",), "users", "the matrix, or the users", "Looking", ("isolation",), footer=3),
    Action("time", ("t",), "time", "go to a time since the session began", "Looking", ("events",), footer=3),
    Action("by-run", ("b",), "by run", "a line for each run, or for every row", "Looking", ("events",), footer=4),
    Action("pin", ("u",), "pin user", "only the user under the cursor; Esc lets go", "Looking", ("events",), footer=5),
    Action("pin-run", ("U",), "pin run", "only the run under the cursor; Esc lets go", "Looking", ("events",)),
    Action("filter-off", ("x",), "filter off", "leave the filter and the pin out for a while, and keep the place", "Looking", ("events",)),
    Action("next-moment", ("n",), "next mark", "the next mark, note, finding or failure", "Looking", ("events",), footer=5),
    Action("previous-moment", ("N",), "previous mark", "the one before it", "Looking", ("events",)),
    Action("pane", ("v",), "pane", "the row beside the stream, or more columns (on a wide terminal)", "Looking", ("events",)),
    Action("next-row", ("n",), "next", "the next frame on the same socket", "Looking", FRAMES, footer=2),
    Action("previous-row", ("p",), "previous", "the frame before it on the same socket", "Looking", FRAMES, footer=2),
    Action("view", ("v",), "view", "pretty, raw, timing, cited by", "Looking", FRAMES, footer=2),
    Action("timeline", ("t",), "timeline", "the events around the evidence", "Looking", ("why",), footer=3),
    Action("reveal", ("V",), "reveal", "show masked text of others on this screen (recorded)", "Looking", ("frame",)),
    Action("band", ("v",), "band", "the bands of runs, of first events, or of pings", "Looking", ("load",), footer=2),
    Action("series", ("v",), "series", "the next series along the strip", "Looking", ("soak",), footer=2),
    Action("distribution", ("v",), "another picture", "values over time, how often each occurs, or of recoveries their parts",
           "Looking", ("chart",), footer=1),
    # -- a room
    Action("present", ("P",), "present", "for a room: one thing at a time, in large cells; hosts and addresses hidden", "A room", SESSION),
    Action("end-presentation", ("P",), "back", "back to the screen before", "A room", ("present",)),
    Action("next-page", ("right", "l", "pagedown"), "next", "the next page", "A room", ("present",), footer=1),
    Action("previous-page", ("left", "h", "pageup"), "previous", "the page before", "A room", ("present",), footer=1),
    Action("stay", ("space",), "stay", "stay on this page, or let the pages change by themselves", "A room", ("present",), footer=2),
    Action("freeze-moment", ("z",), "freeze", "hold this moment on every page; the session goes on", "A room", ("present",), footer=3),
    Action("whole", ("i",), "in full", "the line under the cursor, or every line that is cut short, in full", "Looking",
           ("start", "plan", "live", "events", "isolation", "latency", "verdict", *COURSES, "engines", "why", "chart", "selftest", "about",
            "help"),
           "app"),
    # -- the session
    Action("docker", ("d",), "docker", "say whether local Docker is restored, failed or unknown", "Session", ("verdict", "compare"),
           "screen", 4),
    Action("rerun", ("R",), "rerun failed", "a new session with what did not pass", "Session", ("plan", *SESSION), "app", 3),
    Action("hold", ("H",), "hold", "hold the engine, or let it go on (asks: every viewer is affected)", "Session", PRESENTABLE, "app"),
    Action("take", ("T",), "take over", "take control of a session that another drives (asks; recorded)", "Session", SESSION, "app", 3),
    Action("mark", ("m",), "mark", "mark this moment (on Events this row), with a note if you like", "Session",
           (*PRESENTABLE, "handover"), "app"),
    Action("write", ("w",), "write", "write every report of the session into a folder beside its recording", "Session",
           (*SESSION, "handover"), "app", 6),
    Action("runbook", ("e",), "runbook", "what to do about what failed, with your own commands", "Session", (*SESSION, "handover"), "app"),
    Action("handover", ("O",), "hand-over", "for whoever takes over: what is red since when, what is open, notes, who ran what", "Session",
           ("start", *SESSION, "runbook"), "app"),
    Action("incident", ("B",), "bundle", "write the incident bundle, redacted, for a person to send: what failed, timeline, reports",
           "Session", ("runbook", "handover"), "app", 3),
    Action("compare", ("c",), "compare", "this session beside another: verdicts, latency, what is said on the wire", "Session",
           SESSION, "app", 7),
    Action("other", ("c",), "other", "choose the recording to compare with", "Session", ("compare",), footer=3),
    Action("unfold-same", ("space",), "the same", "list what is the same on both sides, or fold it", "Looking", ("compare",), footer=3),
    Action("stop-both", ("X",), "stop", "stop both sessions: no new sends, then each tidies up", "Session", ("pair",), footer=3),
    Action("repro", ("x",), "script", "write a script that shows this check's failure again without Vigil", "Session", ("verdict", "why"),
           "app", 5),
    Action("copy", ("y",), "copy", "copy this screen's summary, ready for a chat", "Session",
           (*SESSION, "runbook", "handover", "compare", "behind", "pair"), "app", 4),
    Action("copy-logs", ("Y",), "log query", "copy a query of the target's own logs for the evidence in view ([logs] in the target file)",
           "Session", ("events", "why", "frame"), "app", 6),
    Action("keep", ("p",), "pin", "keep this session whatever the limits on old ones are, or let it go again", "Session", ("start",)),
    # -- a watch
    Action("watch", ("W",), "watch", "poll the target's services and tiers for hours, without a session: timelines and what changed",
           "Watch", ("start", "plan"), "app"),
    Action("span", ("z",), "span", "how long a cell of the timelines is: up to 60 times as long, and back", "Watch", ("watch",), footer=3),
    Action("end-watch", ("X",), "end", "end the watch; its files stay", "Watch", ("watch",), footer=4),
    # -- a replay
    Action("replay-pause", ("Z",), "pause", "pause the replay or go on; Space, too, where it freezes a session",
           "Replay", PRESENTABLE, "app", 2),
    Action("replay-back", ("comma",), "-5 s", "5 s back in the replay", "Replay", PRESENTABLE, "app", 4),
    Action("replay-on", ("full_stop",), "+5 s", "5 s on in the replay", "Replay", PRESENTABLE, "app", 4),
    Action("replay-far-back", ("less_than_sign",), "-30 s", "30 s back in the replay", "Replay", PRESENTABLE, "app", 7),
    Action("replay-far-on", ("greater_than_sign",), "+30 s", "30 s on in the replay", "Replay", PRESENTABLE, "app", 7),
    Action("replay-slower", ("left_square_bracket",), "slower", "half the replay's speed, down to 0.25x", "Replay", PRESENTABLE, "app", 5),
    Action("replay-faster", ("right_square_bracket",), "faster", "double its speed, to 64x and max", "Replay", PRESENTABLE, "app", 5),
    Action("replay-previous", ("left_curly_bracket",), "finding before", "to the finding or mark before", "Replay", PRESENTABLE, "app", 6),
    Action("replay-next", ("right_curly_bracket",), "next finding", "to the next finding or mark", "Replay", PRESENTABLE, "app", 3),
    Action("replay-start", ("left_parenthesis",), "start", "to the start of the replay", "Replay", PRESENTABLE, "app"),
    Action("replay-end", ("right_parenthesis",), "end", "to the end of the replay", "Replay", PRESENTABLE, "app"),
    Action("replay-time", ("at",), "time", "to a time of the replay", "Replay", PRESENTABLE, "app"),
    # -- the application
    Action("selftest", ("F",), "self-test", "the planted faults, and which checks caught them; of a check, those that it names",
           "Vigil", scope="app"),
    Action("about", ("A",), "about", "the version, the self-test that it stands on, and where it keeps what", "Vigil", scope="app"),
    Action("doctor", ("D",), "doctor", "is this terminal and this machine fit, with the fix beside each finding; where settings come from",
           "Vigil", scope="app"),
    Action("ask-services", ("t",), "ask the target", "one GET to each service of the chosen target: answers, TLS, clocks", "Vigil",
           ("doctor",), footer=1),
    Action("theme", ("ctrl+t",), "theme", "the next theme, kept for the next time; the palette has them by name", "Vigil", scope="app"),
    Action("redraw", ("ctrl+l",), "redraw", "draw the whole screen anew, after something else wrote over it", "Vigil", scope="app"),
    Action("suspend", ("ctrl+z",), "suspend", "back to the shell; `fg` brings it here again, and the session goes on meanwhile", "Vigil",
           scope="app"),
    Action("help", ("question_mark",), "help", "what each key does", "Vigil", scope="app", footer=9),
    Action("palette", ("ctrl+p",), "palette", "find an action by name", "Vigil", scope="app", palette=False),
    Action("leave", ("q", "ctrl+c", "ctrl+q"), "leave", "leave; a running session asks: detach, stop and tidy, stay", "Vigil", scope="app"),
)  # fmt: skip

GROUPS: Final = tuple(dict.fromkeys(action.group for action in ACTIONS))


def actions_for(where: str) -> list[Action]:
    """What applies on a screen, in the order of the registry."""
    return [action for action in ACTIONS if where in action.where]


def by_id(action_id: str) -> Action:
    """The action with this id (KeyError if there is none)."""
    return {action.id: action for action in ACTIONS}[action_id]


def _binding(action: Action) -> Binding:
    name = f"app.{action.method}" if action.scope == "app" else action.method
    return Binding(",".join(action.keys), name, action.label, show=False, key_display=action.key_text, tooltip=action.help, id=action.id)


def bindings_for(where: str) -> list[BindingType]:
    """The bindings of a screen: all that applies there, whoever does it."""
    return [_binding(action) for action in actions_for(where)]


def footer_for(where: str) -> list[Action]:
    """What the key bar of a screen shows, in the registry's order; the narrow bar drops the highest ranks first."""
    return [action for action in actions_for(where) if action.footer]


def _places(where: tuple[str, ...]) -> str:
    """The screens by name, or those that are missing where they are few."""
    missing = [SCREENS[name] for name in ALL if name not in where]
    if not missing:
        return "everywhere"
    return f"everywhere but {', '.join(missing)}" if len(missing) <= 3 else ", ".join(SCREENS[name] for name in where)


def key_table(where: Iterable[str] = ALL) -> str:
    """The registry as a Markdown table, for the README."""
    wanted = set(where)
    rows = ["| Key | Does | Where |", "| --- | --- | --- |"]
    for group in GROUPS:
        for action in ACTIONS:
            if action.group != group or not wanted & set(action.where):
                continue
            places = _places(action.where)
            keys = " ".join(f"`{key_text(key)}`" for key in action.keys)
            says = f"{action.label}: {action.help}" if group == "Screens" else action.help
            rows.append(f"| {keys} | {says} | {places} |")
    return "\n".join(rows)
