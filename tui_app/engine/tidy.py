"""Leaving the target as it was found: runs ended, threads archived, users signed out, and what remains is said."""

from __future__ import annotations

from tui_app.checks.api import User
from tui_app.engine.world import World


async def tidy(world: World) -> None:
    """Undo what the session made. Every attempt is recorded; what stays behind is a `created` row of type left."""
    owners = {user.label: user for user in world.users}
    for made in world.created:
        thing, name, owner = made.kind, made.id, made.owner
        user = owners.get(owner)
        if thing == "thread":
            await _archive(world, name, user)
        elif thing == "user":
            _left(
                world,
                thing,
                name,
                owner,
                "accounts cannot be removed through the platform's API; it is kept for reuse"
                if world.keeps_accounts
                else "ends with the rehearsal",
            )
        elif thing == "run":
            _left(world, thing, name, owner, "it had not ended by the deadline; its socket is closed")
    for user in world.users:
        if user.access and not user.spent:
            answer = await world.request(
                "auth", "POST", "/auth/logout", token=user.access, json={}, fresh=False, within=5.0, check="", user=user.label
            )
            if answer.status == 200:
                world.log.add("created", {"thing": "session", "id": "", "owner": user.label}, user=user.label, type="tidied")


async def _archive(world: World, thread: str, user: User | None) -> None:
    if user is None:
        _left(world, "thread", thread, "", "its owner is not signed in")
        return
    answer = await world.request(
        "backend", "DELETE", f"/api/threads/{thread}", token=user.access, json=None, fresh=False, within=5.0, check="", user=user.label,
        ours=("thread", thread),
    )  # fmt: skip
    if answer.status in (200, 204, 404):
        world.created.discard("thread", thread)
        world.log.add("created", {"thing": "thread", "id": thread, "owner": user.label}, user=user.label, type="tidied", thread=thread)
    else:
        _left(world, "thread", thread, user.label, f"archiving it was answered with {answer.status or answer.error}")


def _left(world: World, thing: str, name: str, owner: str, reason: str) -> None:
    world.log.add("created", {"thing": thing, "id": name, "owner": owner, "reason": reason}, user=owner, type="left")
