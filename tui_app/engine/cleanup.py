"""`vigil cleanup`: finish the tidying of a session whose engine died, from nothing but its recording."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, field

import msgspec

from tui_app.engine.plan import Plan, is_own_rehearsal
from tui_app.engine.rehearsal_child import data_dir
from tui_app.recording import sessions
from tui_app.recording.reader import Reader
from tui_app.target import credentials
from tui_app.target.accounts import Store
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
            await _archive(profile, plan, open_things, _names(reader), left)
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


async def _archive(profile: Profile, plan: Plan, things: list[tuple[str, str, str]], names: dict[str, str], left: Left) -> None:
    created = Created()
    for thing, name, owner in things:
        created.add(thing, name, owner)
    client = HttpClient(dict(profile.urls), created)
    try:
        tokens = await _sign_in(profile, plan, names, client)
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


def _names(reader: Reader) -> dict[str, str]:
    """Label -> local part of the account's address, as the session signed in."""
    return {row.user: str(row.body.get("name", "")) for row in reader.rows(kinds=("user",))}


async def _sign_in(profile: Profile, plan: Plan, names: dict[str, str], client: HttpClient) -> dict[str, str]:
    """Label -> access token, for those who can still sign in."""
    if plan.mode == "register":
        kept = {account.email.partition("@")[0]: account for account in Store(sessions.state_dir()).accounts(profile.auth)}
        accounts = [(label, kept[name]) for label, name in names.items() if name in kept]
    else:
        found = await credentials.resolve(profile, os.environ, users=plan.users)
        if found.tokens:
            return {f"u{index}": token.access for index, token in enumerate(found.tokens, 1)}
        accounts = [(f"u{index}", account) for index, account in enumerate(found.accounts, 1)]
    tokens: dict[str, str] = {}
    for label, account in accounts:
        answer = await client.request("auth", "POST", "/auth/login", json={"email": account.email, "password": account.password})
        if isinstance(answer.json, dict) and answer.json.get("access_token"):
            tokens[label] = str(answer.json["access_token"])
    return tokens
