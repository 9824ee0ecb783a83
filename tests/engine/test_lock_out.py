"""A platform that locks everybody out after refused tokens in a row is validated without ever being brought to do so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

CHECKS = "token-matrix,good-after-bad,session-end,token-refresh,anonymous-doors,origin,test-header"


def test_no_session_of_bad_tokens_ever_locks_a_platform(
    home: Any, serve_process: Callable[..., Any], target: Callable[..., str], tmp_path: Path
) -> None:
    truth = tmp_path / "truth.jsonl"
    process, urls = serve_process("--lock-out", "2", "--delay-scale", "0", "--log", str(truth))
    try:
        ran = home.vigil("run", "--target", target(urls), "--users", "2", "--checks", CHECKS)
    finally:
        process.communicate(timeout=10)
    assert ran.result is not None, ran.err
    words = {check["id"]: check["verdict"] for check in ran.result["checks"]}
    assert {words[name] for name in CHECKS.split(",")} == {"PASS"}, words
    done = [json.loads(line)["what"] for line in truth.read_text().splitlines()]
    assert done.count("socket_refused") > 12
    assert "locked_out" not in done
