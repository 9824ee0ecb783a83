"""Reports say what the recording holds, in each format, and nothing in them is more than text."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import sqlite3
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import junitparser
import msgspec
import pytest

from tui_app.cli import dispatch, parser
from tui_app.metrics import missing
from tui_app.recording.reader import Annotation, Reader
from tui_app.reports import FORMATS, writer
from tui_app.reports.facts import Facts, gather
from tui_app.reports.tally import Runs, Sockets

HOSTILE = (
    "<script>alert(1)</script>[x](javascript:x) | **b** ````text \x1b]52;c;AAAA\x07 \u202e @everyone <!channel> "
    "https://x.example =1+1 ]]> \x00\ufffe"
)
WRITTEN = [name for name in FORMATS if name != "openmetrics" or not missing()]
"""What can be written here: metrics need a library of their own."""


def text(facts: Facts, name: str) -> str:
    return "".join(writer(name)(facts))


def hostile(facts: Facts) -> Facts:
    """The same session, with such text wherever a target's words end up."""
    result = json.loads(json.dumps(facts.result))
    result["target"]["name"] = result["build"]["start"] = HOSTILE
    for check in result["checks"]:
        check["reason"] = check["to_decide"] = HOSTILE
        for finding in check["findings"]:
            finding["text"] = HOSTILE
    for series in result["latency"]:
        series["series"] = HOSTILE
    result["decision"]["action"] = result["parent"] = HOSTILE
    result["footprint"]["left_behind"] = [{"thing": HOSTILE, "id": HOSTILE, "owner": HOSTILE, "reason": HOSTILE}]
    result["frames"]["classified"][HOSTILE] = 1
    result["isolation"]["cells"][0] |= {"source": HOSTILE, "observer": HOSTILE, "leaks": 1}
    notes = [Annotation(1, "2026-01-01T00:00:00Z", HOSTILE, "note", 1, HOSTILE)]
    sockets, runs = Sockets(1, 0, {HOSTILE: 1}), Runs(1, {HOSTILE: 1}, {HOSTILE: 1})
    logs = {str(check["id"]): HOSTILE for check in result["checks"]}
    witnesses = {
        seq: msgspec.structs.replace(row, text=HOSTILE, user=HOSTILE, run=HOSTILE, server=HOSTILE) for seq, row in facts.witnesses.items()
    }
    header = {**facts.header, "host": HOSTILE}
    return msgspec.structs.replace(
        facts, result=result, witnesses=witnesses, notes=notes, sockets=sockets, runs=runs, logs=logs, header=header
    )


