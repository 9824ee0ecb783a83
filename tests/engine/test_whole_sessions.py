"""Whole sessions, as `vigil run` runs them."""

from __future__ import annotations

import base64
import json
import re
import sqlite3
from collections.abc import Callable
from datetime import datetime
from typing import Any

import junitparser
import msgspec
import pytest

from tests.engine.conftest import Home, serve
from tui_app.checks.catalogue import by_id
from tui_app.engine.plan import Plan, footprint

KEYS = [
    "schema", "session", "parent", "target", "build", "started", "exit", "verdict", "checks", "criteria", "isolation", "latency", "frames",
    "footprint", "decision",
]  # fmt: skip


def rows(home: Home, sql: str, *params: object) -> list[tuple[object, ...]]:
    with sqlite3.connect(f"file:{home.recording()}?mode=ro", uri=True) as db:
        return db.execute(sql, params).fetchall()


def test_a_healthy_session_of_all_phases_passes_and_is_judged_the_same_again(home: Home) -> None:
    ran = home.vigil("run", "--target", "rehearsal")
    assert ran.code == 0, ran.out + ran.err
    assert ran.result is not None
    assert list(ran.result) == KEYS
    assert {one["phase"] for one in ran.result["checks"]} == {"1", "2", "3", "4"}
    assert {one["verdict"] for one in ran.result["checks"]} == {"PASS"}
    assert len(ran.result["criteria"]) == 16
    assert {one["verdict"] for one in ran.result["criteria"]} == {"PASS", "SKIPPED"}
    assert sum(ran.result["frames"]["classified"].values()) == ran.result["frames"]["received"] > 0
    assert not [thing for thing in ran.result["footprint"]["left_behind"] if thing["thing"] != "user"]
    assert "PASS" in ran.out and "T4" in ran.out

    again = home.vigil("rejudge", str(home.recording()))
    assert again.result == ran.result
    done_is_what_was_announced(home, ran.result)
    said = rows(home, "SELECT kind, \"check\", type, text FROM rows WHERE kind IN ('verdict', 'finding', 'criterion') ORDER BY seq")
    assert len(said) > 22
    answers_are_found_in_the_logs(home)


def answers_are_found_in_the_logs(home: Home) -> None:
    """Each answer under the id that its server gave it, at the moment (UTC) that its own clock showed."""
    where = "FROM rows WHERE (kind = 'http' AND dir = 'in' AND type != '0') OR (kind = 'conn' AND type IN ('open', 'refused'))"
    answers = [msgspec.json.decode(str(text)) for (text,) in rows(home, f"SELECT text {where}")]
    of_their_own = [
        answer for answer in answers if answer.get("by") != "network" and answer.get("kind") != "welcome"
    ]  # that one was opened
    ids = [answer.get("headers", {}).get("x-request-id") for answer in of_their_own]
    assert len(ids) > 30 and None not in ids and len(set(ids)) == len(ids)
    ((started,),) = rows(home, "SELECT value FROM header WHERE key = 'started'")
    ((t, text),) = rows(home, "SELECT t, text FROM rows WHERE kind = 'clock' AND type = 'wall'")
    assert datetime.fromisoformat(str(started)).timestamp() + int(str(t)) / 1e9 == pytest.approx(json.loads(str(text))["wall"], abs=0.1)


def done_is_what_was_announced(home: Home, result: dict[str, Any]) -> None:
    ((text,),) = rows(home, "SELECT value FROM header WHERE key = 'plan'")
    plan = msgspec.json.decode(str(text), type=Plan)
    announced = footprint(plan, [by_id()[name] for name in plan.checks])
    things = [thing["thing"] for thing in result["footprint"]["created"]]
    steps = [json.loads(str(text)) for (text,) in rows(home, "SELECT text FROM rows WHERE kind = 'step' AND type = 'begin'")]
    written = rows(home, "SELECT 1 FROM rows WHERE kind = 'http' AND dir = 'out' AND type = 'POST' AND text LIKE '%/messages%'")
    assert 0 < result["footprint"]["agent_runs"] <= announced["agent_runs"]
    assert 0 < result["footprint"]["connects"] <= announced["connects"]
    assert 0 < things.count("thread") <= announced["creates"]["threads"]
    assert 0 < things.count("user") <= announced["creates"]["users"]
    assert 0 < sum(step["intent"] == "bad-token" for step in steps) <= announced["bad_tokens"]
    assert (
        0
        < len(written) - sum(step["intent"] == "attempt" and step["action"] == "write" for step in steps)
        <= announced["creates"]["messages"]
    )
    assert set(things) == {"thread", "user"}, "nothing else is made"


