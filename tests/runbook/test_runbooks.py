"""The way out: the right class, the strategy's steps, and nothing that changes anything is ever run."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.reports_session import leaking_session
from tui_app.app import AppStart, VigilApp
from tui_app.bundles.check import check
from tui_app.recording.reader import Reader
from tui_app.recording.sessions import entry_of
from tui_app.runbook.carry import carry_out
from tui_app.runbook.failure import BY_ID, failure_of
from tui_app.runbook.protocol import checklist, next_state, tick
from tui_app.runbook.steps import ORDER, PROTOCOL, ReadStep, ShownStep, fill, recorded, shell, steps
from tui_app.screens.runbook import RunbookScreen, composes
from tui_app.screens.session_link import SessionLink
from tui_app.target.problems import ProfileError
from tui_app.target.profile import Profile, load

NASTY = "a b; rm -rf ~ \"$(x)\" 'y' `z`\nnext"
TARGET = """
[target]
name = "staging"
environment = "staging"
backend = "https://backend.invalid"
auth = "https://auth.invalid"
websocket = "wss://backend.invalid/ws"
"""


def result(*failed: tuple[str, str], exit: int = 1, word: str = "FAIL", docker: str = "unknown", t4: str = "PASS") -> dict[str, Any]:
    checks = [
        {"id": name, "suite": suite, "verdict": word, "reason": f"{name} went wrong", "required": True,
         "findings": [{"severity": "critical", "text": "x", "evidence": [[1, 7]]}]}
        for name, suite in failed
    ]  # fmt: skip
    return {
        "checks": checks, "criteria": [{"id": "T4", "verdict": t4, "reason": "2 leaks seen"}], "exit": exit, "session": "abc",
        "decision": {"docker": docker},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (result(exit=4), "unreachable"),
        (result(exit=4, docker="failed"), "both-down"),
        (result(("health-services", "1.1"), docker="failed"), "both-down"),
        (result(("health-services", "1.1"), docker="restored"), "down"),
        (result(("isolation-frames", "2.3"), ("health-services", "1.1")), "leak"),
        (result(("token-matrix", "1.2")), "leak"),
        (result(exit=1, t4="FAIL"), "leak"),
        (result(("tiers-persist", "4.1")), "tier"),
        (result(("sign-in", "1.2")), "sign-in"),
        (result(("five-events", "2.1")), "events"),
        (result(("ping-latency", "3.2")), "slow"),
        (result(("production-parity", "1.1")), "other"),
        (result(("five-events", "2.1"), exit=3, word="BLOCKED"), "undecided"),
        (result(exit=0), "none"),
    ],
)
def test_every_class_is_reached_and_says_why(document: dict[str, Any], expected: str) -> None:
    shown = failure_of(document)
    assert shown.failure.id == expected
    assert bool(shown.reasons) == (expected != "none")
    assert ORDER.keys() == BY_ID.keys(), "each class has its steps"


def profile(tmp_path: Path, text: str) -> Profile:
    file = tmp_path / "target.toml"
    file.write_text(TARGET + text)
    return load(str(file))


def stub(folder: Path, name: str) -> Path:
    """A tool that logs what it was called with, then prints two lines and fails."""
    log, tool = folder / f"{name}.log", folder / name
    tool.write_text(f'#!/bin/sh\nfor a in "$@"; do printf "%s\\0" "$a" >> "{log}"; done\nprintf "one\\n\\033[31mtwo\\n"\nexit 3\n')
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    return log


async def test_what_reads_runs_and_what_changes_never_does_and_arguments_stay_arguments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, redone = stub(tmp_path, "look"), stub(tmp_path, "redo")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    values = f"[runbook.values]\nservice = {json.dumps(NASTY)}\n"
    read = '[[runbook.step]]\nkind = "check-status"\neffect = "read"\ncommand = ["look", "at {service}", "--flag={session}", "a;b", ""]\n'
    change = '[[runbook.step]]\nkind = "redeploy"\ncommand = ["redo", "{service}"]\n'
    found = {step.kind: step.commands for step in steps(BY_ID["down"], profile(tmp_path, values + read + change), "abc")}
    (look,), (redo,) = found["check-status"], found["redeploy"]
    assert isinstance(look, ReadStep) and isinstance(redo, ShownStep)
    told: list[str] = []
    ended = await carry_out(look, told.append)
    assert ended.code == 3 and told[0] == "one" and told[1].endswith("two") and "\x1b" not in told[1]
    assert looked.read_text().split("\0")[:-1] == [f"at {NASTY}", "--flag=abc", "a;b", ""]
    with pytest.raises(TypeError, match="only what the target file calls a read"):
        await carry_out(redo, told.append)  # type: ignore[arg-type]
    assert not redone.exists(), "what changes something was never called"
    pasted = await asyncio.create_subprocess_exec("sh", "-c", shell(redo.arguments), stdout=asyncio.subprocess.DEVNULL)
    await pasted.wait()
    assert redone.read_text() == NASTY + "\0", "pasted into a shell it is still one argument"


def test_the_steps_of_a_recording_are_those_of_its_target_file(tmp_path: Path) -> None:
    values = '[runbook.values]\nservice = "backend"\n'
    read = '[[runbook.step]]\nkind = "check-status"\neffect = "read"\ntitle = "Is it up"\nwhen = ["down"]\n'
    read += 'command = ["look", "{service}", "{target}"]\n'
    loaded = profile(tmp_path, values + read + '[[runbook.step]]\nkind = "recover"\ncommand = ["mend", "{session}"]\n')
    kept = recorded({"profile": loaded.model_dump(mode="json", by_alias=True, exclude_none=True)})
    for failure in BY_ID.values():
        assert steps(failure, kept, "abc") == steps(failure, loaded, "abc")
    assert steps(BY_ID["down"], kept)[0].commands == (ReadStep("Is it up", ("look", "backend", "staging")),)


async def test_a_missing_tool_and_one_that_hangs_are_told() -> None:
    gone = await carry_out(ReadStep("x", ("no-such-tool-here",)), lambda _: None)
    assert gone.code is None and "not on this machine" in gone.text
    slow = await carry_out(ReadStep("x", ("sleep", "600")), lambda _: None, seconds=0.2)
    assert slow.code is None and "did not end within 0.2 s" in slow.text


def test_a_placeholder_is_filled_once_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    assert fill("{a}-{b}{", {"a": "{b}", "b": "x"}) == "{b}-x{"
    with pytest.raises(ProfileError, match=r"\{region\} in gcloud stands for nothing"):
        profile(tmp_path, '[[runbook.step]]\nkind = "logs"\ncommand = ["gcloud", "{region}"]\n')


def test_where_both_are_down_the_fallback_of_the_strategy_stands_in_its_order() -> None:
    kinds = [kind for kind in ORDER["both-down"] if kind in ("document", "risk", "production", "manual")]
    assert kinds == ["document", "risk", "production", "manual"]


async def test_a_real_session_that_leaks_opens_its_runbook_with_e(tmp_path: Path) -> None:
    recording = leaking_session(tmp_path)
    with Reader(recording) as reader:
        shown = failure_of(reader.result() or {})
        assert shown.failure.id == "leak" and "events" in [one.id for one in shown.beside]
        assert shown.reasons[0].check == "isolation-frames" and reader.row(shown.reasons[0].evidence[0][1]) is not None
        first = tick(reader, 2, next_state(""), "me@here")
        tick(reader, 3, "not well", "me@here")
        tick(reader, 3, "", "me@here")
        kept = checklist(reader.annotations())
    assert [one.state for one in kept] == ["", "", "well", *[""] * (len(PROTOCOL) - 3)]
    assert (kept[2].who, kept[2].at) == ("me@here", first.at)
    app = VigilApp(link=SessionLink(), start=AppStart(attach=entry_of(recording)), beat=False)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        app.catch_up()
        await pilot.press("e")
        await pilot.pause()
        text = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
        assert "One user sees another's data" in text and "isolation-frames" in text and "Tell security" in text
        await pilot.press("enter")
        await pilot.pause()
        assert app.screen.__class__.__name__ == "WhyScreen", "a reason opens its evidence"
        await pilot.press("escape")
        screen = app.screen
        assert isinstance(screen, RunbookScreen)
        while (command := screen.rows[screen.picked].command) is None or not composes(command):
            await pilot.press("down")
        await pilot.press("enter")
        await app.workers.wait_for_complete()
    made = recording.with_name(f"{recording.stem}-reports") / f"{recording.stem}.incident.zip"
    manifest, wrong = check(made)
    assert not wrong and manifest["kind"] == "incident", "the step that escalates composes what a person sends"
