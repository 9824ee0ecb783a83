"""What a judge hands back: a row that is not written yet."""

from __future__ import annotations

from typing import Any

import msgspec

from tui_app.model import Row

_encode = msgspec.json.Encoder().encode


class Derived(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One derived row without its `seq` and `t`, which whoever keeps the log assigns (`row`).

    `kind` is one of `model.DERIVED_KINDS`; the other fields are those of `Row`; `body` becomes its `text`.
    """

    kind: str
    check: str = ""
    user: str = ""
    conn: int = 0
    type: str = ""
    run: str = ""
    thread: str = ""
    ms: float | None = None
    flag: str = ""
    body: dict[str, Any] = {}

    def row(self, seq: int, t: int) -> Row:
        """The row as it is appended at `t` (ns). Keys keep their order, so the same judgement gives the same bytes."""
        return Row(
            seq, t, self.kind, self.check, self.user, self.conn, "", self.type, self.run, self.thread, self.ms, self.flag, 0,
            _encode(self.body).decode(),
        )  # fmt: skip
