"""From a session's state to what the widgets take: every string cleaned, every number given its unit."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Final

from tui_app.gravity import rank
from tui_app.recording.state import CellView, CheckView, CriterionView, FindingView, SeriesView, SessionState
from tui_app.screens.safe import clean
from tui_app.screens.view import mmss
from widgets.criteria import CheckRow, CriterionRow
from widgets.matrix import Cell, sentence
from widgets.runs import RunRow
from widgets.series import SeriesRow

RUNS_SHOWN = 60


def seconds(ms: float | None) -> str:
    """A duration with its unit, in the unit a person would say it in."""
    if ms is None:
        return ""
    if ms < 1000:
        return f"{ms:.0f} ms"
    return f"{ms / 1000:.1f} s" if ms < 600_000 else f"{ms / 60_000:.0f} min"


def short_ids(ids: Iterable[str]) -> dict[str, str]:
    """Each id cut to the fewest characters (4 at least) that keep all of them apart; a UUID's dashes count as characters."""
    known = list(dict.fromkeys(ids))
    for size in range(4, 37):
        if len({name[:size] for name in known}) == len(known):
            return {name: name[:size] for name in known}
    return {name: name for name in known}


CUT: Final = "cut"
CUT_WORDS: Final = "cut on purpose"
_LOST: Final = "the connection was lost"


def run_told(state: str, why: str, doomed: bool) -> tuple[str, str]:
    """A run's state and the reason for it as they are shown: one whose connection Vigil itself cut under it is no bad news."""
    return (CUT, CUT_WORDS) if doomed and state == "unfinished" and why.startswith(_LOST) else (state, clean(why))


def run_rows(state: SessionState, limit: int = RUNS_SHOWN) -> list[RunRow]:
    """The newest runs, oldest first."""
    shown = list(state.runs.values())[-limit:]
    names = short_ids(run.key for run in shown)
    told = {run.key: run_told(run.state, run.why, run.doomed) for run in shown}
    return [
        RunRow(
            key=clean(names[run.key]),
            time=mmss(run.t),
            user=clean(run.user),
            lamps=run.lamps,
            state=told[run.key][0],
            took=seconds(run.ms) if run.ms is not None else seconds(max(state.t - run.t, 0) / 1e6) if run.state == "running" else "",
            check=clean(run.check),
            why=told[run.key][1],
        )
        for run in shown
    ]


def cells(state: SessionState) -> tuple[list[str], dict[tuple[str, str], Cell]]:
    """Users in order, and the matrix."""
    users = [clean(label) for label in state.users]
    return users, {(clean(cell.source), clean(cell.observer)): _cell(cell) for cell in state.cells.values()}


def _cell(cell: CellView) -> Cell:
    return Cell(cell.probes, cell.leaks, cell.state)


def over_limit(series: SeriesView) -> bool:
    """p95 is shown and over the limit."""
    return series.limit_ms is not None and series.p95 is not None and series.p95 > series.limit_ms


def series_name(name: str) -> str:
    """A series as a person reads it: `connect_cold` is `connect cold`."""
    return clean(name).replace("_", " ")


PARTS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "connect": (
        ("connect_dns", "name lookup"), ("connect_tcp", "TCP"), ("connect_tls", "TLS"), ("connect_upgrade", "upgrade"),
        ("connect_welcome", "welcome"),
    ),
    "connect_cold": (),
    "ping": (("control_ping", "frame level"),),
    "first": (),
    "first_event": (("one_way", "one way"),),
    "gap": (),
    "run": (),
    "http": (("http_connect", "TCP"), ("http_tls", "TLS"), ("http_wait", "wait"), ("http_body", "body")),
    "recovery": (
        ("recovery_detect", "noticed"), ("recovery_reconnect", "reconnected"), ("recovery_auth", "signed in"),
        ("recovery_first", "first event"), ("recovery_catch_up", "caught up"), ("recovery_whole", "from the cut"),
    ),
}  # fmt: skip
"""Series in the order in which they are shown, each with its parts and what a person calls them."""
HEADS: Final = {"connect_cold": "connect cold", "first_event": "first event", "gap": "longest gap", "http": "REST"}
OF: Final = {part: head for head, parts in PARTS.items() for part, _ in parts}


@dataclass(frozen=True, slots=True)
class Listed:
    """A series as it is listed: `name` is its own, `head` the one it is part of, `folded` how many parts are not shown."""

    view: SeriesView
    words: str
    head: str = ""
    folded: int = 0


