"""The house rules that a machine can hold: small files, no place or host of anybody's, and documentation that is true."""

from __future__ import annotations

import re
import shlex
import stat
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FOLDERS = ("tui_app", "widgets", "tests", "screenshots", ".ci")
TEXT = {".py", ".md", ".toml", ".tcss", ".html", ".sh", ""}
LINES = 400

MACHINE_PATH = re.compile(r"(?<![\w.<}])/(?:work|home|root|Users|tmp)/")
HOST = re.compile(r"(?:https?|wss?)://(?:[^\s/@\"']*@)?([A-Za-z0-9.-]+\.[A-Za-z]{2,})(?![\w<{])")
RESERVED = ("example", "invalid", "test", "localhost")
"""Top-level domains that belong to nobody (RFC 2606)."""
PUBLIC = {"example.com", "example.org", "example.net", "www.w3.org", "accounts.google.com"}
"""Documentation hosts, and the public sign-in page that the platform's contract sends people to: only compared, never called."""
REGISTRY = re.compile(r"python" + r"hosted\.org|py" + r"pi\.org|--(?:extra-)?index-" + "url")


def files() -> Iterator[Path]:
    """The project's own text files."""
    yield from (path for path in ROOT.iterdir() if path.is_file() and path.suffix in {".md", ".toml"})
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix in TEXT and "__pycache__" not in path.parts:
                yield path


def found(pattern: re.Pattern[str], *, but: Path | None = None) -> list[str]:
    places = []
    for path in files():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            places += [f"{path.relative_to(ROOT)}:{number}: {match.group()}" for match in pattern.finditer(line) if path != but]
    return places


def test_files_stay_small() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in files()
        if path.suffix == ".py" and (count := len(path.read_text().splitlines())) > LINES
    }
    assert long == {}, f"one idea a file: split what is longer than {LINES} lines"


def test_no_path_of_a_machine() -> None:
    assert found(MACHINE_PATH) == []


def test_no_registry_is_named() -> None:
    assert found(REGISTRY) == []


def test_no_host_of_anybody() -> None:
    foreign = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in files()
        for host in HOST.findall(path.read_text(encoding="utf-8"))
        if host.lower().rpartition(".")[2] not in RESERVED and host.lower() not in PUBLIC
    ]
    assert foreign == []


def test_the_rules_find_what_they_forbid() -> None:
    assert MACHINE_PATH.search("see " + "/".join(["", "home", "me", "x"]))
    assert HOST.findall("https" + "://api.real-company.com/x and wss" + "://u:p@b.real-company.io/ws") == [
        "api.real-company.com",
        "b.real-company.io",
    ]
    assert not HOST.findall("http://127.0.0.1:8000 http://localhost {host} http://{host}.x")


@pytest.mark.parametrize("name", ["run", "test"])
def test_the_readme_has_the_two_commands_each_on_one_line(name: str) -> None:
    blocks = re.findall(rf"^<!-- command: {name} -->\n```\w*\n(.*?)\n```$", README, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1 and "\n" not in blocks[0]
    assert blocks[0].startswith("python3 -m venv .venv && .venv/bin/pip install ")
    assert blocks[0].endswith({"run": ".venv/bin/vigil", "test": ".venv/bin/pytest"}[name])


def test_commands_in_the_readme_exist() -> None:
    from tui_app.cli import parser

    lines = [line.strip() for block in re.findall(r"^```\w*\n(.*?)^```$", README, re.MULTILINE | re.DOTALL) for line in block.splitlines()]
    for line in lines:
        words = shlex.split(line, comments=True)
        if not words or Path(words[0]).name != "vigil":
            continue
        try:
            asked, rest = parser().parse_known_args(words[1:])
        except SystemExit:
            pytest.fail(f"the README says `{line}`, which vigil does not understand")
        assert not rest or asked.command == "rehearse", f"the README says `{line}`, and vigil does not know {rest}"


def test_links_and_pictures_in_the_readme_exist() -> None:
    for target in re.findall(r"\]\(([^)#\s]+)\)", README) + re.findall(r'src="([^"]+)"', README):
        assert "//" in target or (ROOT / target).exists(), target


def test_dependencies_are_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for requirement in [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]:
        assert re.fullmatch(r"[a-z0-9-]+(?:\[[a-z]+\])?==\d+(?:\.\d+)*(?:\.\*)?(?:; .+)?", requirement), requirement


def test_tests_mirror_the_packages() -> None:
    packages = {path.parent.name for path in (ROOT / "tui_app").glob("*/__init__.py")} | {"widgets"}
    others = {"docs", "architecture", "terminal", "snapshots", "bench", "benches", "__pycache__"}
    assert {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()} <= packages | others
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert len(names) == len(set(names)), "test files need different names"


def test_ci_runs_the_readmes_test_command_word_for_word(tmp_path: Path) -> None:
    """The real script, in a folder with a README whose command leaves a trace, and linters that pass or fail as told."""
    script = tmp_path / ".ci" / "run"
    script.parent.mkdir()
    script.write_text((ROOT / ".ci" / "run").read_text())
    assert (ROOT / ".ci" / "run").stat().st_mode & stat.S_IXUSR
    tools = tmp_path / ".venv" / "bin"
    tools.mkdir(parents=True)
    for tool in ("ruff", "mypy", "lint-imports"):
        (tools / tool).write_text(f'#!/bin/sh\necho "{tool} ran: $*"\n[ ! -e fails-{tool} ]\n')
        (tools / tool).chmod(0o755)

    def run(command: str) -> tuple[int, list[str]]:
        (tmp_path / "README.md").write_text(f"x\n\n<!-- command: test -->\n```sh\n{command}\n```\n\n```sh\nother\n```\n")
        done = subprocess.run(["bash", str(script)], capture_output=True, text=True, check=False, cwd="/")
        return done.returncode, done.stdout.splitlines()

    code, lines = run("echo 'set up' && echo 3 passed")
    assert (code, lines[0], lines[-1]) == (0, "set up", "3 passed")
    assert [line for line in lines if " ran: " in line] == [
        "ruff ran: check .",
        "ruff ran: format --check .",
        "mypy ran: ",
        "lint-imports ran: --no-logo",
    ]
    assert run("echo 'set up' && false")[0] == 1
    assert run("false && echo 3 passed")[0] == 1
    assert run("")[0] == 2
    for tool in ("ruff", "mypy", "lint-imports"):
        (tmp_path / f"fails-{tool}").touch()
        code, lines = run("echo 'set up' && echo 3 passed")
        assert (code, lines[-1]) == (1, "3 passed"), tool
        (tmp_path / f"fails-{tool}").unlink()
