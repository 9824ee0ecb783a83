"""How long an access token lives, by the clock of this process: when it is due for renewal, and when it ends."""

from __future__ import annotations

import time
from typing import Final

import msgspec

from tui_app.model import SECOND
from tui_app.wire.tokens import claims, expires_in

RENEW_AT: Final = 0.8
"""Part of its lifetime after which a token is renewed."""
CLOCK_S: Final = 2.0
"""A target whose clock is that near to ours is believed to the second: `iat` is cut to whole ones."""
FRESH_S: Final = 60.0
"""A token issued less than this long ago by its own clock is new: then the target's clock is not compared with ours."""


class Life(msgspec.Struct, frozen=True):
    """When a token came and when it ends, ns of the monotonic clock."""

    began: int
    ends: int

    @property
    def due(self) -> int:
        """When it is renewed."""
        return self.began + int((self.ends - self.began) * RENEW_AT)

    @property
    def seconds(self) -> float:
        """From its coming to its end."""
        return (self.ends - self.began) / SECOND

    @property
    def left_s(self) -> float:
        """Seconds until its end."""
        return (self.ends - time.monotonic_ns()) / SECOND


def life_of(token: str, *, issued: bool) -> Life | None:
    """A token's life, None where it does not say when it ends.

    issued -- it was issued just now: its lifetime counts from here, whatever the target's clock says
    """
    left = expires_in(token)
    if left is None:
        return None
    now = time.monotonic_ns()
    found = claims(token)
    iat, exp = found.get("iat"), found.get("exp")
    if issued and isinstance(iat, int | float) and isinstance(exp, int | float) and not 0 <= time.time() - iat < CLOCK_S:
        left = float(exp) - float(iat)
    return Life(now, now + int(left * SECOND))


def is_new(token: str) -> bool:
    """Whether a token says that it was issued just now."""
    iat = claims(token).get("iat")
    return isinstance(iat, int | float) and not isinstance(iat, bool) and abs(time.time() - iat) < FRESH_S
