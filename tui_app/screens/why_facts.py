"""Why a check, a criterion or an isolation cell reads as it does: gathered from the state and the recording, as clean text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from tui_app.logged import ids_among
from tui_app.model import Row
from tui_app.recording.reader import Reader
from tui_app.recording.state import CellView, CheckView, FindingView, SessionState
from tui_app.recording.witness import address, unwrapped
from tui_app.screens.before import rerun_facts
from tui_app.screens.frame_sections import Where, utc
from tui_app.screens.masking import HELD_BACK, is_masked
from tui_app.screens.row_words import arrow, clock_time, describe, short_id
from tui_app.screens.safe import clean
from widgets.evidence import Evidence, Witness
from widgets.pairs import leaks_of

WITNESSES: Final = 40
"""Rows listed at most; the stream shows the rest."""
CONTEXT: Final = 14
STEPS_LOOKED: Final = 2_000
GRAVE: Final = ("critical", "major", "minor", "info")


def why(subject: str, state: SessionState, reader: Reader | None) -> Evidence | None:
    """The evidence on `subject`: a check's id, a criterion's id, or `u3>u4` for a cell; None if there is no such thing."""
    source, cell, observer = subject.partition(">")
    if cell:
        return of_cell(source, observer, state, reader)
    if subject in state.checks:
        return of_check(state.checks[subject], state, reader)
    if subject in state.criteria:
        return of_criterion(subject, state)
    return None


# -- a check


def of_check(check: CheckView, state: SessionState, reader: Reader | None) -> Evidence:
    """A check: its claim, what was expected and seen, and the rows behind both."""
    findings = sorted(check.findings, key=lambda finding: GRAVE.index(finding.severity) if finding.severity in GRAVE else 9)
    cited = list(dict.fromkeys(seq for finding in findings for _, seq in finding.evidence))
    guilty = {seq for finding in findings if finding.severity in ("critical", "major") for seq in convicting(finding, reader)}
    witnesses, more = rows_of(sorted(cited[:WITNESSES]), guilty, reader, state), max(len(cited) - WITNESSES, 0)
    witnesses = with_context(witnesses, reader)
    if not witnesses:
        witnesses, more = own_rows(check.id, reader)
    expected = clean(check.proves) if check.proves != check.title or check.word == "PASS" else ""
    facts = [("Asserted" if check.word == "PASS" else "Expected", expected, "")] if expected else []
    facts += seen(check, findings, witnesses)
    if reader is not None and check.word not in ("BLOCKED", "SKIPPED", ""):
        facts += controls(check.id, reader)
    if check.word == "RUNNING":
        facts += waiting(check.id, state)
    if check.to_decide:
        label = "To unblock" if check.word == "BLOCKED" else "To decide"
        facts.append((label, clean(check.to_decide), ""))
    if check.accepted:
        facts.append(("Known", clean(check.accepted), "warn"))
    facts += server_side([one.seq for one in witnesses if not one.context], reader)
    facts += rerun_facts(check, state) + can_fail(check)
    return Evidence(
        word=check.word,
        name=clean(check.id),
        when=moment(decided_at(check, reader), state),
        title=clean(check.title),
        claim=claim(check),
        facts=facts,
        findings=[(finding.severity, clean(finding.text), len(finding.evidence)) for finding in findings],
        witnesses=witnesses,
        more=more,
        rows_title=clean(findings[0].text) if only_rows(findings) else "rows",
    )


def server_side(seqs: Sequence[int], reader: Reader | None) -> list[tuple[str, str, str]]:
    """By which ids and when, in UTC, the target's own logs tell of these rows."""
    rows = [unwrapped(row) for seq in seqs if (row := reader.row(seq)) is not None] if reader is not None else []
    if reader is None or not rows:
        return []
    began, ids = reader.header.get("started", ""), ids_among(rows)
    first, last = (utc(began, edge(row.t for row in rows)) for edge in (min, max))
    when = first if first == last else f"{first.removesuffix(' UTC')} to {last}"
    named = (("trace", ids.trace), ("request", ids.request if not ids.trace else ""), ("run", short_id(ids.run)))
    told = ", ".join([when, *(f"{name} {clean(value)}" for name, value in named if value)])
    return [("Server side", f"{told}; Y copies a log query", "")]


