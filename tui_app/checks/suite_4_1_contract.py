"""Suite 4.1, the contract: every documented route that may be called answers as documented, and mistakes get errors of one shape."""

from __future__ import annotations

import re
from typing import Any, Final

from tui_app.checks.api import Case, Check, Context, Finding, Judgement, Row, Severity
from tui_app.checks.reading import answered, decided, nothing_done, of_answer, seqs, words
from tui_app.checks.severities import grade

STRATEGY: Final = ("tests/e2e/staging/test_10_critical_path_staging.py",)
AT_MOST: Final = 60
"""Routes asked: a contract of three hundred is not a reason to send three hundred requests."""
NOT_CALLED: Final = re.compile(
    r"stream|events|callback|logout|login|oauth|redirect|stop|cancel|kill|delete|remove|reset|clear|purge|force|trigger|test|debug|admin|"
    r"export|download|metrics|docs|openapi|migrat|seed",
    re.I,
)
"""Routes that may act, never end, or are nobody's business, although they are read with GET."""
DETAIL: Final = ("message", "detail", "error", "error_message", "title")
TRACE: Final = re.compile(r"Traceback \(most recent call last\)|File \"[^\"]+\", line \d+|\bat [\w.$]+\([\w.]+:\d+\)", re.I)
INSIDE: Final = ("stack_trace", "stack_frames", "traceback", "local_variables", "debug_info")
"""What a server in development mode adds to its errors; on a developer's own machine that is a convenience."""


async def _contract(ctx: Context) -> None:
    user = ctx.users[0]
    async with ctx.step("described", user=user):
        described = await ctx.http("backend", "GET", "/openapi.json", user=user, within=15)
    routes = readable(described.json)
    if not routes:
        return
    thread = await ctx.thread(user, "contract") if any("thread_id" in route["path"] for route in routes) else ""
    for route in routes[:AT_MOST]:
        path = route["path"].replace("{thread_id}", thread)
        async with ctx.step("route", user=user, **route):
            await ctx.http("backend", "GET", path, user=user, within=15)


def readable(document: Any) -> list[dict[str, Any]]:
    """The GET routes of an OpenAPI document that may be called: no parameter needed but a thread of ours, nothing that acts.

    Each with `path`, the statuses it documents, and the keys that its 200 promises.
    """
    paths = document.get("paths") if isinstance(document, dict) else None
    found: list[dict[str, Any]] = []
    for path, operations in paths.items() if isinstance(paths, dict) else ():
        get = operations.get("get") if isinstance(operations, dict) else None
        if not isinstance(get, dict) or NOT_CALLED.search(path) or get.get("deprecated"):
            continue
        parameters = [one for one in (*_list(operations.get("parameters")), *_list(get.get("parameters"))) if isinstance(one, dict)]
        needed = [str(one.get("name")) for one in parameters if one.get("required") and one.get("in") != "path"]
        held = re.findall(r"{(\w+)}", path)
        if needed or (held and held != ["thread_id"]):
            continue
        described = get.get("responses")
        responses = described if isinstance(described, dict) else {}
        found.append({"path": path, "documented": sorted(map(str, responses)), "keys": _promised(responses.get("200"), document)})
    return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _promised(response: Any, document: dict[str, Any]) -> list[str]:
    """The keys that a documented 200 requires of its JSON object."""
    schema: Any = response
    for key in ("content", "application/json", "schema"):
        schema = schema.get(key) if isinstance(schema, dict) else None
    name = schema.get("$ref", "") if isinstance(schema, dict) else ""
    if str(name).startswith("#/components/schemas/"):
        schema = document.get("components", {}).get("schemas", {}).get(str(name).rpartition("/")[2])
    required = schema.get("required") if isinstance(schema, dict) and schema.get("type", "object") == "object" else None
    return [str(key) for key in _list(required)]


def _judge_contract(case: Case) -> Judgement:
    described = [(row, body) for step in case.steps("described") for row, body in step.answers()]
    if not described:
        return nothing_done("the contract")
    row, body = described[0]
    if row.type in ("404", "405"):
        shown = (Finding("info", "how it was refused", (row.seq,)),)
        return Judgement("BLOCKED", "the platform publishes no contract", shown, "a backend that serves /openapi.json")
    if row.type != "200" or not isinstance(of_answer(body, "paths"), dict):
        finding = Finding("critical", f"the contract {answered(row, body)} with {words(body.get('body'))}", (row.seq,))
        return decided([finding], "", "a contract that can be read")
    findings: list[Finding] = []
    steps = case.steps("route")
    proof = [row.seq]
    for step in steps:
        for row, body in step.answers():
            proof.append(row.seq)
            findings += _of_route(step.facts, row, body)
    if not steps:
        return nothing_done("the contract's routes")
    return decided(findings, f"{len(steps)} documented routes answer as documented", "routes and contract that agree", proof)


