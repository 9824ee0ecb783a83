"""Leaving the target as it was found: runs ended, threads archived, users signed out, and what remains is said."""

from __future__ import annotations

import asyncio

from tui_app.checks.api import User
from tui_app.engine.live_socket import LiveSocket
from tui_app.engine.sockets import Sockets
from tui_app.engine.world import World
from tui_app.model import Event

STOP_S = 3.0
ENDINGS = frozenset({"agent_stopped", "agent_completed", "agent_error", "agent_failed", "error"})
"""Answers to a stop: it stopped, it had just ended, or there is no such run any more."""


async def tidy(world: World, sockets: Sockets) -> None:
    """Undo what the session made, in the order in which nothing is cut off. Every attempt is recorded."""
    owners = {user.label: user for user in world.users}
    await _end_runs(world, sockets, owners)
    await sockets.close_all()
    for made in world.created:
        if made.kind == "thread":
            await _archive(world, made.id, owners.get(made.owner))
        elif made.kind == "user" and world.keeps_accounts:
            e2e = world.plan.mode == "e2e"
            why = "the e2e sign-in made this user, and offers no way to remove one" if e2e else "the account is kept for the next session"
            _left(world, made.kind, made.id, made.owner, why)
        elif made.kind == "user" and world.stored_by:
            _left(world, made.kind, made.id, made.owner, f"the account stays in the store that {world.stored_by} names")
        elif made.kind == "user":
            _tidied(world, made.kind, made.id, made.owner, "it ends with the rehearsal that Vigil started")
    # Tokens that were given to us are not ours to end.
    ours = [user for user in world.users if user.password or world.plan.mode == "e2e"]
    for user in (*ours, *world.spares):
        if user.access:
            answer = await world.request(
                "auth", "POST", "/auth/logout", token=user.access, json={}, fresh=False, within=5.0, check="", user=user.label
            )
            if answer.status == 200:
                _tidied(world, "session", "", user.label, "signed out")


async def _end_runs(world: World, sockets: Sockets, owners: dict[str, User]) -> None:
    """Stop what still runs: runs of a stopped session, and those whose connection was cut on purpose."""
    running: dict[str, list[str]] = {}
    for made in world.created:
        if made.kind == "run":
            running.setdefault(made.owner, []).append(made.id)
    for owner, runs in running.items():
        user = owners.get(owner)
        socket = await sockets.lease(user, "", fresh=False) if user is not None else None
        heard = [live for live in sockets.live if live.label == owner and live.open]
        for run in runs:
            # Asked twice: whose connection was cut may be told of its end on that one; a second answer says that there is no such run.
            if socket is None or not (await _stopped(socket, heard, run) or await _stopped(socket, heard, run)):
                _left(world, "run", run, owner, "it could not be stopped and ends by itself")
            else:
                _tidied(world, "run", run, owner, "it has ended")
            world.created.discard("run", run)


async def _stopped(socket: LiveSocket, heard: list[LiveSocket], run: str) -> bool:
    """Whether a run has ended: asked on one socket, answered on that one or on the one that the run belongs to."""

    def ended(event: Event) -> bool:
        return event.name in ENDINGS and run in (event.run, *event.ids)

    waiting = [asyncio.ensure_future(live.expect(ended, STOP_S)) for live in heard]
    try:
        await socket.send("stop_agent", {"run_id": run})
        for answer in asyncio.as_completed(waiting):
            if await answer is not None:
                return True
    except ConnectionError:
        return False
    finally:
        for task in waiting:
            task.cancel()
    return False


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
        _tidied(world, "thread", thread, user.label, "archived")
    else:
        _left(world, "thread", thread, user.label, f"archiving it was answered with {answer.status or answer.error}")


def _left(world: World, thing: str, name: str, owner: str, reason: str) -> None:
    _say(world, "left", thing, name, owner, reason)


def _tidied(world: World, thing: str, name: str, owner: str, reason: str) -> None:
    _say(world, "tidied", thing, name, owner, reason)


def _say(world: World, type: str, thing: str, name: str, owner: str, reason: str) -> None:
    thread = name if thing == "thread" else ""
    world.log.add("created", {"thing": thing, "id": name, "owner": owner, "reason": reason}, user=owner, type=type, thread=thread)
