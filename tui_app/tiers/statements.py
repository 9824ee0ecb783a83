"""What may be asked of a store: one SELECT with placeholders, or one exact key. Nothing else passes.

A target file may say where a platform keeps things ([tiers.where]); what it says is refused here unless it can only read. Each store
is told the same once more in its own words (a read-only transaction, `readonly=1`, `mode=ro`): either guard alone would do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

POSTGRESQL: Final = "postgresql"
REDIS: Final = "redis"
CLICKHOUSE: Final = "clickhouse"

PLACEHOLDERS: Final = ("thread", "run", "user", "message", "jti", "sid", "marker", "email")
"""What a statement or a key may ask by: ids of a thread, a run, a user, a message, a token (`jti`) and a session (`sid`), the
session's own marker, and a user's address."""

TIER_OF: Final[Mapping[str, str]] = {
    "message": POSTGRESQL,
    "thread": POSTGRESQL,
    "foreign": POSTGRESQL,
    "run": CLICKHOUSE,
    "session": REDIS,
    "revoked": REDIS,
    "rate": REDIS,
}
"""What can be looked for, and in which store."""

WHERE: Final[Mapping[str, str]] = {
    "message": "SELECT thread_id, role, content FROM messages WHERE thread_id = {thread}",
    "thread": "SELECT id, user_id, title FROM threads WHERE id = {thread}",
    "foreign": (
        "SELECT m.thread_id, m.role FROM messages m JOIN threads t ON t.id = m.thread_id "
        "WHERE t.user_id = {user} AND m.content LIKE '%' || {marker} || '%'"
    ),
    "run": "SELECT run_id, user_id, thread_id, status, execution_time_ms FROM run_events WHERE run_id = {run}",
    "session": "session:{jti}",
    "revoked": "revoked:{jti}",
    "rate": "rate:login:{email}",
}
"""Where things are unless the target file says otherwise."""

GIVES: Final[Mapping[str, tuple[str, ...]]] = {"message": ("content",), "thread": ("user_id",), "run": ("run_id",)}
"""The columns that a statement must give (`SELECT body AS content ...`). Others that are read where they are given: role and thread_id
of a message, title of a thread, user_id, thread_id and status of a run."""

LONGEST: Final = 2_000


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_LITERAL: Final = re.compile(r"'[^'\\]*'")
_QUOTED: Final = re.compile(r'"[A-Za-z_][A-Za-z0-9_ ]*"|`[A-Za-z_][A-Za-z0-9_ ]*`')
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ALLOWED: Final = re.compile(r"[A-Za-z0-9_\s.,()*=<>!|+\-:%/\[\]]*")
_FORBIDDEN: Final = _words(
    """
    insert update delete merge replace upsert truncate drop alter create rename grant revoke into copy call do execute exec prepare
    begin commit rollback savepoint set reset lock vacuum analyze explain listen notify unlisten attach detach optimize kill system
    pragma share outfile format settings with union except intersect values table window
    """
)
_CALLS: Final = _words(
    """
    lower upper length char_length substring substr left right trim ltrim rtrim coalesce nullif concat replace_regexp position strpos
    cast count min max sum avg abs round date_trunc to_char extract json_extract json_extract_path_text jsonb_extract_path_text
    tostring todatetime tofloat64 toint64 jsonextractstring visitparamextractstring encode decode in and or not on where exists any all
    case when then like ilike from select is by having
    """
)
"""What may stand before a parenthesis. Functions that sleep, lock, signal, count up, or reach a file or another server are none of them."""
_KEY: Final = re.compile(r"[A-Za-z0-9_.:\-/{}@#|]{1,300}")


class StatementError(ValueError):
    """Something that is not asked of a store; the message says why and what to write instead."""


def names_in(template: str) -> list[str]:
    """The placeholders of a template, in order, each once."""
    return list(dict.fromkeys(_PLACEHOLDER.findall(template)))


def checked_select(template: str) -> str:
    """The statement, if it is a single SELECT that can do nothing but read. Raises `StatementError`."""
    text = template.strip()
    if not text or len(text) > LONGEST:
        raise StatementError(f"a statement has 1 to {LONGEST} characters. Write one SELECT.")
    bare = _QUOTED.sub(" quoted ", _LITERAL.sub(" ", text))
    if any("{" in literal for literal in _LITERAL.findall(text)):
        raise StatementError("a placeholder stands inside quotes. Write it without: it is bound as a value, never put into the text.")
    for mark, what in ((";", "a semicolon"), ("--", "a comment"), ("/*", "a comment"), ("#", "a comment"), ("\\", "a backslash"),
                       ("$", "a dollar sign"), ("'", "a quote that does not end"), ('"', "a quoted name of an unusual form")):  # fmt: skip
        if mark in bare:
            raise StatementError(f"it has {what}, which a single plain SELECT does not need. Remove it.")
    _placeholders(bare)
    bare = _PLACEHOLDER.sub(" value ", bare)
    if not _ALLOWED.fullmatch(bare):
        odd = next(character for character in bare if not _ALLOWED.fullmatch(character))
        raise StatementError(f"it has the character {odd!r}, which a plain SELECT does not need. Remove it.")
    words = [word.lower() for word in _WORD.findall(bare)]
    if words[:1] != ["select"]:
        raise StatementError("it does not begin with SELECT. Vigil only reads from stores: write a single SELECT.")
    found = next((word for word in words if word in _FORBIDDEN), None)
    if found is not None:
        raise StatementError(f"it has the word {found.upper()}, and only a single plain SELECT is carried out. Remove it.")
    for called in re.findall(r"([A-Za-z_][A-Za-z0-9_.]*)\s*\(", bare):
        if called.lower() not in _CALLS:
            raise StatementError(f"it calls {called}(), which is not known to do nothing but read. Use columns and plain comparisons.")
    return text


def checked_key(template: str) -> str:
    """The key, if it is one exact key of Redis. Raises `StatementError`."""
    text = template.strip()
    if not _KEY.fullmatch(_PLACEHOLDER.sub("x", text)):
        raise StatementError(
            'it is no exact key: no spaces, no * ? [ ], at most 300 characters. Write it with placeholders, as in "session:{jti}".'
        )
    _placeholders(text)
    if not names_in(text):
        raise StatementError('a key without a placeholder is the same for every user. Write one in, as in "session:{jti}".')
    return text


def _placeholders(text: str) -> None:
    for name in names_in(text):
        if name not in PLACEHOLDERS:
            raise StatementError(f"there is no placeholder {{{name}}}. There are {', '.join(f'{{{one}}}' for one in PLACEHOLDERS)}.")
    if "{" in _PLACEHOLDER.sub("", text) or "}" in _PLACEHOLDER.sub("", text):
        raise StatementError("a brace stands alone. Placeholders are written as in {thread}.")


def bound(template: str, ids: Mapping[str, str]) -> list[str]:
    """The values of a template's placeholders, in the order of `names_in`. Raises `StatementError` for one that is not known."""
    missing = [name for name in names_in(template) if not ids.get(name)]
    if missing:
        raise StatementError(f"it asks by {{{missing[0]}}}, which is not known here")
    return [str(ids[name]) for name in names_in(template)]


def numbered(template: str) -> str:
    """The statement with $1, $2, ... in place of its placeholders, for stores that bind values."""
    names = names_in(template)
    return _PLACEHOLDER.sub(lambda match: f"${names.index(match.group(1)) + 1}", template)


def exact(template: str, ids: Mapping[str, str]) -> str:
    """The key that a template means for these ids. Raises `StatementError`."""
    bound(template, ids)
    return _PLACEHOLDER.sub(lambda match: str(ids[match.group(1)]), template)


def literal(value: str) -> str:
    """A value as a string literal of ClickHouse, for servers that bind none. Nothing in it can end the literal."""
    return "'" + "".join(f"\\{character}" if character in "\\'" else _control(character) for character in value) + "'"


def _control(character: str) -> str:
    return f"\\x{ord(character):02x}" if ord(character) < 32 or ord(character) == 127 else character


def inlined(template: str, ids: Mapping[str, str]) -> str:
    """The statement with each value as a literal of ClickHouse. Raises `StatementError`."""
    bound(template, ids)
    return _PLACEHOLDER.sub(lambda match: literal(str(ids[match.group(1)])), template)
