"""`vigil cleanup`: finish the tidying of a session whose engine died, from nothing but its recording."""

from __future__ import annotations

import json
import shutil
import socket
from dataclasses import dataclass, field

import msgspec

from tui_app.engine.plan import Plan, is_own_rehearsal
from tui_app.engine.rehearsal_child import data_dir
from tui_app.recording import sessions
from tui_app.recording.reader import Reader
from tui_app.target.accounts import sign_in_again
from tui_app.target.profile import Profile
from tui_app.wire.created import Created
from tui_app.wire.http import HttpClient


@dataclass
class Left:
    """What cleaning up came to: a line each, and whether nothing is left behind."""

    lines: list[str] = field(default_factory=list)
    done: bool = True


async def clean(entry: sessions.SessionEntry) -> Left:
    """Tidy what the session's list of created things still holds. Writes what it did into the recording's annotations."""
    left = Left()
    with Reader(entry.path) as reader:
        plan = msgspec.convert(json.loads(reader.header["plan"]), Plan)
        open_things = _open_things(reader)
        profile = Profile.model_validate(plan.profile)
        if is_own_rehearsal(profile):
            await _rehearsal(entry.session, len(open_things), left)
        elif open_things:
            await _archive(profile, plan, open_things, left)
        else:
            left.lines.append("nothing was left behind")
        reader.annotate("cleanup", "; ".join(left.lines))
    return left


def _open_things(reader: Reader) -> list[tuple[str, str, str]]:
    """(thing, id, owner) of everything that was made and never tidied, in order."""
    things: dict[tuple[str, str], str] = {}
    for row in reader.rows(kinds=("created", "run")):
        body = row.body
        key = (str(body.get("thing", "")), str(body.get("id", "")))
        if row.kind == "created" and row.type == "made":
            things[key] = str(body.get("owner", ""))
        elif row.kind == "created" and row.type == "tidied":
            things.pop(key, None)
    return [(thing, name, owner) for (thing, name), owner in things.items() if thing == "thread"]


async def _rehearsal(session: str, count: int, left: Left) -> None:
    """The rehearsal ended with its engine; what it kept goes with its folder."""
    folder = data_dir(session)
    if folder.exists():
        shutil.rmtree(folder)
        left.lines.append(f"the rehearsal's stores are removed, and {count} threads with them")
    else:
        left.lines.append("nothing was left behind: the rehearsal's stores are gone")


async def _archive(profile: Profile, plan: Plan, things: list[tuple[str, str, str]], left: Left) -> None:
    created = Created()
    for thing, name, owner in things:
        created.add(thing, name, owner)
    client = HttpClient(dict(profile.urls), created)
    try:
        tokens = await sign_in_again(profile, plan.users, sessions.state_dir(), client, host=socket.gethostname())
        for thing, name, owner in things:
            token = tokens.get(owner)
            if token is None:
                left.lines.append(f"{thing} {name} of {owner} stays: its account cannot sign in")
                left.done = False
                continue
            answer = await client.request("backend", "DELETE", f"/api/threads/{name}", token=token, ours=(thing, name))
            if answer.status in (200, 204, 404):
                left.lines.append(f"{thing} {name} archived")
            else:
                left.lines.append(f"{thing} {name} stays: the target answers {answer.status or answer.error}")
                left.done = False
        for token in tokens.values():
            await client.request("auth", "POST", "/auth/logout", token=token, json={})
    finally:
        await client.aclose()
