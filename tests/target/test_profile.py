"""A target file is read as the architecture documents it, and what is wrong with one is said in words."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.target.address import BLANK
from tui_app.target.builtin import BUILTIN
from tui_app.target.profile import Profile, ProfileError, builtin, is_loopback, load, propose

TODAY = datetime.now(UTC).date()
FULL = """
[target]
name = "staging"
environment = "staging"
backend   = "https://backend.vigil.example/"
auth      = "https://auth.vigil.example"
frontend  = "https://app.vigil.example"
websocket = "wss://backend.vigil.example/ws"
[credentials]
mode = "register"
users = 5
[consent]
negative = true
load_users = 50
[limits]
agent_runs = 90
connects_per_minute = 6
connect_s = 3
[tiers]
postgres = "env:STAGING_PG_DSN"
redis = "env:STAGING_REDIS_URL"
clickhouse = "env:STAGING_CLICKHOUSE_URL"
[[accept]]
check = "persistence-clickhouse"
signature = "tier not configured"
ticket = "NET-412"
until = {until}
"""
MINIMAL = """
[target]
name = "t"
environment = "{environment}"
backend = "{scheme}://{host}:8000"
auth = "{scheme}://{host}:8081"
"""
TARGET = MINIMAL.format(environment="staging", scheme="https", host="backend.vigil.example")


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "target.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(ProfileError) as caught:
        load(write(tmp_path, text))
    message = str(caught.value)
    assert "target.toml" in message
    assert "pydantic" not in message.lower() and "type=" not in message and "input_value" not in message
    return message


def test_the_documented_file_is_read_whole(tmp_path: Path) -> None:
    profile = load(write(tmp_path, FULL.format(until=TODAY + timedelta(days=10))))
    assert (profile.name, profile.environment, profile.backend) == ("staging", "staging", "https://backend.vigil.example")
    assert profile.websocket == "wss://backend.vigil.example/ws"
    assert profile.hosts == ("backend.vigil.example", "auth.vigil.example", "app.vigil.example")
    assert (profile.credentials.mode, profile.credentials.users) == ("register", 5)
    assert (profile.limits.agent_runs, profile.limits.connects_per_minute, profile.limits.connect_s) == (90, 6, 3.0)
    assert profile.limits.run_s == 30.0
    assert profile.changed_limits == {"connect_s": (2.0, 3.0)}
    assert profile.tiers.postgres == "env:STAGING_PG_DSN"
    assert profile.accept[0].holds(TODAY)
    assert not profile.accept[0].holds(TODAY + timedelta(days=11))
    assert profile.blanks == () and not profile.loopback
    assert profile.folder == tmp_path
    recorded = profile.model_dump(mode="json", by_alias=True, exclude_none=True)
    again = Profile.model_validate(recorded)
    assert again.model_dump() == profile.model_dump() and again.limits == profile.limits, "a profile survives the plan of a recording"


def test_defaults_off_loopback_are_the_strategys_and_sparing(tmp_path: Path) -> None:
    profile = load(write(tmp_path, TARGET))
    limits = profile.limits
    assert (limits.connect_s, limits.run_s, limits.response_mean_s, limits.ping_ms, limits.recovery_s) == (2.0, 30.0, 15.0, 100.0, 5.0)
    assert (limits.first_event_s, limits.agent_runs, limits.connects_per_minute) == (5.0, 60, 8)
    assert (profile.credentials.mode, profile.credentials.users) == ("login", 2)
    assert profile.websocket == "wss://backend.vigil.example:8000/ws"
    assert profile.changed_limits == {}


def test_defaults_on_loopback(tmp_path: Path) -> None:
    profile = load(write(tmp_path, MINIMAL.format(environment="docker", scheme="http", host="localhost")))
    assert profile.loopback
    assert (profile.limits.agent_runs, profile.limits.connects_per_minute) == (2_000, None)
    assert (profile.credentials.mode, profile.credentials.users) == ("register", 2)


def test_one_remote_service_makes_the_target_remote(tmp_path: Path) -> None:
    text = MINIMAL.format(environment="docker", scheme="http", host="127.0.0.1") + 'frontend = "https://app.vigil.example"\n'
    profile = load(write(tmp_path, text))
    assert not profile.loopback
    assert profile.limits.agent_runs == 60


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TARGET + "[limits]\nconect_s = 2.0\n", ["[limits] conect_s", 'Did you mean "connect_s"']),
        (TARGET + "[limit]\nconnect_s = 2.0\n", ["[limit]", 'Did you mean "limits"']),
        (TARGET + "[limits]\nconnect_s = 0\n", ["[limits] connect_s is 0", "greater than 0"]),
        (TARGET + '[limits]\nagent_runs = "many"\n', ["[limits] agent_runs is 'many'", "whole number"]),
        (TARGET + "[credentials]\nusers = true\n", ["[credentials] users", "whole number"]),
        (TARGET + '[credentials]\nmode = "logn"\n', ["[credentials] mode is 'logn'", 'Did you mean "login"']),
        (TARGET + '[credentials]\nmode = "tokens"\n', ["[credentials]", "needs tokens_env"]),
        (TARGET + '[credentials]\nmode = "login"\ntokens_env = "T"\n', ["tokens_env is read in mode", "login"]),
        (TARGET + '[consent]\nnegative = "yes"\n', ["[consent] negative is 'yes'", "true or false"]),
        (TARGET.replace('"staging"', '"stagin"'), ["environment is 'stagin'", 'Did you mean "staging"']),
        (TARGET.replace("auth =", "aut ="), ["[target] auth is missing", "[target] aut is a key", 'Did you mean "auth"']),
        ('[limits]\nconnect_s = 2.0\n', ["[target] is missing", "name, environment, backend and auth"]),
        (TARGET.replace("https://backend.vigil.example:8000", "backend.vigil.example"), ["[target] backend", "https:// or http://"]),
        (TARGET.replace(":8000", ":80000"), ["[target] backend", "not an address"]),
        (TARGET + 'websocket = "https://backend.vigil.example/ws"\n', ["[target] websocket", "wss:// or ws://"]),
        (TARGET.replace('name = "t"', 'name = ""'), ["[target] name is empty"]),
        (TARGET + "[credentials]\ncommand = []\n", ["[credentials] command is empty"]),
        (TARGET + "[limits]\nconnect_s = nan\nrun_s = inf\n", ["connect_s is nan", "run_s is inf"]),
        (TARGET + '[[accept]]\ncheck = "Ab"\nsignature = "s"\nticket = "t"\nuntil = 2020-01-01\n', ["[[accept]] number 1, check is 'Ab'"]),
        (TARGET + '[[accept]]\ncheck = "a"\nsignature = "s"\nticket = "t"\nuntil = "soon"\n', ["until is 'soon'", "a date without quotes"]),
        (TARGET + '[accept]\ncheck = "a"\n', ["[accept]", "a list"]),
        (TARGET + "limits = 3\n", ["[target] limits is a key"]),
        ("[target\n", ["not valid TOML", "line 1"]),
        ("[target]\nname = 5\n", ["[target] name is 5", "text in double quotes", "4 things are wrong"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(tmp_path: Path, text: str, expected: list[str]) -> None:
    message = refused(tmp_path, text)
    for part in expected:
        assert part in message, message


@pytest.mark.parametrize(
    "text",
    [
        TARGET.replace("https://backend", "https://admin:hunter2secret@backend"),
        TARGET.replace(":8000", ":8000/?token=hunter2secret"),
        TARGET + '[tiers]\npostgres = "postgres://admin:hunter2secret@db/x"\n',
        TARGET + '[credentials]\nmode = "e2e"\nkey_env = "hunter2secret!"\n',
        TARGET + '[credentials]\nmode = "tokens"\ntokens_env = ["hunter2secret"]\n',
        TARGET + '[credentials]\ncommand = ["vault", ["hunter2secret"]]\n',
        TARGET + '[credentials]\nmode = "login"\npassword = "hunter2secret"\n',
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    assert "hunter2secret" not in refused(tmp_path, text)


def test_a_known_failure_is_accepted_for_30_days_and_never_for_isolation_or_authentication(tmp_path: Path) -> None:
    entry = '[[accept]]\ncheck = "{check}"\nsignature = "s"\nticket = "T-1"\nuntil = {until}\n'
    far = TODAY + timedelta(days=32)
    message = refused(tmp_path, TARGET + entry.format(check="persistence-clickhouse", until=far))
    assert "[[accept]] number 1" in message and "30 days" in message
    for check in ("isolation-websocket", "auth-negative-matrix", "sign-in-triangulated"):
        assert "where no failure is ever acceptable" in refused(tmp_path, TARGET + entry.format(check=check, until=TODAY))
    ended = load(write(tmp_path, TARGET + entry.format(check="persistence-clickhouse", until=date(2020, 1, 1))))
    assert not ended.accept[0].holds(TODAY)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for name, part in [
        (str(tmp_path / "none.toml"), "no such file"),
        (str(tmp_path), "cannot be read"),
        ("stging", 'Did you mean "staging"'),
    ]:
        with pytest.raises(ProfileError, match=part):
            load(name)
    binary = tmp_path / "b.toml"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(ProfileError, match="UTF-8"):
        load(binary)
    big = tmp_path / "big.toml"
    os.truncate(os.open(big, os.O_CREAT | os.O_WRONLY), 1024 * 1024)
    with pytest.raises(ProfileError, match="KiB"):
        load(big)


@pytest.mark.parametrize("name", sorted(BUILTIN))
def test_a_built_in_target_is_blank_until_filled(name: str) -> None:
    template = load(name)
    assert any("[target] backend: <" in blank for blank in template.blanks)
    filled = template.filled(
        backend="http://127.0.0.1:1", auth="http://127.0.0.1:2", frontend="http://127.0.0.1:3", websocket="ws://127.0.0.1:1/ws"
    )
    assert filled.blanks == () and filled.environment == name and filled.loopback
    assert filled.limits.agent_runs == 2_000
    assert filled.source == f"built-in {name}"


def test_rehearsal_has_five_users_and_others_two() -> None:
    assert [load(name).credentials.users for name in ("rehearsal", "docker", "staging")] == [5, 2, 2]
    assert load("rehearsal").loopback and load("docker").loopback and not load("staging").loopback


def test_a_copied_template_names_its_blanks(tmp_path: Path) -> None:
    profile = load(write(tmp_path, TARGET.replace("backend.vigil.example:8000", "backend-<hash>.vigil.example")))
    assert profile.blanks == ("[target] backend: <hash>", "[target] websocket: <hash>")


def test_filling_in_nonsense_is_refused() -> None:
    with pytest.raises(ProfileError, match="backend"):
        builtin("staging").filled(backend="nonsense")
    with pytest.raises(ProfileError, match="no service"):
        builtin("staging").filled(database="https://x.vigil.example")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:1", True), ("http://LOCALHOST", True), ("ws://127.0.0.1/ws", True), ("http://127.9.9.9", True),
        ("http://[::1]:80", True),
        ("http://[::ffff:127.0.0.1]", True), ("127.0.0.1", True), ("http://localhost.", True),
        ("http://localhost.vigil.example", False), ("http://127.0.0.1.vigil.example", False), ("http://10.0.0.1", False),
        ("http://0.0.0.0", False),
        ("http://127.0.0.1@vigil.example", False), ("http://[::2]", False), ("", False), ("http://", False), ("http://2130706433", False),
    ],
)  # fmt: skip
def test_loopback_is_by_address_and_not_by_looks(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected


@pytest.mark.parametrize(
    ("pasted", "backend", "websocket", "auth", "environment"),
    [
        ("https://api.staging.vigil.example/", "https://api.staging.vigil.example", "wss://api.staging.vigil.example/ws",
         "https://auth.staging.vigil.example", "staging"),
        ("wss://vigil-backend-staging-7f3a.vigil.example/ws", "https://vigil-backend-staging-7f3a.vigil.example",
         "wss://vigil-backend-staging-7f3a.vigil.example/ws", "https://vigil-auth-staging-7f3a.vigil.example", "staging"),
        ("localhost:8000", "http://localhost:8000", "ws://localhost:8000/ws", "http://localhost:8081", "docker"),
        ("api.prod.vigil.example", "https://api.prod.vigil.example", "wss://api.prod.vigil.example/ws",
         "https://auth.prod.vigil.example", "production"),
    ],
)  # fmt: skip
def test_a_pasted_address_proposes_the_rest(pasted: str, backend: str, websocket: str, auth: str, environment: str) -> None:
    proposal = propose(pasted)
    profile = proposal.profile
    assert (profile.backend, profile.websocket, profile.auth, profile.environment) == (backend, websocket, auth, environment)
    assert proposal.guesses["auth"][0] == auth
    assert profile.blanks == ()


def test_a_pasted_address_without_a_pattern_leaves_a_blank() -> None:
    proposal = propose("https://10.1.2.3")
    assert proposal.profile.blanks == ("[target] auth: <auth-host>",)
    for nonsense in ("", "ftp://x", "https://u:p@vigil.example", "https://"):
        with pytest.raises(ProfileError, match="pasted address"):
            propose(nonsense)


@given(st.text(max_size=60))
def test_no_pasted_text_breaks_anything(text: str) -> None:
    try:
        profile = propose(text).profile
    except ProfileError:
        return
    assert profile.backend.startswith("http")


def test_no_hostname_of_anybody_is_built_in() -> None:
    for document in BUILTIN.values():
        for key, url in document["target"].items():
            if "//" in url:
                assert BLANK.search(url), f"{key} has no blank"
