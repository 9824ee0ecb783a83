"""The filter language of the event stream: `type:agent_* user:u3 >100ms "text"`, with and, or, not and parentheses.

`parse` gives a Query, which is SQL for the recording and a matcher for rows in memory; the two agree. Every error says
where in the text it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from tui_app.model import CRITICAL_EVENTS, Row
from tui_app.recording.conditions import Both, Condition, Field, Flag, Glob, Not, Number, Took
from tui_app.recording.schema import KINDS

LENGTH_MAX: Final = 1_000
DEPTH_MAX: Final = 20


class QueryError(ValueError):
    """A filter that cannot be read: what is wrong, and from which character to which (`text[start:end]`, may be empty)."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end


@dataclass(frozen=True)
class Query:
    """A parsed filter. `sql` is a condition on the table `rows` with a `?` for each of `params`."""

    text: str
    condition: Condition

    @property
    def sql(self) -> str:
        """The condition for SQLite."""
        return self.condition.sql

    @property
    def params(self) -> Sequence[Any]:
        """The values for its question marks."""
        return self.condition.params

    @property
    def state_only(self) -> bool:
        """Whether it matches no frames, requests and clock rows: such a filter is answered by an index."""
        return self.condition.state_only

    def match(self, row: Row) -> bool:
        """Whether the row fits: the same answer as SQLite's."""
        return self.condition.match(row)


class Key(NamedTuple):
    """A field of the language. `how` its value compares; `values` are the ones that exist (any where there are none)."""

    name: str
    help: str
    how: Literal["whole", "prefix", "word", "number", "choice"] = "whole"
    values: tuple[str, ...] = ()


KEYS: Final = {
    key.name: key
    for key in (
        Key("type", "event name, request method or status, series", values=CRITICAL_EVENTS),
        Key("user", "whose it is: user:u3"),
        Key("run", "agent run, by the beginning of its id: run:7f", "prefix"),
        Key("thread", "thread, by the beginning of its id", "prefix"),
        Key("dir", "direction: in or out", "choice", ("in", "out")),
        Key("kind", "kind of row: kind:frame, kind:finding, ...", "choice", tuple(KINDS)),
        Key("flag", "mark on a row: foreign, control, binary, critical, ...", "word"),
        Key("check", "check that it belongs to, by its id"),
        Key("conn", "number of the connection", "number"),
    )
}
"""The one table of fields: parser, help and completions are made from it."""

SYNTAX: Final = (
    (">100ms  <2s  >=1m", "took longer or less (us, ms, s, m)"),
    ('word  "some text"', "contains this text, in any case"),
    ("agent_*", "* stands for anything; in quotes it is itself"),
    ("a b   a and b", "both"),
    ("a or b", "either; `and` binds closer"),
    ("not a   -a", "all but these"),
    ("( )", "group"),
)

UNITS_MS: Final = {"us": 0.001, "ms": 1.0, "s": 1_000.0, "m": 60_000.0}


def _help() -> str:
    lines = [(f"{key.name}:", key.help) for key in KEYS.values()] + list(SYNTAX)
    width = max(len(form) for form, _ in lines) + 2
    return "\n".join(f"{form:<{width}}{meaning}" for form, meaning in lines)


HELP: Final = _help()
"""The language on a page, made from the tables above."""


_WORD: Final = re.compile(r'[^\s()"]+')
_KEY: Final = re.compile(r"([A-Za-z_]+):")
_OPERATOR: Final = re.compile(r"[<>]=?")
_DURATION: Final = re.compile(r"\s*(\d+(?:\.\d+)?)(?:\s*(us|ms|s|m))?(?=[\s()]|$)", re.ASCII | re.IGNORECASE)


