"""A comparison as rows that a cursor can be on, and as lines; pure, the screen draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tui_app.compare.comparison import CHANGES, FAILING, Change, Comparison, Timed
from tui_app.compare.contract import Drift
from tui_app.compare.gathered import Side
from tui_app.compare.told import HEADINGS, decision_line, headline, interval, said, word_of
from tui_app.screens.safe import clean
from tui_app.verdict.decision import Decision
from widgets.glyphs import SHORT, TONES, glyphs
from widgets.lines import BLANK, Line, clip, fit, wrap

BADGES: Final = {"Worse": "badbadge", "Not decided": "warnbadge", "Not worse": "goodbadge"}
CLAIMS: Final = {"slower": "bad", "faster": "good", "same": "dim", "unclear": "dim"}
SHORTER: Final = {"client too slow to tell": "slow client", "too little to matter": "too small"}
P95_FROM: Final = 92
"""Cells from which a series shows its p95 as well."""


@dataclass(frozen=True, slots=True)
class Row:
    """What the cursor can be on: a check, a criterion, a series, a drift (its number) or a fold (checks | criteria)."""

    kind: str
    key: str


Placed = tuple[Line, Row | None]
Names = tuple[str, str]
THEN_AND_NOW: Final = ("before", "now")
"""What the two sides are called, unless they ran at the same time: then by their targets."""


def moment(started: str) -> str:
    """When a session began, to the second, in UTC."""
    return started[:19].replace("T", " ")


def side_line(name: str, side: Side, here: bool, width: int, room: int = 7) -> Line:
    """One side: which session, on what, since when, how it ended."""
    word = side.verdict or ("no verdict" if side.ended else "not ended")
    tone = TONES.get(side.verdict, "accent")
    mark = " (in view)" if here else ""
    when = f"{moment(side.started)} UTC" if width >= 100 else moment(side.started)[5:]
    return clip(
        (
            (fit(clean(name), room) + " ", "head"),
            (f"{glyphs().word(side.verdict)} {fit(word, 13)}", tone),
            (f"{fit(side.session, 13)}{clean(side.name)}{mark}", "strong" if here else "plain"),
            (f"   {when}, {side.seconds:.0f} s   {clean(side.build) or 'build unknown'}", "dim"),
        ),
        width,
    )


def head_lines(found: Comparison, decision: Decision, here: str, width: int, room: int, names: Names = THEN_AND_NOW) -> list[Line]:
    """The word with what it comes to, the decision, both sides, and why they compare badly, in at most `room` lines."""
    word = word_of(found)
    parts = wrap(headline(found), max(width - len(word) - 4, 10), limit=2)
    lines: list[Line] = [((f" {word.upper()} ", BADGES[word]), (f"  {parts[0]}", "strong"))]
    lines += [((" " * (len(word) + 4) + part, "strong"),) for part in parts[1:]]
    lines += [((part, "plain"),) for part in wrap(clean(decision_line(found, decision)), width, limit=2)]
    lines += [
        side_line(name, side, side.session == here, width, min(max(map(len, names)), 20))
        for name, side in zip(names, (found.before, found.now), strict=True)
    ]
    warnings = [clean(text) for text in found.warnings]
    left = room - len(lines)
    if len(warnings) > left > 0:
        warnings = ["; ".join(warnings)]
    lines += [clip((("! ", "warn"), (text, "warn")), width) for text in warnings[: max(left, 0)]]
    return lines


# -- checks and criteria


def verdict_lines(found: Comparison, unfolded: bool, width: int, names: Names = THEN_AND_NOW) -> list[Placed]:
    """What reads otherwise, the worst first; what is the same in one line, or listed."""
    lines: list[Placed] = []
    for kind in CHANGES:
        here = [one for one in found.changes if one.kind == kind]
        if here:
            lines.append((((f"{HEADINGS[kind]}: {len(here)}", "bad" if kind in FAILING else "head"),), None))
            lines += [(change_line(one, width), Row("check", one.id)) for one in here]
    if not found.changes:
        lines.append((_nothing("every check that ended on both sides reads the same"), None))
    lines += _same("checks", found.before.checks, found.now.checks, {one.id for one in found.changes}, unfolded, width)
    if found.to_come:
        lines.append((((f"  {found.to_come} still to come", "accent"),), None))
    for name, only in zip(names, found.only, strict=True):
        if only:
            lines.append((clip(((f"  only {clean(name)}: ", "warn"), (", ".join(only), "dim")), width), None))
    if found.before.criteria and found.now.criteria:
        lines += [(BLANK, None), ((("Criteria", "head"),), None)]
        titles = {name: str(one.get("title") or "") for name, one in found.now.criteria.items()}
        lines += [(change_line(one, width, titles[one.id]), Row("criterion", one.id)) for one in found.criteria]
        changed = {one.id for one in found.criteria}
        lines += _same("criteria", found.before.criteria, found.now.criteria, changed, unfolded, width)
    else:
        lines += [(BLANK, None), ((("Criteria: compared once both sessions have ended", "dim"),), None)]
    return lines


def _nothing(text: str) -> Line:
    return ((f"{glyphs().word('PASS')} {text}", "good"),)


def _pair(was: str, now: str) -> Line:
    return (
        (f"  {glyphs().word(was)} {SHORT.get(was, was[:4])}", TONES.get(was, "dim")),
        (f" {glyphs().arrow} ", "dim"),
        (f"{glyphs().word(now)} {SHORT.get(now, now[:4])}  ", TONES.get(now, "dim")),
    )


def change_line(one: Change, width: int, title: str = "") -> Line:
    """before → now, which, why; a check that is not required says so."""
    name = 24 if width < 90 else 30
    told = f"{one.id} {clean(title)}" if title else one.id
    note = "" if one.required else "(not required) "
    tone = "bad" if one.kind in FAILING and one.required else "dim"
    return clip((*_pair(one.before, one.now), (fit(told, name) + " ", "plain"), (note + clean(one.reason), tone)), width)


def _same(kind: str, before: Mapping[str, Any], now: Mapping[str, Any], changed: set[str], unfolded: bool, width: int) -> Iterator[Placed]:
    names = [name for name in now if name in before and name not in changed]
    if not names:
        return
    counts = Counter(str(now[name].get("verdict") or "") for name in names)
    told = ", ".join(f"{count} {word or 'no word'}" for word, count in counts.most_common())
    mark = "-" if unfolded else "+"
    yield clip(((f"{mark} {len(names)} the same", "plain"), (f": {told}", "dim")), width), Row("fold", kind)
    if unfolded:
        for name in names:
            word = str(now[name].get("verdict") or "")
            text = clean(str(now[name].get("title") or now[name].get("reason") or ""))
            head = (f"  {glyphs().word(word)} {SHORT.get(word, '')}  ", TONES.get(word, "dim"))
            yield (
                clip((head, (fit(name, 30) + " ", "plain"), (text, "dim")), width),
                Row("check" if kind == "checks" else "criterion", name),
            )


# -- figures


def figure_lines(found: Comparison, width: int) -> list[Placed]:
    """Latency with what is claimed first, then what differs on the wire."""
    lines: list[Placed] = [(series_head(width), None)]
    for one in sorted(found.latency, key=lambda one: one not in found.moved):
        lines.append((series_line(one, width), Row("series", one.series)))
    if not found.latency:
        lines.append((((f"{glyphs().waiting} nothing that both sides measured", "dim"),), None))
    lines += [(BLANK, None), ((("On the wire", "head"),), None)]
    lines += [(drift_line(one, width), Row("drift", str(index))) for index, one in enumerate(found.drift)]
    if not found.drift:
        events, routes = (
            len(set(one) & set(other))
            for one, other in (
                (found.before.contract.events, found.now.contract.events),
                (found.before.contract.routes, found.now.contract.routes),
            )
        )
        lines.append((_nothing(f"no difference in {events} events and {routes} routes that both sides saw"), None))
    return lines


def _columns(width: int, cells: Sequence[tuple[str, str]]) -> Line:
    name, n, p50, p95, shift, claim = cells
    middle: Line = ((fit(p95[0], 17, "right"), p95[1]),) if width >= P95_FROM else ()
    return clip(
        ((fit(name[0], 12), name[1]), (fit(n[0], 9, "right"), n[1]), (fit(p50[0], 15, "right"), p50[1]), *middle,
         (" " + fit(shift[0], 24, "right") + "  ", shift[1]), claim), width,
    )  # fmt: skip


def series_head(width: int) -> Line:
    """The header over the series."""
    return _columns(width, [(text, "head") if not index else (text, "dim") for index, text in enumerate(
        ("Latency, ms", "n", "p50", "p95", "shift (interval)", ""))])  # fmt: skip


def series_line(one: Timed, width: int) -> Line:
    """A series: samples and percentiles of both sides, the shift with its interval, what is claimed."""
    claim = said(one)
    tone = CLAIMS.get(one.shift.word if one.shift is not None and not one.slow else "", "warn" if one.slow else "dim")
    short = SHORTER.get(claim, claim.partition(" (")[0])
    return _columns(
        width,
        (
            (one.series, "plain"), (f"{one.n[0]} {one.n[1]}", "dim"), (two(one.p50_ms), "plain"), (two(one.p95_ms), "dim"),
            (interval(one.shift), tone if tone != "dim" else "plain"), (short, tone),
        ),
    )  # fmt: skip


def two(values: Sequence[float | None]) -> str:
    """A figure of both sides."""
    return f" {glyphs().arrow} ".join("-" if value is None else f"{value:.1f}" if value < 1000 else f"{value:,.0f}" for value in values)


def drift_line(one: Drift, width: int) -> Line:
    """What differs, where, and what each side showed."""
    name = "" if one.name == one.where else f" {clean(one.name)}"
    tone = "bad" if one.worse else "warn"
    return clip(
        (
            (f"  {glyphs().word('FAIL' if one.worse else 'INCONCLUSIVE')} {fit(one.what, 7)}", tone),
            (f"{clean(one.where)}{name}  ", "plain"),
            (f"{one.first} {glyphs().arrow} {one.second}", tone),
        ),
        width,
    )


# -- the line under the cursor


def detail_lines(row: Row | None, found: Comparison, width: int, names: Names = THEN_AND_NOW) -> list[Line]:
    """Two lines on the row under the cursor: what each side says."""
    if row is None or row.kind == "fold":
        return [BLANK, BLANK]
    labels = [fit(clean(name), min(max(map(len, names)), 20)) + "  " for name in names]
    if row.kind in ("check", "criterion"):
        sides = [(side.checks if row.kind == "check" else side.criteria).get(row.key, {}) for side in (found.before, found.now)]
        texts = [f"{one.get('verdict') or 'no word yet'}: {one.get('reason') or ''}" for one in sides]
        return [clip(((label, "head"), (clean(text), "plain")), width) for label, text in zip(labels, texts, strict=True)]
    if row.kind == "series":
        timed = next((one for one in found.latency if one.series == row.key), None)
        text = series_sentence(timed) if timed is not None else ""
        parts = wrap(text, width, limit=2)
        return [((part, "plain"),) for part in parts] + [BLANK] * (2 - len(parts))
    one = found.drift[int(row.key)] if int(row.key) < len(found.drift) else None
    if one is None:
        return [BLANK, BLANK]
    return [
        clip(((label, "head"), (f"{shown}; {f'an example is row {seq} of {side.session}' if seq else 'nothing like it'}", "plain")), width)
        for label, shown, seq, side in zip(labels, (one.first, one.second), one.seqs, (found.before, found.now), strict=True)
    ]


def series_sentence(one: Timed) -> str:
    """What the figures of a series allow to be said."""
    if one.slow:
        return f"{one.series}: our own client was late for more than one sample in twenty on one side, and its times say nothing."
    if one.shift is None:
        return f"{one.series}: {said(one)}; {one.n[0]} and {one.n[1]} were taken. Nothing is claimed."
    shift = one.shift
    claim = {
        "slower": f"The whole interval is beyond {shift.least:.0f} ms: it is slower now.",
        "faster": f"The whole interval is beyond -{shift.least:.0f} ms: it is faster now.",
        "same": f"The whole interval is within {shift.least:.0f} ms, the least that matters: {said(one)}.",
        "unclear": f"The interval reaches across {shift.least:.0f} ms, the least that matters: nothing is claimed.",
    }[shift.word]
    return f"{one.series}: shift {interval(shift)} ms at {shift.confidence:.2%} of n {shift.n[0]} and {shift.n[1]}. {claim}"
