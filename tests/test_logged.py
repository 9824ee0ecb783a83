"""Queries of the operator's own logs: the ids that rows carry, the moments in UTC, and values that stay values."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tui_app.logged import Ids, ids_among, ids_of, of_rows, problem, query
from tui_app.model import SECOND, Row
from tui_app.target.profile import Profile, ProfileError, load

BEGAN = "2026-03-01T12:00:00.000Z"
GCP = 'resource.type="cloud_run_revision" AND (trace="{trace}" OR jsonPayload.run_id="{run}") AND timestamp>="{from}" AND timestamp<="{to}"'
HEAD = '[target]\nname = "t"\nenvironment = "staging"\nbackend = "https://b.example"\nauth = "https://a.example"\n'
HOSTILE = ('x" OR "1"="1', "x' OR '1'='1", "x` or `", "x\\", "\u202e\x1b]0;t\x07\n", "a OR b", "-a", "{run}", '\U0001f600"')


def filled(template: str, ids: Ids, first: int = 60 * SECOND, last: int = 61 * SECOND) -> str:
    return query(template, ids, session="7c1e0a9b3d42", began=BEGAN, first=first, last=last)


def frame(text: dict[str, object], **more: object) -> Row:
    return Row(7, 60 * SECOND, "frame", "", "u1", 1, "in", "tool_executing", text=json.dumps(text), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("row", "trace", "asked"),
    [
        (frame({"type": "error_message", "trace_id": "t-1", "data": {"request_id": "m-1"}}), "t-1", "m-1"),
        (frame({"data": {"payload": {"traceId": "t-2"}}, "correlation_id": "c-2"}), "t-2", "c-2"),
        (frame({"trace": {"id": 3}, "correlation_id": None}), "", ""),
        (Row(1, 1, "frame", dir="out", text='{"type":"user_message","message_id":"m-9"}'), "", "m-9"),
        (Row(1, 1, "http", dir="in", type="500", text='{"headers":{"X-Trace-Id":"h-1"},"body":{"trace_id":"b-1"}}'), "h-1", ""),
        (Row(1, 1, "http", dir="in", type="500", text='{"headers":{},"body":{"error":true,"trace_id":"b-2"}}'), "b-2", ""),
        (
            Row(1, 1, "http", dir="in", text='{"headers":{"traceparent":"00-%s-00f067aa0ba902b7-01"}}' % ("4bf92f3577b34da6" * 2)),
            "4bf92f3577b34da6" * 2,
            "",
        ),
        (Row(1, 1, "http", dir="in", text='{"headers":{"x-cloud-trace-context":"%s/123;o=1"}}' % ("ab" * 16)), "ab" * 16, ""),
        (Row(1, 1, "conn", type="refused", text='{"status":503,"headers":{"x-request-id":"r-7"}}'), "", "r-7"),
        (Row(1, 1, "frame", text="no json"), "", ""),
    ],
)  # fmt: skip
def test_ids_are_found_where_platforms_put_them(row: Row, trace: str, asked: str) -> None:
    assert (ids_of(row).trace, ids_of(row).request) == (trace, asked)


def test_a_query_names_the_evidence_and_the_time_around_it() -> None:
    rows = [frame({}, run="r-1"), Row(9, 62 * SECOND, "http", text='{"body":{"trace_id":"t-1"}}')]
    logs = {"query": GCP, "margin_s": 5.0}
    assert of_rows(logs, rows, {"started": BEGAN, "session": "s"}) == (
        'resource.type="cloud_run_revision" AND (trace="t-1" OR jsonPayload.run_id="r-1")'
        ' AND timestamp>="2026-03-01T12:00:55.000Z" AND timestamp<="2026-03-01T12:01:07.000Z"'
    )
    assert ids_among(rows) == Ids(trace="t-1", run="r-1")
    assert of_rows({}, rows, {}) == of_rows(logs, [], {}) == ""


def test_what_a_row_does_not_carry_matches_nothing_instead_of_everything() -> None:
    assert 'trace="not-known" OR jsonPayload.run_id="r"' in filled(GCP, Ids(run="r"))


def test_braces_of_a_query_language_stay() -> None:
    assert filled('{app="api"} |= `{run}` | json | id="{{x}}"', Ids(run="r-1")) == '{app="api"} |= `r-1` | json | id="{x}"'


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_id_stays_one_value(value: str) -> None:
    row = frame({"trace_id": value}, run=value)
    ids = ids_of(row)
    for quote in "\"'`":
        text = filled(f"a={quote}{{trace}}{quote} AND b={quote}{{run}}{quote}", ids)
        assert re.fullmatch(rf"a={quote}[^\"'`\x00-\x1f]*{quote} AND b={quote}[^\"'`\x00-\x1f]*{quote}", text), text
        assert not re.search(r"\\(?!u[0-9a-f]{4})", text), "no backslash that could take a quote with it"
    assert re.fullmatch(r"a=[\w.\\][\w.\\-]* b", filled("a={trace} b", ids)), "without quotes it is one word"


@pytest.mark.parametrize(
    ("template", "said"),
    [('trace="{trce}"', "{trce} is no placeholder. Known: {trace}"), ("severity>=ERROR", "names no id"), ("{run}\n", "one line")],
)
def test_a_template_that_says_something_else_than_it_means_is_refused(tmp_path: Path, template: str, said: str) -> None:
    assert said in problem(template)
    path = tmp_path / "t.toml"
    path.write_text(f"{HEAD}[logs]\nquery = {json.dumps(template)}\n")
    with pytest.raises(ProfileError, match=re.escape(said)) as raised:
        load(path)
    assert "line 7: [logs] query" in str(raised.value)


def test_the_plan_of_a_recording_has_the_template(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text(f"{HEAD}[logs]\nquery = '{GCP}'\n")
    profile = load(path)
    document = profile.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert document["logs"] == {"query": GCP, "margin_s": 30.0} and Profile.model_validate(document).logs == profile.logs
