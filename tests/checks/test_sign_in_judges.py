"""The judges of sign-in: rows in, word out; and what they make of recorded conversations with real services."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tui_app.checks.bench import Bench
from tui_app.checks.catalogue import by_id
from tui_app.checks.judgement import Judgement
from tui_app.model import Row
from tui_app.wire.envelope import normalise

SUB = "4836bd79-349e-4158-9d09-bed5fe631f07"
OTHER = "450d9a89-7988-4c33-b392-f036613be805"


class Story:
    """What a drive of one check left in the recording."""

    def __init__(self, check: str, environment: str = "rehearsal") -> None:
        self.check = check
        self.plan = {"target": {"name": "t", "environment": environment}, "users": 2, "limits": {"connect_s": 2.0}}
        self.rows: list[Row] = []
        self.steps = 0
        self.row("check", "start", {"id": check})

    def row(self, kind: str, type: str, body: Any, *, user: str = "", conn: int = 0, dir: str = "") -> None:
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        number = len(self.rows) + 1
        self.rows.append(Row(seq=number, t=number * 1000, kind=kind, check=self.check, user=user, conn=conn, dir=dir, type=type, text=text))

    def step(
        self, intent: str, *inside: tuple[Any, ...], user: str = "u1", end: dict[str, Any] | None = None, conn: int = 0, **facts: Any
    ) -> Story:
        """One step; `inside` are http answers ("http", status, path, body, headers) and sockets ("socket", conn, frames, close, facts)."""
        self.steps += 1
        self.row("step", "begin", {"step": self.steps, "intent": intent, **facts}, user=user, conn=conn)
        for what, *rest in inside:
            (self._http if what == "http" else self._socket)(user, *rest)
        self.row("step", "end", {"step": self.steps, "outcome": "done", **(end or {})}, user=user, conn=conn)
        return self

    def _http(
        self, user: str, status: int, path: str = "/api/threads?limit=1", body: Any = None, headers: Any = None, error: str = ""
    ) -> None:
        self.row("http", str(status), {"path": path, "body": body, "headers": headers or {}, "error": error}, user=user, dir="in")

    def _socket(self, user: str, conn: int, frames: list[Any], close: tuple[int, str] | None, **facts: Any) -> None:
        self.row("conn", "dialing", {}, user=user, conn=conn)
        self.row("conn", "open", {"subprotocol": facts.get("subprotocol", "")}, user=user, conn=conn)
        for frame in frames:
            (event,) = normalise(json.dumps(frame))
            self.row("frame", event.name, json.dumps(frame, ensure_ascii=False), user=user, conn=conn, dir="in")
            if event.name == "welcome":
                self.row("conn", "welcome", {"identity": event.user}, user=user, conn=conn)
        if close is not None:
            self.row("conn", "closed", {"code": close[0], "by": close[1]}, user=user, conn=conn)
        if not any(row.type == "welcome" and row.conn == conn for row in self.rows):
            self.row("conn", "refused", {"by": "target", "kind": "welcome", "reason": "closed before any welcome"}, user=user, conn=conn)

    def judged(self) -> Judgement:
        bench = Bench([by_id()[self.check]], self.plan, {})
        self.row("check", "end", {"outcome": "driven"})
        for row in self.rows:
            bench.feed(row)
        return bench.judgements[self.check]


WELCOME = {"type": "connection_established", "data": {"user_id": f"{SUB[:8]}...", "connection_id": "c"}}
REFUSAL = {"type": "error_message", "error_code": "AUTH_FAILED", "error_message": "Authentication failed", "details": {}}


def welcome(conn: int) -> tuple[Any, ...]:
    return ("socket", conn, [WELCOME], (1000, "us"))


def refusal(conn: int) -> tuple[Any, ...]:
    return ("socket", conn, [REFUSAL], (1008, "target"))


KINDS = ("none", "wrong-signature", "expired", "revoked")


def matrix(
    rest: tuple[Any, ...] = ("http", 401), socket: Any = refusal, control: Any = welcome, kinds: tuple[str, ...] = KINDS
) -> Judgement:
    story = Story("token-matrix")
    for number, kind in enumerate(kinds):
        user = "" if kind == "none" else "u2"
        story.step("bad-token", rest, user=user, kind=kind, carry="rest")
        story.step("good-token", ("http", 200), user="u2", carry="rest", end={"taken": True})
        story.step("bad-token", socket(2 * number + 1), user=user, kind=kind, carry="websocket")
        story.step("good-token", control(2 * number + 2), user="u2", carry="websocket", end={"taken": control is welcome})
    return story.judged()


def test_a_matrix_of_refusals_passes_and_each_other_answer_does_not() -> None:
    assert matrix().word == "PASS"
    assert matrix(socket=welcome).word == matrix(rest=("http", 200)).word == "FAIL"
    late = matrix(rest=("http", 0, "/api/threads?limit=1", None, None, "timeout: no whole answer within 5 s"))
    assert (late.word, "without an answer" in late.reason) == ("FAIL", True)
    for unclear in (("http", 500), ("http", 404), ("http", 0, "/", None, None, "tcp: reset")):
        assert matrix(rest=unclear).word == "INCONCLUSIVE"
    assert matrix(socket=lambda conn: ("socket", conn, [], (1011, "target"))).word == "INCONCLUSIVE"
    assert matrix(control=refusal).word == "FAIL"
    assert matrix(kinds=("none", "wrong-signature")).word == "INCONCLUSIVE"
    assert Story("token-matrix").judged().word == "INCONCLUSIVE"


def test_a_refusal_that_quotes_the_token_fails() -> None:
    quoting = {**REFUSAL, "details": {"token": "⟨secret:bad-wrong-signature:u2:0123abcd⟩"}}
    judged = matrix(socket=lambda conn: ("socket", conn, [quoting], (1008, "target")))
    assert (judged.word, "quotes the token" in judged.reason) == ("FAIL", True)


def ways(**changed: Any) -> Judgement:
    story = Story("token-ways")
    for number, way in enumerate(("subprotocol", "header", "query"), 1):
        chosen = {"subprotocol": "jwt-auth" if way == "subprotocol" else ""}
        given = changed.get(way, {"frames": [WELCOME], "close": (1000, "us")})
        story.steps += 1
        story.row("step", "begin", {"step": story.steps, "intent": "way", "way": way}, user="u1")
        story._socket("u1", number, given["frames"], given["close"], **{**chosen, **given.get("facts", {})})
        story.row("step", "end", {"step": story.steps, "outcome": "done"}, user="u1")
    return story.judged()


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"header": {"frames": [REFUSAL], "close": (1008, "target")}}, "the Authorization header gets lost"),
        ({"subprotocol": {"frames": [WELCOME], "close": (1000, "us"), "facts": {"subprotocol": ""}}}, "a browser drops"),
        ({"subprotocol": {"frames": [WELCOME], "close": (1000, "us"), "facts": {"subprotocol": "agent_chat"}}}, "was not offered"),
        (
            {"subprotocol": {"frames": [WELCOME], "close": (1000, "us"), "facts": {"subprotocol": "jwt.⟨secret:access:u1:0123abcd⟩"}}},
            "repeats the token",
        ),
        ({"query": {"frames": [{**WELCOME, "note": "⟨secret:access:u1:0123abcd⟩"}], "close": (1000, "us")}}, "holds a token"),
        ({way: {"frames": [REFUSAL], "close": (1008, "target")} for way in ("subprotocol", "header", "query")}, "closed with 1008"),
    ],
)
def test_each_way_that_does_not_carry_a_token_fails(changed: dict[str, Any], why: str) -> None:
    assert ways().word == "PASS"
    judged = ways(**changed)
    assert judged.word == "FAIL"
    assert why in judged.reason


def identity(*known_as: str, me: str = SUB) -> Judgement:
    story = Story("identity")
    for number, (user, sub) in enumerate((("u1", SUB), ("u2", OTHER))):
        found = known_as[number] if number < len(known_as) else sub
        frames = [{"type": "connection_established", "data": {"user_id": f"{found[:8]}..."}}, {"type": "ack", "user_id": found}]
        about = {"id": me if user == "u1" else sub}
        story.step("identity", ("http", 200, "/auth/me", about), ("socket", number + 1, frames, (1000, "us")), user=user, sub=sub)
    return story.judged()


@pytest.mark.parametrize(
    ("known_as", "why"),
    [
        (("relaxed_0473",), "made-up"),
        ((SUB, SUB), "takes u2 for u1"),
        (("demo-user-001",) * 2, "made-up"),
        ((OTHER.upper(),), "somebody else"),
    ],
)
def test_an_identity_that_is_not_the_tokens_subject_fails(known_as: tuple[str, ...], why: str) -> None:
    assert identity().word == "PASS"
    judged = identity(*known_as)
    assert judged.word == "FAIL"
    assert why in judged.reason
    assert identity(me=OTHER).word == "FAIL"


def oauth(status: int, location: str = "", config: dict[str, Any] | None = None, secure: bool = False) -> Judgement:
    story = Story("oauth-start")
    heard = (("http", 200, "/auth/config", config or {}), ("http", status, "/auth/login?provider=google", None, {"location": location}))
    return story.step("oauth", *heard, user="", hosts=["auth.example", "127.0.0.1:81"], secure=secure).judged()


GOOGLE = "https://accounts.google.com/o/oauth2/v2/auth?state=s&redirect_uri="


@pytest.mark.parametrize(
    ("judged", "word"),
    [
        (oauth(302, GOOGLE + "https%3A%2F%2Fauth.example%2Fauth%2Fcallback", secure=True), "PASS"),
        (oauth(302, GOOGLE + "http%3A%2F%2Flocalhost%3A81%2Fauth%2Fcallback"), "PASS"),
        (oauth(302, GOOGLE + "http%3A%2F%2Fauth.example%2Fauth%2Fcallback", secure=True), "FAIL"),
        (oauth(302, GOOGLE + "https%3A%2F%2Fauth.example.evil.example%2Fcallback"), "FAIL"),
        (oauth(302, GOOGLE.replace("accounts.google.com", "accounts.google.com.evil.example")), "FAIL"),
        (oauth(302, "/login"), "FAIL"),
        (oauth(503, config={"oauth_configured": True}), "FAIL"),
        (oauth(503), "SKIPPED"),
        (oauth(404), "SKIPPED"),
        (oauth(500), "FAIL"),
        (oauth(0), "INCONCLUSIVE"),
    ],
)
def test_the_start_of_a_google_sign_in(judged: Judgement, word: str) -> None:
    assert judged.word == word, judged.reason


def cors(origin: str, allowed: str, credentials: str) -> str:
    story = Story("cors")
    headers = {"access-control-allow-origin": allowed, "access-control-allow-credentials": credentials}
    heard = (("http", 204, "/api/threads?limit=1", None, headers), ("http", 200, "/api/threads?limit=1", None, headers))
    return story.step("cors", *heard, kind="another", origin=origin, service="backend").judged().word


def test_only_a_permission_with_credentials_fails() -> None:
    assert cors("https://pages.example", "https://pages.example", "true") == "FAIL"
    assert cors("https://pages.example", "https://app.example", "true") == "PASS"
    assert cors("https://pages.example", "*", "") == "PASS"


def test_a_session_that_goes_on_after_its_end_fails() -> None:
    def ended(open_: bool, close: tuple[int, str] | None, causes: tuple[str, ...] = ("logout", "expiry")) -> Judgement:
        story = Story("socket-follows-session")
        for conn, cause in enumerate(causes, 1):
            story._socket("u1", conn, [WELCOME], close)
            story.steps += 1
            story.row("step", "begin", {"step": story.steps, "intent": "live"}, user="u1", conn=conn)
            story.row("frame", "pong", {"type": "pong"}, user="u1", conn=conn, dir="in")
            story.row("step", "end", {"step": story.steps, "outcome": "done", "answered": True}, user="u1", conn=conn)
            story.step("outlives", conn=conn, cause=cause, within_s=5, end={"open": open_})
        return story.judged()

    assert ended(False, (1008, "target")).word == "PASS"
    assert ended(True, None).word == "FAIL"
    assert ended(False, (1006, "network")).word == "INCONCLUSIVE"
    assert ended(False, (1008, "target"), ("logout",)).word == "INCONCLUSIVE"
    assert Story("socket-follows-session").judged().word == "INCONCLUSIVE"


# -- what real services said


def _folder() -> Path | None:
    named = os.environ.get("VIGIL_TRANSCRIPTS")
    places = [Path(named)] if named else [parent / "shared" / "transcripts" for parent in Path(__file__).resolve().parents]
    return next((place for place in places if place.is_dir()), None)


def conversations(name: str) -> Iterator[tuple[str, list[Any], tuple[int, str]]]:
    """Each recorded connection: its case, its frames, and how it ended."""
    folder = _folder()
    if folder is None:
        pytest.skip("no recorded conversations here: set VIGIL_TRANSCRIPTS to their folder")
    frames: list[Any] = []
    for line in (folder / f"{name}.jsonl").read_text().splitlines():
        entry = json.loads(line)
        if entry["kind"] == "ws_open":
            frames = []
        elif entry["kind"] == "ws_recv":
            frames.append(entry["frame"])
        elif entry["kind"] == "ws_close" and entry.get("close"):
            close = entry["close"]
            yield entry["case"], frames, (close["code"], "us" if close["by"] == "client" else "target")


def test_the_refusals_of_a_real_service_are_read_as_refusals() -> None:
    story = Story("token-matrix", "docker")
    kinds = {
        "expired": "expired",
        "after logout": "revoked",
        "wrong signature": "wrong-signature",
        "none alg": "alg-none",
        "no token": "none",
    }
    for conn, (case, frames, close) in enumerate(conversations("repaired-ws-token-matrix"), 1):
        name = case.partition(" (")[0]
        if name in kinds:
            story.step("bad-token", ("socket", conn, frames, close), kind=kinds[name], carry="websocket")
        elif case.startswith("control before"):
            story.step("good-token", ("socket", conn, frames, close), carry="websocket", end={"taken": True})
    judged = story.judged()
    assert (judged.word, len(story.rows) > 40) == ("PASS", True), judged.reason


def test_a_real_service_that_refuses_a_good_token_after_five_bad_ones_fails() -> None:
    story = Story("good-after-bad", "docker")
    for conn, (case, frames, close) in enumerate(conversations("repaired-ws-token-matrix"), 1):
        if case.startswith("breaker: bad"):
            story.step("bad-token", ("socket", conn, frames, close), kind="wrong-signature", carry="websocket")
        elif case == "breaker: valid token right after":
            story.step("good-token", ("socket", conn, frames, close), carry="websocket", end={"taken": False})
    assert story.judged().word == "FAIL"


def test_a_real_service_that_a_test_header_opens_fails() -> None:
    story = Story("test-header", "docker")
    for conn, (case, frames, close) in enumerate(conversations("repaired-test-header"), 1):
        if "forged" in case:
            story.step("bad-token", ("socket", conn, frames, close), kind="X-Test-Mode", carry="websocket")
    judged = story.judged()
    assert judged.word == "FAIL"
    assert "X-Test-Mode" in judged.reason


def test_a_real_service_that_welcomes_a_signed_out_token_fails() -> None:
    folder = _folder()
    if folder is None:
        pytest.skip("no recorded conversations here: set VIGIL_TRANSCRIPTS to their folder")
    for name, word in (("beta14-ws-session", "FAIL"), ("repaired-ws-session", "PASS")):
        entries = [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]
        entry = next(one for one in entries if one["case"] == "new connection with logged-out token")
        close = (entry["close"][0], "target") if entry["close"] else (1000, "us")
        story = Story("session-end", "docker")
        story.step("before", ("http", 200)).step("sign-out", ("http", 200, "/auth/logout"))
        story.step("bad-token", ("http", 401), kind="revoked", carry="rest")
        story.step("bad-token", ("socket", 1, entry["frames"], close), kind="revoked", carry="websocket")
        assert story.judged().word == word, name


def test_the_claims_of_a_real_token_pass_where_it_belongs_and_fail_elsewhere() -> None:
    folder = _folder()
    if folder is None:
        pytest.skip("no recorded conversations here: set VIGIL_TRANSCRIPTS to their folder")
    entries = [json.loads(line) for line in (folder / "repaired-auth-http.jsonl").read_text().splitlines()]
    token = next(one for one in entries if one["kind"] == "jwt" and one["case"] == "login a access")
    for environment, word in (("docker", "PASS"), ("staging", "FAIL")):
        facts = {"jwt": True, "alg": token["header"]["alg"], "claims": token["claims"], "named": sorted(token["claims"])}
        assert Story("token-claims", environment).step("claims", ("http", 200, "/auth/me"), **facts).judged().word == word
