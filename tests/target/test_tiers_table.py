"""[tiers] and [tiers.where]: what a target file may say of the stores behind it, and what is refused with which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui_app.target.profile import Profile, ProfileError, load

HEAD = '[target]\nname = "t"\nenvironment = "staging"\nbackend = "https://b.example"\nauth = "https://a.example"\n'


def read(tmp_path: Path, text: str) -> Profile:
    path = tmp_path / "target.toml"
    path.write_text(HEAD + text)
    return load(path)


def test_variables_and_where_things_are(tmp_path: Path) -> None:
    profile = read(
        tmp_path,
        '[tiers]\npostgres = "env:STAGING_PG_DSN"\n[tiers.where]\n'
        'message = "SELECT body AS content FROM message WHERE thread = {thread}"\nsession = "sess:{jti}"\n',
    )
    assert profile.tiers.variables == {"postgres": "STAGING_PG_DSN"}
    assert profile.tiers.where is not None
    assert profile.tiers.where.session == "sess:{jti}"
    again = Profile.model_validate(profile.model_dump(mode="json", by_alias=True, exclude_none=True))
    assert again.tiers == profile.tiers, "the plan of a recording reads back as it was"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('[tiers]\npostgres = "postgresql://u:sesame@h/db"', "password"),
        ('[tiers.where]\nmessage = "DELETE FROM message WHERE thread = {thread}"', "SELECT"),
        ('[tiers.where]\nrun = "SELECT 1; SELECT 2"', "semicolon"),
        ("[tiers.where]\nthread = \"SELECT owner FROM thread WHERE id = '{thread}'\"", "inside quotes"),
        ('[tiers.where]\nthread = "SELECT owner FROM thread WHERE id = {id}"', "{id}"),
        ('[tiers.where]\nsession = "sess:*"', "exact key"),
        ('[tiers.where]\nsession = "sess"', "placeholder"),
        ('[tiers.where]\nsessions = "sess:{jti}"', "sessions"),
    ],
)
def test_what_is_refused_is_said_with_what_to_write_and_never_quoted_with_a_secret(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ProfileError) as raised:
        read(tmp_path, line + "\n")
    assert said in str(raised.value)
    assert "sesame" not in str(raised.value)
