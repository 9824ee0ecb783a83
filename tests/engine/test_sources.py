"""Where sockets come from: several loopback addresses for many users on this machine, and elsewhere those that the operator lists."""

from __future__ import annotations

from typing import Any

import pytest

from tui_app.engine.sources import sources_of
from tui_app.target.problems import ProfileError
from tui_app.target.profile import Profile

FAR = {"backend": "https://backend.example.test", "auth": "https://auth.example.test", "websocket": "wss://backend.example.test/ws"}
NEAR = {"backend": "http://127.0.0.1:1", "auth": "http://127.0.0.1:1", "websocket": "ws://127.0.0.1:1/ws"}


def profile(urls: dict[str, str], *addresses: str) -> Profile:
    document: dict[str, Any] = {"target": {"name": "t", "environment": "staging", **urls}}
    if addresses:
        document["network"] = {"source_addresses": list(addresses)}
    return Profile.model_validate(document)


def test_on_this_machine_many_users_get_as_many_addresses_as_a_limit_of_five_asks_for() -> None:
    near = profile(NEAR)
    assert sources_of(near, 5, NEAR["websocket"]) == ("",)
    many = sources_of(near, 50, NEAR["websocket"])
    assert len(many) * 5 >= 50
    assert len(set(many)) == len(many)
    assert all(address.startswith("127.0.0.") for address in many)


def test_elsewhere_it_is_the_systems_choice_unless_the_operator_lists_some() -> None:
    assert sources_of(profile(FAR), 50, FAR["websocket"]) == ("",)
    assert sources_of(profile(FAR, "127.0.0.7", "127.0.0.8"), 2, FAR["websocket"]) == ("127.0.0.7", "127.0.0.8")


def test_a_listed_address_that_is_not_ours_is_named() -> None:
    with pytest.raises(ProfileError, match=r"source_addresses: 192\.0\.2\.1 cannot be bound on this machine"):
        sources_of(profile(FAR, "127.0.0.1", "192.0.2.1"), 2, FAR["websocket"])


@pytest.mark.parametrize("wrong", ["backend.example.test", "10.0.0", "0.0.0.0", "224.0.0.1"])
def test_what_no_socket_can_come_from_is_refused_in_the_file(wrong: str) -> None:
    with pytest.raises(ValueError, match="source_addresses"):
        profile(FAR, wrong)
