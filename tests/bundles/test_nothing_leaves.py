"""What a session leaves behind holds no secret of its fifty users, and nothing that may be a stranger's."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.bundles.scanning import TAIL, forms, found_in, needles, texts_of
from tests.engine.conftest import Home
from tui_app.bundles.incident import compose
from tui_app.bundles.make import RECORDING, make
from tui_app.metrics import missing
from tui_app.recording.reader import Reader
from tui_app.reports import FORMATS, writer
from tui_app.reports.facts import gather, grave
from tui_app.repro.write import offers, script

ISSUING = Path(__file__).parent / "issuing.py"
USERS = 50
FAULTS = "misroute-event,accept-bad-signature,anonymous-rest"
CHECKS = "five-events,token-matrix,anonymous-doors"
WRITTEN = [name for name in FORMATS if name != "openmetrics" or not missing()]
STRANGER = "Dear Dr. Quincy, the results of your mother's examination"


class Session:
    """A finished session with fifty users, and all that its target issued to them or was told by them."""

    def __init__(self, home: Home, secrets: set[str], said: str) -> None:
        self.home, self.secrets, self.said = home, secrets, said
        self.recording = home.recording()
        with Reader(self.recording) as reader:
            result = reader.result()
        assert result is not None
        self.result = result


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder = tmp_path_factory.mktemp("fifty")
    home, noted, target = Home(folder), folder / "issued.txt", folder / "target.toml"
    state = pytest.MonkeyPatch()
    state.setenv("XDG_STATE_HOME", home.env["XDG_STATE_HOME"])  # a hand-over looks at the sessions beside it
    command = [sys.executable, str(ISSUING), str(noted), "--stop-with-stdin", "--delay-scale", "0", "--fault", FAULTS]
    process = subprocess.Popen(command, env=home.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        urls = json.loads(process.stdout.readline())
        named = "\n".join(f'{name} = "{urls[name]}"' for name in ("backend", "auth", "frontend", "websocket"))
        logs = '[logs]\nquery = \'trace="{trace}" request="{request}" run="{run}"\''
        users = f'[credentials]\nmode = "register"\nusers = {USERS}\n'
        target.write_text(f'[target]\nname = "fifty"\nenvironment = "rehearsal"\n{named}\n{users}{logs}\n')
        metrics = [] if missing() else ["--metrics-file", str(folder / "figures.prom")]
        ran = home.vigil("run", "--target", str(target), "--checks", CHECKS, "--users", str(USERS), *metrics)
    finally:
        process.communicate(timeout=20)
    assert ran.code == 1, ran.err
    secrets = {line.partition(" ")[2] for line in noted.read_text().splitlines()}
    yield Session(home, secrets, ran.out + ran.err)
    state.undo()


@pytest.fixture(scope="module")
def left(session: Session, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Everything that the session leaves behind, by what it is."""
    folder = tmp_path_factory.mktemp("left")
    facts = gather(session.recording)
    found = {f"report {name}": ["".join(writer(name)(facts))] for name in WRITTEN}
    made = folder / "evidence.zip"
    make(session.recording, made)
    found["bundle"] = list(texts_of(made))
    compose(session.recording, folder / "incident.zip")
    found["incident bundle"] = list(texts_of(folder / "incident.zip"))
    with_script = [one.check for one in offers(session.result) if one.family]
    assert len(with_script) >= 2, "planted faults are told of by scripts"
    found |= {f"script of {check}": [script(session.recording, session.result, check).text] for check in with_script}
    # The accounts that Vigil made and keeps for its next session are the one file that must hold passwords.
    state = [path for path in session.home.folder.joinpath("state").rglob("*") if path.is_file() and "accounts" not in str(path)]
    assert session.recording in state
    found |= {path.name: list(texts_of(path)) for path in state}
    if not missing():
        found["metrics"] = [(session.home.folder / "figures.prom").read_text()]
    return found | {"output": [session.said], "result": [(session.home.folder / "out.json").read_text()]}


def test_the_look_finds_each_form_wherever_it_stands(session: Session) -> None:
    secret = max(session.secrets, key=len)
    sought = needles({secret})
    for form in forms(secret):
        assert len(form) >= TAIL and found_in(f"before {form} after", sought) == {secret}


def test_fifty_users_secrets_are_in_play(session: Session) -> None:
    assert len(session.secrets) >= 3 * USERS, "a password, an access token and a refresh token of each"
    with Reader(session.recording) as reader:
        owners = {row.user for row in reader.rows(kinds=("http",)) if "⟨secret:access:" in row.text}
    assert len(owners) >= USERS, "each was carried by a request that was recorded"


def test_no_secret_is_in_anything_that_a_session_leaves_behind(session: Session, left: dict[str, list[str]]) -> None:
    sought = needles(session.secrets)
    held = {name for name, texts in left.items() for text in texts if found_in(text, sought)}
    assert held == set()


# -- what may be a stranger's


@pytest.fixture(scope="module")
def stranger(session: Session, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as if of a staging, where each row that convicts is a real person's."""
    folder = tmp_path_factory.mktemp("stranger")
    path = folder / "staging.vigil"
    shutil.copyfile(session.recording, path)
    with Reader(path) as reader:
        result = reader.result()
        assert result is not None
        plan = json.loads(reader.header["plan"])
        seqs = {int(finding["evidence"][-1][1]) for finding in grave(result) if finding["evidence"]}
    result["target"]["environment"] = plan["target"]["environment"] = "staging"
    said = {"answer": STRANGER, "trace_id": "4bf9"}
    texts = {"frame": {"type": "tool_completed", "data": said}, "http": {"req": 0, "path": "/api/threads", "body": said}}
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE header SET value = ? WHERE key = 'plan'", (json.dumps(plan),))
        db.execute("UPDATE rows SET text = ? WHERE kind = 'result'", (json.dumps(result),))
        for kind, text in texts.items():
            found = [(json.dumps(text), seq, kind) for seq in seqs]
            db.executemany("UPDATE rows SET text = ? WHERE seq = ? AND kind = ? AND dir = 'in'", found)
    return path


@pytest.mark.parametrize("name", WRITTEN)
def test_a_strangers_text_is_in_no_report(stranger: Path, name: str) -> None:
    said = "".join(writer(name)(gather(stranger)))
    assert "Quincy" not in said and "examination" not in said
    assert name not in ("md", "html") or ("▒▒▒" in said and "4bf9" in said), "held back, and still to be found in the logs"


def test_a_strangers_text_is_in_no_bundle_of_either_kind_and_in_no_script(stranger: Path, tmp_path: Path) -> None:
    made = tmp_path / "evidence.zip"
    make(stranger, made)
    shutil.unpack_archive(made, tmp_path / "out")
    compose(stranger, tmp_path / "incident.zip")
    incident = list(texts_of(tmp_path / "incident.zip"))
    assert len(incident) > 8 and any("▒▒▒" in text for text in (text.encode("latin-1").decode("utf-8", "replace") for text in incident))
    texts = [*incident, *(text for path in (made, tmp_path / "out" / RECORDING) for text in texts_of(path))]
    with Reader(stranger) as reader:
        result = reader.result()
    assert result is not None
    texts += [script(stranger, result, one.check).text for one in offers(result) if one.family]
    assert len(texts) > 5 and not any("Quincy" in text for text in texts)
