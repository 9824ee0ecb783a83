"""What the doctor says of terminals, tmux, folders and login managers: each finding is right, and each fix is there."""

from __future__ import annotations

import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.doctor.places import file, place
from tui_app.doctor import colours, encoding, folders, login, proxy, terminal, tmux, versions
from tui_app.doctor.findings import Terminal, said_by
from tui_app.doctor.mounts import mount_of

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /data rw,nosuid shared:9 - nfs4 server:/homes rw,vers=4.2
31 30 8:2 / /data/local rw,noexec - xfs /dev/sdb1 rw
32 22 0:41 / /mnt/my\\040files rw - fuse.sshfs me@there: rw
"""


@pytest.mark.parametrize(
    ("path", "kind", "network", "noexec"),
    [
        ("/var/tmp", "ext4", False, False),
        ("/data/me/.local", "nfs4", True, False),
        ("/data/local/x", "xfs", False, True),
        ("/database", "ext4", False, False),
        ("/mnt/my files/x", "fuse.sshfs", True, False),
    ],
)
def test_the_file_system_of_a_folder(path: str, kind: str, network: bool, noexec: bool) -> None:
    mount = mount_of(Path(path), MOUNTS)
    assert mount is not None
    assert (mount.kind, mount.network, "noexec" in mount.options) == (kind, network, noexec)


def test_a_network_home_is_bad_though_a_trial_succeeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    tmp_path.chmod(0o700)
    root = tmp_path / "root"
    file(root, "proc/self/mountinfo", f"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n30 22 0:40 / {tmp_path} rw - nfs4 server:/homes rw\n")
    found = {one.about: one for one in folders.look(place(root=root, uid=folders.os.getuid()))}
    assert found["recordings"].word == "bad" and "nfs4" in found["recordings"].found
    assert any(line.startswith("export XDG_STATE_HOME=") for line in found["recordings"].fix)
    file(root, "proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n")
    found = {one.about: one for one in folders.look(place(root=root, uid=folders.os.getuid()))}
    assert found["recordings"].word == "ok"
    assert not list((tmp_path / "state" / "vigil").glob(".trial*")), "nothing is left of the trial"


def test_a_folder_where_sqlite_cannot_write_ahead_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folders.wal_trouble(tmp_path) == ""
    real = sqlite3.connect

    class Networked(sqlite3.Connection):
        """A file system without shared memory: the pragma is refused by answering with the old mode (SQLite, WAL, 8)."""

        def execute(self, sql: str, *more: object) -> sqlite3.Cursor:
            return super().execute("PRAGMA journal_mode" if "journal_mode=WAL" in sql else sql)

    monkeypatch.setattr(sqlite3, "connect", lambda *args, **named: real(*args, factory=Networked, **named))
    assert "journal stays in mode delete" in folders.wal_trouble(tmp_path)
    assert folders.wal_trouble(tmp_path / "missing")


def test_a_folder_open_to_others_is_told_before_it_is_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "vigil").mkdir(mode=0o755)
    first, *_ = folders.look(place(uid=folders.os.getuid()))
    assert (first.word, first.about) == ("warn", "recordings") and "0755" in first.found
    first, *_ = folders.look(place(uid=folders.os.getuid() + 1))
    assert first.word == "bad" and "belongs to user" in first.found


def logind(root: Path, **files: str) -> login.Finding:
    file(root, "run/systemd/system/x", "")
    for name, text in files.items():
        file(root, name, text)
    return next(iter(login.look(place(root=root))))


def test_a_login_manager_that_kills_is_found_in_its_drop_ins(tmp_path: Path) -> None:
    assert next(iter(login.look(place(root=tmp_path)))).word == "ok", "no systemd"
    calm = logind(tmp_path, **{"etc/systemd/logind.conf": "[Login]\n#KillUserProcesses=yes\n[Other]\nKillUserProcesses=yes\n"})
    assert calm.word == "ok"
    killing = logind(tmp_path, **{"usr/lib/systemd/logind.conf.d/20-site.conf": "[Login]\nKillUserProcesses = yes\n"})
    assert killing.word == "bad" and any("loginctl enable-linger" in line for line in killing.fix)
    assert any(line.startswith("systemd-run --user --scope") for line in killing.fix), "lingering alone does not move it out of the login"
    excepted = logind(tmp_path, **{"etc/systemd/logind.conf.d/30-x.conf": "[Login]\nKillExcludeUsers=root 4242\n"})
    assert excepted.word == "ok"
    overruled = logind(tmp_path, **{
        "etc/systemd/logind.conf.d/30-x.conf": "[Login]\n", "etc/systemd/logind.conf.d/20-site.conf": "[Login]\nKillUserProcesses=no\n",
    })  # fmt: skip
    assert overruled.word == "ok", "a file of the same name in /etc replaces the vendor's"


def test_tmux_is_asked_and_each_finding_has_its_line() -> None:
    bad = {"set-clipboard": "external", "allow-passthrough": "off", "escape-time": "500"}
    found = {one.about: one for one in reversed(list(tmux.look(place({"TMUX": "x", "TERM": "xterm"}, says=bad))))}
    names = {f"tmux {part}" for part in ("clipboard", "pass-on", "colours", "Esc")}
    assert {name for name, one in found.items() if one.word == "warn"} == names
    fixes = [line.partition("   #")[0] for one in tmux.look(place({"TMUX": "x", "TERM": "xterm"}, says=bad)) for line in one.fix]
    assert "set -s set-clipboard on" in fixes and 'set -g default-terminal "tmux-256color"' in fixes and "set -sg escape-time 10" in fixes
    good = {"set-clipboard": "on", "allow-passthrough": "off", "escape-time": "10"}
    fine = list(tmux.look(place({"TMUX": "x", "TERM": "tmux-256color", "COLORTERM": "truecolor"}, says=good)))
    assert {one.word for one in fine} == {"ok"} and not [one for one in fine if one.fix]
    assert list(tmux.look(place({}, says=bad))) == []


def test_a_real_tmux_takes_every_line_that_is_proposed(tmp_path: Path) -> None:
    if said_by(["tmux", "-V"]) is None:
        pytest.skip("there is no tmux here")
    worst = {"set-clipboard": "external", "allow-passthrough": "off", "escape-time": "500"}
    lines = [line for one in tmux.look(place({"TMUX": "x", "TERM": "xterm"}, says=worst)) for line in one.fix]
    (tmp_path / "conf").write_text("\n".join(lines) + "\n")
    socket = str(tmp_path / "socket")
    start = subprocess.run(
        ["tmux", "-S", socket, "-f", "/dev/null", "new-session", "-d", ";", "source-file", str(tmp_path / "conf"), ";",
         "show-options", "-gqv", "set-clipboard", ";", "show-options", "-gqv", "escape-time", ";", "kill-server"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert start.returncode == 0 and start.stdout.split() == ["on", "10"], start


@pytest.mark.parametrize(
    ("name", "size", "word", "part"),
    [
        ("xterm-256color", (80, 24), "ok", "80x24"),
        ("xterm-256color", (60, 20), "warn", "60x20"),
        ("xterm-256color", (30, 10), "bad", "30x10"),
    ],
)
def test_the_size_of_a_terminal(name: str, size: tuple[int, int], word: str, part: str) -> None:
    first, *_ = terminal.look(place({"TERM": name}, terminal=Terminal(*size, True, True, "utf-8")))
    assert first.word == word and part in first.found and bool(first.fix) is (word != "ok")


def test_a_terminal_without_a_name_and_one_that_nobody_knows(tmp_path: Path) -> None:
    file(tmp_path, "usr/share/terminfo/x/xterm", "")
    words = {
        name: list(terminal.look(place({"TERM": name}, root=tmp_path)))[-1].word for name in ("dumb", "", "nobody-knows-this", "xterm")
    }
    assert words == {"dumb": "bad", "": "bad", "nobody-knows-this": "warn", "xterm": "ok"}


def test_encodings_and_colours() -> None:
    ascii_only, promised = Terminal(80, 24, True, True, "ascii"), Terminal(80, 24, True, True, "utf-8")
    words = [
        next(iter(encoding.look(place(environment, terminal=one)))).word
        for environment, one in (({"LC_ALL": "C"}, ascii_only), ({"LC_ALL": "C"}, promised), ({"LANG": "en_GB.UTF-8"}, promised),
                                 ({"LC_ALL": "C", "VIGIL_ASCII": "1"}, promised))
    ]  # fmt: skip
    assert words == ["warn", "warn", "ok", "ok"]
    said = [
        next(iter(colours.look(place(environment)))).found
        for environment in ({"NO_COLOR": "1", "TERM": "xterm"}, {"COLORTERM": "truecolor"}, {"TERM": "xterm-256color"}, {"TERM": "linux"})
    ]
    assert [text.split(",")[0].split(" ")[0].rstrip(";") for text in said] == ["none", "16", "256", "16"] and "million" in said[1]


def test_ranges_in_no_proxy_except_nothing_and_that_is_said() -> None:
    found = list(proxy.look(place({"NO_PROXY": "localhost,10.0.0.0/8"})))
    assert found[0].word == "warn" and "10.0.0.0/8" in found[0].found
    assert not list(proxy.look(place({"NO_PROXY": "localhost,.internal.example,*"})))[:1]
    assert proxy.shown("http://user:hunter2@proxy.example:3128") == "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("has", "wanted", "beginning", "fits"),
    [("8.2.8", "8.2.8", False, True), ("2.15.3", "2.15", True, True), ("2.1", "2.15", True, False), ("8.2.80", "8.2.8", False, False)],
)
def test_versions_are_compared_by_their_parts(has: str, wanted: str, beginning: bool, fits: bool) -> None:
    assert versions.matches(has, wanted, beginning) is fits


def test_a_pin_is_read_to_its_end() -> None:
    read = [versions.PIN.match(line) for line in ("textual==8.2.8", "pyjwt==2.15.*", 'redis==8.1.*; extra == "tiers"')]
    assert [(one[1], one[2], bool(one[3])) for one in read if one] == [
        ("textual", "8.2.8", False),
        ("pyjwt", "2.15", True),
        ("redis", "8.1", True),
    ]
