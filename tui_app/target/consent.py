"""Consent: what the operator has agreed to on a target that is not this machine, until when, and what is missing.

Reads and writes need none: a session announces them in its footprint, and starting it is the agreement (`write = false`
declines them). Bad tokens, faults and load are asked for: `[consent]` of the target file, or `--consent negative,fault,load:50`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Final, Literal

import msgspec

from tui_app.target.problems import one_of, suggestion
from tui_app.target.profile import Profile

DAYS: Final = 30
ASKED: Final = ("negative", "fault", "load")
"""Effects that need consent off loopback, in the order in which they are named."""
WHAT: Final = {
    "write": "creating threads and messages",
    "negative": "sending bad tokens",
    "fault": "cutting and disturbing its connections",
    "load": "loading it",
}
Word = Literal["granted", "missing", "declined"]


class ConsentError(ValueError):
    """A `--consent` that cannot be read; the text says which part, and what is understood."""


class Given(msgspec.Struct, frozen=True):
    """Consent as given for a session. None was never asked; False (or 0 users) was declined."""

    write: bool | None = None
    negative: bool | None = None
    fault: bool | None = None
    load_users: int | None = None
    at: datetime | None = None
    by: str = ""

    def of(self, effect: str) -> bool | None:
        """What was said to an effect, for load of any size."""
        if effect == "load":
            return None if self.load_users is None else self.load_users > 0
        answer = getattr(self, effect, None)
        return answer if isinstance(answer, bool) else None


class Standing(msgspec.Struct, frozen=True):
    """Where a check stands: granted, missing (the check is BLOCKED, `text` says how to grant it) or declined (SKIPPED)."""

    word: Word
    effects: tuple[str, ...] = ()
    text: str = ""


def parse(option: str, *, at: datetime | None = None, by: str = "") -> Given:
    """Read `--consent`: `negative`, `fault`, `load:N`, `write`, each also as `no-...` to decline, and `none` for declining all.

    Raises ConsentError.
    """
    known = ("negative", "fault", "load:N", "write", "no-negative", "no-fault", "no-load", "no-write", "none")
    answers: dict[str, bool | int] = {}
    parts = [part.strip().lower() for part in option.split(",")]
    if not any(parts):
        raise ConsentError(f"--consent is empty. Say what you agree to: {one_of(known)}, separated by commas, or leave it out.")
    for part in parts:
        if not part:
            raise ConsentError(f'--consent "{option}" has a comma too many. Write it as negative,fault,load:50.')
        name, colon, number = part.partition(":")
        new: dict[str, bool | int]
        if part == "none":
            new = {"negative": False, "fault": False, "load_users": 0}
        elif name == "load":
            if not colon or not re.fullmatch(r"[0-9]{1,4}", number) or not 1 <= int(number) <= 1000:
                raise ConsentError(f"--consent {part}: load needs the number of users that you agree to, from 1 to 1000. Write load:50.")
            new = {"load_users": int(number)}
        elif part == "no-load":
            new = {"load_users": 0}
        elif name.removeprefix("no-") in ("negative", "fault", "write") and not colon:
            new = {name.removeprefix("no-"): not name.startswith("no-")}
        else:
            near = suggestion(name, [word.partition(":")[0] for word in known])
            hint = f' Did you mean "{near}"?' if near else ""
            raise ConsentError(f"--consent {part}: nothing of that name can be agreed to.{hint} Known: {one_of(known)}.")
        for key, value in new.items():
            if key in answers and answers[key] != value:
                raise ConsentError(f"--consent {option}: {key.removesuffix('_users')} is said twice, and differently. Say it once.")
            answers[key] = value
    return msgspec.convert({**answers, "at": at, "by": by}, Given)


def of_file(profile: Profile) -> Given:
    """The consent that a target file gives, dated by its `granted` (reading a file fills in its last change)."""
    table = profile.consent
    at = datetime.combine(table.granted, time(), UTC) if table.granted else None
    return Given(table.write, table.negative, table.fault, table.load_users, at, table.by or "")


def merged(first: Given, then: Given) -> Given:
    """Two consents as one: what `then` says wins, where it says something. The result is dated by `then`."""
    pairs = {
        key: getattr(then, key) if getattr(then, key) is not None else getattr(first, key)
        for key in ("write", "negative", "fault", "load_users")
    }
    return Given(**pairs, at=then.at, by=then.by or first.by)


def standing(effects: Iterable[str], profile: Profile, now: datetime, given: Given | None = None, *, users: int = 0) -> Standing:
    """Where a check with these effects stands on this target.

    given -- the session's own consent (`--consent`, or the TUI's question); it wins over the file's, effect by effect
    users -- users that the check's load needs
    """
    wanted = set(effects)
    file = of_file(profile)
    declined: list[str] = []
    missing: list[str] = []
    reasons: list[str] = []
    for effect in ("write", *ASKED):
        if effect not in wanted:
            continue
        source = given if given is not None and given.of(effect) is not None else file
        answer = source.of(effect)
        if answer is False:
            declined.append(effect)
        elif profile.loopback or (effect == "write" and answer is None):
            continue
        elif answer is None:
            missing.append(effect)
            reasons.append(f"nobody has agreed to {WHAT[effect]}")
        elif source.at is not None and now - source.at > timedelta(days=DAYS):
            missing.append(effect)
            reasons.append(f"the consent to {WHAT[effect]} of {source.at:%Y-%m-%d} has ended: it holds for {DAYS} days")
        elif source.at is not None and source.at - now > timedelta(days=1):
            missing.append(effect)
            reasons.append(f"the consent to {WHAT[effect]} is dated {source.at:%Y-%m-%d}, which is yet to come")
        elif effect == "load" and (source.load_users or 0) < users:
            missing.append(effect)
            reasons.append(f"{source.load_users} users are agreed to, and {users} are needed")
    if declined:
        return Standing("declined", tuple(declined), f"declined by the operator: {one_of(WHAT[effect] for effect in declined)}")
    if missing:
        option = ",".join(f"load:{max(users, 1)}" if effect == "load" else effect for effect in missing)
        keys = ", ".join(f"load_users = {max(users, 1)}" if effect == "load" else f"{effect} = true" for effect in missing)
        how = f"To agree: --consent {option}, or {keys} with granted = {now:%Y-%m-%d} in [consent] of the target file."
        return Standing("missing", tuple(missing), f"{'; '.join(reasons)}. {how}")
    return Standing("granted")
