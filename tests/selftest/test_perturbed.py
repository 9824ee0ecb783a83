"""A healthy platform behind a proxy that lies in ways which no seeded fault has: what is seen must be what was done to it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.engine.conftest import Home, Ran, serve
from tests.selftest.perturbing import Lies, Pipe, kind, proxied


@pytest.fixture(scope="module")
def platform() -> Iterator[dict[str, str]]:
    process, urls = serve("--delay-scale", "0.05")
    yield urls
    stop(process)


def stop(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=10)


def session(home: Home, platform: dict[str, str], lies: Lies, *args: str) -> Ran:
    with proxied(platform, lies) as urls:
        path = Path(home.folder) / "target.toml"
        lines = ["[target]", 'name = "behind a proxy"', 'environment = "rehearsal"', *(f'{name} = "{url}"' for name, url in urls.items())]
        path.write_text("\n".join(lines) + "\n")
        return home.vigil("run", "--target", str(path), *args)


def test_an_honest_proxy_changes_nothing(home: Home, platform: dict[str, str]) -> None:
    ran = session(home, platform, Lies(), "--users", "2")
    assert ran.result is not None
    assert {one["id"] for one in ran.result["checks"] if one["verdict"] == "FAIL"} == set(), ran.out


class DropOneInTen(Lies):
    """One thought of every tenth run is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[str] = []

    async def down(self, pipe: Pipe, text: str) -> list[tuple[Pipe, str]]:
        if kind(text) == "agent_thinking":
            run = json.loads(text)["data"]["run_id"]
            if run not in self.runs:
                self.runs.append(run)
            if self.runs.index(run) % 10 == 3:
                return []
        return [(pipe, text)]


class Doubled(Lies):
    """The end of a run comes twice."""

    async def down(self, pipe: Pipe, text: str) -> list[tuple[Pipe, str]]:
        return [(pipe, text)] * (2 if kind(text) == "agent_completed" else 1)


class Swapped(Lies):
    """A tool is said to be done before it is said to be at work."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[Pipe, str] = {}

    async def down(self, pipe: Pipe, text: str) -> list[tuple[Pipe, str]]:
        if kind(text) == "tool_executing" and pipe not in self.held:
            self.held[pipe] = text
            return []
        if kind(text) == "tool_completed" and pipe in self.held:
            return [(pipe, text), (pipe, self.held.pop(pipe))]
        return [(pipe, text)]


class Leaky(Lies):
    """One single answer also reaches somebody else."""

    done = False

    async def down(self, pipe: Pipe, text: str) -> list[tuple[Pipe, str]]:
        others = [other for other, who in self.open.items() if who != self.open[pipe]]
        if kind(text) == "agent_completed" and "VM-" in text and others and not self.done:
            self.done = True
            return [(pipe, text), (others[0], text)]
        return [(pipe, text)]


class MadeUp(Lies):
    """Every answer is one fine text."""

    async def down(self, pipe: Pipe, text: str) -> list[tuple[Pipe, str]]:
        if kind(text) == "agent_completed":
            frame = json.loads(text)
            said = "I analysed your request and found three ways to save 30 % of your cost, with $1,200 less per month."
            frame["data"]["result"] = said
            frame["data"]["metadata"]["result"] = said
            text = json.dumps(frame)
        return [(pipe, text)]


class Admits(Lies):
    """Whatever bad token comes, a good one goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.good = ""

    def token(self, token: str) -> str:
        answer = httpx.get(f"{self.upstream['auth']}/auth/verify", headers={"Authorization": f"Bearer {token}"}, trust_env=False)
        if answer.json()["valid"]:
            self.good = token
        return self.good


class Forgetful(Lies):
    """Of what was written, half is kept."""

    def answer(self, method: str, path: str, status: int, body: bytes) -> tuple[int, bytes]:
        if method == "GET" and path.partition("?")[0].endswith("/messages") and status == 200:
            found: dict[str, Any] = json.loads(body)
            for message in found["messages"]:
                message["content"] = str(message["content"])[: len(str(message["content"])) // 2]
            return status, json.dumps(found).encode()
        return status, body


class Open(Lies):
    """Nobody is denied: what was refused reads as done."""

    def answer(self, method: str, path: str, status: int, body: bytes) -> tuple[int, bytes]:
        if status in (403, 404) and "/api/threads/" in path:
            return 200, b'{"id": "x", "messages": [], "total": 0, "message": "ok"}'
        return status, body


@pytest.mark.parametrize(
    ("lies", "checks"),
    [
        (DropOneInTen, "five-events"),
        (Doubled, "five-events"),
        (Swapped, "five-events"),
        (Leaky, "isolation-frames"),
        (MadeUp, "agent-answers,ai-value"),
        (Admits, "token-matrix"),
        (Forgetful, "message-persisted,history-agrees"),
        (Open, "isolation-rest"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
def test_a_lie_is_caught_by_the_check_that_it_concerns(home: Home, platform: dict[str, str], lies: type[Lies], checks: str) -> None:
    ran = session(home, platform, lies(), "--users", "2", "--checks", checks)
    for name in checks.split(","):
        assert ran.word(name) == "FAIL", ran.reason(name)
        assert any(finding["evidence"] for finding in ran.findings(name))
    assert ran.code == 1
