"""The checks of suite 2.3: each says FAIL by what it was shown, and PASS only where the control was shown, too."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.staged import Stage, marker, sub, word
from tui_app.checks.catalogue import catalogue
from tui_app.checks.suite_2_3_tools import FAIR_RUNS

MINE = [check.id for check in catalogue() if check.suite == "2.3"]
R1, R2 = "request-1-aaaaaaaa", "request-2-bbbbbbbb"


@pytest.mark.parametrize("check", MINE)
def test_nothing_done_is_no_pass(check: str) -> None:
    assert word(Stage(check))[0] in ("INCONCLUSIVE", "BLOCKED")


def test_only_checks_for_several_users_are_left_out_with_one_account() -> None:
    alone = {check.id for check in catalogue() if check.suite == "2.3" and check.min_users < 2}
    assert alone == {"two-sockets", "run-reaches-asker", "memory"}, "these are about one user; all others need somebody to isolate from"


# -- isolation-active


def active(how: str = "denied", *, run: str = "done", history: str = "", stop: str = "agent_stopped") -> Stage:
    """u2 reaches for u1's thread and run; u1's own run ends as `run`, its history holds `history`, and `stop` answers its own stop."""
    stage = Stage("isolation-active")
    stage.open(1, "u1")
    stage.open(2, "u2")
    stage.add("created", "made", user="u1", body={"thing": "thread", "id": "thread_1_cafecafe", "owner": "u1"})
    owned = stage.ask("u1", 1, R1, owned=True)
    stage.run("u1", 1, R1, only="agent_started agent_thinking")
    for action, thing, name in (("run", "thread", "thread_1_cafecafe"), ("stop", "run", f"run-of-{R1}")):
        facts = {"owner": "u1", "actor": "u2", "thing": thing, "id": name, "action": action, "message": "message-9-cccccccc"}
        step = stage.begin("attempt", "u2", 2, **facts)
        stage.say(
            2, "u2", "user_message" if action == "run" else "stop_agent", payload={f"{thing}_id": name}, message_id="message-9-cccccccc"
        )
        if how == "denied":
            stage.refuse(2, "u2", f"{thing.upper()}_ACCESS_DENIED", **{f"{thing}_id": name})
        elif how == "allowed":
            stage.hear(2, "u2", "agent_started", **{f"{thing}_id": name})
        elif how == "elsewhere":
            stage.hear(2, "u2", "agent_started", request_id="message-9-cccccccc", thread_id="thread_9_beefbeef")
        elif how == "ack":
            stage.hear(2, "u2", "ack", received_type="x")
        stage.end(step)
    if run == "done":
        stage.run("u1", 1, R1, only="agent_completed")
    stage.end(owned, run, run=f"run-of-{R1}")
    step = stage.begin("history", "u1", thread="thread_1_cafecafe", marker=marker("u2"), actor="u2")
    stage.answer("u1", 200, {"messages": [{"role": "user", "content": history}]})
    stage.end(step)
    own = stage.ask("u1", 1, R2, owned=True)
    stage.run("u1", 1, R2, only="agent_started")
    step = stage.begin("control", "u1", 1, action="stop", run=f"run-of-{R2}")
    stage.say(1, "u1", "stop_agent", payload={"run_id": f"run-of-{R2}"})
    if stop:
        stage.hear(1, "u1", stop, run_id=f"run-of-{R2}", request_id=R2)
    stage.end(step)
    stage.end(own, "stopped", run=f"run-of-{R2}")
    return stage


def test_every_attempt_denied_and_the_owner_served_passes() -> None:
    said = word(active())
    assert said[0] == "PASS" and "2 attempts" in said[1]
    assert word(active("elsewhere"))[0] == "PASS", "served in a thread of one's own reaches nothing of others"


@pytest.mark.parametrize(
    ("stage", "why"),
    [
        ({"how": "allowed"}, "u2 may run the agent in a thread of u1"),
        ({"run": "stopped"}, "a run of u1 that others reached for did not end (stopped)"),
        ({"run": "deadline"}, "did not end (deadline)"),
        ({"history": marker("u2")}, "a message of u2 stands in a thread of u1"),
        ({"how": "silence"}, "message into a thread of u1 is not answered"),
    ],
)
def test_each_way_in_and_each_harm_to_the_owner_fails(stage: dict[str, Any], why: str) -> None:
    said = word(active(**stage))
    assert said[0] == "FAIL", said
    assert why in said[1]


def test_a_refusal_of_what_nobody_may_do_proves_nothing() -> None:
    stage = active("ack")
    judgement = stage.judged()
    assert judgement.word == "INCONCLUSIVE"
    assert any("no such message" in finding.text for finding in judgement.findings)


# -- isolation-windows


def window(*heard: str, dialled: float = 1.0, pong: bool = True, kept: bool = True) -> Stage:
    stage = Stage("isolation-windows")
    stage.open(1, "u1")
    stage.say(1, "u1", "user_message", text=marker("u1"))
    step = stage.begin("swap", "u2", leaving="u1")
    stage.open(2, "u2")
    for text in heard:
        stage.hear(2, "u2", "agent_progress", message=text)
    stage.say(2, "u2", "ping", id="p")
    if pong:
        stage.hear(2, "u2", "pong", id="p")
    stage.end(step, cut=0, dialled=int(dialled * 1e6), conn=2)
    step = stage.begin("kept", "u1", marker=marker("u1"))
    stage.answer("u1", 200, {"messages": [{"content": marker("u1")}] if kept else []})
    stage.end(step)
    return stage


def test_a_connection_that_follows_anothers_shows_nothing_of_it() -> None:
    assert word(window())[0] == "PASS"
    said = word(window(f"old news {marker('u1')}"))
    assert said[0] == "FAIL" and "in the first frames" in said[1]
    assert word(window(f"old news {marker('u2')}"))[0] == "PASS", "own things are no leak"


def test_a_swap_that_was_slow_or_not_watched_decides_nothing() -> None:
    assert word(window(dialled=80.0))[0] == "INCONCLUSIVE"
    assert word(window(pong=False))[0] == "INCONCLUSIVE"
    assert word(window(kept=False))[0] == "INCONCLUSIVE", "without a run of somebody there was nothing to leak"


# -- two-sockets


def two(*shown: tuple[str, str]) -> Stage:
    """Runs asked for on socket 1, with what socket 1 and socket 2 show of each."""
    stage = Stage("two-sockets", users=1)
    stage.open(1, "u1")
    stage.open(2, "u1")
    for number, (here, there) in enumerate(shown):
        request = f"request-{number}-aaaaaaaa"
        step = stage.ask("u1", 1, request, other=2)
        if there:
            stage.run("u1", 2, request, only=there)
        if here:
            stage.run("u1", 1, request, only=here)
        stage.end(step, "done" if "completed" in here else "deadline", run=f"run-of-{request}")
    return stage


ALL = "agent_started agent_thinking agent_completed"


def test_either_policy_passes_where_it_is_kept() -> None:
    assert word(two((ALL, ""), (ALL, "")))[0] == "PASS"
    assert word(two((ALL, ALL), (ALL, ALL)))[0] == "PASS"


@pytest.mark.parametrize(
    ("shown", "why"),
    [
        ([(ALL, ""), (ALL, ALL)], "no consistent policy"),
        ([("agent_started agent_completed", "agent_thinking")], "missing where it was asked"),
        ([(ALL, "agent_started")], "the second window shows 1 of 3"),
        ([("", ALL)], "only the other one shows the run"),
        ([("agent_started", "")], "was not told an end"),
        ([("", "")], "neither showed anything"),
    ],
)
def test_a_second_window_that_takes_or_shows_a_part_fails(shown: list[tuple[str, str]], why: str) -> None:
    said = word(two(*shown))
    assert said[0] == "FAIL", said
    assert why in said[1]


# -- run-reaches-asker


def reached(events: str, stored: bool) -> Stage:
    stage = Stage("run-reaches-asker", users=1)
    stage.open(1, "u1")
    step = stage.ask("u1", 1, R1)
    stage.run("u1", 1, R1, only=events or "none")
    stage.end(step, "done" if events else "deadline")
    step = stage.begin("history", "u1", request=R1, marker=marker("u1"), thread="thread_1_cafecafe")
    stage.answer("u1", 200, {"messages": [{"role": "assistant", "content": "391"}] if stored else [{"role": "user", "content": "?"}]})
    stage.end(step)
    return stage


@pytest.mark.parametrize(
    ("events", "stored", "expected"),
    [(ALL, True, "PASS"), ("", True, "FAIL"), ("agent_started", True, "FAIL"), ("", False, "FAIL")],
)
def test_what_the_history_holds_was_told(events: str, stored: bool, expected: str) -> None:
    assert word(reached(events, stored))[0] == expected


# -- sessions-independent


def signed_out(*, alive: bool = True, status: int = 200, rest: int = 200) -> Stage:
    stage = Stage("sessions-independent")
    stage.open(1, "u1")
    stage.open(2, "u2")
    step = stage.begin("sign-out", "u1")
    stage.answer("u1", status, {})
    stage.end(step)
    for whose, user, conn, answered in (("other user", "u2", 2, alive), ("session signed out", "u1", 1, False)):
        step = stage.begin("alive", user, conn, whose=whose)
        if answered:
            stage.hear(conn, user, "pong", id="p")
        stage.end(step)
    step = stage.begin("still-in", "u2")
    stage.answer("u2", rest, [])
    stage.end(step)
    return stage


def test_signing_out_is_ones_own_affair() -> None:
    assert word(signed_out())[0] == "PASS"
    assert word(signed_out(alive=False))[0] == "FAIL"
    assert word(signed_out(rest=401))[0] == "FAIL"
    assert word(signed_out(status=503))[0] == "INCONCLUSIVE"


# -- memory, context-bleed


def talk(check: str, *turns: tuple[str, str, str, str]) -> Stage:
    """Turns (user, turn, fact of, answer); each user's fact is its own marker, and all of a user's turns are in one thread."""
    stage = Stage(check)
    for number, (user, turn, whose, answer) in enumerate(turns):
        conn, thread, request = number + 1, f"thread_{user[1:]}_cafecafe", f"request-{number}-aaaaaaaa"
        stage.open(conn, user)
        step = stage.ask(user, conn, request, thread=thread, turn=turn, fact=marker(whose), asked=thread)
        stage.run(user, conn, request, result=answer, thread=thread)
        stage.end(step)
    return stage


def test_a_follow_up_is_answered_from_what_was_said() -> None:
    tell = ("u1", "tell", "u1", "noted")
    assert word(talk("memory", tell, ("u1", "recall", "u1", f"It is {marker('u1')}.")))[0] == "PASS"
    said = word(talk("memory", tell, ("u1", "recall", "u1", "You never told me.")))
    assert said[0] == "FAIL" and "nothing of what was said before" in said[1]


def test_an_answer_in_another_thread_fails_although_it_knows() -> None:
    stage = Stage("memory", users=1)
    stage.open(1, "u1")
    step = stage.ask("u1", 1, R1, turn="recall", fact=marker("u1"), asked="thread_1_cafecafe")
    stage.run("u1", 1, R1, result=f"It is {marker('u1')}.", thread="thread_5_beefbeef")
    stage.end(step)
    said = word(stage)
    assert said[0] == "FAIL" and "in another thread" in said[1]


def test_a_confidence_is_kept_only_where_it_is_remembered() -> None:
    tell, recall = ("u1", "tell", "u1", "noted"), ("u1", "recall", "u1", f"It is {marker('u1')}.")
    assert word(talk("context-bleed", tell, ("u2", "ask", "u1", "You never told me."), recall))[0] == "PASS"
    said = word(talk("context-bleed", tell, ("u2", "ask", "u1", f"It is {marker('u1')}."), recall))
    assert said[0] == "FAIL" and "told u2 a fact that u1 had confided" in said[1]
    forgetful = ("u1", "recall", "u1", "You never told me.")
    assert word(talk("context-bleed", tell, ("u2", "ask", "u1", "You never told me."), forgetful))[0] == "INCONCLUSIVE"


# -- tool-isolation


def tools(*events: tuple[str, str, str]) -> Stage:
    """Tool events (user, call, text) of two users whose markers are known."""
    stage = Stage("tool-isolation")
    for conn, user in ((1, "u1"), (2, "u2")):
        stage.open(conn, user)
        step = stage.ask(user, conn, f"request-{user}-aaaaaaaa")
        stage.say(conn, user, "user_message", content=marker(user))
        stage.end(step)
    for user, call, text in events:
        stage.hear(int(user[1:]), user, "tool_executing", tool="t", tool_call_id=call, metadata={"parameters": {"text": text}})
    return stage


def test_tools_show_their_own_users_texts_only() -> None:
    own = [(user, f"call-{user}", marker(user)) for user in ("u1", "u2")]
    assert word(tools(*own))[0] == "PASS"
    assert word(tools(own[0], ("u2", "call-u2", marker("u1"))))[0] == "FAIL"
    assert word(tools(*own, ("u2", "call-u1", "x")))[0] == "FAIL", "one call shown to both"
    assert word(tools(own[0]))[0] == "INCONCLUSIVE", "u2's tool was not seen"
    assert word(tools(("u1", "a", "x"), ("u2", "b", "y")))[0] == "INCONCLUSIVE", "nothing that could show whose it is"


# -- fairness


@pytest.mark.parametrize(
    ("took", "expected"),
    [((1000, 1100), "PASS"), ((1000, 2600), "FAIL"), ((100, 900), "PASS"), ((1000, None), "FAIL")],
)
def test_equal_work_takes_comparable_time(took: tuple[float, float | None], expected: str) -> None:
    """Nine times as long is nothing where it is tenths of a second: that is the network's doing as likely as the platform's."""
    stage = Stage("fairness")
    for user, ms in zip(("u1", "u2"), took, strict=True):
        conn = int(user[1:])
        stage.open(conn, user)
        work = stage.begin("work", user, conn)
        for number in range(FAIR_RUNS):
            request = f"request-{user}-{number}-aaaa"
            step = stage.ask(user, conn, request)
            stage.t += int((ms or 0) * 1e6 / FAIR_RUNS)
            stage.run(user, conn, request, only=ALL if ms else "agent_started")
            stage.end(step, "done" if ms else "deadline")
        stage.end(work, "done" if ms else "deadline")
    assert word(stage)[0] == expected


# -- isolation-lists, isolation-errors


def listed(name: str, whose: str, body: Any, status: int = 200) -> Stage:
    stage = Stage("isolation-lists")
    for user in ("u1", "u2"):
        stage.add("created", "made", user=user, body={"thing": "thread", "id": f"thread_{user[1:]}_cafecafe", "owner": user})
    for kind, owner, shown, code in (("threads", "u1", [{"id": "thread_1_cafecafe"}], 200), (name, whose, body, status)):
        step = stage.begin("list", "u1", name=kind, whose=owner, thread=f"thread_{owner[1:]}_cafecafe", marker=marker(owner))
        stage.answer("u1", code, shown)
        stage.end(step)
    return stage


def test_lists_hold_own_things_and_nothing_else() -> None:
    assert word(listed("runs", "u1", []))[0] == "PASS"
    assert word(listed("threads", "u1", [{"id": "thread_1_cafecafe"}, {"id": "thread_2_cafecafe"}]))[0] == "FAIL"
    assert word(listed("threads", "u1", []))[0] == "FAIL", "one's own thread is missing"
    assert word(listed("chat messages of another's thread", "u2", [{"content": marker("u2")}]))[0] == "FAIL"
    assert word(listed("chat messages", "u1", {"detail": "Not Found"}, 404))[0] == "PASS", "a list that is not there shows nobody anything"


@pytest.mark.parametrize(("text", "expected"), [("not yours", "PASS"), (f"it belongs to {sub('u1')}", "FAIL"), (marker("u1"), "FAIL")])
def test_an_error_names_nobody_else(text: str, expected: str) -> None:
    stage = Stage("isolation-errors")
    step = stage.begin("error", "u2", owner="u1", name="another's thread", over="REST")
    stage.answer("u2", 403, {"message": text})
    stage.end(step)
    stage.open(2, "u2")
    step = stage.begin("error", "u2", 2, owner="u1", name="bad JSON", over="the WebSocket")
    stage.refuse(2, "u2", "JSON_PARSE_ERROR")
    stage.end(step)
    assert word(stage)[0] == expected


def test_errors_over_rest_say_nothing_of_those_over_the_socket() -> None:
    stage = Stage("isolation-errors")
    step = stage.begin("error", "u2", owner="u1", name="another's thread", over="REST")
    stage.answer("u2", 403, {"message": "no"})
    stage.end(step)
    assert word(stage)[0] == "INCONCLUSIVE"
