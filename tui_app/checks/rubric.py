"""The published rubric: points for what an answer shows to have been worked out. Deterministic, and blind to the prompt's own words.

    part             points   for
    figures          40       each planted figure that stands in the answer within its tolerance, in equal shares
    challenge        15       the challenge's right answer (alone: all points)
    recommendations  15       as many numbered, different recommendations as were asked for, of at least 6 words each
    constraint       10       a recommendation that names the prompt's unusual constraint
    argued           10       two figures in recommendations that are not the prompt's
    own figures      25       figures from the user's own data: as many as asked for that are not in the prompt
    substance        10       400 characters of the answer's own
    reference        0        whether the marker is quoted (said, not scored: it is the prompt's)

Only the parts that a prompt asks for count. An answer passes with 60 % of them, the challenge right, the constraint heeded, and
at least half of the planted figures. Passages of eight and more words in a row that stand in the prompt are struck out before
anything is scored.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from tui_app.checks.figures import REFERENCE, numbers
from tui_app.checks.prompts import Figure, Prompt, Truth

THRESHOLD: Final = 0.6
COPIED: Final = 8
"""So many words in a row that stand in the prompt are a copy of it."""
SUBSTANCE: Final = 400
ITEM_WORDS: Final = 6
ITEMS: Final = 12
"""More recommendations are not looked at: the comparison of each with each has to end."""
ALIKE: Final = 0.6
"""From this similarity on, two recommendations are one (strategy-checks 2.2)."""

WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
ITEM: Final = re.compile(
    r"^[ \t>#*_-]*(?:\d{1,2}[.):](?!\d)|\(\d{1,2}\)|(?:Recommendation|Step|Option)\s+\d{1,2}\b[.:)]?)[*_]*[ \t]*(?=\S)", re.M | re.I
)
INLINE: Final = re.compile(r"(?:(?<=\s)|^)(?:\(\d{1,2}\)|\d{1,2}[.)])(?=\s+[A-Za-z*])")
ORDINALS: Final = re.compile(r"(?:(?<=[.!?:]\s)|(?<=\n)|^)(?:First|Second|Third|Fourth|Fifth|Finally)(?:ly)?\b[,:]", re.M)


class Part(msgspec.Struct, frozen=True):
    """A line of the rubric: `got` points `of` so many, and why."""

    name: str
    got: float
    of: float
    why: str


class Score(msgspec.Struct, frozen=True):
    """What an answer scored. `passed` needs the threshold, challenge and constraint right, and half of the planted figures."""

    points: float
    max: float
    parts: tuple[Part, ...]
    passed: bool
    why: str

    @property
    def share(self) -> float:
        """Points of those possible, 0 to 1."""
        return self.points / self.max if self.max else 0.0


def score(answer: str, prompt: Prompt) -> Score:
    """Score an answer to a prompt. Pure; takes any text."""
    truth = prompt.truth
    own = without_copies(answer, prompt.text)
    spans = _items(own) if truth.recommendations else []
    parts: list[Part] = []
    if truth.figures:
        parts.append(_figures(own, truth.figures))
    if truth.challenge_form:
        parts.append(_challenge(own, truth))
    if truth.recommendations:
        got = min(len(spans), truth.recommendations)
        why = f"{len(spans)} numbered recommendations, {truth.recommendations} asked for"
        parts.append(Part("recommendations", 15 * got / truth.recommendations, 15, why))
    if truth.constraint:
        # A recommendation in words of its own may well quote the constraint: the answer is read here, not what is left of it.
        heeding = [span for span in spans if any(word.lower() in answer[slice(*span)].lower() for word in truth.constraint)]
        why = f"{len(heeding)} recommendations name {' or '.join(truth.constraint)}"
        parts.append(Part("constraint", 10 if heeding else 0, 10, why))
    if truth.recommendations:
        new = _new_figures(" \n".join(own[slice(*span)] for span in spans), prompt.text)
        parts.append(Part("argued", 5.0 * min(len(new), 2), 10, f"{len(new)} figures in recommendations that are not the prompt's"))
    if truth.own_figures:
        new = _new_figures(own, prompt.text)
        got = min(len(new), truth.own_figures)
        parts.append(Part("own figures", 25 * got / truth.own_figures, 25, f"{len(new)} figures that are not the prompt's"))
    if truth.recommendations:
        length = len(" ".join(own.split()))
        parts.append(Part("substance", 10 * min(1.0, length / SUBSTANCE), 10, f"{length} characters of its own, {SUBSTANCE} expected"))
    parts.append(Part("reference", 0, 0, "quoted" if prompt.marker in answer else "not quoted"))
    return _sum(parts)


def _sum(parts: Sequence[Part]) -> Score:
    points, most = sum(part.got for part in parts), sum(part.of for part in parts)
    by_name = {part.name: part for part in parts}
    lacking: list[str] = []
    if points < THRESHOLD * most:
        lacking.append(f"{points:.0f} of {most:.0f} points, {THRESHOLD * most:.0f} needed")
    for name, least in (("challenge", 1.0), ("constraint", 1.0), ("figures", 0.5)):
        part = by_name.get(name)
        if part is not None and part.got < least * part.of - 1e-9:
            lacking.append(f"{name}: {part.why}")
    return Score(round(points, 1), most, tuple(parts), not lacking, "; ".join(lacking) or f"{points:.0f} of {most:.0f} points")


def _figures(own: str, figures: Sequence[Figure]) -> Part:
    present = numbers(own)
    missing = [
        figure
        for figure in figures
        if not any(figure.percent == n.percent and abs(n.value - figure.value) <= figure.tolerance for n in present)
    ]
    right = len(figures) - len(missing)
    why = f"{right} of {len(figures)} figures right"
    if missing:
        why += "; not found: " + ", ".join(f"{figure.label} ({figure.value:,.2f}{' %' if figure.percent else ''})" for figure in missing)
    return Part("figures", 40 * right / len(figures), 40, why)


def _challenge(own: str, truth: Truth) -> Part:
    answer = truth.challenge_answer
    if truth.challenge_form == "number":
        right = any(number.value == float(answer) and not number.percent for number in numbers(own))
    elif truth.challenge_form == "word":
        letters = r"[\s\-.·,]*".join(answer)
        right = re.search(rf"(?<![^\W_]){letters}(?![^\W_])", own, re.IGNORECASE) is not None
    else:
        plain = INLINE.sub(" ", ITEM.sub(" ", own))
        right = any(_counts(line, answer, truth.challenge_near) for line in re.split(r"[.!?]\s|\n", plain))
    return Part("challenge", 15 if right else 0, 15, "right" if right else f'the answer "{answer}" is not there')


def _counts(line: str, answer: str, near: Sequence[str]) -> bool:
    """Whether a sentence states the count: the number, beside a word that says what is counted, or as the whole sentence."""
    text = REFERENCE.sub(" ", line).lower()
    words = WORD.findall(text)
    spelled = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    wanted = {answer, spelled[int(answer)] if int(answer) < len(spelled) else answer}
    return bool(wanted & set(words)) and (len(words) <= 3 or any(word.lower() in text for word in near))


def _new_figures(text: str, prompt: str) -> set[float]:
    """Figures of a text that are not the prompt's; enumerators and counts below 13 are none."""
    given = {number.value for number in numbers(prompt)}
    return {
        number.value for number in numbers(text) if number.value not in given and (number.percent or number.value > 12 or number.value % 1)
    }


