"""A comparison as a page of markdown, and as JSON (schema vigil.compare/1). What differs comes first; what does not is one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isinf
from typing import Any, Final

from tui_app.compare.comparison import CHANGES, Change, Comparison, Timed
from tui_app.compare.gathered import Side
from tui_app.compare.shift import FAMILY, LEAST, LEAST_HERE_MS, LEAST_MS, SHARE_OF_LIMIT, SHARE_OF_MEDIAN, Shift
from tui_app.sanitize import mask_email, sanitize
from tui_app.verdict.decision import Decision

HEADINGS: Final = {
    "newly failing": "Newly failing",
    "failing now, undecided before": "Failing now, undecided before",
    "no longer decided": "No longer decided",
    "mended": "Mended",
    "now decided": "Now decided",
    "other": "Otherwise changed",
}
SHOWN: Final = 30
"""Differences on the wire that the page lists."""
METHOD: Final = (
    f"Shift: Hodges-Lehmann, with an interval from ranks that holds for all series together at {1 - FAMILY:.0%}, widened for samples that "
    f"follow one another closely; from {LEAST} samples on each side. A difference is claimed where the whole interval is beyond "
    f"{LEAST_MS:g} ms ({LEAST_HERE_MS:g} ms where a target shares the machine of its client), {SHARE_OF_MEDIAN:.0%} of the median and "
    f"{SHARE_OF_LIMIT:.0%} of the limit."
)


def markdown(found: Comparison, names: tuple[str, str] = ("before", "now")) -> str:
    """The page. `names`: what the two are called; two targets at the same time are not before and after."""
    return "\n".join(_lines(found, names)) + "\n"


def headline(found: Comparison) -> str:
    """What it comes to, in one sentence."""
    if not found.differs:
        return f"no difference in {found.same} checks" + ("" if not found.undecided else "; not decided")
    counts = [(sum(one.kind == kind for one in found.changes), kind) for kind in CHANGES]
    said = [f"{count} {kind if kind != 'other' else 'otherwise changed'}" for count, kind in counts if count]
    slower, faster = ([one for one in found.moved if one.shift and one.shift.word == word] for word in ("slower", "faster"))
    said += [f"{', '.join(one.series for one in moved)} {word}" for moved, word in ((slower, "slower"), (faster, "faster")) if moved]
    if found.drift:
        said.append(f"{len(found.drift)} difference{'s' * (len(found.drift) != 1)} on the wire")
    if not said:
        said.append(f"{len(found.criteria)} criteria read otherwise")
    return ", ".join(said) + f"; {found.same} checks the same"


def _lines(found: Comparison, names: tuple[str, str]) -> Iterator[str]:
    first, second = (_cell(name) for name in names)
    yield f"# {word_of(found)}: {headline(found)}" if names == ("before", "now") else f"# {first} and {second}: {headline(found)}"
    yield ""
    yield f"|  | {first} | {second} |"
    yield "|---|---|---|"
    for name, values in _sides(found.before, found.now):
        yield f"| {name} | {_cell(values[0])} | {_cell(values[1])} |"
    if found.warnings:
        yield from ("", "## Compared with care", "")
        yield from (f"- {_plain(line)}" for line in found.warnings)
    for kind in CHANGES:
        here = [one for one in found.changes if one.kind == kind]
        if here:
            yield from ("", f"## {HEADINGS[kind]}", "")
            yield from (f"- {_change(one)}" for one in here)
    if found.criteria:
        yield from ("", "## Criteria", "")
        yield from (f"- {_change(one)}" for one in found.criteria)
    if found.drift:
        yield from ("", "## On the wire", "", f"| what | where | | {first} | {second} | an example |", "|---|---|---|---|---|---|")
        for one in found.drift[:SHOWN]:
            sides = zip(one.seqs, (found.before, found.now), strict=True)
            rows = ", ".join(f"row {seq} of {side.session}" for seq, side in sides if seq)
            name = "" if one.name == one.where else one.name
            yield f"| {one.what} | {_cell(one.where)} | {_cell(name)} | {_cell(one.first)} | {_cell(one.second)} | {rows} |"
        if len(found.drift) > SHOWN:
            yield from ("", f"And {len(found.drift) - SHOWN} more: `--json` has them all.")
    yield from ("", "## Latency", "")
    yield "| series | n | p50 ms | p95 ms | shift ms | |"
    yield "|---|---|---|---|---|---|"
    for timed in sorted(found.latency, key=lambda one: one not in found.moved):
        yield (
            f"| {timed.series} | {timed.n[0]} and {timed.n[1]} | {_pair(timed.p50_ms)} | {_pair(timed.p95_ms)} | {interval(timed.shift)} "
            f"| {said(timed)} |"
        )
    yield from ("", METHOD)
    for only, side in zip(found.only, (first, second), strict=True):
        if only:
            yield from ("", f"Only {side}: {', '.join(only)}.")
    yield from ("", f"{found.same} checks ended with the same word on both sides.")
    yield from ("", decision_line(found, found.decision))


def decision_line(found: Comparison, decision: Decision) -> str:
    """The decision in one line; two rehearsals decide nothing."""
    if {found.before.environment, found.now.environment} == {"rehearsal"}:
        return "Two rehearsals decide nothing about staging."
    so_far = "" if found.before.ended and found.now.ended else "So far: "
    return f"{so_far}Docker {decision.docker}, staging {decision.staging}: {decision.action}"


def word_of(found: Comparison) -> str:
    """Worse | Not decided | Not worse."""
    return "Worse" if found.worse else "Not decided" if found.undecided else "Not worse"


def said(timed: Timed) -> str:
    """The claim in a word, or why there is none."""
    if timed.slow:
        return "client too slow to tell"
    if timed.shift is None:
        return f"too few samples ({LEAST} a side)"
    if timed.shift.word == "same" and not timed.shift.low <= 0 <= timed.shift.high:
        return "too little to matter"
    return {"same": "no difference", "unclear": "not shown"}.get(timed.shift.word, timed.shift.word)


def interval(shift: Shift | None) -> str:
    """The shift and its interval, ms with a sign."""
    if shift is None:
        return "-"
    bounds = "no bound" if isinf(shift.low) else f"{shift.low:+.1f} to {shift.high:+.1f}"
    return f"{shift.ms:+.1f} ({bounds})"


def _pair(values: Sequence[float | None]) -> str:
    return " and ".join("-" if value is None else f"{value:.1f}" for value in values)


def _change(one: Change) -> str:
    optional = "" if one.required else " (not required)"
    return f"{one.id}{optional}: {one.before or 'no word'} to {one.now or 'no word'}: {_plain(one.reason)}"


def _sides(before: Side, now: Side) -> Iterator[tuple[str, tuple[str, str]]]:
    yield "session", (before.session, now.session)
    yield "target", (f"{before.name} ({before.environment})", f"{now.name} ({now.environment})")
    yield "build", (before.build or "unknown", now.build or "unknown")
    yield "started", (before.started, now.started)
    yield "took", (f"{before.seconds:.0f} s", f"{now.seconds:.0f} s")
    yield "verdict", (before.verdict or "none yet", now.verdict or "none yet")


def _plain(text: str) -> str:
    return mask_email(sanitize(text, 400))


def _cell(text: str) -> str:
    shown = _plain(text)
    for sign in "\\|`*_<>[]":
        shown = shown.replace(sign, "\\" + sign)
    return shown


def as_json(found: Comparison) -> dict[str, Any]:
    """The document of `vigil compare --json`, schema vigil.compare/1: times in ms, shifts are now minus before."""
    return {
        "schema": "vigil.compare/1",
        "exit": found.exit,
        "headline": headline(found),
        "before": _side(found.before),
        "now": _side(found.now),
        "warnings": list(found.warnings),
        "checks": [_changed(one) for one in found.changes],
        "same": found.same,
        "only": {"before": list(found.only[0]), "now": list(found.only[1])},
        "criteria": [_changed(one) for one in found.criteria],
        "latency": [
            {
                "series": one.series, "n": list(one.n), "p50_ms": list(one.p50_ms), "p95_ms": list(one.p95_ms), "limit_ms": one.limit_ms,
                "slow": one.slow,
                "shift": None if one.shift is None else {
                    "ms": one.shift.ms, "low": _bound(one.shift.low), "high": _bound(one.shift.high), "confidence": one.shift.confidence,
                    "least": one.shift.least, "claim": one.shift.word,
                },
            }
            for one in found.latency
        ],
        "drift": [
            {
                "what": one.what, "where": _plain(one.where), "name": _plain(one.name), "before": one.first, "now": one.second,
                "rows": [
                    {"session": side.session, "row": seq} if seq else None
                    for seq, side in zip(one.seqs, (found.before, found.now), strict=True)
                ], "worse": one.worse,
            }
            for one in found.drift
        ],
        "decision": {"docker": found.decision.docker, "staging": found.decision.staging, "action": found.decision.action},
    }  # fmt: skip


def _bound(ms: float) -> float | None:
    """JSON knows no infinity: where there is no bound, there is none."""
    return None if isinf(ms) else ms


def _side(side: Side) -> dict[str, Any]:
    return {
        "session": side.session, "recording": side.path.name, "target": {"name": side.name, "environment": side.environment},
        "build": side.build, "started": side.started, "vigil": side.vigil, "verdict": side.verdict or None, "ended": side.ended,
    }  # fmt: skip


def _changed(one: Change) -> dict[str, Any]:
    return {
        "id": one.id, "change": one.kind, "before": one.before, "now": one.now, "reason": _plain(one.reason), "required": one.required,
    }  # fmt: skip
