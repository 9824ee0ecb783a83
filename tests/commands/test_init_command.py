"""`vigil init`: what it writes can be loaded and planned for, says every setting, and holds no secret."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tests.engine.conftest import Home
from tests.terminal.terminals import Terminal
from tui_app.init.asking import proposed
from tui_app.init.text import Answers, target_file
from tui_app.target.profile import Limits, load
from tui_app.target.tables import ConsentTable, CredentialsTable, LimitsTable, LogsTable, NetworkTable, TargetTable
from tui_app.target.tiers import TiersTable

TODAY = datetime.now(UTC).date()
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


def answers(**more: object) -> Answers:
    found, _ = proposed("https://backend-staging.example")
    return msgspec.structs.replace(found, **more)


def written(folder: Path, text: str) -> Path:
    path = folder / "target.toml"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("table", [TargetTable, CredentialsTable, ConsentTable, LimitsTable, NetworkTable, LogsTable, TiersTable])
def test_every_setting_stands_in_the_file_with_its_table(table: type) -> None:
    text = target_file(answers(), path="target.toml", today=TODAY, local=False)
    section = text.split(f"[{table.__name__.removesuffix('Table').lower()}]\n")[1].split("\n[")[0]
    for field in table.model_fields:  # type: ignore[attr-defined]
        assert re.search(rf"^(# )?\[?(tiers\.)?{field}\b", section, re.MULTILINE), f"{field} is not told of"


def test_what_is_shown_as_a_default_is_the_default(tmp_path: Path) -> None:
    """Uncommenting every limit changes none, but for the one that is worked out from a soak's length."""
    text = target_file(answers(), path="target.toml", today=TODAY, local=False)
    head, _, limits = text.partition("[limits]\n")
    limits, _, rest = limits.partition("[network]")
    opened = re.sub(r"^# ([a-z_]+ = )", r"\1", limits, flags=re.MULTILINE)
    profile = load(written(tmp_path, f"{head}[limits]\n{opened}[network]{rest}"))
    assert msgspec.structs.replace(profile.limits, soak_block_s=0.0) == Limits()
    assert profile.limits_table.model_fields_set == set(LimitsTable.model_fields)


def test_every_other_comment_is_a_setting_that_loads(tmp_path: Path) -> None:
    """Each example, uncommented by itself, makes a file that is still understood."""
    lines = target_file(answers(), path="target.toml", today=TODAY, local=False).splitlines()
    tried = 0
    for number, line in enumerate(lines):
        key = re.match(r"# ([A-Za-z_-]+) = ", line)
        alone = key and key[1] not in ("message", "check", "signature", "ticket", "until")
        if alone:
            more = 'mode = "e2e"' if key and key[1] == "none" else ""
            load(written(tmp_path, "\n".join([*lines[:number], line[2:], more, *lines[number + 1 :]])))
            tried += 1
    assert tried > 30


def test_answers_survive_the_way_through_the_file(tmp_path: Path) -> None:
    given = answers(
        name='odd "name" \\ of ours', mode="command", users=7, command=["print accounts", "--for=vigil"], negative=True, load_users=50,
        granted=TODAY, by="who@host", limits={"agent_runs": 40},
    )  # fmt: skip
    profile = load(written(tmp_path, target_file(given, path="x", today=TODAY, local=False)))
    assert (profile.name, profile.credentials.command, profile.credentials.users) == (given.name, ("print accounts", "--for=vigil"), 7)
    assert (profile.consent.negative, profile.consent.load_users, profile.consent.granted) == (True, 50, TODAY)
    assert profile.limits.agent_runs == 40 and profile.limits.sockets == Limits().sockets


