"""A runbook as plain text: the class and what says so, then the steps with their commands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from tui_app.runbook.failure import CLASSES, Shown
from tui_app.runbook.protocol import Ticked
from tui_app.runbook.steps import ReadStep, Step, shell
from tui_app.sanitize import mask_email, sanitize

MARKS: Final = {"": " ", "well": "x", "not well": "!"}


def lines(shown: Shown, steps: Sequence[Step], ticked: Iterable[Ticked] = ()) -> Iterator[str]:
    """The page, a line each."""
    yield f"{shown.failure.title}: {shown.failure.means}"
    for reason in shown.reasons:
        rows = ", ".join(str(seq) for _, seq in reason.evidence)
        yield f"  {reason.word} {reason.check}: {plain(reason.text)}" + (f" (rows {rows})" if rows else "")
    if shown.beside:
        yield f"  beside it: {'; '.join(one.title.lower() for one in shown.beside)}"
    for number, step in enumerate(steps, 1):
        yield ""
        yield f"{number}. {step.title}"
        yield f"   {step.says}"
        for command in step.commands:
            effect = "reads" if isinstance(command, ReadStep) else "changes" if changes(command.arguments) else "ours"
            yield f"   {effect:8} {shell(command.arguments)}"
        if not step.commands and step.kind in ("check-status", "logs", "recover", "redeploy"):
            yield f'   no command of yours for it: add [[runbook.step]] kind = "{step.kind}" to the target file'
        if step.kind == "manual":
            yield from protocol(ticked)
    if not steps:
        yield "There is nothing to do."


def protocol(ticked: Iterable[Ticked]) -> Iterator[str]:
    """The manual protocol as it stands, a line each."""
    for one in ticked:
        yield f"   [{MARKS[one.state]}] {one.text}" + (f" ({one.state}, {one.who}, {one.at})" if one.state else "")


def changes(arguments: Sequence[str]) -> bool:
    """Whether a shown command is the operator's, which may change something, and not one of Vigil's own."""
    return arguments[0] != "vigil"


def classes() -> Iterator[str]:
    """Every class with what it means, for whoever has no recording."""
    for one in CLASSES:
        yield f"{one.id:12} {one.title}: {one.means}"


def plain(text: str) -> str:
    """A reason on one line."""
    return mask_email(sanitize(text, 240))
