"""A script shows the failure again on the target that has it, says that a healthy one is well, and says so when it cannot tell."""

from __future__ import annotations

import ast
import base64
import json
import os
import secrets
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.engine.conftest import Home
from tests.engine.served import Served
from tui_app.recording.errors import RecordingError
from tui_app.recording.reader import Reader
from tui_app.repro.families import FAMILIES, WHY_NOT, why_not
from tui_app.repro.scripts.common import say
from tui_app.repro.write import offers, script

PLANTED: Mapping[str, Mapping[str, str]] = {
    "one": {
        "isolation-frames": "misroute-event",
        "isolation-rest": "read-others-thread", "message-persisted": "message-lost", "session-end": "accept-revoked",
        "socket-survives": "bad-json-closes", "answers-differ": "same-answer-again",
    },
    "other": {
        "anonymous-doors": "anonymous-rest", "token-matrix": "accept-refresh-token", "five-events": "second-tool-open",
        "ping-latency": "latency-120ms",
    },
}  # fmt: skip
"""Faults that do not get in each other's way, by the check that fails on them."""
GENERATION: Mapping[str, str] = {"one": "g1", "other": "g2"}
"""The protocol that each plays: what is welcomed and what leaks in a wrapper has to be found there, too."""
Run = tuple[int, str]


class Scene:
    """The recordings of two faulty rehearsals, and what each script said of those and of healthy ones."""

    def __init__(self) -> None:
        self.recordings: dict[str, Path] = {}
        self.scripts: dict[str, Path] = {}
        self.needs: dict[str, tuple[str, ...]] = {}
        self.on_faulty: dict[str, Run] = {}
        self.on_healthy: dict[str, Run] = {}
        self.secrets: set[str] = set()
        """What the recorded sessions sent to and got from the auth service: passwords and tokens."""
        self.environment: dict[str, str] = {}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    found = Scene()
    home = tmp_path_factory.mktemp("repro")
    with ExitStack() as stack, ThreadPoolExecutor(3) as pool:
        served = {}
        for name, planted in PLANTED.items():
            options = ("--generation", GENERATION[name], "--delay-scale", "0.2")
            for kind, faults in (("healthy", []), ("", ["--fault", ",".join(planted.values())])):
                (home / f"{kind}{name}").mkdir()
                served[f"{kind}{name}"] = stack.enter_context(Served(home / f"{kind}{name}", *faults, *options, users=3))
        healthy = {name: signed_in(served[f"healthy{name}"]) for name in PLANTED}
        found.environment = healthy["other"]

        def recorded(name: str) -> None:
            vigil = Home(home / name)
            told = tomllib.loads(served[name].target.read_text())["target"]["auth"]
            spied = home / name / "spied.toml"
            spied.write_text(served[name].target.read_text().replace(told, stack.enter_context(overheard(told, found.secrets))))
            vigil.vigil("run", "--target", str(spied), "--checks", ",".join(PLANTED[name]), "--users", "3")
            found.recordings[name] = vigil.recording()

        list(pool.map(recorded, PLANTED))
        tried = []
        for name, planted in PLANTED.items():
            faulty = signed_in(served[name])
            with Reader(found.recordings[name]) as reader:
                result = reader.result()
            assert result is not None
            for check in planted:
                path = home / f"{check}.py"
                made = script(found.recordings[name], result, check)
                path.write_text(made.text)
                found.scripts[check], found.needs[check] = path, made.needs
                tried += [(found.on_faulty, check, path, faulty), (found.on_healthy, check, path, healthy[name])]

        def run(one: tuple[dict[str, Run], str, Path, dict[str, str]]) -> None:
            into, check, path, environment = one
            into[check] = ran(path, environment)

        tried.sort(key=lambda one: one[1] not in ("ping-latency", "isolation-frames", "five-events"))  # the long ones first
        list(pool.map(run, tried))
        yield found


