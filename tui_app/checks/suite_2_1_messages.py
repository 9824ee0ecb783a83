"""Suite 2.1, messages: what is written into a thread is read back by whoever asks, byte for byte, in its order, once."""

from __future__ import annotations

from collections import Counter

from tui_app.checks.api import Case, Check, Context, Finding, Judgement, StepRows
from tui_app.checks.reading import answered, content_text, decided, messages_of, nothing_done, of_answer, seqs, threads_of
from tui_app.checks.settling import until
from tui_app.checks.severities import grade

READS = 5
LIMIT = 100
TEXTS = (
    "a plain line",
    "Grüße, 日本語, العربية, e\u0301 and é, 👩\u200d🚀",
    'quotes " \' ` \\ and <b>&amp;</b> %20 {"key": [1, 2]}',
    "first line\n\tsecond, indented\n\nthird",
    "long: " + "every word of it counts. " * 180,
)
"""What users write: unicode composed and not, quotes and markup, white space, and some 4,500 characters."""


async def _flow(ctx: Context) -> None:
    user = ctx.users[0]
    marker = ctx.marker(user)
    thread = await ctx.thread(user, f"flow {marker}")
    messages = f"/api/threads/{thread}/messages"
    for number, text in enumerate(TEXTS):
        said = f"{number} {marker} {text}"
        async with ctx.step("say", user=user, thread=thread, text=said):
            await ctx.http("backend", "POST", messages, user=user, json={"message": said}, ours=("thread", thread))
    await until(ctx, user, f"{messages}?limit={LIMIT}", lambda answer: f"{len(TEXTS) - 1} {marker}" in answer.text)
    for _ in range(READS):
        async with ctx.step("read", user=user, thread=thread):
            await ctx.http("backend", "GET", f"{messages}?limit={LIMIT}", user=user, fresh=True)
    async with ctx.step("list", user=user, thread=thread):
        await ctx.http("backend", "GET", f"/api/threads?limit={LIMIT}", user=user, fresh=True)


def _judge_flow(case: Case) -> Judgement:
    said, reads = case.steps("say"), case.steps("read")
    if not said or not reads:
        return nothing_done("messages")
    findings: list[Finding] = []
    proof: list[int] = []
    expected: list[str] = []
    for step in said:
        for row, body in step.answers():
            proof.append(row.seq)
            text = str(step.facts["text"])
            if row.type not in ("200", "201"):
                findings.append(Finding("critical", f"writing a message {answered(row, body)}", (row.seq,)))
                continue
            expected.append(text)
            echoed = of_answer(body, "content")
            if echoed is not None and content_text(echoed) != text:
                findings.append(Finding("critical", f"message {len(expected)} is answered with another text than was written", (row.seq,)))
    for number, step in enumerate(reads, 1):
        findings += _of_read(number, step, expected)
        proof += seqs(row for row, _ in step.answers())
    for step in case.steps("list"):
        for row, body in step.answers():
            proof.append(row.seq)
            if row.type != "200":
                findings.append(Finding("critical", f"the list of threads {answered(row, body)}", (row.seq,)))
            elif not any(thread.get("id") == step.facts["thread"] for thread in threads_of(body)):
                findings.append(Finding(grade("FM-47"), "a thread that was just made is not in its owner's list", (row.seq,)))
    if len(proof) < len(said) + len(reads) and not findings:
        return Judgement("INCONCLUSIVE", f"{len(proof)} requests came to an answer", to_decide="run it to its end")
    passed = f"{len(expected)} messages read back byte for byte, in order and once, {len(reads)} times on fresh connections"
    return decided(findings, passed, "every read gives every message as it was written", proof)


def _of_read(number: int, step: StepRows, expected: list[str]) -> list[Finding]:
    """What is wrong with one reading of the thread."""
    found: list[Finding] = []
    if not step.answers():
        found.append(Finding("critical", f"read {number} was never answered", (step.begin.seq,)))
    for row, body in step.answers():
        seq = (row.seq,)
        if row.type != "200":
            found.append(Finding("critical", f"read {number} {answered(row, body)}", seq))
            continue
        messages = messages_of(body)
        texts = [content_text(message.get("content")) for message in messages]
        heads = {_head(text) for text in texts}
        missing = [text for text in expected if text not in texts]
        changed = [text for text in missing if _head(text) in heads]
        if changed:
            found.append(Finding("critical", f"read {number}: {len(changed)} messages come back as other bytes than were written", seq))
        if len(missing) > len(changed):
            gone = len(missing) - len(changed)
            found.append(Finding(grade("FM-47"), f"read {number}: {gone} of {len(expected)} messages are not there", seq))
        ids = Counter(str(message.get("id")) for message in messages)
        if any(texts.count(text) > 1 for text in expected) or any(count > 1 for count in ids.values()):
            found.append(Finding("major", f"read {number}: a message is there more than once", seq))
        order = [texts.index(text) for text in expected if text in texts]
        if order not in (sorted(order), sorted(order, reverse=True)):  # newest first is a form, too
            found.append(Finding("major", f"read {number}: messages are not in the order in which they were written", seq))
        total = of_answer(body, "total")
        if isinstance(total, int) and total != len(messages):
            found.append(Finding("major", f"read {number}: {len(messages)} messages come, and their total is said to be {total}", seq))
    return found


def _head(text: str) -> str:
    """Number and marker of a message: by these it is known even when the rest has changed."""
    return " ".join(text.split(" ", 2)[:2])


CHECKS = (
    Check(
        id="message-flow",
        suite="2.1",
        title="Messages are read back as they were written",
        proves="Five messages, unicode and long ones among them, are read back byte for byte, in order, once, on five connections.",
        impact="If this fails, customers find their conversations changed, shuffled or gone.",
        strategy=("tests/e2e/staging/test_2_message_flow_staging.py",),
        effects=frozenset({"write"}),
        drive=_flow,
        judge=_judge_flow,
        needs=("sign-in",),
        catches=(
            "messages-volatile",
            "message-lost",
            "message-truncated",
            "message-reencoded",
            "message-order-lost",
            "history-duplicates",
            "total-wrong",
        ),
        presets=("quick", "comprehensive"),
        cost=lambda users, preset: {"threads": 1, "messages": len(TEXTS), "seconds": 1},
    ),
)
