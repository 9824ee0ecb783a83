"""What the doctor says of a target: answers, clocks, certificates, tokens, and where each setting came from; and what it sends."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import jwt
import pytest
import trustme

from tests.doctor.places import place
from tests.engine.conftest import Home
from tui_app.doctor import credentials, services
from tui_app.doctor.examine import ask_services
from tui_app.doctor.findings import Finding, Place
from tui_app.doctor.settings import settings
from tui_app.target.profile import load

DAY = timedelta(days=1)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@asynccontextmanager
async def served(*, ahead_s: float = 0.0, tls: ssl.SSLContext | None = None, asked: list[str] | None = None) -> AsyncIterator[str]:
    """A service on loopback whose clock is so far ahead; `asked` collects the requests' first lines."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if asked is not None:
            asked.append(head.splitlines()[0])
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead_s), usegmt=True)
        body = b'{"environment": "staging"}'
        writer.write(f"HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield f"http{'s' if tls else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def target(folder: Path, url: str, more: str = "") -> Path:
    path = folder / "target.toml"
    websocket = url.replace("http", "ws", 1) + "/ws"
    head = f'[target]\nname = "t"\nenvironment = "docker"\nbackend = "{url}"\nauth = "{url}"\nwebsocket = "{websocket}"\n'
    path.write_text(head + more)
    return path


async def found(path: Path) -> list[Finding]:
    profile = load(path)
    looked, unreachable = await ask_services(profile)
    return list(services.look(Place({}, place().terminal, profile, looked, unreachable)))


@pytest.mark.parametrize(("ahead", "word", "part"), [(0.0, "ok", "agree"), (8.0, "warn", "ahead of"), (-300.0, "bad", "behind")])
async def test_clocks_are_held_against_each_other_with_a_bound(tmp_path: Path, ahead: float, word: str, part: str) -> None:
    asked: list[str] = []
    async with served(ahead_s=ahead, asked=asked) as url:
        clock = [one for one in await found(target(tmp_path, url)) if one.about == "clock"]
    assert {one.word for one in clock} == {word} and all(part in one.found and "give or take" in one.found for one in clock)
    assert bool(clock[0].fix) is (word != "ok")
    assert sorted(asked) == ["GET /health HTTP/1.1"] * 2, "one GET for each of backend and auth; the socket is on the backend's own port"


@pytest.mark.parametrize(
    ("known", "until", "about", "word", "part"),
    [
        (True, 90, "TLS backend", "ok", "90 days"),
        (True, 3, "TLS backend", "warn", "3 days"),
        (True, -1, "TLS backend", "bad", "expired"),
        (False, 90, "TLS backend", "bad", "issuer"),
    ],
)
async def test_certificates(tmp_path: Path, known: bool, until: int, about: str, word: str, part: str) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    now = datetime.now(UTC) + timedelta(minutes=5)
    authority.issue_cert("127.0.0.1", not_before=now - 30 * DAY, not_after=now + until * DAY).configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with served(tls=context) as url:
        told = await found(target(tmp_path, url, '[network]\nca = "ca.pem"\n' if known else ""))
    one = next(finding for finding in told if finding.about == about)
    assert one.word == word and part in one.found and bool(one.fix) is (word != "ok")


async def test_who_does_not_answer_is_bad(tmp_path: Path) -> None:
    async with served() as url:
        pass
    told = await found(target(tmp_path, url))
    assert {one.word for one in told if one.about in ("backend", "auth")} == {"bad"}


def test_tokens_are_told_by_their_end_and_never_shown(tmp_path: Path) -> None:
    now = int(time.time())
    tokens = [jwt.encode({"sub": name, "exp": now + left}, "k" * 32) for name, left in (("a", 9 * 3600), ("b", -60), ("c", 120))]
    path = target(tmp_path, "http://127.0.0.1:9", '[credentials]\ntokens_env = "OURS"\nusers = 3\n')
    told = list(credentials.look(place({"OURS": " ".join(tokens)}, profile=load(path))))
    assert [(one.about, one.word) for one in told] == [
        ("credentials", "ok"), ("token of u1", "ok"), ("token of u2", "bad"), ("token of u3", "warn"),
    ]  # fmt: skip
    assert "ended" in told[2].found and told[2].fix and told[3].fix
    said = json.dumps([(one.found, one.fix) for one in told])
    assert not any(part in said for token in tokens for part in token.split("."))
    assert next(iter(credentials.look(place({}, profile=load(path))))).word == "bad", "the variable is not set"


def test_a_file_of_accounts_that_others_may_read_is_bad(tmp_path: Path) -> None:
    path = target(tmp_path, "http://127.0.0.1:9", '[credentials]\nmode = "login"\naccounts = "a.toml"\nusers = 1\n')
    accounts = tmp_path / "a.toml"
    accounts.write_text('[[account]]\nemail = "one@example.com"\npassword = "hunter2"\n')
    accounts.chmod(0o644)
    told = list(credentials.look(place({}, profile=load(path))))
    assert told[0].word == "bad" and "chmod 600" in told[0].found and "hunter2" not in told[0].found
    accounts.chmod(0o600)
    assert next(iter(credentials.look(place({}, profile=load(path))))).word == "ok"


def test_every_setting_says_where_it_came_from(tmp_path: Path) -> None:
    path = target(tmp_path, "http://127.0.0.1:9", '[limits]\nagent_runs = 7\n[headers]\nX-Gate = "command:print-it --secret s3cret"\n')
    environment = {"HTTPS_PROXY": "http://me:hunter2@proxy.example:3128", "VIGIL_THEME": "mono", "VIGIL_KEEP_SIZE": "2GB"}
    told = {one.name: (one.value, one.origin) for one in settings(environment, load(path), {"--target": str(path)})}
    assert told["[target] backend"] == ("http://127.0.0.1:9", "target.toml, line 4")
    assert told["[limits] agent_runs"] == ("7", "target.toml, line 8")
    assert told["[limits] run_s"] == ("30.0", "default on this machine") and told["[credentials] mode"] == ("register", "default")
    assert told["VIGIL_KEEP_SIZE"] == ("2GB", "environment") and told["VIGIL_KEEP_SESSIONS"] == ("all sessions are kept", "default")
    assert told["theme"] == ("mono", "VIGIL_THEME") and told["--target"][1] == "command line"
    assert told["HTTPS_PROXY"] == ("http://proxy.example:3128", "environment")
    assert "s3cret" not in str(told) and "hunter2" not in str(told)


async def test_without_a_target_nothing_is_sent() -> None:
    assert await ask_services(None) == ((), "")


def test_the_command_says_it_in_words_and_by_its_exit_code(home: Home) -> None:
    """Nobody listens on port 9 of this machine: that is bad, and the code is 2."""
    fine = home.vigil("doctor")
    assert fine.code == 0 and " ok " in fine.out and "Where every setting came from" in fine.out and "nothing was sent" in fine.out
    path = target(home.folder, "http://127.0.0.1:9")
    broken = home.vigil("doctor", "--target", str(path), "--json")
    document = json.loads(broken.out)
    assert broken.code == 2 and document["schema"] == "vigil.doctor/1" and document["bad"] >= 2
    findings = [one for group in document["groups"] for one in group["findings"]]
    assert all(one["fix"] for one in findings if one["word"] == "bad")
    assert {"about", "word", "found", "fix"} == set(findings[0])
    assert ["--target", str(path), "command line"] in [list(one.values()) for one in document["settings"]]


def test_the_screen_shows_the_same_lines_in_ascii_too(home: Home) -> None:
    home.env["VIGIL_ASCII"] = "1"
    plain = home.vigil("doctor")
    assert plain.out.isascii() and "  + ok " in plain.out


@pytest.mark.parametrize(("claims", "word"), [("docker", "bad"), ("staging", "")])
async def test_a_backend_that_calls_itself_otherwise_is_bad_before_a_session_refuses(tmp_path: Path, claims: str, word: str) -> None:
    async with served() as url:
        path = target(tmp_path, url)
        path.write_text(path.read_text().replace('"docker"', f'"{claims}"'))
        said = [one for one in await found(path) if one.about == "environment"]
    assert [one.word for one in said] == ([word] if word else [])
    assert all("calls itself staging" in one.found and "staging" in one.fix[0] for one in said)
