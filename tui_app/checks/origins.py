"""What a recording's header says of its checks, so that live and anew the same is said: where each comes from, and whether it is proven."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

OWN: Final = "vigil"


class Origin(msgspec.Struct, frozen=True):
    """`origin`: `vigil`, `package:NAME` or `file:NAME.py`. `proven`: a self-test had seen it fail when the session began."""

    origin: str = OWN
    proven: bool = False

    @property
    def outside(self) -> bool:
        """It is not one of Vigil's own."""
        return self.origin != OWN


class _Planned(msgspec.Struct):
    id: str
    origin: str = OWN
    proven: bool = False
    catches: list[str] = msgspec.field(default_factory=list)


def origins(header: Mapping[str, str], checks: Iterable[str]) -> dict[str, Origin]:
    """By check id, for these checks. A header of before says nothing of it: then they were Vigil's own."""
    try:
        planned = msgspec.json.decode(header.get("checks", "[]"), type=list[_Planned])
    except msgspec.DecodeError:
        planned = []
    said = {one.id: Origin(one.origin, one.proven) for one in planned}
    return {name: said.get(name, Origin()) for name in checks}
