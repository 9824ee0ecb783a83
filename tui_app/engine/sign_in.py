"""Signing in, by every way there is: registered once, logged in, the e2e sign-in, ready-made tokens, a command.

Passwords, keys and tokens never reach a row. What the operator has to mend (a key that is refused, a token that has ended, two
accounts that are one identity) is a `user` row of the type `refused`: a precondition that is missing, not a failure of the target.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

import msgspec

from tui_app.checks.api import User
from tui_app.engine.world import World, tokens_of
from tui_app.target.accounts import DOMAIN, new_account
from tui_app.target.credentials import CredentialsError, from_command
from tui_app.target.lasting import spell
from tui_app.wire.tokens import claims, expires_in

E2E_PATH = "/auth/e2e/test-auth"
E2E_HEADER = "X-E2E-Bypass-Key"
"""Goes out on that one call alone (wire contract 3.1, 3.6): anywhere else it may switch the target's own authentication off."""
KEY_REFUSED = {
    401: "the target refuses the key of the e2e sign-in (401)",
    403: "the target does not permit the e2e sign-in (403)",
    404: "the target has no e2e sign-in (404)",
    503: "the e2e sign-in is not configured on the target (503)",
}
TRANSIENT = frozenset({0, 408, 425, 429, 500, 502, 503, 504})


class Attempt(msgspec.Struct):
    """What an attempt to get tokens came to: `user` with them, or `status` (0: no answer, or nothing was asked) and why not.

    `mend` says what the operator can do, where it is not the target's failure; `error` why no answer came.
    """

    user: User | None = None
    how: str = ""
    status: int = 0
    why: str = ""
    mend: str = ""
    error: str = ""

    @property
    def transient(self) -> bool:
        """Whether the same may work in a moment."""
        return self.user is None and not self.mend and self.status in TRANSIENT


async def sign_in_all(world: World, check: str) -> None:
    """Sign in as many users as the plan asks for; whoever cannot is recorded by the answers and simply not there.

    Where the plan drives each check several times, who is signed in stays so: a label means one person all session long.
    """
    there = {user.label for user in world.users}
    first_user = world.plan.first_user
    labels = [(f"u{first_user + index + 1}", index) for index in range(world.plan.own_users)]
    for label, index in labels:
        if label in there:
            continue
        if world.blocked:
            world.refused(label, world.blocked, world.blocked, check)
            continue
        account = world.accounts[index] if index < len(world.accounts) else {}
        attempt = await first(world, check, label, account)
        if attempt.mend:
            world.refused(label, attempt.why, attempt.mend, check)
            if attempt.how == "e2e":
                world.blocked = attempt.why  # one key for all: it is not shown again to who refuses it
        elif attempt.user is not None and (twin := _twin(world, attempt.user)):
            mend = f"give u{label[1:]} an account of somebody else"
            world.refused(label, f"{label} is the same identity as {twin.label}: {_double(attempt.user, twin)}", mend, check)
        elif attempt.user is not None:
            environment = str(claims(attempt.user.access).get("env", ""))
            world.ready(attempt.user, world.plan.mode, environment, check)


async def first(world: World, check: str, label: str, account: dict[str, str]) -> Attempt:
    """Sign a user in for the first time, by the plan's way."""
    if account.get("token"):
        return await _token(world, check, label, account["token"], account.get("refresh", ""))
    if world.plan.mode == "e2e":
        name = f"vigil-{socket.gethostname().partition('.')[0].lower()}-{world.session[:8]}-{label}"
        attempt = await e2e(world, check, label, account.get("email") or f"{name}@{DOMAIN}")
        if attempt.user is not None and not account.get("email"):
            world.made("user", attempt.user.email, label, check)
        return attempt
    if account.get("email"):
        attempt = await password(world, check, label, account["email"], account["password"])
        if attempt.user is not None or attempt.status != 401 or world.plan.mode != "register":
            return attempt
        world.on_unknown(account["email"])  # the target has forgotten an account of ours: a new one takes its place
    fresh = new_account(socket.gethostname())
    attempt = await password(world, check, label, fresh.email, fresh.password, register=True)
    if attempt.user is not None:
        world.made("user", fresh.email, label, check)
        world.on_registered(fresh.email, fresh.password)
    return attempt


async def again(world: World, user: User) -> Attempt:
    """Sign a user in anew, as the first time; recorded as nobody's check."""
    if user.password:
        return await password(world, "", user.label, user.email, user.password)
    if world.plan.mode == "e2e":
        return await e2e(world, "", user.label, user.email)
    if world.plan.mode == "command":
        return await _command(world, user)
    return Attempt(how="tokens", why="a ready-made token cannot be renewed", mend="a newer token")


