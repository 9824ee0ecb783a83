"""Every way to sign in, through what stands before a real staging; and what becomes of a session that loses its credentials."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tui_app.attend import attend, hand_over
from tui_app.engine.client import Control
from tui_app.engine.plan import select
from tui_app.order import make_plan, secrets_for
from tui_app.recording import sessions
from tui_app.recording.errors import RecordingError
from tui_app.recording.fold import Fold
from tui_app.recording.reader import Reader
from tui_app.target.profile import load

KEY = "a-key-for-these-tests-alone"
GATE = "what-the-gateway-wants-to-see"
E2E = '[credentials]\nmode = "e2e"\nkey_env = "E2E_KEY"\nusers = 2'


class Gateway:
    """A forward proxy that keeps the head of every request, those of WebSocket upgrades inside a tunnel as well."""

    def __init__(self) -> None:
        self.heads: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            if head.startswith("CONNECT "):
                where = head.split()[1]
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
            else:
                where = re.findall(r"http://([^/]+)", head)[0]
                head = head.replace(f"http://{where}", "", 1).replace("\r\n", "\r\nConnection: close\r\n", 1)
            self.heads.append(head)
            there, back = await asyncio.open_connection(*where.rsplit(":", 1))
            back.write(head.encode())
            await asyncio.gather(self._pump(reader, back), self._pump(there, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()


@pytest.fixture
async def gateway() -> AsyncIterator[tuple[Gateway, str]]:
    made = Gateway()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    yield made, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


@pytest.fixture(scope="module")
def doors(serve_process: Any) -> Iterator[dict[str, str]]:
    """A rehearsal with an e2e sign-in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("E2E_KEY", KEY)
        process, urls = serve_process("--e2e-key-env", "E2E_KEY", "--delay-scale", "0.2")
    yield urls
    process.communicate(timeout=10)


