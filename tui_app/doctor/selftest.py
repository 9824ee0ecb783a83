"""The self-test that this build stands on."""

from __future__ import annotations

from collections.abc import Iterator

from tui_app.checks.proof import release
from tui_app.doctor.findings import Finding, Place, ok, warn
from tui_app.standing import code_digest, sentence


def look(place: Place) -> Iterator[Finding]:
    result = release()
    text = sentence().removeprefix("self-test: ")
    if result is None or not result.whole or result.code != code_digest():
        yield warn("self-test", text, "vigil selftest     # minutes, on this machine alone")
    else:
        yield ok("self-test", text)