def can_fail(check: CheckView) -> list[tuple[str, str, str]]:
    """Which planted faults it names, and where it comes from if it is not Vigil's own; F opens the self-test at them."""
    named = ", ".join(map(clean, check.catches))
    found = [("Fails on", f"{named} (F shows the self-test)", "dim")] if check.proven and named else []
    if not check.proven:
        found = [("Unproven", f"no self-test has seen it fail{f' on {named}' if named else ''}", "dim")]
    return found + ([("Origin", clean(check.origin), "dim")] if check.origin != "vigil" else [])


def convicting(finding: FindingView, reader: Reader | None) -> list[int]:
    """The rows that show what was wrong: all where they are alike (the same event on the same user's sockets), else the last."""
    cited = [seq for _, seq in finding.evidence[:WITNESSES]]
    rows = [reader.row(seq) for seq in cited] if reader is not None else []
    alike = len({(row.kind, row.type, row.user) for row in rows if row is not None}) == 1
    return cited if alike else [seq for _, seq in finding.evidence[-1:]]


def decided_at(check: CheckView, reader: Reader | None) -> int | None:
    """When the check came to its word, in ns; else when it began; None before that."""
    row = reader.row(check.verdict_seq) if reader is not None and check.verdict_seq else None
    return row.t if row is not None else check.ended if check.ended is not None else check.started


def claim(check: CheckView) -> str:
    """One sentence for a person who was not there: what it means, and the figure."""
    impact, reason = clean(check.impact).rstrip(".: "), clean(check.reason)
    if check.word == "FAIL" and impact:
        return f"{impact}: {reason}." if reason else f"{impact}."
    if check.word in ("", "RUNNING"):
        return "This check has not come to its verdict yet."
    return reason or "No reason was recorded."


def only_rows(findings: Sequence[FindingView]) -> bool:
    """A single informational finding does nothing but name the rows that the verdict rests on: it is their title."""
    return len(findings) == 1 and findings[0].severity == "info" and bool(findings[0].evidence)


def seen(check: CheckView, findings: Sequence[FindingView], witnesses: Sequence[Witness]) -> list[tuple[str, str, str]]:
    """What was seen: the gravest finding and its row; for a pass, what was measured and on how many rows that rests."""
    facts: list[tuple[str, str, str]] = []
    guilty = next((witness for witness in witnesses if witness.guilty), None)
    if findings and findings[0].severity in ("critical", "major"):
        # The one that cites the row told of next, where it is as grave: sentence and row have to be about the same thing.
        alike = [finding for finding in findings if finding.severity == findings[0].severity]
        told = next((one for one in alike if guilty is not None and guilty.seq in {seq for _, seq in one.evidence}), findings[0])
        facts.append(("Seen", clean(told.text), "bad"))
    elif findings and not (check.word == "PASS" and only_rows(findings)):
        facts.append(("Noted" if check.word == "PASS" else "Seen", clean(findings[0].text), ""))
    if guilty is not None:
        run = f", run {guilty.run}" if guilty.run else ""
        facts.append(("", f"row {guilty.seq:,} on {guilty.user or 'no user'} at {guilty.time}: {guilty.type}{run}", ""))
    return facts


def controls(check: str, reader: Reader) -> list[tuple[str, str, str]]:
    """The steps the check took: how many, how they ended, and what the known-good control was."""
    ends: Counter[str] = Counter()
    control = ""
    begin, end = (Where("kind = 'step' AND \"check\" = ? AND type = ?", (check, type), state_only=True) for type in ("begin", "end"))
    rows = reader.window(reader.head() + 1, STEPS_LOOKED, 0, end)
    for row in rows:
        ends[str(row.body.get("outcome") or "done")] += 1
    for row in reader.window(0, 0, 20, begin):
        control = control or str(row.body.get("control") or "")
    facts: list[tuple[str, str, str]] = []
    if control:
        facts.append(("Controls", clean(control), ""))
    if ends:
        lead = "of the last " if len(rows) >= STEPS_LOOKED else "of "
        parts = ", ".join(f"{count:,} {clean(outcome)}" for outcome, count in ends.most_common())
        facts.append(("Steps", f"{parts} {lead}{sum(ends.values()):,}", "" if set(ends) == {"done"} else "warn"))
    return facts


