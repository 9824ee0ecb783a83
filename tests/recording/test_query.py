"""The filter language: it finds the same rows in the recording and in memory, and shows where a text is wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_app.model import Row
from tui_app.recording import schema
from tui_app.recording.query import HELP, KEYS, QueryError, completions, parse
from tui_app.recording.reader import Reader
from tui_app.recording.writer import INSERT, PLACES

ROWS = [
    Row(1, 1, "frame", user="u1", conn=4, dir="in", type="agent_started", run="7fab", thread="t-1", text='{"a": "Hello World"}'),
    Row(2, 2, "frame", user="u3", conn=5, dir="in", type="agent_thinking", run="7fcd", ms=50.0, flag="foreign"),
    Row(3, 3, "frame", user="u3", conn=5, dir="out", type="user_message", run="80ab", ms=100.0, text="100% sure_thing"),
    Row(4, 4, "http", user="u1", dir="in", type="200", ms=2500.0, flag="foreign oversize"),
    Row(5, 5, "finding", "tool-isolation", "u33", flag="critical", text='{"text": "leak \\"quoted\\""}'),
    Row(6, 6, "verdict", "events-five", type="FAIL", text="*"),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [1, 2, 3, 4, 5, 6]),
        ("   ", [1, 2, 3, 4, 5, 6]),
        ("type:agent_*", [1, 2]),
        ("type:AGENT_started", [1]),
        ("type:agent", []),
        ("type:*a*t*", [1, 2]),
        ("user:u3", [2, 3]),
        ("user:u3*", [2, 3, 5]),
        ("user:u3*3", [5]),
        ('user:""', [6]),
        ("run:7f", [1, 2]),
        ("run:*ab", [1, 3]),
        ("thread:t", [1]),
        ("dir:in user:u3", [2]),
        ("dir:in and user:u3", [2]),
        ("flag:foreign", [2, 4]),
        ("flag:oversize", [4]),
        ("flag:for*", [2, 4]),
        ("flag:foreig", []),
        ("kind:frame", [1, 2, 3]),
        ("kind:f*", [1, 2, 3, 5]),
        ("check:tool-isolation", [5]),
        ("check:*-five", [6]),
        ("conn:5", [2, 3]),
        (">100ms", [4]),
        (">=100", [3, 4]),
        ("<2.5s", [2, 3]),
        ("<=2.5s", [2, 3, 4]),
        ("> 0.1 s", [4]),
        (">0.00001m", [2, 3, 4]),
        ("not >100ms", [1, 2, 3, 5, 6]),
        ("hello", [1]),
        ('"hello world"', [1]),
        ("hello world", [1]),
        ("100%", [3]),
        ("sure_thing", [3]),
        ("sureXthing", []),
        ("sure*ing", [3]),
        ('"*"', [6]),
        ('"\\"quoted"', [5]),
        ("-user:u3", [1, 4, 5, 6]),
        ("not user:u3 dir:in", [1, 4]),
        ("user:u3 or kind:verdict", [2, 3, 6]),
        ("dir:in user:u3 or kind:verdict", [2, 6]),
        ("dir:in (user:u3 or kind:http)", [2, 4]),
        ("-(user:u3 or kind:http)", [1, 5, 6]),
        ("NOT user:u3 AND kind:frame OR conn:5", [1, 2, 3]),
        ("--user:u3", [2, 3]),
        ("not not user:u3", [2, 3]),
        ("oracle", []),
        ('"or"', [1]),
    ],
)
def test_a_filter_finds(text: str, expected: list[int], record: Callable[..., Path]) -> None:
    query = parse(text)
    assert [row.seq for row in ROWS if query.match(row)] == expected
    with Reader(record(ROWS)) as reader:
        assert [row.seq for row in reader.window(1, 0, 100, query)] == expected
        assert reader.count(query).n == len(expected)


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        ("user:u3 foo:bar", "foo", "there is no field foo:"),
        ("user: u3", "user:", "needs a value"),
        ("dir:sideways", "sideways", "in, out"),
        ("kind:nothing", "nothing", "one of session, target"),
        ("conn:four", "four", "takes a number"),
        ("conn:99999999999999999999", "99999999999999999999", "takes a number"),
        ("user:u1 >fast", ">fast", "needs a duration"),
        ("user:u1 >", ">", "needs a duration"),
        (">5h", ">5h", "needs a duration"),
        ('user:u1 "open', '"open', "never closed"),
        ('user:"open', '"open', "never closed"),
        ("(user:u1", "(", "never closed"),
        ("user:u1)", ")", "no ("),
        ("user:u1 ()", "()", "nothing between"),
        ("user:u1 or", "or", "missing after or"),
        ("OR user:u1", "OR", "missing before OR"),
        ("and user:u1", "and", "missing before and"),
        ("a and or b", "and", "missing after and"),
        ("a or or b", "or", "missing after or"),
        ("not", "not", "missing after not"),
        ("a (not)", "not", "missing after not"),
        ("a - b", "-", "missing after -"),
        ("a*b*c*d*e*f*g*h*i*j", "a*b*c*d*e*f*g*h*i*j", "too many"),
        ("(" * 30 + "a" + ")" * 30, "(", "nested too deeply"),
        ("a" * 1001, "a", "at most 1000"),
        ("a\0b", "\0", "cannot be searched for"),
    ],
)
def test_an_error_says_where_it_is(text: str, where: str, says: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert says in caught.value.message
    assert text[caught.value.start : caught.value.end] == where


def test_only_filters_that_no_bulk_row_can_match_use_the_index_of_state_rows(record: Callable[..., Path]) -> None:
    cases = {
        "kind:finding": True, "kind:f*": False, "kind:s*": True,
        "kind:frame": False, "not kind:frame": False, "kind:finding or user:u1": False,
        "kind:finding or kind:verdict": True, "kind:verdict user:u1": True, "": False, "user:u1": False,
    }  # fmt: skip
    assert {text: parse(text).state_only for text in cases} == cases
    with Reader(record(ROWS)) as reader:
        assert [row.seq for row in reader.window(6, 5, 5, parse("kind:finding or kind:verdict"))] == [5, 6]
        assert reader.count(parse("kind:verdict")).n == 1


def test_help_and_completions_know_every_field() -> None:
    for key in KEYS.values():
        assert f"{key.name}:" in HELP and key.help in HELP
    assert max(map(len, HELP.splitlines())) <= 78
    assert completions("user:u1 t") == ["user:u1 type:", "user:u1 thread:"]
    assert completions("-di") == ["-dir:"]
    assert completions("(dir:") == ["(dir:in", "(dir:out"]
    assert completions("user:u", {"user": ["u1", "u2", "x y"]}) == ["user:u1", "user:u2"]
    assert completions("user:x", {"user": ["x y"]}) == ['user:"x y"']
    assert completions("type:tool_e") == ["type:tool_executing"]
    assert completions('"user') == completions("nothing:") == completions("zzz") == []
    assert [text[:-1] for text in completions("")] == list(KEYS)


VALUES = st.text(st.sampled_from("abAB_%*.\\ éÉİKß\"'-(){}:<>\0"), max_size=6)
WORDS = st.one_of(st.sampled_from(["", "u1", "U1", "agent_started", "7fab", "foreign", "foreign oversize"]), VALUES)
ROW = st.builds(
    lambda **fields: Row(seq=1, t=1, **fields),
    kind=st.sampled_from(sorted(schema.KINDS)), check=WORDS, user=WORDS, conn=st.integers(0, 3), dir=st.sampled_from(["", "in", "out"]),
    type=WORDS, run=WORDS, thread=WORDS, ms=st.one_of(st.none(), st.floats(0, 300, width=16)), flag=WORDS, text=WORDS,
)  # fmt: skip


def quote(value: str) -> str:
    return '"' + value.replace("\0", "").replace("\\", "\\\\").replace('"', '\\"') + '"'


BARE = st.text(st.sampled_from("abuU1_%*\\."), min_size=1, max_size=5)
TERM = st.one_of(
    st.builds(lambda name, value: f"{name}:{value}", st.sampled_from(["type", "user", "run", "thread", "flag", "check"]), BARE),
    st.builds(lambda name, value: f"{name}:{quote(value)}", st.sampled_from(["type", "user", "run", "thread", "flag", "check"]), WORDS),
    st.builds("kind:{}".format, st.sampled_from([*schema.KINDS, "f*", "*s*", "*"])),
    st.builds("conn:{}".format, st.integers(0, 3)),
    st.sampled_from(["dir:in", "dir:out"]),
    st.builds(
        lambda op, n, unit: f"{op}{n}{unit}",
        st.sampled_from(["<", ">", "<=", ">="]),
        st.integers(0, 300),
        st.sampled_from(["", "ms", "us"]),
    ),
    BARE,
    VALUES.map(quote),
)
QUERY = st.recursive(
    TERM,
    lambda part: st.one_of(
        st.builds("{} {}".format, part, part), st.builds("{} and {}".format, part, part), st.builds("{} or {}".format, part, part),
        st.builds("not {}".format, part), st.builds("-({})".format, part), st.builds("({})".format, part),
    ),
    max_leaves=6,
)  # fmt: skip


@pytest.fixture(scope="module")
def table() -> Iterator[sqlite3.Connection]:
    with sqlite3.connect(":memory:", isolation_level=None) as db:
        db.executescript(schema.DDL)
        yield db


@settings(max_examples=600, deadline=None)
@given(text=QUERY, rows=st.lists(ROW, min_size=1, max_size=4))
def test_sqlite_and_python_agree(table: sqlite3.Connection, text: str, rows: list[Row]) -> None:
    query = parse(text)
    for row in rows:
        table.execute("DELETE FROM rows")
        table.execute(INSERT + PLACES, tuple(getattr(row, name) for name in row.__struct_fields__))
        found = table.execute(f"SELECT ({query.sql}) IS 1, ({query.sql}) IS NULL FROM rows", (*query.params, *query.params)).fetchone()
        assert found == (query.match(row), 0)
        if query.state_only and query.match(row):
            assert table.execute(f"SELECT count(*) FROM rows WHERE {schema.STATE}").fetchone() == (1,)


@settings(max_examples=500)
@given(st.text(st.sampled_from('ab:()-"*<>= \\userdinotkind1ms\t'), max_size=30))
def test_any_text_is_a_filter_or_an_error_within_it(text: str) -> None:
    try:
        parse(text).match(ROWS[0])
    except QueryError as error:
        assert 0 <= error.start <= error.end <= len(text)
        assert error.message
