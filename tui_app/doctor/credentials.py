"""The target's credentials: whether they are where the file says, and how long ready tokens last. No value is ever shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tui_app.doctor.findings import Finding, Place, bad, ok, warn
from tui_app.target.credentials import CredentialsError, read_accounts, ready_tokens
from tui_app.target.lasting import spell
from tui_app.target.profile import Profile
from tui_app.wire.tokens import expires_in


def look(place: Place) -> Iterator[Finding]:
    profile = place.profile
    if profile is None:
        return
    wanted = profile.credentials
    try:
        if wanted.mode == "tokens":
            yield from _tokens(place, profile)
        elif wanted.accounts is not None:
            count = len(read_accounts(_beside(profile, wanted.accounts), passwords=wanted.mode == "login"))
            yield _enough(f"{wanted.accounts} (0600)", "accounts", count, wanted.users)
        elif wanted.mode == "login":
            yield ok("credentials", "login: a hidden prompt at each start")
        elif wanted.mode == "command":
            yield ok("credentials", f"command {wanted.command[0]}, run at each start; it was not run now")
        elif wanted.mode == "register":
            yield ok("credentials", f"register: {wanted.users} accounts of Vigil's own")
    except CredentialsError as error:
        yield bad("credentials", str(error))
    if wanted.mode == "e2e":
        yield _variable(place, "credentials", wanted.key_env)
    for name, source in profile.headers.items():
        if source.startswith("env:"):
            yield _variable(place, f"header {name}", source.removeprefix("env:"))
    for name, variable in profile.tiers.variables.items():
        yield _variable(place, f"tier {name}", variable)


def _tokens(place: Place, profile: Profile) -> Iterator[Finding]:
    tokens = ready_tokens(profile, place.environment)
    where = profile.credentials.tokens or f"${profile.credentials.tokens_env}"
    yield _enough(where, "tokens", len(tokens), profile.credentials.users)
    lasts = profile.limits.minutes * 60
    for number, token in enumerate(tokens[: profile.credentials.users], 1):
        left, about = expires_in(token.access), f"token of u{number}"
        renewed = "; its refresh token renews it" if token.refresh else ""
        if left is None:
            yield warn(about, "does not say when it ends", "a session that outlives it pauses for a new one")
        elif left <= 0:
            yield bad(about, f"ended {spell(-left)} ago", f"put a new one into {where}")
        elif left < lasts and not token.refresh:
            yield warn(about, f"ends in {spell(left)}, and a session may take {spell(lasts)}", f"put one that lasts longer into {where}")
        else:
            yield ok(about, f"ends in {spell(left)}{renewed}")


def _enough(where: str, what: str, count: int, users: int) -> Finding:
    if count < users:
        return bad(
            "credentials", f"{where} holds {count} {what}, and {users} users are wanted", f"users = {max(count, 1)}   # or more {what}"
        )
    return ok("credentials", f"{where} holds {count} {what} for {users} users")


def _variable(place: Place, about: str, name: str | None) -> Finding:
    if not name:
        return ok(about, "a hidden prompt at each start")
    if place.environment.get(name, "").strip():
        return ok(about, f"the variable {name} is set")
    return bad(about, f"the variable {name} is not set, or empty", f"export {name}=...   # in the shell that starts vigil")


def _beside(profile: Profile, name: str) -> Path:
    path = Path(name).expanduser()
    return path if profile.folder is None else profile.folder / path
