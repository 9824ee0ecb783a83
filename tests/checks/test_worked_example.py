"""The worked example of the README: a whole check, and what it takes to show that it can pass and can fail."""

from __future__ import annotations

import secrets
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tui_app.checks import suite_2_1
from tui_app.checks.catalogue import forget
from tui_app.engine.plan import select
from tui_app.engine.process import Engine, Order
from tui_app.order import make_plan
from tui_app.recording.reader import Reader
from tui_app.recording.sessions import new_paths
from tui_app.target.profile import load

# [worked example]
from tui_app.checks.api import Case, Check, Context, Finding, Judgement  # isort: skip


async def drive(ctx: Context) -> None:
    for user in ctx.users:
        async with ctx.socket(user) as socket:
            await ctx.run_agent(socket, "What is 17 * 23 + 5?")


def judge(case: Case) -> Judgement:
    events = [(row.seq, event) for row in case.of("frame") for event in case.events(row)]
    begun = {event.tool_call: seq for seq, event in events if event.name == "tool_executing"}
    ended = {event.tool_call for _, event in events if event.name == "tool_completed"}
    if not begun:
        return Judgement("INCONCLUSIVE", "no tool was used", to_decide="a question that needs a tool")
    left = [Finding("major", f"tool call {call} never ended", (seq,)) for call, seq in begun.items() if call not in ended]
    shown = Finding("info", "where each began", tuple(begun.values()))
    return Judgement("FAIL" if left else "PASS", f"{len(begun) - len(left)} of {len(begun)} tool calls ended", (*left, shown))


CHECK = Check(
    id="tools-end", suite="2.1", title="Every tool call ends", drive=drive, judge=judge,
    proves="Each tool call that an agent begins is seen to end.", impact="If this fails, a customer watches a tool that never returns.",
    strategy=("tests/e2e/staging/test_3_agent_pipeline_staging.py",), effects=frozenset({"write"}), needs=("sign-in",),
    catches=("drop-tool-completed",), cost=lambda users, preset: {"agent_runs": users, "connects": users, "sockets": 1, "threads": users},
)  # fmt: skip
# [end]


@pytest.fixture
def in_catalogue(monkeypatch: pytest.MonkeyPatch, short_path: Path) -> Iterator[None]:
    """The example added to its suite, as anybody would add it; state folders of the test's own."""
    run = short_path / "run"
    run.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_STATE_HOME", str(short_path / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(run))
    monkeypatch.setattr(suite_2_1, "CHECKS", (*suite_2_1.CHECKS, CHECK))
    handlers = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)}
    forget()
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)
    monkeypatch.undo()
    forget()


async def session(*faults: str) -> tuple[dict[str, Any], Path]:
    """The example's verdict from a session of the real engine on a rehearsal of its own, and the recording."""
    plan = make_plan(load("rehearsal"), select(checks="tools-end"), users=2, faults=faults)
    name = secrets.token_hex(6)
    await Engine(Order(session=name, plan=plan)).run()
    recording = new_paths(name).recording
    with Reader(recording) as reader:
        result = reader.result()
    assert result is not None
    return next(one for one in result["checks"] if one["id"] == "tools-end"), recording


async def test_it_passes_on_a_healthy_target(in_catalogue: None) -> None:
    check, _ = await session()
    assert (check["verdict"], check["reason"]) == ("PASS", "2 of 2 tool calls ended")


async def test_it_fails_where_a_tool_call_never_ends_and_points_at_the_frame(in_catalogue: None) -> None:
    check, recording = await session("drop-tool-completed")
    assert check["verdict"] == "FAIL", check
    [(_, seq)] = check["findings"][0]["evidence"]
    with Reader(recording) as reader:
        row = reader.row(seq)
    assert row is not None and row.type == "tool_executing" and row.dir == "in"


def test_it_is_about_twenty_lines() -> None:
    text = Path(__file__).read_text("utf-8")
    example = text.split("# [worked example]\n")[1].split("# [end]")[0]
    assert sum(bool(line.strip()) for line in example.splitlines()) <= 25
