"""The incident bundle: what a person sends to whoever is to help, in one file. It holds no recording, no secret and nobody's content.

Strategy, "Emergency Procedures": escalation. Vigil composes it; sending it is a person's act.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from tui_app.bundles.make import describe, seal
from tui_app.bundles.timeline import timeline
from tui_app.handover.words import noted, operator
from tui_app.recording.reader import Reader
from tui_app.reports import writer
from tui_app.reports.facts import TEXT, Facts, Witness, gather
from tui_app.reports.templates import render
from tui_app.runbook.failure import failure_of
from tui_app.runbook.protocol import Ticked, checklist
from tui_app.runbook.steps import recorded, steps
from tui_app.runbook.told import lines, protocol

FRONT: Final = "incident.md"
TIMELINE: Final = "timeline.txt"
WITNESSES: Final = "witnesses.jsonl"
RUNBOOK: Final = "runbook.txt"
REPORTS: Final = {"md": "report.md", "html": "report.html", "handover": "handover.md"}
FILES: Final[Mapping[str, str]] = {
    FRONT: "what failed, what it means and what rests on it: read this first",
    TIMELINE: "the session turn by turn in UTC, with what a watch of the target saw around it",
    WITNESSES: "the rows that convict, a JSON object each; text that may be a stranger's is masked",
    RUNBOOK: "the class of failure, the steps that follow from it, and the manual protocol as it stands",
    "report.md": "the whole report",
    "report.html": "the same for a browser",
    "handover.md": "what is red since when, what is accepted, notes, who ran what",
}
"""Every file, in its order, with what it is for."""
MUST_SEND: Final = "Vigil sends it to nobody: a person decides who gets it, and sends it."


def compose(recording: Path, target: Path, result: Mapping[str, Any] | None = None) -> str:
    """Write the incident bundle of a recording; gives its digest. Raises OSError, RecordingError, ValueError."""
    facts = gather(recording, result)
    rows = {seq: msgspec.structs.replace(row, text=noted(row.text, TEXT)) for seq, row in facts.witnesses.items()}
    facts = msgspec.structs.replace(facts, witnesses=rows)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "incident"
        folder.mkdir(mode=0o700)
        for name, text in _texts(facts).items():
            (folder / name).write_text(text, encoding="utf-8")
        for name, file in REPORTS.items():
            with (folder / file).open("w", encoding="utf-8") as out:
                out.writelines(writer(name)(facts))
        hidden = sum("▒▒▒" in witness.text for witness in facts.witnesses.values())
        manifest = {"kind": "incident", **describe(facts, folder, list(FILES), hidden)}
        manifest["run_by"] = operator(facts.header.get("host", ""))
        return seal(folder, manifest, list(FILES), target)


def _texts(facts: Facts) -> dict[str, str]:
    """What only this bundle has."""
    with Reader(facts.path) as reader:
        ticked = checklist(reader.annotations())
    shown = failure_of(facts.result)
    todo = steps(shown.failure, recorded(facts.plan), str(facts.result["session"]))
    told = "".join(f"{line}\n" for line in timeline(facts))
    by_hand = [Ticked(one.number, one.text, one.state, operator(one.who), one.at) for one in ticked]
    found = [*lines(shown, todo, by_hand)]
    if not any(step.kind == "manual" for step in todo):
        found += ["", "The manual protocol", *protocol(by_hand)]
    return {
        FRONT: render("incident.md.j2", facts, shown=shown, ticked=ticked, files=FILES),
        TIMELINE: told,
        WITNESSES: "".join(f"{json.dumps(_witness(facts.witnesses[seq]), ensure_ascii=False)}\n" for seq in sorted(facts.witnesses)),
        RUNBOOK: "".join(f"{_kept(text)}\n" for text in found),
    }


def _kept(text: str) -> str:
    """A line with its indent, without what may be secret in it."""
    rest = text.lstrip(" ")
    return " " * (len(text) - len(rest)) + noted(rest, 2_000)


def _witness(row: Witness) -> dict[str, Any]:
    """What is known of it."""
    return {name: value for name, value in msgspec.structs.asdict(row).items() if value not in ("", 0)}
