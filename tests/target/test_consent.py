"""Loopback needs no consent; elsewhere what nobody agreed to is not done, and consent ends."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.target.consent import ConsentError, Given, merged, of_file, parse, standing
from tui_app.target.profile import Profile, load

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EVERYTHING = ("read", "write", "negative", "fault", "load")


def target(host: str = "backend.vigil.example", **consent: Any) -> Profile:
    urls = {"backend": f"https://{host}", "auth": f"https://{host}"}
    return Profile.model_validate({"target": {"name": "t", "environment": "staging", **urls}, "consent": consent})


def test_loopback_needs_none() -> None:
    assert standing(EVERYTHING, target("127.0.0.1"), NOW, users=50).word == "granted"


def test_declining_holds_on_loopback_too() -> None:
    assert standing(["negative"], target("127.0.0.1", negative=False), NOW).word == "declined"


@pytest.mark.parametrize("effect", ["negative", "fault", "load"])
def test_what_nobody_agreed_to_is_missing_and_the_way_to_agree_works(effect: str) -> None:
    where = standing(["read", effect], target(), NOW, users=10)
    assert (where.word, where.effects) == ("missing", (effect,))
    option = "load:10" if effect == "load" else effect
    assert f"--consent {option}" in where.text
    assert standing(["read", effect], target(), NOW, parse(option, at=NOW), users=10).word == "granted"


def test_reads_and_writes_are_agreed_to_by_starting() -> None:
    assert standing(["read", "write"], target(), NOW).word == "granted"
    assert standing(["read", "write"], target(write=False), NOW).word == "declined"


def test_the_file_grants_and_the_session_overrules_it() -> None:
    today = NOW.date()
    profile = target(negative=True, load_users=50, granted=today, by="operator")
    assert standing(["negative"], profile, NOW).word == "granted"
    assert standing(["load"], profile, NOW, users=50).word == "granted"
    assert standing(["fault"], profile, NOW).word == "missing"
    assert standing(["negative"], profile, NOW, parse("no-negative", at=NOW)).word == "declined"
    assert standing(["negative"], profile, NOW, parse("fault", at=NOW)).word == "granted"
    assert standing(["fault", "negative"], profile, NOW, parse("fault", at=NOW)).word == "granted"


def test_load_is_agreed_to_up_to_a_number() -> None:
    where = standing(["load"], target(load_users=10, granted=NOW.date()), NOW, users=50)
    assert where.word == "missing" and "10 users are agreed to, and 50 are needed" in where.text and "load:50" in where.text
    assert standing(["load"], target(load_users=0), NOW, users=1).word == "declined"


@pytest.mark.parametrize(("days", "word"), [(0, "granted"), (29, "granted"), (31, "missing"), (400, "missing"), (-3, "missing")])
def test_consent_ends_after_30_days(days: int, word: str) -> None:
    profile = target(negative=True, granted=(NOW - timedelta(days=days)).date())
    where = standing(["negative"], profile, NOW)
    assert where.word == word
    if word == "missing":
        assert "30 days" in where.text or "yet to come" in where.text


@pytest.mark.parametrize(("days", "word"), [(40, "missing"), (2, "granted")])
def test_undated_consent_counts_from_the_files_last_change(tmp_path: Path, days: int, word: str) -> None:
    path = tmp_path / "target.toml"
    urls = 'backend = "https://b.vigil.example"\nauth = "https://a.vigil.example"\n'
    path.write_text(f'[target]\nname = "t"\nenvironment = "staging"\n{urls}[consent]\nfault = true\n')
    at = (NOW - timedelta(days=days)).timestamp()
    os.utime(path, (at, at))
    profile = load(path)
    assert of_file(profile).at is not None
    assert standing(["fault"], profile, NOW).word == word
    recorded = Profile.model_validate(profile.model_dump(mode="json", by_alias=True, exclude_none=True))
    assert standing(["fault"], recorded, NOW).word == word


def test_declined_wins_over_missing() -> None:
    assert standing(["negative", "fault"], target(), NOW, parse("no-fault", at=NOW)).word == "declined"


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("negative,fault,load:50", Given(negative=True, fault=True, load_users=50)),
        (" Negative , load:1", Given(negative=True, load_users=1)),
        ("none", Given(negative=False, fault=False, load_users=0)),
        ("no-load,fault", Given(fault=True, load_users=0)),
        ("write", Given(write=True)),
    ],
)
def test_the_option_is_read(option: str, expected: Given) -> None:
    assert parse(option) == expected


@pytest.mark.parametrize(
    ("option", "part"),
    [
        ("", "is empty"), ("negativ", 'Did you mean "negative"'), ("load", "load:50"), ("load:0", "from 1 to 1000"),
        ("load:x", "number of users"),
        ("load:٣", "number of users"), ("negative,,fault", "comma too many"),
        ("negative:3", "nothing of that name"), ("load:5,load:6", "said twice"),
        ("negative,no-negative", "said twice"), ("everything", "Known:"),
    ],
)  # fmt: skip
def test_an_unreadable_option_says_why(option: str, part: str) -> None:
    with pytest.raises(ConsentError, match=part):
        parse(option)


@given(st.text(max_size=40))
def test_no_option_text_grants_by_accident(text: str) -> None:
    try:
        given_ = parse(text)
    except ConsentError:
        return
    named = text.lower()
    assert given_.negative is not True or "negative" in named
    assert given_.fault is not True or "fault" in named
    assert not given_.load_users or "load:" in named


def test_merging_keeps_what_the_later_leaves_open() -> None:
    both = merged(Given(negative=True, load_users=5, by="a"), Given(negative=False, at=NOW))
    assert (both.negative, both.load_users, both.fault, both.at, both.by) == (False, 5, None, NOW, "a")
