"""Canned answers: perfect events with no agent behind them (wire contract 6.7).

Content convicts, timing never does: the same answer to different questions, the question itself as the answer, or a
statement about its own running time that cannot be true. An identical rhythm over different prompts only supports.
Whether an answer is right is the check's business, which knows the question (challenges with one true answer).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

import msgspec

from tui_app.model import Event, Row
from tui_app.monitors.derived import Derived
from tui_app.monitors.lifecycle import Lifecycle
from tui_app.monitors.record import RunRecord

SAME_CHARACTERS: Final = 12
SAME_WORDS: Final = 2
LONG_PROMPT: Final = 12
"""Words beyond the marker from which on a prompt asks for more than its marker back."""
CLAIMED_TWICE: Final = 2
RHYTHM_RUNS: Final = 3
RHYTHM_MS: Final = 10.0
RHYTHMS_KEPT: Final = 64

_MARKER: Final = re.compile(r"VM-[0-9a-f]{6}-u\d+-[0-9a-f]{8,20}")
_IDENTIFIER: Final = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{12,}\b")
_STAMP: Final = re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?\b")
_WORD: Final = re.compile(r"§|[^\W_]+(?:[.,']\d+)*")
# Only names that say their unit: whether a bare "response_time" is in seconds or milliseconds is anybody's guess.
_CLAIM: Final = re.compile(r'"(execution_time_ms|duration_ms|elapsed_ms|execution_time_seconds|duration_seconds)"\s*:\s*(\d+(?:\.\d+)?)')


class Suspicion(msgspec.Struct):
    """Why answers look canned. `convicts`: on its own; otherwise it only supports. `requests`: the runs it speaks of."""

    rule: str
    text: str
    convicts: bool
    requests: list[str]
    seqs: list[int]


class _Answer(msgspec.Struct):
    request: str
    seq: int
    prompt: str
    length: int
    numbers: frozenset[str]


class Canned:
    """Feed it every acting row in order, after `lifecycle`."""

    def __init__(self, lifecycle: Lifecycle) -> None:
        self._lifecycle = lifecycle
        self._same: dict[bytes, list[_Answer]] = {}
        self._claims: list[tuple[str, int, float, float]] = []
        self._rhythms: list[tuple[str, str, int, list[float]]] = []
        self._echoes: list[Suspicion] = []

    def suspicions(self) -> list[Suspicion]:
        """Everything that looks canned, convicting first."""
        return self._convicting() + self._rhythm()

    def convicted(self) -> set[str]:
        """Requests whose answers are canned beyond doubt."""
        return {request for suspicion in self._convicting() for request in suspicion.requests}

    def _convicting(self) -> list[Suspicion]:
        found = list(self._echoes)
        for answers in self._same.values():
            if len(answers) > 1:
                text = f"{len(answers)} different prompts got the same answer"
                found.append(Suspicion("same-answer", text, True, [a.request for a in answers], [a.seq for a in answers][:16]))
        if len(self._claims) >= CLAIMED_TWICE:
            _, _, claimed, elapsed = self._claims[0]
            text = f"{len(self._claims)} answers claim to have taken longer than they did, the first {claimed:.0f} ms of {elapsed:.0f} ms"
            found.append(Suspicion("impossible-time", text, True, [c[0] for c in self._claims], [c[1] for c in self._claims][:16]))
        return found

    def feed(self, row: Row, events: Sequence[Event]) -> list[Derived]:
        """Take one acting row; derives nothing."""
        for record in self._lifecycle.ended_now:
            if record.answer.strip() and not record.failed:
                self._take(record, row)
        return []

    def _take(self, record: RunRecord, row: Row) -> None:
        prompt, answer = words(_mask(record.prompt, record.marker)), words(_mask(record.answer, record.marker))
        asked, said = _plain(prompt), _plain(answer)
        if asked and asked.replace("§ ", "") == said.replace("§ ", ""):
            text = "the answer is the prompt itself"
            self._echoes.append(Suspicion("echo", text, True, [record.request], [record.seq, record.end_seq]))
        elif asked:
            said = said.replace(asked, " ¶ ")
        own = [word for word in said.split() if word not in "§¶"]
        if len(own) >= SAME_WORDS and len(" ".join(own)) >= SAME_CHARACTERS:
            self._compare(said, _Answer(record.request, record.end_seq, asked, len(prompt), _numbers(prompt)))
        claim = claim_of(row.text) if row.seq == record.end_seq else None
        record.claimed_ms = claim
        elapsed = record.duration_ms
        if claim is not None and elapsed is not None and not record.late and claim > elapsed * 1.1 + 50:
            self._claims.append((record.request, record.end_seq, claim, elapsed))
        if len(self._rhythms) < RHYTHMS_KEPT and len(record.offsets_ms) >= 3 and all(asked != seen[0] for seen in self._rhythms):
            self._rhythms.append((asked, record.request, record.end_seq, list(record.offsets_ms)))

    def _compare(self, plain: str, answer: _Answer) -> None:
        known = self._same.setdefault(blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=16).digest(), [])
        if len(known) >= 64 or any(answer.prompt == other.prompt for other in known):
            return  # the same question may well get the same answer
        if known and "§" in plain and not any(_asks_more(answer, other) for other in known):
            return  # 'quote my reference' has one right answer, however it is put
        known.append(answer)

    def _rhythm(self) -> list[Suspicion]:
        for k, (_, _, _, offsets) in enumerate(self._rhythms):
            alike = [
                other
                for other in self._rhythms[k:]
                if len(other[3]) == len(offsets) and all(abs(a - b) <= RHYTHM_MS for a, b in zip(other[3], offsets, strict=True))
            ]
            # A target that answers at once has no rhythm to speak of.
            if len(alike) >= RHYTHM_RUNS and offsets[-1] - offsets[0] > 20 * RHYTHM_MS:
                text = f"the events of {len(alike)} different prompts came at the same offsets, within {RHYTHM_MS:.0f} ms"
                return [Suspicion("same-rhythm", text, False, [a[1] for a in alike], [a[2] for a in alike][:16])]
        return []


def words(text: str) -> list[str]:
    """Lower-case words and numbers, without punctuation; a masked marker is the word '§'."""
    return _WORD.findall(text.lower())


def _plain(found: Sequence[str]) -> str:
    return "".join(f"{word} " for word in found)


def _mask(text: str, marker: str) -> str:
    """`text` without what differs between any two answers: markers, ids, time stamps."""
    if marker:
        text = text.replace(marker, " § ")
    text = _MARKER.sub(" § ", text)
    return _IDENTIFIER.sub(" # ", _STAMP.sub(" # ", text))


def _numbers(found: Sequence[str]) -> frozenset[str]:
    return frozenset(word for word in found if word[0].isdigit())


def _asks_more(one: _Answer, other: _Answer) -> bool:
    return one.numbers != other.numbers or (one.length >= LONG_PROMPT and other.length >= LONG_PROMPT)


def claim_of(text: str) -> float | None:
    """The longest running time, in ms, that a frame states about itself."""
    claims = [float(value) * (1 if name.endswith("_ms") else 1000) for name, value in _CLAIM.findall(text)]
    return max(claims) if claims else None
