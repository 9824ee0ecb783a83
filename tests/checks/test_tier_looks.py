"""What checks make of direct looks into stores: rows in, word out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tui_app.checks.bench import WATCHED, Bench
from tui_app.checks.catalogue import by_id
from tui_app.checks.judgement import Judgement
from tui_app.model import Row

SUB, THREAD, MARKER = "11111111-2222-3333-4444-555555555501", "thread_1", "VM-abcdef-u1-0123456789abcdef0123"
PROMPT = f"What is 17 x 23? Quote my reference {MARKER} in your answer."


class Told:
    """The rows of one check."""

    def __init__(self, check: str) -> None:
        self.check, self.seq, self.number = check, 0, 0
        plan = {"target": {"name": "t", "environment": "staging"}, "users": 2}
        self.bench = Bench([by_id()[check]], plan, {})
        self.add("check", {}, type="start")

    def add(self, kind: str, body: dict[str, Any], **more: Any) -> int:
        self.seq += 1
        self.bench.feed(Row(seq=self.seq, t=self.seq, kind=kind, check=self.check, text=json.dumps(body), **more))
        return self.seq

    def look(self, tier: str, ask: str = "ping", *value: dict[str, Any], user: str = "u1", why: str = "", **facts: Any) -> int:
        error = str(facts.pop("error", "connection refused" if why else ""))
        body = {"ask": ask, "key": "k", "found": bool(value), "rows": len(value), "value": value, "error": error, "why": why, **facts}
        return self.add("tier", {"waited_ms": 2000.0, "before": False, "presumed": False, **body}, type=tier, user=user, ms=1.0)

    def begin(self, intent: str, conn: int = 0, **facts: Any) -> int:
        self.number += 1
        self.add("step", {"step": self.number, "intent": intent, **facts}, type="begin", user="u1", conn=conn)
        return self.number

    def end(self, step: int, outcome: str = "done") -> None:
        self.add("step", {"step": step, "outcome": outcome}, type="end", user="u1")

    def health(self, status: int = 200, **said: bool) -> int:
        checks = {tier: {"status": "healthy" if up else "failed", "connected": up} for tier, up in said.items()}
        answer = {"service": "backend", "path": "/api/health/database?force=true", "method": "GET", "body": {"checks": checks}}
        return self.add("http", answer, dir="in", type=str(status), user="u1", ms=1.0)

    def round(self, tier: str = "redis", up: bool | None = True, why: str = "", **facts: Any) -> None:
        step = self.begin("watch", tier=tier, number=self.number + 1)
        self.look(tier, why=why, **facts)
        self.health(**({tier: up} if up is not None else {}))
        self.end(step)

    def judged(self) -> Judgement:
        self.add("check", {"outcome": "driven"}, type="end")
        return self.bench.judgements[self.check]


def run(told: Told, answer: str = "It is 391.") -> None:
    """An agent's run that was asked for and answered."""
    ids = {"run_id": "r1", "thread_id": THREAD, "request_id": "q1", "user_id": SUB}
    told.add("user", {"sub": SUB}, type="ready", user="u1")
    told.add("conn", {}, type="open", user="u1", conn=1)
    about = {"request": "q1", "thread": THREAD, "marker": MARKER, "prompt": PROMPT, "deadline_ms": 30_000.0, "expects": {"tools": False}}
    step = told.begin("agent-run", 1, **about)
    told.add("frame", {"type": "user_message", "message_id": "q1"}, type="user_message", user="u1", conn=1, dir="out")
    for name, more in (("agent_started", {}), ("agent_thinking", {"thought": "hm"}), ("agent_completed", {"result": answer})):
        frame = json.dumps({"type": name, "data": {**ids, **more}, "timestamp": 1.0})
        told.seq += 1
        told.bench.feed(
            Row(seq=told.seq, t=told.seq, kind="frame", check=told.check, user="u1", conn=1, dir="in", type=name, run="r1", text=frame)
        )
    told.end(step)


def kept(message: dict[str, Any] | None = None, answer: dict[str, Any] | None = None, foreign: bool = False, **thread: Any) -> Judgement:
    """The check of PostgreSQL over these finds."""
    told = Told("tier-postgres-message")
    told.look("postgresql", found=True)
    run(told)
    step = told.begin("kept", thread=THREAD, marker=MARKER, prompt=PROMPT, request="q1", sub=SUB)
    row = {"id": THREAD, "user_id": SUB, "title": f"vigil kept {MARKER}", **thread}
    told.look("postgresql", "thread", *([] if thread.get("gone") else [row]))
    told.look("postgresql", "message", *[one for one in (message, answer) if one is not None])
    told.look("postgresql", "foreign", *([{"thread_id": "t2"}] if foreign else []), user="u2")
    told.end(step)
    return told.judged()