def waiting(check: str, state: SessionState) -> list[tuple[str, str, str]]:
    """What a running check waits for."""
    facts = []
    for step in state.waiting.values():
        if step.check == check:
            limit = f" of {step.deadline_ms / 1000:g}" if step.deadline_ms else ""
            facts.append(("Awaiting", f"{clean(step.user)} {clean(step.intent)}, {(state.t - step.since) / 1e9:.0f}{limit} s", "accent"))
    return facts[:4]


def own_rows(check: str, reader: Reader | None) -> tuple[list[Witness], int]:
    """Where nothing is cited: the frames that the check drove, else its steps, the latest first cut to what is listed."""
    if reader is None:
        return [], 0
    frames = Where("kind = 'frame' AND \"check\" = ?", (check,))
    found = reader.window(reader.head() + 1, WITNESSES, 0, frames)
    if not found:
        found = reader.window(reader.head() + 1, WITNESSES, 0, Where("kind = 'step' AND \"check\" = ?", (check,), state_only=True))
    return [witness(row, set()) for row in found], 0


# -- a criterion


def of_criterion(name: str, state: SessionState) -> Evidence:
    """A criterion: limit, measured, n, and the checks that answer it."""
    criterion = state.criteria[name]
    checks = [state.checks[check] for check in feeding(name, state) if check in state.checks]
    facts = [("Limit", clean(criterion.limit), ""), ("Measured", clean(criterion.measured) or "nothing", "")]
    if criterion.n is not None:
        facts.append(("Samples", f"{criterion.n:,}", ""))
    return Evidence(
        word=criterion.word,
        name=clean(criterion.id),
        title=clean(criterion.title),
        claim=clean(criterion.reason),
        facts=facts,
        behind=[(check.word, check.id, clean(check.reason) or clean(check.title)) for check in checks],
    )


def feeding(criterion: str, state: SessionState) -> list[str]:
    """The planned checks that answer a criterion."""
    from tui_app.verdict.criteria import FEEDS

    return list(FEEDS.get(criterion, ()))


# -- an isolation cell


def cell_claim(source: str, observer: str, cell: CellView | None) -> str:
    """A cell of the matrix as one sentence."""
    probes, leaks, read = (cell.probes, cell.leaks, cell.state) if cell else (0, 0, "")
    of = "probe" if probes == 1 else "probes"
    if source == observer:
        return f"{observer} saw its own markers." if probes and read == "clean" else f"{observer} is not shown to see its own markers yet."
    if leaks:
        told = f"{leaks:,} of {probes:,} {of}" if probes >= leaks else leaks_of(leaks, probes)
        return f"{observer} saw what belongs to {source}: {told}."
    if read == "clean":
        return f"{observer} saw nothing of {source}'s in {probes:,} {of}."
    if not probes:
        return f"Not measured yet: nothing of {source}'s has been looked for at {observer}."
    return f"{observer} saw nothing of {source}'s so far: {probes:,} {of}, too few for a claim."


