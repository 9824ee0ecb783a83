"""The strategy's 51 paths and 50 priority cases: each has its answer, and what is printed as an answer works."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from tui_app.checks import strategy
from tui_app.checks.catalogue import by_id, catalogue
from tui_app.checks.strategy_cases import CASES
from tui_app.checks.strategy_paths import PRIORITY_FILES, USES
from tui_app.cli import main, parser
from tui_app.commands import MODULES
from tui_app.engine.plan import select, with_needed
from tui_app.verdict.criteria import CRITERIA


def test_the_51_paths_are_all_answered() -> None:
    table = strategy.as_json(MODULES)
    assert (table["answered"], table["of"]) == (51, 51)
    for path in table["paths"]:
        assert path["checks"] or path["answered_by"] or path["reason"], path["path"]
        assert all(command["vigil"] or path["reason"] for command in path["commands"]), path["path"]


def test_no_check_names_a_path_that_the_strategy_does_not_have() -> None:
    for check in catalogue():
        assert check.strategy, check.id
        assert set(check.strategy) <= set(strategy.paths()), check.id


def test_every_path_and_every_criterion_is_reachable_from_the_list_of_checks() -> None:
    entries = strategy.entries()
    assert {path for entry in entries for path in entry["strategy"]} == set(strategy.paths())
    assert {name for entry in entries for name in entry["criteria"]} == {criterion.id for criterion in CRITERIA}
    assert len({entry["id"] for entry in entries}) == len(entries)


def test_what_no_check_answers_is_an_entry_of_its_own_that_nothing_requires() -> None:
    own = [entry for entry in strategy.entries() if entry["id"] not in by_id()]
    assert own
    for entry in own:
        assert entry["answered_by"] or not entry["measurable"], entry["id"]
        assert not entry["required"] and entry["catches"] == [], entry["id"]
    checks = [entry for entry in strategy.entries() if entry["id"] in by_id()]
    assert [entry["id"] for entry in checks] == [check.id for check in catalogue()]
    assert all(entry["answered_by"] is None and entry["measurable"] for entry in checks)


def test_a_command_that_this_build_has_is_printed_as_it_works() -> None:
    """Vigil's side of the table can be typed as it stands; what is not there yet says so."""
    said = strategy.as_text(MODULES)
    for use in USES:
        command = strategy.vigil_command(use)
        assert command, use.path
        if strategy.is_there(command, MODULES):
            parser().parse_args(shlex.split(re.sub(r"\$\([^)]*\)", "today", command))[1:])  # a shell puts the date in
            assert f"-> {command}\n" in said
        else:
            assert f"-> {command}   (not in this build yet)\n" in said


def test_the_fifty_cases_are_each_answered_by_checks_that_exist_or_by_a_reason() -> None:
    numbers = [*range(1, 26), *range(26, 36), *range(41, 56)]
    assert [case.number for case in CASES] == [f"{number:03}" for number in numbers]
    for case in CASES:
        assert bool(case.checks) != bool(case.reason), case.number
        assert set(case.checks) <= set(by_id()), case.number


@pytest.mark.parametrize("preset", PRIORITY_FILES)
def test_a_priority_preset_is_the_checks_of_its_cases_and_what_they_need(preset: str) -> None:
    wanted = {check for case in CASES if case.preset == preset for check in case.checks}
    assert {check.id for check in select(preset=preset)} == with_needed(wanted)
    assert {check.id for check in catalogue() if PRIORITY_FILES[preset] in check.strategy} == wanted


def test_the_table_is_printed_for_people_and_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["checks", "--strategy"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "51 of 51 paths answered" in said
    assert all(use.command in said for use in USES)
    with pytest.raises(SystemExit):
        main(["checks", "--strategy", "--json"])
    table = json.loads(capsys.readouterr().out)
    assert len(table["paths"]) == 51 and len(table["cases"]) == 50
