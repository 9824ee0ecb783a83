"""Which stores a session may look into, what is secret of them, and how a look waits, stops and is recorded."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tui_app.engine.clock import Gate, Stopped
from tui_app.engine.tiers import Tiers, look
from tui_app.model import Row
from tui_app.order import make_plan, secrets_for
from tui_app.target.profile import Profile, load
from tui_app.target.tiers import TiersTable, WhereTable
from tui_app.wire.pacing import BudgetSpent, Pacing

DSN = "postgresql://reporter:s3same%2Fopen@db.internal:5432/app"


class Rows:
    """Takes rows as the engine's log does."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []

    def add(self, kind: str, body: dict[str, Any], **fields: Any) -> Row:
        self.bodies.append(body)
        return Row(seq=len(self.bodies), t=0, kind=kind)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    path = tmp_path / "redis.sqlite3"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE entries (key TEXT PRIMARY KEY, value TEXT NOT NULL, ends DOUBLE PRECISION NOT NULL)")
    return path


def on(path: Path) -> Tiers:
    return Tiers.given(TiersTable(), {}, {"redis": f"sqlite://{path}"})


def ask(tiers: Tiers, log: Rows, gate: Gate, pacing: Pacing | None = None, what: str = "session", settle: float = 0.0) -> Any:
    ids = {"jti": "abc"} if what == "session" else {}
    return look(tiers, gate, pacing or Pacing(), log, "c", "redis", what, ids, None, settle, bool)  # type: ignore[arg-type]


def test_what_is_not_given_says_which_line_to_add_and_what_is_not_set_names_its_variable() -> None:
    tiers = Tiers.given(TiersTable(postgres="env:STAGING_PG_DSN", clickhouse="env:CH"), {"clickhouse": "sqlite:///x"}, {})
    assert tiers.obstacles["redis"] == ("no-dsn", 'add redis = "env:STAGING_REDIS_URL" under [tiers] of the target file')
    assert "STAGING_PG_DSN" in tiers.obstacles["postgresql"][1]
    assert tiers.obstacles["clickhouse"] == ("dsn", "a SQLite file is no store of a target")


def test_passwords_and_users_are_secrets_and_words_that_every_server_knows_are_not() -> None:
    tiers = Tiers.given(TiersTable(), {"postgres": DSN, "clickhouse": "http://default:pw-of-it@h:8123/"}, {})
    kept = {(kind, value) for kind, _, value in tiers.secrets}
    assert kept >= {
        ("password", "s3same/open"),
        ("password", "s3same%2Fopen"),
        ("db-user", "reporter"),
        ("password", "pw-of-it"),
        ("dsn", DSN),
    }
    assert "default" not in {value for _, value in kept}


async def test_a_dsn_travels_by_the_pipe_and_stands_in_no_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGING_PG_DSN", DSN)
    path = tmp_path / "t.toml"
    path.write_text(
        '[target]\nname = "t"\nenvironment = "rehearsal"\nbackend = "http://127.0.0.1:1"\nauth = "http://127.0.0.1:1"\n'
        '[tiers]\npostgres = "env:STAGING_PG_DSN"\nredis = "env:NOT_SET_ANYWHERE"\n'
    )
    profile: Profile = load(path)
    plan = make_plan(profile)
    given = await secrets_for(profile, plan)
    assert given.tiers == {"postgres": DSN}
    assert "s3same" not in repr(given) + repr(plan)


async def test_a_look_waits_for_a_late_write_and_its_row_says_how_long(cache: Path) -> None:
    log = Rows()
    looking = asyncio.create_task(ask(on(cache), log, Gate(), settle=30.0))
    while not log.bodies and not looking.done():
        await asyncio.sleep(0.15)
        with sqlite3.connect(cache) as db:
            db.execute('INSERT OR IGNORE INTO entries VALUES (\'session:abc\', \'{"user_id": "me", "token": "opaque-secret"}\', 9e12)')
    found = await looking
    assert found.found
    (body,) = log.bodies
    assert body["tries"] >= 2
    assert body["waited_ms"] > 0
    assert body["value"][0]["user"] == "me"
    assert "opaque-secret" not in str(body), "of a session only whose it is, and what it is made of"


async def test_what_is_not_there_when_the_time_is_over_is_recorded_as_such(cache: Path) -> None:
    log = Rows()
    assert not (await ask(on(cache), log, Gate())).found
    assert log.bodies[0]["why"] == ""
    assert log.bodies[0]["presumed"] is False, "on its own rehearsal Vigil knows where things are"
    tiers = Tiers.given(TiersTable(where=WhereTable(rate="r:{email}")), {"redis": "redis://127.0.0.1:1/0"}, {})
    await ask(tiers, log, Gate(), what="ping")
    assert log.bodies[1]["why"] == "unreachable"
    await ask(tiers, log, Gate())
    assert log.bodies[2]["presumed"] is True


async def test_a_stopped_session_and_a_spent_budget_ask_nothing(cache: Path) -> None:
    tiers, log, gate = on(cache), Rows(), Gate()
    gate.hold()
    looking = asyncio.create_task(ask(tiers, log, gate))
    await asyncio.sleep(0.05)
    assert tiers.asked == 0, "on hold"
    gate.stop()
    with pytest.raises(Stopped):
        await looking
    with pytest.raises(BudgetSpent):
        await ask(tiers, log, Gate(), Pacing(minutes=0.0))
    assert tiers.asked == 0
