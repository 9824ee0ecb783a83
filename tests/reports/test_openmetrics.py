"""Figures for a monitoring system are the recording's, in a format that its own parser reads, and only this machine gets them."""

from __future__ import annotations

import json
import socket
import sys
import urllib.error
import urllib.request
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("prometheus_client", reason="the extra vigil[metrics] is not installed")

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tui_app.cli import dispatch, parser
from tui_app.metrics.collector import MOST, RecordingCollector
from tui_app.metrics.exporting import Exporter, exporting
from tui_app.model import SECOND, Row
from tui_app.recording.reader import Reader
from tui_app.recording.writer import Writer
from tui_app.reports import writer
from tui_app.reports.facts import Facts

HOSTILE = 'x"} 1\n# EOF\nvigil_session_verdict{a="\\\x1b\u202e<script>'
Figures = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def read(text: str) -> Figures:
    """Every sample by name and labels; what is no OpenMetrics raises."""
    families = list(text_string_to_metric_families(text))
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def at(figures: Figures, name: str, **labels: str) -> float:
    return figures[name, frozenset(labels.items())]


def test_the_figures_are_the_recordings(leak: Path, facts: Facts) -> None:
    found = read("".join(writer("openmetrics")(facts)))
    result: dict[str, Any] = dict(facts.result)
    with Reader(leak) as reader:
        rows = list(reader.rows())
    for series in result["latency"]:
        taken = [row.ms for row in rows if row.kind == "sample" and row.type == series["series"] and row.ms is not None]
        name = series["series"]
        assert at(found, "vigil_latency_seconds_count", series=name) == series["n"] == len(taken)
        assert at(found, "vigil_latency_seconds_sum", series=name) == pytest.approx(sum(taken) / 1e3)
        for quantile, figure in (("0.5", series["p50_ms"]), ("0.95", series["p95_ms"])):
            if figure is not None:
                assert at(found, "vigil_latency_seconds", series=name, quantile=quantile) == pytest.approx(figure / 1e3, rel=0.05, abs=1e-6)
    for check in result["checks"]:
        assert at(found, "vigil_check_verdict", check=check["id"], vigil_check_verdict=check["verdict"]) == 1
    assert at(found, "vigil_session_verdict", vigil_session_verdict="FAIL") == at(found, "vigil_session_ended") == 1
    cells = result["isolation"]["cells"]
    assert at(found, "vigil_isolation_leaks_total") == sum(cell["leaks"] for cell in cells) > 0
    assert at(found, "vigil_isolation_probes_total") == sum(cell["probes"] for cell in cells)
    for direction in ("in", "out"):
        assert at(found, "vigil_frames_total", direction=direction) == sum(row.kind == "frame" and row.dir == direction for row in rows)
    assert sum(value for (name, _), value in found.items() if name == "vigil_agent_runs_total") == facts.runs.total > 0
    assert at(found, "vigil_agent_run_events_total", event="tool_completed") == facts.runs.events["tool_completed"]
    assert at(found, "vigil_connections_opened_total") == facts.sockets.opened
    assert at(found, "vigil_session_duration_seconds") == pytest.approx(rows[-1].t / SECOND)


def test_a_scrape_reads_only_what_is_new_and_sees_it(tmp_path: Path) -> None:
    held = Writer(tmp_path / "live.vigil", {"session": "0123456789ab", "started": "2026-01-01T00:00:00Z"})
    with RecordingCollector(held.path) as collector:
        for number in range(1, 4):
            held.append(Row(2 * number - 1, number, "frame", dir="in", type="pong", text="{}"))
            held.append(Row(2 * number, number, "sample", type="ping", ms=10.0))
            held.flush(within=10)
            found = read(collector.text())
            assert at(found, "vigil_frames_total", direction="in") == at(found, "vigil_latency_seconds_count", series="ping") == number
    held.close()


def test_a_hostile_targets_words_are_values_of_labels_and_not_too_many(tmp_path: Path) -> None:
    held = Writer(tmp_path / "hostile.vigil", {"session": "0123456789ab", "started": "2026-01-01T00:00:00Z"})
    about = {"environment": HOSTILE, "build": HOSTILE}
    rows = [Row(0, 0, "target", text=json.dumps(about)), Row(0, 0, "sample", type=HOSTILE, ms=1.0)]
    rows += [Row(0, 0, "conn", conn=n, type="closed", text=json.dumps({"code": 4000 + n, "by": HOSTILE})) for n in range(300)]
    rows += [Row(0, 0, "run", run=f"r{n}", text=json.dumps({"state": f"{HOSTILE}{n}"})) for n in range(300)]
    for seq, row in enumerate(rows, 1):
        held.append(Row(seq, seq, *(getattr(row, name) for name in row.__struct_fields__[2:])))
    held.close()
    with RecordingCollector(held.path) as collector:
        text = collector.text()
    found = read(text)
    assert not {"\x1b", "\u202e"} & set(text) and text.count("\n# EOF") == 1
    for name in ("vigil_connections_closed_total", "vigil_agent_runs_total"):
        values = [value for (one, _), value in found.items() if one == name]
        assert len(values) == MOST + 1 and sum(values) == 300


def test_an_endpoint_answers_this_machine_by_its_own_name_alone(leak: Path) -> None:
    with exporting(None, "0") as exporter:
        exporter.begin(leak)
        assert exporter.address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(exporter.address) as answer:
            assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
            assert read(answer.read().decode()) == read(exporter.text())
        for address, name, status in ((exporter.address, "evil.example:80", 403), (exporter.address[:-1], None, 404)):
            asked = urllib.request.Request(address, headers={"Host": name} if name else {})
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(asked)
            assert refused.value.code == status
        with socket.socket() as taken, pytest.raises(ValueError, match="cannot be had"):
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            Exporter(None, taken.getsockname()[1])


@pytest.mark.parametrize("port", ["0.0.0.0:9100", "metrics.example:9100", "[::]:9", "x", "70000"])
def test_a_port_that_others_could_reach_is_refused_before_the_session(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert dispatch(parser().parse_args(["run", "--target", "rehearsal", "--checks", "ws-connect", "--metrics-port", port])) == 2
    assert f"--metrics-port {port}" in capsys.readouterr().err


def test_a_file_is_replaced_whole_and_holds_the_end_of_the_session(leak: Path, facts: Facts, tmp_path: Path) -> None:
    file = tmp_path / "new" / "vigil.prom"
    with exporting(str(file), None) as exporter:
        assert file.read_text() == "# EOF\n", "that it can be written is known before the session starts"
        with file.open() as held:
            exporter.begin(leak)
            exporter.close()
            assert held.read() == "# EOF\n", "who has the old one open reads it whole"
    assert file.read_text() == "".join(writer("openmetrics")(facts))
    assert [path.name for path in file.parent.iterdir()] == [file.name], "nothing half-written stays behind"


def test_without_the_library_it_is_said_what_to_install(
    leak: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tui_app.metrics.find_spec", lambda name: None)
    for command in (["report", str(leak), "--format", "openmetrics"], ["run", "--target", "rehearsal", "--metrics-file", "x.prom"]):
        asked: Namespace = parser().parse_args(command)
        assert dispatch(asked) == 2
        said = capsys.readouterr().err
        assert "vigil[metrics]" in said and "prometheus-client" in said and "http" not in said
    assert "prometheus_client" in sys.modules
