"""Signing in: registered once, logged in, or with tokens that the operator brought. Passwords and tokens never reach a row."""

from __future__ import annotations

import socket

from tui_app.checks.api import User
from tui_app.engine.world import World, tokens_of
from tui_app.target.accounts import new_account
from tui_app.wire.tokens import claims


async def sign_in_all(world: World, check: str) -> None:
    """Sign in as many users as the plan asks for; whoever cannot is recorded by the answers and simply not there.

    Where the plan drives each check several times, who is signed in stays so: a label means one person all session long.
    """
    there = {user.label for user in world.users}
    for index in range(world.plan.users):
        label = f"u{index + 1}"
        if label in there:
            continue
        account = world.accounts[index] if index < len(world.accounts) else {}
        user = await _one(world, check, label, account)
        if user is not None:
            environment = str(claims(user.access).get("env", ""))
            world.ready(user, world.plan.mode, environment, check)


async def _one(world: World, check: str, label: str, account: dict[str, str]) -> User | None:
    if account.get("token"):
        world.vault.add("access", label, account["token"])
        return User(label, str(claims(account["token"]).get("sub", "")), "", "", account["token"], "")
    if account.get("email"):
        user, status = await _ask(world, check, label, "/auth/login", account["email"], account["password"])
        if user is not None or status != 401 or world.plan.mode != "register":
            return user
        world.on_unknown(account["email"])  # the target has forgotten an account of ours: a new one takes its place
    fresh = new_account(socket.gethostname())
    user, _ = await _ask(world, check, label, "/auth/register", fresh.email, fresh.password)
    if user is not None:
        world.made("user", fresh.email, label, check)
        world.on_registered(fresh.email, fresh.password)
    return user


async def _ask(world: World, check: str, label: str, path: str, email: str, password: str) -> tuple[User | None, int]:
    world.vault.add("password", label, password)
    body = {"email": email, "password": password, **({"name": f"Vigil {label}"} if path == "/auth/register" else {})}
    answer = await world.request("auth", "POST", path, token=None, json=body, fresh=False, within=10.0, check=check, user=label)
    access, refresh = tokens_of(answer.json)
    if answer.status not in (200, 201) or not access:
        return None, answer.status
    return User(label, str(claims(access).get("sub", "")), email, password, access, refresh), answer.status
