"""Frames that break RFC 6455, byte by byte: what a faulty client sends. Harmless by their content: they ask for nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final


def frame(opcode: int, payload: bytes, *, fin: bool = True, reserved: int = 0, masked: bool = True) -> bytes:
    """A frame as it travels (RFC 6455 5.2). `reserved`: RSV1 to RSV3 as bits 4, 2, 1. A client's frames are masked, and must be."""
    size = len(payload)
    first = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    mask_bit = 0x80 if masked else 0
    if size < 126:
        length = bytes([mask_bit | size])
    elif size < 65_536:
        length = bytes([mask_bit | 126]) + size.to_bytes(2, "big")
    else:
        length = bytes([mask_bit | 127]) + size.to_bytes(8, "big")
    if not masked:
        return first + length + payload
    key = os.urandom(4)
    return first + length + key + bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))


_PING: Final = b'{"type": "ping"}'
BROKEN: Final[Mapping[str, tuple[bytes, frozenset[int]]]] = MappingProxyType(
    {
        "text that is no UTF-8": (frame(1, b'{"type": "\xff\xfe\xc0"}'), frozenset({1007, 1003})),
        "a reserved bit": (frame(1, _PING, reserved=4), frozenset({1002})),
        "an unknown opcode": (frame(3, _PING), frozenset({1002, 1003})),
        "a ping of 126 bytes": (frame(9, b"v" * 126), frozenset({1002})),
        "a frame without a mask": (frame(1, _PING, masked=False), frozenset({1002})),
        "the rest of a message that never began": (frame(0, _PING), frozenset({1002})),
    }
)
"""By what is wrong with it: the bytes, and the close codes with which an endpoint may end the connection (RFC 6455 5, 7.4.1, 8.1)."""