def recommendations(text: str) -> list[str]:
    """The numbered items of a text ('1.', '(1)', 'First, ... Second, ...'), without their numbers, each different.

    Bullets are none: answers list facts with them, and the prompts ask for numbers.
    """
    return [text[begin:end] for begin, end in _items(text)]


def _items(text: str) -> list[tuple[int, int]]:
    """Begin and end of each numbered item that has enough words and is unlike the others, in the style that gives most."""
    best: list[tuple[int, int]] = []
    for pattern in (ITEM, INLINE, ORDINALS):
        marks = [(match.start(), match.end()) for match in pattern.finditer(text)]
        spans: list[tuple[int, int]] = []
        for index, (_, begin) in enumerate(marks):
            # A heading and its paragraph belong to the last item; what comes after does not.
            end = marks[index + 1][0] if index + 1 < len(marks) else begin + len("\n\n".join(text[begin:].split("\n\n")[:2]))
            item = text[begin:end]
            words = [word for word in WORD.findall(REFERENCE.sub(" ", item)) if not word.isdigit()]
            if len(spans) == ITEMS:
                break
            if len(words) >= ITEM_WORDS and all(similarity(item, text[slice(*other)]) < ALIKE for other in spans):
                spans.append((begin, end))
        if len(spans) > len(best):
            best = spans
    return best


def without_copies(answer: str, prompt: str) -> str:
    """The answer with spaces in place of what it copies from the prompt: words in runs of eight and more, and what is between.

    Line ends stay, and so does every position.
    """
    tokens = [(match.start(), match.end(), match.group().lower()) for match in WORD.finditer(answer)]
    source = [match.group().lower() for match in WORD.finditer(prompt)]
    known = {tuple(source[i : i + COPIED]) for i in range(len(source) - COPIED + 1)}
    pieces: list[str] = []
    last = 0
    for i in range(len(tokens) - COPIED + 1):
        window = tokens[i : i + COPIED]
        if tuple(word for _, _, word in window) in known:
            begin, end = max(window[0][0], last), window[-1][1]
            pieces += [answer[last:begin], "".join("\n" if character == "\n" else " " for character in answer[begin:end])]
            last = end
    return "".join([*pieces, answer[last:]])


def similarity(a: str, b: str) -> float:
    """How alike two texts are: Jaccard index of their sets of three words in a row, 0 to 1; markers do not count.

    Texts of fewer than three words are compared by their words; two empty ones are alike.
    """
    first, second = _shingles(a), _shingles(b)
    if not first and not second:
        return 1.0
    return len(first & second) / len(first | second)


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = [word.lower() for word in WORD.findall(REFERENCE.sub(" ", text))]
    if len(words) < 3:
        return {tuple(words)} if words else set()
    return {tuple(words[i : i + 3]) for i in range(len(words) - 2)}
