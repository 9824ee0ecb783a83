"""Which library reads the frames of our WebSockets: websockets, or picows, which the extra `vigil[fast]` brings.

The environment variable VIGIL_SOCKETS names one of them; unset, websockets serves: measured, it costs no more. Either way the
kernel's stamp is a frame's time and websockets keeps the protocol's state, so what a sink is told does not depend on the choice.
"""

from __future__ import annotations

import functools
import importlib.util
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from tui_app.wire.link import Link

Library = Literal["websockets", "picows"]
VARIABLE: Final = "VIGIL_SOCKETS"


class LibraryUnusable(ValueError):
    """VIGIL_SOCKETS names what cannot serve; the message says what may stand there."""


def library(environment: Mapping[str, str] = os.environ) -> Library:
    """Who serves. Raises `LibraryUnusable`."""
    asked = environment.get(VARIABLE, "").strip().lower()
    if asked in ("", "websockets"):
        return "websockets"
    if asked != "picows":
        raise LibraryUnusable(f"{VARIABLE}={asked} is no library of sockets: set it to websockets or picows, or leave it out")
    if importlib.util.find_spec("picows") is not None:
        return "picows"
    raise LibraryUnusable(f"{VARIABLE}=picows asks for a library that is not installed: pip install 'vigil[fast]', or leave it out")


def link_class() -> type[Link]:
    """The connection's class for who serves. Raises `LibraryUnusable`."""
    return _class_of(library())


@functools.cache
def _class_of(name: Library) -> type[Link]:
    if name == "picows":
        from tui_app.wire.fast import FastLink

        return FastLink
    from tui_app.wire.link import Link

    return Link