async def refresh(world: World, user: User) -> Attempt:
    """Exchange the refresh token (wire contract 3.2); recorded as nobody's check."""
    body = {"refresh_token": user.refresh}
    answer = await world.request(
        "auth", "POST", "/auth/refresh", token=None, json=body, fresh=False, within=10.0, check="", user=user.label
    )
    access, new = tokens_of(answer.json)
    if answer.status == 200 and access:
        return Attempt(User(user.label, subject(access) or user.sub, user.email, user.password, access, new or user.refresh), "refresh")
    return Attempt(how="refresh", status=answer.status, why=f"the refresh is answered with {answer.status}", error=answer.error)


async def password(world: World, check: str, label: str, email: str, secret: str, *, register: bool = False) -> Attempt:
    """Log in with a password, or register with it."""
    path = "/auth/register" if register else "/auth/login"
    world.vault.add("password", label, secret)
    body = {"email": email, "password": secret, **({"name": f"Vigil {label}"} if register else {})}
    answer = await world.request("auth", "POST", path, token=None, json=body, fresh=False, within=10.0, check=check, user=label)
    access, new = tokens_of(answer.json)
    how = "register" if register else "login"
    if answer.status not in (200, 201) or not access:
        return Attempt(how=how, status=answer.status, why=f"{path} is answered with {answer.status}", error=answer.error)
    return Attempt(User(label, subject(access), email, secret, access, new), how)


async def e2e(world: World, check: str, label: str, email: str, extra: Mapping[str, Any] | None = None) -> Attempt:
    """Sign in by the platform's endpoint for end-to-end tests; `extra` goes into the request beside what it asks for."""
    body = {"email": email, "name": f"Vigil {label}", "permissions": ["read", "write"], **(extra or {})}
    answer = await world.request(
        "auth", "POST", E2E_PATH, token=None, json=body, fresh=False, within=10.0, check=check, user=label,
        headers={E2E_HEADER: world.e2e_key},
    )  # fmt: skip
    access, new = tokens_of(answer.json)
    if answer.status in (200, 201) and access:
        return Attempt(User(label, subject(access), email, "", access, new), "e2e")
    why = KEY_REFUSED.get(answer.status, "")
    mend = f"the key of this deployment in the variable {world.key_env}" if why else ""
    return Attempt(
        how="e2e", status=answer.status, why=why or f"{E2E_PATH} is answered with {answer.status}", mend=mend, error=answer.error
    )


async def _token(world: World, check: str, label: str, token: str, refresh: str) -> Attempt:
    """A ready-made token, once the auth service has said that it is one."""
    world.vault.add("access", label, token)
    world.vault.add("refresh", label, refresh)
    left = expires_in(token)
    if left is not None and left <= 0:
        return Attempt(how="tokens", why=f"the token of {label} ended {spell(-left)} ago", mend=f"a newer token for {label}")
    answer = await world.request(
        "auth", "POST", "/auth/validate", token=None, json={"token": token}, fresh=False, within=10.0, check=check, user=label
    )
    if answer.status == 200 and isinstance(answer.json, dict) and answer.json.get("valid") is False:
        why = f"the target says that the token given for {label} is not valid"
        return Attempt(how="tokens", why=why, mend=f"a token of this target for {label}")
    return Attempt(User(label, subject(token), "", "", token, refresh), "tokens")


async def _command(world: World, user: User) -> Attempt:
    """Run the operator's command again: what it prints for this very user, or nothing."""
    if world.profile is None:
        return Attempt(how="command", why="there is no command to run", mend="new credentials")
    async with world.command_turn:
        try:
            printed = await from_command(world.profile, world.plan.own_users, alone=True)
        except CredentialsError as error:
            return Attempt(how="command", why=str(error), mend=str(error))
    for token in printed.tokens:
        if subject(token.access) == user.sub:
            return await _token(world, "", user.label, token.access, token.refresh)
    for account in printed.accounts:
        if account.email.lower() == user.email.lower():
            return await password(world, "", user.label, account.email, account.password)
    return Attempt(how="command", why=f"the command prints nothing for {user.label} any more", mend=f"a command that prints {user.label}")


def subject(token: str) -> str:
    """Whom a token is for, '' where it does not say."""
    return str(claims(token).get("sub", ""))


def _twin(world: World, user: User) -> User | None:
    """Somebody signed in who is the same by the operator's own doing: one local part on two domains, or two tokens of one person.

    Accounts that are apart by all that Vigil knows and get one identity are the target's failure, and stay for the judge to see.
    """
    twin = next((other for other in world.users if other.sub == user.sub and user.sub), None)
    if twin is None:
        return None
    ours = _local(twin) == _local(user)
    return twin if ours or world.plan.mode in ("tokens", "command") else None


def _local(user: User) -> str:
    return user.email.lower().partition("@")[0]


def _double(user: User, twin: User) -> str:
    if _local(user):
        return f'both accounts begin with "{_local(user)}@", and here the part before the @ makes the identity'
    return "both tokens name one subject"
