"""Tokens are renewed once at a time, by whatever way still works; where none does, the session waits, and says for what."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tui_app.checks.api import User
from tui_app.checks.bench import Bench
from tui_app.engine import renewal
from tui_app.engine.clock import Clock, Gate
from tui_app.engine.lives import is_new, life_of
from tui_app.engine.log import Log
from tui_app.engine.plan import Plan
from tui_app.engine.renewal import Keeper
from tui_app.engine.sockets import Sockets
from tui_app.engine.world import World
from tui_app.model import SECOND, Row
from tui_app.recording.schema import HEADER_KEYS
from tui_app.recording.secrets import Vault
from tui_app.recording.writer import Writer
from tui_app.target.profile import Limits
from tui_app.wire.created import Created
from tui_app.wire.http import HttpClient
from tui_app.wire.pacing import Pacing

REFRESH, LOGIN = "/auth/refresh", "/auth/login"
Answer = tuple[int, dict[str, Any]]


def token(sub: str, *, iat: float = 0.0, lives: float = 900.0, number: int = 0) -> str:
    claims = {"sub": sub, "iat": int(time.time() + iat), "exp": int(time.time() + iat + lives), "jti": number}
    head, body = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "HS256"}, claims))
    return f"{head}.{body}.c2lnbmF0dXJl"


def pair(sub: str = "s1", number: int = 1) -> Answer:
    return 200, {"access_token": token(sub, number=number), "refresh_token": f"refresh-token-{number}"}


class Auth:
    """An auth service on loopback: per path, answers in turn, the last one for good."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = next((int(line.split(":")[1]) for line in head.splitlines() if line.startswith("content-length:")), 0)
                await reader.readexactly(length)
                path = head.split()[1]
                self.asked.append(path)
                left = self.answers.get(path, [(404, {})])
                status, body = left.pop(0) if len(left) > 1 else left[0]
                raw = json.dumps(body).encode()
                writer.write(f"HTTP/1.1 {status} Said\r\nContent-Length: {len(raw)}\r\n\r\n".encode() + raw)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