def series_list(state: SessionState, unfolded: Collection[str] = ()) -> list[Listed]:
    """Every series that is known, in groups: a whole, then its parts where it is unfolded. What no group knows comes last."""
    known = state.series
    found: list[Listed] = []
    for head, parts in PARTS.items():
        here = [(known[name], words) for name, words in parts if name in known]
        if head not in known:
            found += [Listed(view, series_name(view.name)) for view, _ in here]
            continue
        shown = head in unfolded
        found.append(Listed(known[head], HEADS.get(head, series_name(head)), folded=0 if shown else len(here)))
        found += [Listed(view, words, head) for view, words in here if shown]
    return found + [Listed(view, series_name(name)) for name, view in known.items() if name not in PARTS and name not in OF]


def long_name(name: str) -> str:
    """A series by name where it stands alone: a part says of what."""
    head = OF.get(name)
    if head is None:
        return HEADS.get(name, series_name(name))
    return f"{HEADS.get(head, series_name(head))}: {dict(PARTS[head])[name]}"


def series_row(item: Listed) -> SeriesRow:
    """One series: a part is indented, a whole whose parts are not shown has a sign."""
    series = item.view
    return SeriesRow(
        name=f"  {item.words}" if item.head else f"{item.words} +" if item.folded else item.words,
        values=tuple(value for _, value in series.recent),
        n=series.n,
        tainted=series.tainted,
        p50=series.p50,
        p95=series.p95,
        p99=series.p99,
        max=series.max,
        limit=series.limit_ms,
        over=over_limit(series),
    )


def series_rows(state: SessionState) -> list[SeriesRow]:
    """The series of the session, without their parts: one whose whole is not known yet is shown where it has a limit of its own."""
    whole = [item for item in series_list(state) if item.view.name not in OF or item.view.limit_ms is not None]
    return [series_row(replace(item, folded=0)) for item in whole]


def criterion_row(c: CriterionView) -> CriterionRow:
    """One criterion."""
    return CriterionRow(clean(c.id), clean(c.title), c.word, clean(c.measured), clean(c.limit), c.n, clean(c.reason))


BADNESS = {"FAIL": 0, "BLOCKED": 1, "INCONCLUSIVE": 2, "RUNNING": 3, "": 4, "PASS": 5, "SKIPPED": 6}


def check_row(check: CheckView, *, suite: bool = True) -> CheckRow:
    """One check; a known failure says until when it is accepted, an unproven check that it is one."""
    known = f"({clean(check.accepted)}) " if check.accepted else ""
    note = "" if check.proven else "unproven"
    place = check.suite if suite else ""
    return CheckRow(check.id, place, clean(check.title), check.word, known + clean(check.reason), _took(check), note, known=bool(known))


def _took(check: CheckView) -> str:
    if check.started is None or check.ended is None:
        return ""
    return seconds((check.ended - check.started) / 1e6)


SEVERITIES = {"critical": 0, "major": 1, "minor": 2, "info": 3}


def newest_finding(state: SessionState) -> tuple[CheckView, FindingView] | None:
    """The newest finding that failed a check; where there is none, the newest minor one. Mere information is no news."""
    found = [(check, finding) for check in state.checks.values() for finding in check.findings if finding.severity != "info"]
    if not found:
        return None
    grave = [item for item in found if SEVERITIES.get(item[1].severity, 3) < 2]
    return max(grave or found, key=lambda item: item[1].seq)


def counts(state: SessionState) -> dict[str, int]:
    """How many checks read each word."""
    result: dict[str, int] = {}
    for check in state.checks.values():
        result[check.word] = result.get(check.word, 0) + 1
    return result


def leak_totals(state: SessionState) -> str:
    """'3 leaks over 2 pairs', where there is more than one; '' else."""
    leaks = [cell.leaks for (one, other), cell in state.cells.items() if one != other and cell.leaks]
    return f"{sum(leaks):,} leaks over {len(leaks)} pair{'s' * (len(leaks) != 1)}" if sum(leaks) > 1 else ""


def with_totals(check: CheckView, text: str, state: SessionState) -> str:
    """A finding's words; of one among several leaks after how many there are in all."""
    totals = leak_totals(state) if rank(check.id) == 0 else ""
    return f"{totals}; the last: {text}" if totals else text


def leaking(state: SessionState) -> str:
    """Leaks that the matrix holds, in words; '' where there is none."""
    return sentence(*cells(state))[0] if any(cell.leaks for (one, other), cell in state.cells.items() if one != other) else ""
