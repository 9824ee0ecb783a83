"""`vigil cleanup`: finish the tidying of a session whose engine died, from nothing but its recording."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from dataclasses import dataclass, field

import msgspec

from tui_app.engine.plan import Plan, is_own_rehearsal
from tui_app.engine.rehearsal_child import data_dir
from tui_app.engine.sign_in import E2E_HEADER, E2E_PATH
from tui_app.recording import sessions
from tui_app.recording.reader import Reader
from tui_app.recording.writer import settle
from tui_app.target import credentials
from tui_app.target.accounts import DOMAIN, Store
from tui_app.target.network import headers_of, proxy_of, trust_of
from tui_app.target.profile import Profile
from tui_app.wire.created import Created
from tui_app.wire.http import HttpClient


@dataclass
class Left:
    """What cleaning up came to: a line each, and whether nothing is left behind."""

    lines: list[str] = field(default_factory=list)
    done: bool = True


async def clean(entry: sessions.SessionEntry) -> Left:
    """Tidy what the session made and its engine could not undo. What was done goes into the recording's annotations."""
    left = Left()
    with Reader(entry.path) as reader:
        plan = msgspec.convert(json.loads(reader.header["plan"]), Plan)
        profile = Profile.model_validate(plan.profile)
        if is_own_rehearsal(profile):
            _rehearsal(entry.session, left)
        else:
            await _archive(profile, plan, entry.session, _open_threads(reader), _names(reader), left)
        if not left.lines:
            left.lines.append("nothing was left behind")
        reader.annotate("cleanup", "; ".join(left.lines))
    await asyncio.to_thread(settle, entry.path, 2.0)
    return left


def _open_threads(reader: Reader) -> dict[str, str]:
    """id -> owner of every thread that was made and never tidied, by the rows and by earlier cleanups."""
    threads: dict[str, str] = {}
    for row in reader.rows(kinds=("created", "engine")):
        body = row.body
        if row.kind == "engine":
            # What another engine told of its own things: one that was lost could not tidy them.
            threads.update({name: owner for thing, name, owner in body.get("made", ()) if thing == "thread"})
            for _, name in body.get("tidied", ()):
                threads.pop(name, None)
        elif body.get("thing") == "thread":
            if row.type == "made":
                threads[str(body.get("id"))] = str(body.get("owner", ""))
            elif row.type == "tidied":
                threads.pop(str(body.get("id")), None)
    done = " ".join(note.text for note in reader.annotations() if note.kind == "cleanup")
    return {name: owner for name, owner in threads.items() if f"thread {name} archived" not in done}


def _rehearsal(session: str, left: Left) -> None:
    """The rehearsal ended with its engine; what it kept in files goes with its folder."""
    folder = data_dir(session)
    if folder.exists():
        shutil.rmtree(folder)
        left.lines.append("the rehearsal's own stores are removed, and with them what the session made there")


async def _archive(profile: Profile, plan: Plan, session: str, threads: dict[str, str], names: dict[str, str], left: Left) -> None:
    created = Created()
    services = {name: url for name, url in profile.urls.items() if name != "websocket"}
    client = HttpClient(
        services, created, headers=await headers_of(profile, os.environ), tls=trust_of(profile), proxy=proxy_of(profile, os.environ)
    )
    try:
        tokens, why = await _sign_in(profile, plan, names, client)
        for label, token in tokens.items():
            threads.update(await _unrecorded(session, label, token, client, threads))
        for name, owner in threads.items():
            created.add("thread", name, owner)
            await _archive_one(name, owner, tokens.get(owner), why, client, left)
        for token in tokens.values() if plan.mode not in ("tokens", "command") else ():
            await client.request("auth", "POST", "/auth/logout", token=token, json={})
    finally:
        await client.aclose()


async def _unrecorded(session: str, label: str, token: str, client: HttpClient, known: dict[str, str]) -> dict[str, str]:
    """Threads that carry the session's name in their title and whose answer the engine did not live to record."""
    answer = await client.request("backend", "GET", "/api/threads?limit=100", token=token)
    listed = answer.json.get("threads", []) if isinstance(answer.json, dict) else answer.json
    return {
        str(thread["id"]): label
        for thread in listed or []
        if isinstance(thread, dict)
        and str(thread.get("title", "")).startswith(f"vigil {session} ")
        and thread.get("id") not in known
        and (thread.get("metadata") or {}).get("status") != "archived"
    }


async def _archive_one(name: str, owner: str, token: str | None, why: str, client: HttpClient, left: Left) -> None:
    if token is None:
        left.lines.append(f"thread {name} of {owner} stays: {why or 'its account is not known here any more'}")
        left.done = False
        return
    answer = await client.request("backend", "DELETE", f"/api/threads/{name}", token=token, ours=("thread", name))
    if answer.status in (200, 204, 404):
        left.lines.append(f"thread {name} archived")
    else:
        left.lines.append(f"thread {name} stays: the target answers {answer.status or answer.error}")
        left.done = False


def _names(reader: Reader) -> dict[str, str]:
    """Label -> local part of the account's address, as the session signed in, on whichever engine."""
    names: dict[str, str] = {}
    for row in reader.rows(kinds=("user", "engine")):
        if row.kind == "engine":
            names.update({label: name for label, _, name in row.body.get("joined", ())})
        elif row.type == "ready":
            names[row.user] = str(row.body.get("name", ""))
    return names


async def _sign_in(profile: Profile, plan: Plan, names: dict[str, str], client: HttpClient) -> tuple[dict[str, str], str]:
    """Label -> access token for those who can still sign in, and why the last one who cannot could not."""
    if plan.mode == "register":
        kept = {account.email.partition("@")[0]: account for account in Store(sessions.state_dir()).accounts(profile.auth)}
        accounts = [(label, kept[name]) for label, name in names.items() if name in kept]
    elif plan.mode == "e2e":
        key = (await credentials.resolve(profile, os.environ, users=plan.users)).e2e_key
        return await _by_key(names, key, client)
    else:
        found = await credentials.resolve(profile, os.environ, users=plan.users)
        if found.tokens:
            return {f"u{index}": token.access for index, token in enumerate(found.tokens, 1)}, ""
        accounts = [(f"u{index}", account) for index, account in enumerate(found.accounts, 1)]
    tokens: dict[str, str] = {}
    why = ""
    for label, account in accounts:
        answer = await client.request("auth", "POST", "/auth/login", json={"email": account.email, "password": account.password})
        if isinstance(answer.json, dict) and answer.json.get("access_token"):
            tokens[label] = str(answer.json["access_token"])
        else:
            why = f"signing in is answered with {answer.status}" if answer.status else f"the target does not answer ({answer.error})"
    return tokens, why


async def _by_key(names: dict[str, str], key: str, client: HttpClient) -> tuple[dict[str, str], str]:
    """As `_sign_in`, by the e2e sign-in: the local part of an address is the whole identity, whatever its domain."""
    tokens: dict[str, str] = {}
    why = ""
    for label, name in names.items():
        answer = await client.request("auth", "POST", E2E_PATH, json={"email": f"{name}@{DOMAIN}"}, headers={E2E_HEADER: key})
        if isinstance(answer.json, dict) and answer.json.get("access_token"):
            tokens[label] = str(answer.json["access_token"])
        else:
            why = f"the e2e sign-in is answered with {answer.status}" if answer.status else f"the target does not answer ({answer.error})"
    return tokens, why