def of_cell(source: str, observer: str, state: SessionState, reader: Reader | None) -> Evidence:
    """An ordered pair of the matrix: what of `source` did `observer` see, in how many probes."""
    cell = state.cells.get((source, observer))
    probes, leaks = (cell.probes, cell.leaks) if cell else (0, 0)
    word = {"leak": "FAIL", "clean": "PASS"}.get(cell.state if cell else "", "INCONCLUSIVE")
    row = reader.row(cell.seq) if reader is not None and cell is not None and cell.seq else None
    cited = [int(pair[1]) for pair in (row.body.get("evidence") or [] if row else []) if isinstance(pair, list) and len(pair) == 2]
    about = [
        (check, finding)
        for check in state.checks.values()
        for finding in check.findings
        if finding.severity in ("critical", "major") and source in finding.text and observer in finding.text
    ]
    # A leak has a direction: what this observer saw comes first, and what the other one saw is another cell's.
    about = [item for item in about if item[1].text.startswith(f"{observer} ")] or about
    if leaks and not cited:
        cited = [seq for _, finding in about for _, seq in finding.evidence]
    rows = rows_of(sorted(dict.fromkeys(cited))[:WITNESSES], set(), reader, state)
    rows = [replace(found, guilty=True) if found.user == observer and leaks else found for found in rows]
    behind = {check.id: check for check, _ in about}
    behind |= {name: state.checks[name] for name in feeding("T4", state) if name in state.checks}
    expected = f"no frame on a socket of {observer} with a marker or an id of {source}"
    if source == observer:
        expected = f"{observer} sees the markers of its own actions: the control without which no other cell counts"
    claim_text = cell_claim(source, observer, cell)
    seen_here = f"{leaks:,} leak{'s' * (leaks != 1)} in {probes:,} probes" if probes >= leaks else leaks_of(leaks, probes)
    facts = [("Expected", expected, ""), ("Seen", seen_here, "bad" if leaks else "")]
    if source != observer:
        own = [
            name
            for name in (source, observer)
            if (seen_own := state.cells.get((name, name))) and seen_own.probes and seen_own.state != "unproven"
        ]
        proven = f"both users saw their own markers: {'yes' if len(own) == 2 else 'no, only ' + own[0] if own else 'not yet'}"
        facts.append(("Controls", proven, "" if len(own) == 2 else "warn"))
    if word == "INCONCLUSIVE":
        facts.append(("To decide", "at least 10 probes of this pair, 299 of all, and both users seeing their own markers", ""))
    return Evidence(
        word=word,
        name=f"{source} seen by {observer}",
        title="Isolation of one user from another",
        claim=claim_text,
        facts=facts,
        findings=[(finding.severity, clean(finding.text), len(finding.evidence)) for _, finding in about],
        witnesses=rows,
        behind=[(check.word, check.id, clean(check.reason)) for check in behind.values()],
    )


# -- rows


def rows_of(seqs: Iterable[int], guilty: set[int], reader: Reader | None, state: SessionState) -> list[Witness]:
    """Witnesses for rows that exist. A row flagged foreign is guilty itself, and then the last cited one is not only because it is last."""
    if reader is None:
        return []
    rows = [row for seq in seqs if (row := reader.row(seq)) is not None]
    foreign = {row.seq for row in rows if "foreign" in row.flag.split()}
    found = [witness(row, foreign or guilty) for row in rows]
    return [replace(one, text=HELD_BACK) if is_masked(row, state) else one for one, row in zip(found, rows, strict=True)]


def with_context(cited: list[Witness], reader: Reader | None) -> list[Witness]:
    """The cited rows with what else came to the same users between them and just after, where that is little."""
    users = list(dict.fromkeys(found.user for found in cited if found.user))
    if reader is None or not cited or not 0 < len(users) <= 2 or len(cited) >= CONTEXT:
        return cited
    first, last = cited[0].seq, cited[-1].seq
    where = Where(f"kind = 'frame' AND user IN ({', '.join('?' * len(users))})", users)
    found = reader.window(first, 0, CONTEXT + 1, where)
    between = [row for row in found if row.seq <= last]
    if len(between) > CONTEXT:
        return cited
    runs = {row.run for row in between}
    after = [row for row in found if row.seq > last and row.run and row.run in runs][:2]
    known = {one.seq: one for one in cited}
    others = {row.seq: witness(row, set(), context=True) for row in (*between, *after) if row.seq not in known}
    return [one for _, one in sorted((known | others).items())]


def witness(row: Row, guilty: set[int], *, context: bool = False) -> Witness:
    """A row as a witness; `context` where it is not cited itself."""
    engine, there = address(row)
    row = unwrapped(row)
    kind, text, tone = describe(row)
    if engine > 1:
        text = f"{text}  (engine {engine}, row {there:,})"
    name = clean(row.user[:20])
    return Witness(row.seq, clock_time(row.t), name, arrow(row), kind, short_id(row.run), text, tone, row.seq in guilty, context)


def moment(t: int | None, state: SessionState) -> str:
    """mm:ss.mmm and UTC of a moment, '' where it is not known."""
    return f"{clock_time(t)}  {utc(state.started, t)}".rstrip() if t is not None else ""
