"""What the judges of connections say of rows: what fails, what is only told, and what is nobody's fault."""

from __future__ import annotations

import pytest

from tests.checks.lines import Line

# -- ws-connect


@pytest.mark.parametrize(("answer", "word"), [("same", "PASS"), ("", "PASS"), ("another", "FAIL"), (None, "FAIL")])
def test_a_pong_answers_its_own_ping_or_names_none(answer: str | None, word: str) -> None:
    line = Line("ws-connect")
    conn = line.dial()
    line.ping(conn, 3.0, answer=answer)
    line.closed(conn)
    assert line.judge().word == word


@pytest.mark.parametrize("code", [1000, 1011])
def test_whom_the_target_leaves_in_the_first_exchange_was_never_connected(code: int) -> None:
    line = Line("ws-connect")
    conn = line.dial()
    line.ping(conn, 3.0)
    line.closed(conn, by="target", code=code, reason="main cleanup")
    said = line.judge()
    assert said.word == "FAIL" and str(code) in said.reason and len(line.rows) - 1 in said.findings[0].evidence


def test_a_welcome_without_a_ping_shows_nothing() -> None:
    line = Line("ws-connect")
    line.closed(line.dial())
    assert line.judge().word == "INCONCLUSIVE"


# -- conversation, idle


def talk(*losses: str) -> Line:
    line = Line("conversation")
    conn = line.dial()
    for number in range(4):
        lost = losses[number] if number < len(losses) else ""
        with line.step("talk", conn=conn, round=number + 1, outcome="lost" if lost else "done"):
            line.ping(conn, 2.0)
            if lost:
                line.closed(conn, by=lost, code=1006 if lost == "network" else 1011)
                conn = line.dial()
    line.closed(conn)
    return line


@pytest.mark.parametrize(
    ("losses", "word"), [((), "PASS"), (("network",), "INCONCLUSIVE"), (("network", "network"), "FAIL"), (("target",), "FAIL")]
)
def test_one_loss_without_a_close_frame_may_be_the_networks_and_a_second_is_not(losses: tuple[str, ...], word: str) -> None:
    assert talk(*losses).judge().word == word


def silence(line: Line, *, lost: str = "", heard: bool = True) -> None:
    conn = line.dial()
    line.ping(conn, 2.0)
    with line.step("silence", conn=conn, seconds=2.0, outcome="lost" if lost else "done"):
        line.wait(2000)
        if lost:
            line.closed(conn, by=lost, code=1006 if lost == "network" else 1001)
    if not lost:
        with line.step("speak-again", conn=conn, outcome="done" if heard else "deadline"):
            line.ping(conn, 2.0, answer="same" if heard else None)
        line.closed(conn)


@pytest.mark.parametrize(
    ("losses", "word"), [(("",), "PASS"), (("target",), "FAIL"), (("network", ""), "PASS"), (("network", "network"), "FAIL")]
)
def test_a_silence_that_ends_a_socket_fails_when_it_is_no_chance(losses: tuple[str, ...], word: str) -> None:
    line = Line("idle")
    for lost in losses:
        silence(line, lost=lost)
    assert line.judge().word == word


def test_a_socket_that_is_open_and_deaf_fails() -> None:
    line = Line("idle")
    silence(line, heard=False)
    said = line.judge()
    assert said.word == "FAIL" and "hears nothing" in said.reason


# -- reconnects


def reconnect(line: Line, *refusals: tuple[str, int, float], back: bool = True) -> None:
    """One reconnect: refusals (reason, close code, ms until the next try), and whether it comes back in the end."""
    number = sum(row.kind == "step" and "reconnect" in row.text for row in line.rows) + 1
    with line.step("reconnect", number=number, outcome="done" if back else "refused"):
        for reason, code, after in refusals:
            line.refused(reason, code=code)
            line.wait(after)
        if back:
            conn = line.dial()
            line.ping(conn, 2.0)
            line.closed(conn, code=1006)


SOON = "Rate limit exceeded - retry after 1s"


