"""Signing in: registered once, logged in, or with tokens that the operator brought. Passwords and tokens never reach a row."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from tui_app.checks.api import User
from tui_app.engine.world import World, tokens_of
from tui_app.wire.tokens import claims

if TYPE_CHECKING:
    from tui_app.engine.context import LiveContext


async def sign_in_all(world: World, ctx: LiveContext) -> None:
    """Sign in as many users as the plan asks for; whoever cannot is recorded by the answers and simply not there."""
    for index in range(world.plan.users):
        label = f"u{index + 1}"
        account = world.accounts[index] if index < len(world.accounts) else {}
        user = await _one(world, ctx, label, account)
        if user is not None:
            environment = str(claims(user.access).get("env", ""))
            world.ready(user, world.plan.mode, environment, ctx.check)


async def _one(world: World, ctx: LiveContext, label: str, account: dict[str, str]) -> User | None:
    if account.get("token"):
        token = world_secret(world, "access", label, account["token"])
        return User(label, str(claims(token).get("sub", "")), "", "", token, "")
    email, password = account.get("email", ""), account.get("password", "")
    if not email:
        email, password = f"vigil-{secrets.token_hex(6)}@vigil.example", secrets.token_urlsafe(18)
    world_secret(world, "password", label, password)
    path = "/auth/login" if account.get("registered") else "/auth/register"
    body = {"email": email, "password": password}
    if path == "/auth/register":
        body["name"] = f"Vigil {label}"
    answer = await world.request(
        "auth", "POST", path, token=None, json=body, fresh=False, within=10.0, check=ctx.check, user=label, ours=None
    )
    access, refresh = tokens_of(answer.json)
    if answer.status not in (200, 201) or not access:
        return None
    if path == "/auth/register":
        world.made("user", email, label, ctx.check)
        world.on_registered(email, password)
    return User(label, str(claims(access).get("sub", "")), email, password, access, refresh)


def world_secret(world: World, kind: str, owner: str, value: str) -> str:
    """Make a secret known to the vault before it travels anywhere."""
    world.vault.add(kind, owner, value)
    return value
