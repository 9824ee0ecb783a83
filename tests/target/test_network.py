"""What stands before a real staging, as a target file says it: headers, proxy, authority; and tokens that do not last."""

from __future__ import annotations

import base64
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import trustme

from tui_app.target.credentials import CredentialsError, KeyMissing, Token, ready_tokens, resolve
from tui_app.target.files import replace_private
from tui_app.target.lasting import short_lived, spell, warnings
from tui_app.target.network import from_commands, headers_of, proxy_of, trust_of
from tui_app.target.profile import Profile, ProfileError, load

TARGET = '[target]\nname = "t"\nenvironment = "staging"\nbackend = "https://b.vigil.example"\nauth = "https://a.vigil.example"\n'


def profile(tmp_path: Path, text: str) -> Profile:
    path = tmp_path / "target.toml"
    path.write_text(TARGET + text)
    return load(path)


def token(lives: float, sub: str = "someone") -> str:
    parts = ({"alg": "HS256"}, {"sub": sub, "iat": int(time.time()), "exp": int(time.time() + lives)})
    head, body = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
    return f"{head}.{body}.c2lnbmF0dXJl"


async def test_headers_come_from_a_variable_and_from_a_command(tmp_path: Path) -> None:
    script = tmp_path / "print token.py"
    script.write_text('import os; print("from the command")')
    lines = f'[headers]\nX-One = "env:GATE"\nX-Two = "command:{sys.executable} \'{script}\'"\n'
    target = profile(tmp_path, lines)
    assert await headers_of(target, {"GATE": " s3cret "}) == {"X-One": "s3cret", "X-Two": "from the command"}
    assert from_commands(target) == ("X-Two",)
    assert await headers_of(target, {}, only=("X-Two",), alone=True) == {"X-Two": "from the command"}


@pytest.mark.parametrize(
    ("source", "environment", "part"),
    [
        ('"env:GATE"', {}, "the variable GATE is not set"),
        ('"env:GATE"', {"GATE": "hunter2\r\nX-Evil: 1"}, "must be one line"),
        ('"command:no-such-program-here"', {}, "cannot be run"),
        (f'"command:{sys.executable} -c \'print(\\"hunter2\\"); raise SystemExit(3)\'"', {}, "ended with code 3"),
        (f'"command:{sys.executable} -c \'print(\\"hunter2\\\\nhunter2\\")\'"', {}, "must be one line"),
    ],
)
async def test_a_header_without_a_usable_value_says_which_and_keeps_its_secret(
    tmp_path: Path, source: str, environment: dict[str, str], part: str
) -> None:
    with pytest.raises(CredentialsError, match=part) as caught:
        await headers_of(profile(tmp_path, f"[headers]\nX-Gate = {source}\n"), environment)
    assert "X-Gate" in str(caught.value) and "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('[headers]\nX-Gate = "hunter2"', 'Write "env:NAME" or "command:'),
        ('[headers]\nX-Gate = "command:say \'hunter2"', "a quote that does not end"),
        ('[headers]\n"X Gate" = "env:GATE"', "no name of an HTTP header"),
        ('[headers]\nAuthorization = "env:GATE"', "filled in by Vigil itself"),
        ('[headers]\nSec-WebSocket-Protocol = "env:GATE"', "filled in by Vigil itself"),
        ('[headers]\nX-Test-Mode = "env:GATE"', "may switch authentication off"),
        ('[headers]\nX-E2E-Bypass-Key = "env:GATE"', "may switch authentication off"),
        ("[headers]\nX-Gate = 7", "wrong kind of value"),
        ('[network]\nproxy = "http://user:hunter2@gate.invalid"', 'write "env:NAME"'),
        ('[network]\nproxy = "socks5://gate.invalid"', "not an address that Vigil can call"),
        ('[network]\nprox = "http://gate.invalid"', 'Did you mean "proxy"'),
        ('[credentials]\nmode = "tokens"', "needs tokens_env"),
        ('[credentials]\ntokens = "a.json"\ntokens_env = "A"', "exclude one another"),
        ('[credentials]\nmode = "register"\naccounts = "a.toml"', 'in the modes "login" and "e2e" only'),
    ],
)
def test_a_file_that_is_wrong_says_where_and_what_to_do(tmp_path: Path, text: str, part: str) -> None:
    with pytest.raises(ProfileError, match=part) as caught:
        profile(tmp_path, text)
    assert "hunter2" not in str(caught.value)


def test_the_authority_is_beside_the_file_and_has_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(trustme.CA().cert_pem.bytes())
    target = profile(tmp_path, '[network]\nca = "ca.pem"\n')
    assert target.network.ca == str(tmp_path / "ca.pem")
    assert Profile.model_validate(target.model_dump(mode="json", by_alias=True, exclude_none=True)).network.ca == target.network.ca
    trust = trust_of(target)
    assert trust is not None and len(trust.get_ca_certs()) >= 1
    assert trust_of(profile(tmp_path, "")) is None
    (tmp_path / "no.pem").write_text("nonsense")
    with pytest.raises(ProfileError, match="holds no certificate"):
        trust_of(profile(tmp_path, '[network]\nca = "no.pem"\n'))
    with pytest.raises(ProfileError, match="cannot be read"):
        trust_of(profile(tmp_path, '[network]\nca = "nowhere.pem"\n'))


