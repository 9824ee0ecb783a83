"""Vigil's own accounts on a target: registered once, kept in a 0600 file, reused, and leased so that no two sessions share one.

    store = Store(state_dir)
    leases = store.take(profile.auth, 5)             # those that are free
    account = new_account("jump-host")               # for each that is missing: register it, then
    lease = store.keep(profile.auth, account)        # remember it and hold it
    lease.release()                                  # or let the process end: the kernel releases it

A rehearsal forgets its accounts when it ends: sign in with `new_account`s there and keep none.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from tui_app.target.files import PrivateFileError, private_directory, read_private, replace_private

DOMAIN: Final = "vigil.example"
"""A reserved domain (RFC 2606): no mail for it ever reaches anybody."""
SCHEMA: Final = "vigil.accounts/1"


class Account(msgspec.Struct, frozen=True):
    """An account on a target. Its password is never shown."""

    email: str
    password: str
    made: str = ""
    """UTC, RFC 3339, when Vigil registered it; empty for the operator's own."""

    def __repr__(self) -> str:
        return f"Account({self.email!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("email", self.email)]


class _File(msgspec.Struct):
    schema: str = SCHEMA
    targets: dict[str, list[Account]] = msgspec.field(default_factory=dict)

    def __repr__(self) -> str:
        return f"accounts of {len(self.targets)} targets"


class Lease:
    """An account that is ours until `release`, or until this process ends."""

    def __init__(self, account: Account, descriptor: int) -> None:
        self.account = account
        self._descriptor = descriptor

    def release(self) -> None:
        """Let others have it. Releasing twice is harmless."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()


def new_account(host: str) -> Account:
    """An account to be registered: `vigil-<host>-<random>@vigil.example`, with a password that satisfies usual rules.

    host -- name of the machine that Vigil runs on, so that whoever finds the account can tell whose it is
    """
    where = re.sub(r"[^a-z0-9]+", "-", host.lower().partition(".")[0]).strip("-")[:20].strip("-") or "host"
    made = datetime.now(UTC).isoformat(timespec="seconds")
    return Account(f"vigil-{where}-{secrets.token_hex(5)}@{DOMAIN}", f"{secrets.token_urlsafe(24)}-aA1!", made)


class Store:
    """The accounts of all targets in `<state_dir>/accounts`. Every method may raise PrivateFileError, and says what to do."""

    def __init__(self, state_dir: Path) -> None:
        self.directory = private_directory(state_dir / "accounts")
        self.path = self.directory / "accounts.json"
        self._leases = private_directory(self.directory / "leases")

    def accounts(self, auth_url: str) -> list[Account]:
        """Those kept for the target with this auth service, oldest first."""
        return self._read().targets.get(origin(auth_url), [])

    def keep(self, auth_url: str, account: Account) -> Lease:
        """Remember an account that was just registered, and lease it. Raises ValueError if somebody else holds it."""
        lease = self.lease(auth_url, account)
        if lease is None:
            raise ValueError(f"{account.email} is in use by another session")
        with self._changing() as file:
            known = file.targets.setdefault(origin(auth_url), [])
            known[:] = [other for other in known if other.email != account.email] + [account]
        return lease

    def forget(self, auth_url: str, email: str) -> None:
        """Drop an account that the target no longer knows."""
        with self._changing() as file:
            key = origin(auth_url)
            left = [account for account in file.targets.get(key, []) if account.email != email]
            if left:
                file.targets[key] = left
            else:
                file.targets.pop(key, None)

    def take(self, auth_url: str, count: int, among: Iterable[Account] | None = None) -> list[Lease]:
        """Lease up to `count` accounts that nobody holds: those kept for the target, or those given (the operator's own)."""
        leases: list[Lease] = []
        for account in self.accounts(auth_url) if among is None else among:
            if len(leases) == count:
                break
            lease = self.lease(auth_url, account)
            if lease is not None:
                leases.append(lease)
        return leases

    def lease(self, auth_url: str, account: Account) -> Lease | None:
        """Lease one account, or None where another session holds it."""
        key = hashlib.sha256(f"{origin(auth_url)}\n{account.email.lower()}".encode()).hexdigest()[:32]
        descriptor = self._open(self._leases / f"{key}.lock")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return Lease(account, descriptor)

    def _open(self, path: Path) -> int:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def _read(self) -> _File:
        try:
            text = read_private(self.path)
        except FileNotFoundError:
            return _File()
        try:
            file = msgspec.json.decode(text, type=_File)
        except msgspec.DecodeError as error:
            raise PrivateFileError(
                f"{self.path} is damaged ({error}). Move it away to begin anew; the accounts in it stay registered on their targets."
            ) from None
        if file.schema != SCHEMA:
            raise PrivateFileError(f"{self.path} is of another version of Vigil ({file.schema!r}). Move it away, or use that version.")
        return file

    @contextmanager
    def _changing(self) -> Iterator[_File]:
        """The file's content, to be changed: two sessions that add at once both keep theirs."""
        descriptor = self._open(self.directory / "accounts.lock")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            file = self._read()
            yield file
            replace_private(self.path, msgspec.json.format(msgspec.json.encode(file), indent=1).decode())
        finally:
            os.close(descriptor)


def origin(url: str) -> str:
    """Scheme, host and port of a URL, in one spelling: what accounts belong to."""
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    return f"{parts.scheme}://{parts.hostname}:{port}"
