"""A link to no engine, for tests of the screens alone: it knows three targets, and remembers what was asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from states import checks_json

from tui_app.doctor.examine import Examined, Group
from tui_app.doctor.findings import Finding
from tui_app.screens.session_link import Choice, LinkError, Opened, SessionLine, TargetInfo
from tui_app.target.profile import Profile, builtin
from tui_app.verdict.self_test import SelfTest

TARGETS = {
    "rehearsal": TargetInfo("rehearsal", "rehearsal", True, lines=("registers 5 users of its own",), key="rehearsal"),
    "docker": TargetInfo("docker", "docker", True, blanks=("[target] backend: <backend-port>",), key="docker"),
    "staging": TargetInfo(
        "staging",
        "staging",
        False,
        blanks=("[target] backend: <hash>", "[target] auth: <hash>"),
        lines=("backend: https://backend-staging-<hash>.example", "2 users, signed in by password"),
        key="staging",
    ),
    "staging-ours": TargetInfo("staging", "staging", False, lines=("backend: https://backend.staging.example",), key="staging-ours"),
}

ON: Any = {"environment": "rehearsal"}
"""A session on a rehearsal."""


class HandMadeLink:
    """Everything succeeds but `start`, which says that there is no engine here; `started` lists what it was asked for."""

    def __init__(self, sessions: list[SessionLine] | None = None, recorded: TargetInfo | None = None) -> None:
        self.target = recorded or TARGETS["rehearsal"]
        self.refused: tuple[str, ...] = ()
        self.result: SelfTest | None = None
        self.known_faults: list[Mapping[str, Any]] = []
        self.started: list[Choice] = []
        self.commands: list[str] = []
        self.living = True
        self.examined = Examined((Group("Terminal", (Finding("terminal", "ok", "80x24"),)),), ())
        self.known = [
            SessionLine("9f02ab77c1d0", Path("9f02ab77c1d0.vigil"), "2026-11-12T16:40:00Z", "staging", True, "", ""),
            SessionLine("7c1e0a9b3d42", Path("7c1e0a9b3d42.vigil"), "2026-11-12T17:02:53Z", "staging", False, "FAIL", "complete"),
            SessionLine("1d0e33ca9b51", Path("1d0e33ca9b51.vigil"), "2026-11-11T09:12:07Z", "rehearsal", False, "PASS", "complete", **ON),
            SessionLine("44aa09e1b2c3", Path("44aa09e1b2c3.vigil"), "2026-11-10T22:47:31Z", "127.0.0.1", False, "", "interrupted", **ON),
        ] if sessions is None else sessions  # fmt: skip

    def builtin(self) -> list[TargetInfo]:
        return [TARGETS[name] for name in ("rehearsal", "docker", "staging")]

    def describe(self, key: str) -> TargetInfo:
        if key not in TARGETS:
            raise LinkError(f"there is no target {key}")
        return TARGETS[key]

    async def check(self, info: TargetInfo) -> TargetInfo:
        return replace(info, lines=("backend: https://backend.staging.example answers, status 200",))

    async def examine(self, target: str) -> Examined:
        return self.examined

    def profile(self, key: str) -> Profile:
        return builtin("staging")

    def recorded(self, header: Mapping[str, str]) -> TargetInfo:
        return self.target

    def sessions(self) -> list[SessionLine]:
        return self.known

    def catalogue(self, environment: str) -> list[Mapping[str, Any]]:
        return checks_json()

    def left_out(self) -> tuple[str, ...]:
        return self.refused

    def selftest(self) -> SelfTest | None:
        return self.result

    def standing(self) -> str:
        return f"self-test: {self.result.summary.text}" if self.result is not None else "self-test: none came with this build"

    def faults(self) -> list[Mapping[str, Any]]:
        return self.known_faults

    def about(self) -> list[tuple[str, str]]:
        return [("version", "vigil 0.1.0"), ("", ""), ("self-test", self.standing()), ("state", "the state folder")]

    def preset(self, name: str) -> frozenset[str]:
        every = frozenset(str(check["id"]) for check in checks_json())
        return every if name in ("quick", "comprehensive") else frozenset({"five-events"})

    def asked(self, users: int, duration_s: float) -> frozenset[str]:
        wanted = {"fifty-users": users >= 50, "soak": duration_s > 0}
        return frozenset(str(check["id"]) for check in checks_json() if wanted.get(str(check["id"])))

    def footprint(self, choice: Choice) -> Mapping[str, Any]:
        return {
            "agent_runs": 40,
            "agent_runs_limit": 60,
            "connects": 25,
            "connects_per_minute": 8,
            "sockets": 5,
            "bad_tokens": 8,
            "creates": {"threads": 12, "users": 0},
            "minutes": 4,
            "effects": ["fault", "negative", "read", "write"],
        }

    def unconsented(self, choice: Choice) -> tuple[str, ...]:
        return () if choice.consent else ("fault", "negative")

    async def start(self, choice: Choice) -> Opened:
        self.started.append(choice)
        raise LinkError("there is no engine here")

    def retain(self) -> str:
        return ""

    def pin(self, line: SessionLine, *, kept: bool) -> None:
        self.known = [replace(one, pinned=kept) if one.session == line.session else one for one in self.known]

    async def attach(self, line: SessionLine) -> Opened:
        return Opened(line.session, line.path, line.alive)

    async def command(self, name: str, **facts: Any) -> Mapping[str, Any]:
        self.commands.append(name)
        return {"ok": True}

    async def sign_in(self, label: str, *, prompt: bool) -> str:
        self.commands.append(f"sign-in {label} {'prompt' if prompt else 'again'}")
        return ""

    def alive(self) -> bool:
        return self.living

    async def close(self) -> None:
        return None
