"""From `[credentials]` to what signs users in. Secrets come from a 0600 file, a variable, a command or a hidden prompt.

They never come from the command line, they travel to the engine by pipe, and nothing here shows them: not a `repr`, not an error.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from tui_app.target.accounts import Account
from tui_app.target.command import CommandError, output_of
from tui_app.target.files import PrivateFileError, read_private
from tui_app.target.profile import Profile
from tui_app.target.tables import Mode
from tui_app.wire.tokens import claims

JWT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")


class CredentialsError(ValueError):
    """Nobody can be signed in: what is missing, where, and what to do. What needs users is BLOCKED with this text."""


class KeyMissing(CredentialsError):
    """The key of the e2e sign-in is not there (FM-57): whatever needs users is BLOCKED, and nothing stands in for them."""


class Token(msgspec.Struct, frozen=True):
    """A ready access token, with its refresh token where there is one."""

    access: str
    refresh: str = ""

    def __repr__(self) -> str:
        return "Token(hidden)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


class Secrets(msgspec.Struct, frozen=True):
    """What signs users in, by mode. JSON through msgspec, for the pipe to the engine; its repr shows numbers only.

    register -- nothing: accounts are made and kept by `tui_app.target.accounts`
    login -- `accounts`;  tokens -- `tokens`;  e2e -- `e2e_key`, and `accounts` without passwords where the operator names some;
    command -- `accounts` or `tokens`
    """

    mode: Mode
    users: int
    accounts: tuple[Account, ...] = ()
    tokens: tuple[Token, ...] = ()
    e2e_key: str = ""

    def __repr__(self) -> str:
        key = "a key" if self.e2e_key else "no key"
        return f"Secrets({self.mode}, {self.users} users, {len(self.accounts)} accounts, {len(self.tokens)} tokens, {key})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("mode", self.mode), ("users", self.users)]

    def values(self) -> list[tuple[str, str]]:
        """(kind, value) of every secret in it, for the vault that keeps them out of recordings."""
        found = [("password", account.password) for account in self.accounts]
        found += [("access", token.access) for token in self.tokens]
        found += [("refresh", token.refresh) for token in self.tokens if token.refresh]
        return found + ([("e2e-key", self.e2e_key)] if self.e2e_key else [])


Ask = Callable[[str], str]
"""Shows a question and reads an answer without echo, as `getpass.getpass` does; '' for no answer."""


async def resolve(
    profile: Profile, environment: Mapping[str, str], *, users: int | None = None, ask: Ask | None = None, alone: bool = False
) -> Secrets:
    """Gather the secrets of a target's mode. Raises CredentialsError.

    environment -- usually os.environ
    users -- how many are wanted; the profile's number by default
    ask -- a hidden prompt, where somebody can answer; None otherwise
    alone -- the terminal is not free for a command that asks for something
    """
    wanted = profile.credentials
    count = users or wanted.users
    if wanted.mode == "register":
        return Secrets("register", count)
    if wanted.mode == "e2e":
        named = read_accounts(_beside(profile, wanted.accounts), passwords=False) if wanted.accounts is not None else ()
        if named:
            _apart(_enough(Secrets("e2e", count, accounts=named)))
        try:
            key = _variable(wanted.key_env, "key_env", environment, ask, "Key for the sign-in of end-to-end tests: ")
        except CredentialsError as error:
            raise KeyMissing(str(error)) from None
        return Secrets("e2e", count, accounts=named, e2e_key=key)
    if wanted.mode == "tokens":
        return _enough(Secrets("tokens", count, tokens=ready_tokens(profile, environment, ask)))
    if wanted.mode == "command":
        return _enough(await from_command(profile, count, alone=alone))
    if wanted.accounts is not None:
        return _enough(Secrets("login", count, accounts=read_accounts(_beside(profile, wanted.accounts))))
    return _enough(Secrets("login", count, accounts=_asked(count, ask)))


def ready_tokens(profile: Profile, environment: Mapping[str, str], ask: Ask | None = None) -> tuple[Token, ...]:
    """The tokens of mode "tokens", from their file or variable. Raises CredentialsError."""
    wanted = profile.credentials
    if wanted.tokens is None:
        text = _variable(wanted.tokens_env, "tokens_env", environment, ask, "Access tokens, separated by spaces: ")
        return _tokens(text, f"the variable {wanted.tokens_env}")
    path = _beside(profile, wanted.tokens)
    try:
        return _tokens(read_private(path), str(path))
    except FileNotFoundError:
        raise CredentialsError(f"[credentials] tokens: there is no file {path}. Make it (chmod 600), or correct the name.") from None
    except PrivateFileError as error:
        raise CredentialsError(f"[credentials] tokens: {error}") from None


async def from_command(profile: Profile, count: int, *, alone: bool = False) -> Secrets:
    """What the command of mode "command" prints, for at most `count` users. Raises CredentialsError.

    alone -- no terminal: a command that asks for something gets no answer
    """
    command = profile.credentials.command
    try:
        output = await output_of(command, alone=alone)
    except CommandError as error:
        raise CredentialsError(f"[credentials] command: {error}") from None
    accounts, tokens = _parsed(output, f"the output of {command[0]}")
    return Secrets("command", count, accounts=accounts, tokens=tokens)


def read_accounts(path: Path, *, passwords: bool = True) -> tuple[Account, ...]:
    """The operator's accounts: TOML with [[account]] email, password, or a JSON list of the same. Raises CredentialsError.

    passwords -- False where none is needed: then they may be left out, and are not read
    """
    try:
        text = read_private(path)
    except FileNotFoundError:
        raise CredentialsError(f"[credentials] accounts: there is no file {path}. Make it (chmod 600), or correct the name.") from None
    except PrivateFileError as error:
        raise CredentialsError(f"[credentials] accounts: {error}") from None
    if text.lstrip().startswith(("[{", "{", "[]")):
        accounts, _ = _parsed(text, str(path), passwords)
        return accounts
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # The position is safe to tell, the quoted text around it may be a password.
        place = re.search(r"\(at .*\)", str(error))
        raise CredentialsError(
            f"{path} is not valid TOML {place[0] if place else ''}. Write [[account]] with email and password."
        ) from None
    unknown = [key for key in document if key != "account"]
    if unknown or not isinstance(document.get("account"), list):
        raise CredentialsError(f"{path} must hold [[account]] tables with email and password, and nothing else.")
    return tuple(_account(entry, f"{path}, [[account]] number {number}", passwords) for number, entry in enumerate(document["account"], 1))


def _account(entry: Any, where: str, passwords: bool = True) -> Account:
    if not passwords and isinstance(entry, dict):
        entry = {"password": "-", **entry}
    if not isinstance(entry, dict) or set(entry) != {"email", "password"}:
        raise CredentialsError(f"{where}: it needs email and password, and nothing else.")
    email, password = entry["email"], entry["password"]
    if not isinstance(email, str) or "@" not in email or not isinstance(password, str) or not password:
        raise CredentialsError(f"{where}: email must be an address and password some text. Correct them.")
    return Account(email, password if passwords else "")


def _tokens(text: str, where: str) -> tuple[Token, ...]:
    """Access tokens separated by spaces, commas or lines, or a JSON list of strings or of {access, refresh}."""
    if text.lstrip().startswith("["):
        accounts, tokens = _parsed(text, where)
        if accounts:
            raise CredentialsError(f'{where} holds accounts, not tokens. Use mode = "login" for accounts.')
        return tokens
    return tuple(_token(item, where, number) for number, item in enumerate(re.split(r"[\s,]+", text.strip()), 1))


def _token(entry: Any, where: str, number: int) -> Token:
    access = entry.get("access") if isinstance(entry, dict) else entry
    refresh = entry.get("refresh", "") if isinstance(entry, dict) else ""
    if not isinstance(access, str) or not JWT.fullmatch(access) or not isinstance(refresh, str):
        raise CredentialsError(
            f"{where}: number {number} is not a JWT (three parts with dots). Give access tokens as the sign-in returns them."
        )
    return Token(access, refresh)


def _parsed(text: str, where: str, passwords: bool = True) -> tuple[tuple[Account, ...], tuple[Token, ...]]:
    """A JSON list of accounts {email, password}, or of tokens."""
    try:
        entries = msgspec.json.decode(text)
    except msgspec.DecodeError:
        entries = None
    if not isinstance(entries, list) or not entries:
        raise CredentialsError(f'{where} must be a JSON list of {{"email", "password"}} or {{"access", "refresh"}}, and is not.')
    if isinstance(entries[0], dict) and "email" in entries[0]:
        return tuple(_account(entry, f"{where}, number {number}", passwords) for number, entry in enumerate(entries, 1)), ()
    return (), tuple(_token(entry, where, number) for number, entry in enumerate(entries, 1))


def _variable(name: str | None, key: str, environment: Mapping[str, str], ask: Ask | None, question: str) -> str:
    if name is not None:
        value = environment.get(name, "").strip()
        if not value:
            raise CredentialsError(f"[credentials] {key}: the variable {name} is not set, or empty. Set it in the shell that starts Vigil.")
        return value
    answer = ask(question).strip() if ask is not None else ""
    if not answer:
        raise CredentialsError(
            f"[credentials] {key} names no variable, and nobody is there to ask. Name the variable that holds the secret."
        )
    return answer


def _asked(count: int, ask: Ask | None) -> tuple[Account, ...]:
    accounts: list[Account] = []
    while ask is not None and len(accounts) < count:
        email = ask(f"E-mail of user {len(accounts) + 1} of {count} (empty: no more): ").strip()
        if not email:
            break
        accounts.append(_account({"email": email, "password": ask(f"Password of user {len(accounts) + 1}: ")}, f"user {len(accounts) + 1}"))
    if not accounts:
        raise CredentialsError(
            '[credentials] mode "login" has no accounts to sign in with. Name a file (accounts = "accounts.toml", chmod 600), '
            'or let Vigil make its own with mode = "register".'
        )
    return tuple(accounts)


def _enough(secrets: Secrets) -> Secrets:
    who = [account.email.lower() for account in secrets.accounts] or [token.access for token in secrets.tokens]
    # Two tokens of one subject are one user as well: a second token makes no second person.
    same = [str(claims(token.access).get("sub") or token.access) for token in secrets.tokens]
    if len(set(who)) < len(who) or len(set(same)) < len(same):
        raise CredentialsError(
            "one of the users is listed twice, and isolation between a user and itself cannot be judged. Remove the second."
        )
    if len(who) < secrets.users:
        raise CredentialsError(
            f"{len(who)} users are given, and {secrets.users} are wanted. Add some, or set [credentials] users = {len(who)}."
        )
    return secrets


def _apart(secrets: Secrets) -> Secrets:
    """The e2e sign-in makes the identity from the local part of an address alone (wire contract 3.1)."""
    local = [account.email.lower().partition("@")[0] for account in secrets.accounts]
    double = next((name for name in local if local.count(name) > 1), "")
    if double:
        raise CredentialsError(
            f'two accounts begin with "{double}@", and the e2e sign-in makes one user of them, whatever their domains. Rename one.'
        )
    return secrets


def _beside(profile: Profile, name: str) -> Path:
    """A path of the target file: relative ones start at the file's own directory."""
    path = Path(name).expanduser()
    return path if profile.folder is None else profile.folder / path
