"""What health endpoints say: each lie fails, a tier of which nothing is known is no pass, and builds that differ in form are no lie."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.stepped import Reply, judge

UP = {"status": "healthy", "connected": True}
DOWN = {"status": "failed", "connected": False}
CHECKS = {"postgresql": UP, "redis": UP, "clickhouse": UP}
READY = {"status": "ready", "core_db": "connected", "redis_db": "skipped_optional", "clickhouse_db": "skipped_optional"}


def agrees(**told: Reply) -> tuple[str, str]:
    """health-agrees over a healthy backend in which some endpoints answer otherwise."""
    replies: dict[str, Reply] = {
        "alive": ("/health", 200, {"status": "healthy"}),
        "ready": ("/health/ready", 200, READY),
        "tiers": ("/api/health", 200, {"status": "healthy", "checks": CHECKS}),
        "socket": ("/ws/health", 404, {"detail": "Not Found"}),
        **told,
    }
    steps = [
        ("health", {"service": "backend", "path": path, "must": path != "/ws/health"}, [(path, status, body)])
        for path, status, body in replies.values()
    ]
    said = judge("health-agrees", *steps)
    return said.word, said.reason


def test_endpoints_that_agree_pass_although_one_is_not_there_and_one_skips_tiers() -> None:
    assert agrees()[0] == "PASS"


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"socket": ("/ws/health", 200, {"status": "unhealthy", "error": "no module"})}, "answers 200 and says status 'unhealthy'"),
        ({"ready": ("/health/ready", 200, {**READY, "clickhouse_db": "connected"}),
          "tiers": ("/api/health", 200, {"status": "degraded", "checks": {**CHECKS, "clickhouse": DOWN}})}, "contradict each other on"),
        ({"tiers": ("/api/health", 503, {"status": "unhealthy", "checks": {**CHECKS, "postgresql": DOWN}})}, "contradict"),
        ({"tiers": ("/api/health", 200, {"status": "healthy", "checks": {**CHECKS, "redis": DOWN}})}, "its own body says that redis"),
        ({"ready": ("/health/ready", 503, {"status": "not_ready"})}, "/health says 200 while /health/ready tells of a dependency"),
        ({"alive": ("/health", 200, {"status": "healthy", "environment": "production"}),
          "ready": ("/health/ready", 200, {**READY, "environment": "staging"})}, "different names"),
    ],
)  # fmt: skip
def test_each_contradiction_fails(told: dict[str, Reply], why: str) -> None:
    word, reason = agrees(**told)
    assert word == "FAIL"
    assert why in reason


def test_a_status_in_the_body_that_differs_is_told_and_fails_nothing() -> None:
    said = judge(
        "health-agrees", ("health", {"service": "backend", "path": "/health", "must": True}, [("/health", 401, {"status_code": 403})])
    )
    assert [finding.severity for finding in said.findings if "body says" in finding.text] == ["minor"]


def tiers(checks: dict[str, Any]) -> tuple[str, str]:
    bodies = [("/api/health/database?force=true", 200, {"status": "healthy", "checks": checks})]
    said = judge("health-tiers", ("tiers", {"path": bodies[0][0]}, bodies))
    return said.word, said.reason


def test_a_build_without_one_of_the_endpoints_is_judged_by_the_others() -> None:
    whole = ("tiers", {"path": "/api/health"}, [("/api/health", 200, {"status": "healthy", "checks": CHECKS})])
    absent = ("tiers", {"path": "/api/health/database"}, [("/api/health/database", 404, {"detail": "Not Found"})])
    assert judge("health-tiers", whole, absent).word == "PASS"
    assert judge("health-tiers", absent).word == "INCONCLUSIVE"


@pytest.mark.parametrize("status", ["skipped_optional", "not_configured"])
def test_a_tier_that_was_never_probed_is_no_pass(status: str) -> None:
    assert tiers(CHECKS)[0] == "PASS"
    word, reason = tiers({**CHECKS, "redis": {"status": status, "connected": False}})
    assert word == "INCONCLUSIVE"
    assert "redis" in reason


def test_a_tier_that_is_not_configured_is_not_counted_as_persisting() -> None:
    thread = ("postgresql", {"marker": "VM-x"}, [("/api/threads/t", 200, {"title": "tier VM-x"})])
    session = ("redis", {}, [("/api/threads", 200, []), ("/api/threads", 401, {})])

    def persists(entry: dict[str, Any] | None) -> str:
        checks = {"clickhouse": entry} if entry else {}
        probe = ("clickhouse", {}, [("/api/health/database", 404, {}), ("/api/health", 200, {"checks": checks})])
        return judge("tiers-persist", thread, session, probe).word

    assert persists(UP) == "PASS"
    assert persists({"status": "not_configured", "connected": False}) == "INCONCLUSIVE"
    assert persists(None) == "INCONCLUSIVE"
    assert persists(DOWN) == "FAIL"


def test_readiness_is_the_whole_answer_in_time() -> None:
    asked = {"service": "backend", "within": 2.0}
    good = ("/health/ready", 200, READY)
    assert judge("readiness", ("ready", asked, [good])).word == "PASS"
    late = judge("readiness", ("ready", asked, [("/health/ready", 0, None)]), error="timeout: no whole answer within 2 s")
    assert (late.word, "within 2 s" in late.reason) == ("FAIL", True)
    refused = {"websocket_ready": False, "details": {"failed_services": ["agent_supervisor"]}}
    failed = judge("readiness", ("ready", asked, [("/health/ready", 200, {**READY, "websocket_readiness": refused})]))
    assert (failed.word, "agent_supervisor" in failed.reason) == ("FAIL", True)
    assert judge("readiness", ("ready", asked, [])).word == "INCONCLUSIVE"
