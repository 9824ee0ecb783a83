"""The manual protocol of one session: which journeys were done by hand, by whom and when, kept with its annotations."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

import msgspec

from tui_app.recording.reader import Annotation, Reader
from tui_app.runbook.steps import PROTOCOL

KIND: Final = "protocol"
STATES: Final = ("", "well", "not well")


class Ticked(msgspec.Struct, frozen=True):
    """One line of the checklist: '' while nobody has done it."""

    number: int
    text: str
    state: str = ""
    who: str = ""
    at: str = ""


def checklist(remarks: Iterable[Annotation]) -> list[Ticked]:
    """Every line with the last that was said of it."""
    found = {number: Ticked(number, text) for number, text in enumerate(PROTOCOL)}
    for remark in remarks:
        if remark.kind != KIND:
            continue
        try:
            said = json.loads(remark.text)
            number, state = int(said["number"]), str(said["state"])
        except (ValueError, KeyError, TypeError):
            continue
        if number in found and state in STATES:
            found[number] = Ticked(number, found[number].text, state, remark.who if state else "", remark.at if state else "")
    return list(found.values())


def in_words(remark: Annotation) -> Annotation:
    """The same remark for people to read, where it is of the checklist."""
    if remark.kind != KIND:
        return remark
    said = next((one for one in checklist([remark]) if one.state), None)
    text = f"{said.text}: {said.state}" if said is not None else "a line of the protocol is open again"
    return msgspec.structs.replace(remark, kind="by hand", text=text)


def tick(reader: Reader, number: int, state: str, who: str) -> Ticked:
    """Keep what was seen of one line. Raises RecordingError where nothing can be kept."""
    remark = reader.annotate(KIND, json.dumps({"number": number, "state": state}), who=who)
    return Ticked(number, PROTOCOL[number], state, who, remark.at)


def next_state(state: str) -> str:
    """Open, well, not well, and round again."""
    return STATES[(STATES.index(state) + 1) % len(STATES)]