def test_enter_all_the_way_makes_a_file_that_a_dry_run_takes(home: Home, terminal: Callable[..., Terminal]) -> None:
    path = home.folder / "staging.toml"
    asked = terminal("init", str(path), columns=110)
    asked.sees(r"Backend address, as https://host:")
    asked.press("not an address\r")
    asked.sees("an address has no spaces")
    asked.press("backend-staging.example.com\r")
    for question in (r"one GET each\)\? \[y/N\]", r"Name.*\[backend-staging", r"\[staging\]", r"Auth service \[https://auth-staging",
                     r"Frontend", r"WebSocket \[wss://", r"Way \[login\]", r"File with the accounts.*\[accounts.toml\]",
                     r"\(0600\)\? \[Y/n\]", r"Users side by side.*\[2\]", r"Bad tokens.*\[y/N\]", r"Faults.*\[y/N\]", r"Load.*\[none\]",
                     r"Agent runs.*\[60\]", r"New sockets.*\[8\]"):  # fmt: skip
        asked.sees(question)
        asked.press("\r")
    asked.sees("Next:", "vigil doctor --target", "without doing it")
    assert asked.ends() == 0
    accounts = home.folder / "accounts.toml"
    assert stat.S_IMODE(accounts.stat().st_mode) == 0o600
    assert all(line.startswith("#") for line in accounts.read_text().splitlines())
    profile = load(path)
    assert profile.credentials.mode == "login" and not profile.consent.negative
    dry = home.vigil("run", "--target", str(path), "--dry-run")
    assert dry.code == 0 and "about" in dry.out


def test_a_secret_typed_by_mistake_is_neither_taken_nor_repeated(home: Home, terminal: Callable[..., Terminal]) -> None:
    path = home.folder / "local.toml"
    asked = terminal("init", str(path), "--backend", "http://127.0.0.1:9", columns=110)
    for question in ("one GET", "Name", "What is it", "Auth", "Frontend", "WebSocket"):
        asked.sees(question)
        asked.press("\r")
    asked.sees("Way")
    asked.press("tokens\r")
    asked.sees("Name of the variable that holds the tokens")
    asked.press(f"{TOKEN}\r")
    shown = asked.sees("must be the name of an environment variable, never the secret itself")
    assert shown.count(TOKEN) == 1, "only what the person typed"
    asked.press("OURS\r")
    for question in ("Users", "Agent runs", "New sockets"):
        asked.sees(question)
        asked.press("\r")
    assert asked.ends() == 0
    assert TOKEN not in path.read_text() and load(path).credentials.tokens_env == "OURS"


def test_ctrl_c_leaves_everything_as_it_was_and_says_so(home: Home, terminal: Callable[..., Terminal]) -> None:
    path = home.folder / "kept.toml"
    path.write_text("# mine\n")
    refused = terminal("init", str(path))
    refused.sees(r"already. Replace it at the end\? \[y/N\]")
    refused.press("\r")
    assert refused.ends() == 2 and "stays as it is" in refused.text()
    broken = terminal("init", str(path))
    broken.sees("Replace it")
    broken.press("y\r")
    broken.sees("Backend address")
    broken.press("https://backend.example\r")
    broken.sees("one GET")
    broken.press("\x03")
    assert broken.ends() == 130 and "stays as it was" in broken.text()
    assert path.read_text() == "# mine\n" and sorted(home.folder.glob("*.toml")) == [path]


def test_without_a_terminal_it_says_how_and_never_replaces_a_file(home: Home) -> None:
    path = home.folder / "t.toml"
    nobody = home.vigil("init", str(path))
    assert nobody.code == 2 and "--backend URL --yes" in nobody.err and not path.exists()
    assert home.vigil("init", str(path), "--backend", "https://api.staging.example", "--yes").code == 0
    before = path.read_text()
    again = home.vigil("init", str(path), "--backend", "https://other.example", "--yes")
    assert again.code == 2 and "already" in again.err and path.read_text() == before
    unguessable = home.vigil("init", str(home.folder / "u.toml"), "--backend", "https://platform.example", "--yes")
    assert unguessable.code == 2 and "--auth" in unguessable.err