ASKED, ANSWERED = {"role": "user", "content": PROMPT}, {"role": "assistant", "content": "It is 391."}


def test_what_is_kept_as_told_passes_also_as_blocks_of_json() -> None:
    assert kept(ASKED, ANSWERED).word == "PASS"
    blocks = [{**one, "content": json.dumps([{"type": "text", "text": {"value": one["content"]}}])} for one in (ASKED, ANSWERED)]
    assert kept(*blocks).word == "PASS"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({}, "what was sent over the WebSocket is not there"),
        ({"message": {**ASKED, "content": PROMPT[:12]}, "answer": ANSWERED}, "what was sent over the WebSocket is not there"),
        ({"message": ASKED}, "the agent's answer is not there"),
        ({"message": ASKED, "answer": {**ANSWERED, "content": "It is 392."}}, "the agent's answer is not there"),
        ({"message": {**ASKED, "thread_id": "another"}, "answer": ANSWERED}, "another thread"),
        ({"message": ASKED, "answer": ANSWERED, "foreign": True}, "in a thread of u2"),
        ({"message": ASKED, "answer": ANSWERED, "user_id": "somebody"}, "another owner"),
        ({"message": ASKED, "answer": ANSWERED, "title": "untitled"}, "another title"),
        ({"message": ASKED, "answer": ANSWERED, "gone": True}, "is not in PostgreSQL"),
    ],
)
def test_what_is_kept_otherwise_fails_with_its_row(told: dict[str, Any], said: str) -> None:
    judgement = kept(**told)
    assert judgement.word == "FAIL"
    assert any(said in finding.text and finding.evidence for finding in judgement.findings), judgement.findings


@pytest.mark.parametrize(
    ("looks", "word", "said"),
    [
        ([{"why": "no-dsn", "error": 'add postgres = "env:STAGING_PG_DSN" under [tiers] of the target file'}], "SKIPPED", "STAGING_PG_DSN"),
        ([{"why": "library", "error": "asyncpg is not installed; it belongs to the extra vigil[tiers]"}], "BLOCKED", "not installed"),
        ([{"why": "refused"}], "BLOCKED", "cannot be looked into"),
        ([{"why": "unreachable"}], "BLOCKED", "cannot be reached from here"),
        ([{"why": "unreachable", "before": True}], "FAIL", "answered before"),
        ([{}, {"why": "timeout"}], "FAIL", "answered before"),
        ([{}, {"why": "timeout", "slow": True}], "INCONCLUSIVE", "our own side"),
        ([{}, {"why": "statement", "error": 'relation "messages" does not exist', "ask": "message"}], "BLOCKED", "does not exist"),
        ([], "INCONCLUSIVE", "nothing was measured"),
    ],
)
def test_a_store_that_cannot_be_looked_into_is_no_finding_about_what_it_keeps(looks: list[dict[str, Any]], word: str, said: str) -> None:
    told = Told("tier-postgres-message")
    for one in looks:
        told.look("postgresql", **one)
    judgement = told.judged()
    assert judgement.word == word
    assert said in judgement.reason + judgement.to_decide


def session(*value: dict[str, Any], revoked: bool | None = True, still: bool = True, guessed: bool = False) -> Judgement:
    told = Told("tier-redis-session")
    told.look("redis")
    step = told.begin("session", sub=SUB, names=["jti"], fresh=revoked is not None)
    told.look("redis", "session", *value, presumed=guessed)
    told.end(step)
    if revoked is not None:
        step = told.begin("ended")
        told.look("redis", "session", *(value if still else ()))
        if still:
            told.look("redis", "revoked", *([{"number": 1}] if revoked else []), presumed=guessed)
        told.end(step)
    return told.judged()


OWN = {"type": "string", "user": SUB, "holds": ["user"]}


def test_sessions_and_their_end_in_redis() -> None:
    assert session(OWN).word == "PASS"
    assert session(OWN, revoked=False, still=False).word == "PASS", "a session that is taken away is ended, too"
    assert session(OWN, revoked=None).word == "PASS"
    assert session({"type": "string", "holds": ["user"]}).word == "PASS", "a session in a form of its own that names the user"
    for judgement, said in (
        (session(), "has nothing under k"),
        (session({"type": "string", "user": "somebody", "holds": []}), "another user"),
        (session(OWN, revoked=False), "no revocation"),
    ):
        assert judgement.word == "FAIL"
        assert said in judgement.reason


