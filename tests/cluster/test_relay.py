"""What the two ends do with what may go wrong between them: batches doubled or missing, a client that is gone; where TLS is left out."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tui_app.cluster import installed, relay
from tui_app.cluster.address import parse
from tui_app.cluster.member import DaskMember
from tui_app.cluster.offset import Offset, boot
from tui_app.cluster.sealed import Channel, Half, SealError
from tui_app.fleet.api import FleetError

STANDIN = [str(Path(__file__).parent / "standin.py")]


def channels() -> tuple[Channel, Channel]:
    client, worker = Half(), Half()
    return client.channel(worker.public, client=True), worker.channel(client.public, client=False)


def joined() -> tuple[DaskMember, Channel]:
    """A member as after its start, and its worker's end of the channel."""
    member = DaskMember(None, 2, "tcp://127.0.0.1:1", "w1", "host", "token", "topic", [])
    member._channel, theirs = channels()
    return member, theirs


async def lines(member: DaskMember) -> list[bytes]:
    return [line async for line in member.lines()]


async def test_a_doubled_batch_is_dropped_and_lines_are_put_together() -> None:
    member, worker = joined()
    for number, content in ((1, b"oone\ntw"), (2, b"oo\n"), (1, b"oone\ntw"), (2, b"oo\n"), (3, b"othree\n")):
        member.take(number, worker.seal(number, content))
    member.end("")
    assert await lines(member) == [b"one", b"two", b"three"]
    assert member.doubled == 2 and not member.lost


async def test_a_missing_batch_loses_the_member() -> None:
    member, worker = joined()
    member.take(1, worker.seal(1, b"oone\n"))
    member.take(3, worker.seal(3, b"othree\n"))
    member.take(2, worker.seal(2, b"otwo\n"))
    assert await lines(member) == [b"one"]
    assert member.lost == "is lost: message 2 of its stream is missing"


async def test_what_another_sealed_is_not_taken() -> None:
    member, _ = joined()
    _, stranger = channels()
    member.take(1, stranger.seal(1, b"oforged\n"))
    assert await lines(member) == [] and "was not sealed by the other side" in member.lost


def test_a_sealed_message_is_opened_by_its_receiver_under_its_number_only() -> None:
    client, worker = channels()
    box = client.seal(1, b"order")
    assert worker.open(1, box) == b"order" and b"order" not in box
    for who, number in ((worker, 2), (client, 1), (channels()[1], 1)):
        with pytest.raises(SealError):
            who.open(number, box)


async def test_our_own_loop_held_up_loses_nobody() -> None:
    member, _ = joined()
    for _ in range(11):
        member.quiet(0.25)
    assert member.health().state == "silent"
    member.quiet(0.25)
    assert member.health().state == "lost"


async def test_an_engine_whose_client_is_gone_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "LEASE_S", 0.3)
    pushed: list[dict[str, Any]] = []
    place, half = relay.Relay("token", pushed.append), Half()
    channel = half.channel(place.half.public, client=True)
    await place.begin(half.public, channel.seal(0, relay.arguments(STANDIN, json.dumps({"lines": 10_000, "secret": ""}).encode())))
    await place.over.wait()
    told = [channel.open(number, message["box"]) for number, message in enumerate(pushed, 1)]
    assert [message["n"] for message in pushed] == [*range(1, len(pushed) + 1)]
    assert told[-1][:1] == b"e" and json.loads(told[-1][1:])["code"] == 0
    with pytest.raises(SealError):
        await place.tell(2, channel.seal(2, b"{}"))  # it was never told 1
    await asyncio.gather(*place._tasks)


@pytest.mark.parametrize(
    ("text", "plain", "why"),
    [
        ("tcp://192.0.2.1:8786", False, "is not encrypted"),
        ("tcp://scheduler", False, "is not encrypted"),
        ("http://127.0.0.1:8786", False, "is not a scheduler's address"),
        ("tls://127.0.0.1:99999", False, "its port"),
        ("tls://me:word@127.0.0.1", False, "carries a user name"),
        ("tcp://127.0.0.1:1", False, None),
        ("tcp://[::1]:1", False, None),
        ("tcp://192.0.2.1:8786", True, None),
        ("tls://scheduler", False, None),
    ],
)
def test_plain_tcp_is_for_loopback_or_for_who_asks_for_it(text: str, plain: bool, why: str | None) -> None:
    if why is None:
        assert str(parse(text, plain=plain)).startswith(text)
    else:
        with pytest.raises(FleetError, match=why):
            parse(text, plain=plain)


def test_without_the_extra_it_says_which() -> None:
    installed()
    with pytest.MonkeyPatch.context() as patched, pytest.raises(FleetError, match=r"distributed cannot be found; install vigil\[cluster\]"):
        patched.setattr("tui_app.cluster.find_spec", lambda name: None if name == "distributed" else object())
        installed()


def test_the_fastest_exchange_tells_how_far_another_clock_is() -> None:
    offset = Offset()
    offset.add(1_000, ("elsewhere", 51_500), 3_000)
    offset.add(5_000, ("elsewhere", 55_100), 5_200)
    offset.add(9_000, ("elsewhere", 90_000), 12_000)
    assert (offset.ns, offset.error_ns) == (50_000, 100)
    offset.add(1, (boot(), 2), 3)
    assert (offset.ns, offset.error_ns) == (0, 0) or not boot()
