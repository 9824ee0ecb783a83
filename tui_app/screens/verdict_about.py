"""What the verdict screen says of the row under its cursor: in two lines, or in full."""

from __future__ import annotations

from tui_app.recording.state import CheckView, SessionState
from tui_app.screens import journeys, rows
from tui_app.screens import verdict_model as board
from tui_app.screens.decision import checks_of
from tui_app.screens.safe import clean
from tui_app.screens.verdict_model import Item, VerdictModel
from tui_app.verdict.journeys import JourneyReading
from widgets.criteria import check_line
from widgets.glyphs import glyphs
from widgets.lines import BLANK, Line, clip, wrap

SAID = {
    "met": "Criteria that were measured and are within their limits.",
    "passed": "Checks of this suite that passed; Enter lists them.",
    "journeys": "What customers come for: each protected only if every check behind it passed. Enter lists them.",
    "not asked": "Criteria that this plan did not ask for: they do not count.",
}


def sentence(state: SessionState) -> str:
    """One sentence for the session's word: the gravest finding or reason, in the check's own words."""
    found = rows.newest_finding(state)
    # A failure that is known and accepted is no news beside one that is not.
    bad = sorted((check for check in state.checks.values() if check.word == state.word), key=lambda check: bool(check.accepted))
    if state.word == "FAIL" and found is not None and found[1].severity in ("critical", "major"):
        return rows.with_totals(found[0], clean(found[1].text), state)
    if state.word in ("FAIL", "BLOCKED", "INCONCLUSIVE") and bad:
        return f"{bad[0].id}: {clean(bad[0].reason)}"
    if state.word == "PASS":
        return "Everything required was measured and is within its limits." if state.ended else "Nothing against it so far."
    return ""


def decides(check: CheckView) -> Line:
    """What would unblock or decide a check; an empty line for one that is decided."""
    if not check.to_decide:
        return BLANK
    word = "To unblock" if check.word == "BLOCKED" else "To decide"
    return ((f"{word}: ", "warn"), (clean(check.to_decide), "plain"))


def detail(item: Item | None, model: VerdictModel, state: SessionState, width: int, height: int) -> list[Line]:
    """`height` lines: why the row reads so, and on a line of its own what would unblock or decide it."""
    lines: list[Line] = []
    last: Line = BLANK
    if item is None:
        pass
    elif item.kind == "criterion":
        criterion = state.criteria[item.key]
        lines = _wrapped(item.key, clean(criterion.reason) or "read from its checks as measured", width)
    elif item.kind == "check":
        check = state.checks[item.key]
        known = f"({clean(check.accepted)}) " if check.accepted else ""
        lines, last = _wrapped(item.key, known + (clean(check.reason) or clean(check.title)), width), decides(check)
    elif item.kind in SAID:
        lines = _wrapped("", SAID[item.kind], width)
    elif item.kind == "journey":
        lines = _wrapped("", journeys.sentence(_journey(item, state)), width)
    else:
        inside = model.members(item, state)
        said = ", ".join(f"{count} {word or 'waiting'}" for word, count in board.counts(inside))
        lines = _wrapped("", f"{board.title(item)}: {said}", width)
        until = board.unblocked_by(inside)
        if until:
            last = (("To unblock: ", "warn"), (clean("; ".join(f"{what} ({count})" for what, count in until.items())), "plain"))
    keep = height - 1 if last else height
    return [*(lines[:keep] + [BLANK] * (keep - len(lines))), *([last] if last else [])]


def _journey(item: Item, state: SessionState) -> JourneyReading:
    return next(one for one in journeys.readings(state) if one.id == item.key)


def _wrapped(name: str, text: str, width: int) -> list[Line]:
    head = f"{name}  " if name else ""
    parts = wrap(text, max(width - len(head), 8)) or [""]
    return [((head if number == 0 else " " * len(head), "head"), (part, "plain")) for number, part in enumerate(parts)]


def about(item: Item | None, model: VerdictModel, state: SessionState, width: int) -> list[Line]:
    """The row under the cursor in full: what it is, why it reads so, and what it rests on."""
    if item is None:
        return []
    if item.kind == "check":
        return _check(state.checks[item.key], width)
    if item.kind == "journey":
        return journeys.about_lines(_journey(item, state), state, width)
    if item.kind != "criterion":
        return _group(item, model, state, width)
    c = state.criteria[item.key]
    lines: list[Line] = [((f"{c.id}  ", "head"), (clean(c.title), "strong"))]
    lines += [((text, "plain"),) for text in wrap(clean(c.reason) or "as measured", width)]
    lines.append(((f"limit {clean(c.limit)}   measured {clean(c.measured) or '-'}", "dim"),))
    return lines + [check_line(rows.check_row(check), width) for check in checks_of(item.key, state)]


def _group(item: Item, model: VerdictModel, state: SessionState, width: int) -> list[Line]:
    if item.kind in SAID:
        return [((SAID[item.kind], "plain"),)]
    inside = model.members(item, state)
    said = ", ".join(f"{count} {word or 'waiting'}" for word, count in board.counts(inside))
    lines: list[Line] = [((board.title(item), "head"), (f"   {said}", "plain"))]
    for what, count in board.unblocked_by(inside).items():
        lines.append(clip((("To unblock: ", "warn"), (f"{clean(what)} ({count})", "plain")), width))
    bad = [check for check in board.worst_first(inside) if check.word in board.NOT_PASSED]
    return lines + [check_line(rows.check_row(check), width) for check in bad]


def _check(check: CheckView, width: int) -> list[Line]:
    glyph = glyphs()
    lines: list[Line] = [((f"{check.id}  ", "head"), (clean(check.title), "strong"))]
    lines += [((text, "dim"),) for text in wrap(clean(check.impact), width)]
    lines += [((text, "plain"),) for text in wrap(clean(check.reason), width)]
    if check.accepted:
        lines.append((("A known failure, ", "warn"), (clean(check.accepted), "plain")))
    if check.to_decide:
        lines.append(clip(decides(check), width))
    for finding in check.findings:
        tone = "bad" if finding.severity in ("critical", "major") else "dim"
        mark = glyph.failed if tone == "bad" else glyph.waiting
        lines.append(clip(((f"{mark} {finding.severity}: ", tone), (clean(finding.text), "plain")), width))
    if check.origin != "vigil":
        lines.append(((f"From outside: {clean(check.origin)}", "dim"),))
    if not check.proven:
        lines.append((("Unproven: no self-test has seen it fail yet (F shows the self-test)", "dim"),))
    elif check.catches:
        lines.append(((f"Seen to fail on {', '.join(map(clean, check.catches))} (F)", "dim"),))
    return lines
