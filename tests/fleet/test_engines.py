"""Several engines are one session: one matrix, one verdict, exact totals, and users of an engine that is lost are never passed."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import Home, Ran
from tests.engine.served import Served
from tui_app.recording.reader import Reader
from tui_app.words import words

CHECKS = "isolation-frames,frames-accounted"
USERS = 8
"""The lead keeps five of them."""
NO_MORE_PROCESSES = """
import asyncio, errno, os, sys
if "_engine" in sys.orig_argv:
    async def refused(*command, **options):
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    asyncio.create_subprocess_exec = refused
"""


def run(home: Home, served: Served, *options: str, engines: int = 2) -> Ran:
    command = ("run", "--target", str(served.target), "--users", str(USERS), "--engines", str(engines), "--checks", CHECKS)
    return home.vigil(*command, *options)


def notes(served: Served) -> list[dict[str, Any]]:
    return [json.loads(line) for line in served.log.read_text().splitlines()]


def engine_rows(recording: Path, type: str) -> list[dict[str, Any]]:
    with Reader(recording) as reader:
        return [{**row.body, "row": row.seq} for row in reader.rows(kinds={"engine"}) if row.type == type]


def test_a_session_of_three_engines_has_one_matrix_and_exact_totals(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with Served(tmp_path, users=USERS) as served:
        ran = run(home, served, engines=3)
        told = Counter(note["what"] for note in notes(served))
    assert ran.result is not None and ran.word("isolation-frames") == ran.word("frames-accounted") == "PASS", ran.err
    pairs = {(cell["source"], cell["observer"]) for cell in ran.result["isolation"]["cells"]}
    assert len(pairs) == USERS * (USERS - 1), "each pair, also of users on different engines"
    assert all(cell["probes"] >= 10 and cell["state"] == "clean" for cell in ran.result["isolation"]["cells"])
    assert [(one["engine"], one["users"], one["state"]) for one in ran.result["engines"]] == [(2, "u6-u7", "ended"), (3, "u8", "ended")]
    assert ran.result["footprint"]["agent_runs"] == told["run_begin"]
    assert ran.result["footprint"]["connects"] == told["socket_open"]
    assert {thing["thing"] for thing in ran.result["footprint"]["left_behind"]} == {"user"}, "accounts are kept, nothing else is"
    shards = sorted(home.recording().parent.glob("*.shard"))
    assert len(shards) == 2
    received = 0
    for shard in (home.recording(), *shards):
        with Reader(shard) as reader:
            assert reader.finished()
            received += sum(row.dir == "in" for row in reader.rows(kinds={"frame"}))
    assert ran.result["frames"]["received"] == received == sum(ran.result["frames"]["classified"].values())
    again = home.vigil("rejudge", str(home.recording()))
    assert again.result is not None and again.word("isolation-frames") == "PASS", "the lead's recording alone tells it again"


def test_a_leak_between_users_of_two_engines_is_shown_with_both_frames(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with Served(tmp_path, "--fault", "broadcast-events", users=USERS) as served:
        ran = run(home, served)
    assert ran.word("isolation-frames") == "FAIL"
    recording = home.recording()
    witnesses = {row["row"]: row for row in engine_rows(recording, "witness")}
    across = [row for row in engine_rows(recording, "leak") if row["source"] in ("u1", "u2", "u3", "u4", "u5")]
    assert across and all(row["observer"] in ("u6", "u7", "u8") for row in across)
    seen, sent = (witnesses[seq] for seq in across[0]["rows"])
    assert (seen["engine"], seen["dir"], seen["user"]) == (2, "in", across[0]["observer"])
    assert (sent["engine"], sent["dir"], sent["user"]) == (1, "out", across[0]["source"])
    assert set(words(sent["text"])) & set(words(seen["text"])), "what was seen there was sent here"
    evidence = [seq for finding in ran.findings("isolation-frames") for _, seq in finding["evidence"]]
    assert set(across[0]["rows"]) <= set(evidence)


def test_users_of_an_engine_that_is_killed_are_not_passed_and_the_others_go_on(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with Served(tmp_path, users=USERS) as served:
        target = tmp_path / "out.json"
        command = (
            "run",
            "--target",
            str(served.target),
            "--users",
            str(USERS),
            "--engines",
            "2",
            "--checks",
            CHECKS,
            "--json",
            str(target),
        )
        process = home.start(*command)
        os.kill(joined(home)["pid"], signal.SIGKILL)
        _, err = process.communicate(timeout=60)
        result = json.loads(target.read_text())
        cleaned = home.vigil("cleanup", home.recording().stem)
    words = {check["id"]: (check["verdict"], check["reason"]) for check in result["checks"]}
    assert words["isolation-frames"][0] == words["frames-accounted"][0] == "INCONCLUSIVE", err
    assert "engine 2 was lost" in words["isolation-frames"][1] and "3 users (u6-u8)" in words["isolation-frames"][1]
    assert words["ws-connect"][0] == "PASS", "the lead's own checks went on"
    assert result["engines"][0]["state"] == "lost"
    assert process.returncode == 3
    left = [thing for thing in result["footprint"]["left_behind"] if "engine 2 was lost" in thing["reason"]]
    threads = {thing["id"] for thing in left if thing["thing"] == "thread"}
    assert threads and {thing["owner"] for thing in left} <= {"u6", "u7", "u8"}, "what it made is left behind, and told"
    assert all(f"thread {name} archived" in cleaned.out for name in threads), cleaned.out + cleaned.err


def test_an_engine_that_is_lost_before_it_joins_is_named_with_its_users_and_why(tmp_path: Path) -> None:
    home, recording = Home(tmp_path), tmp_path / "mine.vigil"
    (tmp_path / "mine.2.shard").mkdir()  # where the second engine would keep its frames
    with Served(tmp_path, users=USERS) as served:
        ran = run(home, served, "--record", str(recording))
    assert ran.code == 3 and ran.result is not None, ran.err
    (engine,) = ran.result["engines"]
    assert (engine["engine"], engine["users"], engine["state"], engine["rows"]) == (2, "u6-u8", "lost", 0)
    assert "mine.2.shard exists already" in engine["why"]
    for check in CHECKS.split(","):
        assert ran.word(check) == "INCONCLUSIVE"
        assert "engine 2 was lost" in ran.reason(check) and "3 users (u6-u8)" in ran.reason(check) and engine["why"] in ran.reason(check)
    assert ran.word("ws-connect") == "PASS", "the lead's own checks went on"


def test_where_engines_cannot_be_started_everything_is_blocked_and_says_why(tmp_path: Path) -> None:
    """The machine has no process left for the second engine."""
    home, broken = Home(tmp_path), tmp_path / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(NO_MORE_PROCESSES)
    home.env["PYTHONPATH"] = os.pathsep.join([str(broken), home.env.get("PYTHONPATH", "")])
    with Served(tmp_path, users=USERS) as served:
        ran = run(home, served)
    assert ran.code == 3 and ran.result is not None, ran.err
    for check in CHECKS.split(","):
        assert ran.word(check) == "BLOCKED", ran.reason(check)
        assert "engine 2 did not start: Resource temporarily unavailable" in ran.reason(check)


def joined(home: Home) -> dict[str, Any]:
    """What the second engine said when it joined, once its users are at work."""
    until = time.monotonic() + 40
    while time.monotonic() < until:
        try:
            recording = home.recording()
            with sqlite3.connect(f"file:{recording}?mode=ro", uri=True) as db:
                rows = db.execute("SELECT type, text FROM rows WHERE kind = 'engine'").fetchall()
        except (ValueError, sqlite3.Error):
            rows = []
        if any(type == "delta" and '"acts"' in text for type, text in rows):
            return next(json.loads(text) for type, text in rows if type == "join")
        time.sleep(0.05)
    pytest.fail("the second engine never set to work")
