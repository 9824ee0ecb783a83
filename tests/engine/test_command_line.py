"""The commands that others script against."""

from __future__ import annotations

import json
import subprocess

from tests.engine.conftest import Home

CHECK_KEYS = {
    "id", "phase", "suite", "title", "proves", "impact", "strategy", "answered_by", "effects", "needs", "exclusive", "catches",
    "measurable", "required", "criteria", "proven", "origin",
}  # fmt: skip


def test_the_catalogue_and_the_faults_point_at_each_other(home: Home) -> None:
    checks = json.loads(home.vigil("checks", "--json").out)
    faults = json.loads(home.vigil("faults", "--json").out)
    assert all(set(check) == CHECK_KEYS for check in checks)
    assert all(set(fault) == {"id", "behaviour", "caught_by", "probabilistic"} for fault in faults)
    assert len(faults) >= 75
    caught = {(check["id"], fault) for check in checks for fault in check["catches"]}
    claimed = {(check, fault["id"]) for fault in faults for check in fault["caught_by"]}
    assert caught == claimed, "what a check says it catches is what the fault says catches it"


def test_every_check_of_our_own_says_on_which_fault_it_was_seen_to_fail(home: Home) -> None:
    said = home.vigil("checks").out
    assert "unproven" not in said
    assert "misroute-event" in said


def test_without_a_terminal_a_bare_vigil_says_so_and_rehearses(home: Home) -> None:
    done = subprocess.run(home.command(), env=home.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=110, check=False)
    assert "no terminal" in done.stderr and "rehearsal" in done.stderr
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASS" in done.stdout
    (session,) = home.sessions()
    assert session["target"] == "rehearsal"


def test_sessions_of_nobody_are_an_empty_list_and_a_hint(home: Home) -> None:
    assert home.sessions() == []
    assert "no sessions yet" in home.vigil("sessions").out


def test_what_is_not_there_is_said(home: Home) -> None:
    for args in (["stop"], ["stop", "abc"], ["cleanup", "abc"], ["rejudge", "nothing.vigil"]):
        ran = home.vigil(*args)
        assert ran.code == 2
        assert ran.err.startswith("vigil: ") and ran.err.count("\n") == 1


def test_help_and_version_are_quick_and_load_nothing_heavy(home: Home) -> None:
    import sys

    code = "import sys; sys.argv = ['vigil', '--version']\ntry:\n import tui_app.cli as c; c.main()\nexcept SystemExit: pass\n"
    code += "print(sorted(m for m in ('textual', 'websockets', 'httpx', 'pydantic', 'plotext', 'msgspec') if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], env=home.env, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
