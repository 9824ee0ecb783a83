"""What is still red on a target, and since when: by the last word that any session said of it for sure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from tui_app.handover.past import Past, Said
from tui_app.verdict.words import FAIL, PASS


class Red(msgspec.Struct, frozen=True):
    """A check, or a criterion, that failed when it was last decided.

    `last`: the newest session in which it failed; `since`: the first of the unbroken row of failures that ends there; `green`: the
    session in which it passed last before that, or None; `asked`: newer sessions that asked and could not decide.
    """

    id: str
    said: Said
    last: Past
    since: Past
    green: Past | None
    failures: int
    asked: tuple[Past, ...] = ()


def still_red(sessions: Sequence[Past], *, criteria: bool = False) -> list[Red]:
    """Of sessions, newest first: what failed and has not passed since, first what the newest session names, in its order."""
    words = [(session, session.criteria if criteria else session.checks) for session in sessions]
    names = list(dict.fromkeys(name for _, said in words for name in said))
    return [red for name in names if (red := _red(name, words)) is not None]


def _red(name: str, words: Sequence[tuple[Past, Mapping[str, Said]]]) -> Red | None:
    failed: list[tuple[Past, Said]] = []
    asked: list[Past] = []
    green = None
    for session, said in words:
        one = said.get(name)
        if one is None:
            continue
        if one.word == PASS:
            green = session
            break
        if one.word == FAIL:
            failed.append((session, one))
        elif not failed and one.word != "SKIPPED":
            asked.append(session)
    if not failed:
        return None
    return Red(name, failed[0][1], failed[0][0], failed[-1][0], green, len(failed), tuple(asked))
