"""Ways to a token beside a password: the start of a sign-in with Google, and tokens for services (wire contract 3.1).

A rehearsal has no account with Google: the client id is a placeholder, and what follows the redirect is Google's and a person's.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from tui_app.rehearsal.web import Refused, json_body

if TYPE_CHECKING:
    from tui_app.rehearsal.services.auth import Auth

PROVIDERS: Final = {"google": "https://accounts.google.com/o/oauth2/v2/auth"}
CLIENT: Final = "rehearsal-placeholder.apps.googleusercontent.com"


class OtherWays:
    """Handlers of an auth service."""

    def __init__(self, auth: Auth) -> None:
        self._auth = auth

    async def start(self, request: Request) -> Response:
        """302 to the provider, which is to send the user back here; 400 for one that is not known."""
        platform = self._auth.platform
        provider = PROVIDERS.get(request.query_params.get("provider", "google"))
        if provider is None:
            raise Refused(400, "Unknown provider")
        query = {
            "client_id": CLIENT,
            "redirect_uri": f"{platform.urls['auth']}/auth/callback",
            "response_type": "code",
            "scope": "openid email profile",
            "state": secrets.token_urlsafe(24),
        }
        status, location = platform.faults.apply("oauth.start", (302, f"{provider}?{urlencode(query)}"))
        if status != 302:
            raise Refused(status, "OAuth is not configured")
        return RedirectResponse(location, 302)

    async def create_token(self, request: Request) -> Response:
        """A user's token for a service that proves itself; a rehearsal knows no such service, so nobody gets one."""
        body = await json_body(request)
        if not self._auth.platform.faults.apply("mint.allowed", False):
            raise Refused(401, "Service credentials required")
        user = {"id": str(body.get("user_id", "")), "email": str(body.get("email", ""))}
        token, claims = self._auth.platform.tokens.issue(user, "access", 60)
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": claims.exp - claims.iat})
