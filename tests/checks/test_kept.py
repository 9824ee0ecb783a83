"""What is kept: each way in which a conversation can come back wrong fails, and other builds' forms of the same do not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.stepped import Told, judge

SAID = ("0 VM-a Grüße 👩\u200d🚀", "1 VM-a <b>&amp;</b>", "2 VM-a the last")


def history(*texts: str, blocks: bool = False) -> dict[str, Any]:
    contents: list[Any] = [[{"type": "text", "text": {"value": text}}] if blocks else text for text in texts]
    messages = [{"id": f"m{number}", "role": "user", "content": content} for number, content in enumerate(contents)]
    return {"messages": messages, "total": len(messages)}


def flow(read: dict[str, Any], *, status: int = 200, listed: bool = True) -> tuple[str, str]:
    """message-flow: three messages said, five good reads of which one is `read`."""
    said: list[Told] = [("say", {"text": text}, [("/m", 200, {"id": "x", "content": text})]) for text in SAID]
    bodies = [history(*SAID)] * 4
    reads: list[Told] = [("read", {}, [("/m", 200, body)]) for body in bodies]
    odd: Told = ("read", {}, [("/m", status, read)])
    shown: Told = ("list", {"thread": "t"}, [("/threads", 200, [{"id": "t"}] if listed else [])])
    judged = judge("message-flow", *said, *reads, odd, shown)
    return judged.word, judged.reason


def test_messages_as_they_were_written_pass_in_either_form_of_content() -> None:
    assert flow(history(*SAID))[0] == "PASS"
    assert flow(history(*SAID, blocks=True))[0] == "PASS"
    assert flow(history(*SAID[::-1]))[0] == "PASS", "newest first is an order"


@pytest.mark.parametrize(
    ("read", "why"),
    [
        (history(*SAID[:2]), "1 of 3 messages are not there"),
        (history(), "3 of 3 messages are not there"),
        (history(SAID[0].encode().decode("latin-1"), *SAID[1:]), "other bytes"),
        (history(SAID[0], "1 VM-a &lt;b&gt;", SAID[2]), "other bytes"),
        (history(SAID[1], SAID[0], SAID[2]), "not in the order"),
        (history(*SAID, SAID[2]), "more than once"),
        ({**history(*SAID), "total": 7}, "total"),
    ],
)
def test_each_wrong_reading_fails_although_four_others_were_right(read: dict[str, Any], why: str) -> None:
    word, reason = flow(read)
    assert word == "FAIL"
    assert why in reason


def test_a_reading_that_fails_and_a_thread_that_is_not_listed_fail() -> None:
    assert flow({}, status=500)[0] == "FAIL"
    assert flow(history(*SAID), listed=False)[0] == "FAIL"


def test_nothing_said_is_no_pass() -> None:
    assert judge("message-flow").word == "INCONCLUSIVE"


def asked(*bodies: tuple[int, Any]) -> str:
    facts = {"path": "/api/config/public", "thread": "t", "marker": "VM-a"}
    return judge("instances", ("ask", facts, [("/api/config/public", status, body) for status, body in bodies])).word


def test_instances_may_differ_in_what_is_of_the_moment_only() -> None:
    assert asked(*((200, {"version": "1", "timestamp": number, "checks": {"uptime_seconds": number}}) for number in range(5))) == "PASS"
    assert asked(*((200, {"version": "1"}) for _ in range(4)), (200, {"version": "2"})) == "FAIL"
    assert asked(*((200, {}) for _ in range(4)), (404, {})) == "FAIL"
    assert asked((200, {})) == "INCONCLUSIVE"
    assert asked(*((404, {}) for _ in range(5))) == "PASS", "a route that no instance has is no difference"


def lived(title: str = "new", listed: str | None = "new", after: bool = False, put: int = 200) -> str:
    rows = [{"id": "t", "title": listed}] if listed is not None else []
    steps: list[Told] = [
        ("rename", {}, [("/t", put, {})]),
        ("renamed", {"thread": "t", "title": "new"}, [("/t", 200, {"title": title})]),
        ("listed", {"thread": "t", "title": "new"}, [("/ts", 200, {"threads": rows})]),
        ("archive", {}, [("/t", 200, {})]),
        ("unlisted", {"thread": "t"}, [("/ts", 200, rows if after else [])]),
    ]
    return judge("thread-life", *steps).word


def test_what_is_done_to_a_thread_stays_done() -> None:
    assert lived() == "PASS"
    assert lived(title="old") == "FAIL"
    assert lived(listed="old") == "FAIL"
    assert lived(listed=None) == "FAIL"
    assert lived(after=True) == "FAIL"
    assert lived(put=500) == "FAIL"
    assert lived(title="old", listed="old", put=405) == "PASS", "a platform on which nothing can be renamed is not at fault"
