"""Secrets come from where the target file says, are refused in words, and are never shown."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tui_app.target.credentials import CredentialsError, Secrets, resolve
from tui_app.target.files import replace_private
from tui_app.target.profile import Profile, load

TARGET = '[target]\nname = "t"\nenvironment = "staging"\nbackend = "https://b.vigil.example"\nauth = "https://a.vigil.example"\n'
JWTS = [f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ{k}In0.c2lnbmF0dXJl{k}" for k in range(3)]
ACCOUNTS = [{"email": f"u{k}@vigil.example", "password": f"hunter2-{k}"} for k in range(3)]
AS_TOML = "\n".join(f'[[account]]\nemail = "{a["email"]}"\npassword = "{a["password"]}"' for a in ACCOUNTS)


def profile(tmp_path: Path, **credentials: Any) -> Profile:
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in credentials.items())
    path = tmp_path / "target.toml"
    path.write_text(f"{TARGET}[credentials]\n{lines}\n")
    return load(path)


async def test_register_needs_nothing(tmp_path: Path) -> None:
    assert await resolve(profile(tmp_path, mode="register", users=4), {}) == Secrets("register", 4)


@pytest.mark.parametrize("text", [AS_TOML, json.dumps(ACCOUNTS)])
async def test_accounts_from_a_file_beside_the_target_file(tmp_path: Path, text: str) -> None:
    replace_private(tmp_path / "accounts.toml", text)
    secrets = await resolve(profile(tmp_path, mode="login", accounts="accounts.toml", users=3), {})
    assert [(account.email, account.password) for account in secrets.accounts] == [(a["email"], a["password"]) for a in ACCOUNTS]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (AS_TOML.replace('"hunter2-1"', "hunter2-1"), "not valid TOML"),
        ('[[account]]\nemail = "hunter2"\npassword = "hunter2"', "number 1: email must be"),
        ('[[account]]\nemail = "u@vigil.example"\npasswort = "hunter2"', "needs email and password"),
        ('password = "hunter2"', "must hold"),
        ("", "must hold"),
        ('[{"email": "u@vigil.example", "password": "hunter2"}', "must be a JSON list"),
        (AS_TOML.replace("u1@", "u0@"), "listed twice"),
        ('[[account]]\nemail = "u@vigil.example"\npassword = "hunter2"', "1 users are given, and 2 are wanted"),
    ],
)  # fmt: skip
async def test_an_accounts_file_that_cannot_be_used_says_why_and_keeps_its_secrets(tmp_path: Path, text: str, part: str) -> None:
    replace_private(tmp_path / "accounts.toml", text)
    with pytest.raises(CredentialsError, match=part) as caught:
        await resolve(profile(tmp_path, accounts="accounts.toml", users=2), {})
    assert "hunter2" not in str(caught.value)


async def test_an_accounts_file_open_to_others_is_refused_with_the_fix(tmp_path: Path) -> None:
    path = tmp_path / "accounts.toml"
    replace_private(path, AS_TOML)
    path.chmod(0o644)
    with pytest.raises(CredentialsError, match=f"chmod 600 {path}"):
        await resolve(profile(tmp_path, accounts="accounts.toml"), {})
    path.unlink()
    with pytest.raises(CredentialsError, match="there is no file"):
        await resolve(profile(tmp_path, accounts="accounts.toml"), {})


async def test_a_hidden_prompt_where_no_file_is_named(tmp_path: Path) -> None:
    answers = iter(["u1@vigil.example", "hunter2", "u2@vigil.example", "hunter3"])
    secrets = await resolve(profile(tmp_path), {}, ask=lambda question: next(answers))
    assert [account.email for account in secrets.accounts] == ["u1@vigil.example", "u2@vigil.example"]
    with pytest.raises(CredentialsError, match="register"):
        await resolve(profile(tmp_path), {})
    with pytest.raises(CredentialsError, match="register"):
        await resolve(profile(tmp_path), {}, ask=lambda question: "")


@pytest.mark.parametrize(
    "value", [" ".join(JWTS), ",\n".join(JWTS), json.dumps(JWTS), json.dumps([{"access": token, "refresh": "r"} for token in JWTS])]
)
async def test_tokens_from_a_variable(tmp_path: Path, value: str) -> None:
    secrets = await resolve(profile(tmp_path, tokens_env="TOKENS", users=3), {"TOKENS": value})
    assert secrets.mode == "tokens" and [token.access for token in secrets.tokens] == JWTS


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("", "is not set"),
        (f"{JWTS[0]} hunter2", "number 2 is not a JWT"),
        (JWTS[0], "1 users are given"),
        (f"{JWTS[0]} {JWTS[0]}", "listed twice"),
        ("[1]", "not a JWT"),
        ("[hunter2", "JSON list"),
    ],
)
async def test_tokens_that_cannot_be_used(tmp_path: Path, value: str, part: str) -> None:
    with pytest.raises(CredentialsError, match=part) as caught:
        await resolve(profile(tmp_path, mode="tokens", tokens_env="TOKENS", users=2), {"TOKENS": value})
    assert "hunter2" not in str(caught.value) and "eyJ" not in str(caught.value)


async def test_the_key_for_end_to_end_sign_in(tmp_path: Path) -> None:
    secrets = await resolve(profile(tmp_path, key_env="KEY"), {"KEY": "hunter2\n"})
    assert (secrets.mode, secrets.e2e_key) == ("e2e", "hunter2")
    asked = await resolve(profile(tmp_path, mode="e2e"), {}, ask=lambda question: "hunter3")
    assert asked.e2e_key == "hunter3"
    for credentials in ({"key_env": "KEY"}, {"mode": "e2e"}):
        with pytest.raises(CredentialsError, match="key_env"):
            await resolve(profile(tmp_path, **credentials), {})


async def test_a_command(tmp_path: Path) -> None:
    script = f"import json; print(json.dumps({ACCOUNTS!r} + [{{'email': 'x'*9 + '@vigil.example', 'password': 'p' * 200_000}}]))"
    secrets = await resolve(profile(tmp_path, command=[sys.executable, "-c", script], users=4), {})
    assert secrets.mode == "command" and len(secrets.accounts) == 4 and len(secrets.accounts[3].password) == 200_000
    tokens = await resolve(profile(tmp_path, command=[sys.executable, "-c", f"print({json.dumps(JWTS)!r})"]), {})
    assert len(tokens.tokens) == 3


@pytest.mark.parametrize(
    ("command", "part"),
    [
        ([sys.executable, "-c", "raise SystemExit(3)"], "ended with code 3"),
        ([sys.executable, "-c", "print('hunter2')"], "must be a JSON list"),
        ([sys.executable, "-c", "print('x' * 2_000_000)"], "more than 1024 KiB"),
        (["no-such-command-anywhere"], "cannot be run"),
    ],
)
async def test_a_command_that_fails(tmp_path: Path, command: list[str], part: str) -> None:
    with pytest.raises(CredentialsError, match=part) as caught:
        await resolve(profile(tmp_path, command=command), {})
    assert "hunter2" not in str(caught.value)


async def test_a_command_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_app.target.command.COMMAND_SECONDS", 0.2)
    with pytest.raises(CredentialsError, match="did not finish"):
        await resolve(profile(tmp_path, command=[sys.executable, "-c", "import signal; signal.pause()"]), {})


async def test_secrets_travel_and_are_never_shown(tmp_path: Path) -> None:
    replace_private(tmp_path / "accounts.toml", AS_TOML)
    accounts = await resolve(profile(tmp_path, accounts="accounts.toml"), {})
    tokens = await resolve(profile(tmp_path, tokens_env="T"), {"T": json.dumps([{"access": JWTS[0], "refresh": "hunter2-r"}, JWTS[1]])})
    key = await resolve(profile(tmp_path, key_env="K"), {"K": "hunter2-key"})
    for secrets in (accounts, tokens, key):
        assert msgspec.json.decode(msgspec.json.encode(secrets), type=Secrets) == secrets
        shown = f"{secrets!r} {secrets} {[secrets]} {list(secrets.__rich_repr__())} {secrets.accounts} {secrets.tokens}"
        assert secrets.values()
        for _, value in secrets.values():
            assert value not in shown
    assert {kind for kind, _ in tokens.values()} == {"access", "refresh"}
