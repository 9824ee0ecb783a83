"""What is wrong with a target file, in words: what, where, why and what to do, and never the value of a secret."""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Iterable
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tui_app.target.lines import line_of

SECRET_KEYS: Final = frozenset(
    {
        "key_env",
        "tokens_env",
        "postgres",
        "redis",
        "clickhouse",
        "command",
        "backend",
        "auth",
        "frontend",
        "websocket",
        "tokens",
        "headers",
        "proxy",
    }
)
"""Keys whose value is never repeated: somebody may have put a token, a DSN or a password there by mistake."""

KINDS: Final = {
    "int": "a whole number, without quotes, as in 60",
    "float": "a number, without quotes, as in 2.0",
    "bool": "true or false, without quotes",
    "string": 'text in double quotes, as in "staging"',
    "date": "a date without quotes, as in 2026-12-12",
    "list": 'a list, as in ["vault", "read", "accounts"]',
    "model": "a table of keys",
    "datetime": "a date without quotes, as in 2026-12-12",
}


class ProfileError(ValueError):
    """A target that cannot be used. `str(error)` is one readable message: what is wrong, where, why, and what to do."""

    def __init__(self, source: str, problems: Iterable[str]) -> None:
        self.source = source
        self.problems = tuple(problems)
        head = f"{source} cannot be used as a target:"
        if len(self.problems) == 1:
            super().__init__(f"{head} {self.problems[0]}")
        else:
            super().__init__("\n  - ".join([f"{head} {len(self.problems)} things are wrong.", *self.problems]))


def suggestion(word: str, known: Iterable[str]) -> str:
    """The nearest of `known` to a mistyped `word`, or '' where none is near."""
    near = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return near[0] if near else ""


def one_of(words: Iterable[str]) -> str:
    """`a, b or c`."""
    items = list(words)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} or {items[-1]}"


def explain(error: ValidationError, model: type[BaseModel], text: str = "") -> list[str]:
    """Each error of validating a document against `model` as a sentence of ours, with its line where the file's text is given."""
    said = []
    for detail in error.errors(include_url=False):
        line = line_of(text, _clean(detail["loc"]))
        said.append((f"line {line}: " if line is not None else "") + _explain(detail, model))
    return said


def _clean(path: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Without the mark that pydantic sets behind a key of a mapping that is itself wrong."""
    return tuple(part for part in path if part != "[key]")


def _explain(detail: ErrorDetails, model: type[BaseModel]) -> str:
    path = _clean(detail["loc"])
    where = _where(path)
    key = str(path[-1]) if path else ""
    kind = detail["type"]
    if kind == "extra_forbidden":
        return _unknown_key(path, model, where)
    if kind == "missing":
        table = " table" if len(path) == 1 else ""
        return f"{where} is missing, and Vigil does not guess whom to test. Add the{table} {key}{_example(key)}."
    if kind == "literal_error":
        allowed = [item.strip().strip("'") for item in str(detail["ctx"]["expected"]).replace(" or ", ", ").split(", ")]
        given = detail["input"]
        near = suggestion(str(given), allowed)
        hint = f' Did you mean "{near}"?' if near else ""
        return f"{where} is {given!r}, which means nothing to Vigil. It must be {one_of(allowed)}.{hint}"
    if kind == "value_error":
        return f"{where}: {detail['ctx']['error']}"
    if kind in {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}:
        bound = detail["msg"].removeprefix("Input should be ")
        return f"{where} is {detail['input']}, but must be {bound}: outside of that range the limit would not protect anything. Change it."
    if kind in {"string_too_short", "too_short"}:
        return f"{where} is empty, which says nothing. Fill it in, or remove it."
    if kind in {"string_too_long", "too_long"}:
        return f"{where} is longer than {detail['ctx']['max_length']}, which nobody can read in a report. Shorten it."
    if kind == "string_pattern_mismatch":
        return f"{where} is {detail['input']!r}, which is no id. Write it in small letters, digits and dashes, as `vigil checks` lists it."
    base = kind.removesuffix("_type").removesuffix("_parsing")
    want = KINDS.get(base.split("_")[0], "of another kind")
    shown = "" if SECRET_KEYS.intersection(map(str, path)) else f" is {detail['input']!r}, and"
    return f"{where}{shown} has the wrong kind of value. Write {want}."


def _where(path: tuple[int | str, ...]) -> str:
    if not path:
        return "the file"
    if len(path) == 1:
        return f"[{path[0]}]"
    if isinstance(path[1], int):
        rest = ".".join(str(part) for part in path[2:])
        return f"[[{path[0]}]] number {path[1] + 1}" + (f", {rest}" if rest else "")
    return f"[{path[0]}] {'.'.join(str(part) for part in path[1:])}"


def _unknown_key(path: tuple[int | str, ...], model: type[BaseModel], where: str) -> str:
    table: type[BaseModel] | None = model
    for part in path[:-1]:
        if table is not None and not isinstance(part, int):
            table = _table_of(table, str(part))
    known = _keys(table) if table is not None else []
    near = suggestion(str(path[-1]), known)
    hint = f'Did you mean "{near}"? ' if near else ""
    kind = "table" if len(path) == 1 else "key"
    return f"{where} is a {kind} that Vigil does not know; what is not read cannot protect anything. {hint}Known: {', '.join(known)}."


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _table_of(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    for name, field in model.model_fields.items():
        if (field.alias or name) == key:
            return _model_in(field.annotation)
    return None


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in typing.get_args(annotation) if (found := _model_in(part)) is not None), None)


def _example(key: str) -> str:
    examples = {
        "target": ": [target] with name, environment, backend and auth",
        "name": ': name = "staging"',
        "environment": ': environment = "staging"',
        "backend": ': backend = "https://..."',
        "auth": ': auth = "https://..."',
        "until": ": until = 2026-12-12, at most 30 days ahead",
    }
    return examples.get(key, "")
