"""What all drives of a session share: its log, gate, users, budgets, HTTP clients and the list of what it made."""

from __future__ import annotations

import asyncio
import itertools
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tui_app.checks.api import Answer, User
from tui_app.engine.clock import Gate
from tui_app.engine.learned import learn
from tui_app.engine.lives import Life
from tui_app.engine.log import Log
from tui_app.engine.plan import Plan
from tui_app.engine.tiers import Tiers
from tui_app.recording.secrets import Vault
from tui_app.target.profile import Profile
from tui_app.wire.created import Created
from tui_app.wire.http import HttpClient
from tui_app.wire.instances import hints, traces
from tui_app.wire.pacing import BadTokenCounter, Pacing

_KEPT_HEADERS = (
    "content-type", "date", "server", "retry-after", "x-service-name", "x-service-version", "via", "location",
    "access-control-allow-origin", "access-control-allow-credentials",
)  # fmt: skip


COOKIE_MIN = 16
"""A cookie as long as that may open a session; a shorter one names an instance at most."""


async def alone(check: str, point: int) -> None:
    """There is no other engine to wait for."""


@dataclass(slots=True)
class World:
    """One session's shared state; see the module's line."""

    session: str
    plan: Plan
    limits: Any
    urls: dict[str, str]
    log: Log
    gate: Gate
    vault: Vault
    created: Created
    pacing: Pacing
    client: Callable[[], HttpClient]
    """Makes an HTTP client: one per user, so that no cookie of one is ever sent for another."""
    tls: ssl.SSLContext | None = None
    """What trusts the target's private authority; None for the system's."""
    proxy: str = ""
    """The operator's own proxy for this target; '' for the system's."""
    headers: dict[str, str] = field(default_factory=dict)
    """Sent with every request and upgrade, for a gateway in front of the target; changed in place when one is renewed."""
    profile: Profile | None = None
    """The target, for a command that is run again."""
    e2e_key: str = ""
    blocked: str = ""
    """Why nobody can be signed in, where that was known before the start."""
    bad: BadTokenCounter = field(default_factory=BadTokenCounter)
    accounts: list[dict[str, str]] = field(default_factory=list)
    """Accounts to sign in with: {email, password} each, or {token}; empty entries are registered."""
    users: list[User] = field(default_factory=list)
    keeps_accounts: bool = False
    """Whether registered accounts outlive the session and are reused (anywhere but on the engine's own rehearsal)."""
    stored_by: str = ""
    """The variable of the server on which the engine's own rehearsal stores accounts: there they outlive it."""
    meet: Callable[[str, int], Awaitable[None]] = alone
    """Waits until every engine's drive of a check has come to its point of this number, the first is 1."""
    on_registered: Callable[[str, str], None] = lambda email, password: None
    on_unknown: Callable[[str], None] = lambda email: None
    spares: list[User] = field(default_factory=list)
    """Second sign-ins that checks asked for: signed out at the end like the first ones."""
    answered: set[str] = field(default_factory=set)
    """Services that answered anything at all, even an error."""
    asked: set[str] = field(default_factory=set)
    retired: set[str] = field(default_factory=set)
    """Access tokens that were replaced by newer ones: still Vigil's own."""
    lives: dict[str, Life | None] = field(default_factory=dict)
    """Of each user's access token; None where it does not say when it ends."""
    on_ready: list[Callable[[User], None]] = field(default_factory=list)
    """Told of every user that signs in."""
    on_answer: list[Callable[[str, str, Answer], None]] = field(default_factory=list)
    """Told (label, token, answer) of every answer to a request that showed a token."""
    tiers: Tiers = field(default_factory=Tiers)
    """The stores behind the target, where their DSNs are given."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the last phase is over: what watches the session ends then."""
    command_turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _clients: dict[str, HttpClient] = field(default_factory=dict)
    _steps: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _requests: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def next_step(self) -> int:
        """A number of its own for a step or an action."""
        return next(self._steps)

    def made(self, thing: str, name: str, owner: str, check: str) -> None:
        """Something exists on the target because of us: from now on we may change it, and must tidy it."""
        if self.created.owned(thing, name) is None:
            self.created.add(thing, name, owner)
            self.log.add(
                "created",
                {"thing": thing, "id": name, "owner": owner},
                check=check,
                user=owner,
                type="made",
                thread=name if thing == "thread" else "",
            )

    def finished(self, thing: str, name: str) -> None:
        """Something of ours has ended by itself, as a run does: nothing to tidy."""
        self.created.discard(thing, name)

    async def request(
        self, service: str, method: str, path: str, *, token: str | None, json: Any, fresh: bool, within: float, check: str, user: str,
        ours: tuple[str, str] | None = None, headers: Mapping[str, str] | None = None,
    ) -> Answer:  # fmt: skip
        """One recorded request. The answer's tokens are known to the vault before anything of it is recorded."""
        number = next(self._requests)
        about = {"req": number, "service": service, "path": path}
        # The token stands there by its stand-in: kind and owner, so that a reader sees which one was shown.
        shown = {"token": token} if token else {}
        self.log.add(
            "http",
            {**about, **shown, "body": json} if json is not None else {**about, **shown},
            check=check,
            user=user,
            dir="out",
            type=method,
        )
        self.asked.add(service)
        result = await self.client_of(user).request(
            service, method, path, token=token or None, json=json, fresh=fresh, within=within, ours=ours, headers=headers
        )
        if result.status:
            self.answered.add(service)
        learn(self.vault, result.json, user)
        if "set-cookie" in result.headers:
            for value in self.client_of(user).cookies.values():
                if len(value) >= COOKIE_MIN:
                    self.vault.add("cookie", user or "?", value)
        headers = {key.lower(): value for key, value in result.headers.items()}
        kept = {key: headers[key] for key in _KEPT_HEADERS if key in headers} | traces(headers)
        body = {
            **about,
            "method": method,
            "headers": kept,
            **hints(headers),
            "body": result.json if result.json is not None else result.text,
            "error": result.error,
            **({"phases": result.phases} if result.phases else {}),
        }
        row = self.log.add("http", body, check=check, user=user, dir="in", type=str(result.status), ms=result.ms)
        answer = Answer(result.status, result.json, result.text, result.headers, result.ms, row.seq, result.error)
        if token:
            for told in self.on_answer:
                told(user, token, answer)
        return answer

    def client_of(self, user: str) -> HttpClient:
        """The HTTP client of one user ('' for nobody), with the cookies that were set for that user."""
        if user not in self._clients:
            self._clients[user] = self.client()
        return self._clients[user]

    async def close(self) -> None:
        """Close every HTTP connection."""
        for client in self._clients.values():
            await client.aclose()

    def ready(self, user: User, mode: str, environment: str, check: str) -> None:
        """A user has signed in."""
        self.users.append(user)
        self.log.add(
            "user", {"sub": user.sub, "name": user.email.partition("@")[0], "mode": mode, "environment": environment},
            check=check, user=user.label, type="ready",
        )  # fmt: skip
        for told in self.on_ready:
            told(user)

    def refused(self, label: str, reason: str, decide: str, check: str) -> None:
        """A user cannot sign in for a reason that the operator can mend: what needs this one is BLOCKED by it."""
        self.log.add("user", {"mode": self.plan.mode, "reason": reason, "to_decide": decide}, check=check, user=label, type="refused")

    @property
    def key_env(self) -> str:
        """The variable that holds the key of the e2e sign-in, as the target file names it."""
        return (self.profile.credentials.key_env if self.profile is not None else None) or "that key_env names"


def tokens_of(body: Any) -> tuple[str, str]:
    """Access and refresh token of a sign-in answer ('' where absent)."""
    if not isinstance(body, dict):
        return "", ""
    return str(body.get("access_token") or ""), str(body.get("refresh_token") or "")


def wall() -> str:
    """Now, UTC, RFC 3339, for labels only."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
