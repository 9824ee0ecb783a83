"""The vocabulary of network faults, in the terms of the field: a toxic is what is done to a connection that passes the proxy.

As text (`parse`): `cut`, `rst`, `half-open[:up|:down]`, `mid-frame=K[:up]`, `kill-busy=MS`, `latency=MS[+-JITTER][:up|:down]`,
`bandwidth=BYTES_PER_S[:up|:down]`, `slow-reader=S`, `accept-delay=S`, `refuse=S`, `cut-at=S`, `clear`.
"""

from __future__ import annotations

import re
from typing import Final, Literal, get_args

import msgspec

Way = Literal["up", "down", "both"]
"""up: from the client to the target; down: back."""
Kind = Literal[
    "clear", "cut", "rst", "half-open", "mid-frame", "kill-busy", "latency", "bandwidth", "slow-reader", "accept-delay", "refuse", "cut-at"
]  # fmt: skip
KINDS: Final[tuple[str, ...]] = get_args(Kind)
MEANING: Final[dict[str, str]] = {
    "clear": "a clean pass: whatever lasts is lifted",
    "cut": "an orderly end of TCP (FIN) both ways, without a word of the protocol inside",
    "rst": "a reset of TCP (RST) both ways",
    "half-open": "a black hole: TCP stays open, nothing passes and nothing is answered",
    "mid-frame": "of the next segment of some size only K bytes pass, then RST",
    "kill-busy": "RST so many ms after the first bytes of the next request",
    "latency": "each way so many ms later, give or take a jitter; the order is kept",
    "bandwidth": "so many bytes a second each way",
    "slow-reader": "for S seconds nothing is read from the target",
    "accept-delay": "TCP is accepted, and nothing passes for S seconds",
    "refuse": "for S seconds connects are refused",
    "cut-at": "every connection is cut (FIN) at an age of S seconds",
}
AMOUNT: Final = frozenset({"mid-frame", "kill-busy", "latency", "bandwidth", "slow-reader", "accept-delay", "refuse", "cut-at"})
"""Kinds that need a number."""
LEAST: Final = 100
"""Bytes of a segment that is more than a ping or its answer, inside of TLS or not: requests and events are."""
_FORM: Final = re.compile(r"^(?P<kind>[a-z-]+)(?:=(?P<amount>\d+(?:\.\d+)?)(?:\+-(?P<jitter>\d+(?:\.\d+)?))?)?(?::(?P<way>up|down|both))?$")


class Toxic(msgspec.Struct, frozen=True):
    """One fault of the line. `amount` in the kind's own unit (ms, bytes, bytes/s or s); `jitter` in ms; `way` where it has one."""

    kind: Kind
    amount: float = 0.0
    jitter: float = 0.0
    way: Way = "both"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no toxic {self.kind!r}: there are {', '.join(KINDS)}")
        if self.kind in AMOUNT and self.amount <= 0:
            raise ValueError(f"{self.kind} needs an amount above 0, such as {self.kind}=60")
        if self.jitter > self.amount:
            raise ValueError("the jitter is greater than the latency")

    def on(self, way: Way) -> bool:
        """Whether it is meant for this direction."""
        return self.way in (way, "both")

    def __str__(self) -> str:
        amount = f"={self.amount:g}" if self.amount else ""
        return f"{self.kind}{amount}{f'+-{self.jitter:g}' if self.jitter else ''}{f':{self.way}' if self.way != 'both' else ''}"


def parse(text: str) -> Toxic:
    """A toxic from its text. Raises ValueError with what is wrong."""
    found = _FORM.match(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no fault of the line: KIND, KIND=AMOUNT, latency=MS+-JITTER, each with :up or :down")
    kind: Kind = found["kind"]  # type: ignore[assignment]
    return Toxic(kind, float(found["amount"] or 0), float(found["jitter"] or 0), found["way"] or "both")  # type: ignore[arg-type]
