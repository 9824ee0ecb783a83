"""The one file on a machine that has a bare Python, no network, and folders that forbid execution."""

from __future__ import annotations

import ast
import fcntl
import importlib.util
import json
import os
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import ROOT, Home
from tests.terminal.terminals import Terminal

LOOPBACK_UP = """
import fcntl, os, socket, struct, sys
with socket.socket() as any: fcntl.ioctl(any, 0x8914, struct.pack("16sh14x", b"lo", 1))
os.execv(sys.argv[1], sys.argv[1:])
"""
"""A namespace's own loopback is down; this is `ip link set lo up`."""


@pytest.fixture(scope="module")
def one_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built once, without an index, from this checkout; its name says nothing of what it is."""
    if importlib.util.find_spec("shiv") is None:
        pytest.skip("shiv is not installed: the one file cannot be built here")
    output = tmp_path_factory.mktemp("made") / "vigil"
    command = [sys.executable, "-m", "tui_app.onefile", "--output", str(output)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PIP_NO_INDEX": "1"}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return output


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python with nothing but its standard library."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = str(folder / "bin" / "python")
    assert subprocess.run([python, "-c", "import textual"], capture_output=True, check=False).returncode, "it has no packages"
    return python


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tests of this module unpack, once."""
    return tmp_path_factory.mktemp("unpacked")


class BareHome(Home):
    """A home in which `vigil` is the one file."""

    def __init__(self, folder: Path, command: list[str], root: Path) -> None:
        super().__init__(folder)
        del self.env["PYTHONPATH"]
        self.env |= {"VIGIL_ROOT": str(root)}
        self._command = command

    def command(self, *args: str) -> list[str]:
        return [*self._command, *args]


@pytest.fixture
def home(tmp_path: Path, one_file: Path, bare: str, root: Path) -> Iterator[BareHome]:
    yield BareHome(tmp_path, [bare, str(one_file)], root)


def namespaces(*options: str) -> bool:
    """Whether this user may have namespaces of these kinds."""
    try:
        return subprocess.run(["unshare", *options, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def test_a_session_runs_on_a_bare_python_without_network_and_can_be_looked_at(home: BareHome) -> None:
    packed = home.command()
    if not namespaces("-rn"):
        pytest.skip("no network namespaces for this user: being without network cannot be tried")
    alone = ["/usr/bin/env", "unshare", "-rn", packed[0], "-c", LOOPBACK_UP, *packed]
    offline = BareHome.__new__(BareHome)
    offline.__dict__ |= home.__dict__ | {"_command": alone}
    ran = offline.vigil("run", "--target", "rehearsal", "--checks", "five-events")
    assert ran.code == 0, ran.err
    assert ran.word("five-events") == "PASS"
    assert ran.err.count("unpacking to") <= 1
    assert [one["ended"] for one in home.sessions()] == ["complete"]
    terminal = Terminal(home, "attach", columns=120, rows=40)
    try:
        terminal.sees("rehearsal", "PASS")
        terminal.press("q")
        assert terminal.ends() == 0, "looking at a session has no verdict of its own"
        terminal.assert_restored()
    finally:
        terminal.close()


def test_where_the_usual_places_forbid_execution_another_is_taken_or_the_way_round_is_told(
    one_file: Path, bare: str, tmp_path: Path
) -> None:
    if not namespaces("-rm"):
        pytest.skip("no mount namespaces for this user: a folder that forbids execution cannot be made")
    allowed = tmp_path / "allowed"
    allowed.mkdir(mode=0o700)
    (tmp_path / "closed").mkdir()
    script = textwrap.dedent(f"""
        set -e
        mount -t tmpfs -o noexec none {tmp_path}/closed
        export HOME={tmp_path}/closed TMPDIR={tmp_path}/closed VIGIL_ROOT=
        unset XDG_CACHE_HOME XDG_RUNTIME_DIR PYTHONPATH SHIV_ROOT
        cd {tmp_path}/closed
        for place in /var/tmp /tmp; do
            case {one_file}:{bare} in *$place/*) ;; *) mount -t tmpfs -o noexec none $place;; esac
        done
        XDG_RUNTIME_DIR={allowed} {bare} {one_file} --version
        echo --
        VIGIL_ROOT=$HOME/named {bare} {one_file} --version || echo code $?
    """)
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, check=False)
    version, _, refused = done.stdout.partition("--")
    assert version.startswith("vigil "), done.stderr
    assert refused.split() == ["code", "2"]
    taken, told = done.stderr.split("vigil: nowhere to unpack")
    assert f"unpacking to {allowed}/vigil-onefile" in taken, "which was taken"
    assert "closed/.cache/vigil/onefile forbids execution" in taken, "and why not the usual one"
    assert "closed/named forbids execution" in told
    assert "set VIGIL_ROOT to a folder" in told
    assert "Traceback" not in done.stderr


def test_another_python_is_told_so_in_words_that_it_can_read(one_file: Path, bare: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(one_file) as packed:
        front = packed.read("__main__.py").decode()
    ast.parse(front, feature_version=(3, 7))
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"'python': '{here}'" in front, "made for the Python that made it"
    (tmp_path / "front.py").write_text(front.replace(f"'python': '{here}'", "'python': '3.99'"))
    done = subprocess.run([bare, str(tmp_path / "front.py")], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"made for Python 3.99; this is Python {here}" in done.stderr
    assert "start it as `python3.99" in done.stderr


def test_earlier_builds_are_removed_but_not_under_a_running_one(home: BareHome, tmp_path: Path) -> None:
    root = tmp_path / "root"
    for name in ("vigil_gone", "vigil_used"):
        (root / name / "site-packages").mkdir(parents=True)
    (root / "other").mkdir()
    root.chmod(0o700)
    home.env["VIGIL_ROOT"] = str(root)
    with (root / "vigil_used.used").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        done = home.vigil("--version")
    assert done.out.startswith("vigil ")
    assert "still in use, and stays" in done.err and "vigil_used" in done.err
    left = {path.name for path in root.iterdir() if path.is_dir()}
    assert "vigil_gone" not in left and {"vigil_used", "other"} <= left
    assert json.loads(home.vigil("checks", "--json").out)
    assert not home.vigil("--version").err, "later starts have nothing to say"