@pytest.mark.parametrize(
    ("fault", "check", "witness"),
    [
        ("drop-tool-completed", "five-events", "no tool_completed"),
        ("misroute-event", "isolation-frames", "saw"),
        ("accept-expired", "token-matrix", "expired"),
    ],
)
def test_each_seeded_fault_fails_its_check_with_the_right_frames(home: Home, fault: str, check: str, witness: str) -> None:
    ran = home.vigil("run", "--target", "rehearsal", "--fault", fault, "--checks", check)
    assert ran.code == 1, ran.out + ran.err
    assert ran.word(check) == "FAIL"
    grave = [finding for finding in ran.findings(check) if finding["severity"] in ("critical", "major")]
    assert witness in grave[0]["text"]
    engine, seq = grave[0]["evidence"][0]
    (shown,) = rows(home, "SELECT kind, dir, user, type, text FROM rows WHERE seq = ?", seq)
    assert engine == 1
    if fault == "misroute-event":
        # The witness is a frame on somebody else's socket that carries another user's run.
        kind, direction, user, _, text = shown
        assert (kind, direction) == ("frame", "in")
        run = json.loads(str(text))["data"]["run_id"]
        (owner,) = rows(home, "SELECT user FROM rows WHERE kind = 'run' AND run = ? LIMIT 1", run)
        assert owner[0] != user
        assert grave[0]["text"].startswith(str(user))
    elif fault == "accept-expired":
        accepted = [rows(home, "SELECT kind, type FROM rows WHERE seq = ?", one[1])[0] for one in grave[0]["evidence"]]
        assert ("http", "200") in accepted or ("conn", "welcome") in accepted
    else:
        assert shown[0] == "frame" or shown[0] == "step"


def test_no_secret_that_was_in_play_is_in_recording_result_or_output(
    home: Home, staging: dict[str, str], target: Callable[..., str]
) -> None:
    ran = home.vigil("run", "--target", target(staging), "--users", "2", "--checks", "token-matrix,sign-in-triangle,message-persisted")
    assert ran.code in (0, 3), ran.out + ran.err
    accounts = json.loads((home.folder / "state" / "vigil" / "accounts" / "accounts.json").read_text())
    passwords = [account["password"] for one in accounts["targets"].values() for account in one]
    assert len(passwords) == 2
    everything = home.recording().read_bytes() + json.dumps(ran.result).encode() + ran.out.encode() + ran.err.encode()
    for password in passwords:
        assert password.encode() not in everything
        assert base64.b64encode(password.encode()) not in everything
    assert not re.search(rb"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}", everything), "a token"
    assert not re.search(rb"ZXlK[A-Za-z0-9_-]{40,}", everything), "a token in base64"
    assert "⟨secret:".encode() in everything


def test_accounts_are_registered_once_and_reused(home: Home, staging: dict[str, str], target: Callable[..., str]) -> None:
    file = target(staging)
    first = home.vigil("run", "--target", file, "--users", "2", "--checks", "sign-in")
    second = home.vigil("run", "--target", file, "--users", "2", "--checks", "sign-in")
    assert first.code == second.code == 0
    assert first.result is not None and second.result is not None
    assert [thing["thing"] for thing in first.result["footprint"]["created"]].count("user") == 2
    assert not [thing for thing in second.result["footprint"]["created"] if thing["thing"] == "user"]


def test_a_target_that_forgot_an_account_gets_a_new_one(home: Home, target: Callable[..., str]) -> None:
    process, urls = serve("--delay-scale", "0")
    try:
        file = target(urls)
        assert home.vigil("run", "--target", file, "--users", "1", "--checks", "sign-in").code == 0
        accounts = home.folder / "state" / "vigil" / "accounts" / "accounts.json"
        kept = json.loads(accounts.read_text())
        (origin,) = kept["targets"]
        kept["targets"][origin][0]["email"] = "vigil-gone@vigil.example"
        accounts.write_text(json.dumps(kept))
        again = home.vigil("run", "--target", file, "--users", "1", "--checks", "sign-in")
        # It is said, and it is no failure of the target: a new account takes the place of the forgotten one.
        assert again.result is not None
        assert [thing["thing"] for thing in again.result["footprint"]["created"]] == ["user"]
    finally:
        process.communicate(timeout=10)