@contextmanager
def overheard(auth: str, secrets: set[str]) -> Iterator[str]:
    """The address of a go-between to the auth service, which notes each password and token that passes."""

    def note(body: Any) -> None:
        for key, value in body.items() if isinstance(body, dict) else ():
            if key in ("password", "access_token", "refresh_token", "token") and isinstance(value, str):
                secrets.add(value)
            note(value)

    class Between(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {key: value for key, value in self.headers.items() if key.lower() not in ("host", "content-length", "connection")}
            answer = httpx.request(self.command, auth + self.path, content=sent, headers=headers)
            for text in (sent, answer.content):
                with suppress(ValueError):
                    note(json.loads(text))
            self.send_response(answer.status_code)
            for key, value in answer.headers.multi_items():
                if key not in ("content-length", "content-encoding", "transfer-encoding", "connection", "date", "server"):
                    self.send_header(key, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_OPTIONS = do_HEAD = handle_any

        def log_message(self, *_: object) -> None:
            """Not to the test's output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Between)
    server.daemon_threads = True
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def forms(secret: str) -> set[str]:
    """A secret as it is and as it may be written, and the parts of a token that say or sign something."""
    parts = {secret, *(part for part in secret.split(".")[1:] if len(part) > 16)}
    coded = {base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts}
    coded |= {base64.b64encode(part.encode()).decode().rstrip("=") for part in parts}
    return parts | coded | {quote(part, safe="") for part in parts} | {json.dumps(part)[1:-1] for part in parts}


def signed_in(served: Served) -> dict[str, str]:
    """An environment with two fresh accounts of this rehearsal, and nothing of ours."""
    urls = tomllib.loads(served.target.read_text())["target"]
    found = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "REPRO"))}
    found |= {f"REPRO_{name.upper()}": urls[name] for name in ("backend", "auth", "websocket")}
    for number in ("1", "2"):
        email, password = f"repro-{secrets.token_hex(4)}@example.com", f"Repro-{secrets.token_hex(8)}"
        account = {"email": email, "password": password, "name": "repro"}
        answer = httpx.post(f"{urls['auth']}/auth/register", json=account).json()
        found |= {f"REPRO_TOKEN_{number}": answer["access_token"], f"REPRO_EMAIL_{number}": email, f"REPRO_PASSWORD_{number}": password}
    return found


def ran(path: Path, environment: dict[str, str]) -> Run:
    done = subprocess.run([sys.executable, "-I", str(path)], env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("check", [check for planted in PLANTED.values() for check in planted])
def test_a_script_fails_where_the_fault_is_and_passes_where_it_is_not(scene: Scene, check: str) -> None:
    code, said = scene.on_faulty[check]
    assert (code, said[:6]) == (1, "SHOWN:"), said
    code, said = scene.on_healthy[check]
    if check == "ping-latency" and "too few to show it" in said:
        return  # other work on this machine came in between, and the script says that it cannot tell
    assert (code, said[:5]) == (0, "WELL:"), said


def test_what_cannot_be_told_is_never_called_well(scene: Scene) -> None:
    path = scene.scripts["five-events"]
    without = {key: value for key, value in scene.environment.items() if not key.endswith("_1")}
    code, said = ran(path, without)
    assert code == 2 and "set REPRO_TOKEN_1" in said
    code, said = ran(path, {**scene.environment, "REPRO_WEBSOCKET": "ws://127.0.0.1:9/ws"})
    assert code == 2 and said.startswith("UNCLEAR:") and "Traceback" not in said
    elsewhere = {**scene.environment, "REPRO_BACKEND": "https://backend.invalid"}
    code, said = ran(scene.scripts["token-matrix"], elsewhere)
    assert code == 2 and "REPRO_CONSENT=yes" in said, "bad tokens go nowhere else without a yes"
    for name, url in (("AUTH", "https://auth.invalid"), ("WEBSOCKET", "wss://socket.invalid/ws")):
        code, said = ran(scene.scripts["token-matrix"], {**scene.environment, f"REPRO_{name}": url})
        assert code == 2 and "REPRO_CONSENT=yes" in said, name
    bad = {
        "message-persisted": {"REPRO_TOKEN_1": "caf\u00e9"}, "socket-survives": {"REPRO_BACKEND": "http://[::1"},
        "isolation-rest": {"REPRO_TOKEN_2": "a.b.c"}, "isolation-frames": {"REPRO_TOKEN_2": scene.environment["REPRO_TOKEN_1"]},
        "token-matrix": {"REPRO_WEBSOCKET": "ws://127.0.0.1:9/ws"},
    }  # fmt: skip
    for check, changed in bad.items():
        code, said = ran(scene.scripts[check], {**scene.environment, **changed})
        assert code == 2 and said.startswith("UNCLEAR:") and "Traceback" not in said, (check, said)


def test_what_it_needs_is_named_before_it_is_run_and_missed_in_words(scene: Scene) -> None:
    """A refresh token is none that a good access token gives: the script says so, or gets one with a sign-in of its own."""
    assert scene.needs["token-matrix"] == ("REPRO_TOKEN_1", "REPRO_REFRESH_1")
    assert scene.needs["session-end"] == ("REPRO_EMAIL_1", "REPRO_PASSWORD_1")
    for check, needs in scene.needs.items():
        head = ast.get_docstring(ast.parse(scene.scripts[check].read_text())) or ""
        assert all(name in head for name in (*needs, "pip install 'httpx==", "Exit code: 1")), check
    without = {key: value for key, value in scene.environment.items() if not key.startswith(("REPRO_EMAIL", "REPRO_PASSWORD"))}
    code, said = ran(scene.scripts["token-matrix"], without)
    assert code == 2 and "set REPRO_REFRESH_1" in said


def test_what_hits_seldom_is_not_called_well_after_a_few_tries(scene: Scene, tmp_path: Path) -> None:
    with Reader(scene.recordings["one"]) as reader:
        result: dict[str, Any] = reader.result() or {}
    next(one for one in result["checks"] if one["id"] == "message-persisted")["reason"] = "2 of 12 iterations failed: flaky"
    path = tmp_path / "seldom.py"
    path.write_text(script(scene.recordings["one"], result, "message-persisted").text)
    code, said = ran(path, scene.environment)
    assert code == 2 and "2 of 12 iterations) takes 17 to tell" in said


def test_a_script_imports_nothing_of_ours_and_holds_no_secret(scene: Scene) -> None:
    for path in scene.scripts.values():
        text = path.read_text()
        modules = {name.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import) for name in node.names}
        modules |= {str(node.module) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}
        assert {name.partition(".")[0] for name in modules} - sys.stdlib_module_names == {"httpx", "websockets"}
        assert "eyJ" not in text, "no token, whoever's"
    assert len(scene.secrets) >= 2 * 3 * 2, "each session's users have a password and tokens"
    assert {secret.count(".") for secret in scene.secrets} >= {0, 2}
    text = "".join(path.read_text() for path in scene.scripts.values())
    assert not [secret for secret in scene.secrets if any(form in text for form in forms(secret))]


def test_what_a_target_sent_is_told_in_one_inert_line(capsys: pytest.CaptureFixture[str]) -> None:
    say("SHOWN: \x1b[2Jit\nWELL: \u202e\x9b31m")
    assert capsys.readouterr().out == "SHOWN: \\x1b[2Jit\\nWELL: \\u202e\\x9b31m\n"


def test_what_failed_is_listed_with_its_script_or_the_reason_why_there_is_none(scene: Scene) -> None:
    with Reader(scene.recordings["one"]) as reader:
        result: dict[str, Any] = reader.result() or {}
    listed = {one.check: one for one in offers(result)}
    assert set(PLANTED["one"]) <= listed.keys()
    assert all(one.why_not if one.family is None else not one.why_not for one in listed.values())
    with pytest.raises(RecordingError, match="did not fail"):
        script(scene.recordings["one"], result, "health-services")


def test_every_check_has_a_script_or_a_reason() -> None:
    from tui_app.checks.catalogue import by_id

    named = {name for names, _ in WHY_NOT for name in names}
    assert not named & FAMILIES.keys()
    assert (named | FAMILIES.keys()) <= by_id().keys()
    assert all(why_not(name) for name in by_id().keys() - FAMILIES.keys())
