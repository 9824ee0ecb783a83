"""Accounts are kept for us alone, reused, and never shared by two sessions."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tui_app.target.accounts import Account, Lease, Store, new_account, origin
from tui_app.target.files import PrivateFileError, private_directory, read_private, replace_private

AUTH = "https://auth.vigil.example"
HOLDER = """
import sys
from pathlib import Path
from tui_app.target.accounts import Store
leases = Store(Path(sys.argv[1])).take(sys.argv[2], 10)
print([lease.account.email for lease in leases], flush=True)
sys.stdin.readline()
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_an_account_is_registered_once_and_reused(tmp_path: Path) -> None:
    account = new_account("jump")
    with Store(tmp_path).keep(AUTH, account):
        pass
    later = Store(tmp_path)
    assert later.accounts(AUTH) == [account]
    assert later.accounts("https://auth.vigil.example:443/") == [account]
    assert later.accounts("https://auth.vigil.example:8443") == []
    leases = later.take(AUTH, 5)
    assert [lease.account for lease in leases] == [account]


def test_only_we_can_read_it(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.keep(AUTH, new_account("jump"))
    assert mode(store.directory) == 0o700
    for path in store.directory.rglob("*"):
        assert mode(path) == (0o700 if path.is_dir() else 0o600), path
    assert [path.name for path in store.directory.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("wide", [0o644, 0o640, 0o604, 0o620])
def test_a_file_that_others_can_open_is_refused_with_the_fix(tmp_path: Path, wide: int) -> None:
    store = Store(tmp_path)
    store.keep(AUTH, new_account("jump"))
    store.path.chmod(wide)
    with pytest.raises(PrivateFileError, match=f"chmod 600 {store.path}"):
        store.accounts(AUTH)
    before = store.path.read_text()
    with pytest.raises(PrivateFileError):
        store.keep(AUTH, new_account("jump"))
    assert store.path.read_text() == before
    store.path.chmod(0o600)
    assert len(store.accounts(AUTH)) == 1


def test_a_directory_that_others_can_open_is_refused_with_the_fix(tmp_path: Path) -> None:
    (tmp_path / "accounts").mkdir(mode=0o755)
    with pytest.raises(PrivateFileError, match="chmod 700"):
        Store(tmp_path)


@pytest.mark.parametrize("text", ["", "{", '{"schema": "vigil.accounts/9", "targets": {}}', "[]", '{"targets": {"x": [{"email": 1}]}}'])
def test_a_damaged_file_is_neither_used_nor_overwritten(tmp_path: Path, text: str) -> None:
    store = Store(tmp_path)
    replace_private(store.path, text)
    for action in (lambda: store.accounts(AUTH), lambda: store.keep(AUTH, new_account("jump")), lambda: store.forget(AUTH, "x")):
        with pytest.raises(PrivateFileError, match="Move it away"):
            action()
    assert store.path.read_text() == text


def test_names_are_unique_and_tell_whose_they_are() -> None:
    made = [new_account("Jump_Host.internal.vigil.example") for _ in range(200)]
    assert len({account.email for account in made}) == len({account.password for account in made}) == 200
    assert all(account.email.startswith("vigil-jump-host-") and account.email.endswith("@vigil.example") for account in made)
    assert new_account("").email.startswith("vigil-host-")


def test_an_account_never_shows_its_password() -> None:
    account = new_account("jump")
    assert account.password not in repr(account) and account.password not in f"{[account]} {list(account.__rich_repr__())}"


def test_two_sessions_do_not_share_an_account(tmp_path: Path) -> None:
    store = Store(tmp_path)
    held = [store.keep(AUTH, new_account("jump")) for _ in range(3)]
    assert Store(tmp_path).take(AUTH, 3) == []
    held[1].release()
    held[1].release()
    assert [lease.account.email for lease in Store(tmp_path).take(AUTH, 3)] == [held[1].account.email]


def test_the_same_address_on_another_target_is_another_account(tmp_path: Path) -> None:
    store = Store(tmp_path)
    account = Account("a@vigil.example", "p")
    first = store.lease(AUTH, account)
    assert first is not None and store.lease(AUTH, Account("A@vigil.example", "p")) is None
    other = store.lease("http://127.0.0.1:1", account)
    assert isinstance(other, Lease)


def test_a_killed_session_gives_its_accounts_back(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for _ in range(2):
        store.keep(AUTH, new_account("jump")).release()
    command = [sys.executable, "-c", HOLDER, str(tmp_path), AUTH]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().count("@vigil.example") == 2
        assert store.take(AUTH, 2) == []
        holder.kill()
        holder.wait()
    assert len(store.take(AUTH, 2)) == 2


def test_the_operators_own_accounts_are_leased_too(tmp_path: Path) -> None:
    own = [Account(f"u{k}@vigil.example", "p") for k in range(3)]
    first = Store(tmp_path).take(AUTH, 2, own)
    second = Store(tmp_path).take(AUTH, 2, own)
    assert [lease.account.email for lease in first + second] == ["u0@vigil.example", "u1@vigil.example", "u2@vigil.example"]


def test_forgetting(tmp_path: Path) -> None:
    store = Store(tmp_path)
    one, two = new_account("jump"), new_account("jump")
    for account in (one, two):
        store.keep(AUTH, account)
    store.forget(AUTH, one.email)
    assert store.accounts(AUTH) == [two]
    store.forget(AUTH, two.email)
    assert json.loads(store.path.read_text())["targets"] == {}


def _add(directory: str, count: int) -> None:
    store = Store(Path(directory))
    for _ in range(count):
        store.keep(AUTH, new_account("jump"))


def test_sessions_that_add_at_once_all_keep_theirs(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_add, args=(str(tmp_path), 15)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert len(Store(tmp_path).accounts(AUTH)) == 45


def test_private_files(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_private(tmp_path / "none")
    with pytest.raises(PrivateFileError, match="regular file"):
        read_private(tmp_path)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    with pytest.raises(PrivateFileError, match="regular file"):
        read_private(pipe)
    text = tmp_path / "text"
    replace_private(text, "é" * 10)
    assert read_private(text) == "é" * 10
    with pytest.raises(PrivateFileError, match="larger"):
        read_private(text, limit=0)
    text.write_bytes(b"\xff")
    with pytest.raises(PrivateFileError, match="UTF-8"):
        read_private(text)
    with pytest.raises(PrivateFileError):
        private_directory(text)


def test_origin() -> None:
    assert origin("HTTPS://Auth.Vigil.Example/x") == "https://auth.vigil.example:443" == origin("https://auth.vigil.example:443")