@pytest.mark.parametrize(
    ("odd", "back", "word"),
    [
        ((), True, "PASS"),
        (((SOON, 1008, 1100.0),), True, "PASS"),  # throttled, waited as told, let in
        (((SOON, 1008, 1100.0), (SOON, 1008, 2100.0), (SOON, 1008, 4100.0)), False, "FAIL"),  # the limiter never lifts
        (
            (("Rate limit exceeded", 1008, 1100.0), ("Rate limit exceeded", 1008, 2100.0)),
            False,
            "INCONCLUSIVE",
        ),  # it does not say for how long
        ((("Rate limit exceeded - retry after 30s", 1008, 1100.0),), False, "INCONCLUSIVE"),  # not waited for
        (
            tuple(("Rate limit exceeded - retry after 5s", 1008, ms) for ms in (1100.0, 2100.0, 4100.0, 0.0)),
            False,
            "INCONCLUSIVE",
        ),  # nor long enough
        (
            tuple(("Rate limit exceeded - retry after 3s", 1008, ms) for ms in (1100.0, 2100.0, 4100.0, 0.0)),
            False,
            "INCONCLUSIVE",
        ),  # once may be chance
        ((("reached the maximum number of managers", 1011, 1100.0),), False, "FAIL"),
        ((("Internal error", 1011, 1100.0),), True, "PASS"),  # one of twenty may fail
    ],
)
def test_throttled_is_told_and_a_limit_that_never_lifts_fails(odd: tuple[tuple[str, int, float], ...], back: bool, word: str) -> None:
    line = Line("reconnects")
    for _ in range(19):
        reconnect(line)
    reconnect(line, *odd, back=back)
    said = line.judge()
    assert said.word == word, said.reason


def test_two_of_twenty_failing_reconnects_are_too_many() -> None:
    line = Line("reconnects")
    for number in range(20):
        reconnect(line, *((("Internal error", 1011, 1100.0),) if number in (4, 9) else ()))
    assert line.judge().word == "FAIL"


# -- recovery-cut


def recoveries(count: int = 10, *, waited: float = 0.0, late: float = 0.0, limited: bool = False) -> Line:
    line = Line("recovery-cut", recovery_s=5.0)
    for number in range(count):
        fault_at = int(line.t * 1e6)
        with line.step("recover", fault_at=fault_at, deadline_ms=10_000) as noted:
            if limited and not number:
                line.refused(SOON, code=1008)
            conn = line.dial(waited=waited)
            line.wait(0.0 if number else late)
            with line.step("agent-run", conn=conn, request=f"q{number}", expects={"tools": False}, deadline_ms=30_000):
                line.row("frame", {"type": "user_message", "message_id": f"q{number}"}, type="user_message", dir="out", conn=conn)
                for name in ("agent_started", "agent_thinking", "agent_completed"):
                    line.wait(20)
                    line.event(conn, name, run=f"r{number}", request_id=f"q{number}", result="42", thought="so", agent_name="a")
            noted["request"] = f"q{number}"
    return line


def test_what_a_redial_waited_for_our_own_pace_is_no_time_of_the_targets() -> None:
    said = recoveries(waited=60_000.0).judge()
    assert said.word == "PASS", said.reason


def test_a_recovery_that_meets_a_limit_on_connects_measures_the_limit() -> None:
    assert recoveries(late=8000.0).judge().word == "FAIL"
    assert recoveries(late=8000.0, limited=True).judge().word == "INCONCLUSIVE"  # nine are left
    assert recoveries(11, late=8000.0, limited=True).judge().word == "PASS"


def test_a_recovery_that_we_ended_ourselves_is_no_failure() -> None:
    line = recoveries()
    with line.step("recover", fault_at=0, deadline_ms=10_000, outcome="stopped"):
        line.wait(1.0)
    assert line.judge().word == "PASS"


def test_a_conversation_that_a_limit_on_connects_keeps_from_beginning_decides_nothing() -> None:
    line = talk()
    line.refused(SOON, code=1008, user="u2")
    assert line.judge(users=2).word == "INCONCLUSIVE"
