"""Checks from outside: a package's and a file's join the catalogue, are held to what they declare, and what breaks is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tui_app.checks import outside, proof
from tui_app.checks.catalogue import own
from tui_app.checks.suites import SUITES

ROOT = Path(__file__).parents[2]

# [worked example] what a team puts into its configuration folder, as checks/house.py
HOUSE = """
from tui_app.checks.api import Case, Check, Context, Finding, Judgement

async def drive(ctx: Context) -> None:
    for user in ctx.users:
        async with ctx.step("read-threads", user=user):
            await ctx.http("backend", "GET", "/api/threads", user=user)

def judge(case: Case) -> Judgement:
    answers = [row for step in case.steps("read-threads") for row, _ in step.answers()]
    late = [Finding("major", f"the list of threads took {row.ms:.0f} ms", (row.seq,)) for row in answers if (row.ms or 0) > 1000]
    if late or not answers:
        return Judgement("FAIL" if late else "INCONCLUSIVE", f"{len(late)} of {len(answers)} lists took over 1 s", tuple(late))
    shown = Finding("info", "the answers", tuple(row.seq for row in answers))
    return Judgement("PASS", f"{len(answers)} lists of threads within 1 s", (shown,))

CHECKS = (Check(
    id="house-threads", suite="3.2", title="Lists of threads come within a second", proves="Each user's list comes within 1 s.",
    impact="If this fails, customers wait for their own history.", strategy=(), effects=frozenset({"read"}), needs=("sign-in",),
    catches=("slow-lists",), drive=drive, judge=judge,
),)
"""
# [end]

PACKAGE = """
from tui_app.checks.api import Check, Judgement

print("noise on import")

async def writes(ctx):
    await ctx.thread(ctx.users[0])

async def poses(ctx):
    await ctx.http("backend", "GET", "/api/threads", headers={"Authorization": "Bearer somebody"})

async def cuts(ctx):
    async with ctx.link(ctx.users[0]) as link:
        await link.fault("rst")

async def nothing(ctx):
    await ctx.http("backend", "GET", "/health")

def passes(case):
    return Judgement("PASS", "it says")

def breaks(case):
    return 1 / 0

def of(id, drive, judge, **more):
    facts = dict(suite="1.1", title="t", proves="p", impact="i", strategy=(), effects={"read"}, needs=("sign-in",))
    return Check(id=id, drive=drive, judge=judge, **{**facts, **more})

class Ours:
    CHECKS = [
        of("acme-writes", writes, passes), of("acme-breaks", nothing, breaks), of("acme-poses", poses, passes),
        of("acme-cuts", cuts, passes), of("sign-in", nothing, passes),
        of("acme-lost", nothing, passes, needs=("acme-nowhere",)), of("acme-last", nothing, passes, needs=("acme-lost",)),
        of("acme-suite", nothing, passes, suite="9.9"), of("house-threads", nothing, passes), "no check at all",
    ]