class _Parser:
    """Recursive descent over the text itself, so that every part knows where it stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0

    def whole(self) -> Condition:
        condition = self.either()
        if self.peek() == ")":
            raise QueryError("there is no ( for this )", self.at, self.at + 1)
        return condition

    # -- structure

    def either(self) -> Condition:
        parts = [self.all()]
        while (word := self.operator("or")) is not None:
            parts.append(self.operand(word, self.all))
        return parts[0] if len(parts) == 1 else Both(parts, every=False)

    def all(self) -> Condition:
        parts: list[Condition] = []
        while True:
            word = self.operator("and")
            if word is not None:
                if not parts:
                    raise QueryError(f"something is missing before {self.text[word[0] : word[1]]}", *word)
                parts.append(self.operand(word, self.one))
            elif self.peek() in ("", ")") or self.sees("or"):
                break
            else:
                parts.append(self.one())
        if not parts and self.sees("or"):
            raise QueryError(f"something is missing before {self.text[self.at : self.at + 2]}", self.at, self.at + 2)
        return parts[0] if len(parts) == 1 else Both(parts, every=True)

    def operand(self, after: tuple[int, int], parse: Callable[[], Condition]) -> Condition:
        if self.peek() in ("", ")") or self.sees("or") or self.sees("and"):
            raise QueryError(f"something is missing after {self.text[after[0] : after[1]]}", *after)
        return parse()

    def one(self) -> Condition:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise QueryError("this is nested too deeply", self.at, self.at + 1)
        try:
            return self.negated() or self.grouped() or self.term()
        finally:
            self.depth -= 1

    def negated(self) -> Condition | None:
        start = self.at
        if self.peek() == "-":
            self.at += 1
            if self.at >= len(self.text) or self.text[self.at].isspace() or self.text[self.at] == ")":
                raise QueryError("something is missing after -", start, self.at)
            return Not(self.one())
        word = self.operator("not")
        return None if word is None else Not(self.operand(word, self.one))

    def grouped(self) -> Condition | None:
        if self.peek() != "(":
            return None
        start = self.at
        self.at += 1
        if self.peek() == ")":
            raise QueryError("there is nothing between ( and )", start, self.at + 1)
        condition = self.either()
        if self.peek() != ")":
            raise QueryError("this ( is never closed", start, start + 1)
        self.at += 1
        return condition

    # -- terms

    def term(self) -> Condition:
        start = self.at
        if self.peek() == '"':
            return Field("text", Glob(["", self.quoted(), ""]))
        operator = _OPERATOR.match(self.text, self.at)
        if operator:
            return self.took(operator.group(), operator.end())
        key = _KEY.match(self.text, self.at)
        if key:
            return self.keyed(key)
        word = _WORD.match(self.text, self.at)
        assert word is not None, "peek() saw a character that begins a word"
        self.at = word.end()
        return Field("text", Glob(["", *self.stars(word.group(), start), ""]))

    def keyed(self, found: re.Match[str]) -> Condition:
        name = found.group(1).lower()
        key = KEYS.get(name)
        if key is None:
            known = ", ".join(f"{known}:" for known in KEYS)
            raise QueryError(f"there is no field {name}: (there are {known}); to find it as text, put it in quotes", *found.span(1))
        start = self.at = found.end()
        if self.text[start : start + 1] == '"':
            parts = [self.quoted()]
        else:
            word = _WORD.match(self.text, start)
            if word is None:
                raise QueryError(f"{name}: needs a value right after it", found.start(), found.end())
            self.at = word.end()
            parts = self.stars(word.group(), start)
        return self.compared(key, parts, start)

    def compared(self, key: Key, parts: list[str], start: int) -> Condition:
        value = "*".join(parts)
        if key.how == "number":
            if not re.fullmatch(r"\d{1,18}", value, re.ASCII):
                raise QueryError(f"{key.name}: takes a number", start, self.at)
            return Number(key.name, int(value))
        if key.how == "choice" and not any(map(Glob(parts).match, key.values)):
            raise QueryError(f"{key.name}: is one of {', '.join(key.values)}", start, self.at)
        if key.how == "word":
            return Flag(Glob(parts))
        return Field(key.name, Glob([*parts, ""] if key.how == "prefix" else parts))

    def took(self, operator: str, after: int) -> Condition:
        found = _DURATION.match(self.text, after)
        if found is None:
            word = _WORD.match(self.text, after)
            raise QueryError(f"{operator} needs a duration such as 100ms or 2s", self.at, word.end() if word else after)
        self.at = found.end()
        return Took(operator, float(found.group(1)) * UNITS_MS[(found.group(2) or "ms").lower()])

    def quoted(self) -> str:
        """The text of a quotation that begins here; a backslash keeps the next character as it is."""
        start = self.at
        found: list[str] = []
        at = start + 1
        while at < len(self.text) and self.text[at] != '"':
            if self.text[at] == "\\" and at + 1 < len(self.text):
                at += 1
            found.append(self.text[at])
            at += 1
        if at >= len(self.text):
            raise QueryError("this quotation is never closed", start, len(self.text))
        self.at = at + 1
        return "".join(found)

    def stars(self, word: str, start: int) -> list[str]:
        if word.count("*") > 8:
            raise QueryError("too many *", start, start + len(word))
        return re.split(r"\*+", word)

    # -- looking ahead

    def peek(self) -> str:
        """The next character that is not a space, '' at the end; moves to it."""
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.text[self.at : self.at + 1]

    def sees(self, name: str) -> bool:
        self.peek()
        word = _WORD.match(self.text, self.at)
        return word is not None and word.group().lower() == name

    def operator(self, name: str) -> tuple[int, int] | None:
        """Take the operator `name` if it comes next; where it stood."""
        if not self.sees(name):
            return None
        start = self.at
        self.at += len(name)
        return start, self.at


def parse(text: str) -> Query:
    """Read a filter; an empty one matches everything. Raises QueryError."""
    if len(text) > LENGTH_MAX:
        raise QueryError(f"a filter has at most {LENGTH_MAX} characters", LENGTH_MAX, len(text))
    for at, character in enumerate(text):
        if character == "\0" or "\ud800" <= character <= "\udfff":
            raise QueryError("this character cannot be searched for", at, at + 1)
    return Query(text, _Parser(text).whole())


def completions(prefix: str, known: Mapping[str, Sequence[str]] | None = None) -> list[str]:
    """Ways to go on with the last word of `prefix`, each as the whole text. `known` has the values in play by field name."""
    if prefix.count('"') % 2:
        return []
    found = re.search(r"[^\s()]*$", prefix)
    word = (found.group() if found else "").lstrip("-")
    before = prefix[: len(prefix) - len(word)]
    name, colon, value = word.partition(":")
    if not colon:
        return [f"{before}{key}:" for key in KEYS if key.startswith(word.lower())]
    if name not in KEYS:
        return []
    values = dict.fromkeys([*(known or {}).get(name, ()), *KEYS[name].values])
    return [f"{before}{name}:{_quote(each)}" for each in values if each.lower().startswith(value.lower()) and each != value]


def _quote(value: str) -> str:
    if _WORD.fullmatch(value) and "*" not in value:
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
