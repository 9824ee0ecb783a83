"""Health, self-description, threads and messages over REST."""

from __future__ import annotations

import pytest


async def test_health_of_every_service(staging) -> None:
    alive = {"auth": ["/health"], "backend": ["/health", "/health/live"], "frontend": ["/health", "/api/health"]}
    for service, path in [(name, one) for name, paths in alive.items() for one in paths]:
        answer = await staging.http(service, "GET", path)
        assert (answer.status_code, answer.json()["status"]) == (200, "healthy"), path
    for service in ("auth", "backend"):
        assert (await staging.http(service, "GET", "/health/ready")).json()["status"] == "ready"
    body = (await staging.http("backend", "GET", "/api/health/database?force=true")).json()
    assert body["status"] == "healthy"
    assert list(body["checks"]) == ["postgresql", "redis", "clickhouse"]
    for check in body["checks"].values():
        assert (check["status"], check["connected"], check["error"], check["engine"]) == ("healthy", True, None, "sqlite (stand-in)")
    config = (await staging.http("backend", "GET", "/api/config/public")).json()
    assert config["environment"] == "rehearsal" and config["build"] and config["app_name"]
    assert "<html" in (await staging.http("frontend", "GET", "/")).text


async def test_the_description_lists_exactly_what_is_served(staging) -> None:
    user = await staging.user()
    thread = await staging.thread(user)
    paths = (await staging.http("backend", "GET", "/openapi.json")).json()["paths"]
    assert {"/api/threads", "/api/threads/{thread_id}/messages", "/api/health", "/openapi.json"} <= set(paths)
    for path, operations in paths.items():
        for method in ("get", "post", "put", "delete", "patch"):
            url = path.replace("{thread_id}", thread)
            answer = await staging.http("backend", method.upper(), url, headers=user.headers)
            assert (answer.status_code == 405) == (method not in operations), (method, path)
            if method in operations and operations[method].get("security"):
                assert (await staging.http("backend", method.upper(), url)).status_code == 403
    missing = await staging.http("backend", "GET", "/api/nothing")
    assert (missing.status_code, missing.json()["error"], missing.json()["error_code"]) == (404, True, "NOT_FOUND")


async def test_an_owner_keeps_threads_and_messages(staging) -> None:
    user = await staging.user()
    thread = await staging.thread(user, "first title")
    path = f"/api/threads/{thread}"
    sent = await staging.http("backend", "POST", f"{path}/messages", json={"message": "hällo", "metadata": {"k": 1}}, headers=user.headers)
    assert (sent.status_code, sent.json()["role"], sent.json()["content"]) == (200, "user", "hällo")
    listed = (await staging.http("backend", "GET", f"{path}/messages", headers=user.headers)).json()
    assert (listed["total"], [one["content"] for one in listed["messages"]], listed["thread_id"]) == (1, ["hällo"], thread)
    changed = await staging.http("backend", "PUT", path, json={"title": "second", "metadata": {"a": 2}}, headers=user.headers)
    assert (changed.json()["title"], changed.json()["metadata"]["a"], changed.json()["message_count"]) == ("second", 2, 1)
    assert [one["id"] for one in (await staging.http("backend", "GET", "/api/threads", headers=user.headers)).json()] == [thread]
    archived = await staging.http("backend", "DELETE", path, headers=user.headers)
    assert archived.json() == {"message": "Thread archived successfully"}
    assert (await staging.http("backend", "GET", path, headers=user.headers)).json()["metadata"]["status"] == "archived"
    assert (await staging.http("backend", "GET", "/api/threads", headers=user.headers)).json() == []


@pytest.mark.parametrize(
    ("method", "suffix", "body"),
    [
        ("GET", "", None),
        ("PUT", "", {"title": "taken over"}),
        ("DELETE", "", None),
        ("GET", "/messages", None),
        ("POST", "/messages", {"message": "hello"}),
    ],
)
async def test_others_are_kept_out(staging, method: str, suffix: str, body: dict[str, str] | None) -> None:
    owner, stranger = await staging.user(), await staging.user()
    thread = await staging.thread(owner, "mine")
    denied = await staging.http("backend", method, f"/api/threads/{thread}{suffix}", json=body, headers=stranger.headers)
    assert (denied.status_code, denied.json()["details"]["status_code"]) == (403, 403)
    assert "mine" not in denied.text
    unknown = await staging.http("backend", method, f"/api/threads/thread_9_00000000{suffix}", json=body, headers=stranger.headers)
    assert unknown.status_code == 404
    mine = (await staging.http("backend", "GET", f"/api/threads/{thread}", headers=owner.headers)).json()
    assert (mine["title"], mine["message_count"], mine["metadata"]["status"]) == ("mine", 0, "active")
    assert (await staging.http("backend", "GET", "/api/threads", headers=stranger.headers)).json() == []


async def test_bad_input_is_named(staging) -> None:
    user = await staging.user()
    thread = await staging.thread(user)
    for method, path, options in (
        ("POST", "/api/threads", {"content": b"[1]"}),
        ("POST", "/api/threads", {"json": {"title": 5}}),
        ("POST", "/api/threads", {"content": b'{"title": "\\ud800"}'}),
        ("POST", f"/api/threads/{thread}/messages", {"json": {"message": "  "}}),
        ("GET", "/api/threads?limit=1000", {}),
    ):
        answer = await staging.http("backend", method, path, headers=user.headers, **options)
        assert (answer.status_code, answer.json()["error_code"]) == (422, "VALIDATION_ERROR"), path