class Page(HTMLParser):
    """What a browser would make of the page: elements, addresses, ids and links within it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.handlers: list[str] = []
        self.addresses: list[str] = []
        self.ids: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name.startswith("on"):
                self.handlers.append(name)
            if name in ("href", "src"):
                self.addresses.append(value or "")
            if name == "id":
                self.ids.add(value or "")


def test_what_is_offered_is_what_there_is() -> None:
    offered = {name: parser().parse_args(["report", "x", "--format", name]).format for name in FORMATS}
    assert set(offered.values()) == set(FORMATS)
    with pytest.raises(SystemExit):
        parser().parse_args(["report", "x", "--format", "pdf"])


@pytest.mark.parametrize("name", WRITTEN)
def test_the_same_recording_gives_the_same_bytes(leak: Path, facts: Facts, name: str) -> None:
    assert text(facts, name) == text(gather(leak), name) != ""


@pytest.mark.parametrize("name", WRITTEN)
def test_text_of_a_hostile_target_is_inert(facts: Facts, name: str) -> None:
    said = text(hostile(facts), name)
    if name != "json":  # escaped by its own rules, for programs
        assert not {"\x1b", "\x07", "\u202e"} & set(said)
    if name in ("md", "executive", "websocket", "handover"):
        prose = re.sub("^````text\n[^\n]*\n````$", "", said, flags=re.MULTILINE)  # nothing on its one line can end a block
        prose = re.sub("`[^`\\n]*`", "", prose)  # nothing is markup within a span of code
        assert "<script" not in prose.replace("\\<", "") and "[x](" not in prose and "**b**" not in prose and "@" not in prose
    if name == "html":
        page = Page(said)
        assert "script" not in page.tags and not page.handlers
        assert all(address.startswith("#") for address in page.addresses)
    if name == "slack":
        assert not set("<>@&`*|") & set(said) and "://" not in said and "](" not in said
    if name == "junit":
        assert "alert(1)" in "".join(ET.fromstring(said).itertext())
    if name == "csv":
        cells = [cell for line in csv.reader(io.StringIO(said)) for cell in line]
        assert all(not cell.startswith(("=", "+", "-", "@")) or re.fullmatch(r"-[0-9.]+(e-?[0-9]+)?", cell) for cell in cells)


def test_what_failed_comes_first_and_leads_to_its_rows(facts: Facts) -> None:
    page = text(facts, "html")
    assert page.index("isolation-frames") < page.index("The sixteen criteria") < page.index("connect-latency")
    found = Page(page)
    assert "row" in "".join(found.addresses) and all(address[1:] in found.ids for address in found.addresses)


def test_every_row_that_a_report_shows_is_the_recording_s(leak: Path, facts: Facts) -> None:
    assert facts.witnesses
    with Reader(leak) as reader:
        for seq, witness in facts.witnesses.items():
            row = reader.row(seq)
            assert row is not None and (row.user, row.conn, row.run) == (witness.user, witness.conn, witness.run)
    assert all(str(seq) in text(facts, "md") for seq in facts.witnesses)


def test_junit_is_read_by_a_stock_parser(facts: Facts, tmp_path: Path) -> None:
    file = tmp_path / "out.xml"
    file.write_text(text(facts, "junit"))
    xml = junitparser.JUnitXml.fromfile(str(file))
    cases = {case.name: case for suite in xml for case in suite}
    checks = {check["id"]: check["verdict"] for check in facts.result["checks"]}
    assert {name for name in cases if name in checks} == set(checks)
    for name, word in checks.items():
        kinds = {type(one) for one in cases[name].result}
        assert (junitparser.Failure in kinds) == (word == "FAIL"), name
    assert xml.failures == sum(junitparser.Failure in {type(one) for one in case.result} for case in cases.values()) > 0


def test_samples_add_up_to_the_series_of_the_result(facts: Facts) -> None:
    samples: list[dict[str, Any]] = [json.loads(line) for line in text(facts, "samples").splitlines()]
    for series in facts.result["latency"]:
        assert sum(one["series"] == series["series"] for one in samples) == series["n"], series["series"]
    assert len(list(csv.reader(io.StringIO(text(facts, "csv"))))) == len(samples) + 1


def test_a_rehearsal_decides_nothing_and_a_journey_without_its_checks_is_not_protected(facts: Facts) -> None:
    assert "NO DECISION" in text(facts, "executive") and "REHEARSAL" in text(facts, "slack")
    words = {journey.id: journey.word for journey in facts.journeys}
    assert words["privacy"] == "at risk" and words["many"] == "not shown" and "protected" not in words.values()


def test_the_chat_lines_are_a_dozen_at_most(facts: Facts) -> None:
    assert len(text(facts, "slack").splitlines()) <= 12


def test_the_command_writes_a_file_and_says_where(leak: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "new" / "report.md"
    assert dispatch(parser().parse_args(["report", str(leak), "--output", str(target)])) == 0
    assert target.read_text().startswith("# REHEARSAL") and str(target) in capsys.readouterr().err
    assert dispatch(parser().parse_args(["report", str(tmp_path / "none.vigil")])) == 2
    assert "no recording" in capsys.readouterr().err


@pytest.mark.parametrize("lead", ["=", "+", "-", "@", "\t=", "\r=", " "])
def test_samples_of_a_hostile_target_are_values_and_never_formulas(leak: Path, tmp_path: Path, lead: str) -> None:
    path = tmp_path / "hostile.vigil"
    shutil.copyfile(leak, path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE rows SET type = ?, user = ? WHERE kind = 'sample'", (f"{lead}cmd|' /c calc'!A0", f'{lead}"\n{HOSTILE}'))
    facts = gather(path)
    table, lines = text(facts, "csv"), text(facts, "samples").splitlines()
    cells = [cell for line in csv.reader(io.StringIO(table)) for cell in line]
    assert len(cells) == (len(lines) + 1) * 9 and not {"\x1b", "\u202e"} & set(table + "".join(lines))
    assert all(not cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells if "cmd" in cell or "script" in cell)
    assert all(json.loads(line)["series"].endswith("A0") for line in lines)