async def test_the_e2e_key_opens_one_door_and_is_shown_at_no_other(
    home: Any, target: Any, doors: dict[str, str], gateway: tuple[Gateway, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, address = gateway
    home.env |= {"E2E_KEY": KEY, "GATE": GATE}
    more = [E2E, '[headers]\nX-Gate = "env:GATE"', f'[network]\nproxy = "{address}"']
    ran = await asyncio.to_thread(home.vigil, "run", "--target", target(doors, more=more), "--checks", "sign-in-triangle")
    assert ran.code == 0, ran.err
    assert ran.word("sign-in") == ran.word("sign-in-triangle") == "PASS"
    shown = [head for head in seen.heads if "e2e-bypass" in head.lower()]
    assert len(shown) == 2 and all(head.startswith("POST /auth/e2e/test-auth ") and KEY in head for head in shown)
    assert any(head.startswith("GET /ws ") for head in seen.heads) and len(seen.heads) > 10
    assert all(f"x-gate: {GATE}" in head.lower() for head in seen.heads)  # the gateway lets nothing else through
    recorded = home.recording().read_bytes()
    assert KEY.encode() not in recorded and GATE.encode() not in recorded


def test_a_key_that_is_refused_blocks_and_nothing_stands_in_for_it(home: Any, target: Any, doors: dict[str, str]) -> None:
    home.env["E2E_KEY"] = "another"
    ran = home.vigil("run", "--target", target(doors, more=[E2E]), "--checks", "sign-in-triangle,health-services")
    assert ran.code == 3
    assert ran.word("health-services") == "PASS"
    for check in ("sign-in", "sign-in-triangle"):
        assert ran.word(check) == "BLOCKED" and "refuses the key of the e2e sign-in (401)" in ran.reason(check)
    asked = [row.body["path"] for row in _rows(home) if row.kind == "http" and row.dir == "out" and row.body["service"] == "auth"]
    assert asked.count("/auth/e2e/test-auth") == 1, "a key that is refused is not shown again"
    assert "/auth/register" not in asked and "/auth/login" not in asked


async def test_a_key_that_is_not_set_is_known_before_and_blocks_as_well(
    target: Any, doors: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("E2E_KEY", raising=False)
    profile = load(target(doors, more=[E2E]))
    secrets = await secrets_for(profile, make_plan(profile, select(checks="sign-in")))
    assert "the variable E2E_KEY is not set" in secrets.blocked and not secrets.accounts


def test_ready_made_tokens_are_asked_about_and_one_that_has_ended_blocks(home: Any, target: Any, staging: dict[str, str]) -> None:
    def register(name: str, **extra: Any) -> str:
        body = {"email": f"{name}-{time.time_ns()}@example.test", "password": "long enough", **extra}
        return str(httpx.post(staging["auth"] + "/auth/register", json=body, trust_env=False).json()["access_token"])

    good, short = register("a"), register("b", lifetime_s=1)
    home.env["TOKENS"] = f"{good} {register('c')}"
    more = ['[credentials]\ntokens_env = "TOKENS"\nusers = 2']
    ran = home.vigil("run", "--target", target(staging, more=more), "--checks", "sign-in-triangle")
    assert ran.code == 0 and "warning" not in ran.err
    home.env["TOKENS"] = f"{good} {short}"
    time.sleep(1.2)  # until the second token has ended by the clock that both sides share
    ran = home.vigil("run", "--target", target(staging, more=more), "--checks", "sign-in")
    assert ran.code == 3 and ran.word("sign-in") == "BLOCKED" and "the token of u2 ended" in ran.reason("sign-in")
    assert "warning: the token of u2 ended" in ran.err
    plan = json.loads(_header(home)["plan"])
    assert plan["notes"] == [line.removeprefix("warning: ") for line in ran.err.splitlines() if line.startswith("warning")]
    dry = home.vigil("run", "--target", target(staging, more=more), "--checks", "sign-in-triangle", "--dry-run")
    assert dry.code == 0 and "the token of u2 ended" in dry.err


def test_two_accounts_that_are_one_identity_are_the_operators_to_mend(home: Any, target: Any, one_door: str, tmp_path: Path) -> None:
    (tmp_path / "people.json").write_text(json.dumps([{"email": f"same@{name}.example", "password": "x"} for name in "ab"]))
    (tmp_path / "people.json").chmod(0o600)
    urls = {"backend": one_door, "auth": one_door}
    path = target(urls, more=['[credentials]\nmode = "login"\naccounts = "people.json"\nusers = 2'])
    ran = home.vigil("run", "--target", path, "--checks", "sign-in")
    assert ran.word("sign-in") == "BLOCKED" and 'both accounts begin with "same@"' in ran.reason("sign-in")


@pytest.fixture
def one_door() -> Iterator[str]:
    """An auth service for which the part before the @ is the identity, as a process of its own."""
    code = (
        "import base64, http.server, json\n"
        "def b(x): return base64.urlsafe_b64encode(json.dumps(x).encode()).rstrip(b'=').decode()\n"
        "class H(http.server.BaseHTTPRequestHandler):\n"
        "    def do_POST(self):\n"
        "        body = json.loads(self.rfile.read(int(self.headers['Content-Length'])))\n"
        "        sub = body.get('email', '').partition('@')[0]\n"
        "        self.answer({'access_token': f\"{b({'alg': 'HS256'})}.{b({'sub': sub})}.c2lnbmF0dXJl\"})\n"
        "    def do_GET(self): self.answer({'environment': 'rehearsal'})\n"
        "    def answer(self, value):\n"
        "        raw = json.dumps(value).encode()\n"
        "        self.send_response(200); self.send_header('Content-Length', str(len(raw))); self.end_headers(); self.wfile.write(raw)\n"
        "    def log_message(self, *a): pass\n"
        "s = http.server.ThreadingHTTPServer(('127.0.0.1', 0), H)\n"
        "print(s.server_address[1], flush=True); s.serve_forever()\n"
    )
    process = subprocess.Popen(["python3", "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    process.kill()
    process.communicate()


class Lockable:
    """A rehearsal whose accounts can be locked: for a while nobody of them is known, neither by password nor by refresh token."""

    def __init__(self, serve_process: Any, data: Path, *options: str) -> None:
        self.process, self.urls = serve_process("--data", str(data), *options)
        self._file = data / "postgresql.sqlite3"

    def lock(self) -> None:
        self._sql("UPDATE users SET id = 'locked-' || id, email = 'locked-' || email")

    def unlock(self) -> None:
        self._sql("UPDATE users SET id = substr(id, 8), email = substr(email, 8)")

    def _sql(self, statement: str) -> None:
        with contextlib.closing(sqlite3.connect(self._file, timeout=10)) as db, db:
            db.execute(statement)


@pytest.fixture
def lockable(serve_process: Any, tmp_path: Path) -> Iterator[Lockable]:
    made = Lockable(serve_process, tmp_path / "data", "--access-seconds", "4", "--delay-scale", "0.5")
    yield made
    made.process.communicate(timeout=10)


async def _until(home: Any, ready: Callable[[Any], bool]) -> Any:
    """The session's state once it is as asked for."""
    async with asyncio.timeout(60):
        while (reader := _begun(home)) is None:  # noqa: ASYNC110  it is another process that begins it
            await asyncio.sleep(0.05)
        with reader:
            fold = Fold(reader.header)
            while not ready(fold.state):
                if not fold.catch_up(reader):
                    await asyncio.sleep(0.05)
            return fold.state


def _begun(home: Any) -> Reader | None:
    try:
        return Reader(home.recording())
    except (RecordingError, ValueError):
        return None


async def test_credentials_lost_in_mid_session_pause_it_and_whoever_signs_in_lets_it_go_on(
    home: Any, target: Any, lockable: Lockable, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, home.env[name])
    out = home.folder / "lost.json"
    path = target(lockable.urls, more=["[credentials]\nusers = 2"])
    running = home.start("run", "--target", path, "--checks", "sign-in-triangle,five-events", "--json", str(out))
    await _until(home, lambda state: state.runs_total >= 1)
    lockable.lock()
    waiting = await _until(home, lambda state: len(state.needs) == 2)
    assert waiting.held and "Attach and sign in" in waiting.asks
    entry = sessions.find(None)
    assert entry.control is not None
    control = await Control.connect(entry.control)
    said: list[str] = []
    # Still locked: the password is refused, the session goes on waiting, and nothing about it is in the recording.
    assert not await attend(control, "register", lambda question: "wrong password" if "Password" in question else "", said.append)
    assert any("/auth/login is answered with 401" in line for line in said)
    lockable.unlock()
    assert [await hand_over(control, label, {}) for label in ("u1", "u2")] == ["", ""]
    control.close()
    _, err = await asyncio.to_thread(running.communicate, timeout=60)
    result = json.loads(out.read_text())
    words = {check["id"]: check["verdict"] for check in result["checks"]}
    assert "FAIL" not in words.values() and running.returncode in (0, 3), (words, err)
    assert "cannot be kept signed in" in err and "signed in again" in err
    assert b"wrong password" not in home.recording().read_bytes()


async def test_a_soak_that_loses_its_credentials_waits_and_loses_nothing(
    home: Any, target: Any, lockable: Lockable, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, home.env[name])
    out = home.folder / "soaked.json"
    path = target(lockable.urls, more=["[credentials]\nusers = 2", "[limits]\nsoak_block_s = 0.3"])
    running = home.start("run", "--target", path, "--checks", "soak", "--duration", "6s", "--json", str(out))
    await _until(home, lambda state: len(state.blocks) >= 2)
    lockable.lock()
    await _until(home, lambda state: len(state.needs) == 2)
    lockable.unlock()
    control = await Control.connect(str(sessions.find(None).control))
    assert [await hand_over(control, label, {}) for label in ("u1", "u2")] == ["", ""]
    control.close()
    await asyncio.to_thread(running.communicate, timeout=60)
    soak = next(check for check in json.loads(out.read_text())["checks"] if check["id"] == "soak")
    assert soak["verdict"] in ("PASS", "INCONCLUSIVE"), soak["reason"]
    assert "on hold beside it" in str(soak["findings"]) and "cut short" not in soak["reason"]
    blocks = {row.body["number"]: row.body for row in _rows(home) if row.kind == "block"}
    assert len(blocks) == 20 and any("lost its credentials" in block["why"] for block in blocks.values())
    assert not sum(block["unexpected"] for block in blocks.values()), "what ended with its token is no drop"
    runs = {row.body["request"]: row.body["state"] for row in _rows(home) if row.kind == "run" and row.check == "soak"}
    lost = {row.body["request"] for row in _rows(home) if row.kind == "step" and row.body.get("intent") == "account"}
    assert {request for request, state in runs.items() if state != "ok"} <= lost


async def test_nobody_signs_in_and_the_session_ends_blocked(
    home: Any, target: Any, lockable: Lockable, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = target(lockable.urls, more=["[credentials]\nusers = 2", "[limits]\nsign_in_s = 0.5"])
    out = home.folder / "lost.json"
    running = home.start("run", "--target", path, "--checks", "five-events", "--json", str(out))
    await _until(home, lambda state: state.runs_total >= 1)
    lockable.lock()
    _, err = await asyncio.to_thread(running.communicate, timeout=60)
    lockable.unlock()
    result = json.loads(out.read_text())
    assert running.returncode == 3 and result["verdict"] == "BLOCKED", err
    assert not [check for check in result["checks"] if check["verdict"] == "FAIL"]
    last = next(check for check in result["checks"] if check["verdict"] == "BLOCKED")
    assert "new credentials" in last["reason"] and "sign in" in last["to_decide"]


def test_a_session_longer_than_its_tokens_live_passes(home: Any, target: Any, lockable: Lockable) -> None:
    path = target(lockable.urls, more=["[credentials]\nusers = 2"])
    ran = home.vigil("run", "--target", path, "--checks", "ping-latency")
    assert ran.code == 0, [(check["id"], check["reason"]) for check in (ran.result or {})["checks"] if check["verdict"] != "PASS"]
    rows = _rows(home)
    assert {row.user for row in rows if row.kind == "user" and row.type == "renewed"} == {"u1", "u2"}
    refreshes = [row for row in rows if row.kind == "http" and row.dir == "out" and row.body["path"] == "/auth/refresh" and not row.check]
    assert refreshes and all(row.t >= 2.2e9 for row in refreshes)  # 80 % of four seconds, of which a token's whole seconds hide one


def _rows(home: Any) -> list[Any]:
    with Reader(home.recording()) as reader:
        return list(reader.rows())


def _header(home: Any) -> dict[str, str]:
    with Reader(home.recording()) as reader:
        return dict(reader.header)
