"""What may be done to a target follows from the evidence, and production is never written to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.target.guard import judge
from tui_app.target.profile import Profile

WORDS = [None, "", "production", "PROD", "staging", "development", "rehearsal", "test", "something-else"]


def target(environment: str, host: str = "backend.vigil.example", scheme: str = "https") -> Profile:
    table = {"name": "t", "environment": environment, "backend": f"{scheme}://{host}", "auth": f"{scheme}://{host}"}
    return Profile.model_validate({"target": table})


@pytest.mark.parametrize(
    ("claim", "host", "marker", "token", "extent"),
    [
        ("staging", "backend.vigil.example", "staging", None, "all"),
        ("staging", "backend.vigil.example", "Staging ", "stg", "all"),
        ("staging", "api.staging.vigil.example", "staging", "staging", "all"),
        ("docker", "127.0.0.1", "development", "development", "all"),
        ("docker", "127.0.0.1", None, None, "all"),
        ("rehearsal", "localhost", "", None, "all"),
        ("rehearsal", "localhost", "rehearsal", "rehearsal", "all"),
        # unknown
        ("staging", "backend.vigil.example", None, None, "reads"),
        ("staging", "api.staging.vigil.example", None, "staging", "reads"),
        ("staging", "127.0.0.1", None, None, "reads"),
        ("docker", "10.0.0.5", None, None, "reads"),
        ("staging", "backend.vigil.example", "blue", None, "reads"),
        ("docker", "127.0.0.1", "blue", None, "reads"),
        # mismatch
        ("docker", "127.0.0.1", "staging", None, "reads"),
        ("staging", "backend.vigil.example", "staging", "development", "reads"),
        ("staging", "backend.dev.vigil.example", "staging", None, "reads"),
        # production, by any evidence
        ("staging", "backend.vigil.example", "production", None, "reads"),
        ("docker", "127.0.0.1", "prod", None, "reads"),
        ("staging", "backend.vigil.example", "staging", "production", "reads"),
        ("staging", "api.prod.vigil.example", "staging", "staging", "reads"),
        ("production", "backend.vigil.example", "staging", "staging", "nothing"),
        ("production", "backend.vigil.example", None, None, "nothing"),
    ],
)
def test_the_evidence_decides(claim: str, host: str, marker: str | None, token: str | None, extent: str) -> None:
    allowed = judge(target(claim, host), marker, token)
    assert allowed.extent == extent, allowed.reason
    assert allowed.reads_only == (extent != "all")
    assert len(allowed.reason) > 20
    permitted = judge(target(claim, host), marker, token, allow_production=True)
    assert permitted.extent == ("reads" if extent == "nothing" else extent)


def test_a_host_met_on_the_way_counts() -> None:
    assert judge(target("staging"), "staging", None, ["login.live.vigil.example"]).extent == "reads"
    assert judge(target("docker", "127.0.0.1", "http"), None, None, ["backend.vigil.example"]).extent == "reads"


def test_every_word_counts_where_there_are_several() -> None:
    assert judge(target("staging"), ["staging", "stg"], ["staging", "staging"]).extent == "all"
    assert judge(target("staging"), ["staging", "production"]).extent == "reads"
    assert judge(target("staging"), ["staging"], ["staging", "production"]).extent == "reads"
    assert judge(target("staging"), ["staging", "development"]).extent == "reads"
    assert judge(target("staging"), [], ["staging"]).extent == judge(target("staging"), ["", " "]).extent == "reads"


def test_only_reads_means_only_reads() -> None:
    reads = judge(target("staging"), None)
    assert reads.permits({"read"}) and reads.permits(set())
    assert not any(reads.permits({"read", effect}) for effect in ("write", "negative", "fault", "load"))
    nothing = judge(target("production"), None)
    assert not nothing.permits({"read"})


def test_remote_text_in_a_reason_is_made_harmless() -> None:
    reason = judge(target("staging"), "\x1b[2Jstag\ning" + "x" * 500).reason
    assert "\x1b" not in reason and "\n" not in reason and len(reason) < 250


@given(
    claim=st.sampled_from(["rehearsal", "docker", "staging", "production"]),
    host=st.sampled_from(["127.0.0.1", "backend.vigil.example", "api.prod.vigil.example", "api.staging.vigil.example"]),
    marker=st.sampled_from(WORDS),
    token=st.sampled_from(WORDS),
    typed=st.booleans(),
)
def test_production_is_never_written_to(claim: str, host: str, marker: str | None, token: str | None, typed: bool) -> None:
    allowed = judge(target(claim, host), marker, token, allow_production=typed)
    says_production = claim == "production" or "prod" in host or any((word or "").lower().startswith("prod") for word in (marker, token))
    if says_production:
        assert allowed.extent == ("reads" if typed or claim != "production" else "nothing")
    if allowed.extent == "all":
        assert marker or host == "127.0.0.1"
