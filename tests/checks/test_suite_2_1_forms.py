"""Forms of a request, sizes and errors: served, refused in words, or wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.sessions import Session, Told, work

FORMS = [(name, stamp) for name in ("user_message", "agent_request", "start_agent") for stamp in ("number", "ISO")]
Fates = dict[tuple[str, str], str]


def forms(fates: Fates) -> Session:
    session = Session("request-forms")
    for name, stamp in FORMS:
        fate = fates.get((name, stamp), "served")
        if fate == "served":
            session.run(work(), type=name, form=name, stamp=stamp)
            continue
        step = session.begin("agent-run", request=f"{name}-{stamp}-0123456789", form=name, stamp=stamp, deadline_ms=30_000.0)
        session.goes({"type": name, "message_id": f"{name}-{stamp}-0123456789"})
        if fate == "told":
            session.comes({"type": "ack", "received_type": name, "user_id": "x"})
        session.end(step, "deadline")
    return session


@pytest.mark.parametrize(
    ("fates", "word", "says"),
    [
        ({}, "PASS", "served"),
        ({("start_agent", "number"): "told", ("start_agent", "ISO"): "told"}, "PASS", "user_message, agent_request"),
        ({("user_message", "ISO"): "silence"}, "FAIL", "and as ISO it gets silence"),
        ({("user_message", "number"): "silence", ("user_message", "ISO"): "silence"}, "FAIL", "user_message gets silence"),
        (dict.fromkeys(FORMS, "told"), "FAIL", "no form of a request is served"),
    ],
    ids=["all", "one-unsupported", "iso-swallowed", "type-swallowed", "none"],
)
def test_every_form_is_served_or_refused_in_words(fates: Fates, word: str, says: str) -> None:
    judgement = forms(fates).judged()
    assert (judgement.word, says in judgement.reason) == (word, True), judgement.reason


def test_another_schema_for_another_form_is_wrong() -> None:
    session = Session("request-forms")
    session.run(work(), form="user_message", stamp="number")
    ids = session.run([], form="agent_request", stamp="number")
    for name, data in work():
        session.comes({"type": "agent_progress", "data": {"event": name, **data, "request_id": ids["request_id"]}, "timestamp": session.at})
    judgement = session.judged()
    assert judgement.word == "FAIL" and "another form" in judgement.reason
    assert all(len(finding.evidence) >= 2 for finding in judgement.findings)


def sizes(*fates: str, limit: int = 0) -> tuple[str, str]:
    session = Session("message-sizes")
    step = session.begin("documented")
    session.answers("/ws/config", {"websocket_config": {"max_message_size": limit}} if limit else {})
    session.end(step, limit=limit)
    for kib, fate in zip((1, 7, 9, 16, 64), fates, strict=False):
        refusal: Told = ("error_message", {"error_code": "TOO_LARGE", "error_message": "no"})
        session.run({"served": work(), "told": [refusal], "silence": []}[fate], kib=kib, size=kib * 1024)
    judgement = session.judged()
    return judgement.word, judgement.reason


def test_an_ordinary_size_that_gets_no_answer_is_wrong_and_a_refusal_in_words_only_within_a_documented_limit() -> None:
    assert sizes(*["served"] * 5) == ("PASS", "requests of up to 65536 bytes are served")
    assert sizes("served", "served", "silence")[0] == "FAIL"
    assert sizes("served", "served", "told", limit=1 << 20)[0] == "FAIL"
    assert sizes("served", "served", "told")[0] == "PASS"
    assert sizes("silence") == ("INCONCLUSIVE", "even a request of 1024 bytes is not served (silence), so that size says nothing")
    assert sizes()[0] == "INCONCLUSIVE"


def failing(*answers: dict[str, Any] | str | None) -> Session:
    session = Session("error-told")
    for what, answer in zip(("an empty text", "no payload", "a number for a text"), answers, strict=False):
        step = session.begin("failing", what=what)
        session.goes({"type": "user_message"})
        if answer == "closed":
            session.closes(1011, "main mode error")
        elif isinstance(answer, dict):
            session.comes(answer)
            if "Recursion" in str(answer):
                session.closes(1011, "main mode error")
        session.end(step)
    return session


ERROR = {"type": "error_message", "error_code": "EMPTY_MESSAGE", "error_message": "The request has no text"}
LEAK = {**ERROR, "details": {"error_type": "RecursionError"}}
ACK = {"type": "ack", "received_type": "user_message", "user_id": "x"}


@pytest.mark.parametrize(
    ("answers", "word"),
    [
        ((ERROR, ERROR, ERROR), "PASS"),
        ((ERROR, ERROR, None), "FAIL"),
        ((ERROR, ACK, ERROR), "FAIL"),
        ((LEAK, ERROR, ERROR), "FAIL"),
        (("closed", ERROR, ERROR), "FAIL"),
        ((), "INCONCLUSIVE"),
    ],
    ids=["told", "silence", "ack-only", "exception-and-close", "closed", "nothing"],
)
def test_a_request_that_fails_is_told_so(answers: tuple[dict[str, Any] | None, ...], word: str) -> None:
    assert failing(*answers).judged().word == word