def test_what_is_needed_is_planned_along(home: Home, staging: dict[str, str], target: Callable[..., str]) -> None:
    ran = home.vigil("run", "--target", target(staging), "--users", "1", "--checks", "history-agrees")
    assert ran.result is not None
    assert [one["id"] for one in ran.result["checks"]] == ["ws-connect", "sign-in", "history-agrees"]


def test_dry_run_says_what_it_would_do_and_does_nothing(home: Home, staging: dict[str, str], target: Callable[..., str]) -> None:
    ran = home.vigil("run", "--target", target(staging), "--dry-run")
    assert ran.code == 0
    for word in ("agent runs", "connections", "creates", "bad tokens", "takes"):
        assert word in ran.out
    assert not (home.folder / "state" / "vigil" / "sessions").exists() or not home.sessions()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--target", "nowhere.toml"], "no such file"),
        (["--target", "staging"], "fill in"),
        (["--checks", "five-event"], "did you mean five-events"),
        (["--phases", "9"], "no phase or suite"),
        (["--preset", "huge"], "no preset"),
        (["--target", "rehearsal", "--consent", "everything"], "--consent"),
    ],
)
def test_wrong_usage_is_one_clear_message_and_exit_2(home: Home, args: list[str], says: str) -> None:
    ran = home.vigil("run", *args)
    assert ran.code == 2
    assert says in ran.err


def test_few_sockets_are_enough_for_whoever_asks_one_after_the_other(
    home: Home, staging: dict[str, str], target: Callable[..., str]
) -> None:
    """With a limit of two sockets nothing waits for ever: an idle one gives way."""
    file = target(staging, more=["[limits]", "sockets = 2"])
    ran = home.vigil("run", "--target", file, "--users", "2", "--checks", "socket-survives,history-agrees,recovery-cut")
    assert ran.code == 0, ran.out + ran.err


def test_the_budget_of_agent_runs_is_kept_and_what_it_stops_reads_blocked(
    home: Home, staging: dict[str, str], target: Callable[..., str]
) -> None:
    file = target(staging, more=["[limits]", "agent_runs = 12"])
    ran = home.vigil("run", "--target", file, "--users", "2", "--checks", "five-events,isolation-frames", "--no-parallel")
    assert ran.code == 3, ran.out + ran.err
    assert ran.result is not None and ran.result["footprint"]["agent_runs"] == 12
    assert ran.word("five-events") == "PASS"
    assert ran.word("isolation-frames") == "BLOCKED"
    assert "budget of 12 agent runs" in ran.reason("isolation-frames")


def test_what_failed_is_run_again_on_the_same_target_with_the_same_fault(home: Home) -> None:
    first = home.vigil("run", "--fault", "accept-expired", "--users", "2", "--checks", "token-matrix")
    assert first.code == 1 and first.result is not None
    home.env["VIGIL_KEEP_SESSIONS"] = "0"
    again = home.vigil("run", "--failed", first.result["session"][:6], "--junit", str(home.folder / "made" / "here" / "j.xml"))
    assert again.code == 1, again.out + again.err
    assert again.result is not None
    assert again.result["parent"] == first.result["session"]
    assert again.result["target"]["faults"] == ["accept-expired"]
    assert "accept-expired" in again.err and "accept-expired" in again.out
    assert again.word("token-matrix") == "FAIL"
    xml = junitparser.JUnitXml.fromfile(str(home.folder / "made" / "here" / "j.xml"))
    failed = [case.name for suite in xml for case in suite if any(isinstance(one, junitparser.Failure) for one in case.result)]
    assert "token-matrix" in failed and again.result["session"] in xml.name
    rerun, parent = home.sessions()
    assert (rerun["parent"], parent["session"]) == (first.result["session"],) * 2, "what is being rerun stays, whatever the limit"


def test_a_part_of_a_plan_may_pass_and_decides_nothing(home: Home, staging: dict[str, str], target: Callable[..., str]) -> None:
    ran = home.vigil("run", "--target", target(staging), "--users", "1", "--checks", "health-services")
    assert ran.code == 0 and ran.result is not None
    assert ran.result["verdict"] == "PASS"
    assert ran.result["decision"]["staging"] == "inconclusive"
