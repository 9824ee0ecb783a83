"""The README's figures: what parts of a bench measured stands side by side, and a part measured again takes its own place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.bench import measured


def document(users: int, ms: float, wrong: str = "") -> dict[str, Any]:
    one = {"ms_per_1000": ms, "rss_mb": 1.0, "ratio": {"websockets+uvloop": 2.0}, "wrong": wrong, "peak": 50}
    return {"found": {str(users): {"k6": one}}, "runs": {"k6": [1]}}


def test_parts_of_a_bench_are_one_table_and_each_keeps_its_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "FILE", tmp_path / "measured.json")
    measured.keep("bench_cost 5000", "python big", document(5000, 7.0))
    measured.keep("bench_cost", "python small", document(50, 3.0))
    measured.keep("bench_cost", "python small again", document(50, 4.0))
    measured.keep("bench_other", "python other", {"goals": {}})
    assert [(row[0], row[1], row[3]) for row in measured.cost()] == [("50", "k6", "4.0"), ("5,000", "k6", "7.0")]
    assert [row[2] for row in measured.cost()] == ["counts", "counts; at most 50 of them at once"]
    assert [command.split("`")[1] for command in measured.commands()] == ["python small again", "python big", "python other"]
    assert "runs" not in measured.load()["bench_cost"]["document"], "medians are kept, not single runs"


def test_who_did_not_do_the_work_has_no_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "FILE", tmp_path / "measured.json")
    measured.keep("bench_cost", "python some", document(50, 0.1, "counted 3 events, the server sent 100"))
    ((_, name, what, *figures),) = measured.cost()
    assert name == "k6" and "did not do all of the work: counted 3 events" in what and figures == ["-", "-", "-"]
