"""The process: its one line, its end, its options."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import httpx
import pytest

from tui_app.rehearsal import serve as serve_here

ROOT = Path(__file__).resolve().parents[2]


def test_one_line_with_loopback_addresses_and_nothing_else(serve, capfd) -> None:
    staging = serve()
    assert set(staging.urls) == {"auth", "backend", "frontend", "websocket"}
    assert all(url.split("//")[1].startswith("127.0.0.1:") for url in staging.urls.values())
    assert len({url.split("//")[1].split("/")[0] for url in staging.urls.values()}) == 3
    assert staging.urls["websocket"] == staging.urls["backend"].replace("http", "ws") + "/ws"
    for name in ("auth", "backend", "frontend"):
        assert httpx.get(staging.urls[name] + "/health", verify=False, trust_env=False).status_code == 200
    assert staging.process.stdin is not None and staging.process.stdout is not None
    staging.process.stdin.close()
    assert staging.process.wait(10) == 0
    assert staging.process.stdout.read() == ""
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, None])
async def test_a_stop_is_clean_with_a_run_in_flight_and_leaves_nothing_behind(serve, tmp_path, monkeypatch, end) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    staging = serve("--delay-scale", "100")
    user = await staging.user()
    assert [path.name.startswith("vigil-rehearsal-") for path in tmp_path.iterdir()] == [True]
    async with staging.socket(user) as socket:
        await socket.send("user_message", {"content": "17*23"})
        await socket.until("agent_started")
        if end is None:
            staging.process.stdin.close()
        else:
            staging.process.send_signal(end)
        assert await asyncio.to_thread(staging.process.wait, 10) == 0
    assert list(tmp_path.iterdir()) == []


def test_being_terminated_while_starting_leaves_nothing_behind(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with subprocess.Popen([sys.executable, "-m", "tui_app.rehearsal"], stdout=subprocess.PIPE, cwd=ROOT) as process:
        # A folder: before it makes one, tempfile itself tries with a file whether it could.
        while process.poll() is None and not any(path.is_dir() for path in tmp_path.iterdir()):
            continue
        process.terminate()
        assert process.wait(10) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--generation", "g4"], "g4"),
        (["--jitter-ms", "-1"], "jitter-ms"),
        (["--fault", "no-such-fault"], "no-such-fault"),
        (["--access-seconds", "0"], "access-seconds"),
        (["--nonsense"], "nonsense"),
    ],
)
def test_wrong_usage_says_so_and_exits_with_2(capsys, argv, said) -> None:
    with pytest.raises(SystemExit) as ended:
        serve_here(argv)
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert said in printed.err and printed.out == ""


def test_a_data_directory_has_one_user_at_a_time(serve, tmp_path, capsys) -> None:
    serve("--data", str(tmp_path))
    assert serve_here(["--data", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert "another rehearsal" in printed.err and printed.out == ""


async def test_access_seconds_sets_the_lifetime(serve) -> None:
    staging = serve("--access-seconds", "77")
    user = await staging.user()
    answer = await staging.sign_in(user)
    assert answer.json()["expires_in"] == 77
    assert (await staging.http("auth", "GET", "/auth/config")).json()["access_token_seconds"] == 77


async def test_the_same_seed_and_address_give_the_same_data_and_another_seed_other_data(serve) -> None:
    email = f"{uuid.uuid4().hex}@example.test"
    answers = []
    for seed in ("3", "3", "4"):
        staging = serve("--seed", seed, "--delay-scale", "0")
        body = {"email": email, "password": "long enough"}
        access = (await staging.http("auth", "POST", "/auth/register", json=body)).json()["access_token"]
        async with staging.raw(additional_headers={"Authorization": f"Bearer {access}"}) as websocket:
            await websocket.send(json.dumps({"type": "chat", "content": "What is my total spend last month?"}))
            while True:
                frame = json.loads(await websocket.recv())
                if frame["type"] == "agent_completed":
                    answers.append(frame["data"]["result"])
                    break
    assert answers[0] == answers[1] != answers[2]


async def test_service_times_are_part_of_a_run_and_can_be_scaled_away(serve) -> None:
    measured = []
    for scale in ("1", "0"):
        staging = serve("--delay-scale", scale)
        user = await staging.user()
        async with staging.socket(user) as socket:
            await socket.send("user_message", {"content": "17*23"})
            frames = await socket.until("agent_completed")
            measured.append(frames[-1]["data"]["execution_time_ms"])
    assert measured[0] >= 100  # the least that the model draws: 30 + 40 + 30
    assert measured[1] < measured[0]


async def test_the_truth_log_tells_runs_without_secrets(serve, tmp_path) -> None:
    log = tmp_path / "truth.jsonl"
    staging = serve("--log", str(log), "--delay-scale", "0")
    user = await staging.user()
    thread = await staging.thread(user)
    async with staging.socket(user) as socket:
        run = (await socket.run("17*23", thread, "m-1"))[-1]["data"]["run_id"]
    staging.close()
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    told = [(row["what"], row["run_id"], row["request_id"]) for row in rows if row["what"].startswith("run_")]
    assert told == [("run_begin", run, "m-1"), ("run_end", run, "m-1")]
    assert rows[-1]["at"] <= time.time()
    for secret in (user.access, user.refresh, user.password):
        assert secret not in log.read_text()


def test_naming_the_faults_loads_no_server() -> None:
    code = "import sys, tui_app.rehearsal as r; r.list_faults(); sys.exit(any(m in sys.modules for m in ('uvicorn', 'starlette', 'jwt')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