def _of_route(facts: dict[str, Any], row: Row, body: dict[str, Any]) -> list[Finding]:
    path, seq, got = facts["path"], (row.seq,), body.get("body")
    if row.type in ("404", "405"):
        return [Finding(grade("FM-48"), f"GET {path} is documented and answers {row.type}", seq)]
    if row.type == "501":
        return [Finding("minor", f"GET {path} is documented and not implemented", seq)]
    if row.type == "0" or row.type.startswith("5"):
        return [Finding("major", f"GET {path} is documented and {answered(row, body)}", seq)]
    if row.type == "200":
        missing = [key for key in facts["keys"] if not isinstance(got, dict) or key not in got]
        text = f"GET {path} answers without {', '.join(missing)}, which its contract promises"
        return [Finding("major", text, seq)] if missing else []
    if row.type in facts["documented"] or row.type in ("401", "403", "422", "429"):
        return [Finding("info", f"GET {path} answers {row.type}: not for this user", seq)]
    return [Finding("minor", f"GET {path} answers {row.type}, which is not documented", seq)]


async def _errors(ctx: Context) -> None:
    user = ctx.users[0]
    thread = await ctx.thread(user, "errors")
    messages = f"/api/threads/{thread}/messages"
    mistakes: tuple[tuple[str, str, str, tuple[int, ...], Any], ...] = (
        ("a route that does not exist", "GET", f"/api/no-such-route-{thread}", (404,), None),
        ("a thread that does not exist", "GET", f"/api/threads/{thread}-none", (404, 403), None),
        ("a limit that is no number", "GET", "/api/threads?limit=many", (422, 400), None),
        ("a message without its text", "POST", messages, (422, 400), {"metadata": {}}),
    )
    for what, method, path, right, body in mistakes:
        async with ctx.step("mistake", user=user, what=what, right=list(right)):
            await ctx.http("backend", method, path, user=user, json=body, ours=("thread", thread) if body is not None else None)


def _judge_errors(case: Case) -> Judgement:
    heard = [(step, row, body) for step in case.steps("mistake") for row, body in step.answers()]
    if not heard:
        return nothing_done("errors")
    findings: list[Finding] = []
    for step, row, facts in heard:
        what, seq, body = step.facts["what"], (row.seq,), facts.get("body")
        if row.type == "0" or row.type.startswith("5"):
            findings.append(Finding("major", f"{what} {answered(row, facts)}: the caller's mistake is called the server's", seq))
        elif row.type.startswith("2"):
            findings.append(Finding("major", f"{what} is answered {row.type}, as if nothing were wrong", seq))
        elif int(row.type) not in step.facts["right"]:
            findings.append(Finding("minor", f"{what} is answered {row.type}", seq))
        if TRACE.search(str(body)) or (isinstance(body, dict) and any(body.get(key) for key in INSIDE)):
            severity: Severity = "minor" if case.target.get("environment") == "docker" else "major"
            findings.append(Finding(severity, f"{what}: the answer shows the inside of the server (a stack trace)", seq))
        if not isinstance(body, dict) or not any(body.get(key) for key in DETAIL):
            findings.append(Finding("major", f"{what}: the answer says nothing of what is wrong", seq))
        else:
            told = of_answer(facts, "details", "status_code")
            if isinstance(told, int) and str(told) != row.type:
                findings.append(Finding(grade("FM-64"), f"{what}: status {row.type}, and {told} in the body", seq))
    return decided(
        findings,
        f"{len(heard)} mistakes are each told to the caller, in words and with a fitting status",
        "errors that say what is wrong, and no stack trace",
        seqs(row for _, row, _ in heard),
    )


CHECKS = (
    Check(
        id="contract",
        suite="4.1",
        title="Documented routes answer as documented",
        proves="Every route of the published contract that may be read answers, and with what it promises.",
        impact="If this fails, pages and integrations of customers break against a platform that calls itself well.",
        strategy=STRATEGY,
        effects=frozenset({"write"}),
        drive=_contract,
        judge=_judge_contract,
        needs=("sign-in",),
        catches=("documented-route-gone", "list-of-threads-500", "documented-key-gone"),
        presets=("comprehensive",),
        cost=lambda users, preset: {"threads": 1, "seconds": 3},
    ),
    Check(
        id="error-shape",
        suite="4.1",
        title="Mistakes are answered with errors that say so",
        proves="An unknown route, an unknown thread, a bad parameter and a missing text each get an error with words and a fitting status.",
        impact="If this fails, customers and integrators are told nothing, or too much, when something goes wrong.",
        strategy=STRATEGY,
        effects=frozenset({"write"}),
        drive=_errors,
        judge=_judge_errors,
        needs=("sign-in",),
        catches=("mistake-500-with-trace", "mistake-answered-200"),
        presets=("comprehensive",),
        cost=lambda users, preset: {"threads": 1, "seconds": 1},
    ),
)
