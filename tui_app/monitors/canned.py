"""Canned answers: perfect events with no agent behind them (wire contract 6.7).

Content convicts, timing never does: the same answer to different questions, the question itself (or its beginning) as the
answer, a known stock sentence with nothing of its own beside it, or a statement about its own running time that cannot be
true. An identical rhythm over different prompts only supports.
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
CONTENT: Final = 4
"""Letters of a word of substance, at least."""
COMMON: Final = frozenset(
    {
        "about", "answer", "answers", "asked", "back", "been", "complete", "completed", "does", "done", "from", "give", "have", "help",
        "into", "more", "much", "please", "processed", "question", "quote", "reference", "request", "requests", "response", "that",
        "their", "them", "then", "there", "these", "they", "this", "what", "when", "which", "will", "with", "words", "would", "your",
    }
)  # fmt: skip
"""Words that any text may hold, canned ones too."""
LONG_PROMPT: Final = 12
"""Words beyond the marker from which on a prompt asks for more than its marker back."""
CLAIMED_TWICE: Final = 2
ECHO_WORDS: Final = 5
"""So many words from a prompt's beginning are a copy of it."""
ECHO_CHARACTERS: Final = 20
RHYTHM_RUNS: Final = 3
RHYTHM_MS: Final = 10.0
RHYTHMS_KEPT: Final = 64

_MARKER: Final = re.compile(r"VM-[0-9a-f]{6}-u\d+-[0-9a-f]{8,20}")
_IDENTIFIER: Final = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{12,}\b")
_STAMP: Final = re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?\b")
_WORD: Final = re.compile(r"§|[^\W_]+(?:[.,']\d+)*")
_STOCK: Final = re.compile(
    r"^\s*(?:agent response for:|multi-agent collaboration completed for:|agent processed your message:?|legacy processing:"
    r"|analysis complete\.?\s*$)|\bmock\b[\w -]{0,40}\bresponse for\b|\(timeout fallback\)|\busing recovery mechanism\b",
    re.IGNORECASE,
)
"""Sentences that stand-ins of the platform are known to send in place of an answer (wire contract 6.7)."""
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
    content: frozenset[str]


class Canned:
    """Feed it every acting row in order with which a run ended (`Lifecycle.ended_now`), after `lifecycle`."""

    def __init__(self, lifecycle: Lifecycle) -> None:
        self._ended = lifecycle.ended_now
        self._same: dict[bytes, list[_Answer]] = {}
        self._claims: list[tuple[str, int, float, float]] = []
        self._rhythms: list[tuple[str, str, int, list[float]]] = []
        self._echoes: list[Suspicion] = []
        self._stock: list[tuple[str, int, str]] = []

    def suspicions(self) -> list[Suspicion]:
        """Everything that looks canned, convicting first."""
        return self._convicting() + self._rhythm()

    def convicted(self) -> set[str]:
        """Requests whose answers are canned beyond doubt."""
        return {request for suspicion in self._convicting() for request in suspicion.requests}

    def _convicting(self) -> list[Suspicion]:
        found = list(self._echoes)
        if self._stock:
            text = f"{len(self._stock)} answers are a stock sentence: {self._stock[0][2]!r}"
            found.append(Suspicion("stock-sentence", text, True, [one[0] for one in self._stock], [one[1] for one in self._stock][:16]))
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
        for record in self._ended:
            if record.answer.strip() and not record.failed:
                self._take(record, row)
        return []

    def _take(self, record: RunRecord, row: Row) -> None:
        prompt, answer = words(_mask(record.prompt, record.marker)), words(_mask(record.answer, record.marker))
        asked, said = _plain(prompt), _plain(answer)
        if asked and asked.replace("§ ", "") == said.replace("§ ", ""):
            self._convict("echo", "the answer is the prompt itself", record)
        elif _beginning(record.answer, record.prompt):
            self._convict("echo", "the answer is the beginning of the prompt, cut off", record)
        elif _stock(record.answer, record.prompt):
            self._stock.append((record.request, record.end_seq, record.answer.strip()[:40]))
        if asked:
            said = _without_prompt(said, asked)
        own = [word for word in said.split() if word not in "§¶"]
        if len(own) >= SAME_WORDS and len(" ".join(own)) >= SAME_CHARACTERS:
            self._compare(said, own, _Answer(record.request, record.end_seq, asked, len(prompt), _numbers(prompt), _content(prompt)))
        claim = claim_of(row.text) if row.seq == record.end_seq else None
        record.claimed_ms = claim
        elapsed = record.duration_ms
        if claim is not None and elapsed is not None and not record.late and claim > elapsed * 1.1 + 50:
            self._claims.append((record.request, record.end_seq, claim, elapsed))
        if len(self._rhythms) < RHYTHMS_KEPT and len(record.offsets_ms) >= 3 and all(asked != seen[0] for seen in self._rhythms):
            self._rhythms.append((asked, record.request, record.end_seq, list(record.offsets_ms)))

    def _convict(self, rule: str, text: str, record: RunRecord) -> None:
        self._echoes.append(Suspicion(rule, text, True, [record.request], [record.seq, record.end_seq]))

    def _compare(self, plain: str, own: Sequence[str], answer: _Answer) -> None:
        known = self._same.setdefault(blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=16).digest(), [])
        if len(known) >= 64 or any(answer.prompt == other.prompt for other in known):
            return  # the same question may well get the same answer
        if any(_reworded(answer, other, own) for other in known):
            return  # and so may the same question in other words
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