def test_a_proxy_with_a_password_comes_from_a_variable(tmp_path: Path) -> None:
    target = profile(tmp_path, '[network]\nproxy = "env:GATE"\n')
    assert proxy_of(target, {"GATE": "http://user:hunter2@gate.invalid:3128"}) == "http://user:hunter2@gate.invalid:3128"
    with pytest.raises(CredentialsError, match="GATE is not set"):
        proxy_of(target, {})
    with pytest.raises(CredentialsError, match="not supported") as caught:
        proxy_of(target, {"GATE": "socks5://user:hunter2@gate.invalid"})
    assert "hunter2" not in str(caught.value)


async def test_the_e2e_sign_in_needs_its_key_and_people_who_are_apart(tmp_path: Path) -> None:
    accounts = '[[account]]\nemail = "anna@a.example"\n[[account]]\nemail = "ben@a.example"\n'
    replace_private(tmp_path / "people.toml", accounts)
    target = profile(tmp_path, '[credentials]\nkey_env = "KEY"\naccounts = "people.toml"\nmode = "e2e"\n')
    found = await resolve(target, {"KEY": "hunter2"})
    assert found.e2e_key == "hunter2" and [account.email for account in found.accounts] == ["anna@a.example", "ben@a.example"]
    with pytest.raises(KeyMissing, match="KEY is not set"):
        await resolve(target, {})
    replace_private(tmp_path / "people.toml", accounts.replace("ben@a", "Anna@b"))
    with pytest.raises(CredentialsError, match='begin with "anna@"'):
        await resolve(target, {"KEY": "hunter2"})


async def test_tokens_come_from_a_file_of_ones_own(tmp_path: Path) -> None:
    target = profile(tmp_path, '[credentials]\ntokens = "tokens.json"\n')
    good = [{"access": token(60, "a"), "refresh": "r"}, {"access": token(60, "b")}]
    replace_private(tmp_path / "tokens.json", json.dumps(good))
    assert [one.refresh for one in ready_tokens(target, {})] == ["r", ""]
    assert len((await resolve(target, {})).tokens) == 2
    (tmp_path / "tokens.json").chmod(0o644)
    with pytest.raises(CredentialsError, match="chmod 600"):
        await resolve(target, {})
    replace_private(tmp_path / "tokens.json", json.dumps([token(60, "a"), token(61, "a")]))
    with pytest.raises(CredentialsError, match="listed twice"):  # two tokens of one person are one person
        await resolve(target, {})


@pytest.mark.parametrize(
    ("lives", "refresh", "part"),
    [
        (-70, "", "ended 1 min 10 s ago: what needs u1 is BLOCKED"),
        (95, "", "cannot be renewed"),
        (95, "r", "renewed on the way"),
        (3600, "", ""),
    ],
)
def test_a_token_that_does_not_last_as_long_as_the_plan_is_said(lives: float, refresh: str, part: str) -> None:
    now = float(int(time.time()))
    said = short_lived([Token(token(lives), refresh)], 5.0, now)
    assert (part in said[0]) if part else said == []
    assert len(short_lived([Token(token(lives), refresh)], 5.0, now, again=True)) == (1 if lives < 0 else 0)


def test_what_cannot_be_known_before_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert warnings(profile(tmp_path, '[credentials]\nmode = "register"\n'), {}, 2, 5) == []
    assert "run again when they end" in warnings(profile(tmp_path, '[credentials]\ncommand = ["vault"]\n'), os.environ, 2, 5)[0]
    with_tokens = profile(tmp_path, '[credentials]\ntokens_env = "TOKENS"\n')
    assert "TOKENS is not set" in warnings(with_tokens, {}, 2, 5)[0]
    given: dict[str, Any] = {"TOKENS": f"{token(3600, 'a')} {token(30, 'b')} {token(1, 'c')}"}
    said = warnings(with_tokens, given, 2, 5)
    assert len(said) == 1 and "the token of u2" in said[0]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "0 s"), (59.6, "1 min"), (200, "3 min 20 s"), (3600, "1 h"), (7500, "2 h 5 min"), (-5, "0 s")]
)
def test_spans_for_a_person(seconds: float, text: str) -> None:
    assert spell(seconds) == text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[limits]\nrun_s = 5\nconnekt_s = 2.0", 8),
        ('[credentials]\n# how\nmode = "regster"', 8),
        ('[credentials]\nmode = "tokens"', 6),
        ('[headers]\n"X-Good" = "env:A"\nX-Gate = "hunter2"', 8),
        ("[headers]\nX-Test-Mode = 'env:A'", 7),
        ("[tiers]\n[nonsense]\na = 1", 7),
        ('credentials.mode = "x"', 6),
        (
            "[[accept]]\ncheck='a'\nsignature='s'\nticket='t'\nuntil=2020-01-01\n[[accept]]\ncheck='B'\nsignature='s'\nticket='t'\nuntil=2020-01-01",
            12,
        ),
    ],
)
def test_a_message_names_the_line(tmp_path: Path, text: str, line: int) -> None:
    before = "" if text.startswith("credentials.") else None
    (tmp_path / "t.toml").write_text(TARGET + text if before is None else "\n" * 5 + text + "\n" + TARGET)
    with pytest.raises(ProfileError, match=rf"line {line}: "):
        load(tmp_path / "t.toml")
