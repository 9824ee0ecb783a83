"""POST /auth/e2e/test-auth: tokens for end-to-end tests against a key that the operator set (wire contract 3.1).

The key comes from an environment variable (`--e2e-key-env NAME`) and stands nowhere else. As on the platform, the identity follows
from the local part of the address alone, so that one local part on two domains is one and the same user.
"""

from __future__ import annotations

import hmac
import os
import secrets
import uuid
from datetime import date
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from tui_app.rehearsal.stores.usage_data import usage_of
from tui_app.rehearsal.web import Refused, json_body

if TYPE_CHECKING:
    from tui_app.rehearsal.services.auth import Auth

KEY_HEADER = "x-e2e-bypass-key"


class EndToEnd:
    """The endpoint of an auth service. Without a key it is there and says that it is not configured."""

    def __init__(self, auth: Auth) -> None:
        self._auth = auth
        name = auth.platform.options.e2e_key_env
        self._key = os.environ.get(name, "").strip() if name else ""

    async def sign_in(self, request: Request) -> Response:
        """Tokens for `{email, name?, permissions?}`; 503 without a configured key, 401 for a missing or wrong one."""
        if not self._key:
            raise Refused(503, "E2E authentication is not configured")
        given = request.headers.get(KEY_HEADER, "")
        if not hmac.compare_digest(given.encode(), self._key.encode()):
            raise Refused(401, "Invalid E2E bypass key" if given else "E2E bypass key required")
        body = await json_body(request, ("email",))
        user = await self._user(body)
        return await self._auth.issue(user, self._auth.lifetime(body))

    async def _user(self, body: dict[str, Any]) -> dict[str, Any]:
        email = body["email"].strip().lower()
        user_id = f"e2e-{email.partition('@')[0]}"
        name = body["name"].strip()[:100] if isinstance(body.get("name"), str) else ""
        platform = self._auth.platform
        known = await platform.relational.user_by("id", user_id)
        if known is None:
            # Nobody knows this password: such an account has no other way in.
            nobody = f"none${uuid.uuid4().hex}${secrets.token_hex(16)}"
            usage = usage_of(platform.options.seed, user_id, date.today())
            if not await platform.relational.add_user(user_id, f"e2e+{email}", name, nobody, usage):
                known = await platform.relational.user_by("id", user_id)
            else:
                platform.log.note("registered", user_id=user_id)
        return {**(known or {"id": user_id, "name": name}), "email": email}
