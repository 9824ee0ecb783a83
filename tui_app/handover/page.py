"""The hand-over as sections of entries: what the report writes and the screen draws, word for word the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from tui_app.gravity import gravest_first
from tui_app.handover.past import CLEANUP, History, Past, history, minute
from tui_app.handover.red import Red, still_red
from tui_app.handover.words import noted, operator, said
from tui_app.reports.facts import Facts, gather
from tui_app.runbook.failure import Shown, failure_of
from tui_app.runbook.protocol import Ticked, checklist
from tui_app.runbook.steps import ReadStep, Step, recorded, shell, steps
from tui_app.runbook.told import MARKS, changes
from tui_app.verdict.words import BLOCKED, FAIL, INCONCLUSIVE, PASS

REDS: Final = 12
OPEN: Final = 10
NOTES: Final = 12
SESSIONS: Final = 12
"""Entries of a section that are told one by one; of more, the rest is counted: the page is one page."""
ACCEPTS: Final[Mapping[str, str]] = {"used": FAIL, "expired": "EXPIRED", "differs": FAIL, "refused": "REFUSED", "unknown": "UNKNOWN"}


class Entry(msgspec.Struct, frozen=True):
    """One thing: a word or number, a name, what is said of it, and lines below.

    `check`: whose evidence opens; `command`: to be copied; `session`: another one, which has what is told here.
    """

    word: str = ""
    name: str = ""
    text: str = ""
    more: tuple[str, ...] = ()
    check: str = ""
    command: str = ""
    session: str = ""


class Section(msgspec.Struct, frozen=True):
    """`rest`: what stands below its entries; where there are none it is all that is said."""

    title: str
    entries: tuple[Entry, ...] = ()
    rest: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    """Cells, where the section is a table."""


class Page(msgspec.Struct, frozen=True):
    """`lead`: the state in three sentences."""

    rehearsal: bool
    target: str
    session: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]


def page_of(path: Path, result: Mapping[str, Any] | None = None) -> Page:
    """The page of a recording. Raises RecordingError; ValueError where it has no result and none is given."""
    return page(gather(path, result))


def page(facts: Facts) -> Page:
    """The page of a session whose facts are gathered. Raises RecordingError."""
    known = history(facts.path, facts.result)
    own = known.sessions[0]
    reds = gravest_first(still_red(known.sessions), lambda red: red.id)
    criteria = still_red(known.sessions, criteria=True)
    shown = failure_of(facts.result)
    todo = steps(shown.failure, recorded(facts.plan), own.session)
    with_notes = _remarks(facts)
    sections = (
        _red(facts, reds, criteria, known),
        _open(facts),
        _next(shown, todo, with_notes, own, reds, str(facts.result["target"].get("name"))),
        _accepted(facts),
        _left(known),
        _notes(known),
        _ran(known),
    )
    return Page(facts.rehearsal, facts.target, own.session, _lead(facts, own, reds, known, shown, todo), sections)


def _remarks(facts: Facts) -> list[Ticked]:
    from tui_app.recording.reader import Reader

    with Reader(facts.path) as reader:
        return checklist(reader.annotations())


def many(count: int, noun: str) -> str:
    """`3 checks`, `1 check`, `no check`."""
    return f"{count or 'no'} {noun}{'' if count in (0, 1) else 's'}"


def _lead(facts: Facts, own: Past, reds: Sequence[Red], known: History, shown: Shown, todo: Sequence[Step]) -> tuple[str, ...]:
    result = facts.result
    ended = "" if own.ended == "complete" else f", {own.ended}" if own.ended else ", still running: judged by what there is so far"
    build = f", build {own.build}" if own.build else ""
    first = f"{result['verdict']}: session {own.session}, {own.when}, {facts.took}{build}, by {own.who}{ended}."
    undecided = sum(check["verdict"] in (BLOCKED, INCONCLUSIVE) for check in result["checks"])
    oldest = min(reds, key=lambda red: red.since.started, default=None)
    left, by = sum(len(session.left) for session in known.sessions), sum(bool(session.left) for session in known.sessions)
    parts = [
        f"{many(len(reds), 'check')} red" + (f", the oldest since {oldest.since.when}" if oldest else ""),
        f"{undecided or 'none'} undecided",
        f"{many(_accepted_as(facts, 'used'), 'failure')} accepted",
        f"{many(left, 'thing')} left behind by {many(by, 'session')} in all" if left else "nothing left behind",
    ]
    if expired := _accepted_as(facts, "expired"):
        parts.insert(3, f"{many(expired, 'acceptance')} expired")
    second = f"{'; '.join(parts)}."
    third = f"{shown.failure.title}: {shown.failure.means}" + (f" First: {todo[0].title.lower()}." if todo else "")
    if not own.ended:
        third = "It has no verdict yet: what to do follows from it."
    elif reds and not any(red.last is own for red in reds):
        third = f"Of this session alone: {third[0].lower()}{third[1:]}"
    return first, second[0].upper() + second[1:], third


def _red(facts: Facts, reds: Sequence[Red], criteria: Sequence[Red], known: History) -> Section:
    found = [_red_entry(red, facts, known) for red in reds[:REDS]]
    rest = [f"and {len(reds) - REDS} more checks"] if len(reds) > REDS else []
    found += [_criterion(red, facts, [one.id for one in reds]) for red in criteria]
    return Section("Still red", tuple(found), "; ".join(rest) if found else "Nothing that was decided is red.")


def _red_entry(red: Red, facts: Facts, known: History) -> Entry:
    own = known.sessions[0].session
    in_view = red.last.session == own
    where = "" if in_view else f" of session {red.last.session}"
    seqs = ", ".join(str(seq) for seq in red.said.rows)
    more = f" and {red.said.of - len(red.said.rows)} more" if red.said.of > len(red.said.rows) else ""
    lines = [_since(red, known)]
    if red.asked:
        lines.append(f"asked again {'once' if len(red.asked) == 1 else f'{len(red.asked)} times'} since, without an answer")
    elif not in_view:
        lines.append(f"failed last in session {red.last.session}, {red.last.when}; not asked since")
    if seqs:
        lines.append(f"row{'s' if red.said.of > 1 else ''} {seqs}{more}{where}")
    if impact := facts.impact(red.id):
        lines.append(said(impact, 300))
    held = next((one for one in facts.result["checks"] if one["id"] == red.id and one["accepted"]), None)
    if held is not None and in_view:
        lines.append(f"accepted until {said(held['accepted']['until'], 20)}, {said(held['accepted']['ticket'], 60)}")
    return Entry(
        FAIL, red.id, said(red.said.reason, 300), tuple(lines), _planned(facts, red.id), session="" if in_view else red.last.session
    )


def _planned(facts: Facts, check: str) -> str:
    """The check, where the session that is handed over has its evidence."""
    return check if any(one["id"] == check for one in facts.result["checks"]) else ""


def _criterion(red: Red, facts: Facts, reds: Sequence[str]) -> Entry:
    """A criterion in one line, with the red checks that it rests on."""
    now = next((one for one in facts.result["criteria"] if one["id"] == red.id), None)
    feeds = [name for name in facts.feeds(red.id) if name in reds]
    text = said(red.said.reason, 160)
    if now is not None and now["verdict"] == FAIL and now["measured"]:
        text = f"{said(now['measured'], 80)}, limit {said(now['limit'], 60)}" + (f", n = {now['n']:,}" if now["n"] else "")
    rests = f"; rests on {', '.join(feeds)}" if feeds else f"; as session {red.last.session} says"
    title = said(now["title"], 60) if now is not None else ""
    first = _planned(facts, feeds[0]) if feeds else ""
    return Entry(FAIL, f"{red.id} {title}".strip(), f"{text}{rests}", (f"red since session {red.since.session}, {red.since.when}",), first)


def _since(red: Red, known: History) -> str:
    times = f" ({red.failures} times in a row)" if red.failures > 1 else ""
    build = f", build {red.since.build}" if red.since.build and red.since.build != known.sessions[0].build else ""
    text = f"red since session {red.since.session}, {red.since.when}{build}{times}"
    if red.green is None:
        return f"{text}; " + ("older sessions were not read" if known.more else "no session here in which it was green")
    on = "the same build" if red.green.build == red.since.build else f"build {red.green.build or '?'}"
    return f"{text}; green last in {red.green.session}, {red.green.when}, on {on}"


def _open(facts: Facts) -> Section:
    listed = [check for word in (BLOCKED, INCONCLUSIVE) for check in facts.by_word(word)]
    listed.sort(key=lambda check: not check["required"])
    found = [
        Entry(
            str(check["verdict"]), str(check["id"]), said(check["reason"], 240) + ("" if check["required"] else " (not required)"),
            (f"to decide: {said(check['to_decide'], 240)}",) if check["to_decide"] else (), str(check["id"]),
        )
        for check in listed[:OPEN]
    ]  # fmt: skip
    unasked = [f"{one['id']} {one['title']}" for one in facts.result["criteria"] if one["verdict"] == "SKIPPED"]
    rest = [f"and {len(listed) - OPEN} more"] if len(listed) > OPEN else [] if found else ["Nothing that was asked is undecided"]
    rest += [f"not asked in this session: {said(', '.join(unasked), 600)}"] if unasked else []
    return Section("Undecided", tuple(found), "; ".join(rest) + ("." if rest else ""))


def _next(shown: Shown, todo: Sequence[Step], ticked: Sequence[Ticked], own: Past, reds: Sequence[Red], target: str) -> Section:
    if not own.ended:
        return Section("What to do next", (), "The session still runs: what to do follows from its verdict.")
    found = []
    for number, step in enumerate(todo, 1):
        found.append(Entry(f"{number}.", step.title, said(step.says, 300)))
        for command in step.commands:
            effect = "reads" if isinstance(command, ReadStep) else "changes" if changes(command.arguments) else "ours"
            found.append(Entry("", effect, command=noted(shell(command.arguments), 2_000)))
        if step.kind == "manual":
            found += [_by_hand(one) for one in ticked]
    if any(one.state for one in ticked) and not any(step.kind == "manual" for step in todo):
        found.append(Entry("", "The manual protocol was begun"))
        found += [_by_hand(one) for one in ticked]
    found += _again(own, reds, target)
    beside = f"Beside it: {'; '.join(one.title.lower() for one in shown.beside)}." if shown.beside else ""
    return Section("What to do next", tuple(found), beside if found else "There is nothing to do.")


def _again(own: Past, reds: Sequence[Red], target: str) -> list[Entry]:
    """How what is red of earlier sessions is asked again; one that died has no result for `--failed` to start from."""
    earlier = list(dict.fromkeys(red.last.session for red in reds if red.last is not own and red.last.word))
    died = [red.id for red in reds if red.last is not own and not red.last.word]
    commands = [f"vigil run --failed {session}" for session in earlier[:3]]
    if died:
        named = target if target == "rehearsal" else "<target file>"
        commands.append(f"vigil run --target {named} --checks {','.join(died[:10])}")
    if not commands:
        return []
    first = Entry("", "Ask again for what is red of earlier sessions", "only a new session says that it is mended")
    return [first, *(Entry("", "ours", command=command) for command in commands)]


def _by_hand(one: Ticked) -> Entry:
    who = f" ({one.state}, {operator(one.who)}, {minute(one.at)} UTC)" if one.state else ""
    return Entry(f"[{MARKS[one.state]}]", "", f"{one.text}{who}")


def _accepts(facts: Facts) -> Sequence[Mapping[str, Any]]:
    found = facts.result["target"].get("accepts") or ()
    return [one for one in found if one.get("state")]


def _accepted_as(facts: Facts, state: str) -> int:
    return sum(1 for one in _accepts(facts) if one["state"] == state)


def _accepted(facts: Facts) -> Section:
    found = []
    for one in _accepts(facts):
        text = said(str(one["text"]).partition("): ")[2] or one["text"], 240)
        words = (
            f"accepted until {said(one['until'], 20)}, {said(one['ticket'], 60)}"
            if one["state"] == "used"
            else f"until {said(one['until'], 20)}, {said(one['ticket'], 60)}: {text}"
        )
        found.append(Entry(ACCEPTS.get(str(one["state"]), ""), said(one["check"], 60), words, check=_planned(facts, str(one["check"]))))
    found.sort(key=lambda entry: entry.word == "")
    return Section("Accepted", tuple(found), "" if found else "No failure is accepted.")


def _left(known: History) -> Section:
    found = []
    for session in known.sessions:
        cleaned = [note for note in session.notes if note.kind == CLEANUP]
        if session.left:
            tried = (f"cleanup of {minute(cleaned[-1].at)} UTC: {cleaned[-1].text}",) if cleaned else ()
            found.append(Entry("", session.session, "; ".join(session.left[:6]) + _beyond(session.left, 6), tried))
            if session.ended == "interrupted":
                found.append(Entry("", "ours", command=f"vigil cleanup {session.session}"))
    return Section("Left behind", tuple(found), "" if found else "Nothing: every session here tidied what it made.")


def _beyond(listed: Sequence[str], shown: int) -> str:
    return f"; and {len(listed) - shown} more" if len(listed) > shown else ""


def _notes(known: History) -> Section:
    listed = sorted((note for session in known.sessions for note in session.notes), key=lambda note: note.at, reverse=True)
    found = []
    for note in listed[:NOTES]:
        row = f", row {note.row}" if note.row else ""
        kind = "" if note.kind == "note" else f"{note.kind}: "
        found.append(Entry("", f"{minute(note.at)} UTC {note.who}", f"{kind}{note.text} (session {note.session}{row})"))
    rest = f"and {len(listed) - NOTES} older ones" if len(listed) > NOTES else "" if found else "Nobody left a note."
    return Section("Notes and marks", tuple(found), rest)


def _ran(known: History) -> Section:
    rows = []
    for session in known.sessions[:SESSIONS]:
        parts = [session.word, session.ended if session.ended != "complete" else ""] if session.ended else ["running"]
        word = ", ".join(part for part in parts if part) or "no verdict"
        who = session.who + "".join(f", then {who}" for who in session.took_over if who != session.who)
        failed = sum(1 for one in session.checks.values() if one.word == FAIL)
        passed = sum(1 for one in session.checks.values() if one.word == PASS)
        took = f"{session.seconds:.0f} s" if session.seconds < 90 else f"{session.seconds / 60:.0f} min"
        rows.append((minute(session.started), word, f"{passed}", f"{failed}", took, session.build or "?", who, session.session))
    more = [f"and {len(known.sessions) - SESSIONS}{' or more' if known.more else ''} older ones"] if len(known.sessions) > SESSIONS else []
    if known.newer:
        more.append(f"NEWER than this page: {', '.join(known.newer[:3])}: `vigil report {known.newer[0]} --format handover`")
    more += [f"could not be read: {one}" for one in known.unread[:3]]
    return Section("Who ran what", (), "; ".join(more), ("UTC", "Verdict", "Pass", "Fail", "Took", "Build", "By", "Session"), tuple(rows))