"""


def write_file(config: Path, text: str, name: str = "house.py") -> Path:
    place = config / "vigil" / "checks"
    place.mkdir(parents=True, exist_ok=True)
    for folder in (place, place.parent):
        folder.chmod(0o755)
    path = place / name
    path.write_text(text)
    path.chmod(0o644)
    return path


def write_package(site: Path) -> None:
    """An installed package, as pip leaves it: the module and its metadata."""
    about = site / "acme_checks-1.2.dist-info"
    about.mkdir(parents=True)
    (site / "acme_checks.py").write_text(PACKAGE)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-checks\nVersion: 1.2\n")
    (about / "entry_points.txt").write_text("[vigil.checks]\nall = acme_checks:Ours\n")


class Team:
    """A machine with checks of its team's own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.config, self.site = folder, folder / "config", folder / "site"
        (folder / "run").mkdir(mode=0o700)
        self.env = {
            **os.environ, "XDG_STATE_HOME": str(folder / "state"), "XDG_RUNTIME_DIR": str(folder / "run"),
            "XDG_CONFIG_HOME": str(self.config), "PYTHONPATH": f"{ROOT}{os.pathsep}{self.site}",
        }  # fmt: skip

    def vigil(self, *args: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tui_app", *args]
        return subprocess.run(command, env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=110, check=False)

    def checks(self, *args: str) -> dict[str, dict[str, Any]]:
        out = self.folder / "out.json"
        done = self.vigil(*args, "--json", str(out))
        assert out.exists(), done.stderr
        return {check["id"]: check for check in json.loads(out.read_text())["checks"]}


def test_both_kinds_run_beside_vigils_own_and_are_held_to_their_effects(tmp_path: Path) -> None:
    team = Team(tmp_path)
    write_file(team.config, HOUSE)
    write_package(team.site)
    recording = tmp_path / "one.vigil"
    found = team.checks(
        "run", "--checks", "house-threads,acme-writes,acme-breaks,acme-poses,acme-cuts", "--users", "2", "--record", str(recording)
    )
    assert set(found) == {"sign-in", "house-threads", "acme-writes", "acme-breaks", "acme-poses", "acme-cuts"}
    # Packages come first, so the package's house-threads is the one that the file's clashes with.
    house = found["house-threads"]
    assert (house["origin"], house["proven"]) == ("package:acme-checks", False)
    assert found["sign-in"]["origin"] == "vigil"
    assert found["acme-writes"]["verdict"] == "INCONCLUSIVE"
    assert "it declares read and would send POST /api/threads" in found["acme-writes"]["reason"]
    assert "its effects must name negative" in found["acme-poses"]["reason"]
    assert "would break a connection: its effects must name fault" in found["acme-cuts"]["reason"]
    assert found["acme-breaks"]["verdict"] == "INCONCLUSIVE" and "ZeroDivisionError" in found["acme-breaks"]["reason"]
    assert house["verdict"] == "INCONCLUSIVE" and "no row shows it" in house["reason"], "a PASS without evidence is none, whoever says it"

    again = team.checks("rejudge", str(recording))
    assert {name: (one["verdict"], one["reason"], one["origin"]) for name, one in again.items()} == {
        name: (one["verdict"], one["reason"], one["origin"]) for name, one in found.items()
    }
    team.env["PYTHONPATH"] = str(ROOT)
    (team.config / "vigil" / "checks" / "house.py").unlink()
    without = team.checks("rejudge", str(recording))
    assert without["acme-breaks"]["verdict"] == "INCONCLUSIVE"
    assert without["acme-breaks"]["reason"].startswith("not re-judged, this check is not installed here; recorded: the check itself broke")
    assert without["sign-in"] == found["sign-in"]


def test_the_worked_example_runs_and_its_recorded_word_stands_where_it_is_not_installed(tmp_path: Path) -> None:
    team = Team(tmp_path)
    path = write_file(team.config, HOUSE)
    recording = tmp_path / "one.vigil"
    found = team.checks("run", "--checks", "house-threads", "--users", "2", "--record", str(recording))["house-threads"]
    assert (found["verdict"], found["reason"], found["origin"]) == ("PASS", "2 lists of threads within 1 s", "file:house.py")
    path.unlink()
    done = team.vigil("rejudge", str(recording), "--json", str(tmp_path / "again.json"))
    again = {one["id"]: one for one in json.loads((tmp_path / "again.json").read_text())["checks"]}["house-threads"]
    assert "house-threads is not here: not re-judged" in done.stderr
    assert (again["verdict"], again["origin"]) == ("PASS", "file:house.py") and again["findings"] == found["findings"]


def test_what_is_left_out_is_told_with_its_reason(tmp_path: Path) -> None:
    team = Team(tmp_path)
    write_file(team.config, HOUSE)
    write_file(team.config, "import nowhere_to_be_found\n", "a_broken.py")
    write_file(team.config, "raise SystemExit(3)\n", "b_exits.py")
    write_file(team.config, "CHECKS = ()\n", "c_empty.py")
    write_package(team.site)
    done = team.vigil("checks", "--json")
    assert done.returncode == 0
    told = done.stderr.splitlines()
    for source, why in (
        ("a_broken.py", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("b_exits.py", "SystemExit: 3"),
        ("c_empty.py", "its CHECKS is empty"),
        ("file:house.py: 'house-threads'", "package:acme-checks has a check of this id"),
        ("package:acme-checks: 'sign-in'", "Vigil has a check of this id"),
        ("package:acme-checks: 'acme-lost'", "it needs acme-nowhere"),
        ("package:acme-checks: 'acme-last'", "it needs acme-lost"),
        ("package:acme-checks: 'acme-suite'", "there is no suite '9.9'"),
        ("package:acme-checks", "its CHECKS holds a str"),
    ):
        assert any(line.startswith("vigil: left out: ") and source in line and why in line for line in told), (source, why, told)
    assert len(told) == 9
    listed = {check["id"]: check for check in json.loads(done.stdout)}
    assert {name for name, check in listed.items() if check["origin"] != "vigil"} == {
        "acme-writes",
        "acme-breaks",
        "acme-cuts",
        "acme-poses",
        "house-threads",
    }
    suites = [check["suite"] for check in listed.values() if not check["answered_by"] and check["measurable"]]
    assert suites == sorted(suites), "they stand in their suites"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def load() -> outside.Outside:
    return outside.load({check.id: check for check in own()}, SUITES)


def test_a_file_that_others_may_write_is_not_run(config: Path) -> None:
    path = write_file(config, HOUSE)
    assert [check.id for check in load().checks] == ["house-threads"]
    path.chmod(0o664)
    (refused,) = load().refused
    assert load().checks == () and "others may write to the file" in refused.why and "chmod go-w" in refused.why
    path.chmod(0o644)
    path.parent.chmod(0o777)
    (refused,) = load().refused
    assert load().checks == () and "others may write to the folder" in refused.why


def test_proven_is_what_a_self_test_has_seen_and_nothing_less(config: Path) -> None:
    from tui_app.checks import catalogue

    def proven() -> bool:
        catalogue.forget()
        return catalogue.proven(catalogue.by_id()["house-threads"])

    def seen(caught: bool, check: str, fault: str) -> None:
        runs = [{"seed": 1, "caught": caught, "check": check, "word": "FAIL", "witness": "", "seconds": 1.0}]
        faults = [{"id": fault, "behaviour": "b", "probabilistic": False, "caught_by": [check], "runs": runs, "caught": caught}]
        proof.local_path().parent.mkdir(parents=True, exist_ok=True)
        proof.local_path().write_text(json.dumps({"schema": proof.SCHEMA, "faults": faults}))

    write_file(config, HOUSE)
    try:
        assert not proven()
        for case in ((False, "house-threads", "slow-lists"), (True, "another", "slow-lists"), (True, "house-threads", "other-fault")):
            seen(*case)
            assert not proven(), case
        seen(True, "house-threads", "slow-lists")
        assert proven()
        proof.local_path().write_text("{not json")
        assert not proven()
    finally:
        catalogue.forget()
