"""Why: the evidence behind a verdict, down to the frames. Opens on a check, a criterion, or a cell of the isolation matrix."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tui_app.screens.actions import bindings_for
from tui_app.screens.base import SessionScreen
from tui_app.screens.moving import Moving
from tui_app.screens.row_pane import RowPane
from tui_app.screens.safe import clean
from tui_app.screens.view import View
from tui_app.screens.why_facts import why
from tui_app.screens.why_times import of_time
from widgets.evidence import Evidence, EvidenceHead, EvidenceView, evidence_text

PANE_FROM = 140


def cell_subject(source: str, observer: str) -> str:
    """What `WhyScreen` is opened with for a cell of the matrix."""
    return f"{source}>{observer}"


class WhyScreen(Moving, SessionScreen):
    """`subject` is a check's id, one time of it (`golden-path#14`), a criterion's id (`T4`), or `cell_subject(source, observer)`."""

    NAME = "why"
    SMALLEST = (0, 0)
    BINDINGS = bindings_for("why")
    DEFAULT_CSS = """
    WhyScreen EvidenceView { padding: 0 1; }
    WhyScreen EvidenceHead { height: 4; padding: 0 2 0 1; }
    WhyScreen #page { height: 1fr; width: 1fr; }
    WhyScreen Horizontal { height: 1fr; }
    """

    def __init__(self, view: View, subject: str) -> None:
        super().__init__(view)
        self.subject = subject
        self.evidence: Evidence | None = None
        self.head = EvidenceHead(id="head")
        self.page = EvidenceView(id="evidence")
        self.pane = RowPane(id="pane")
        self._key: tuple[object, ...] = ()

    def body(self) -> ComposeResult:
        with Horizontal():
            with Vertical(id="page"):
                yield self.head
                yield self.page
            yield self.pane

    @property
    def check_at(self) -> str:
        """The check that this page is about; '' where it is about something else."""
        name = self.subject.partition("#")[0]
        return name if name in self.state.checks else ""

    def tick(self) -> None:
        state = self.state
        check = state.checks.get(self.subject)
        running = check is not None and check.word == "RUNNING"
        size = len(check.findings) if check else sum(len(each.findings) for each in state.checks.values())
        cells = [(cell.probes, cell.leaks) for cell in state.cells.values()] if ">" in self.subject else []
        word = check.word if check else getattr(state.criteria.get(self.subject), "word", "")
        key = (self.view.version, word, size, cells, state.t // 1_000_000_000 if running else 0, check.ended if check else 0)
        if key != self._key:
            self._key = key
            find = of_time if "#" in self.subject else why
            self.evidence = find(self.subject, state, self.reader)
            if self.evidence is None:
                self.page.show([((f"There is no evidence on {clean(self.subject)} in this session.", "warn"),)])
                return
            self.head.update(self.evidence)
            self.page.update(self.evidence)
        self._show_pane()

    def _show_pane(self) -> None:
        """The row under the cursor, beside the page, where there is room."""
        item = self.page.item
        seq = item if isinstance(item, int) else 0
        self.pane.show_row(seq, self.reader, self.state, room=bool(seq) and self.size.width >= PANE_FROM)

    def _move(self, step: int) -> None:
        self.page.move(step)
        self._show_pane()

    def action_right(self) -> None:
        self.pane.turn(1)

    def action_left(self) -> None:
        self.pane.turn(-1)

    def action_open(self) -> None:
        """The row under the cursor as a frame, or the check under it."""
        item = self.page.item
        if isinstance(item, int):
            self.vigil.open_frame(item)
        elif item:
            self.vigil.open_why(item)

    def action_timeline(self) -> None:
        """The events of the users concerned, from the row under the cursor on."""
        item = self.page.item
        seq = item if isinstance(item, int) else None
        users = list(dict.fromkeys(found.user for found in self.evidence.witnesses if found.user)) if self.evidence else []
        query = " or ".join(f"user:{user}" for user in users) if 0 < len(users) <= 3 else ""
        self.app.pop_screen()
        self.vigil.open_events(query, seq)

    def evidence_rows(self) -> list[int]:
        """What a query of the target's logs is about: the rows that are cited."""
        return [one.seq for one in self.evidence.witnesses if not one.context] if self.evidence else []

    def summary(self) -> str:
        """The evidence as plain text, ready for a chat."""
        if self.evidence is None:
            return super().summary()
        build = f", build {clean(self.state.build)}" if self.state.build else ""
        return f"Vigil session {self.state.session} on {clean(self.state.target)}{build}\n{evidence_text(self.evidence)}"
