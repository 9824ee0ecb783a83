"""Engines: each engine of the session, where it is, what it does, whether it is heard, and what its loss means."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult

from tui_app.fleet.shares import shares
from tui_app.model import SECOND
from tui_app.recording.engines import EngineView, engines_sentence
from tui_app.recording.reader import Count, Reader
from tui_app.recording.shards import Shards, part_sentence
from tui_app.recording.state import SessionState
from tui_app.screens.actions import bindings_for
from tui_app.screens.base import SessionScreen, titled
from tui_app.screens.farewell import headline
from tui_app.screens.frame_sections import Where
from tui_app.screens.load import empty_lines
from tui_app.screens.moving import Moving
from tui_app.screens.row_words import clock_time
from tui_app.screens.safe import clean
from tui_app.screens.view import View
from widgets.engines import EngineRow, engine_lines, marks
from widgets.lines import Line, LineView, clip, line_text, wrap
from widgets.titles import subtitle

HEADER = 1
RECEIVED = Where("kind = 'frame' AND dir = 'in'")
SILENT = SECOND
"""An engine that tells something every 250 ms has been silent for longer than its due."""
EMPTY = (
    "This session has one engine.",
    "Several share its users, on this machine (`vigil run --engines 4`) or on the workers of a cluster (`--cluster tcp://host:8786`); "
    "each then has a row here, and what the loss of one means is said.",
)
ALONE = (
    "This recording is that of one engine of several.",
    "Open the lead's recording to see all of them, and Events of them all as one stream.",
)


class EnginesScreen(Moving, SessionScreen):
    """The engines as a table; under it all that is known of the one under the cursor."""

    NAME = "engines"
    BINDINGS = bindings_for("engines")
    CSS: ClassVar[str] = """
    EnginesScreen #now { height: 1; padding: 0 1; }
    EnginesScreen #table { height: auto; max-height: 60%; padding: 0; }
    EnginesScreen #about { height: 1fr; padding: 0; }
    EnginesScreen #empty { display: none; height: 1fr; }
    EnginesScreen.-empty #table, EnginesScreen.-empty #about { display: none; }
    EnginesScreen.-empty #empty { display: block; padding: 1 2; }
    EnginesScreen.-wide .pane { padding: 0 1; }
    """

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.at = 0
        self._kept: dict[int, str] = {}
        self._count: tuple[Reader, Count] | None = None

    def body(self) -> ComposeResult:
        yield LineView(id="now", bar=True)
        yield titled(LineView(id="table", classes="pane"), "Engines")
        yield titled(LineView(id="about", classes="pane"), "The engine under the cursor")
        yield LineView(id="empty", classes="pane")

    def tick(self) -> None:
        engines = engine_views(self.state)
        part = part_sentence(self.state.engine, self.view.path) if self.state.engine > 1 else ""
        self.set_class(not engines, "-empty")
        said, lost = (part, True) if part else engines_sentence(self.state.engines, self.state.t)
        now = self.query_one("#now", LineView)
        lines = wrap(clean(said) or "one engine", max(now.scrollable_content_region.width - 5, 20))[: 2 if lost else 1]
        now.styles.height = len(lines)
        named = list(zip(("now  ", "     "), lines, strict=False))
        now.draw(lambda width, _height: ([clip(((name, "dim"), (part, "bad" if lost else "plain")), width) for name, part in named], None))
        if not engines:
            self.query_one("#empty", LineView).draw(lambda width, _height: (empty_lines(ALONE if part else EMPTY, width), None))
            return
        self.at = min(self.at, len(engines) - 1)
        table = self.query_one("#table", LineView)
        table.styles.height, table.sticky = len(engines) + HEADER + 2, HEADER
        counted = self._count_own(engines[0])
        total = sum(view.received for view in engines)
        subtitle(table, f"{total:,} frames received by all" if counted else "")
        rows = [engine_row(view, self.state) for view in engines]
        table.draw(lambda width, _height: (engine_lines(rows, width), HEADER + self.at))
        one = engines[self.at]
        facts = engine_facts(one, self.state, self._where_frames_are(one))
        self.query_one("#about", LineView).draw(lambda width, _height: (fact_lines(facts, width), None))

    def _count_own(self, lead: EngineView) -> bool:
        """What the lead has received, counted in its rows a part at a look; whether all of them are."""
        reader = self.reader
        if reader is None:
            return False
        before = self._count[1] if self._count is not None and self._count[0] is reader else None
        if before is not None and before.upto > reader.head():
            before = None  # a replay went back
        found = reader.count(RECEIVED, resume=before, budget=0.01)
        self._count = (reader, found)
        lead.received, lead.rate = found.n, None if self.state.ended else reader.rate()
        return not found.at_least

    def _where_frames_are(self, view: EngineView) -> str:
        """Whether its frames can be opened here, and where they are otherwise; looked up once it has told everything."""
        reader = self.reader
        if view.engine == 1 or reader is None or view.state == "absent":
            return ""
        if view.engine not in self._kept or view.state == "up":
            shards = Shards(reader)
            self._kept[view.engine] = shards.why_not(view.engine) or "beside this recording: Events (3) lists its frames among all"
            shards.close()
        return self._kept[view.engine]

    def applies(self, action_id: str) -> bool:
        """There is a row to open where the engine has one."""
        return (action_id != "open" or bool(self._row())) and super().applies(action_id)

    def _row(self) -> int:
        engines = engine_views(self.state)
        return engines[min(self.at, len(engines) - 1)].seq if engines else 0

    def summary(self) -> str:
        """The table and who is lost, as text."""
        engines = engine_views(self.state)
        if not engines:
            return f"{headline(self.state)}\none engine"
        table = [line_text(line).rstrip() for line in engine_lines([engine_row(view, self.state) for view in engines], 160)]
        return "\n".join([headline(self.state), *table, *(loss(view) for view in engines if view.state == "lost")])

    def _move(self, by: int) -> None:
        self.at = max(0, min(self.at + by, len(engine_views(self.state)) - 1))
        self.tick()

    def action_left(self) -> None:
        self._move(-1)

    def action_right(self) -> None:
        self._move(1)

    def action_open(self) -> None:
        """The row that said last what became of it."""
        if seq := self._row():
            self.vigil.open_frame(seq)
        else:
            self.vigil.say("no row says anything of this engine yet")


def engine_views(state: SessionState) -> list[EngineView]:
    """All engines, the lead first; those of the plan that have not joined too. Empty where there is only one."""
    users, planned = state.lead.planned if state.engine == 1 else (0, 0)
    split = shares(users, planned) if planned > 1 and users else []
    if not state.engines and len(split) < 2:
        return []
    others = dict(state.engines)
    for number, share in enumerate(split[1:], 2):
        others.setdefault(number, EngineView(number, "local", share.text, state="absent"))
    state.lead.users = lead_users(state)
    return [state.lead, *(view for _, view in sorted(others.items()))]


def lead_users(state: SessionState) -> str:
    """The users that the lead drives: those before the first of another engine, in words."""
    first = min((int(number) for view in state.engines.values() if (number := view.users.removeprefix("u").partition("-")[0]).isdecimal()),
                default=0)  # fmt: skip
    return f"u1-u{first - 1}" if first > 2 else "u1" if first == 2 else ""


def state_of(view: EngineView, state: SessionState) -> tuple[str, str]:
    """Its state in a word, and the tone."""
    if view.engine == 1:
        return ("ended", "good") if state.ended else ("working", "accent")
    if view.state == "absent":
        return ("absent", "bad") if state.ended else ("joining", "dim")
    if view.state == "up":
        late = not state.ended and state.t - view.t > SILENT
        return ("silent", "warn") if late else ("working", "accent")
    return (view.state, "bad" if view.state == "lost" else "good")


def engine_row(view: EngineView, state: SessionState) -> EngineRow:
    """What the table shows of one."""
    word, tone = state_of(view, state)
    lead, absent = view.engine == 1, view.state == "absent"
    heard = "" if lead or absent else f"{max(state.t - view.t, 0) / SECOND:.1f} s" if view.state == "up" else f"at {clock_time(view.t)[:5]}"
    return EngineRow(
        number=view.engine,
        where="lead, here" if lead else "" if absent else clean(view.where),
        users=clean(view.users),
        state=word,
        tone=tone,
        mark=marks()[word],
        received="" if absent or (lead and not view.received) else f"{view.received:,}",
        rate="" if view.rate is None else f"{view.rate:,.0f}",
        heard=heard,
        lag="" if view.lag_ms is None else f"{view.lag_ms:.1f}",
        told="" if lead or absent else f"{view.told:,}",
        cpu="" if view.cpu is None else f"{view.cpu * 100:.0f} %",
        memory="" if view.rss_mb is None else f"{view.rss_mb:.0f} MB",
    )


def users_count(text: str) -> int:
    """How many users u6-u10 are."""
    first, dash, last = text.replace("u", "").partition("-")
    return int(last) - int(first) + 1 if dash and first.isdecimal() and last.isdecimal() else int(first.isdecimal())


def loss(view: EngineView) -> str:
    """What the loss of an engine means."""
    number = users_count(view.users)
    whose = f"its {number:,} users ({clean(view.users)}) are" if number > 1 else f"its user {clean(view.users)} is"
    return (
        f"engine {view.engine} is lost: {whose} INCONCLUSIVE in every check of all users, and the session goes on without. "
        "To decide: run it again"
    )


def engine_facts(view: EngineView, state: SessionState, frames: str) -> list[tuple[str, str, str]]:
    """All that is known of one engine: name, value, tone."""
    word, tone = state_of(view, state)
    if view.engine == 1:
        return [
            ("engine 1", "the lead: it drives every check, judges all, and writes this recording", "plain"),
            ("users", clean(view.users), "plain"),
            *_usage(view),
        ]
    if view.state == "absent":
        text = "it never joined" if state.ended else "it is being started and has not joined yet"
        return [(f"engine {view.engine}", text, tone), ("users", clean(view.users), "plain")]
    when = clock_time(view.t)
    told = {
        "working": f"working; last heard at {when}",
        "silent": f"nothing since {when}: it is lost once that lasts 2.5 s",
        "ended": f"ended at {when}, and told everything",
        "lost": f"lost: {clean(view.why)}; last heard at {when}",
    }[word]
    facts = [(f"engine {view.engine}", told, tone if word != "working" else "plain")]
    if word == "lost":
        facts.append(("means", loss(view), "bad"))
    gap = "a message is missing: nothing after it counts" if "is missing" in view.why else "none missing, each follows the one before"
    facts += [
        ("where", f"{clean(view.where)}{f', process {view.pid}' if view.pid else ''}", "plain"),
        ("users", f"{clean(view.users)}, {users_count(view.users):,} of them", "plain"),
        ("told", f"{view.told:,} messages; {gap}", "bad" if "is missing" in view.why else "plain"),
        ("did", f"frames received {view.received:,}, agent runs {view.runs:,}, rows recorded {view.rows:,}", "plain"),
        *_usage(view),
        ("its frames", clean(frames), "plain"),
    ]
    return facts


def _usage(view: EngineView) -> list[tuple[str, str, str]]:
    parts = [
        f"loop late by {view.lag_ms:.1f} ms at most" if view.lag_ms is not None else "",
        f"{view.cpu * 100:.0f} % of a core" if view.cpu is not None else "",
        f"{view.rss_mb:.0f} MB" if view.rss_mb is not None else "",
    ]
    return [("health", ", ".join(filter(None, parts)) or "not told yet (every 10 s)", "plain")]


def fact_lines(facts: list[tuple[str, str, str]], width: int) -> list[Line]:
    """A name at the left, its value wrapped at the right."""
    lines: list[Line] = []
    for name, value, tone in facts:
        for number, part in enumerate(wrap(value, max(width - 12, 20)) or [""]):
            lines.append(((f"{name if number == 0 else '':<12}", "dim"), (part, tone)))
    return lines
