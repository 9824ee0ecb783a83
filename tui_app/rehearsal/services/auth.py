"""The auth service: accounts, sign-in, rotation of refresh tokens, revocation, and verification (wire contract 3.1-3.3).

A registration, login or refresh may carry `"lifetime_s": N`: an access token that lives for N seconds, where N is shorter than the
default. Only the rehearsal knows this field. A client that cannot sign tokens gets a truly expired one that way.
"""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from datetime import UTC, date, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tui_app import __version__
from tui_app.rehearsal import passwords
from tui_app.rehearsal.platform import ENVIRONMENT, Platform
from tui_app.rehearsal.services.e2e import EndToEnd
from tui_app.rehearsal.services.oauth import PROVIDERS, OtherWays
from tui_app.rehearsal.stores.tier import TierDown
from tui_app.rehearsal.stores.usage_data import usage_of
from tui_app.rehearsal.tokens import REFRESH_S, Claims, TokenRefused
from tui_app.rehearsal.web import Endpoint, Refused, application, bearer, caller, json_body

EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
FAILURES_PER_MINUTE = 20
ACCOUNTS = uuid.UUID("6f2b7f1e-0c7d-5c59-9d0a-0b1f3f1c2a77")


class Auth:
    """Handlers of the auth service."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        # Compared with when there is no such account, so that an unknown address takes as long as a wrong password.
        self._nobody = passwords.hashed(uuid.uuid4().hex)

    def app(self) -> Starlette:
        """The service."""
        account = {"email": "string", "password": "string", "name": "string", "lifetime_s": "integer"}
        token = {"token": "string"}
        return application(
            "auth-service",
            [
                Endpoint("GET", "/", self.root, "What this is"),
                Endpoint("GET", "/health", self.health, "Liveness"),
                Endpoint("GET", "/health/ready", self.ready, "Readiness, with a probe of the stores that sign-in needs"),
                Endpoint("GET", "/auth/config", self.config, "How one signs in here"),
                Endpoint("POST", "/auth/register", self.register, "Make an account", body=account),
                Endpoint("GET", "/auth/login", OtherWays(self).start, "Start a sign-in over another provider", query=("provider",)),
                Endpoint("POST", "/auth/create-token", OtherWays(self).create_token, "A token for a service that has signed in"),
                Endpoint("POST", "/auth/login", self.login, "Sign in", body=account),
                Endpoint("POST", "/auth/e2e/test-auth", EndToEnd(self).sign_in, "Sign in an end-to-end test", body={"email": "string"}),
                Endpoint("POST", "/auth/refresh", self.refresh, "Exchange a refresh token", body={"refresh_token": "string"}),
                Endpoint("POST", "/auth/logout", self.logout, "Revoke the session"),
                Endpoint("GET", "/auth/verify", self.verify, "Is the bearer token valid"),
                Endpoint("POST", "/auth/verify", self.verify, "Is this token valid", body=token),
                Endpoint("POST", "/auth/validate", self.verify, "Is this token valid", body=token),
                Endpoint("GET", "/auth/me", self.me, "The caller's account", signed_in=True),
            ],
            faults=self.platform.faults,
        )

    async def root(self, _: Request) -> Response:
        """Name and version."""
        return JSONResponse({"service": "auth-service", "version": __version__, "environment": ENVIRONMENT})

    async def health(self, _: Request) -> Response:
        """Liveness: touches no store."""
        return JSONResponse(
            {
                "status": "healthy",
                "service": "auth-service",
                "version": __version__,
                "timestamp": datetime.now(UTC).isoformat(),
                "uptime_seconds": time.monotonic() - self.platform.started,
                "environment": ENVIRONMENT,
            }
        )

    async def ready(self, _: Request) -> Response:
        """Ready when accounts and sessions can be read and written."""
        probes = await self.platform.probes(False)
        needed = [probes["postgresql"], probes["redis"]]
        ok = all(probe.ok for probe in needed)
        body = {
            "status": "ready" if ok else "not_ready",
            "service": "auth-service",
            "environment": ENVIRONMENT,
            "database_status": "connected" if needed[0].ok else "failed",
            "session_status": "connected" if needed[1].ok else "failed",
        }
        return JSONResponse(body, 200 if ok else 503)

    async def config(self, _: Request) -> Response:
        """Sign-in modes and lifetimes."""
        return JSONResponse(
            {
                "environment": ENVIRONMENT,
                "modes": ["password", "e2e"] if self.platform.options.e2e_key_env else ["password"],
                "oauth_configured": True,
                "oauth_providers": sorted(PROVIDERS),
                "access_token_seconds": self.platform.tokens.access_s,
                "refresh_token_seconds": REFRESH_S,
                "algorithms": ["HS256"],
            }
        )

    async def register(self, request: Request) -> Response:
        """A new account with its usage data; 409 if the email is taken."""
        body = await json_body(request, ("email", "password"))
        email = body["email"].strip().lower()
        if not EMAIL.fullmatch(email):
            raise Refused(422, "email is not an address")
        if not 8 <= len(body["password"]) <= 256:
            raise Refused(422, "password must have 8 to 256 characters")
        name = body["name"].strip()[:100] if isinstance(body.get("name"), str) else ""
        lifetime = self.lifetime(body)
        digest = await asyncio.get_running_loop().run_in_executor(self.platform.hashing, passwords.hashed, body["password"])
        seed = self.platform.options.seed
        # The identity follows from seed and address, so that a rehearsal can be repeated with the same data for the same people.
        user_id = str(uuid.uuid5(ACCOUNTS, f"{seed}:{email}"))
        if not await self.platform.relational.add_user(user_id, email, name, digest, usage_of(seed, user_id, date.today())):
            raise Refused(409, "User already exists")
        self.platform.log.note("registered", user_id=user_id)
        return await self.issue({"id": user_id, "email": email, "name": name}, lifetime)

    async def login(self, request: Request) -> Response:
        """Sign in with a password; 401 for a wrong one, 429 after many wrong ones in a minute."""
        body = await json_body(request, ("email", "password"))
        email = body["email"].strip().lower()
        lifetime = self.lifetime(body)
        key = f"login:{email}"
        if await self.platform.cache.hits(key) >= FAILURES_PER_MINUTE:
            raise Refused(429, "Too many failed sign-ins", headers={"Retry-After": "60"})
        user = await self.platform.relational.user_by("email", email)
        stored = user["password"] if user else self._nobody
        good = await asyncio.get_running_loop().run_in_executor(self.platform.hashing, passwords.matches, body["password"], stored)
        if user is None or not good:
            await self.platform.cache.hit(key)
            raise Refused(401, "Invalid credentials")
        return await self.issue(user, lifetime)

    async def refresh(self, request: Request) -> Response:
        """A new pair for a refresh token that was not used before; 422 without one, 401 for any other token."""
        body = await json_body(request)
        token = next((body[key] for key in ("refresh_token", "refreshToken", "token") if isinstance(body.get(key), str)), "")
        if not token:
            raise Refused(422, "Field required: refresh_token")
        lifetime = self.lifetime(body)
        try:
            claims = await self.platform.tokens.verify(token, "refresh")
        except TokenRefused as error:
            raise Refused(401, "Invalid refresh token") from error
        used = not await self.platform.cache.consume(claims.jti, claims.exp)
        if self.platform.faults.apply("refresh.used", used, claims=claims):
            raise Refused(401, "Invalid refresh token")
        user = await self.platform.relational.user_by("id", claims.sub)
        if user is None:
            raise Refused(401, "Invalid refresh token")
        for socket in self.platform.sockets.of_session(claims.sid):
            socket.lasts_until(int(time.time()) + lifetime)
            self.platform.sockets.spawn(socket.end("refresh", "Session renewed"))
        return await self.issue(user, lifetime, claims.sid)

    async def logout(self, request: Request) -> Response:
        """Revoke the token and the one issued with it. Always 200: signing out twice is no error."""
        try:
            claims = await self.platform.tokens.verify(bearer(request))
        except TokenRefused:
            return JSONResponse({"message": "Nothing to sign out of", "status": "success"})
        await self.platform.cache.revoke(claims.jti, claims.iat + REFRESH_S)
        self.platform.log.note("logout", user_id=claims.sub, jti=claims.jti)
        sockets = self.platform.sockets
        closing = self.platform.faults.apply("logout.closes", sockets.of_session(claims.sid), user_id=claims.sub, everybody=list(sockets))
        for socket in closing:
            sockets.spawn(socket.end("logout", "Signed out"))
        return JSONResponse({"message": "Signed out", "status": "success"})

    async def verify(self, request: Request) -> Response:
        """200 in both cases; `valid` tells."""
        body = await json_body(request) if request.method == "POST" else {}
        token = body["token"] if isinstance(body.get("token"), str) else bearer(request)
        try:
            claims = await self.platform.tokens.verify(token)
        except TokenRefused as error:
            return JSONResponse({"valid": False, "error": "invalid_token", "error_code": error.code, "message": error.message})
        return JSONResponse(
            {
                "valid": True,
                "user_id": claims.sub,
                "email": claims.email,
                "permissions": list(claims.permissions),
                "exp": claims.exp,
                "expires_at": datetime.fromtimestamp(claims.exp, UTC).isoformat(),
            }
        )

    async def me(self, request: Request) -> Response:
        """The account behind the token."""
        claims = await caller(self.platform, request, "auth")
        user = await self.platform.relational.user_by("id", await self._owner(claims))
        if user is None:
            raise Refused(401, "Unknown user")
        return JSONResponse({**_public(user), "user_id": user["id"], "permissions": list(claims.permissions), "environment": ENVIRONMENT})

    async def _owner(self, claims: Claims) -> str:
        """Whose account a token shows: whose session the cache says it is; its subject's, where the cache does not know or serve."""
        try:
            session = await self.platform.cache.session(claims.jti)
        except TierDown:
            session = None
        return str(session["user_id"]) if session else claims.sub

    def lifetime(self, body: dict[str, Any]) -> int:
        """How long an access token lives that is asked for so, in seconds."""
        asked = body.get("lifetime_s")
        default = self.platform.tokens.access_s
        if isinstance(asked, int) and not isinstance(asked, bool) and 1 <= asked < default:
            return asked
        return default

    async def issue(self, user: dict[str, Any], lifetime: int, sid: str = "") -> Response:
        """The answer to a sign-in or refresh: a new pair of tokens. `sid`: the session that goes on, a new one where it is empty."""
        sid = sid or str(uuid.uuid4())
        access, claims = self.platform.tokens.issue(user, "access", lifetime, sid)
        refresh, other = self.platform.tokens.issue(user, "refresh", REFRESH_S, sid)
        await self._remember(claims, other)
        return JSONResponse(
            {
                "access_token": access,
                "refresh_token": refresh,
                "token_type": "Bearer",
                "expires_in": claims.exp - claims.iat,
                "user": _public(user),
            }
        )

    async def _remember(self, access: Claims, refresh: Claims) -> None:
        await self.platform.cache.add_session(access.jti, refresh.jti, access.sub, refresh.exp)


def _public(user: dict[str, Any]) -> dict[str, Any]:
    return {"id": user["id"], "email": user["email"], "name": user["name"]}
