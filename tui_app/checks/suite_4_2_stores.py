"""Suite 4.2, one source of truth in the stores: instances agree, and what is done to a thread stays done."""

from __future__ import annotations

from typing import Any, Final

from tui_app.checks.api import Case, Check, Context, Finding, Judgement, StepRows
from tui_app.checks.reading import answered, decided, messages_of, nothing_done, of_answer, seqs, threads_of
from tui_app.checks.settling import until
from tui_app.checks.severities import grade

ASKS: Final = 5
PUBLIC: Final = "/api/config/public"
LIMIT: Final = 100
OF_THE_MOMENT: Final = frozenset({"timestamp", "uptime_seconds", "response_time_ms", "checked_at", "trace_id", "request_id", "server_id"})
"""Fields that differ from one answer to the next by nature."""


async def _instances(ctx: Context) -> None:
    user = ctx.users[0]
    marker = ctx.marker(user)
    thread = await ctx.thread(user, f"instances {marker}")
    own, messages = f"/api/threads/{thread}", f"/api/threads/{thread}/messages"
    await ctx.http("backend", "POST", messages, user=user, json={"message": f"one for all: {marker}"}, ours=("thread", thread))
    await until(ctx, user, messages, lambda answer: marker in answer.text)
    for path in (PUBLIC, own, messages, f"/api/threads?limit={LIMIT}"):
        async with ctx.step("ask", user=user, path=path, thread=thread, marker=marker):
            for _ in range(ASKS):
                await ctx.http("backend", "GET", path, user=user, fresh=True)


def _judge_instances(case: Case) -> Judgement:
    steps = [step for step in case.steps("ask") if step.answers()]
    if not steps:
        return nothing_done("instances")
    findings: list[Finding] = []
    proof: list[int] = []
    for step in steps:
        heard = step.answers()
        rows = seqs(row for row, _ in heard)
        proof += rows
        path = str(step.facts["path"]).replace(str(step.facts["thread"]), "{thread}").partition("?")[0]
        statuses = sorted({row.type for row, _ in heard})
        said = {repr(_told(step, body)) for _, body in heard}
        if len(statuses) > 1:
            text = f"{path}: the same question is answered {' and '.join(statuses)}"
            findings.append(Finding(grade("FM-62"), text, rows))
        elif statuses[0] in ("404", "405") and path == PUBLIC:
            findings.append(Finding("info", f"{path} is not offered by this build", rows))
        elif statuses != ["200"]:
            findings.append(Finding("critical", f"{path} {answered(*heard[0])}", rows))
        elif len(said) > 1:
            findings.append(Finding(grade("FM-62"), f"{path}: the same question gets {len(said)} different answers", rows))
    if not findings and len(proof) < len(steps) * ASKS:
        return Judgement("INCONCLUSIVE", f"{len(proof)} of {len(steps) * ASKS} questions were answered", to_decide="run it to its end")
    passed = f"{len(steps)} questions, {ASKS} times each on fresh connections without cookies: one answer to each"
    return decided(findings, passed, "every instance gives the same answer", proof)


def _told(step: StepRows, body: dict[str, Any]) -> Any:
    """What an answer tells for good. Of a list only whether it holds our thread: other checks add to it meanwhile."""
    path = str(step.facts["path"])
    if path.startswith("/api/threads?"):
        return any(thread.get("id") == step.facts["thread"] for thread in threads_of(body))
    if path.endswith("/messages"):
        return [(message.get("id"), message.get("content")) for message in messages_of(body)]
    return _lasting(body.get("body"))


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lasting(inner) for key, inner in sorted(value.items()) if key not in OF_THE_MOMENT}
    return [_lasting(inner) for inner in value] if isinstance(value, list) else value


