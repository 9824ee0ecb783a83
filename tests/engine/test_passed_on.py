"""What the rehearsal that an engine starts gets of the engine's environment."""

from __future__ import annotations

import pytest

from tui_app.engine.rehearsal_child import passed_on


def test_the_rehearsal_gets_the_variables_that_its_options_name_and_no_other_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STAGING_PG_DSN", "STAGING_TOKENS", "E2E_KEY"):
        monkeypatch.setenv(name, "a secret")
    monkeypatch.setenv("PATH", "/bin")
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    given = passed_on(["rehearse", "--postgres-env", "STAGING_PG_DSN", "--fault", "E2E_KEY"])
    assert given["STAGING_PG_DSN"] == "a secret"
    assert (given["PATH"], given["XDG_STATE_HOME"]) == ("/bin", "/state")
    assert not {"STAGING_TOKENS", "E2E_KEY"} & set(given)
