"""A script shows the failure again on the target that has it, says that a healthy one is well, and says so when it cannot tell."""

from __future__ import annotations

import ast
import os
import secrets
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.engine.conftest import Home
from tests.engine.served import Served
from tui_app.recording.errors import RecordingError
from tui_app.recording.reader import Reader
from tui_app.repro.families import FAMILIES, WHY_NOT, why_not
from tui_app.repro.write import offers, script

PLANTED: Mapping[str, Mapping[str, str]] = {
    "one": {
        "isolation-frames": "misroute-event", "five-events": "drop-agent-started", "token-matrix": "accept-bad-signature",
        "isolation-rest": "read-others-thread", "message-persisted": "message-lost", "session-end": "accept-revoked",
        "socket-survives": "bad-json-closes", "answers-differ": "same-answer-again",
    },
    "other": {"anonymous-doors": "anonymous-rest", "ping-latency": "latency-120ms"},
}  # fmt: skip
"""Faults that do not get in each other's way, by the check that fails on them."""
Run = tuple[int, str]


class Scene:
    """A healthy rehearsal, the recordings of two faulty ones, and what each script said of both."""

    def __init__(self) -> None:
        self.recordings: dict[str, Path] = {}
        self.scripts: dict[str, Path] = {}
        self.on_faulty: dict[str, Run] = {}
        self.on_healthy: dict[str, Run] = {}
        self.secrets: list[str] = []
        self.environment: dict[str, str] = {}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    found = Scene()
    home = tmp_path_factory.mktemp("repro")
    with ExitStack() as stack, ThreadPoolExecutor(3) as pool:
        served = {}
        for name in ("healthy", *PLANTED):
            (home / name).mkdir()
            faults = ["--fault", ",".join(PLANTED[name].values())] if name in PLANTED else []
            served[name] = stack.enter_context(Served(home / name, *faults, "--delay-scale", "0.2", users=3))
        healthy = found.environment = signed_in(served["healthy"])

        def recorded(name: str) -> None:
            vigil = Home(home / name)
            vigil.vigil("run", "--target", str(served[name].target), "--checks", ",".join(PLANTED[name]), "--users", "3")
            found.recordings[name] = vigil.recording()

        list(pool.map(recorded, PLANTED))
        tried = []
        for name, planted in PLANTED.items():
            faulty = signed_in(served[name])
            found.secrets += [value for key, value in faulty.items() if key.startswith(("REPRO_TOKEN", "REPRO_PASSWORD"))]
            with Reader(found.recordings[name]) as reader:
                result = reader.result()
            assert result is not None
            for check in planted:
                path = home / f"{check}.py"
                path.write_text(script(found.recordings[name], result, check).text)
                found.scripts[check] = path
                tried += [(found.on_faulty, check, path, faulty), (found.on_healthy, check, path, healthy)]

        def run(one: tuple[dict[str, Run], str, Path, dict[str, str]]) -> None:
            into, check, path, environment = one
            into[check] = ran(path, environment)

        list(pool.map(run, tried))
        yield found


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
    assert code == 0 and said.startswith("WELL: what was recorded did not show"), said


def test_what_cannot_be_told_is_never_called_well(scene: Scene) -> None:
    path = scene.scripts["five-events"]
    without = {key: value for key, value in scene.environment.items() if not key.endswith("_1")}
    code, said = ran(path, without)
    assert code == 2 and "set REPRO_TOKEN_1" in said
    code, said = ran(path, {**scene.environment, "REPRO_WEBSOCKET": "ws://127.0.0.1:9/ws"})
    assert code == 2 and said.startswith("UNCLEAR:") and "Traceback" not in said
    code, said = ran(path, {**scene.environment, "REPRO_TOKEN_1": "a.b.c\u00e9"})
    assert code == 2 and "Traceback" not in said, said
    twice = {**scene.environment, "REPRO_TOKEN_2": scene.environment["REPRO_TOKEN_1"]}
    for check in ("isolation-rest", "isolation-frames"):
        code, said = ran(scene.scripts[check], twice)
        assert code == 2 and "same user" in said, "one user is no two"
    code, said = ran(scene.scripts["isolation-rest"], {**scene.environment, "REPRO_TOKEN_2": "a.b.c"})
    assert code == 2 and "not good" in said
    code, said = ran(scene.scripts["token-matrix"], {**scene.environment, "REPRO_WEBSOCKET": "ws://127.0.0.1:9/ws"})
    assert code == 2, "a door that is not there refuses everybody"
    for service in ("AUTH", "WEBSOCKET"):
        code, said = ran(scene.scripts["token-matrix"], {**scene.environment, f"REPRO_{service}": "https://elsewhere.invalid"})
        assert code == 2 and "REPRO_CONSENT=yes" in said, "bad tokens go nowhere else without a yes"
    elsewhere = {**scene.environment, "REPRO_BACKEND": "https://backend.invalid"}
    code, said = ran(scene.scripts["token-matrix"], elsewhere)
    assert code == 2 and "REPRO_CONSENT=yes" in said, "bad tokens go nowhere else without a yes"


def test_a_script_imports_nothing_of_ours_and_holds_no_secret(scene: Scene) -> None:
    for path in scene.scripts.values():
        text = path.read_text()
        modules = {name.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import) for name in node.names}
        modules |= {str(node.module) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}
        assert {name.partition(".")[0] for name in modules} - sys.stdlib_module_names == {"httpx", "websockets"}
        assert "eyJ" not in text, "no token, whoever's"
    for name in PLANTED:
        text = "".join(path.read_text() for path in scene.scripts.values())
        assert not [secret for secret in scene.secrets if secret in text], name


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