async def _life(ctx: Context) -> None:
    user = ctx.users[0]
    marker = ctx.marker(user)
    thread = await ctx.thread(user, "life")
    title = f"renamed {marker}"
    async with ctx.step("rename", user=user, thread=thread, title=title):
        await ctx.http("backend", "PUT", f"/api/threads/{thread}", user=user, json={"title": title}, ours=("thread", thread))
    await until(ctx, user, f"/api/threads/{thread}", lambda answer: marker in answer.text)
    async with ctx.step("renamed", user=user, thread=thread, title=title):
        await ctx.http("backend", "GET", f"/api/threads/{thread}", user=user, fresh=True)
    async with ctx.step("listed", user=user, thread=thread, title=title):
        await ctx.http("backend", "GET", f"/api/threads?limit={LIMIT}", user=user, fresh=True)
    async with ctx.step("archive", user=user, thread=thread):
        await ctx.http("backend", "DELETE", f"/api/threads/{thread}", user=user, ours=("thread", thread))
    await until(ctx, user, f"/api/threads?limit={LIMIT}", lambda answer: thread not in answer.text)
    async with ctx.step("unlisted", user=user, thread=thread):
        await ctx.http("backend", "GET", f"/api/threads?limit={LIMIT}", user=user, fresh=True)


def _judge_life(case: Case) -> Judgement:
    findings: list[Finding] = []
    proof: list[int] = []
    refused: set[str] = set()
    for intent in ("rename", "archive"):
        for step in case.steps(intent):
            for row, body in step.answers():
                proof.append(row.seq)
                if row.type in ("404", "405", "501"):
                    refused.add(intent)
                    findings.append(Finding("minor", f"to {intent} a thread is not supported by the platform", (row.seq,)))
                elif row.type not in ("200", "202", "204"):
                    findings.append(Finding("critical", f"to {intent} a thread {answered(row, body)}", (row.seq,)))
    for intent in ("renamed", "listed", "unlisted"):
        for step in case.steps(intent):
            for row, body in step.answers():
                proof.append(row.seq)
                if row.type != "200":
                    what = "the thread" if intent == "renamed" else "the list of threads"
                    findings.append(Finding("critical", f"{what} {answered(row, body)}", (row.seq,)))
                else:
                    findings += _of_life(intent, step, body, row.seq, refused)
    if not case.steps("unlisted"):
        return nothing_done("a thread's life") if not findings else decided(findings, "", "run it to its end")
    return decided(
        findings, "a thread is renamed, listed under its new name, archived, and listed no more", "what is done stays done", proof
    )


def _of_life(intent: str, step: StepRows, body: dict[str, Any], seq: int, refused: set[str]) -> list[Finding]:
    thread, title = step.facts["thread"], step.facts.get("title")
    if intent == "renamed":
        lost = title not in (of_answer(body, "title"), of_answer(body, "metadata", "title")) and "rename" not in refused
        return [Finding(grade("FM-47"), "the new title of a thread is lost", (seq,))] if lost else []
    listed = [one for one in threads_of(body) if one.get("id") == thread]
    if intent == "listed":
        if not listed:
            return [Finding(grade("FM-47"), "a thread is not in its owner's list", (seq,))]
        stale = listed[0].get("title") not in (title, None) and "rename" not in refused
        return [Finding("major", "the list shows a thread under its old title", (seq,))] if stale else []
    still = [one for one in listed if (one.get("metadata") or {}).get("status") != "archived"]
    return [Finding("major", "an archived thread is still listed", (seq,))] if still and "archive" not in refused else []


CHECKS = (
    Check(
        id="instances",
        suite="4.2",
        title="Every instance tells the same",
        proves="The same questions, five times each on fresh connections without cookies, get one answer each.",
        impact="If this fails, customers see their work come and go with every click.",
        strategy=("tests/e2e/staging/test_10_critical_path_staging.py",),
        effects=frozenset({"write"}),
        drive=_instances,
        judge=_judge_instances,
        needs=("sign-in",),
        catches=("instances-diverge", "instances-differ-in-build"),
        presets=("quick", "comprehensive"),
        cost=lambda users, preset: {"threads": 1, "messages": 1, "seconds": 1},
    ),
    Check(
        id="thread-life",
        suite="4.2",
        title="A thread lives as its owner wants",
        proves="A thread is renamed, listed under its new name, archived, and no longer listed.",
        impact="If this fails, customers cannot keep order among their conversations.",
        strategy=("tests/e2e/staging/test_2_message_flow_staging.py",),
        effects=frozenset({"write"}),
        drive=_life,
        judge=_judge_life,
        needs=("sign-in",),
        catches=("thread-update-lost", "archived-still-listed", "list-of-threads-500"),
        presets=("comprehensive",),
        cost=lambda users, preset: {"threads": 1, "seconds": 1},
    ),
)
