"""Known failures that a target file accepts for a while (`[[accept]]`): they read FAIL all the same, with the ticket and the last day.

An acceptance is of one check and one signature: the text of a finding with all that differs from session to session masked.
A check that failed is accepted only where every distinct grave finding of it is: a new failure never hides behind a known one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from tui_app.verdict.criteria import ALSO, FEEDS

NEVER_ACCEPTED: Final = re.compile(r"isolation|auth|token|sign-?in|identity|jwt", re.IGNORECASE)
"""Ids of checks that guard isolation or authentication, where no failure is ever acceptable."""
GUARDED: Final = frozenset(check for criterion in ("T4", "T5", "B3") for check in (*FEEDS[criterion], *ALSO.get(criterion, ())))
LONGEST: Final = 160
State = Literal["used", "unused", "differs", "expired", "unknown", "not planned", "refused"]

_MASKS: Final = (
    (re.compile(r"⟨secret:[^⟩]*⟩"), "⟨secret⟩"),
    (re.compile(r"VM-[0-9a-f]{6}-u\d+-[0-9a-f]{20}"), "VM-#"),
    (re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE), "#"),
    (re.compile(r"(?<![0-9a-z])(?=[0-9a-f]*\d)[0-9a-f]{6,}(?![0-9a-z])", re.IGNORECASE), "#"),
    (re.compile(r"\bu\d+\b"), "u#"),
    # A status or a close code is what failed and not how much of it: it stays.
    (re.compile(r"\b((?:status|answers|answered|code|closed?|with|got) )?(\d[\d,]*(?:\.\d+)?)"), ""),
    (re.compile(r"\s+"), " "),
)


class Accept(msgspec.Struct, frozen=True):
    """One `[[accept]]` of the target file; its last day counts. Days are YYYY-MM-DD, so that they compare as texts."""

    check: str
    signature: str
    ticket: str
    until: str


class Accepted(msgspec.Struct, frozen=True):
    """What a failed check shows beside its FAIL."""

    until: str
    ticket: str

    def __str__(self) -> str:
        return f"accepted until {self.until}, {self.ticket}"


class Told(msgspec.Struct, frozen=True):
    """What became of one acceptance in a session."""

    check: str
    ticket: str
    until: str
    state: State
    text: str


def signature(text: str) -> str:
    """A finding's text with ids, numbers and secrets masked; long ones are cut and end in a digest of the whole."""
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text) if mask else pattern.sub(_number, text)
    text = text.strip()
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST - 9]}~{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}"


def _number(found: re.Match[str]) -> str:
    word, number = found.group(1) or "", found.group(2)
    return found.group(0) if word and re.fullmatch(r"[1-5]\d\d|[14]\d{3}", number.rstrip(",")) else f"{word}#"


def signatures(grave: Iterable[str]) -> tuple[str, ...]:
    """The distinct signatures of a failed check's critical and major findings, in their order."""
    return tuple(dict.fromkeys(signature(text) for text in grave))


def never(check: str, suite: str) -> bool:
    """Whether a check guards isolation or authentication: its failures are never accepted."""
    return bool(NEVER_ACCEPTED.search(check)) or suite == "2.3" or check in GUARDED


def accepts_of(plan: Mapping[str, Any]) -> tuple[Accept, ...]:
    """The acceptances in a plan's copy of its target file."""
    profile = plan.get("profile")
    return msgspec.convert(profile.get("accept") or (), tuple[Accept, ...]) if isinstance(profile, Mapping) else ()


def accepted(check: str, suite: str, grave: Iterable[str], accepts: Sequence[Accept], day: str) -> Accepted | None:
    """How a failed check is accepted on this day; None where any of its grave findings is not."""
    if never(check, suite):
        return None
    mine = [one for one in accepts if one.check == check and day <= one.until]
    used = [next((one for one in mine if one.signature == found), None) for found in signatures(grave)]
    kept = [one for one in used if one is not None]
    if not kept or len(kept) != len(used):
        return None
    return Accepted(min(one.until for one in kept), ", ".join(dict.fromkeys(one.ticket for one in kept)))


def told(
    accepts: Sequence[Accept], suites: Mapping[str, str], failed: Mapping[str, Sequence[str]], day: str, known: Iterable[str] = ()
) -> list[Told]:
    """What became of each acceptance.

    suites -- by planned check; failed -- the signatures of each check that failed; known -- checks that exist beside the planned
    """
    return [_told(one, suites, failed.get(one.check, ()), day, frozenset(known) | set(suites)) for one in accepts]


def _told(one: Accept, suites: Mapping[str, str], failed: Sequence[str], day: str, known: frozenset[str]) -> Told:
    def say(state: State, text: str) -> Told:
        return Told(one.check, one.ticket, one.until, state, f"[[accept]] {one.check} ({one.ticket}): {text}")

    if one.check not in known:
        return say("unknown", "there is no such check; `vigil checks` lists them")
    if never(one.check, suites.get(one.check, "")):
        return say("refused", "it guards isolation or authentication, where no failure is ever accepted")
    if day > one.until:
        return say("expired", f"it ended on {one.until}: have it repaired, or renew it with its ticket")
    if one.check not in suites:
        return say("not planned", "this plan does not run it")
    if one.signature in failed:
        return say("used", f"accepted until {one.until}")
    if failed:
        return say("differs", f"it failed otherwise: {failed[0]}")
    return say("unused", "it did not fail so: remove it if it is repaired")