def _squeezed(text: str) -> str:
    return " ".join(text.lower().split())


def _beginning(answer: str, prompt: str) -> bool:
    """Whether an answer is nothing but the first words of the prompt, perhaps cut off in a word and with dots behind."""
    said = _squeezed(answer).rstrip(".… '\"")
    return len(said) >= ECHO_CHARACTERS and len(said.split()) >= ECHO_WORDS and _squeezed(prompt).startswith(said)


def _stock(answer: str, prompt: str) -> bool:
    """Whether a stock sentence is all there is, beside the prompt or its beginning."""
    match = _STOCK.search(answer)
    if match is None:
        return False
    rest = _squeezed(answer[: match.start()] + " " + answer[match.end() :]).strip(".… '\":")
    return len(rest.split()) < SAME_WORDS or _squeezed(prompt).startswith(rest) or rest in _squeezed(prompt)


def _without_prompt(said: str, asked: str) -> str:
    """The answer's words with '¶' in place of the prompt's, whole or from its beginning on."""
    if asked in said:
        return said.replace(asked, " ¶ ")
    head = _plain(asked.split()[:ECHO_WORDS])
    begin = said.find(head) if len(asked.split()) > ECHO_WORDS else -1
    if begin < 0:
        return said
    end = len(head)
    while end < len(asked) and begin + end < len(said) and said[begin + end] == asked[end]:
        end += 1
    return f"{said[:begin]} ¶ {said[begin + end :]}"


def _mask(text: str, marker: str) -> str:
    """`text` without what differs between any two answers: markers, ids, time stamps."""
    if marker:
        text = text.replace(marker, " § ")
    text = _MARKER.sub(" § ", text)
    return _IDENTIFIER.sub(" # ", _STAMP.sub(" # ", text))


def _numbers(found: Sequence[str]) -> frozenset[str]:
    return frozenset(word for word in found if word[0].isdigit())


def _content(found: Sequence[str]) -> frozenset[str]:
    return frozenset(word for word in found if len(word) >= CONTENT and word not in COMMON and not word[0].isdigit())


def _reworded(one: _Answer, other: _Answer, own: Sequence[str]) -> bool:
    """Whether two prompts may be one question: no number tells them apart, and the answer is about something.

    About something: it brings figures that neither prompt has, or has a word of substance in common with both.
    """
    if one.numbers != other.numbers:
        return False
    return bool(_numbers(own) - one.numbers) or bool(one.content & other.content & frozenset(own))


def _asks_more(one: _Answer, other: _Answer) -> bool:
    return one.numbers != other.numbers or (one.length >= LONG_PROMPT and other.length >= LONG_PROMPT)


def claim_of(text: str) -> float | None:
    """The longest running time, in ms, that a frame states about itself."""
    claims = [float(value) * (1 if name.endswith("_ms") else 1000) for name, value in _CLAIM.findall(text)]
    return max(claims) if claims else None