def test_nothing_under_a_guessed_key_convicts_nobody_and_says_what_to_write() -> None:
    for judgement in (session(guessed=True), session(OWN, revoked=False, guessed=True)):
        assert judgement.word == "INCONCLUSIVE"
        assert "[tiers.where]" in judgement.to_decide
    assert session({"type": "string", "user": "somebody", "holds": []}, guessed=True).word == "FAIL"


def analytics(*finds: dict[str, Any] | None, up: bool = True) -> Judgement:
    told = Told("tier-clickhouse-run")
    told.look("clickhouse")
    step = told.begin("health")
    told.health(clickhouse=up)
    told.end(step)
    for number, find in enumerate(finds):
        step = told.begin("analytics", run=f"run-{number}", thread=THREAD, sub=SUB)
        told.look("clickhouse", "run", *([find] if find is not None else []))
        told.end(step)
    return told.judged()


ROW = {"run_id": "run-0", "user_id": SUB, "thread_id": THREAD, "status": "completed"}


def test_rows_of_runs_in_clickhouse() -> None:
    assert analytics(ROW, ROW).word == "PASS"
    assert analytics(ROW).word == "INCONCLUSIVE", "one run of two"
    assert analytics({"run_id": "run-0"}, {"run_id": "run-1"}).word == "PASS", "a table with less in it"
    for judgement, said in (
        (analytics(ROW, None), "health calls it connected"),
        (analytics({**ROW, "user_id": "somebody"}, ROW), "another user"),
        (analytics({**ROW, "status": "running"}, ROW), "'running'"),
    ):
        assert judgement.word == "FAIL"
        assert said in judgement.reason
    lost = analytics(None)
    assert len(lost.findings[0].evidence) == 2, "the look and what health said"


def test_a_tier_that_stays_passes_and_one_blip_changes_no_verdict() -> None:
    told = Told("tier-redis-stays")
    for up, why in ((True, ""), (False, "lost"), (True, ""), (True, "")):
        told.round(up=up, why=why)
    judgement = told.judged()
    assert judgement.word == "PASS"
    assert "4 rounds" in judgement.reason
    assert any(finding.severity == "minor" for finding in judgement.findings)


@pytest.mark.parametrize(
    ("up", "why", "severities", "said"),
    [
        (False, "lost", {"critical"}, "health says so, too"),
        (True, "lost", {"critical", "major"}, "answers no more"),
        (False, "", {"critical"}, "while it answers a direct look"),
        (None, "timeout", {"critical"}, "answers no more"),
    ],
)
def test_a_tier_that_goes_away_fails_and_a_health_body_that_denies_it_is_told(
    up: bool | None, why: str, severities: set[str], said: str
) -> None:
    told = Told("tier-redis-stays")
    for state in ((True, ""), (up, why), (up, why)):
        told.round(up=state[0], why=state[1])
    judgement = told.judged()
    assert judgement.word == "FAIL"
    assert said in judgement.reason
    assert {finding.severity for finding in judgement.findings} == severities
    assert all(finding.evidence for finding in judgement.findings)


def test_a_store_that_was_never_reached_from_here_is_blocked_and_our_own_lateness_is_nobodys_fault() -> None:
    told = Told("tier-redis-stays")
    told.round(why="unreachable")
    told.round(why="unreachable")
    assert told.judged().word == "BLOCKED"
    told = Told("tier-redis-stays")
    told.round()
    for _ in range(3):
        told.round(why="timeout", slow=True)
    assert told.judged().word == "PASS"


def test_without_a_dsn_health_is_watched_and_where_it_says_nothing_the_line_to_add_is_said() -> None:
    line = 'add redis = "env:STAGING_REDIS_URL" under [tiers] of the target file'
    told = Told("tier-redis-stays")
    told.round(why="no-dsn", error=line)
    told.round(why="no-dsn", error=line)
    assert told.judged().word == "PASS"
    told = Told("tier-redis-stays")
    told.round(up=None, why="no-dsn", error=line)
    judgement = told.judged()
    assert judgement.word == "SKIPPED"
    assert judgement.to_decide == line


def test_hours_of_watching_keep_a_bounded_number_of_rows_and_still_fail() -> None:
    told = Told("tier-redis-stays")
    for _ in range(2_000):
        told.round()
    assert len(told.bench.cases["tier-redis-stays"].rows) < WATCHED
    for _ in range(2):
        told.round(up=False, why="lost")
    assert told.judged().word == "FAIL"
