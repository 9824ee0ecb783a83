"""Whether ready-made tokens last as long as the plan: said before anything is sent. Nobody but who made them can renew them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tui_app.target.credentials import CredentialsError, Token, ready_tokens
from tui_app.target.profile import Profile
from tui_app.wire.tokens import expires_in


def warnings(profile: Profile, environment: Mapping[str, str], users: int, minutes: float) -> list[str]:
    """As `short_lived`, for a target whose tokens can be looked at before a session; nothing is asked and nothing is run."""
    if profile.credentials.mode == "command":
        return [f"tokens come from {profile.credentials.command[0]}, which is run again when they end; how long they last shows then"]
    if profile.credentials.mode != "tokens":
        return []
    try:
        return short_lived(ready_tokens(profile, environment)[:users], minutes)
    except CredentialsError as error:
        return [str(error)]


def short_lived(tokens: Sequence[Token], minutes: float, now: float | None = None, *, again: bool = False) -> list[str]:
    """A sentence for each token that has ended or will not last as long as the plan, u1 first.

    minutes -- how long the plan takes, at the estimate;  now -- epoch seconds
    again -- what gave the tokens can give newer ones: a command
    """
    said: list[str] = []
    for number, token in enumerate(tokens, 1):
        left = expires_in(token.access, now)
        if again and (left is None or left > 0):
            continue
        if left is None:
            said.append(
                f"the token of u{number} does not say when it ends: if it ends before the session, the session pauses for a new one"
            )
        elif left <= 0:
            said.append(f"the token of u{number} ended {spell(-left)} ago: what needs u{number} is BLOCKED. Get a new one")
        elif left < minutes * 60:
            how = "it is renewed on the way" if token.refresh else "it cannot be renewed, and the session pauses there for a new one"
            said.append(f"the token of u{number} ends in {spell(left)} and the plan takes about {spell(minutes * 60)}: {how}")
    return said


def spell(seconds: float) -> str:
    """A span for a person: 45 s, 3 min 20 s, 2 h 5 min."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    return f"{whole // 3600} h" + (f" {whole % 3600 // 60} min" if whole % 3600 // 60 else "")
