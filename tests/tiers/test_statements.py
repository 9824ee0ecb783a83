"""Nothing but a plain SELECT and an exact key passes, and no value ever becomes part of a statement."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.tiers.statements import WHERE, StatementError, bound, checked_key, checked_select, exact, inlined, literal, numbered


@pytest.mark.parametrize("name", [name for name, text in WHERE.items() if text.startswith("SELECT")])
def test_what_vigil_asks_by_itself_passes_its_own_guard(name: str) -> None:
    assert checked_select(WHERE[name]) == WHERE[name]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT body AS content FROM message WHERE thread = {thread}",
        'select "content", m.role from app.message m where m.thread_id::text = {thread} order by m.created desc limit 20',
        "SELECT content FROM m WHERE id IN (SELECT mid FROM links WHERE thread = {thread}) AND kind <> 'draft'",
        "SELECT runId AS run_id, toString(state) AS status FROM db.runs WHERE runId = {run}",
    ],
)
def test_plain_reads_pass(statement: str) -> None:
    assert checked_select(statement) == statement


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("DELETE FROM messages WHERE thread_id = {thread}", "SELECT"),
        ("SELECT 1; DROP TABLE messages", "semicolon"),
        ("SELECT 1;", "semicolon"),
        ("SELECT content INTO other FROM messages", "INTO"),
        ("WITH gone AS (DELETE FROM messages RETURNING *) SELECT * FROM gone", "SELECT"),
        ("SELECT * FROM messages WHERE id = {thread} FOR UPDATE", "UPDATE"),
        ("SELECT * FROM messages FOR NO KEY UPDATE", "UPDATE"),
        ("SELECT pg_sleep(10)", "pg_sleep"),
        ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity", "pg_terminate_backend"),
        ("SELECT set_config('transaction_read_only', 'off', false)", "set_config"),
        ("SELECT nextval('s')", "nextval"),
        ("SELECT * FROM url('http://h/', CSV, 'a String')", "url"),
        ("SELECT a FROM t INTO OUTFILE 'x'", "INTO"),
        ("SELECT a FROM t SETTINGS readonly = 0", "SETTINGS"),
        ("SELECT a FROM t -- {thread}", "comment"),
        ("SELECT a /* x */ FROM t", "comment"),
        ("SELECT E'\\'' FROM t", "backslash"),
        ("SELECT $$a$$", "dollar"),
        ("SELECT a FROM t WHERE b = '{thread}'", "inside quotes"),
        ("SELECT a FROM t WHERE b = 'open", "quote"),
        ("SELECT a FROM t WHERE b = {password}", "{password}"),
        ("SELECT a FROM t WHERE b = {thread", "brace"),
        ("SELECT a FROM t UNION SELECT password FROM users", "UNION"),
        ("SELECT ＠ FROM t", "＠"),
        ("", "characters"),
    ],
)
def test_whatever_else_is_refused_with_the_reason(statement: str, why: str) -> None:
    with pytest.raises(StatementError, match="(?i)" + why.replace("{", r"\{").replace("}", r"\}")):
        checked_select(statement)


@pytest.mark.parametrize("key", ["session:*", "KEYS", "session:[ab]{jti}", "a b{jti}", "session:{jti}?", "", "session:{nobody}", "x" * 400])
def test_only_an_exact_key_with_a_placeholder_passes(key: str) -> None:
    with pytest.raises(StatementError):
        checked_key(key)
    assert checked_key("app/session:{jti}:v2") == "app/session:{jti}:v2"


def test_a_placeholder_without_a_value_is_said_and_never_left_out() -> None:
    with pytest.raises(StatementError, match="run"):
        exact("session:{run}", {"jti": "a"})
    with pytest.raises(StatementError, match="thread"):
        bound(WHERE["message"], {"thread": ""})


def test_values_are_numbered_in_their_order_and_a_repeated_one_once() -> None:
    assert numbered("SELECT a FROM t WHERE b = {user} AND c = {thread} OR d = {user}") == (
        "SELECT a FROM t WHERE b = $1 AND c = $2 OR d = $1"
    )
    assert bound("SELECT a FROM t WHERE b = {user} AND c = {thread} OR d = {user}", {"thread": "t", "user": "u"}) == ["u", "t"]


@given(st.text())
def test_a_literal_ends_where_it_ends(value: str) -> None:
    text = literal(value)
    assert text[0] == text[-1] == "'"
    inner, at = text[1:-1], 0
    while at < len(inner):
        assert inner[at] != "'", "a quote that nothing escapes would end the literal"
        at += 2 if inner[at] == "\\" else 1
    assert at == len(inner), "the last backslash would escape the closing quote"
    assert all(ord(character) >= 32 for character in text)


@given(st.text(min_size=1))
def test_a_value_never_becomes_a_placeholder(value: str) -> None:
    statement = inlined("SELECT a FROM t WHERE b = {run} AND c = {user}", {"run": "{user}" + value, "user": "me"})
    assert statement.endswith("AND c = 'me'")
    assert statement.count("'me'") == 1 + value.count("'me'")
