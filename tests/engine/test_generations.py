"""Whole sessions against each generation: the same checks pass, the same faults fail them, and the recording says what was seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.conftest import Home, serve
from tui_app.recording.reader import Reader

CHECKS = "ws-connect,sign-in-triangle,five-events,socket-survives,golden-path,recovery-cut,one-context,history-agrees,frames-accounted"


def welcomes(home: Home) -> list[dict[str, Any]]:
    with Reader(home.recording()) as reader:
        return [row.body for row in reader.rows() if row.kind == "conn" and row.type == "welcome"]


@pytest.mark.parametrize("generation", ["g1", "g3"])
def test_a_healthy_platform_of_another_generation_passes(home: Home, generation: str) -> None:
    ran = home.vigil("run", "--target", "rehearsal", "--generation", generation, "--users", "2", "--checks", CHECKS)
    assert ran.code == 0, ran.out + ran.err
    assert ran.result is not None
    assert {one["verdict"] for one in ran.result["checks"]} == {"PASS"}
    assert ran.result["target"]["generation"] == generation
    assert f"speaks {generation}" in ran.out
    assert {body["generation"] for body in welcomes(home)} == {generation}
    assert not [thing for thing in ran.result["footprint"]["left_behind"] if thing["thing"] != "user"]
    assert home.vigil("rejudge", str(home.recording())).result == ran.result


def test_a_fault_is_caught_in_another_generation_with_the_right_frames(home: Home) -> None:
    seeded = ("--target", "rehearsal", "--generation", "g3", "--fault", "drop-tool-completed")
    ran = home.vigil("run", *seeded, "--users", "2", "--checks", "five-events")
    assert ran.code == 1 and ran.word("five-events") == "FAIL", ran.out
    assert "no tool_completed" in ran.reason("five-events")
    (first, *_) = ran.findings("five-events")
    with Reader(home.recording()) as reader:
        rows = [reader.row(seq) for _, seq in first["evidence"]]
    assert all(row is not None and row.user in first["text"] for row in rows)


def test_a_handshakes_ids_are_used_by_the_first_message_and_tidied(home: Home) -> None:
    ran = home.vigil("run", "--target", "rehearsal", "--generation", "g3", "--users", "2", "--checks", "agent-answers")
    assert ran.code == 0, ran.out
    offers: dict[int, dict[str, Any]] = {}
    used = 0
    with Reader(home.recording()) as reader:
        for row in reader.rows():
            if row.kind != "frame":
                continue
            if row.dir == "in" and row.type == "handshake" and "handshake_response" in row.text:
                offers[row.conn] = json.loads(row.text)
            elif row.dir == "out" and row.type == "user_message" and row.conn in offers:
                offer, payload = offers.pop(row.conn), json.loads(row.text)["payload"]
                assert payload["run_id"] == offer["run_id"]
                used += payload["thread_id"] == offer["thread_id"]
    assert used == 2, "each user's first message of the check is in the thread that the handshake set aside"
    assert ran.result is not None
    threads = [thing["id"] for thing in ran.result["footprint"]["created"] if thing["thing"] == "thread"]
    assert len(threads) == 2 and not [thing for thing in ran.result["footprint"]["left_behind"] if thing["thing"] == "thread"]


def test_two_instances_and_jitter_disturb_nothing(home: Home, target: Callable[..., str]) -> None:
    process, urls = serve("--instances", "2", "--jitter-ms", "80", "--delay-scale", "0.05")
    try:
        ran = home.vigil("run", "--target", target(urls), "--users", "2", "--checks", CHECKS)
    finally:
        process.communicate(timeout=10)
    assert ran.code == 0, ran.out + ran.err


def test_only_its_own_rehearsal_is_told_what_to_play(home: Home, staging: dict[str, str], target: Callable[..., str]) -> None:
    ran = home.vigil("run", "--target", target(staging), "--generation", "g3")
    assert ran.code == 2 and "--target rehearsal" in ran.err