class Parts:
    """A session without checks, and its keeper."""

    def __init__(self, folder: Path, url: str) -> None:
        plan = Plan(target={"name": "t"}, limits={}, profile={}, checks=[], users=2, mode="login")
        header = dict.fromkeys(HEADER_KEYS, "") | {
            "schema": "vigil.recording/1",
            "plan": msgspec.json.encode(plan).decode(),
            "checks": "[]",
        }
        self.gate = Gate()
        self.writer = Writer(folder / "x.vigil", header)
        self.log = Log(Clock(), self.writer, Bench([], msgspec.to_builtins(plan), header), Vault())
        self.rows: list[Row] = []
        self.changed = asyncio.Event()
        self.log.listeners.append(self._row)
        created, pacing = Created(), Pacing(connects_per_minute=None, sockets=9, agent_runs=9)
        self.world = World(
            session="abc", plan=plan, limits=Limits(), urls={}, log=self.log, gate=self.gate, vault=self.log.vault, created=created,
            pacing=pacing, client=lambda: HttpClient({"auth": url}, created),
        )  # fmt: skip
        self.given_up: list[str] = []
        sockets = Sockets(self.log, self.gate, self.world, "ws://127.0.0.1:9/ws", 1.0)
        self.keeper = Keeper(self.world, sockets, 60.0, lambda why, _: self._gave_up(why))

    def _row(self, row: Row) -> None:
        self.rows.append(row)
        self.changed.set()

    def _gave_up(self, why: str) -> None:
        self.given_up.append(why)
        self.changed.set()

    async def until(self, ready: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not ready():
                self.changed.clear()
                await self.changed.wait()

    def signed_in(self, *, password: str = "p", refresh: str = "refresh-token-0", access: str = "") -> User:
        user = User("u1", "s1", "u1@vigil.example", password, access or token("s1"), refresh)
        self.world.ready(user, "login", "", "sign-in")
        return user

    def of(self, kind: str, type: str = "") -> list[Row]:
        return [row for row in self.rows if row.kind == kind and (not type or row.type == type)]


@pytest.fixture
async def auth() -> AsyncIterator[tuple[Auth, str]]:
    made = Auth()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    yield made, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


@pytest.fixture
async def parts(auth: tuple[Auth, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Parts]:
    monkeypatch.setattr(renewal, "RETRY_S", 0.01)
    made = Parts(tmp_path, auth[1])
    yield made
    await made.keeper.close()
    await made.world.close()
    made.writer.close()


async def test_whoever_asks_at_once_shares_one_refresh_recorded_as_nobodys_check(auth: Any, parts: Parts) -> None:
    fresh = pair()
    auth[0].answers[REFRESH] = [fresh]
    user = parts.signed_in()
    old = user.access
    assert await asyncio.gather(*(parts.keeper.renew(user) for _ in range(20))) == [True] * 20
    assert auth[0].asked == [REFRESH]
    assert (user.access, user.refresh) == (fresh[1]["access_token"], "refresh-token-1") and old in parts.world.retired
    assert {row.check for row in parts.of("http")} == {""} and [row.body["how"] for row in parts.of("user", "renewed")] == ["refresh"]
    assert "refresh-token-1" not in "".join(row.text for row in parts.rows)


async def test_it_happens_by_itself_at_eighty_percent_of_the_life(auth: Any, parts: Parts) -> None:
    auth[0].answers[REFRESH] = [pair()]
    user = parts.signed_in(access=token("s1", iat=-60.5, lives=63.0))  # no new one: two seconds or so are left of it
    life = parts.world.lives[user.label]
    assert life is not None and 0.5 < life.seconds <= 2.5
    await parts.until(lambda: bool(parts.of("user", "renewed")))
    assert time.monotonic_ns() >= life.due
    assert life.due - life.began == pytest.approx(0.8 * (life.ends - life.began), rel=1e-6)


async def test_a_service_that_is_busy_is_asked_again_and_a_used_up_refresh_token_gives_way_to_the_password(auth: Any, parts: Parts) -> None:
    auth[0].answers = {REFRESH: [(503, {}), (429, {}), (401, {})], LOGIN: [pair()]}
    user = parts.signed_in()
    assert await parts.keeper.renew(user)
    assert auth[0].asked == [REFRESH, REFRESH, REFRESH, LOGIN]
    assert parts.of("user", "renewed")[0].body["how"] == "login" and not parts.keeper.lost


async def test_where_nothing_works_any_more_the_session_waits_for_whoever_signs_in(auth: Any, parts: Parts) -> None:
    auth[0].answers = {REFRESH: [(401, {})], LOGIN: [(401, {}), (401, {}), pair("somebody-else"), pair("s1", 2)]}
    user = parts.signed_in()
    assert not await parts.keeper.renew(user)
    assert parts.gate.held and "u1 cannot be kept signed in" in parts.keeper.lost["u1"]
    assert parts.of("control", "credentials")[0].body["needs"] == ["u1"]
    assert not await parts.keeper.renew(user), "it is not asked again behind the operator's back"
    asked = len(auth[0].asked)
    for given, said in (
        ({"password": "wrong"}, "answered with 401"),
        ({"password": "another's"}, "another identity"),
        ({"password": "right"}, ""),
    ):
        assert parts.gate.held
        await parts.keeper.offer("u1", given)
        assert (said in parts.keeper.said) if said else parts.keeper.said == ""
    assert len(auth[0].asked) == asked + 3
    assert not parts.gate.held and user.password == "right" and user.refresh == "refresh-token-2"
    assert parts.of("control")[-1].type == "resume"
    assert "right" not in "".join(row.text for row in parts.of("http"))
    await parts.keeper.offer("u9", {"password": "x"})
    assert "does not wait" in parts.keeper.said


async def test_a_hold_of_the_operators_own_outlasts_the_sign_in(auth: Any, parts: Parts) -> None:
    auth[0].answers = {REFRESH: [(401, {})], LOGIN: [(401, {}), pair()]}
    user = parts.signed_in()
    parts.gate.hold()
    await parts.keeper.renew(user)
    await parts.keeper.offer("u1", {})
    assert parts.gate.held and not parts.keeper.lost


async def test_nobody_comes_and_the_session_gives_up(auth: Any, parts: Parts) -> None:
    auth[0].answers = {REFRESH: [(401, {})], LOGIN: [(423, {})]}
    parts.keeper.wait_s = 0.01
    await parts.keeper.renew(parts.signed_in())
    await parts.until(lambda: bool(parts.given_up))
    assert "u1 cannot be kept signed in" in parts.given_up[0] and "423" in parts.given_up[0]


async def test_tokens_of_somebody_else_are_never_taken(auth: Any, parts: Parts) -> None:
    auth[0].answers[REFRESH] = [pair("s2")]
    user = parts.signed_in()
    assert not await parts.keeper.renew(user)
    assert user.sub == "s1" and "somebody else" in parts.keeper.lost["u1"]


@pytest.mark.parametrize(
    ("login", "proven", "lost"),
    [
        ((401, {}), True, True),  # neither token nor password opens any more: the account is locked
        (pair(), True, False),  # the account is well: whoever refuses its good token is the target
        ((500, {}), True, False),  # nothing is known of the account
        ((401, {}), False, False),  # its token never was good: that is for the checks to say
    ],
)
async def test_a_refused_token_is_doubted_only_where_the_account_is_gone(
    auth: Any, parts: Parts, login: Answer, proven: bool, lost: bool
) -> None:
    auth[0].answers = {"/own": [(200, {}), (401, {})] if proven else [(401, {}), (401, {})], LOGIN: [login]}
    user = parts.signed_in()

    async def own() -> None:
        await parts.world.request("auth", "GET", "/own", token=user.access, json=None, fresh=False, within=5.0, check="c", user="u1")

    await own()
    await own()
    looking = [task for name, task in parts.keeper._tasks.items() if name == "look u1"]
    await asyncio.gather(*looking)
    await own()
    assert auth[0].asked.count(LOGIN) == (1 if proven else 0), "asked once, however often it is refused"
    assert bool(parts.keeper.lost) is parts.gate.held is lost
    if lost:
        assert parts.of("user", "lost")[0].body["since"] == parts.of("http", "200")[0].seq


def test_a_life_counts_from_the_coming_of_a_new_token_whatever_the_targets_clock_says() -> None:
    now = time.monotonic_ns()
    for access, issued, seconds in (
        (token("a", lives=900), True, 900),
        (token("a", iat=-5000, lives=900), True, 900),  # its clock is behind ours
        (token("a", iat=5000, lives=900), True, 900),
        (token("a", iat=-600, lives=900), False, 300),  # a ready-made one ends when it says
    ):
        life = life_of(access, issued=issued)
        assert life is not None and (life.ends - now) / SECOND == pytest.approx(seconds, abs=1.5)
    assert life_of("opaque", issued=True) is None
    assert is_new(token("a")) and not is_new(token("a", iat=-600)) and not is_new("opaque")
