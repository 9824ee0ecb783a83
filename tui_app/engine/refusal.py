"""Whether a check may run here: production by evidence, consent by effect. Asked before every check, answered in words."""

from __future__ import annotations

from urllib.parse import urlsplit

from tui_app.checks.api import Check
from tui_app.engine.plan import Plan
from tui_app.engine.world import World
from tui_app.target.consent import Consent
from tui_app.target.guard import Allowed, judge
from tui_app.target.profile import Profile


class Refusal:
    """Looks at what the target says of itself, and decides by that."""

    def __init__(self, plan: Plan, profile: Profile, world: World) -> None:
        self.plan = plan
        self.profile = profile
        self.world = world
        self.marker: str | None = None
        self.build = ""

    async def look(self, session: str, *, last: bool = False) -> None:
        """Ask the backend who it is: at the session's start (before anything else is sent) and at its end."""
        answer = await self.world.request("backend", "GET", "/api/config/public", token=None, json=None, fresh=False, within=10.0, check="", user="")
        body = answer.json if isinstance(answer.json, dict) else {}
        marker = body.get("environment")
        build = str(body.get("build") or body.get("version") or "")
        if not last:
            self.marker = str(marker) if isinstance(marker, str) else None
            self.build = build
        self.world.log.add(
            "target",
            {"service": "backend", "environment": marker, "build": build, "status": answer.status, "when": "end" if last else "start"},
            type="seen",
        )

    def allowed(self) -> Allowed:
        """What the evidence so far permits."""
        environments = {row for row in (user_environment(user.access) for user in self.world.users) if row}
        return judge(
            self.profile,
            marker_environment=self.marker,
            token_env=next(iter(sorted(environments)), None),
            hosts=[urlsplit(url).hostname or "" for url in self.world.urls.values() if url],
            allow_production=self.plan.allow_production,
        )

    def __call__(self, check: Check) -> tuple[str, str, str]:
        """('', '', '') where the check may run, else (blocked|skipped, reason, what would decide it)."""
        allowed = self.allowed()
        if allowed.reads_only and check.effects - {"read"}:
            return "blocked", f"refused: {allowed.reason}", "point Vigil at a target that proves to be what its file says"
        consent = Consent.model_validate(self.plan.consent) if self.plan.consent else Consent()
        return consent.for_effects(self.profile, check.effects)


def user_environment(token: str) -> str:
    """The token's own word on its environment ('' where it has none)."""
    from tui_app.wire.tokens import claims

    return str(claims(token).get("env", ""))
