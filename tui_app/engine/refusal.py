"""Whether a check may run here: production by evidence, consent by effect. Asked before every check, answered in words."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from tui_app.checks.api import Check
from tui_app.engine.plan import Plan
from tui_app.engine.world import World
from tui_app.target import consent
from tui_app.target.guard import Allowed, judge
from tui_app.target.profile import Profile
from tui_app.wire.tokens import claims


class Refusal:
    """Looks at what the target says of itself, and decides by that."""

    def __init__(self, plan: Plan, profile: Profile, world: World) -> None:
        self.plan = plan
        self.profile = profile
        self.world = world
        self.marker: str | None = None
        self.silent = ""
        self.given = msgspec.convert(plan.consent, consent.Given) if plan.consent else None

    async def look(self, *, when: str = "start") -> None:
        """Ask the backend who it is: before anything else is sent, `between` the times of repeated checks, and at the session's end."""
        answer = await self.world.request(
            "backend", "GET", "/api/config/public", token=None, json=None, fresh=False, within=10.0, check="", user=""
        )  # fmt: skip
        body = answer.json if isinstance(answer.json, dict) else {}
        marker = body.get("environment")
        build = str(body.get("build") or body.get("version") or "")
        if when == "start":
            self.marker = marker if isinstance(marker, str) else None
            self.silent = "" if answer.status else f"the backend at {self.profile.backend} does not answer ({answer.error})"
        facts = {"service": "backend", "environment": marker, "build": build, "status": answer.status, "when": when}
        self.world.log.add("target", facts, type="seen")

    def allowed(self) -> Allowed:
        """What the evidence so far permits."""
        environments = sorted({str(claims(user.access).get("env", "")) for user in self.world.users} - {""})
        token_env = environments[0] if environments else None
        return judge(self.profile, self.marker, token_env, allow_production=self.plan.allow_production)

    def __call__(self, check: Check) -> tuple[str, str, str]:
        """('', '', '') where the check may run, else (refused|blocked|skipped, reason, what would decide it)."""
        allowed = self.allowed()
        if not allowed.permits(check.effects):
            if self.silent:
                return "refused", f"{self.silent}, so what it is cannot be told: only reads", "a backend that answers"
            return "refused", allowed.reason, "point Vigil at a target that proves to be what its file says"
        stands = consent.standing(check.effects, self.profile, datetime.now(UTC), self.given, users=self.plan.users)
        if stands.word == "missing":
            return "blocked", stands.text, stands.text
        if stands.word == "declined":
            return "skipped", stands.text, ""
        return "", "", ""
